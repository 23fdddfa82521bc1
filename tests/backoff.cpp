// SPDX-License-Identifier: BSL-1.0
#include <outlast/backoff.hpp>

#include "support/catch.hpp"
#include "support/print.hpp"
#include "support/script.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <random>

using namespace std::chrono_literals;
using outlast::backoff;
using outlast::constant;
using outlast::duration;
using outlast::exponential;
using outlast::forever;
using outlast::fraction;
using outlast::jitter;
using outlast::linear;
using outlast_tests::times;

namespace {

// The delays of retries 1 … n, the same draw for each.
constexpr times delays(const backoff& series, int n, fraction draw = 0) {
    times t;
    backoff::progress so_far;
    for (int i = 0; i != n; ++i)
        t.push_back(series.next(so_far, draw));
    return t;
}

// Not constexpr: the compiler would sum up tens of thousands of delays itself, over and over.
duration longest(const backoff& series, std::uint32_t delays, duration hint) {
    return series.longest(delays, hint);
}

// n / 10 as a fraction, rounded up, so that products come out whole.
constexpr fraction tenths(unsigned n) { return (UINT64_MAX / 10 + 1) * n; }

constexpr fraction half = fraction{1} << 63U;
constexpr fraction most = UINT64_MAX;

} // namespace

TEST_CASE("RT-03 exponential growth saturates") {
    CHECK(delays(exponential(1000ms), 3) == times{1000ms, 2000ms, 4000ms});
    CHECK(delays(exponential(10000ms).capped(1000ms), 1) == times{1000ms});
    CHECK(delays(exponential(24h).capped(48h), 1000).back() == 48h);
    CHECK(delays(exponential(24h), 1000).back() == forever);
    for (const duration d : delays(exponential(24h), 1000))
        REQUIRE(d > 0s);
}

TEST_CASE("RT-04 proportional jitter") {
    const backoff series = constant(1000ms).with(jitter::proportional);
    CHECK(series.drawn(1000ms, 0) == 750ms);
    CHECK(series.drawn(1000ms, tenths(4)) == 950ms);
    CHECK(series.drawn(1000ms, tenths(6)) == 1050ms);
    CHECK(series.drawn(1000ms, half) == 1000ms);
    CHECK(series.drawn(1000ms, most) < 1250ms);
    CHECK(series.drawn(1000ms, most) >= 1250ms - 2ns);
}

TEST_CASE("RT-11 exponential with cap, by steps") {
    CHECK(delays(exponential(1ms).capped(10ms), 6) == times{1ms, 2ms, 4ms, 8ms, 10ms, 10ms});
}

TEST_CASE("backoff: constant and linear series") {
    CHECK(delays(constant(500ms), 3) == times{500ms, 500ms, 500ms});
    CHECK(delays(linear(2000ms), 3) == times{2000ms, 4000ms, 6000ms});
    CHECK(delays(linear(2000ms).capped(123ms), 3) == times{123ms, 123ms, 123ms});
    CHECK(delays(constant(0ms), 2) == times{0ms, 0ms});
    CHECK(delays(linear(24h * 36500), 1000).back() == forever);
    STATIC_REQUIRE(delays(exponential(1ms, 3.0), 3) == times{1ms, 3ms, 9ms});
}

TEST_CASE("backoff: a factor is kept in thousandths, and a broken one is refused") {
    CHECK(delays(exponential(100ms, 1.5), 3) == times{100ms, 150ms, 225ms});
    CHECK(exponential(1s, 1.0).valid());
    CHECK(exponential(1s, 1'000'000.0).valid());
    for (const double factor :
         {0.0, 0.5, 0.999, -2.0, 1e7, std::numeric_limits<double>::quiet_NaN(),
          std::numeric_limits<double>::infinity(), -std::numeric_limits<double>::infinity()})
        CHECK_FALSE(exponential(1s, factor).valid());
}

TEST_CASE("backoff: negative lengths are refused, zero is not") {
    CHECK(backoff{}.valid());
    CHECK_FALSE(constant(-1ns).valid());
    CHECK_FALSE(linear(-1ns).valid());
    CHECK_FALSE((backoff{.base = 1s, .step = -1ns}.valid()));
    CHECK_FALSE(constant(1s).capped(-1ns).valid());
    CHECK(constant(1s).capped(0ns).valid());
}

TEST_CASE("backoff: what each kind of chance does with draws of 0, a half and almost 1") {
    const auto drawn = [](jitter kind, fraction draw) {
        return constant(1000ms).with(kind).drawn(1000ms, draw);
    };
    CHECK(drawn(jitter::none, 0) == 1000ms);
    CHECK(drawn(jitter::none, half) == 1000ms);
    CHECK(drawn(jitter::none, most) == 1000ms);

    CHECK(drawn(jitter::full, 0) == 0ms);
    CHECK(drawn(jitter::full, half) == 500ms);
    CHECK(drawn(jitter::full, most) == 1000ms - 1ns);

    CHECK(drawn(jitter::equal, 0) == 500ms);
    CHECK(drawn(jitter::equal, half) == 750ms);
    CHECK(drawn(jitter::equal, most) == 1000ms - 1ns);

    CHECK(drawn(jitter::proportional, 0) == 750ms);
    CHECK(drawn(jitter::proportional, half) == 1000ms);
    CHECK(drawn(jitter::proportional, most) == 1250ms - 2ns);
}

TEST_CASE("law 12: the cap comes last, after growth and chance") {
    for (const jitter kind : {jitter::none, jitter::full, jitter::equal, jitter::proportional})
        for (const fraction draw : {fraction{0}, half, most}) {
            const backoff series = exponential(100ms).with(kind).capped(110ms);
            CHECK(series.drawn(100ms, draw) <= 110ms);
            CHECK(series.drawn(forever, draw) <= 110ms);
        }
    // Not cut before chance: a delay below the cap keeps its whole spread.
    CHECK(constant(100ms).with(jitter::proportional).capped(110ms).drawn(100ms, half) == 100ms);
    CHECK(constant(100ms).with(jitter::proportional).capped(110ms).drawn(100ms, most) == 110ms);
    // Cut after it: what would be cut to 110 ms before chance would come to 82.5 ms here.
    CHECK(constant(200ms).with(jitter::proportional).capped(110ms).drawn(200ms, 0) == 110ms);
}

TEST_CASE("backoff: full and equal chance spread what the cap leaves") {
    // Not all of it at the cap, or callers return together after all.
    CHECK(constant(10s).with(jitter::full).capped(1s).drawn(10s, half) == 500ms);
    CHECK(constant(10s).with(jitter::equal).capped(1s).drawn(10s, half) == 750ms);
}

TEST_CASE("backoff: no overflow at the end of time, whatever the chance") {
    for (const jitter kind : {jitter::none, jitter::full, jitter::equal, jitter::proportional})
        for (const fraction draw : {fraction{0}, half, most}) {
            const duration d = constant(forever).with(kind).drawn(forever, draw);
            CHECK(d >= 0s);
            CHECK(d <= forever);
        }
    CHECK(constant(forever).with(jitter::proportional).drawn(forever, most) == forever);
    CHECK(linear(forever).grown(forever) == forever);
    CHECK(exponential(forever).grown(forever) == forever);
}

TEST_CASE("backoff: every delay is within its bounds, for any series") {
    std::mt19937_64 chance{1};
    for (int i = 0; i != 5'000; ++i) {
        const auto span = [&] { return duration{static_cast<std::int64_t>(chance() % 1'000'000)}; };
        const auto kind = static_cast<jitter>(chance() % 4);
        const backoff series{.base = span(),
                             .step = chance() % 2 ? span() : 0ns,
                             .factor_millis = 1000 + static_cast<std::uint32_t>(chance() % 3000),
                             .cap = chance() % 2 ? forever : span(),
                             .chance = kind};
        REQUIRE(series.valid());
        duration plain = series.base;
        for (int k = 0; k != 20; ++k) {
            const duration d = series.drawn(plain, chance());
            const duration cut = std::min(plain, series.cap);
            const duration low = kind == jitter::none             ? cut
                                 : kind == jitter::full           ? 0ns
                                 : kind == jitter::equal          ? cut / 2
                                 : plain - plain / 4 < series.cap ? plain - plain / 4
                                                                  : series.cap;
            const duration high =
                kind == jitter::proportional ? std::min(plain + plain / 4, series.cap) : cut;
            INFO("attempt " << k << ", plain " << plain.count() << ", cap " << series.cap.count());
            REQUIRE(d >= low);
            REQUIRE(d <= high);
            const duration next = series.grown(plain);
            REQUIRE(next >= plain);
            plain = next;
        }
    }
}

TEST_CASE("backoff: the spread of proportional jitter can be set") {
    const auto by = [](double spread, fraction draw) {
        return constant(1000ms)
            .with(jitter::proportional, outlast::ratio::of(spread))
            .drawn(1000ms, draw);
    };
    CHECK(by(0.5, 0) == 500ms);
    CHECK(by(0.5, half) == 1000ms);
    CHECK(by(1, 0) == 0ms);
    CHECK(by(1, half) == 1000ms);
    CHECK(by(0, most) == 1000ms);
    CHECK_FALSE(constant(1s).with(jitter::proportional, outlast::ratio::of(1.1)).valid());
}

TEST_CASE("backoff: a list, its last delay repeated, with chance and cap as any other") {
    using outlast::listed;
    CHECK(delays(listed(5ms), 3) == times{5ms, 5ms, 5ms});
    CHECK(delays(listed(1s, 2ms, 3s), 5) == times{1s, 2ms, 3s, 3s, 3s});
    CHECK(delays(listed(1s, 2ms, 3s).capped(2s), 4) == times{1s, 2ms, 2s, 2s});
    CHECK(delays(listed(1s, 2ms).with(jitter::full), 2, half) == times{500ms, 1ms});
    CHECK(delays(listed(1ms, 2ms, 3ms, 4ms, 5ms, 6ms, 7ms, 8ms), 9).back() == 8ms);
    STATIC_REQUIRE(delays(listed(1s, 2s), 3) == times{1s, 2s, 2s});
    // What a function says, from its number on; asked now, so it may have captures.
    const int unit = 3;
    const auto squares = [&](std::uint32_t n) { return duration{1ms} * (unit * n * n); };
    CHECK(delays(outlast::computed(squares), 10) ==
          times{0ms, 3ms, 12ms, 27ms, 48ms, 75ms, 108ms, 147ms, 147ms, 147ms});
    CHECK(delays(outlast::computed(squares).capped(50ms), 6).back() == 50ms);
    CHECK_FALSE(outlast::computed([](std::uint32_t n) { return n == 7 ? -1ms : 1ms; }).valid());
    CHECK_FALSE(listed(1s, -1ns).valid());
    CHECK_FALSE(listed(1s).with(jitter::decorrelated).valid());
}

TEST_CASE("backoff: the decorrelated series") {
    using outlast::decorrelated;
    CHECK(delays(decorrelated(100ms), 3, 0) == times{100ms, 100ms, 100ms});
    CHECK(delays(decorrelated(100ms), 3, half) == times{200ms, 350ms, 575ms});
    CHECK(delays(decorrelated(100ms).capped(300ms), 3, half) == times{200ms, 300ms, 300ms});
    CHECK(delays(decorrelated(100ms).capped(50ms), 2, half) == times{50ms, 50ms});
    CHECK(delays(decorrelated(24h), 1000, most).back() <= forever);
    CHECK(delays(decorrelated(24h), 1000, most).back() > 24h * 10000);
    CHECK(delays(decorrelated(0s), 3, half) == times{0s, 0s, 0s});
    std::mt19937_64 chance{3};
    for (int i = 0; i != 500; ++i) {
        const backoff series = decorrelated(1ms).capped(1s);
        backoff::progress so_far;
        duration before = 1ms;
        for (int k = 0; k != 20; ++k) {
            const duration d = series.next(so_far, chance());
            REQUIRE(d >= 1ms);
            REQUIRE(d <= std::min<duration>(before * 3, 1s));
            before = d;
        }
    }
}

TEST_CASE("backoff: the smooth series is the difference of two points on its curve") {
    std::mt19937_64 chance{4};
    for (int i = 0; i != 500; ++i) {
        backoff::progress so_far;
        double before = 0;
        for (int k = 0; k != 25; ++k) {
            const fraction draw = chance();
            const double t = k + static_cast<double>(draw) / 0x1p64;
            const double point = std::exp2(t) * std::tanh(std::sqrt(4 * t));
            const double wanted = (point - before) / 1.4 * 1e9;
            before = point;
            const auto got = static_cast<double>(outlast::smooth(1s).next(so_far, draw).count());
            REQUIRE(std::abs(got - wanted) <= 3 + wanted * 1e-9);
        }
    }
}

TEST_CASE("backoff: the smooth series ends at its cap, never below zero, never beyond the end") {
    using outlast::smooth;
    CHECK(delays(smooth(24h), 1000, half).back() == forever);
    CHECK(delays(smooth(1ns), 1000, half).back() == forever);
    CHECK(delays(smooth(24h).capped(48h), 1000, most).back() == 48h);
    CHECK(delays(smooth(1s).capped(2s), 3, half).back() == 2s);
    CHECK(delays(smooth(0s), 100, most).back() == 0s);
    CHECK(delays(smooth(1s), 1, 0) == times{0s});
    for (const fraction draw : {fraction{0}, half, most})
        for (const duration d : delays(smooth(forever), 100, draw))
            REQUIRE(d >= 0s);
    STATIC_REQUIRE(delays(smooth(1s), 2, half)[1] > 1s);
    CHECK_FALSE(exponential(1s).with(jitter::smooth).valid());
    CHECK_FALSE(linear(1s).with(jitter::decorrelated).valid());
}

TEST_CASE("backoff: the shortest delay and the longest sum hold for whatever is drawn") {
    std::mt19937_64 chance{7};
    for (int i = 0; i != 5'000; ++i) {
        const auto span = [&] { return duration{static_cast<std::int64_t>(chance() % 1'000)}; };
        const backoff series{.base = span(),
                             .step = chance() % 2 ? span() : 0ns,
                             .factor_millis = 1000 + static_cast<std::uint32_t>(chance() % 3000),
                             .cap = chance() % 2 ? forever : span() * 8,
                             .chance = static_cast<jitter>(chance() % 4)};
        const auto hint = chance() % 2 ? 0ns : span() * 4;
        const auto delays = static_cast<std::uint32_t>(chance() % 8);
        const bool lucky = chance() % 2 == 0;
        duration sum{};
        duration plain = series.base;
        for (std::uint32_t n = 0; n != delays; ++n) {
            const duration d = series.drawn(plain, lucky ? ~outlast::fraction{0} : chance());
            REQUIRE(series.shortest() <= d);
            const bool ordered = chance() % 2 == 0;
            sum += ordered ? std::max(d, hint) : d;
            plain = ordered ? series.base : series.grown(plain);
        }
        INFO("base " << series.base.count() << ", cap " << series.cap.count());
        REQUIRE(sum <= series.longest(delays, hint));
    }
    CHECK(longest(exponential(1s), 4, 0s) == 15s);
    CHECK(longest(exponential(1s).capped(3s), 5, 0s) == 12s);
    CHECK(longest(outlast::linear(1s), 4, 0s) == 10s);
    CHECK(longest(exponential(1s), 4, 3s) == 15s);
    CHECK(longest(exponential(1s), 4, 4s) == 16s);
    CHECK(longest(constant(1s), 0, 4s) == 0s);
    CHECK(longest(constant(1s).with(jitter::full), 3, 0s) == 3s - 3ns);
    CHECK(longest(constant(1s), UINT32_MAX, 0s) == std::int64_t{UINT32_MAX} * 1s);
    CHECK(longest(exponential(1s), 100, 0s) == forever);
    // Beyond 10 000 growing delays it is a bound.
    CHECK(longest(outlast::linear(1ns), 20'000, 0s) == forever);
    CHECK(longest(outlast::linear(1ns).capped(1us), 20'000, 0s) == 999 * 500ns + 19'001 * 1us);
}
