// SPDX-License-Identifier: BSL-1.0
#include <outlast/tally.hpp>

#include "support/catch.hpp"
#include "support/print.hpp"

using namespace std::chrono_literals;
using outlast::consecutive;
using outlast::tally;
using outlast::window_span;

TEST_CASE("tally: spans that mean something") {
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
    CHECK(consecutive(1).valid());
    CHECK(consecutive(1'000'000).valid());
    CHECK_FALSE(consecutive(1'000'001).valid());
    CHECK_FALSE(consecutive(0).valid());
    CHECK_FALSE(consecutive(-5).valid());
    CHECK(consecutive(5).by_row());
    CHECK_FALSE(consecutive(5).by_time());
    CHECK_FALSE(window_span{5}.by_row());
    CHECK(window_span{10s}.by_time());
    CHECK_FALSE(window_span{10}.by_time());
}

TEST_CASE("tally: sums, and what leaves no spot") {
    tally t{3, 0, 0};
    CHECK(t.spotless());
    t += {2, 1, 0};
    CHECK(t == tally{5, 1, 0});
    CHECK_FALSE(t.spotless());
    CHECK_FALSE(tally{1, 0, 1}.spotless());
}

TEST_CASE("tally: no calls for so long are no window of time") {
    CHECK_FALSE(outlast::exactly(0, 10s).valid());
    CHECK_FALSE(outlast::exactly(-1, 10s).valid());
}
