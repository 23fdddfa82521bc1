// SPDX-License-Identifier: BSL-1.0
#include <outlast/time_window.hpp>

#include "support/catch.hpp"
#include "support/print.hpp"
#include "support/script.hpp"

#include <cstdint>
#include <random>
#include <vector>

using namespace std::chrono_literals;
using outlast::duration;
using outlast::instant;
using outlast::tally;
using outlast::time_window;
using outlast_tests::at;

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

TEST_CASE("BT-02 five seconds, with pauses, asked itself") {
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

TEST_CASE("BS-02 aggregates of slow calls") {
    time_window w{20s};
    w.record(at(10s), false, true);
    w.record(at(20s), true, true);
    for (int i = 0; i != 3; ++i)
        w.record(at(20s) + 100ms, false);
    CHECK(w.counts(at(20s) + 100ms) == tally{5, 1, 2});
}

TEST_CASE("time window: the smallest one") {
    time_window brief{10ns};
    brief.record(at(0ns), true);
    CHECK(brief.counts(at(9ns)) == tally{1, 1});
    CHECK(brief.counts(at(10ns)) == tally{});
}

TEST_CASE("time window: an event that another thread read earlier is counted once, as of now") {
    time_window w{10s};
    w.record(at(100s), false);
    w.record(at(60s), true); // long past: still the newest news
    CHECK(w.counts(at(100s)) == tally{2, 1});
    CHECK(w.counts(at(50s)) == tally{2, 1}); // and nobody turns time back
    CHECK(w.counts(at(109s)) == tally{2, 1});
    CHECK(w.counts(at(110s)) == tally{});
}

TEST_CASE("time window: against a plain list") {
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

TEST_CASE("time window: what is as old as the span is gone, what is 9/10 of it is not") {
    std::mt19937_64 chance{13};
    for (int i = 0; i != 1000; ++i) {
        const instant then = at(duration{static_cast<std::int64_t>(chance() % 1'000'000'000'000)});
        time_window w{1s};
        w.record(then, true);
        REQUIRE(w.counts(then + 900ms) == tally{1, 1});
        REQUIRE(w.counts(then + 1s) == tally{});
    }
}

TEST_CASE("time window: what it holds goes into one of another span, as old as it is") {
    time_window w{10s};
    for (int second = 0; second != 10; ++second)
        w.record(at(100s + duration{1s} * second), second % 2 == 0);
    const instant now = at(109s);

    time_window same{10s};
    same.record(at(3s), true);
    same.refill(w.contents());
    CHECK(same.counts(now) == tally{10, 5});
    CHECK(same.counts(at(110s)) == tally{9, 4});

    time_window longer{100s};
    longer.refill(w.contents());
    CHECK(longer.counts(at(199s)) == tally{10, 5});
    CHECK(longer.counts(at(200s)) == tally{});

    time_window shorter{5s};
    shorter.refill(w.contents());
    CHECK(shorter.counts(now) == tally{5, 2}); // from 105 s on
    shorter.record(now, true);
    CHECK(shorter.counts(now) == tally{6, 3});

    time_window empty{10s};
    empty.refill(time_window{10s}.contents());
    CHECK(empty.counts(at(0s)) == tally{});
}
