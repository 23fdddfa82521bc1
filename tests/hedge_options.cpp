// SPDX-License-Identifier: BSL-1.0
#include <outlast/hedge_options.hpp>

#include "support/catch.hpp"
#include "support/print.hpp"

using namespace std::chrono_literals;
using namespace outlast::literals;
using outlast::hedge_delay;
using outlast::hedge_options;
using outlast::no_limit;
using outlast::percentile;
using outlast::ratio;

TEST_CASE("hedge_options: a delay is a duration, or a percentile with bounds") {
    constexpr hedge_delay fixed = 50ms;
    STATIC_REQUIRE(fixed.valid());
    STATIC_REQUIRE(!fixed.is_learnt());
    STATIC_REQUIRE(hedge_delay{no_limit}.valid());
    STATIC_REQUIRE(hedge_delay{0ms}.valid());
    constexpr hedge_delay learnt = percentile(95_percent);
    STATIC_REQUIRE(learnt.valid());
    STATIC_REQUIRE(learnt.is_learnt());
    STATIC_REQUIRE(learnt.samples == 20);
    constexpr hedge_delay bounded = learnt.after_samples(50).between(5ms, 1s);
    STATIC_REQUIRE(bounded.valid());
    STATIC_REQUIRE(bounded.samples == 50);
    STATIC_REQUIRE(bounded.least == 5ms);
    STATIC_REQUIRE(bounded.most == 1s);
    STATIC_REQUIRE(bounded.share == 95_percent);
}

TEST_CASE("hedge_options: a delay that makes no sense is refused") {
    STATIC_REQUIRE(!hedge_delay{-1ns}.valid());
    STATIC_REQUIRE(!percentile(ratio::of(1.5)).valid());
    STATIC_REQUIRE(!percentile(95_percent).after_samples(0).valid());
    STATIC_REQUIRE(!percentile(95_percent).after_samples(129).valid());
    STATIC_REQUIRE(!percentile(95_percent).between(2ms, 1ms).valid());
    STATIC_REQUIRE(!percentile(95_percent).between(-1ms, 1ms).valid());
    STATIC_REQUIRE(hedge_options{.idempotent = true, .delay = percentile(0_percent)}.problem() !=
                   nullptr);
    STATIC_REQUIRE(hedge_options{.idempotent = true, .delay = percentile(100_percent)}.problem() ==
                   nullptr);
}

TEST_CASE("hedge_options: in words") {
    CHECK(hedge_options{.idempotent = true}.delay.words() == "2 s");
    CHECK(hedge_delay{no_limit}.words() == "no limit");
    CHECK(percentile(95_percent).between(0ms, 1s).words() ==
          "the 95 % percentile (of 20 calls or more; from 0 to 1 s)");
    CHECK(percentile(ratio::of(0.999)).words() ==
          "the 99.9 % percentile (of 20 calls or more; from 0 to no limit)");
}
