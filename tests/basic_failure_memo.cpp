// SPDX-License-Identifier: BSL-1.0
#include <outlast/basic_failure_memo.hpp>

#include <outlast/cache/memory.hpp>
#include <outlast/cache_aside.hpp>
#include <outlast/circuit_breaker.hpp>
#include <outlast/describe.hpp>
#include <outlast/event_text.hpp>
#include <outlast/pipeline.hpp>
#include <outlast/retry.hpp>
#include <outlast/simulate.hpp>
#include <outlast/timeout.hpp>
#include <outlast/worst_case.hpp>

#include "support/callable.hpp"
#include "support/catch.hpp"
#include "support/print.hpp"
#include "support/watched_lock.hpp"

#include <functional>
#include <optional>
#include <string>
#include <system_error>
#include <vector>

using namespace std::chrono_literals;
using outlast::instant;
using outlast::refusal;
using outlast::result;
using outlast_tests::refused;
using outlast_tests::watched_lock;

namespace {

struct itself {
    const std::string& operator()(const std::string& key) const noexcept { return key; }
};
using memo_type = outlast::basic_failure_memo<watched_lock, std::string, itself>;

/// Calls for keys through a memo, at the times that a test says.
struct scene {
    memo_type memo;
    outlast::pipeline<std::reference_wrapper<memo_type>> policies{std::ref(memo)};
    outlast::simulation sim{};
    result<int> outcome = refused; // of the work
    outlast::duration takes{};
    int calls = 0;

    explicit scene(const outlast::failure_memo_options& options = {}) : memo{itself{}, options} {}

    void until(outlast::duration when) {
        sim.advance(instant{when} - sim.time());
        REQUIRE(sim.time() == instant{when});
    }
    template <class Policies>
    result<int> through(Policies& p, const std::string& key, instant deadline = outlast::never) {
        auto& c = sim.call_by(
            deadline, p,
            [this](const std::string&) {
                ++calls;
                sim.spend(takes);
                return outcome;
            },
            key);
        sim.run();
        return c.result();
    }
    result<int> call(const std::string& key = "a", instant deadline = outlast::never) {
        return through(policies, key, deadline);
    }
};

} // namespace

TEST_CASE("failure memo: a failure is the answer for its span, from the end of the call on") {
    scene s;
    s.takes = 300ms;
    CHECK(s.call().error().code() == refused);
    for (const outlast::duration when : {300ms, 1299ms}) {
        s.until(when);
        const auto r = s.call();
        REQUIRE(r.has_error());
        CHECK(r.error().code() == refused);
        CHECK(r.error().why() == refusal::none);
        CHECK(r.error().facts().attempts == 0);
        CHECK(r.error().facts().policy == outlast::label{"failure memo"});
    }
    CHECK(s.calls == 1);
    s.until(1300ms);
    s.outcome = 7;
    CHECK(s.call().value() == 7);
    s.outcome = refused; // and a success is not remembered, nor the failure before it
    CHECK(s.call().error().code() == refused);
    CHECK(s.calls == 3);
}

TEST_CASE("failure memo: keys fail apart") {
    scene s;
    (void)s.call("a");
    s.outcome = 7;
    CHECK(s.call("b").value() == 7);
    CHECK(s.call("a").error().code() == refused);
    s.memo.forget("a");
    s.memo.forget("c"); // never seen
    CHECK(s.call("a").value() == 7);
}

TEST_CASE("failure memo: beyond its capacity the one that failed longest ago is forgotten") {
    scene s{{.capacity = 2}};
    for (const char* key : {"a", "b", "c"})
        (void)s.call(key);
    REQUIRE(s.calls == 3);
    (void)s.call("b");
    (void)s.call("c");
    CHECK(s.calls == 3);
    (void)s.call("a");
    CHECK(s.calls == 4);
}

TEST_CASE("failure memo: a hint grows shorter with time, and ends") {
    scene s{{.lasts = 10s}};
    s.outcome = outlast::failure{refused}.with_retry_after(4s);
    CHECK(s.call().error().retry_after() == std::optional<outlast::duration>{4s});
    s.until(3s);
    CHECK(s.call().error().retry_after() == std::optional<outlast::duration>{1s});
    s.until(4s);
    CHECK(s.call().error().retry_after() == std::optional<outlast::duration>{});
    CHECK(s.calls == 1);

    SECTION("an order not to come back stays one") {
        s.outcome = outlast::failure{refused}.with_retry_after(-1s);
        (void)s.call("b");
        s.until(8s);
        CHECK(s.call("b").error().facts().retry_after == outlast::duration{-1s});
        CHECK(s.calls == 2);
    }
}

TEST_CASE("failure memo: what was refused inside, without a call, is not remembered") {
    scene s;
    outlast::basic_circuit_breaker<> breaker{{.window = 1, .open_for = 500ms}};
    outlast::pipeline p{std::ref(s.memo), std::ref(breaker)};
    (void)s.through(p, "a");
    for (int n = 0; n != 2; ++n)
        CHECK(s.through(p, "b").error().why() == refusal::circuit_open);
    s.until(500ms);
    s.outcome = 7;
    CHECK(s.through(p, "b").value() == 7); // 'b' had no failure of its own
}

TEST_CASE("failure memo: a timeout inside is remembered, the end of the caller's own time is not") {
    scene s;
    s.takes = 5s;
    s.outcome = 7;
    SECTION("a limit of the pipeline") {
        outlast::pipeline p{std::ref(s.memo), outlast::timeout{200ms}};
        CHECK(s.through(p, "a").error().why() == refusal::timed_out);
        CHECK(s.through(p, "a").error().why() == refusal::timed_out);
        CHECK(s.calls == 1);
    }
    SECTION("the caller's deadline") {
        CHECK(s.call("a", instant{200ms}).error().why() == refusal::timed_out);
        CHECK(s.call("a").value() == 7);
        CHECK(s.calls == 2);
    }
    SECTION("attempts that the caller had no time to repeat") {
        s.takes = 100ms;
        s.outcome = refused;
        outlast::pipeline p{std::ref(s.memo),
                            outlast::retry{{.backoff = outlast::constant(200ms)}}};
        CHECK(s.through(p, "a", instant{250ms}).error().code() == refused);
        REQUIRE(s.calls == 1);
        (void)s.through(p, "a");
        CHECK(s.calls > 1);
    }
}

TEST_CASE("failure memo: only what it is told to remember") {
    scene s{{.remember_if = [](const outlast::verdict& v) { return v.error() == refused; }}};
    s.outcome = std::make_error_code(std::errc::host_unreachable);
    (void)s.call();
    (void)s.call();
    CHECK(s.calls == 2);
    s.outcome = refused;
    (void)s.call();
    (void)s.call();
    CHECK(s.calls == 3);
}

TEST_CASE("failure memo: inside of a cache a stale value stands in, as for the failure itself") {
    scene s;
    outlast::memory<std::string, int> store{{.capacity = 8}};
    const auto life = [](int) { return outlast::lifetime{.fresh_for = 1s, .stale_for = 1h}; };
    outlast::cache_aside cache{store, itself{}, life};
    outlast::pipeline p{std::ref(cache), std::ref(s.memo)};
    s.outcome = 7;
    CHECK(s.through(p, "a").value() == 7);
    s.until(2s);
    s.outcome = refused;
    for (int n = 0; n != 3; ++n)
        CHECK(s.through(p, "a").value() == 7);
    CHECK(s.calls == 2);
    CHECK(s.through(p, "b").error().code() == refused);
    CHECK(s.through(p, "b").error().code() == refused);
    CHECK(s.calls == 3);
}

TEST_CASE("failure memo: an event for each answer from memory, and nothing runs under its lock") {
    std::vector<std::string> told;
    outlast_tests::watch seen;
    auto note = [&](const outlast::event& e) {
        seen();
        told.push_back(outlast::to_string(e));
    };
    auto judge = [&](const outlast::verdict&) {
        seen();
        return true;
    };
    watched_lock::taken = 0;
    scene s{{.remember_if = judge, .events = note}};
    (void)s.call();
    CHECK(told.empty());
    s.until(300ms);
    (void)s.call();
    CHECK(told == std::vector<std::string>{
                      "failure memo: refused a call (failed lately); next call in 700 ms"});
    CHECK(watched_lock::taken == 3);
    CHECK(seen.runs == 2);
    CHECK(seen.locked == 0);
}

TEST_CASE(
    "failure memo: its options are looked at, described, and no call is added to the worst case") {
    CHECK_THROWS_WITH((memo_type{itself{}, {.lasts = 0s}}),
                      Catch::Matchers::ContainsSubstring("failure memo: lasts is longer than 0"));
    CHECK_THROWS_WITH((memo_type{itself{}, {.capacity = 0}}),
                      Catch::Matchers::ContainsSubstring("failure memo: capacity is 1 or more"));
    memo_type memo{itself{}, {.lasts = 2s}};
    outlast::pipeline p{std::ref(memo), outlast::timeout{200ms}};
    CHECK(outlast::worst_case(p).latency == outlast::duration{200ms});
    CHECK_THAT(outlast::describe(p), Catch::Matchers::ContainsSubstring("failure memo") &&
                                         Catch::Matchers::ContainsSubstring("2 s"));
}
