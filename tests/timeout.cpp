// SPDX-License-Identifier: BSL-1.0
#include <outlast/timeout.hpp>

#include <outlast/circuit_breaker.hpp>
#include <outlast/fallback.hpp>
#include <outlast/pipeline.hpp>
#include <outlast/retry.hpp>
#include <outlast/run.hpp>
#include <outlast/simulate.hpp>

#include "support/callable.hpp"
#include "support/catch.hpp"
#include "support/print.hpp"
#include "support/recorded.hpp"
#include "support/script.hpp"
#include "support/told.hpp"

#include <algorithm>
#include <cstdint>
#include <functional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

using namespace std::chrono_literals;
using outlast::constant;
using outlast::duration;
using outlast::no_limit;
using outlast::refusal;
using outlast::retry;
using outlast::timeout;
using outlast::timeout_options;
using outlast::verdict;
using outlast::verdict_kind;
using outlast_tests::acted;
using outlast_tests::at;
using outlast_tests::begin;
using outlast_tests::deadlines;
using outlast_tests::end;
using outlast_tests::script;
using outlast_tests::settle;
using outlast_tests::starts;
using outlast_tests::tap;
using outlast_tests::times;

TEST_CASE("timeout: a failure that its own limit hurried is hurried no more outside of it") {
    const auto outside = [](outlast::duration by) {
        outlast::timeout policy{50ms};
        auto run = policy.start();
        outlast::reading now{at(0ms)};
        (void)outlast_tests::begin(run, now, at(by));
        auto v = verdict::failure();
        v.hurried = true;
        outlast::reading later{at(10ms)};
        return outlast_tests::settle(run, later, v).outcome.hurried;
    };
    CHECK(outside(40ms));
    CHECK_FALSE(outside(50ms));
    CHECK_FALSE(outside(51ms));
    CHECK_FALSE(outside(1h));
}

TEST_CASE("TO-01 plain timeout") {
    outlast::pipeline p{timeout{2000ms}};
    outlast::simulation sim;
    auto& c = sim.call(p, acted(sim, script{}.succeeds(4000ms)));
    sim.run();
    CHECK(end(c) == 2000ms);
    CHECK(deadlines(c) == times{2000ms}); // when the work is told to stop
    CHECK(c.outcome() == verdict::expired());
    CHECK(c.result().error().why() == refusal::timed_out);
    CHECK(c.facts().limit == 2000ms);
    CHECK(c.facts().policy == outlast::label{"timeout"});
    CHECK_THAT(c.result().error().message(), Catch::Matchers::ContainsSubstring("2 s"));
}

TEST_CASE("TO-02 no limit") {
    tap seen;
    outlast::pipeline none{std::ref(seen), timeout{no_limit}};
    outlast::world w;
    auto& c = w.play(none, script{}.succeeds(50000ms));
    w.run();
    CHECK(end(c) == 50000ms);
    CHECK(c.outcome().ok());
    CHECK(deadlines(c).front() == outlast::never.time_since_epoch());
    CHECK(seen.timeouts().empty());

    outlast::pipeline some{timeout{40000ms}};
    outlast::world v;
    auto& d = v.play(some, script{}.succeeds(50000ms));
    v.run();
    CHECK(end(d) == 40000ms);
    CHECK(d.outcome() == verdict::expired());
}

TEST_CASE("TO-03 caller cancellation beats the timeout") {
    tap seen;
    int told = 0;
    auto events = [&](const outlast::event&) { ++told; };
    outlast::pipeline p{std::ref(seen), timeout{{.limit = 10000ms, .events = events}}};
    outlast::simulation sim;
    auto& c = sim.call(p, acted(sim, script{}.hangs()));
    sim.at(at(3000ms), [&] { c.cancel(); });
    sim.run();
    CHECK(end(c) == 3000ms);
    CHECK(c.result().error().why() == refusal::cancelled);
    CHECK(seen.timeouts().empty());
    CHECK(told == 0);
    CHECK(seen.abandoned == 1);
    sim.advance(1h); // nothing is left pending
    CHECK(end(c) == 3000ms);
}

TEST_CASE("TO-03 caller cancellation beats the timeout, at the very same instant too") {
    outlast::pipeline p{timeout{3000ms}};
    outlast::simulation sim;
    auto& c = sim.call(p, acted(sim, script{}.succeeds(3000ms)));
    sim.at(at(3000ms), [&] { c.cancel(); });
    sim.run();
    CHECK(c.result().error().why() == refusal::cancelled);
}

TEST_CASE("TO-04 the limit reaches whoever asks") {
    tap seen;
    outlast::pipeline p{std::ref(seen), timeout{{.limit = 12000ms, .name = "lookup"}}};
    outlast::simulation sim;
    auto& c = sim.call(p, acted(sim, script{}.hangs()));
    sim.run();
    CHECK(seen.timeouts() == times{12000ms});
    CHECK(c.facts().limit == 12000ms);
    CHECK(c.facts().name == outlast::label{"lookup"});
}

namespace {

struct notes {
    std::vector<outlast::event> all{};
    void operator()(const outlast::event& e) { all.push_back(e); }
};

} // namespace

TEST_CASE("TO-02 no limit, from a limit function") {
    notes heard;
    duration says = no_limit;
    outlast::pipeline p{outlast::timeout_by{[&] { return says; }, {.events = heard}}};
    outlast::world w;
    auto& c = w.play(p, script{}.succeeds(50000ms));
    w.run();
    CHECK(end(c) == 50000ms);
    CHECK(c.outcome().ok());
    CHECK(deadlines(c).front() == outlast::never.time_since_epoch());
    CHECK(heard.all.empty());

    says = 40000ms;
    outlast::world v;
    auto& d = v.play(p, script{}.succeeds(50000ms));
    v.run();
    CHECK(end(d) == 40000ms);
    CHECK(d.outcome() == verdict::expired());
}

TEST_CASE("TO-04 generated limit reaches the event") {
    notes heard;
    outlast::pipeline p{outlast::timeout_by{[] { return 12000ms; }, {.events = heard}}};
    outlast::simulation sim;
    auto& c = sim.call(p, acted(sim, script{}.hangs()));
    sim.run();
    CHECK(end(c) == 12000ms);
    CHECK(c.facts().limit == 12000ms);
    REQUIRE(heard.all.size() == 1);
    CHECK(heard.all[0].what == outlast::event_kind::timed_out);
    CHECK(heard.all[0].span == 12000ms);
}

TEST_CASE("timeout: a limit from the arguments of the call, the same for all attempts") {
    int asked = 0;
    outlast::pipeline p{
        retry{{.max_attempts = 3, .backoff = constant(0ms)}},
        outlast::timeout_by{[&](int pages, const std::string&) { return ++asked, pages * 10ms; },
                            {.limit = 50ms, .name = "print"}}};
    outlast::simulation sim;
    const auto slow = [&](int, const std::string&) { return sim.spend(1h), 1; };
    auto& two = sim.call(p, slow, 2, std::string{"a4"});
    sim.run();
    CHECK(starts(two) == times{0ms, 20ms, 40ms});
    CHECK(two.facts().limit == 20ms);
    CHECK(two.facts().name == outlast::label{"print"});
    CHECK(asked == 1);
    auto& many = sim.call(p, slow, 99, std::string{"a4"}); // the shorter one holds
    sim.run();
    CHECK(many.facts().limit == 50ms);
    CHECK(many.result().error().message() == "timed out after 50 ms (print) (after 3 attempts)");
}

TEST_CASE("timeout: one that is computed is as visible as another") {
    const auto limit_of = [](int pages) { return pages * 10ms; };
    const outlast::timeout_by policy{limit_of, {.limit = 50ms, .name = "print"}};
    static_assert(decltype(policy)::kind == timeout::kind);
    static_assert(outlast::duty_of<std::remove_const_t<decltype(policy)>> == outlast::duty::limits);
    CHECK(policy.options().limit == 50ms);
    CHECK(policy.options().name.view() == "print");
    CHECK_THROWS_AS((outlast::timeout_by{limit_of, {.limit = 0ms}}), std::invalid_argument);
}

TEST_CASE("timeout: a computed limit of nothing refuses the call at once, and says so") {
    for (const duration nothing : {duration{0}, duration{-1}, duration::min()}) {
        notes heard;
        outlast::pipeline p{
            outlast::timeout_by{[&] { return nothing; }, {.name = "none left", .events = heard}}};
        outlast::simulation sim;
        auto& c = sim.call(p, acted(sim, script{}));
        CHECK(c.attempts() == 0);
        CHECK(c.outcome() == verdict::neutral(refusal::timed_out));
        CHECK(c.facts().name == outlast::label{"none left"});
        REQUIRE(heard.all.size() == 1);
        CHECK(heard.all[0].what == outlast::event_kind::timed_out);
    }
}

TEST_CASE("timeout: tells that it fired, and of a value that came too late") {
    notes heard;
    timeout policy{{.limit = 50ms, .name = "attempt", .tags = "zone=b", .events = heard}};
    const auto settles = [&](const verdict& v, duration after, duration outer) {
        heard.all.clear();
        auto run = policy.start();
        outlast::reading begun{at(0ms)};
        (void)begin(run, begun, at(outer));
        outlast::reading now{at(after)};
        (void)settle(run, now, v);
        std::vector<outlast::event_kind> kinds;
        for (const outlast::event& e : heard.all) {
            CHECK(e.policy == outlast::label{"timeout"});
            CHECK(e.name == outlast::label{"attempt"});
            CHECK(e.tags == outlast::label{"zone=b"});
            CHECK(e.span == 50ms);
            CHECK(e.outcome.kind == verdict_kind::expired);
            kinds.push_back(e.what);
        }
        return kinds;
    };
    using kinds = std::vector<outlast::event_kind>;
    using outlast::event_kind;
    CHECK(settles(verdict::success(), 70ms, 1s) ==
          kinds{event_kind::timed_out, event_kind::late_value});
    CHECK(settles(verdict::failure(), 70ms, 1s) == kinds{event_kind::timed_out});
    CHECK(settles(verdict::success(), 49ms, 1s).empty());
    CHECK(settles(verdict::failure(), 49ms, 1s).empty());
    CHECK(settles(verdict::success(), 70ms, 50ms).empty()); // the outer one fires
}

TEST_CASE("TO-05 attempt timeout that does not fire leaves the retry delay alone") {
    const auto play = [](const script& lines, tap& seen) {
        retry policy{{.max_attempts = 3, .backoff = constant(100ms)}};
        outlast::pipeline p{std::ref(policy), std::ref(seen), timeout{50ms}};
        outlast::world w;
        auto& c = w.play(p, lines);
        w.run();
        return std::tuple{starts(c), end(c), c.outcome().kind};
    };
    tap none;
    CHECK(play(script{}.fails(), none) ==
          std::tuple{times{0ms, 100ms, 200ms}, duration{200ms}, verdict_kind::failure});
    CHECK(none.timeouts().empty());
    tap seen;
    CHECK(play(script{}.fails(60ms), seen) ==
          std::tuple{times{0ms, 150ms, 300ms}, duration{350ms}, verdict_kind::expired});
    CHECK(seen.timeouts() == times{50ms, 200ms, 350ms});
}

TEST_CASE("TO-06 two nested timeouts, the outer is shorter") {
    retry policy{{.max_attempts = 3, .backoff = constant(0ms)}};
    tap outside_a;
    tap outside_b;
    outlast::pipeline p{
        outlast::fallback{true}, std::ref(policy),
        std::ref(outside_a),     timeout{{.limit = 50ms, .name = "A"}},
        std::ref(outside_b),     outlast::pipeline{timeout{{.limit = 100ms, .name = "B"}}}};
    outlast::simulation sim;
    auto& c = sim.call(p, [&] { return sim.spend(150ms), false; });
    sim.run();
    CHECK(starts(c) == times{0ms, 50ms, 100ms});
    CHECK(end(c) == 150ms);
    CHECK(c.result().value() == true);
    CHECK(outside_a.timeouts() == times{50ms, 100ms, 150ms});
    CHECK(outside_b.timeouts().empty());
}

TEST_CASE("CO-06 two slow attempts, then good") {
    retry policy{{.max_attempts = 3, .backoff = constant(0ms)}};
    tap seen;
    outlast::pipeline p{std::ref(policy), std::ref(seen), timeout{50ms}};
    outlast::world w;
    auto& c = w.play(p, script{}.succeeds(100ms).succeeds(100ms).succeeds());
    w.run();
    CHECK(starts(c) == times{0ms, 50ms, 100ms});
    CHECK(deadlines(c) == times{50ms, 100ms, 150ms}); // when the slow ones are told to stop
    CHECK(end(c) == 100ms);
    CHECK(c.outcome().ok());
    CHECK(seen.timeouts() == times{50ms, 100ms});
}

// ---- ties

TEST_CASE("law 11: a result at the limit is too late, one nanosecond earlier it is not") {
    outlast::pipeline p{timeout{50ms}};
    outlast::world w;
    auto& late = w.play(p, script{}.succeeds(50ms));
    auto& good = w.play(p, script{}.succeeds(50ms - 1ns));
    auto& failed = w.play(p, script{}.fails(50ms - 1ns));
    w.run();
    CHECK(late.outcome().kind == verdict_kind::expired);
    CHECK(late.outcome().late);
    CHECK(good.outcome().ok());
    CHECK(failed.outcome() == verdict::failure());
}

TEST_CASE("law 11: of two timeouts due at once the outer one fires and is named") {
    tap between;
    outlast::pipeline p{timeout{{.limit = 50ms, .name = "outer"}}, std::ref(between),
                        timeout{{.limit = 50ms, .name = "inner"}}};
    outlast::simulation sim;
    auto& c = sim.call(p, acted(sim, script{}.succeeds(50ms)));
    sim.run();
    CHECK(c.facts().name == outlast::label{"outer"});
    CHECK(c.result().error().why() == refusal::timed_out);
    REQUIRE(between.ended.size() == 1);
    CHECK(between.ended[0].what.ok()); // the inner one had no objection
}

TEST_CASE("law 11: the caller's deadline wins over a timeout due at once") {
    outlast::pipeline p{timeout{{.limit = 50ms, .name = "inner"}}};
    outlast::simulation sim;
    auto& c = sim.call_by(at(50ms), p, acted(sim, script{}.hangs()));
    sim.run();
    CHECK(end(c) == 50ms);
    CHECK(c.result().error().why() == refusal::timed_out);
    CHECK(c.facts().name.empty());
    CHECK(c.facts().limit == 0ms);
}

TEST_CASE("timeout: the inner one fires where it is shorter, and is named") {
    outlast::pipeline p{timeout{{.limit = 100ms, .name = "outer"}},
                        timeout{{.limit = 50ms, .name = "inner"}}};
    outlast::simulation sim;
    auto& c = sim.call(p, acted(sim, script{}.hangs()));
    sim.run();
    CHECK(end(c) == 50ms);
    CHECK(c.facts().name == outlast::label{"inner"});
}

// ---- no time left

TEST_CASE("timeout: with no time left nothing is called") {
    outlast::pipeline p{timeout{50ms}};
    outlast::simulation sim;
    auto& c = sim.call_by(at(0ms), p, acted(sim, script{}));
    CHECK(c.attempts() == 0);
    CHECK(c.result().error().why() == refusal::timed_out);

    // The policy itself says so too, not only a driver.
    timeout policy{50ms};
    for (const auto by : {at(1s), at(1s) - 1ns, at(0s)}) {
        auto run = policy.start();
        outlast::reading now{at(1s)};
        const auto s = begin(run, now, by);
        CHECK(s.what == outlast::action::finish);
        CHECK(s.outcome.why == refusal::timed_out);
    }
    auto run = policy.start();
    outlast::reading now{at(1s)};
    CHECK(begin(run, now, at(1s) + 1ns) == outlast::step::call(outlast::work, at(1s) + 1ns));
}

TEST_CASE("law 8: what was not called for want of time does not trip a breaker") {
    outlast::basic_circuit_breaker<> breaker{{.window = 1}};
    outlast::pipeline p{std::ref(breaker), timeout{50ms}};
    auto machine = p.start();
    outlast::reading now{at(1s)};
    const auto s = begin(machine, now, at(1s));
    CHECK(s.what == outlast::action::finish);
    CHECK(s.outcome.why == refusal::timed_out);
    CHECK(s.outcome.kind == verdict_kind::neutral);
    CHECK(breaker.state(at(1s)) == outlast::circuit_state::closed);
    CHECK(breaker.window(at(1s)) == outlast::tally{});
}

// ---- what passes it

TEST_CASE("timeout: a late success is marked late, a late failure is not") {
    tap seen;
    outlast::pipeline p{std::ref(seen), timeout{50ms}};
    auto machine = p.start(); // a blocking callable returns when it likes
    const auto returns = [&](const verdict& v, duration after) {
        outlast::reading begun{at(0ms)};
        CHECK(begin(machine, begun, outlast::never).at == at(50ms));
        outlast::reading now{at(after)};
        return settle(machine, now, v).outcome;
    };
    const verdict late = returns(verdict::success(), 70ms);
    CHECK(late.kind == verdict_kind::expired);
    CHECK(late.why == refusal::timed_out);
    CHECK(late.late);

    const auto code = std::make_error_code(std::errc::connection_reset);
    const verdict failed = returns(verdict::failure(code, 3s), 70ms);
    CHECK(failed.kind == verdict_kind::expired);
    CHECK(failed.why == refusal::timed_out);
    CHECK_FALSE(failed.late);
    CHECK(failed.error() == code); // what lay behind it stays readable
    CHECK(failed.hint == 3s);

    CHECK(returns(verdict::success(), 50ms - 1ns) == verdict::success());
    CHECK(returns(verdict::neutral(refusal::circuit_open, 1s), 10ms) ==
          verdict::neutral(refusal::circuit_open, 1s));
}

TEST_CASE("timeout: with keep_late a value that comes too late is the answer, and a success") {
    notes heard;
    tap seen;
    outlast::pipeline p{std::ref(seen),
                        timeout{{.limit = 50ms, .keep_late = true, .events = heard}}};
    const auto returns = [&](duration takes, duration within, auto value) {
        heard.all.clear();
        outlast_tests::hand_clock::reset();
        const auto by = outlast_tests::hand_clock::time + within;
        const outlast::limits limit{
            .deadline = std::chrono::steady_clock::time_point{by.time_since_epoch()}};
        return outlast::run<outlast_tests::hand_clock>(p, limit, [&]() -> outlast::result<int> {
            outlast_tests::hand_clock::advance(takes);
            return value;
        });
    };
    CHECK(returns(70ms, 1h, 7).value() == 7);
    CHECK(seen.timeouts().empty());
    REQUIRE(heard.all.size() == 1);
    CHECK(heard.all[0].what == outlast::event_kind::late_value);
    CHECK(returns(49ms, 1h, 8).value() == 8);
    CHECK(heard.all.empty());
    // Nobody waits beyond the deadline outside, and what fails late has timed out.
    CHECK(returns(70ms, 70ms, 9).error().why() == refusal::timed_out);
    CHECK(returns(70ms, 1h, std::make_error_code(std::errc::io_error)).error().why() ==
          refusal::timed_out);
    REQUIRE(heard.all.size() == 1);
    CHECK(heard.all[0].what == outlast::event_kind::timed_out);
}

TEST_CASE("timeout: counts how often it fired, and good values that came late") {
    outlast::timeout_counts c;
    const auto ends = [&](const verdict& v, duration outer, duration when, bool keep) {
        timeout policy{{.limit = 50ms, .keep_late = keep, .counts = &c}};
        auto run = policy.start();
        outlast::reading begun{at(0ms)};
        (void)begin(run, begun, at(outer));
        outlast::reading now{at(when)};
        (void)settle(run, now, v);
        return std::pair<std::uint64_t, std::uint64_t>{c.fired, c.late};
    };
    using both = std::pair<std::uint64_t, std::uint64_t>;
    CHECK(ends(verdict::success(), 1h, 49ms, false) == both{0, 0});
    CHECK(ends(verdict::failure(), 1h, 49ms, false) == both{0, 0});
    CHECK(ends(verdict::failure(), 1h, 50ms, false) == both{1, 0});
    CHECK(ends(verdict::success(), 1h, 50ms, false) == both{2, 1});
    CHECK(ends(verdict::success(), 1h, 50ms, true) == both{2, 2});
    CHECK(ends(verdict::success(), 20ms, 60ms, false) == both{2, 2}); // that was another's limit
    outlast::pipeline p{outlast::timeout_by{[] { return 0ms; }, {.counts = &c}}};
    CHECK_FALSE(p([] { return 1; }).has_value());
    CHECK(c.fired == 3);
}

TEST_CASE("timeout: with keep_late, as it is told its events") {
    const auto ends = [](duration outer, duration when) {
        timeout policy{{.limit = 50ms, .keep_late = true}};
        auto run = policy.start();
        outlast::reading begun{at(0ms)};
        (void)begin(run, begun, at(outer));
        outlast::reading now{at(when)};
        return settle(run, now, verdict::success()).outcome;
    };
    CHECK(ends(1h, 50ms) == verdict::success());
    CHECK(ends(1h, 40ms) == verdict::success());
    // Of a timeout outside it is still late.
    outlast::pipeline p{timeout{60ms}, timeout{{.limit = 50ms, .keep_late = true}}};
    auto machine = p.start();
    outlast::reading begun{at(0ms)};
    (void)begin(machine, begun, outlast::never);
    outlast::reading now{at(60ms)};
    const verdict v = settle(machine, now, verdict::success()).outcome;
    CHECK(v.kind == verdict_kind::expired);
    CHECK(v.late);
}

TEST_CASE("law 8: an attempt cut short by the outer deadline says nothing about the server") {
    const auto play = [](duration outer, duration inner) {
        outlast::basic_circuit_breaker<> breaker{{.window = 10}};
        outlast::pipeline p{timeout{outer}, outlast::pipeline{std::ref(breaker), timeout{inner}}};
        outlast::world w;
        auto& c = w.play(p, script{}.hangs());
        w.run();
        CHECK(c.outcome() == verdict::expired());
        CHECK(end(c) == std::min(inner, outer));
        return breaker.window(w.time());
    };
    CHECK(play(50ms, 80ms) == outlast::tally{0, 0}); // it had less than its limit
    CHECK(play(50ms, 50ms) == outlast::tally{1, 1}); // it had all of it
    CHECK(play(80ms, 50ms) == outlast::tally{1, 1}); // its own limit
}

TEST_CASE("timeout: a failure long before the deadlines is the server's") {
    outlast::basic_circuit_breaker<> breaker{{.window = 10}};
    outlast::pipeline p{timeout{50ms}, outlast::pipeline{std::ref(breaker), timeout{80ms}}};
    outlast::world w;
    auto& c = w.play(p, script{}.fails(20ms));
    w.run();
    CHECK(c.outcome() == verdict::failure());
    CHECK(breaker.window(w.time()) == outlast::tally{1, 1});
}

TEST_CASE("timeout: begun again, it gives its limit anew") {
    timeout policy{50ms};
    auto run = policy.start();
    outlast::reading first{at(0ms)};
    CHECK(begin(run, first, outlast::never).at == at(50ms));
    outlast::reading over{at(50ms)};
    CHECK(settle(run, over, verdict::failure()).outcome.kind == verdict_kind::expired);
    outlast::reading second{at(60ms)};
    CHECK(begin(run, second, outlast::never).at == at(110ms));
    outlast::report facts;
    run.explain(facts); // the second round has not fired
    CHECK(facts.limit == 0ms);
    outlast::reading soon{at(70ms)};
    CHECK(settle(run, soon, verdict::success()).outcome.ok());
}

TEST_CASE("law 4: without a limit and a deadline it looks at no clock") {
    struct clock {
        int asked = 0;
        static outlast::instant ask(void* self) {
            return ++static_cast<clock*>(self)->asked, outlast::instant{};
        }
    } c;
    timeout policy{no_limit};
    auto run = policy.start();
    outlast::reading now{&clock::ask, &c};
    CHECK(begin(run, now, outlast::never).at == outlast::never);
    CHECK(settle(run, now, verdict::failure()).outcome == verdict::failure());
    CHECK(c.asked == 0);
}

// ---- options

TEST_CASE("timeout: options that make no sense are refused in a sentence") {
    const std::string sentence =
        "timeout: a limit of zero or less fails every call; write no_limit for none";
    for (const duration limit : {duration{0}, duration{-1}, duration::min()}) {
        CHECK_THROWS_MATCHES(timeout{limit}, std::invalid_argument,
                             Catch::Matchers::Message(sentence));
        CHECK(timeout_options{.limit = limit}.problem() == sentence);
    }
    CHECK(timeout_options{}.problem() == nullptr);
    CHECK(timeout_options{}.limit == no_limit);
    CHECK(timeout_options{.limit = 1ns}.problem() == nullptr);
}

// ---- in a constant expression

namespace {

constexpr bool cuts() {
    outlast::pipeline p{timeout{100ms}, timeout{30ms}};
    outlast::world w;
    auto& hung = w.play(p, script{}.hangs());
    auto& good = w.play(p, script{}.succeeds(20ms));
    w.run();
    return end(hung) == 30ms && hung.outcome() == verdict::expired() && end(good) == 20ms &&
           good.outcome().ok();
}
static_assert(cuts());

} // namespace

TEST_CASE("timeout: a deadline outside that is put off leaves its own limit") {
    timeout t{100ms};
    auto run = t.start();
    outlast::reading now{at(0ms)};
    CHECK(begin(run, now, at(50ms)).at == at(50ms));
    CHECK(run.prolong(0, at(200ms)) == at(100ms));
    outlast::reading then{at(100ms)};
    CHECK(settle(run, then, verdict::success()).outcome.why == refusal::timed_out);
    now = outlast::reading{at(0ms)};
    (void)begin(run, now, at(50ms));
    CHECK(run.prolong(0, at(80ms)) == at(80ms));
    then = outlast::reading{at(60ms)};
    CHECK(settle(run, then, verdict::success()).outcome.ok());
}
