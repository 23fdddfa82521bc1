// SPDX-License-Identifier: BSL-1.0
#include <outlast/window.hpp>

#include "support/catch.hpp"
#include "support/print.hpp"
#include "support/script.hpp"

#include <cstdint>

using namespace std::chrono_literals;
using outlast::consecutive;
using outlast::duration;
using outlast::exactly;
using outlast::tally;
using outlast::window;
using outlast::window_span;
using outlast_tests::at;

TEST_CASE("window: one of each kind") {
    window calls{window_span{2}};
    CHECK(calls.record(at(0s), true) == tally{1, 1});
    CHECK(calls.record(at(0s), true) == tally{2, 2});
    CHECK(calls.counts_with(false) == tally{2, 1});
    CHECK(calls.record(at(100h), false) == tally{2, 1});
    CHECK(calls.counts(at(0s)) == tally{2, 1});
    calls.clear();
    CHECK(calls.counts(at(0s)) == tally{});

    window row{consecutive(3)};
    CHECK(row.record(at(0s), true) == tally{1, 1});
    CHECK(row.record(at(0s), true, true) == tally{2, 2});
    CHECK(row.counts_with(true) == tally{3, 3});
    CHECK(row.counts_with(true, false, UINT32_MAX) == tally{UINT32_MAX, UINT32_MAX});
    CHECK(row.counts_with(false) == tally{});
    CHECK(row.counts(at(100h)) == tally{2, 2});
    CHECK(row.record(at(0s), false) == tally{});
    (void)row.record(at(0s), true);
    row.clear();
    CHECK(row.counts() == tally{});

    window span{window_span{10s}};
    CHECK(span.record(at(0s), true) == tally{1, 1});
    CHECK(span.record(at(5s), false) == tally{2, 1});
    CHECK(span.counts(at(10s)) == tally{1, 0});
    span.clear();
    CHECK(span.counts(at(10s)) == tally{});

    window both{exactly(2, 10s)};
    CHECK(both.record(at(5s), true) == tally{1, 1});
    CHECK(both.record(at(6s), true, true) == tally{2, 2, 1});
    CHECK(both.counts_with(false) == tally{2, 1, 1});
    CHECK(both.counts_with(true, false, 3) == tally{2, 2});
    CHECK(both.counts(at(15s) - 1ns) == tally{2, 2, 1});
    CHECK(both.counts(at(15s)) == tally{1, 1, 1});
    CHECK(both.slice_end(at(15s)) == outlast::never);
    both.clear();
    CHECK(both.counts() == tally{});
}

TEST_CASE("window: successes that were counted elsewhere") {
    for (const window_span of :
         {window_span{5}, window_span{10s}, consecutive(5), exactly(5, 10s)}) {
        window one_by_one{of};
        window at_once{of};
        for (const bool failed : {true, false, true, true}) {
            (void)one_by_one.record(at(1s), failed);
            (void)at_once.record(at(1s), failed);
            for (const int n : {0, 1, 3, 20}) {
                for (int i = 0; i != n; ++i)
                    (void)one_by_one.record(at(2s), false);
                at_once.add_successes(static_cast<std::uint32_t>(n), at(2s));
                CHECK(at_once.counts(at(2s)) == one_by_one.counts(at(2s)));
                CHECK(at_once.counts(at(11s)) == one_by_one.counts(at(11s)));
            }
        }
    }
}

TEST_CASE("window: its contents go into one of the same kind, and into no other") {
    const auto filled = [](window_span of) {
        window w{of};
        (void)w.record(at(1s), true, true);
        (void)w.record(at(1s), true);
        return w;
    };
    const window_span kinds[] = {20, 10s, consecutive(7), exactly(20, 10s)};
    for (const window_span from : kinds)
        for (const window_span to : kinds) {
            window w = filled(to);
            w.refill(filled(from).contents());
            CHECK(w.counts() == (from == to ? filled(to).counts() : tally{}));
        }
    window fewer{1};
    fewer.refill(filled(20).contents());
    CHECK(fewer.counts() == tally{1, 1});
}
