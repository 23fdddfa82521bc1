// SPDX-License-Identifier: BSL-1.0
#include <outlast/refresh.hpp>

#include "support/catch.hpp"
#include "support/print.hpp"
#include "support/script.hpp"

#include <algorithm>
#include <set>

using namespace std::chrono_literals;
using namespace outlast::literals;
using outlast::duration;
using outlast::freshness;
using outlast::instant;
using outlast::never;
using outlast_tests::at;
using ahead = outlast::refresh_ahead<outlast::no_lock>;

namespace {

constexpr freshness learnt(instant since, duration fresh_for) {
    return freshness::from(since, {.fresh_for = fresh_for, .stale_for = 1h});
}

/// How much of an entry's fresh life is left when it is due for the first time.
duration left_when_due(ahead& a, const freshness& entry, int key) {
    for (instant now = entry.since; now < entry.fresh_until; now += 1ms)
        if (a.due(now, never, entry, key))
            return entry.fresh_until - now;
    return 0ms;
}

} // namespace

TEST_CASE(
    "refresh: due in the last share, by chance up to half of it later, and then until the end") {
    ahead a{20_percent, 1ms, 1s, 7};
    std::set<duration> lefts;
    for (int key = 0; key != 200; ++key) {
        const freshness e = learnt(at(1s), 1000ms);
        const duration left = left_when_due(a, e, key);
        CHECK(left <= 200ms);
        CHECK(left >= 100ms);
        lefts.insert(left);
        for (instant now = e.fresh_until - left; now < e.fresh_until - 1ms; now += 1ms)
            REQUIRE(a.due(now, never, e, key)); // no draw at each look
    }
    // Spread over it: keys that were learnt together are not due together.
    CHECK(lefts.size() > 60);
    CHECK(*lefts.begin() < 110ms);
    CHECK(*lefts.rbegin() > 190ms);
}

TEST_CASE("refresh: the same seed draws the same, another one otherwise, each life anew") {
    ahead a{20_percent, 1ms, 1s, 7};
    ahead same{20_percent, 1ms, 1s, 7};
    ahead other{20_percent, 1ms, 1s, 8};
    ahead own{20_percent, 1ms, 1s, 0};
    ahead another_own{20_percent, 1ms, 1s, 0};
    int differ = 0;
    int differ_by_life = 0;
    int differ_of_own = 0;
    for (int key = 0; key != 50; ++key) {
        const freshness e = learnt(at(1s), 1000ms);
        CHECK(left_when_due(a, e, key) == left_when_due(same, e, key));
        differ += left_when_due(a, e, key) != left_when_due(other, e, key);
        differ_of_own += left_when_due(own, e, key) != left_when_due(another_own, e, key);
        differ_by_life += left_when_due(a, e, key) != left_when_due(a, learnt(at(2s), 1000ms), key);
    }
    CHECK(differ > 40);
    CHECK(differ_of_own > 40);
    CHECK(differ_by_life > 40);
}

TEST_CASE(
    "refresh: only if the limit ends while the entry is fresh, and before the caller's deadline") {
    ahead a{100_percent, 100ms, 1s, 7};
    const freshness e = learnt(at(0ms), 1000ms);
    CHECK(a.due(at(899ms), never, e, 1));
    CHECK(!a.due(at(900ms), never, e, 1)); // at the limit
    CHECK(!a.due(at(1000ms), never, e, 1));
    CHECK(a.due(at(800ms), at(901ms), e, 1));
    CHECK(!a.due(at(800ms), at(900ms), e, 1));
    CHECK(!a.due(at(800ms), at(700ms), e, 1));
}

TEST_CASE("refresh: off, it is never due; an entry without end neither") {
    ahead off{outlast::ratio{}, 1ms, 1s, 7};
    CHECK(!off.due(at(998ms), never, learnt(at(0ms), 1000ms), 1));
    ahead a{100_percent, 1ms, 1s, 7};
    CHECK(!a.due(at(1h), never, learnt(at(0ms), outlast::forever), 1));
}

TEST_CASE("refresh: after a failure none for the pause, or for the hint; a success ends it") {
    ahead a{100_percent, 1ms, 1s, 7};
    const freshness e = learnt(at(0s), 100s);
    const auto due = [&](duration when) { return a.due(at(when), never, e, 1); };
    CHECK(due(60s));
    a.failed(at(60s), outlast::verdict::no_hint);
    CHECK(!due(60999ms));
    CHECK(due(61s));
    a.failed(at(61s), 10s);
    CHECK(!due(70999ms));
    CHECK(due(71s));
    a.failed(at(71s), 10ms); // the pause is longer
    CHECK(!due(71999ms));
    CHECK(due(72s));
    a.failed(at(72s), outlast::forever);
    CHECK(!due(98s));
    a.succeeded();
    CHECK(due(72s));
}
