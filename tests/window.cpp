// SPDX-License-Identifier: BSL-1.0
#include <outlast/window.hpp>

#include <outlast/ratio.hpp>

#include "support/catch.hpp"
#include "support/print.hpp"
#include "support/script.hpp"

#include <cstdint>
#include <random>
#include <string_view>
#include <vector>

using namespace std::chrono_literals;
using namespace outlast::literals;
using outlast::count_window;
using outlast::duration;
using outlast::instant;
using outlast::tally;
using outlast::time_window;
using outlast::window;
using outlast::window_span;
using outlast_tests::at;

namespace {

// "SSF": two successes and a failure.
void record(count_window& w, std::string_view outcomes) {
    for (const char c : outcomes)
        w.record(c == 'F');
}

} // namespace

// The ids of scenarios.md with the mode "metrics-only": here the window is asked itself.

TEST_CASE("BC-02 ring of ten") {
    constexpr auto threshold = 50_percent;
    count_window w{10};
    record(w, "SSFF");
    CHECK(w.counts() == tally{4, 2});
    record(w, "FFFFSSSS");
    CHECK(w.counts() == tally{10, 6});
    CHECK(threshold.reached(w.counts().failed, w.counts().recorded));
    record(w, "SSS");
    CHECK(w.counts() == tally{10, 3});
    CHECK_FALSE(threshold.reached(w.counts().failed, w.counts().recorded));
}

TEST_CASE("BC-06 rolling of a 100-wide window") {
    count_window w{100};
    for (int i = 0; i != 50; ++i)
        w.record(i % 3 != 0);
    CHECK(w.counts() == tally{50, 33});
    for (int i = 0; i != 100; ++i)
        w.record(false);
    CHECK(w.counts() == tally{100, 0});
}

TEST_CASE("BT-01 ten seconds in ten slices") {
    time_window w{10s};
    const tally expected[] = {{2, 1}, {4, 2}, {6, 2}, {8, 2}, {8, 1}};
    instant now{};
    for (int i = 0; i != 5; ++i) {
        w.record(now, i < 2);
        w.record(now, false);
        now += 2s;
        INFO("i = " << i);
        CHECK(w.counts(now) == expected[i]);
    }
    CHECK(w.counts(now + 2s) == tally{6, 0});
}

TEST_CASE("BT-02 five seconds, with pauses") {
    time_window w{5s};
    instant now{};
    const auto record = [&](duration pause, bool failed) {
        now += pause;
        w.record(now, failed);
        return w.counts(now);
    };
    CHECK(record(0ms, true) == tally{1, 1});
    CHECK(record(100ms, false) == tally{2, 1});
    CHECK(record(100ms, false) == tally{3, 1});
    CHECK(record(1000ms, false) == tally{4, 1});
    CHECK(record(1000ms, false) == tally{5, 1});
    CHECK(record(1000ms, true) == tally{6, 2});
    CHECK(record(1000ms, false) == tally{7, 2});
    CHECK(record(1000ms, false) == tally{5, 1});
    CHECK(record(1000ms, false) == tally{5, 1});
    CHECK(record(5000ms, false) == tally{1, 0});
}

TEST_CASE("window: spans that mean something") {
    CHECK(window_span{1}.valid());
    CHECK(window_span{1'000'000}.valid());
    CHECK_FALSE(window_span{1'000'001}.valid());
    CHECK_FALSE(window_span{0}.valid());
    CHECK_FALSE(window_span{-1}.valid());
    CHECK(window_span{10s}.valid());
    CHECK(window_span{10ns}.valid());
    CHECK_FALSE(window_span{9ns}.valid());
    CHECK_FALSE(window_span{0s}.valid());
    CHECK_FALSE(window_span{-1s}.valid());
    CHECK_FALSE(window_span{outlast::forever}.valid());
    CHECK(window_span{10s}.by_time());
    CHECK_FALSE(window_span{10}.by_time());
}

TEST_CASE("window: one of either kind") {
    window calls{window_span{2}};
    CHECK_FALSE(calls.by_time());
    CHECK(calls.record(at(0s), true) == tally{1, 1});
    CHECK(calls.record(at(0s), true) == tally{2, 2});
    CHECK(calls.counts_with(false) == tally{2, 1});
    CHECK(calls.record(at(100h), false) == tally{2, 1});
    CHECK(calls.counts(at(0s)) == tally{2, 1});
    calls.clear();
    CHECK(calls.counts(at(0s)) == tally{});

    window span{window_span{10s}};
    CHECK(span.by_time());
    CHECK(span.record(at(0s), true) == tally{1, 1});
    CHECK(span.record(at(5s), false) == tally{2, 1});
    CHECK(span.counts(at(10s)) == tally{1, 0});
    span.clear();
    CHECK(span.counts(at(10s)) == tally{});
}

TEST_CASE("window: the smallest ones") {
    count_window one{1};
    CHECK(one.counts_with(true) == tally{1, 1});
    one.record(true);
    CHECK(one.counts() == tally{1, 1});
    CHECK(one.counts_with(false) == tally{1, 0});
    one.record(false);
    CHECK(one.counts() == tally{1, 0});

    time_window brief{10ns};
    brief.record(at(0ns), true);
    CHECK(brief.counts(at(9ns)) == tally{1, 1});
    CHECK(brief.counts(at(10ns)) == tally{});
}

TEST_CASE("window: an event that another thread read earlier is counted once, as of now") {
    time_window w{10s};
    w.record(at(100s), false);
    w.record(at(60s), true); // long past: still the newest news
    CHECK(w.counts(at(100s)) == tally{2, 1});
    CHECK(w.counts(at(50s)) == tally{2, 1}); // and nobody turns time back
    CHECK(w.counts(at(109s)) == tally{2, 1});
    CHECK(w.counts(at(110s)) == tally{});
}

TEST_CASE("window: a count of calls against a plain list") {
    std::mt19937 chance{11};
    for (const std::uint32_t n : {1U, 2U, 3U, 10U, 100U}) {
        count_window w{n};
        std::vector<bool> list;
        for (int i = 0; i != 1000; ++i) {
            const bool failed = chance() % 3 == 0;
            const tally promised = w.counts_with(failed);
            if (chance() % 200 == 0) {
                w.clear();
                list.clear();
            } else {
                w.record(failed);
                list.push_back(failed);
                REQUIRE(w.counts() == promised);
            }
            tally expected;
            for (std::size_t k = list.size() > n ? list.size() - n : 0; k != list.size(); ++k) {
                ++expected.recorded;
                expected.failed += list[k];
            }
            REQUIRE(w.counts() == expected);
        }
    }
}

TEST_CASE("window: a span of time against a plain list") {
    std::mt19937 chance{12};
    struct event {
        std::int64_t slice;
        bool failed;
    };
    for (const duration span : {duration{1s}, duration{10s}, duration{7777ns}}) {
        const duration slice = span / 10;
        time_window w{span};
        std::vector<event> list;
        instant now = at(1h);
        for (int i = 0; i != 2000; ++i) {
            // Mostly crowded, sometimes a gap of several spans.
            now += duration{static_cast<std::int64_t>(chance() % 100) * span.count() / 1000};
            if (chance() % 50 == 0)
                now += span * static_cast<int>(chance() % 30) / 10;
            const auto current = now.time_since_epoch() / slice;
            if (chance() % 4 != 0) {
                const bool failed = chance() % 2 == 0;
                w.record(now, failed);
                list.push_back({current, failed});
            }
            tally expected;
            for (const event& e : list)
                if (current - e.slice < 10) {
                    ++expected.recorded;
                    expected.failed += e.failed;
                }
            REQUIRE(w.counts(now) == expected);
        }
    }
}

TEST_CASE("window: what is as old as the span is gone, what is 9/10 of it is not") {
    std::mt19937_64 chance{13};
    for (int i = 0; i != 1000; ++i) {
        const instant then = at(duration{static_cast<std::int64_t>(chance() % 1'000'000'000'000)});
        time_window w{1s};
        w.record(then, true);
        REQUIRE(w.counts(then + 900ms) == tally{1, 1});
        REQUIRE(w.counts(then + 1s) == tally{});
    }
}
