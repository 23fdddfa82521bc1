// SPDX-License-Identifier: BSL-1.0
#include <outlast/pipeline.hpp>

#include <outlast/cache/memory.hpp>
#include <outlast/cache_aside.hpp>
#include <outlast/circuit_breaker.hpp>
#include <outlast/fallback.hpp>
#include <outlast/retry.hpp>
#include <outlast/run.hpp>
#include <outlast/simulate.hpp>
#include <outlast/timeout.hpp>

#include "support/catch.hpp"
#include "support/print.hpp"
#include "support/script.hpp"
#include "support/zoo.hpp"

#include <chrono>
#include <functional>
#include <string>
#include <system_error>
#include <type_traits>
#include <utility>
#include <vector>

using namespace std::chrono_literals;
using outlast::refusal;
using outlast::result;
using outlast_tests::at;
using outlast_tests::script;
using outlast_tests::times;

namespace {

const outlast::retry three{{.max_attempts = 3, .backoff = outlast::constant(0ms)}};

const auto server_error = std::make_error_code(std::errc::io_error);

// Policies whose `start` is hard to see from outside.
struct starts_final final {
    outlast::leaf start() { return {}; }
};
struct starts_by_template {
    template <class... A>
        requires(sizeof...(A) == 1)
    outlast::leaf start(const A&...) {
        return {};
    }
};
struct starts_either_way {
    outlast::leaf start() { return {}; }
    outlast::leaf start(int) { return {}; }
};
struct starts_as_its_base : starts_either_way {
    virtual ~starts_as_its_base() = default;
    virtual void more() = 0;

protected:
    starts_as_its_base() = default;
};
struct starts_at_last : starts_as_its_base {
    void more() override {}
};

} // namespace

TEST_CASE("pipeline: whatever has a `start` is a policy, by value, by reference, as a temporary") {
    starts_at_last last;
    starts_as_its_base& base = last;
    const starts_either_way fixed{};
    outlast::basic_circuit_breaker<> breaker{{}};
    outlast::retry again{};
    outlast::retry& shown = again;
    const outlast::pipeline unused{std::ref(fixed)}; // a constant cannot start, but it is a policy
    (void)unused;
    outlast::pipeline p{starts_final{},
                        starts_by_template{},
                        starts_either_way{},
                        std::ref(base),
                        std::ref(breaker),
                        shown,
                        outlast::pipeline{outlast::timeout{1s}}};
    CHECK(p([](int n) { return n; }, 7).value() == 7);
}

TEST_CASE("pipeline: the first policy is the outermost") {
    outlast::world w;
    SECTION("a timeout outside a retry bounds the whole") {
        outlast::pipeline p{outlast::timeout{50ms}, three};
        auto& c = w.play(p, script{}.fails(20ms));
        w.run();
        CHECK(outlast_tests::starts(c) == times{0ms, 20ms, 40ms});
        CHECK(outlast_tests::deadlines(c) == times{50ms, 50ms, 50ms});
        CHECK(c.outcome().kind == outlast::verdict_kind::expired);
        CHECK(outlast_tests::end(c) == 50ms);
    }
    SECTION("inside it bounds each attempt") {
        outlast::pipeline p{three, outlast::timeout{50ms}};
        auto& c = w.play(p, script{}.fails(20ms));
        w.run();
        CHECK(outlast_tests::deadlines(c) == times{50ms, 70ms, 90ms});
        CHECK(outlast_tests::end(c) == 60ms);
    }
}

TEST_CASE("pipeline: without policies it calls") {
    outlast::pipeline<> p;
    int calls = 0;
    CHECK(p([&] { return ++calls; }).value() == 1);
    outlast::world w;
    CHECK(w.play(p, script{}.fails()).attempts() == 1);
}

TEST_CASE("pipeline: inside a pipeline it is a policy like any other") {
    outlast::basic_circuit_breaker<> breaker{{.window = 3}};
    outlast::pipeline inner{std::ref(breaker), outlast::timeout{250ms}};
    outlast::pipeline flat{outlast::timeout{3s}, three, std::ref(breaker), outlast::timeout{250ms}};
    outlast::pipeline by_ref{outlast::timeout{3s}, three, std::ref(inner)};
    outlast::pipeline by_value{outlast::timeout{3s}, three,
                               outlast::pipeline{std::ref(breaker), outlast::timeout{250ms}}};
    const auto trace_of = [&](auto& p) {
        breaker.close();
        outlast::world w;
        auto& c = w.play(p, script{}.fails(300ms).fails(10ms).succeeds(20ms));
        w.run();
        CHECK(outlast_tests::end(c) == 280ms);
        return c.trace();
    };
    const auto expected = trace_of(flat);
    CHECK(trace_of(by_ref) == expected);
    CHECK(trace_of(by_value) == expected);
}

TEST_CASE("pipeline: operations of policies find their policy at any depth") {
    outlast::memory<int, int, outlast::no_lock> outer_store;
    outlast::memory<int, int, outlast::no_lock> inner_store;
    const auto key = [](int k) { return k; };
    const auto life = [](int) { return outlast::lifetime{.fresh_for = 1h}; };
    outlast::cache_aside outer{outer_store, key, life};
    outlast::cache_aside inner{inner_store, key, life};
    outlast::pipeline p{
        outlast::fallback{-1}, std::ref(outer), outlast::timeout{1s},
        outlast::pipeline{std::ref(inner), outlast::fallback{[](int k) { return k * 10; }}}};
    const auto fails = [](int) -> result<int> { return server_error; };
    CHECK(p(fails, 4).value() == 40);
    CHECK(outer_store.find(4)->value == 40);
    CHECK(inner_store.find(4)->value == 40);
    outer_store.clear();
    outlast::report facts;
    CHECK(p(outlast::limits{.facts = &facts}, fails, 4).value() == 40);
    CHECK(facts.how == outlast::source::cached);
    CHECK(facts.attempts == 0);
    CHECK(outer_store.size() == 1);
}

TEST_CASE("pipeline: a policy by reference is shared, one by value is the pipeline's own") {
    outlast::basic_circuit_breaker<> breaker{{.window = 2}};
    outlast::pipeline a{std::ref(breaker)};
    outlast::pipeline b{std::ref(breaker)};
    const auto fails = [] { return result<int>{server_error}; };
    (void)a(fails), (void)b(fails);
    CHECK(a(fails).error().why() == refusal::circuit_open);
    CHECK(b(fails).error().why() == refusal::circuit_open);
}

TEST_CASE("pipeline: over makes a callable of a callable") {
    outlast::pipeline p{three};
    int calls = 0;
    auto safe = p.over([&](const std::string& s, int n) -> result<std::string> {
        if (++calls % 3 != 0)
            return server_error;
        return s + std::to_string(n);
    });
    CHECK(safe("a", 1).value() == "a1");
    CHECK(safe(std::string{"b"}, 2).value() == "b2");
    CHECK(calls == 6);
    auto owns = p.over([kept = std::make_unique<int>(3)] { return *kept; });
    CHECK(owns().value() == 3);
    // And over that again.
    outlast::pipeline q{outlast::timeout{1h}};
    auto twice = q.over(p.over([](int n) { return n + 1; }));
    CHECK(twice(1).value() == 2);
}

TEST_CASE("pipeline: with limits, as a variable or in place") {
    outlast::pipeline p{three};
    std::stop_source stop;
    stop.request_stop();
    outlast::limits asked{.stop = stop.get_token()};
    const outlast::limits fixed = asked;
    const auto one = [] { return 1; };
    CHECK(p(asked, one).error().why() == refusal::cancelled);
    CHECK(p(fixed, one).error().why() == refusal::cancelled);
    CHECK(p(outlast::limits{.stop = stop.get_token()}, one).error().why() == refusal::cancelled);
    CHECK(p(one).value() == 1);
}

TEST_CASE("pipeline: a policy may want the arguments of the call or none") {
    struct wants_both {
        int* seen;
        outlast::leaf start(const std::string& s, const int& n) {
            *seen = static_cast<int>(s.size()) + n;
            return {};
        }
    };
    int seen = 0;
    outlast::pipeline p{outlast::timeout{1h}, wants_both{&seen}};
    CHECK(p([](const std::string&, int n) { return n; }, std::string{"abc"}, 4).value() == 4);
    CHECK(seen == 7);
    CHECK(outlast::check_machine<outlast::leaf>());
}

TEST_CASE("pipeline: policy_of finds the policy behind a reference") {
    outlast::timeout t{1s};
    auto ref = std::ref(t);
    auto const_ref = std::cref(t);
    CHECK(&outlast::policy_of(t) == &t);
    CHECK(&outlast::policy_of(ref) == &t);
    CHECK(&outlast::policy_of(const_ref) == &t);
}

namespace {

constexpr bool works_in_a_constant() {
    outlast::basic_circuit_breaker<> breaker{{.window = 3}};
    outlast::pipeline p{outlast::timeout{1s},
                        outlast::retry{{.max_attempts = 3, .backoff = outlast::constant(100ms)}},
                        std::ref(breaker), outlast::timeout{60ms}};
    outlast::world w;
    auto& c = w.play(p, script{}.fails(1h).fails().succeeds(30ms));
    w.run();
    return c.outcome().ok() && outlast_tests::starts(c) == times{0ms, 160ms, 260ms} &&
           outlast_tests::end(c) == 290ms;
}
static_assert(works_in_a_constant());

} // namespace
