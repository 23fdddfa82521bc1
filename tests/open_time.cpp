// SPDX-License-Identifier: BSL-1.0
#include <outlast/open_time.hpp>

#include "support/catch.hpp"
#include "support/print.hpp"

#include <algorithm>

using namespace std::chrono_literals;
using outlast::constant;
using outlast::duration;
using outlast::exponential;
using outlast::forever;
using outlast::jitter;
using outlast::linear;
using outlast::open_time;
using outlast::open_times;

TEST_CASE("open time: always the same, or a series") {
    open_times same{10s};
    CHECK(same.take() == 10s);
    CHECK(same.take() == 10s);
    open_times list{linear(1000ms)};
    CHECK(list.take() == 1000ms);
    CHECK(list.take() == 2000ms);
    CHECK(list.taken() == 2);
    list.restart();
    CHECK(list.taken() == 0);
    CHECK(list.take() == 1000ms);
    open_times doubling{exponential(10ms).capped(35ms)};
    for (const duration d : {10ms, 20ms, 35ms, 35ms})
        CHECK(doubling.take() == d);
}

TEST_CASE("open time: growth saturates") {
    open_times t{exponential(1h, 1000.0)};
    duration longest{};
    for (int i = 0; i != 100; ++i) {
        const duration d = t.take();
        CHECK(d >= longest);
        longest = d;
    }
    CHECK(longest == forever);
}

TEST_CASE("open time: chance is within its bounds, and the same for the same seed") {
    const open_time o{constant(10s).with(jitter::equal)};
    open_times a{o, 7};
    open_times b{o, 7};
    open_times c{o, 8};
    bool differs = false;
    duration low = forever;
    duration high{};
    for (int i = 0; i != 1000; ++i) {
        const duration d = a.take();
        CHECK(d == b.take());
        differs = c.take() != d || differs;
        low = std::min(low, d);
        high = std::max(high, d);
    }
    CHECK(differs);
    CHECK(low >= 5s);
    CHECK(low < 5100ms);
    CHECK(high < 10s);
    CHECK(high > 9900ms);
}

TEST_CASE("open time: goes on after any number of them") {
    for (const open_time& o : {open_time{1s}, open_time{linear(1s)}, open_time{exponential(1s)},
                               open_time{exponential(1s).capped(9s)}}) {
        open_times original{o};
        for (std::uint32_t taken = 0; taken != 100; ++taken) {
            open_times other{o};
            (void)other.take();
            other.go_on_after(taken);
            CHECK(other.taken() == taken);
            CHECK(other.take() == original.take());
        }
    }
    open_times same{1s};
    same.go_on_after(UINT32_MAX); // at once
    CHECK(same.take() == 1s);
    CHECK(same.taken() == UINT32_MAX);
}

TEST_CASE("open time: which make sense") {
    CHECK(open_time{1ns}.valid());
    CHECK(open_time{forever}.valid());
    CHECK_FALSE(open_time{0s}.valid());
    CHECK_FALSE(open_time{-1s}.valid());
    CHECK_FALSE(open_time{exponential(1s, 0.5)}.valid());
    CHECK(open_time{outlast::computed([](std::uint32_t failed) {
              return 1s * (1 + failed);
          })}.valid());
    CHECK_FALSE(
        open_time{outlast::computed([](std::uint32_t failed) { return 1s * failed; })}.valid());
    CHECK_FALSE(open_time{constant(1s).capped(0s)}.valid());
    CHECK(open_time{1s} == open_time{constant(1s)});
    CHECK_FALSE(open_time{1s} == open_time{linear(1s)});
}
