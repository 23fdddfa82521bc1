// SPDX-License-Identifier: BSL-1.0
#include <outlast/ratio.hpp>

#include "support/catch.hpp"

#include <cstdint>
#include <limits>

using namespace outlast::literals;
using outlast::ratio;

TEST_CASE("ratio: compared in integers, at the limit it is reached") {
    constexpr ratio half = 50_percent;
    CHECK_FALSE(half.reached(99, 200));
    CHECK(half.reached(100, 200));
    CHECK(half.reached(101, 200));
    CHECK_FALSE(half.reached(0, 1));
    CHECK(half.reached(1, 2));
    CHECK((10_percent).reached(1, 10));
    CHECK_FALSE((10_percent).reached(1, 11));
    CHECK((66_percent).reached(2, 3));
    CHECK_FALSE((67_percent).reached(2, 3));
    CHECK((100_percent).reached(7, 7));
    CHECK_FALSE((100_percent).reached(6, 7));
    CHECK((0_percent).reached(0, 5));
    STATIC_REQUIRE(half.reached(100, 200) && !half.reached(99, 200));
}

TEST_CASE("ratio: the largest counts do not wrap") {
    constexpr std::uint32_t most = UINT32_MAX;
    CHECK((100_percent).reached(most, most));
    CHECK_FALSE((100_percent).reached(most - 1, most));
    CHECK((50_percent).reached(most / 2 + 1, most));
    CHECK_FALSE((50_percent).reached(most / 2, most));
}

TEST_CASE("ratio: what is no share is invalid") {
    using limits = std::numeric_limits<double>;
    CHECK_FALSE(ratio::of(limits::quiet_NaN()).valid());
    CHECK_FALSE(ratio::of(-1.0).valid());
    CHECK_FALSE(ratio::of(-1e-9).valid());
    CHECK_FALSE(ratio::of(10.0).valid());
    CHECK_FALSE(ratio::of(1.0000001).valid());
    CHECK_FALSE(ratio::of(limits::infinity()).valid());
    CHECK_FALSE(ratio::of(-limits::infinity()).valid());
    CHECK_FALSE((101_percent).valid());
    CHECK_FALSE((1000_percent).valid());
    CHECK(ratio::of(0.0).valid());
    CHECK(ratio::of(1.0).valid());
}

TEST_CASE("ratio: kept in millionths, to the nearest") {
    CHECK(ratio{}.millionths() == 0);
    CHECK((50_percent).millionths() == 500'000);
    CHECK((0.1_percent).millionths() == 1'000);
    CHECK((99.9999_percent).millionths() == 999'999);
    CHECK((0.7_percent).millionths() == 7'000); // a double makes 6999.99… of it
    CHECK(ratio::of(0.000249).millionths() == 249);
    CHECK(ratio::of(1.0).millionths() == 1'000'000);
    CHECK(ratio::of(0.5) == 50_percent);
    CHECK(ratio::of(0.5) != 51_percent);
}
