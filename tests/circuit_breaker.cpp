// SPDX-License-Identifier: BSL-1.0
#include <outlast/circuit_breaker.hpp>

#include <outlast/cache/memory.hpp>
#include <outlast/cache_aside.hpp>
#include <outlast/fallback.hpp>
#include <outlast/outcome.hpp>
#include <outlast/pipeline.hpp>
#include <outlast/retry.hpp>
#include <outlast/run.hpp>
#include <outlast/simulate.hpp>
#include <outlast/timeout.hpp>

#include "support/callable.hpp"
#include "support/catch.hpp"
#include "support/print.hpp"
#include "support/recorded.hpp"
#include "support/script.hpp"
#include "support/told.hpp"
#include "support/watched_lock.hpp"

#include <functional>
#include <limits>
#include <memory>
#include <random>
#include <stdexcept>
#include <string>
#include <vector>

using namespace std::chrono_literals;
using namespace outlast::literals;
using outlast::circuit_breaker_options;
using outlast::circuit_state;
using outlast::constant;
using outlast::duration;
using outlast::refusal;
using outlast::retry;
using outlast::stopped;
using outlast::tally;
using outlast::verdict;
using outlast::verdict_kind;
using outlast_tests::acted;
using outlast_tests::at;
using outlast_tests::begin;
using outlast_tests::end;
using outlast_tests::refused;
using outlast_tests::script;
using outlast_tests::settle;
using outlast_tests::starts;
using outlast_tests::tap;
using outlast_tests::times;

namespace {

using breaker = outlast::basic_circuit_breaker<>;

constexpr auto closed = circuit_state::closed;
constexpr auto open = circuit_state::open;
constexpr auto half_open = circuit_state::half_open;

// Opens at the n-th failure in a row, for a second.
constexpr circuit_breaker_options consecutive(int n) {
    return {.failure_ratio = outlast::ratio::of(1.0), .window = n, .open_for = 1s};
}

// A breaker in a world of its own, tripped at 0.
struct tripped {
    explicit tripped(circuit_breaker_options o = {.window = 1, .open_for = 1000ms}) : guard(o) {
        play(script{}.fails());
        CHECK(state() == open);
    }
    outlast::simulated& play(const script& lines) { return w.play(policies, lines); }
    circuit_state state() { return guard.state(w.time()); }
    // Whether the breaker lets the next call through; it ends at once, in success unless said so.
    bool admits(const script& lines = {}) { return play(lines).attempts() == 1; }
    duration retry_after() {
        const auto& c = play({});
        REQUIRE(c.done());
        REQUIRE(c.outcome().why == refusal::circuit_open);
        return c.outcome().hint;
    }

    breaker guard;
    outlast::pipeline<std::reference_wrapper<breaker>> policies{std::ref(guard)};
    outlast::world w{};
};

} // namespace

// ---- half-open

TEST_CASE("BH-01 one probe, others rejected") {
    tripped t;
    t.w.advance(1000ms);
    auto& first = t.play(script{}.succeeds(10ms));
    auto& second = t.play({});
    CHECK(first.attempts() == 1);
    CHECK(second.attempts() == 0);
    CHECK(second.outcome().why == refusal::circuit_open);
    CHECK(second.outcome().kind == verdict_kind::neutral);
    t.w.run();
    CHECK(first.outcome().ok());
    CHECK(t.state() == closed);
    CHECK(t.admits());
}

TEST_CASE("BH-07 pending probes exhaust the permits") {
    tripped t{{.window = 1, .open_for = 1000ms, .probes = 3}};
    t.w.advance(1000ms);
    for (int i = 0; i != 3; ++i)
        CHECK(t.play(script{}.succeeds(10ms)).attempts() == 1);
    for (int i = 0; i != 5; ++i)
        CHECK(t.play({}).attempts() == 0);
    CHECK(t.state() == half_open);
    t.w.run();
    CHECK(t.state() == closed);
}

TEST_CASE("BH-10 hung probe") {
    tripped t{{.window = 1, .open_for = 1000ms, .probe_lease = 2000ms}};
    t.w.advance(1000ms);
    auto& p = t.play(script{}.succeeds(2500ms));
    t.w.advance(1999ms);
    CHECK(t.retry_after() == 1ms);
    t.w.advance(501ms); // P has ended, at 3500; nobody asked at 3000
    CHECK(p.done());
    CHECK(t.retry_after() == 500ms);
    CHECK(t.state() == open);
    t.w.advance(500ms);
    CHECK(t.admits());
    CHECK(t.state() == closed);
}

TEST_CASE("BH-11 probe cancelled by its caller") {
    tripped t;
    t.w.advance(1000ms);
    auto& p = t.play(script{}.hangs());
    t.w.advance(200ms);
    CHECK_FALSE(t.admits());
    p.cancel();
    CHECK(t.state() == half_open);
    CHECK(t.admits());
    CHECK(t.state() == closed);
}

// ---- by hand

TEST_CASE("BM-01 isolated by hand, closed by hand") {
    breaker a{{.window = 10}};
    breaker b{{.window = 10}};
    outlast::pipeline pa{std::ref(a)};
    outlast::pipeline pb{std::ref(b)};
    outlast::simulation sim;
    a.set_mode(outlast::circuit_mode::isolated);
    auto& refusal_of_a = sim.call(pa, acted(sim, {}));
    CHECK(refusal_of_a.attempts() == 0);
    CHECK(refusal_of_a.result().error().why() == refusal::circuit_open);
    CHECK_FALSE(refusal_of_a.result().error().retry_after());
    CHECK(refusal_of_a.facts().why_refused == outlast::circuit_refusal::isolated);
    CHECK_THAT(refusal_of_a.result().error().message(),
               Catch::Matchers::ContainsSubstring("isolated by hand"));
    CHECK(sim.call(pb, acted(sim, {})).attempts() == 1); // each by its own hand
    sim.advance(1h);
    CHECK(sim.call(pa, acted(sim, {})).attempts() == 0);
    a.close();
    CHECK(sim.call(pa, acted(sim, {})).attempts() == 1);
}

TEST_CASE("circuit breaker: what runs when it is isolated may end, and counts for nothing after") {
    breaker a{{.window = 1}};
    outlast::pipeline p{std::ref(a)};
    outlast::world w;
    auto& running = w.play(p, script{}.fails(100ms));
    a.set_mode(outlast::circuit_mode::isolated);
    a.close();
    w.run();
    CHECK(running.outcome() == verdict::failure());
    CHECK(a.state(w.time()) == closed);
}

TEST_CASE("BM-01 one control, two breakers") {
    outlast::circuit_control control;
    breaker a{{.window = 10, .control = &control}};
    breaker b{{.window = 10, .control = &control}};
    outlast::pipeline pa{std::ref(a)};
    outlast::pipeline pb{std::ref(b)};
    outlast::simulation sim;
    auto hold = control.isolate();
    CHECK(a.state(sim.time()) == outlast::circuit_state::open);
    for (auto* p : {&pa, &pb}) {
        auto& c = sim.call(*p, acted(sim, {}));
        CHECK(c.attempts() == 0);
        CHECK(c.result().error().why() == refusal::circuit_open);
        CHECK_FALSE(c.result().error().retry_after());
        CHECK(c.facts().why_refused == outlast::circuit_refusal::isolated);
    }
    hold.drop();
    CHECK(sim.call(pa, acted(sim, {})).attempts() == 1);
    CHECK(sim.call(pb, acted(sim, {})).attempts() == 1);
}

TEST_CASE("BS-05 calls that hang trip the breaker, before any has ended") {
    breaker a{{.window = 10,
               .minimum_calls = 4,
               .slow_from = 1000ms,
               .slow_ratio = 50_percent,
               .open_for = 60s}};
    outlast::pipeline p{std::ref(a)};
    outlast::simulation sim;
    for (int i = 0; i != 4; ++i)
        sim.call(p, acted(sim, script{}.succeeds(5000ms)));
    sim.advance(999ms);
    CHECK(a.state(sim.time()) == closed);
    sim.advance(1ms);
    auto& c = sim.call(p, acted(sim, {}));
    CHECK(c.attempts() == 0);
    CHECK(c.result().error().retry_after() == 60s);
    CHECK_THAT(c.result().error().message(),
               Catch::Matchers::ContainsSubstring("4 of the last 4 calls were slow"));
    sim.advance(5s); // the four have ended well: they belong to the time before
    CHECK(a.state(sim.time()) == open);
}

TEST_CASE("BS-04 at the policy: how long a call took is what its clock says") {
    for (const auto took : {99ms, 100ms}) {
        breaker a{{.window = 1, .minimum_calls = 1, .slow_from = 100ms, .slow_ratio = 100_percent}};
        outlast::pipeline p{std::ref(a)};
        outlast::simulation sim;
        sim.call(p, acted(sim, script{}.succeeds(took)));
        sim.run();
        CHECK((a.state(sim.time()) == open) == (took == 100ms));
    }
}

TEST_CASE("circuit breaker: calls beyond those that it can follow are slow when they end") {
    breaker a{{.window = 100, .slow_from = 1s, .slow_ratio = 50_percent}};
    outlast::pipeline p{std::ref(a)};
    outlast::world w;
    w.play(p, script{}.succeeds(900ms)); // the oldest: no place before it is free again
    for (int i = 0; i != 1023; ++i)
        w.play(p, script{});
    for (int i = 0; i != 100; ++i)
        w.play(p, script{}.succeeds(30s));
    w.advance(1min);
    CHECK(a.state(w.time()) != closed);
    CHECK(a.counts().slow >= 50);
}

TEST_CASE("circuit breaker: a refusal quotes what opened it, not what came too late") {
    breaker a{{.window = 2, .open_for = 1h}};
    outlast::pipeline p{std::ref(a)};
    outlast::simulation sim;
    const auto late = [&]() -> outlast::result<int> {
        return sim.spend(1s), std::make_error_code(std::errc::no_space_on_device);
    };
    auto& slow = sim.call(p, late);
    const auto down = []() -> outlast::result<int> { return refused; };
    sim.call(p, down);
    sim.call(p, down);
    sim.run();
    CHECK(slow.done());
    CHECK_THAT(sim.call(p, down).result().error().message(),
               Catch::Matchers::ContainsSubstring("(last: Connection refused)"));
}

TEST_CASE("circuit breaker: what a control refuses is counted, with no other call's numbers") {
    outlast::circuit_control control;
    breaker a{{.window = 1, .open_for = 1s, .control = &control}};
    outlast::pipeline p{std::ref(a)};
    outlast::world w;
    w.play(p, script{}.fails());
    w.play(p, script{});
    const auto hold = control.isolate();
    for (int i = 0; i != 3; ++i)
        w.play(p, script{});
    CHECK(a.counts().refused(outlast::circuit_refusal::isolated) == 3);
    CHECK(a.counts().refused(outlast::circuit_refusal::open) == 1);
}

TEST_CASE("BM-02 and BM-03: in shadow it only counts, disabled it does not even do that") {
    std::vector<outlast::event_kind> told;
    auto note = [&](const outlast::event& e) { told.push_back(e.what); };
    breaker a{{.window = 5, .minimum_calls = 5, .events = note}};
    outlast::pipeline p{std::ref(a)};
    outlast::world w;
    const auto play_all = [&] {
        for (const bool good : {false, false, false, true, true})
            CHECK(w.play(p, good ? script{} : script{}.fails()).attempts() == 1);
    };
    a.set_mode(outlast::circuit_mode::disabled);
    told.clear();
    play_all();
    CHECK(a.window(w.time()) == tally{});
    a.set_mode(outlast::circuit_mode::shadow);
    told.clear();
    play_all();
    CHECK(a.window(w.time()) == tally{5, 3});
    w.play(p, script{}.fails());
    CHECK(told == std::vector{outlast::event_kind::would_open});
    CHECK(a.state(w.time()) == closed);
}

TEST_CASE("BT-01 in a breaker that only measures: ten seconds in ten slices") {
    breaker a{{.window = 10s}};
    a.set_mode(outlast::circuit_mode::shadow);
    outlast::pipeline p{std::ref(a)};
    outlast::world w;
    const tally expected[] = {{2, 1}, {4, 2}, {6, 2}, {8, 2}, {8, 1}};
    for (int i = 0; i != 5; ++i) {
        INFO("i = " << i);
        CHECK(w.play(p, i < 2 ? script{}.fails() : script{}).attempts() == 1);
        CHECK(w.play(p, script{}).attempts() == 1);
        w.advance(2s);
        CHECK(a.window(w.time()) == expected[i]);
    }
    w.advance(2s);
    CHECK(a.window(w.time()) == tally{6, 0});
    CHECK(a.state(w.time()) == closed);
}

TEST_CASE(
    "circuit breaker: with a timer of the user's it is told without a call that time is over") {
    std::vector<std::string> told;
    outlast::world w;
    auto note = [&](const outlast::event& e) {
        told.push_back(std::string{to_string(e.what)} + " " + std::string{e.why} + " at " +
                       std::to_string(w.time().time_since_epoch() / 1ms));
    };
    breaker a{{.window = 1, .open_for = 1s, .probe_lease = 500ms, .events = note}};
    outlast::pipeline p{std::ref(a)};
    CHECK(a.next_change(w.time()) == outlast::never);
    w.play(p, script{}.fails());
    const auto timer = [&] {
        w.advance(outlast::until(w.time(), a.next_change(w.time())));
        return a.state(w.time());
    };
    CHECK(timer() == circuit_state::half_open);
    auto& probe = w.play(p, script{}.succeeds(1h));
    CHECK(timer() == open);
    CHECK(timer() == circuit_state::half_open);
    CHECK(told == std::vector<std::string>{"opened failures at 0", "half_opened break_over at 1000",
                                           "opened lease_over at 1500",
                                           "half_opened break_over at 2500"});
    CHECK_FALSE(probe.done());
    w.run(); // calls end before their breaker does
}

TEST_CASE("circuit breaker: a listener is told what it does, outside its lock") {
    std::vector<std::string> told;
    breaker* which = nullptr;
    outlast::world w;
    auto note = [&](const outlast::event& e) {
        (void)which->state(w.time()); // would not come back from under the lock
        told.push_back(std::string{to_string(e.what)} + " " + std::string{e.why} + " " +
                       std::string{e.tags.view()} +
                       (e.span > 0ns ? " " + std::to_string(e.span / 1ms) : ""));
        CHECK(e.name.view() == "orders");
        CHECK(e.policy.view() == "circuit breaker");
    };
    breaker a{{.window = 2, .open_for = 1s, .name = "orders", .tags = "eu", .events = note}};
    which = &a;
    outlast::pipeline p{std::ref(a)};
    w.play(p, script{}.fails());
    w.play(p, script{}.fails());
    w.advance(400ms);
    w.play(p, script{});
    w.advance(600ms);
    w.play(p, script{});
    CHECK(told == std::vector<std::string>{"opened failures eu 1000", "refused open eu 600",
                                           "half_opened break_over eu", "closed probes_good eu"});
}

TEST_CASE(
    "circuit breaker: counters, options that change, and what it knows given to another one") {
    breaker a{{.window = 2, .open_for = 1s}};
    outlast::pipeline p{std::ref(a)};
    outlast::world w;
    w.play(p, script{});
    w.play(p, script{}.fails());
    w.play(p, script{});
    w.play(p, script{});
    CHECK(a.counts().succeeded == 1);
    CHECK(a.counts().failed == 1);
    CHECK(a.counts().refused() == 2);
    CHECK(a.counts().refused(outlast::circuit_refusal::open) == 2);

    breaker b{{.window = 2, .open_for = 1s}};
    b.restore(a.snapshot(w.time()));
    CHECK(b.state(w.time()) == open);
    outlast::pipeline pb{std::ref(b)};
    auto& refused_by_b = w.play(pb, script{});
    CHECK(refused_by_b.outcome().hint == 1s);
    w.advance(1s);
    CHECK(w.play(pb, script{}).attempts() == 1);

    b.reconfigure({.window = 1, .open_for = 5s});
    w.play(pb, script{}.fails());
    CHECK(w.play(pb, script{}).outcome().hint == 5s);
    CHECK_THROWS_AS(b.reconfigure({.open_for = 0s}), std::invalid_argument);

    b.close();
    b.trip(w.time());
    CHECK(b.state(w.time()) == open);
    b.half_open(w.time());
    CHECK(b.state(w.time()) == half_open);
}

// ---- composition

TEST_CASE("CO-01 retry around a breaker that stays closed") {
    retry again{{.max_attempts = UINT32_MAX, .backoff = constant(0ms)}};
    breaker guard{consecutive(3)};
    outlast::pipeline p{std::ref(again), std::ref(guard)};
    outlast::world w;
    auto& c = w.play(p, script{}.fails().fails().succeeds());
    w.run();
    CHECK(c.attempts() == 3);
    CHECK(c.outcome().ok());
    CHECK(guard.state(w.time()) == closed);
    CHECK(guard.window(w.time()) == tally{3, 2});
}

TEST_CASE("CO-02 fallback, retry, breaker") {
    retry again{{.max_attempts = 3, .backoff = constant(0ms)}};
    breaker guard{consecutive(5)};
    outlast::pipeline p{outlast::fallback{std::string{"x"}}, std::ref(again), std::ref(guard)};
    outlast::simulation sim;
    auto& c = sim.call(p, []() -> outlast::result<std::string> { return refused; });
    sim.run();
    CHECK(c.attempts() == 3);
    CHECK(c.result().value() == "x");
    CHECK(guard.state(sim.time()) == closed);
    CHECK(guard.window(sim.time()) == tally{3, 3});
}

TEST_CASE("CO-03 retry that may retry rejections") {
    const auto play = [](outlast::instant deadline) {
        retry again{{.max_attempts = 7, .backoff = constant(0ms), .retry_refusals = true}};
        breaker guard{consecutive(3)};
        tap attempts;
        outlast::pipeline p{std::ref(again), std::ref(attempts), std::ref(guard)};
        outlast::simulation sim;
        auto& c = sim.call_by(deadline, p, acted(sim, script{}.fails()));
        sim.run();
        return std::tuple{attempts.begun.size(), starts(c), end(c), c.facts(), c.result().error()};
    };
    SECTION("no deadline") {
        const auto [attempts, calls, over, facts, why] = play(outlast::never);
        CHECK(attempts == 7);
        CHECK(calls == times{0ms, 0ms, 0ms, 1000ms, 2000ms});
        CHECK(over == 2000ms);
        CHECK(why.why() == refusal::none);
        CHECK(why.cause() == refused);
        CHECK(facts.why_stopped == stopped::attempts);
    }
    SECTION("deadline 500") {
        const auto [attempts, calls, over, facts, why] = play(at(500ms));
        CHECK(attempts == 4);
        CHECK(calls == times{0ms, 0ms, 0ms});
        CHECK(over == 0ms);
        CHECK(why.why() == refusal::circuit_open);
        CHECK(why.retry_after() == 1000ms);
        CHECK(facts.why_stopped == stopped::deadline);
    }
}

TEST_CASE("CO-04 retry that does not retry rejections") {
    retry again{{.max_attempts = 7, .backoff = constant(0ms)}};
    breaker guard{consecutive(3)};
    tap attempts;
    outlast::pipeline p{std::ref(again), std::ref(attempts), std::ref(guard)};
    outlast::simulation sim;
    auto& c = sim.call(p, acted(sim, script{}.fails()));
    sim.run();
    CHECK(attempts.begun.size() == 4);
    CHECK(c.attempts() == 3);
    CHECK(end(c) == 0ms);
    CHECK(c.result().error().why() == refusal::circuit_open);
    CHECK(c.result().error().cause() == refused);
    CHECK(c.facts().why_stopped == stopped::not_retryable);
}

TEST_CASE("CO-08 impossible configurations are refused at build time") {
    using nan = std::numeric_limits<double>;
    const auto share = [](double x) {
        return circuit_breaker_options{.failure_ratio = outlast::ratio::of(x)};
    };
    for (const auto& bad :
         {share(-1), share(0), share(10), share(nan::quiet_NaN()), share(nan::infinity()),
          circuit_breaker_options{.window = 0}, circuit_breaker_options{.window = -3},
          circuit_breaker_options{.window = 0s}, circuit_breaker_options{.window = -1s},
          circuit_breaker_options{.window = 10, .minimum_calls = 11},
          circuit_breaker_options{.probes = 0}})
        CHECK_THROWS_AS(breaker{bad}, std::invalid_argument);
    CHECK_NOTHROW(breaker{share(1)});
    CHECK_NOTHROW(breaker{circuit_breaker_options{.window = 10, .minimum_calls = 10}});

    // Zero where it means something.
    CHECK_NOTHROW(retry{{.backoff = constant(0ms)}});
    CHECK_NOTHROW(breaker{circuit_breaker_options{.minimum_calls = 0}});
    CHECK(outlast::cache_aside_options{.stale_wait = 0ms}.problem() == nullptr);
    CHECK(outlast::freshness::from(at(0s), {.fresh_for = 1s, .stale_for = 0s}).at(at(0s)) ==
          outlast::grade::fresh);
}

TEST_CASE("circuit breaker: options that make no sense are refused in a sentence") {
    const auto refuses = [](const circuit_breaker_options& o, const std::string& sentence) {
        INFO(sentence);
        REQUIRE(o.problem() != nullptr);
        CHECK(o.problem() == sentence);
        CHECK_THROWS_MATCHES(breaker{o}, std::invalid_argument, Catch::Matchers::Message(sentence));
    };
    refuses({.failure_ratio = 0_percent},
            "circuit breaker: failure_ratio is above 0 % and at most 100 %");
    refuses({.failure_ratio = 101_percent},
            "circuit breaker: failure_ratio is above 0 % and at most 100 %");
    refuses({.window = 0}, "circuit breaker: window is 1 to 1 000 000 calls, or a span of time");
    refuses({.window = 10, .minimum_calls = 11},
            "circuit breaker: minimum_calls is larger than the window: it could never open");
    refuses({.open_for = 0s}, "circuit breaker: open_for is longer than 0");
    refuses({.open_for = -1s}, "circuit breaker: open_for is longer than 0");
    refuses({.probes = 0}, "circuit breaker: probes is 1 to 10 000");
    refuses({.probes = 10'001}, "circuit breaker: probes is 1 to 10 000");
    refuses({.hold_back = -1ns}, "circuit breaker: hold_back is 0 or a length of time");
    refuses({.probe_lease = 0s}, "circuit breaker: probe_lease is longer than 0");
    CHECK(circuit_breaker_options{.window = 10s, .minimum_calls = 1000}.problem() == nullptr);
    CHECK(circuit_breaker_options{.probes = 10'000}.problem() == nullptr);
}

TEST_CASE("circuit breaker: the documented defaults") {
    const circuit_breaker_options o;
    CHECK(o.problem() == nullptr);
    CHECK(o.failure_ratio == 50_percent);
    CHECK(o.window.calls == 100);
    CHECK(o.open_for == 10s);
    CHECK(o.probes == 1);
    CHECK(o.probe_lease == 30s);
    CHECK(o.hold_back == 0s);
    CHECK(o.minimum() == 10);
    CHECK(circuit_breaker_options{.window = 5}.minimum() == 5);
    CHECK(circuit_breaker_options{.window = 11}.minimum() == 10);
    CHECK(circuit_breaker_options{.window = 10s}.minimum() == 10);
    CHECK(circuit_breaker_options{.window = 10s, .minimum_calls = 2}.minimum() == 2);
}

// ---- what counts

TEST_CASE("circuit breaker: a timeout inside counts at the instant it fires, a neutral never") {
    breaker guard{{.window = 10}};
    outlast::pipeline p{std::ref(guard), outlast::timeout{50ms}};
    outlast::world w;
    w.play(p, script{}.hangs());
    CHECK(guard.window(w.time()) == tally{0, 0});
    w.advance(50ms);
    CHECK(guard.window(w.time()) == tally{1, 1});
    w.play(p, script{}.is_neutral());
    w.play(p, script{}.hangs()).cancel();
    CHECK(guard.window(w.time()) == tally{1, 1});
    w.play(p, script{});
    CHECK(guard.window(w.time()) == tally{2, 1});
}

TEST_CASE("circuit breaker: failure_if says which failures count, the others are nothing") {
    struct chooser {
        int asked = 0;
        bool operator()(const verdict& v) { return ++asked, v.error() == refused; }
    } choose;
    breaker guard{{.window = 10, .failure_if = choose}};
    outlast::pipeline p{std::ref(guard)};
    outlast::simulation sim;
    (void)sim.call(p, acted(sim, script{}.fails()));
    (void)sim.call(p, []() -> outlast::result<int> {
        return std::make_error_code(std::errc::permission_denied);
    });
    CHECK(choose.asked == 2);
    (void)sim.call(p, acted(sim, script{}));
    (void)sim.call(p, acted(sim, script{}.is_neutral()));
    CHECK(choose.asked == 2); // not about a success, nor what is neutral
    CHECK(guard.window(sim.time()) == tally{2, 1});
}

TEST_CASE("circuit breaker: a declined failure of a probe gives its place back") {
    tripped t{{.window = 1, .open_for = 1000ms, .failure_if = [](const verdict& v) {
                   return !v.has_hint();
               }}};
    t.w.advance(1000ms);
    CHECK(t.admits(script{}.fails_with_hint(1s)));
    CHECK(t.state() == half_open);
    CHECK(t.admits());
    CHECK(t.state() == closed);
}

TEST_CASE("circuit breaker: a refusal tells what it counted and when to come back") {
    breaker guard{{.failure_ratio = 60_percent,
                   .window = 20,
                   .minimum_calls = 5,
                   .open_for = 10s,
                   .name = "orders"}};
    outlast::pipeline p{std::ref(guard)};
    outlast::simulation sim;
    for (const bool fails : {false, true, true, false, true})
        (void)sim.call(p, acted(sim, fails ? script{}.fails() : script{}));
    sim.advance(5800ms);
    auto& c = sim.call(p, acted(sim, {}));
    const outlast::failure& why = c.result().error();
    CHECK(c.attempts() == 0);
    CHECK(why.why() == refusal::circuit_open);
    CHECK(why.code() == refusal::circuit_open);
    CHECK(why.cause() == refused); // of the last failure that it saw
    CHECK(why.retry_after() == 4200ms);
    CHECK(why.facts().policy == outlast::label{"circuit breaker"});
    CHECK(why.facts().name == outlast::label{"orders"});
    CHECK(why.facts().recorded == 5);
    CHECK(why.facts().failed == 3);
    CHECK(why.facts().why_refused == outlast::circuit_refusal::open);
    CHECK_THAT(why.message(), Catch::Matchers::ContainsSubstring("orders: 3 of the last 5"));
    CHECK_THAT(why.message(), Catch::Matchers::ContainsSubstring("next probe in 4.2 s"));
}

TEST_CASE("circuit breaker: begun again within one call, it gives its permit back first") {
    // The first round of a retry inside cannot leave a place behind.
    tripped t;
    t.w.advance(1000ms);
    auto run = t.guard.start();
    outlast::reading now{t.w.time()};
    CHECK(begin(run, now, outlast::never).calls_work());
    CHECK(begin(run, now, outlast::never).calls_work());
    CHECK(settle(run, now, verdict::success()).outcome.ok());
    CHECK(t.state() == closed);
}

// ---- law 2: nothing wedges a breaker

TEST_CASE("law 2: a probe whose callable throws does not wedge the breaker") {
    breaker guard{{.window = 1, .open_for = 1s}};
    outlast::pipeline p{std::ref(guard)};
    outlast::simulation sim;
    const auto throws = []() -> int { throw std::runtime_error("no"); };
    for (int round = 0; round != 3; ++round) {
        auto& c = sim.call(p, throws);
        CHECK(c.attempts() == 1);
        CHECK(c.result().error().why() == refusal::threw);
        CHECK(guard.state(sim.time()) == open); // what is thrown is a failure
        sim.advance(1s);
        CHECK(guard.state(sim.time()) == half_open);
    }
    CHECK(sim.call(p, [] { return 1; }).result().value() == 1);
    CHECK(guard.state(sim.time()) == closed);
}

TEST_CASE("law 2: a predicate that throws does not wedge the breaker") {
    using outlast_tests::hand_clock;
    hand_clock::reset();
    struct moody {
        bool angry = false;
        bool operator()(const verdict&) const {
            if (angry)
                throw std::runtime_error("no");
            return true;
        }
    } choose;
    breaker guard{{.window = 1, .open_for = 1s, .failure_if = choose}};
    outlast::pipeline p{std::ref(guard)};
    const auto down = []() -> outlast::result<int> { return refused; };
    (void)outlast::run<hand_clock>(p, down);
    hand_clock::advance(1s);
    choose.angry = true;
    for (int i = 0; i != 3; ++i) {
        const auto r = outlast::run<hand_clock>(p, down);
        CHECK(r.error().why() == refusal::threw);
        CHECK(guard.state(hand_clock::time) == half_open); // no verdict: the place is free again
    }
    CHECK(outlast::run<hand_clock>(p, [] { return 1; }).value() == 1);
    CHECK(guard.state(hand_clock::time) == closed);
}

TEST_CASE("law 2: a probe that is refused further in does not wedge the breaker") {
    breaker outer{{.window = 1, .open_for = 1s}};
    breaker inner{{.window = 10}};
    outlast::pipeline p{std::ref(outer), std::ref(inner)};
    outlast::world w;
    w.play(p, script{}.fails());
    w.advance(1s);
    inner.set_mode(outlast::circuit_mode::isolated);
    for (int i = 0; i != 3; ++i) {
        auto& c = w.play(p, script{});
        CHECK(c.attempts() == 0);
        CHECK(outer.state(w.time()) == half_open);
    }
    inner.close();
    CHECK(w.play(p, script{}).attempts() == 1);
    CHECK(outer.state(w.time()) == closed);
}

TEST_CASE("law 2: a probe that came to nothing holds no place while its call waits") {
    tripped t;
    t.w.advance(1s);
    retry again{{.backoff = constant(0ms), .retry_refusals = true}};
    outlast::pipeline p{std::ref(again), std::ref(t.guard)};
    const auto busy = verdict::neutral(refusal::bulkhead_full, 500ms);
    auto& waiting = t.w.play(p, script{}.with(busy, {}));
    CHECK_FALSE(waiting.done());
    CHECK(t.admits());
    CHECK(t.state() == closed);
}

TEST_CASE("law 2: a probe that is cancelled does not wedge the breaker") {
    tripped t{{.window = 1, .open_for = 1s, .probes = 2}};
    t.w.advance(1s);
    for (int i = 0; i != 5; ++i) {
        auto& a = t.play(script{}.hangs());
        auto& b = t.play(script{}.hangs());
        CHECK(a.attempts() + b.attempts() == 2);
        t.w.advance(10ms);
        CHECK_FALSE(t.admits());
        a.cancel();
        b.cancel();
        CHECK(t.state() == half_open);
    }
    CHECK(t.admits());
    CHECK(t.admits());
    CHECK(t.state() == closed);
}

TEST_CASE("law 2: a probe that is abandoned does not wedge the breaker") {
    tripped t;
    t.w.advance(1s);
    outlast::reading now{t.w.time()};
    SECTION("told so") {
        auto run = t.policies.start();
        CHECK(begin(run, now, outlast::never).calls_work());
        CHECK_FALSE(t.admits());
        run.abandoned();
        CHECK(t.admits());
    }
    SECTION("destroyed") {
        {
            auto run = t.policies.start();
            CHECK(begin(run, now, outlast::never).calls_work());
            CHECK_FALSE(t.admits());
        }
        CHECK(t.admits());
    }
    SECTION("moved and destroyed") {
        {
            auto run = t.guard.start();
            CHECK(begin(run, now, outlast::never).calls_work());
            auto moved = std::move(run);
            CHECK_FALSE(t.admits());
        }
        CHECK(t.admits());
    }
    SECTION("its whole world destroyed") {
        {
            outlast::world other;
            other.advance(1s);
            CHECK(other.play(t.policies, script{}.hangs()).attempts() == 1);
            CHECK_FALSE(t.admits());
        }
        CHECK(t.admits());
    }
    CHECK(t.state() == closed);
}

TEST_CASE("law 2: a probe that never ends does not wedge the breaker") {
    tripped t{{.window = 1, .open_for = 1s, .probe_lease = 2s}};
    t.w.advance(1s);
    for (int i = 0; i != 3; ++i) {
        CHECK(t.admits(script{}.hangs()));
        CHECK(t.state() == half_open);
        t.w.advance(2s);
        CHECK(t.state() == open);
        CHECK(t.retry_after() == 1s);
        t.w.advance(1s);
    }
    CHECK(t.admits());
    CHECK(t.state() == closed);
}

TEST_CASE("law 2: probes of all these kinds at once, and it recovers, whatever the order") {
    std::mt19937 chance{17};
    for (int round = 0; round != 200; ++round) {
        const auto probes = 1 + chance() % 4;
        tripped t{{.window = 1,
                   .open_for = 1s,
                   .probes = static_cast<std::uint32_t>(probes),
                   .probe_lease = 3s}};
        std::vector<outlast::simulated*> running;
        for (int i = 0; i != 60; ++i) {
            switch (chance() % 7) {
            case 0:
                running.push_back(&t.play(script{}.hangs()));
                break;
            case 1:
                running.push_back(&t.play(script{}.fails(chance() % 4000 * 1ms)));
                break;
            case 2:
                running.push_back(&t.play(script{}.is_neutral(chance() % 4000 * 1ms)));
                break;
            case 3:
                running.push_back(&t.play(script{}.succeeds(chance() % 4000 * 1ms)));
                break;
            case 4:
                if (!running.empty())
                    running[chance() % running.size()]->cancel();
                break;
            default:
                t.w.advance(chance() % 800 * 1ms);
            }
        }
        INFO("round " << round);
        t.w.advance(10s); // for what still runs, and then open_for and a lease
        REQUIRE(t.state() != open);
        for (std::uint32_t i = 0; i != probes; ++i)
            REQUIRE(t.admits());
        REQUIRE(t.state() == closed);
    }
}

TEST_CASE("law 5: failure_if is not called under the lock") {
    using outlast_tests::watched_lock;
    struct chooser {
        outlast_tests::watch seen{};
        bool operator()(const verdict&) { return seen(), true; }
    } choose;
    outlast::basic_circuit_breaker<watched_lock> guard{{.window = 2, .failure_if = choose}};
    outlast::pipeline p{std::ref(guard)};
    const int before = watched_lock::taken;
    outlast::world w;
    w.play(p, script{}.fails());
    w.play(p, script{}.fails());
    w.play(p, script{});
    CHECK(choose.seen.runs == 2);
    CHECK(choose.seen.locked == 0);
    CHECK(watched_lock::taken > before);
}

TEST_CASE("law 5: the clock is not asked under the lock") {
    using outlast_tests::watched_lock;
    struct clock {
        int asked = 0;
        int locked = 0;
        outlast::instant time{};
        static outlast::instant ask(void* self) {
            auto& c = *static_cast<clock*>(self);
            ++c.asked;
            c.locked += watched_lock::held() != 0;
            return c.time;
        }
    } c;
    outlast::basic_circuit_breaker<watched_lock> guard{{.window = 2, .open_for = 1s}};
    const auto call = [&](const verdict& v) {
        auto run = guard.start();
        outlast::reading begun{&clock::ask, &c};
        if (!begin(run, begun, outlast::never).calls_work())
            return false;
        outlast::reading over{&clock::ask, &c};
        (void)settle(run, over, v);
        return true;
    };
    CHECK(call(verdict::success()));
    CHECK(call(verdict::success()));
    CHECK(c.asked == 0); // law 4: closed, nothing to decide
    CHECK(call(verdict::failure()));
    CHECK(c.asked == 1); // it opened: half of two
    CHECK_FALSE(call(verdict::success()));
    CHECK(c.asked == 2);
    c.time += 1s;
    CHECK(call(verdict::success()));
    CHECK(c.asked == 4);
    CHECK(guard.state(c.time) == closed);
    CHECK(c.locked == 0);
}

// ---- in a constant expression

namespace {

constexpr bool opens_probes_and_closes() {
    breaker guard{{.window = 2, .open_for = 1s, .probe_lease = 5s}};
    outlast::pipeline p{std::ref(guard)};
    outlast::world w;
    w.play(p, script{}.fails());
    w.play(p, script{}.fails());
    auto& no = w.play(p, script{});
    if (no.attempts() != 0 || no.outcome().hint != 1s || guard.state(w.time()) != open)
        return false;
    w.advance(1s);
    auto& hung = w.play(p, script{}.hangs());
    w.advance(5s);
    if (guard.state(w.time()) != open)
        return false;
    hung.cancel();
    w.advance(1s);
    auto& good = w.play(p, script{}.succeeds(100ms));
    w.run();
    return good.outcome().ok() && guard.state(w.time()) == closed;
}
static_assert(opens_probes_and_closes());

} // namespace

TEST_CASE("circuit_breaker: a probe whose lease is over has failed, even if it then says nothing") {
    outlast::basic_circuit_breaker<> breaker{
        {.window = outlast::consecutive(1), .open_for = 1s, .probe_lease = 2s}};
    breaker.trip(outlast::instant{});
    auto probe = breaker.start();
    outlast::reading asked{outlast::instant{1s}};
    outlast::verdict v;
    REQUIRE(probe.begin(asked, outlast::never, v).calls_work());
    outlast::reading over{outlast::instant{3500ms}}; // and nobody looked at 3 s
    v = outlast::verdict::neutral(outlast::refusal::cancelled);
    CHECK(probe.settled(over, 0, v) == outlast::step::finish());
    CHECK(breaker.state(outlast::instant{3500ms}) == outlast::circuit_state::open);
}
