// SPDX-License-Identifier: BSL-1.0
#include <outlast/circuit_run.hpp>

#include <outlast/circuit_breaker.hpp>
#include <outlast/fallback.hpp>
#include <outlast/pipeline.hpp>
#include <outlast/retry.hpp>
#include <outlast/run.hpp>
#include <outlast/threads.hpp>
#include <outlast/timeout.hpp>

#include "support/callable.hpp"
#include "support/catch.hpp"

#include <functional>

using namespace std::chrono_literals;

namespace {

struct stopped_clock {
    static inline outlast::instant time{1h};
    static outlast::instant now() noexcept { return time; }
};

// A breaker that has been opened, and pipelines around it.
struct open_one {
    outlast::circuit_breaker breaker;

    explicit open_one(outlast::circuit_breaker_options o = {}) : breaker(opening(o)) {
        outlast::pipeline alone{std::ref(breaker)};
        for (int i = 0; i != 2; ++i)
            (void)outlast::run<stopped_clock>(alone, fails);
    }
    static outlast::circuit_breaker_options opening(outlast::circuit_breaker_options o) {
        o.window = 2;
        o.open_for = 10s;
        o.name = "users";
        return o;
    }
    static outlast::result<int> fails() { return outlast_tests::refused; }
};

// Refused in the plain case, and as it is told to the machine from its beginning, which it is to
// whoever hands in limits: what both say.
template <class Pipeline>
void agree(Pipeline&& plainly, Pipeline&& told) {
    int calls = 0;
    auto work = [&] { return ++calls; };
    const auto a = outlast::run<stopped_clock>(plainly, work);
    const auto b = outlast::run<stopped_clock>(told, outlast::limits{}, work);
    REQUIRE(!a);
    REQUIRE(!b);
    CHECK(calls == 0);
    CHECK(a.error().why() == outlast::refusal::circuit_open);
    CHECK(a.error().why() == b.error().why());
    CHECK(a.error().cause() == b.error().cause());
    CHECK(a.error().message() == b.error().message());
    const outlast::failure_facts &f = a.error().facts(), &g = b.error().facts();
    CHECK(f.policy == g.policy);
    CHECK(f.name == g.name);
    CHECK(f.retry_after == g.retry_after);
    CHECK(f.retry_after == 10s);
    CHECK(f.attempts == 0);
    CHECK(g.attempts == 0);
    CHECK(f.failed == g.failed);
    CHECK(f.recorded == g.recorded);
    CHECK(f.why_stopped == g.why_stopped);
}

template <class Around>
void agree_around(Around around) {
    open_one a;
    open_one b;
    agree(around(a.breaker), around(b.breaker));
    using outlast::circuit_refusal;
    CHECK(a.breaker.counts().refused(circuit_refusal::open) == 1);
    CHECK(b.breaker.counts().refused(circuit_refusal::open) == 1);
}

} // namespace

TEST_CASE("circuit_run: a refusal in the plain case says what any other says") {
    using outlast::pipeline;
    agree_around([](auto& b) { return pipeline{std::ref(b)}; });
    agree_around([](auto& b) { return pipeline{outlast::retry{}, std::ref(b)}; });
    agree_around([](auto& b) {
        return pipeline{outlast::timeout{3s}, outlast::retry{}, std::ref(b), outlast::timeout{1s}};
    });
    agree_around([](auto& b) {
        static outlast::circuit_breaker outer{};
        return pipeline{std::ref(outer), outlast::timeout{3s}, std::ref(b)};
    });
    // Here somebody has more to do than to hand it on, so that neither is the plain case.
    agree_around([](auto& b) {
        static auto hear = [](const outlast::event&) {};
        return pipeline{outlast::retry{{.events = hear}}, std::ref(b)};
    });
}

TEST_CASE("circuit_run: who listens to a breaker hears of each refusal, by either way") {
    int heard = 0;
    const auto hear = [&](const outlast::event& e) {
        heard += e.what == outlast::event_kind::refused;
    };
    open_one one{{.events = hear}};
    outlast::pipeline p{std::ref(one.breaker)};
    auto work = [] { return 1; };
    CHECK_FALSE(outlast::run<stopped_clock>(p, work));
    CHECK_FALSE(outlast::run<stopped_clock>(p, outlast::limits{}, work));
    CHECK(heard == 2);
}

TEST_CASE("circuit_run: what stands outside a refusal and answers it is asked") {
    open_one one;
    outlast::pipeline replaced{outlast::fallback{7}, std::ref(one.breaker)};
    CHECK(outlast::run<stopped_clock>(replaced, [] { return 1; }).value() == 7);

    // A retry that waits for refusals is told of this one: it has too little time for it.
    outlast::pipeline waits{outlast::timeout{1s}, outlast::retry{{.retry_refusals = true}},
                            std::ref(one.breaker)};
    const auto r = outlast::run<stopped_clock>(waits, [] { return 1; });
    REQUIRE(!r);
    CHECK(r.error().facts().why_stopped == outlast::stopped::deadline);
    CHECK(r.error().retry_after() == 10s);
}
