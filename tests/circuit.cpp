// SPDX-License-Identifier: BSL-1.0
#include <outlast/circuit.hpp>

#include "support/catch.hpp"
#include "support/print.hpp"
#include "support/script.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

using namespace std::chrono_literals;
using namespace outlast::literals;
using outlast::call_result;
using outlast::circuit;
using outlast::circuit_breaker_options;
using outlast::circuit_cause;
using outlast::circuit_event;
using outlast::circuit_mode;
using outlast::circuit_refusal;
using outlast::circuit_snapshot;
using outlast::circuit_state;
using outlast::consecutive;
using outlast::duration;
using outlast::instant;
using outlast::never;
using outlast::reading;
using outlast::tally;
using outlast::ticket;
using outlast::verdict;
using outlast_tests::at;

namespace {

constexpr auto closed = circuit_state::closed;
constexpr auto open = circuit_state::open;
constexpr auto half_open = circuit_state::half_open;

// A circuit with its own time. Scenarios: minimum 1, one probe and a break of 60 s unless they say
// otherwise.
class bench {
public:
    explicit constexpr bench(const circuit_breaker_options& o) : circuit_(o) {}

    constexpr circuit::admission ask(bool spare = false) {
        reading now{now_};
        return circuit_.admit(now, spare);
    }
    constexpr ticket acquire() {
        const circuit::admission a = ask();
        if (!a.admitted)
            throw "refused"; // a broken test, or a broken circuit: no constant expression either
        return a.with;
    }
    constexpr bool refuses() { return !ask().admitted; }
    constexpr duration retry_after() { return ask().retry_after; }

    // F, S: the call ends so; N: its permit comes back.
    constexpr void end(ticket t, char outcome) {
        reading now{now_};
        if (outcome == 'N')
            circuit_.give_back(t);
        else
            end(t, {.failed = outcome == 'F'});
    }
    constexpr void end(ticket t, const call_result& r) {
        reading now{now_};
        if (!circuit_.record(now, t, r))
            throw "not recorded although the time is known";
    }
    // One call, over at once; it says itself how long it took.
    constexpr circuit_state call(const call_result& r) {
        end(acquire(), r);
        return state();
    }
    // Calls one after the other, each over at once.
    constexpr circuit_state after(std::string_view outcomes) {
        for (const char c : outcomes)
            end(acquire(), c);
        return state();
    }
    constexpr void advance(duration d) { now_ += d; }

    constexpr circuit_state state() { return circuit_.state(now_); }
    constexpr tally window() { return circuit_.window(now_); }
    constexpr circuit& core() { return circuit_; }
    // All that happened since the last look.
    std::vector<circuit_event> events() {
        std::vector<circuit_event> all;
        while (const auto e = circuit_.take_event())
            all.push_back(*e);
        return all;
    }
    // How many led to this state since the last look.
    std::ptrdiff_t changes(circuit_state to) {
        for (; const auto e = circuit_.take_event();)
            ++led_to_[static_cast<std::size_t>(e->to)];
        return std::exchange(led_to_[static_cast<std::size_t>(to)], 0);
    }
    constexpr instant now() const { return now_; }

private:
    circuit circuit_;
    instant now_{};
    std::array<std::ptrdiff_t, 3> led_to_{};
};

std::string times(std::size_t n, char c) { return std::string(n, c); }

constexpr circuit_breaker_options
half_open_options(std::uint32_t probes, outlast::ratio share, duration open_for = 1s) {
    return {.failure_ratio = share, .window = 1, .open_for = open_for, .probes = probes};
}

// Tripped at 0 and waited for: the next call is a probe.
bench half_opened(const circuit_breaker_options& o) {
    bench b{o};
    while (b.state() == closed)
        b.end(b.acquire(), 'F');
    b.advance(o.open_for.series.base);
    REQUIRE(b.state() == half_open);
    return b;
}

} // namespace

// ---- counting windows

TEST_CASE("BC-01 a success can trip") {
    bench b{{.failure_ratio = 50_percent, .window = 20s, .minimum_calls = 5, .open_for = 60s}};
    for (const char* one : {"F", "F", "F", "S"})
        CHECK(b.after(one) == closed);
    CHECK(b.window() == tally{4, 3});
    CHECK(b.events().empty());
    CHECK(b.after("S") == open);
    CHECK(b.core().tripped() == tally{5, 3});
    CHECK(b.events() == std::vector{circuit_event{.from = closed,
                                                  .to = open,
                                                  .why = circuit_cause::failures,
                                                  .counts = {5, 3},
                                                  .open_until = at(60s)}});
    CHECK(b.core().counts().refused() == 0);
    CHECK(b.refuses());
    CHECK(b.core().counts().refused() == 1);
    CHECK(b.core().counts().refused(outlast::circuit_refusal::open) == 1);
    CHECK(b.core().tripped() == tally{5, 3});
    CHECK(b.events().empty());
}

TEST_CASE("BC-02 ring of ten, and a change of mode keeps it") {
    bench b{{.window = 10, .minimum_calls = 10, .open_for = 60s}};
    b.core().set_mode(circuit_mode::shadow);
    b.after("SSFF");
    b.core().set_mode(circuit_mode::isolated);
    CHECK(b.refuses());
    CHECK(b.refuses());
    b.core().set_mode(circuit_mode::shadow);
    CHECK(b.window() == tally{4, 2});
    CHECK(b.core().counts().refused(circuit_refusal::isolated) == 2);
    (void)b.events();
    CHECK(b.after("FFFFSSSS") == closed);
    CHECK(b.window() == tally{10, 6});
    CHECK(b.events().size() == 1); // above
    CHECK(b.after("SSS") == closed);
    CHECK(b.window() == tally{10, 3});
}

TEST_CASE("BC-03 minimum count, then one more failure") {
    const circuit_breaker_options o{
        .failure_ratio = 50_percent, .window = 100, .minimum_calls = 50, .open_for = 60s};
    CHECK(bench{o}.after(times(49, 'F')) == closed);
    bench b{o};
    CHECK(b.after(times(24, 'S') + times(25, 'F')) == closed);
    CHECK(b.after("F") == open);
    CHECK(b.core().tripped() == tally{50, 26});
}

TEST_CASE("BC-04 consecutive failures restart after a success") {
    // The share and the minimum play no part.
    for (const std::uint32_t minimum : {0U, 100U})
        for (const auto share : {1_percent, 100_percent}) {
            bench b{{.failure_ratio = share,
                     .window = consecutive(3),
                     .minimum_calls = minimum,
                     .open_for = 60s}};
            CHECK(b.after("FSFF") == closed);
            CHECK(b.window() == tally{2, 2});
            CHECK(b.after("F") == open);
            CHECK(b.core().tripped() == tally{3, 3});
        }
}

TEST_CASE("BC-05 two of three") {
    bench b{{.failure_ratio = 66_percent, .window = 3, .minimum_calls = 3, .open_for = 60s}};
    CHECK(b.after("FS") == closed);
    CHECK(b.after("F") == open);

    bench c{{.failure_ratio = 75_percent, .window = 4, .minimum_calls = 4, .open_for = 60s}};
    for (const char one : std::string_view{"FSFSFSFSFS"})
        CHECK(c.after({&one, 1}) == closed);
    CHECK(c.after("FF") == open);
}

TEST_CASE("BC-06 rolling of a 100-wide window") {
    bench b{{.window = 100}};
    b.core().set_mode(circuit_mode::shadow);
    for (int i = 0; i != 50; ++i)
        b.after(i % 3 == 0 ? "S" : "F");
    CHECK(b.window() == tally{50, 33});
    b.after(times(100, 'S'));
    CHECK(b.window() == tally{100, 0});
}

TEST_CASE("BC-07 table of trip decisions") {
    struct row {
        std::size_t recorded;
        std::uint32_t minimum;
        std::size_t failed;
        bool trips;
    };
    for (const row& r : {row{10, 10, 0, false}, row{10, 10, 1, true}, row{10, 10, 2, true},
                         row{11, 10, 2, true}, row{11, 10, 1, false}, row{9, 10, 9, false}}) {
        bench b{{.failure_ratio = 10_percent, .minimum_calls = r.minimum, .open_for = 60s}};
        INFO(r.recorded << " recorded, minimum " << r.minimum << ", " << r.failed << " failed");
        CHECK(b.after(times(r.recorded - r.failed, 'S')) == closed);
        for (std::size_t i = 0; i != r.failed && b.state() == closed; ++i)
            b.after("F");
        CHECK((b.state() == open) == r.trips);
    }
}

TEST_CASE("BC-08 no rounding") {
    bench b{{.failure_ratio = 50_percent, .window = 200, .minimum_calls = 200, .open_for = 60s}};
    CHECK(b.after(times(101, 'S') + times(99, 'F')) == closed);
    CHECK(b.window() == tally{200, 99});
    CHECK(b.after("F") == open);
    CHECK(b.core().tripped() == tally{200, 100});
}

// ---- time windows

TEST_CASE("BT-02 five seconds, with pauses") {
    bench b{{.window = 5s}};
    b.core().set_mode(circuit_mode::shadow);
    struct row {
        duration pause;
        const char* outcome;
        tally then;
    };
    for (const row& r :
         {row{0ms, "F", {1, 1}}, row{100ms, "S", {2, 1}}, row{100ms, "S", {3, 1}},
          row{1000ms, "S", {4, 1}}, row{1000ms, "S", {5, 1}}, row{1000ms, "F", {6, 2}},
          row{1000ms, "S", {7, 2}}, row{1000ms, "S", {5, 1}}, row{1000ms, "S", {5, 1}},
          row{5000ms, "S", {1, 0}}}) {
        b.advance(r.pause);
        b.after(r.outcome);
        CHECK(b.window() == r.then);
    }
}

TEST_CASE("BT-03 old results roll off before the trip") {
    const circuit_breaker_options o{
        .failure_ratio = 60_percent, .window = 200ms, .minimum_calls = 3, .open_for = 1s};
    bench b{o};
    b.after("FS");
    b.advance(210ms);
    CHECK(b.after("FS") == closed);
    b.advance(50ms);
    CHECK(b.state() == closed);
    CHECK(b.after("F") == open);

    bench fresh{o};
    fresh.after("FS");
    fresh.advance(199ms);
    CHECK(fresh.after("F") == open);
    CHECK(fresh.core().tripped() == tally{3, 2});
}

TEST_CASE("BT-04 full cycle with exact waits") {
    bench b{{.failure_ratio = 50_percent, .window = 10s, .minimum_calls = 10, .open_for = 1s}};
    CHECK(b.after(times(9, 'F')) == closed);
    CHECK(b.changes(open) == 0);
    CHECK(b.after("F") == open);
    CHECK(b.changes(open) == 1);
    CHECK(b.retry_after() == 1000ms);
    b.advance(500ms);
    CHECK(b.retry_after() == 500ms);
    b.advance(500ms - 1ns);
    CHECK(b.retry_after() == 1ns);
    b.advance(1ns);
    CHECK(b.state() == half_open);
    CHECK(b.after("F") == open);
    CHECK(b.changes(half_open) == 1);
    CHECK(b.changes(open) == 1); // the second time
    CHECK(b.retry_after() == 1000ms);
    b.advance(1000ms);
    CHECK(b.after("S") == closed);
    CHECK(b.changes(closed) == 1);
    CHECK(b.changes(half_open) == 1);
    CHECK(b.changes(open) == 0);
    CHECK(b.window() == tally{});
}

TEST_CASE("BT-05 half at the sixth call") {
    bench b{{.failure_ratio = 50_percent, .window = 20s, .minimum_calls = 5, .open_for = 60s}};
    for (const char one : std::string_view{"SSSFF"}) {
        CHECK(b.after({&one, 1}) == closed);
        b.advance(1s);
    }
    CHECK(b.after("F") == open);
    CHECK(b.core().tripped() == tally{6, 3});
}

TEST_CASE("BT-06 buckets after an idle gap") {
    bench b{{.failure_ratio = 50_percent, .window = 5s, .minimum_calls = 4, .open_for = 60s}};
    for (std::uint32_t second = 0; second != 5; ++second) {
        for (const char one : std::string_view{"SSSFF"})
            CHECK(b.after({&one, 1}) == closed);
        CHECK(b.window() == tally{5 * (second + 1), 2 * (second + 1)});
        b.advance(1s);
    }
    b.advance(55s);
    CHECK(b.now() == at(60s));
    CHECK(b.after("SSFS") == closed);
    CHECK(b.window() == tally{4, 1});
}

// ---- slow calls

namespace {

constexpr circuit_breaker_options
slow_options(outlast::window_span window, std::uint32_t minimum, duration from) {
    return {.window = window, .minimum_calls = minimum, .slow_from = from, .open_for = 60s};
}

} // namespace

TEST_CASE("BS-01 slow rate trips without failures deciding") {
    bench b{slow_options(100, 5, 4s)};
    CHECK(b.call({.failed = true, .took = 5s}) == closed);
    CHECK(b.call({.took = 5s}) == closed);
    CHECK(b.call({.failed = true, .took = 100ms}) == closed);
    CHECK(b.call({.took = 100ms}) == closed);
    CHECK(b.call({.took = 5s}) == open);
    CHECK(b.core().why() == circuit_cause::slow_calls);
    CHECK(b.core().tripped() == tally{5, 2, 3});
}

TEST_CASE("BS-02 aggregates") {
    bench b{slow_options(20s, 100, 4s)};
    b.core().set_mode(circuit_mode::shadow);
    b.call({.took = 10s});
    b.call({.failed = true, .took = 10s});
    for (int i = 0; i != 3; ++i)
        b.call({.took = 100ms});
    CHECK(b.window() == tally{5, 1, 2});
    CHECK(b.core().counts().succeeded == 4);
    CHECK(b.core().counts().failed == 1);
    CHECK(b.core().counts().slow == 2);
    CHECK(b.core().counts().timed == 5);
    CHECK(b.core().counts().took == 20300ms);
    CHECK(b.core().counts().mean() == 4060ms);
}

TEST_CASE("BS-03 slow successes reopen") {
    circuit_breaker_options o = half_open_options(4, 50_percent);
    o.slow_from = 4s;
    bench b = half_opened(o);
    CHECK(b.call({.took = 5s}) == half_open);
    CHECK(b.call({.took = 5s}) == open);
    CHECK(b.core().why() == circuit_cause::probes_slow);
    CHECK(b.core().tripped() == tally{2, 0, 2});
    CHECK(b.refuses());
}

TEST_CASE("BS-04 exactly at the slow limit") {
    circuit_breaker_options o = slow_options(100, 1, 100ms);
    o.slow_ratio = 100_percent;
    CHECK(bench{o}.call({.took = 100ms}) == open);
    CHECK(bench{o}.call({.took = 99ms}) == closed);
    CHECK(bench{o}.call({}) == closed); // nobody knows
}

TEST_CASE("BS-05 calls that hang trip the breaker") {
    bench b{slow_options(10, 4, 1000ms)};
    std::vector<ticket> hung;
    for (int i = 0; i != 4; ++i)
        hung.push_back(b.acquire());
    b.advance(999ms);
    CHECK(b.state() == closed);
    CHECK(b.window() == tally{});
    b.advance(1ms);
    CHECK(b.state() == closed); // only an admission looks
    CHECK(b.retry_after() == 60s);
    CHECK(b.state() == open);
    CHECK(b.core().why() == circuit_cause::slow_calls);
    CHECK(b.core().tripped() == tally{4, 0, 4});
    b.advance(4s);
    for (const ticket t : hung)
        b.end(t, {.took = 5s});
    CHECK(b.state() == open);
    CHECK(b.retry_after() == 56s);
    CHECK(b.core().counts().late == 4);
}

TEST_CASE("circuit: one nanosecond before the limit a call that runs is not slow") {
    bench b{slow_options(10, 4, 1000ms)};
    for (int i = 0; i != 4; ++i)
        (void)b.acquire();
    b.advance(1000ms - 1ns);
    CHECK_FALSE(b.refuses());
    CHECK(b.state() == closed);
    b.advance(1ns);
    CHECK(b.refuses());
}

TEST_CASE("circuit: a call is slow once, whether it is found running or at its end") {
    circuit_breaker_options o = slow_options(10, 4, 1s);
    o.slow_ratio = 100_percent;
    bench b{o};
    const ticket hung = b.acquire();
    b.advance(1s);
    CHECK_FALSE(b.refuses()); // one overdue of one decides nothing
    b.end(hung, {.failed = true, .took = 1s});
    CHECK(b.window() == tally{1, 1, 1});
    CHECK(b.after("N") == closed); // an admission looks again
    CHECK(b.window() == tally{1, 1, 1});
    const ticket cancelled = b.acquire();
    b.advance(2s);
    b.end(cancelled, 'N');
    CHECK(b.window() == tally{1, 1, 1});
}

TEST_CASE("circuit: a failure that takes too long is a failure first") {
    bench b{slow_options(10, 2, 1s)};
    const ticket x = b.acquire();
    const ticket y = b.acquire();
    b.advance(3s);
    b.end(x, {.failed = true, .took = 3s});
    CHECK(b.state() == closed);
    b.end(y, {.failed = true, .took = 3s});
    CHECK(b.state() == open);
    CHECK(b.core().why() == circuit_cause::failures);
}

// ---- half-open

TEST_CASE("BH-02 four permits, reopened as soon as certain") {
    bench b = half_opened(half_open_options(4, 50_percent));
    CHECK(b.after("F") == half_open);
    CHECK(b.after("F") == open);
    CHECK(b.refuses());
    CHECK(b.retry_after() == 1s);
    CHECK(b.core().tripped() == tally{2, 2});
}

TEST_CASE("BH-03 four permits, 25 %") {
    circuit_breaker_options o = half_open_options(4, 50_percent);
    o.window = 10;
    o.minimum_calls = 1;
    bench b = half_opened(o);
    CHECK(b.after("FSS") == half_open);
    CHECK(b.after("S") == closed);
    CHECK(b.window() == tally{});
    b.after("S");
    CHECK(b.window() == tally{1, 0});
}

TEST_CASE("BH-04 ignored outcome gives the permit back") {
    bench b = half_opened(half_open_options(4, 50_percent));
    CHECK(b.after("SSSN") == half_open);
    const ticket last = b.acquire();
    CHECK(b.refuses()); // three answered, one runs
    b.end(last, 'F');
    CHECK(b.state() == closed);
    CHECK(b.window() == tally{});
}

TEST_CASE("BH-05 longest stay") {
    bench b{{.window = 1, .open_for = 500ms, .half_open_for = 1000ms}};
    b.core().half_open(b.now());
    b.advance(999ms);
    CHECK(b.state() == half_open);
    SECTION("somebody asks at once") {
        b.advance(1ms);
        CHECK(b.state() == open);
        CHECK(b.core().why() == circuit_cause::stay_over);
        CHECK(b.retry_after() == 500ms);
        b.advance(500ms - 1ns);
        CHECK(b.state() == open);
        b.advance(1ns);
        CHECK(b.state() == half_open);
    }
    SECTION("nobody asks: the break counts from the end of the stay") {
        b.advance(301ms);
        CHECK(b.retry_after() == 200ms);
    }
    SECTION("a break that has run out begins no stay: the first probe does") {
        b.advance(501ms);
        CHECK(b.state() == half_open);
        b.advance(1h);
        CHECK(b.state() == half_open);
        const ticket probe = b.acquire();
        CHECK(b.retry_after() == 1000ms); // the stay ends before the lease
        b.end(probe, 'N');
        b.advance(1000ms);
        CHECK(b.retry_after() == 500ms);
    }
}

TEST_CASE("BH-06 any failure among three probes reopens") {
    // Two failures in a row open it; a share of 30 % is reached by one of three.
    for (const outlast::window_span window : {outlast::window_span{2}, consecutive(2)}) {
        circuit_breaker_options o =
            half_open_options(3, window.by_row() ? 100_percent : 30_percent);
        o.window = window;
        bench b = half_opened(o);
        CHECK(b.after("SS") == half_open);
        CHECK(b.after("F") == open);
    }
}

TEST_CASE("BH-08 sample of ten with 30 % tolerated") {
    const circuit_breaker_options o = half_open_options(10, 40_percent);
    bench b = half_opened(o);
    for (const char one : std::string_view{"FFFSSSSSS"})
        CHECK(b.after({&one, 1}) == half_open);
    CHECK(b.after("S") == closed);

    bench fresh = half_opened(o);
    CHECK(fresh.after("FFF") == half_open);
    CHECK(fresh.after("SS") == half_open);
    CHECK(fresh.after("F") == open);
}

TEST_CASE("BH-09 old generation is dropped") {
    // At 60 % one old failure among three could not reopen it anyway; at 30 % it would.
    for (const auto share : {60_percent, 30_percent})
        for (const char late : {'S', 'F'}) {
            bench b{{.failure_ratio = share,
                     .window = 10,
                     .minimum_calls = 3,
                     .open_for = 90s,
                     .probes = 3}};
            const ticket l = b.acquire();
            CHECK(b.after("FFF") == open);
            b.advance(90s);
            CHECK(b.state() == half_open);
            CHECK(b.after("SS") == half_open);
            b.end(l, late);
            CHECK(b.state() == half_open);
            CHECK(b.after("S") == closed);
            CHECK(b.window() == tally{});
        }
}

// ---- modes and what is kept

TEST_CASE("BM-02 metrics only") {
    bench b{{.failure_ratio = 50_percent, .window = 100, .minimum_calls = 5}};
    b.core().set_mode(circuit_mode::shadow);
    CHECK(b.events() ==
          std::vector{circuit_event{.mode = circuit_mode::shadow, .why = circuit_cause::by_hand}});
    CHECK(b.after("FFFSS") == closed);
    CHECK(b.window() == tally{5, 3});
    CHECK(b.events() == std::vector{circuit_event{.mode = circuit_mode::shadow,
                                                  .why = circuit_cause::failures,
                                                  .counts = {5, 3}}});
    CHECK(b.after("F") == closed);
    CHECK(b.events().empty());
    b.after("SSS"); // 4 of 9: below, and then above again
    CHECK(b.events().empty());
    b.after("F");
    CHECK(b.events().size() == 1);
}

TEST_CASE("circuit: in the mode shadow, calls that hang are told once and admitted") {
    bench b{slow_options(10, 4, 1s)};
    b.core().set_mode(circuit_mode::shadow);
    (void)b.events();
    for (int i = 0; i != 4; ++i)
        (void)b.acquire();
    b.advance(1s);
    CHECK_FALSE(b.refuses());
    CHECK_FALSE(b.refuses());
    CHECK(b.state() == closed);
    CHECK(b.events() == std::vector{circuit_event{.mode = circuit_mode::shadow,
                                                  .why = circuit_cause::slow_calls,
                                                  .counts = {4, 0, 4}}});
}

TEST_CASE("BM-03 disabled") {
    bench b{{.failure_ratio = 50_percent, .minimum_calls = 5, .open_for = 60s}};
    b.core().set_mode(circuit_mode::disabled);
    CHECK(b.after("SFFFF") == closed);
    CHECK(b.window() == tally{});
    CHECK(b.core().counts() == outlast::circuit_counts{});
    b.core().set_mode(circuit_mode::normal);
    CHECK(b.after("SFFFF") == open);
}

TEST_CASE("BM-04 forced open outlives the break") {
    bench b{{.window = 1, .open_for = 5s}};
    b.core().set_mode(circuit_mode::isolated);
    CHECK(b.ask().why == circuit_refusal::isolated);
    CHECK(b.retry_after() == verdict::no_hint);
    b.advance(6s);
    CHECK(b.refuses());
    CHECK(b.core().mode() == circuit_mode::isolated);
    CHECK(b.core().counts().refused() == 3);
    CHECK(b.window() == tally{});
}

TEST_CASE("circuit: the state waits while the mode is another") {
    bench b{{.window = 1, .open_for = 5s}};
    CHECK(b.after("F") == open);
    b.advance(1s);
    for (const circuit_mode m : {circuit_mode::shadow, circuit_mode::disabled}) {
        b.core().set_mode(m);
        CHECK_FALSE(b.refuses());
        CHECK(b.core().passes());
        b.core().set_mode(circuit_mode::normal);
        CHECK(b.retry_after() == 4s);
    }
    b.core().set_mode(circuit_mode::isolated);
    b.advance(1h);
    CHECK(b.refuses());
    b.core().set_mode(circuit_mode::normal);
    const ticket probe = b.acquire();
    b.core().set_mode(circuit_mode::shadow);
    b.core().set_mode(circuit_mode::normal);
    b.end(probe, 'F'); // forgotten
    CHECK(b.state() == half_open);
    CHECK(b.after("S") == closed); // and its place is free
}

TEST_CASE("circuit: opened by a sign from elsewhere, it finds back by itself") {
    bench b{{.window = 10, .open_for = 5s}};
    b.after("S");
    b.core().trip(b.now());
    CHECK(b.state() == open);
    CHECK(b.core().why() == circuit_cause::by_hand);
    CHECK(b.core().tripped() == tally{1, 0});
    CHECK(b.retry_after() == 5s);
    b.advance(5s);
    CHECK(b.after("S") == closed);
}

TEST_CASE("BM-06 saved and restored between failures") {
    const circuit_breaker_options o{.window = consecutive(2), .open_for = 60s};
    bench b{o};
    CHECK(b.after("F") == closed);
    bench other{o};
    other.core().restore(b.core().snapshot(b.now()));
    CHECK(other.state() == closed);
    CHECK(other.after("F") == open);
}

TEST_CASE("circuit: a snapshot goes on in another process, as old as it is") {
    const circuit_breaker_options o{.window = 10s, .minimum_calls = 2, .open_for = 60s};
    bench b{o};
    b.advance(1000s);
    CHECK(b.after("FF") == open);
    b.advance(20s);
    const circuit_snapshot s = b.core().snapshot(b.now());
    bench other{o}; // it starts at 0, five seconds later
    other.core().restore(s.moved_to(other.now() - 5s));
    CHECK(other.retry_after() == 35s);
    other.advance(35s);
    CHECK(other.after("S") == closed);
}

// ---- how long it is open

TEST_CASE("BM-07 break length grows by a list") {
    const auto by_hand = [](std::uint32_t failed) { return failed == 0 ? 1000ms : 2000ms; };
    for (const outlast::backoff& breaks :
         {outlast::listed(1000ms, 2000ms), outlast::computed(by_hand)}) {
        bench b{{.window = 1, .open_for = breaks}};
        CHECK(b.after("F") == open);
        b.advance(1000ms);
        CHECK(b.after("F") == open);
        CHECK(b.retry_after() == 2000ms);
        b.advance(1000ms);
        CHECK(b.refuses());
        b.advance(1000ms);
        CHECK(b.after("S") == closed);
        CHECK(b.changes(half_open) == 2);
        CHECK(b.after("F") == open);
        CHECK(b.retry_after() == 1000ms); // the list starts anew
        b.advance(1000ms - 1ns);
        CHECK(b.state() == open);
        b.advance(1ns);
        CHECK(b.state() == half_open);
    }
}

TEST_CASE("circuit: it knows when time alone may change its state") {
    bench b{{.window = 1, .open_for = 10s, .probes = 2, .probe_lease = 3s, .half_open_for = 5s}};
    const auto next = [&] { return b.core().next_change(b.now()); };
    CHECK(next() == never);
    CHECK(b.after("F") == open);
    CHECK(next() == at(10s));
    b.core().set_mode(circuit_mode::isolated);
    CHECK(next() == never);
    b.core().set_mode(circuit_mode::normal);
    b.advance(10s);
    CHECK(next() == never); // half-open by now, and nobody probes
    b.advance(1s);
    const ticket first = b.acquire();
    CHECK(next() == at(14s)); // a lease
    b.advance(2s);
    (void)b.acquire();
    b.end(first, 'N');
    CHECK(next() == at(16s)); // its lease and the stay end together
    b.advance(3s - 1ns);
    CHECK(b.state() == half_open);
    b.advance(1ns);
    CHECK(b.state() == open);
    CHECK(next() == at(26s));
    b.core().close();
    CHECK(next() == never);
}

TEST_CASE("circuit: each of a window of both leaves at its own instant") {
    bench b{{.failure_ratio = 50_percent,
             .window = outlast::exactly(20, 10s),
             .minimum_calls = 2,
             .open_for = 60s}};
    CHECK(b.after("F") == closed);
    b.advance(9999ms);
    CHECK(b.window() == tally{1, 1}); // a tenth of the span late it would be gone from slices
    const circuit_snapshot saved = b.core().snapshot(b.now());
    CHECK(b.after("F") == open);
    CHECK(b.core().tripped() == tally{2, 2});
    bench later{b.core().options()};
    later.core().restore(saved.moved_to(at(1ms)));
    later.advance(1ms);
    CHECK(later.window() == tally{1, 1});
    later.advance(1ms);
    CHECK(later.window() == tally{});
    CHECK(later.after("F") == closed);
}

namespace {

// Trips, waits, probes with success, is healthy for a while, and so on: the breaks.
std::vector<duration> breaks(const circuit_breaker_options& o, std::vector<duration> healthy) {
    bench b{o};
    std::vector<duration> all;
    for (const duration h : healthy) {
        REQUIRE(b.after("F") == open);
        all.push_back(b.retry_after());
        b.advance(all.back());
        REQUIRE(b.after("S") == closed);
        b.advance(h);
    }
    return all;
}

} // namespace

TEST_CASE("BM-08 doubling with memory") {
    circuit_breaker_options o{
        .window = 1, .open_for = outlast::exponential(10s).capped(200s), .flap_memory = 200s};
    CHECK(breaks(o, {100s, 100s, 210s, 200s, 200s - 1ns, 0s}) ==
          std::vector<duration>{10s, 20s, 40s, 10s, 10s, 20s});
    o.open_for = outlast::exponential(10s).capped(11s);
    CHECK(breaks(o, {5s, 5s}) == std::vector<duration>{10s, 11s});
    o.flap_memory = 0s;
    CHECK(breaks(o, {100s, 100s, 0s}) == std::vector<duration>{10s, 10s, 10s});
}

TEST_CASE("circuit: closing by hand starts the series anew, half-open by hand does not") {
    for (const duration memory : {0s, 1000s}) {
        bench b{{.window = 1, .open_for = outlast::exponential(10s), .flap_memory = memory}};
        CHECK(b.after("F") == open);
        b.core().half_open(b.now());
        CHECK(b.after("F") == open);
        CHECK(b.retry_after() == 20s);
        b.core().close();
        CHECK(b.after("F") == open);
        CHECK(b.retry_after() == 10s);
    }
}

TEST_CASE("circuit: the failure that opens it may say for how long, up to a cap") {
    circuit_breaker_options o{.window = 1, .open_for = 10s, .hint_cap = 60s};
    const auto open_for = [&](duration hint) {
        bench b{o};
        CHECK(b.call({.failed = true, .hint = hint}) == open);
        return b.retry_after();
    };
    CHECK(open_for(verdict::no_hint) == 10s);
    CHECK(open_for(-1s) == 10s); // do not try again: this call, not all
    CHECK(open_for(3s) == 10s);
    CHECK(open_for(30s) == 30s);
    CHECK(open_for(1h) == 60s);
    o.hint_cap = 0s;
    CHECK(open_for(30s) == 10s);
    // A probe may say so too.
    bench b{{.window = 1, .open_for = 10s}};
    b.after("F");
    b.advance(10s);
    CHECK(b.call({.failed = true, .hint = 30s}) == open);
    CHECK(b.retry_after() == 30s);
}

TEST_CASE("circuit: a failure that says when to come back opens it, if that is wanted") {
    circuit_breaker_options o{.window = 100, .open_for = 1s};
    CHECK(bench{o}.call({.failed = true, .hint = 30s}) == closed);
    o.open_on_hint = true;
    CHECK(bench{o}.call({.failed = true}) == closed);
    CHECK(bench{o}.call({.failed = true, .hint = 0s}) == closed);
    CHECK(bench{o}.call({.hint = 30s}) == closed);
    bench b{o};
    CHECK(b.call({.failed = true, .hint = 30s}) == open);
    CHECK(b.core().why() == circuit_cause::server_hint);
    CHECK(b.retry_after() == 30s);
}

// ---- closed again, slowly

TEST_CASE("circuit: after the probes a share of the calls that grows") {
    circuit_breaker_options o = half_open_options(1, 50_percent);
    o.window = 100;
    o.minimum_calls = 2;
    o.ramp_for = 10s;
    bench b{o};
    CHECK(b.core().passes());
    CHECK(b.after("FF") == open);
    b.advance(1s);
    CHECK(b.after("S") == closed);
    CHECK_FALSE(b.core().passes());
    CHECK_FALSE(b.refuses()); // the first
    CHECK(b.ask().why == circuit_refusal::ramping);
    CHECK(b.retry_after() == 10s);
    b.advance(5s);
    int admitted = 0;
    for (int i = 0; i != 100; ++i)
        admitted += !b.refuses();
    CHECK(admitted == 50);
    CHECK(b.ask().retry_after == 5s);
    SECTION("until it is over") {
        b.advance(5s);
        CHECK_FALSE(b.refuses());
        CHECK(b.core().passes());
    }
    SECTION("or it opens again") {
        for (int failures = 0; failures != 2;) {
            CHECK(b.state() == closed);
            if (const circuit::admission a = b.ask(); a.admitted)
                b.end(a.with, 'F'), ++failures;
        }
        CHECK(b.state() == open);
        CHECK(b.retry_after() == 1s);
    }
    SECTION("closed by hand it is closed") {
        b.core().close();
        CHECK(b.core().passes());
    }
}

// ---- what it tells

TEST_CASE("circuit: each change is told once, with its reason") {
    bench b{{.window = 1, .open_for = 1s, .probe_lease = 2s}};
    CHECK(b.events().empty());
    b.after("F");
    CHECK(b.events() == std::vector{circuit_event{.from = closed,
                                                  .to = open,
                                                  .why = circuit_cause::failures,
                                                  .counts = {1, 1},
                                                  .open_until = at(1s)}});
    b.advance(1s);
    (void)b.acquire();
    CHECK(b.events() == std::vector{circuit_event{
                            .from = open, .to = half_open, .why = circuit_cause::break_over}});
    b.advance(1h); // the lease was over at 3 s, the break at 4 s
    CHECK(b.state() == half_open);
    CHECK(b.events() ==
          std::vector{
              circuit_event{.from = half_open,
                            .to = open,
                            .why = circuit_cause::lease_over,
                            .counts = {1, 1},
                            .open_until = at(4s)},
              circuit_event{.from = open, .to = half_open, .why = circuit_cause::break_over}});
    b.after("S");
    CHECK(
        b.events() ==
        std::vector{circuit_event{
            .from = half_open, .to = closed, .why = circuit_cause::probes_good, .counts = {1, 0}}});
    b.core().close(); // it is
    b.core().set_mode(circuit_mode::normal);
    CHECK(b.events().empty());
    b.core().set_mode(circuit_mode::isolated);
    b.core().close();
    CHECK(b.events() ==
          std::vector{circuit_event{.mode = circuit_mode::isolated, .why = circuit_cause::by_hand},
                      circuit_event{.why = circuit_cause::by_hand}});
}

TEST_CASE("circuit: of what nobody takes the newest stays") {
    bench b{{.window = 1, .open_for = 1s}};
    for (int i = 0; i != 5; ++i) {
        b.core().trip(b.now());
        b.core().close();
    }
    b.core().trip(b.now());
    const auto all = b.events();
    REQUIRE(all.size() == 4);
    CHECK(all[0].to == closed);
    CHECK(all[3].to == open);
}

TEST_CASE("circuit: it counts what became of calls") {
    bench b{{.window = 4, .minimum_calls = 4, .open_for = 1s}};
    const ticket late = b.acquire();
    const ticket cancelled = b.acquire();
    b.after("SNSF");
    b.after("F");
    CHECK(b.refuses());
    b.end(late, 'F');
    b.end(cancelled, 'N');
    b.advance(1s);
    const ticket probe = b.acquire();
    CHECK(b.refuses());
    b.end(probe, 'S');
    const outlast::circuit_counts& c = b.core().counts();
    CHECK(c.succeeded == 3);
    CHECK(c.failed == 2);
    CHECK(c.neutral == 2);
    CHECK(c.late == 1);
    CHECK(c.refused(circuit_refusal::open) == 1);
    CHECK(c.refused(circuit_refusal::probing) == 1);
}

// ---- for who counts successes elsewhere

TEST_CASE("circuit: it passes, is quiet, refuses") {
    bench b{{.window = consecutive(2), .open_for = 5s}};
    CHECK(b.core().passes());
    CHECK(b.core().quiet());
    CHECK(b.core().refuses_until() == instant::min());
    b.after("F");
    CHECK(b.core().passes());
    CHECK_FALSE(b.core().quiet());
    const auto before = b.core().generation();
    b.core().add_successes(3, b.now());
    CHECK(b.core().quiet());
    CHECK(b.core().generation() == before);
    b.after("FF");
    CHECK_FALSE(b.core().passes());
    CHECK_FALSE(b.core().quiet());
    CHECK(b.core().refuses_until() == at(5s));
    CHECK(b.core().generation() != before);
    b.core().add_successes(2, b.now());
    CHECK(b.core().counts().late == 2);
    CHECK(b.core().counts().succeeded == 3);
    b.core().set_mode(circuit_mode::isolated);
    CHECK(b.core().refuses_until() == outlast::never);
    b.core().set_mode(circuit_mode::disabled);
    CHECK(b.core().refuses_until() == instant::min());
    CHECK(b.core().passes());
    CHECK(b.core().quiet());
    b.core().add_successes(2, b.now());
    CHECK(b.core().counts().succeeded == 3);
    CHECK_FALSE(bench{slow_options(10, 1, 1s)}.core().passes());
}

// ---- other options

TEST_CASE("circuit: reconfigured it keeps what the new options can hold") {
    bench b{{.window = 10, .minimum_calls = 10, .open_for = outlast::linear(10s)}};
    b.after("SSFFF");
    const auto before = b.core().generation();
    const ticket running = b.acquire();
    b.core().reconfigure({.window = 4, .minimum_calls = 4, .open_for = outlast::linear(5s)});
    CHECK(b.window() == tally{4, 3});
    CHECK(b.core().generation() > before);
    CHECK(b.core().options().window.calls == 4);
    b.end(running, 'F'); // admitted under other rules
    CHECK(b.state() == closed);
    CHECK(b.after("F") == open);
    CHECK(b.retry_after() == 5s);
    b.core().reconfigure({.window = 10s, .open_for = outlast::linear(20s), .probes = 2});
    CHECK(b.retry_after() == 5s); // the break under way
    CHECK(b.core().counts().refused() == 2);
    b.advance(5s);
    const ticket probe = b.acquire();
    b.end(probe, 'S');
    CHECK(b.state() == half_open);
    b.core().reconfigure(
        {.failure_ratio = 10_percent, .open_for = outlast::linear(20s), .probes = 3});
    CHECK(b.after("S") == half_open);
    CHECK(b.after("F") == open);
    CHECK(b.core().tripped() == tally{3, 1});
    CHECK(b.retry_after() == 40s); // the second of the series
}

// ---- laws

TEST_CASE("law 2: a late verdict of an earlier generation changes nothing that counts") {
    circuit_breaker_options o = half_open_options(2, 50_percent);
    o.window = 4;
    o.minimum_calls = 2;
    bench b{o};
    const ticket old_closed[] = {b.acquire(), b.acquire(), b.acquire()};
    CHECK(b.after("FF") == open);
    b.end(old_closed[0], 'S');
    b.end(old_closed[1], 'F');
    CHECK(b.state() == open);
    CHECK(b.retry_after() == 1s);
    b.advance(1s);

    const ticket probe = b.acquire();
    b.end(old_closed[2], 'N'); // gives back no place of this generation
    const ticket second = b.acquire();
    CHECK(b.refuses());
    b.end(probe, 'S');
    b.end(second, 'S');
    CHECK(b.state() == closed);

    b.end(second, 'F'); // whatever an old probe says twice
    b.end(probe, 'N');
    CHECK(b.window() == tally{});
    b.after("S");
    b.end(old_closed[2], 'F');
    CHECK(b.window() == tally{1, 0});
}

TEST_CASE("law 2: a probe that never ends has failed at the end of its lease, though nobody asks") {
    circuit_breaker_options o = half_open_options(1, 50_percent);
    o.probe_lease = 2s;
    bench b = half_opened(o);
    const ticket hung = b.acquire();
    b.advance(1999ms);
    CHECK(b.refuses());
    CHECK(b.retry_after() == 1ms);
    b.advance(501ms); // at 2500 ms of the lease: it ended at 2000, the break until 3000
    CHECK(b.retry_after() == 500ms);
    b.end(hung, 'S');
    CHECK(b.retry_after() == 500ms);
    b.advance(500ms);
    CHECK(b.after("S") == closed);
}

TEST_CASE(
    "law 2: the result of a probe whose lease is over is too late, if it is the first to ask") {
    circuit_breaker_options o = half_open_options(1, 50_percent);
    o.probe_lease = 2s;
    SECTION("a success") {
        bench b = half_opened(o);
        const ticket hung = b.acquire();
        b.advance(2s);
        b.end(hung, 'S');
        CHECK(b.state() == open);
        CHECK(b.retry_after() == 1s);
    }
    SECTION("a success one nanosecond earlier counts") {
        bench b = half_opened(o);
        const ticket slow = b.acquire();
        b.advance(2s - 1ns);
        b.end(slow, 'S');
        CHECK(b.state() == closed);
    }
    SECTION("a failure long after, when the break has passed as well") {
        bench b = half_opened(o);
        const ticket hung = b.acquire();
        b.advance(1h);
        b.end(hung, 'F');
        CHECK(b.state() == half_open);
        CHECK(b.after("S") == closed);
    }
}

TEST_CASE("law 2: of several probes that hang, each ends by its own lease") {
    circuit_breaker_options o = half_open_options(4, 75_percent);
    o.probe_lease = 2s;
    bench b = half_opened(o);
    (void)b.acquire();
    b.advance(500ms);
    (void)b.acquire();
    (void)b.acquire();
    b.advance(500ms);
    (void)b.acquire();
    CHECK(b.retry_after() == 1s); // the first lease
    b.advance(1s);
    CHECK(b.state() == half_open); // one of four
    CHECK(b.retry_after() == 500ms);
    b.advance(500ms - 1ns);
    CHECK(b.state() == half_open);
    b.advance(1ns); // two more at once: 75 %
    CHECK(b.state() == open);
    CHECK(b.retry_after() == 1s);
}

TEST_CASE("circuit: leases that end may also close it") {
    circuit_breaker_options o = half_open_options(4, 50_percent);
    o.probe_lease = 2s;
    bench b = half_opened(o);
    (void)b.acquire();
    b.after("SSS");
    CHECK(b.state() == half_open);
    b.advance(2s);
    CHECK(b.state() == closed); // one failed of four
}

TEST_CASE("circuit: at most as many probes at once as are permitted, each place used again") {
    bench b = half_opened(half_open_options(3, 50_percent));
    const ticket a = b.acquire();
    const ticket c = b.acquire();
    const ticket d = b.acquire();
    CHECK(b.refuses());
    b.end(c, 'N');
    const ticket e = b.acquire();
    CHECK(b.refuses());
    b.end(a, 'S');
    b.end(d, 'S');
    CHECK(b.state() == half_open);
    b.end(e, 'S');
    CHECK(b.state() == closed);
}

TEST_CASE("circuit: held back, only a call that loses nothing probes first") {
    circuit_breaker_options o = half_open_options(2, 50_percent);
    o.hold_back = 3s;
    o.probe_lease = 5s;
    bench b = half_opened(o);
    CHECK(b.refuses());
    CHECK(b.retry_after() == 3s);
    b.advance(1s);
    const circuit::admission spare = b.ask(true);
    REQUIRE(spare.admitted);
    SECTION("the others wait for it, past the time to hold back too") {
        CHECK(b.retry_after() == 5s); // its lease
        b.advance(2s);
        CHECK(b.refuses());
        CHECK(b.retry_after() == 3s);
        CHECK(b.ask(true).admitted); // a second one that loses nothing
    }
    SECTION("they follow once it is good") {
        b.end(spare.with, 'S');
        CHECK(b.state() == half_open);
        CHECK(b.after("S") == closed);
    }
    SECTION("they follow when the time is over and none is running") {
        b.end(spare.with, 'N');
        CHECK(b.retry_after() == 2s);
        b.advance(2s - 1ns);
        CHECK(b.refuses());
        b.advance(1ns);
        CHECK(b.ask().admitted);
    }
    SECTION("its failure opens it again, and the time to hold back starts anew") {
        b.end(spare.with, 'F');
        CHECK(b.state() == open);
        b.advance(1s);
        CHECK(b.state() == half_open);
        CHECK(b.retry_after() == 3s);
    }
}

TEST_CASE("circuit: closed or open it holds nobody back, and nobody by default") {
    circuit_breaker_options o = half_open_options(1, 50_percent);
    o.hold_back = 3s;
    bench b{o};
    CHECK(b.ask().admitted);
    CHECK(b.after("F") == open);
    CHECK(b.retry_after() == 1s);
    CHECK_FALSE(b.ask(true).admitted);
    CHECK(b.ask(true).retry_after == 1s);
    CHECK(half_opened(half_open_options(1, 50_percent)).ask().admitted);
}

TEST_CASE("circuit: isolated by hand it refuses until it is closed by hand") {
    bench b{{.window = 1, .open_for = 1s}};
    b.core().set_mode(circuit_mode::isolated);
    CHECK(b.core().mode() == circuit_mode::isolated);
    CHECK(b.refuses());
    CHECK(b.retry_after() == verdict::no_hint);
    b.advance(1h);
    CHECK(b.refuses());
    b.core().close();
    CHECK(b.core().mode() == circuit_mode::normal);
    CHECK(b.after("S") == closed);
}

TEST_CASE("circuit: what was admitted before an order by hand is forgotten with it") {
    bench b{{.window = 1, .open_for = 1s}};
    const ticket before = b.acquire();
    b.core().set_mode(circuit_mode::isolated);
    b.core().close();
    b.end(before, 'F');
    CHECK(b.state() == closed);
    CHECK(b.window() == tally{});
    b.after("F");
    CHECK(b.state() == open);
    b.core().close();
    CHECK(b.after("S") == closed);
}

TEST_CASE("law 4: a circuit wants the time only for what needs it") {
    struct clock {
        int asked = 0;
        static instant ask(void* self) { return ++static_cast<clock*>(self)->asked, instant{}; }
    } c;
    circuit core{{.window = 4, .minimum_calls = 2}};
    {
        reading now{&clock::ask, &c};
        const circuit::admission a = core.admit(now);
        CHECK(a.admitted);
        CHECK(core.record(now, a.with, {.failed = false})); // a success in a window of calls
        CHECK(core.record(now, core.admit(now).with, {.failed = false}));
        CHECK(c.asked == 0);
        // The failure that opens it: nothing is recorded until the time is known.
        const ticket t = core.admit(now).with;
        CHECK(core.record(now, t, {.failed = true})); // one of three
        const ticket u = core.admit(now).with;
        CHECK_FALSE(core.record(now, u, {.failed = true}));
        CHECK(c.asked == 0);
        (void)now.get();
        CHECK(core.record(now, u, {.failed = true}));
        CHECK(core.state(instant{}) == open);
    }
    reading now{&clock::ask, &c};
    CHECK(core.admit(now).needs_time);
    CHECK_FALSE(core.admit(now).admitted);
    CHECK(c.asked == 1);

    circuit by_time{{.window = 10s}}; // it must know when
    const ticket t = by_time.admit(now).with;
    CHECK_FALSE(by_time.record(now, t, {.failed = false}));
    CHECK(c.asked == 1);
    CHECK(now.get() == at(0s));
    CHECK(by_time.record(now, t, {.failed = false}));
    CHECK(by_time.window(at(0s)) == tally{1, 0});
}

TEST_CASE("circuit: only the reading that it is handed moves it") {
    // There is no other clock: the same story, told an hour or a century later, is the same.
    for (const duration offset : {duration{0}, duration{1h}, duration{24h * 36500}}) {
        bench b{{.failure_ratio = 100_percent, .window = 2, .open_for = 1s}};
        b.advance(offset);
        CHECK(b.after("FF") == open);
        b.advance(600ms);
        CHECK(b.retry_after() == 400ms);
        b.advance(-100ms); // a reading that another thread took earlier
        CHECK(b.retry_after() == 500ms);
        CHECK(b.state() == open);
        b.advance(500ms);
        CHECK(b.after("S") == closed);
    }
}

TEST_CASE("circuit: an open time without end saturates") {
    bench b{{.window = 1, .open_for = outlast::forever}};
    b.advance(1h);
    CHECK(b.after("F") == open);
    CHECK(b.retry_after() == outlast::forever);
    b.advance(24h * 36500);
    CHECK(b.refuses());
}

// ---- in a constant expression

namespace {

constexpr bool opens_and_closes() {
    bench b{half_open_options(2, outlast::ratio::of(0.5))};
    if (b.after("F") != open || !b.refuses() || b.retry_after() != 1s)
        return false;
    b.advance(1s);
    const ticket a = b.acquire();
    const ticket c = b.acquire();
    if (!b.refuses())
        return false;
    b.end(a, 'S');
    b.end(c, 'S');
    return b.state() == closed;
}
static_assert(opens_and_closes());

constexpr bool finds_what_hangs() {
    bench b{slow_options(10, 2, 1s)};
    (void)b.acquire();
    (void)b.acquire();
    b.advance(1s);
    if (!b.refuses() || b.core().why() != circuit_cause::slow_calls)
        return false;
    const circuit_snapshot saved = b.core().snapshot(b.now());
    b.core().close();
    b.core().restore(saved);
    b.core().reconfigure(half_open_options(1, outlast::ratio::of(0.5)));
    return b.retry_after() == 60s;
}
static_assert(finds_what_hangs());

} // namespace
