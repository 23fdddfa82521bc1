// SPDX-License-Identifier: BSL-1.0
#include <outlast/freshness.hpp>

#include "support/catch.hpp"
#include "support/print.hpp"
#include "support/script.hpp"

using namespace std::chrono_literals;
using outlast::freshness;
using outlast::grade;
using outlast::lifetime;
using outlast::never;
using outlast_tests::at;

TEST_CASE("freshness: fresh, stale, gone, each from its very instant on") {
    const auto f = freshness::from(at(1s), {.fresh_for = 2s, .stale_for = 3s});
    CHECK(f.at(at(1s)) == grade::fresh);
    CHECK(f.at(at(3s - 1ns)) == grade::fresh);
    CHECK(f.at(at(3s)) == grade::stale);
    CHECK(f.at(at(6s - 1ns)) == grade::stale);
    CHECK(f.at(at(6s)) == grade::gone);
    CHECK(f.at(never) == grade::gone);
    CHECK(f.at(at(0s)) == grade::fresh); // a reader that is a little behind
}

TEST_CASE("freshness: without a stale time it is gone when it is not fresh") {
    const auto f = freshness::from(at(0s), {.fresh_for = 2s});
    CHECK(f.at(at(2s - 1ns)) == grade::fresh);
    CHECK(f.at(at(2s)) == grade::gone);
    const auto g = freshness::from(at(0s), {.fresh_for = 2s, .stale_for = -1s});
    CHECK(g.at(at(2s - 1ns)) == grade::fresh);
    CHECK(g.at(at(2s)) == grade::gone);
    CHECK(g.stale_until == g.fresh_until);
    CHECK(freshness::from(at(0s), {}).at(at(0s)) == grade::gone);
}

TEST_CASE("freshness: long lives saturate") {
    const auto f = freshness::from(at(1s), {.fresh_for = outlast::forever, .stale_for = 5s});
    CHECK(f.fresh_until == never);
    CHECK(f.stale_until == never);
    CHECK(f.at(never - 1ns) == grade::fresh);
    const auto g = freshness::from(at(1s), {.fresh_for = 1s, .stale_for = outlast::forever});
    CHECK(g.at(at(2s)) == grade::stale);
    CHECK(g.at(never - 1ns) == grade::stale);
}

TEST_CASE("freshness: a tombstone yields only to what was asked for after it, an entry to what is "
          "newer") {
    const auto stone = freshness::tombstone(at(10s), 5s);
    CHECK(stone.stale_until == at(15s));
    CHECK_FALSE(stone.yields_to(at(9s), at(14s)));
    CHECK_FALSE(stone.yields_to(at(10s), at(14s))); // which was first, nobody knows
    CHECK(stone.yields_to(at(10s) + 1ns, at(14s)));
    CHECK(freshness::tombstone(at(1s), outlast::forever).stale_until == never);
    const auto answer = freshness::from(at(10s), {.fresh_for = 1ns});
    CHECK(answer.yields_to(at(0s), at(10s)));
    CHECK_FALSE(answer.yields_to(at(0s), at(10s) - 1ns));
}

TEST_CASE("freshness: the age is the time since it was learnt") {
    const auto f = freshness::from(at(10s), {.fresh_for = 1s});
    CHECK(f.age(at(10s)) == 0s);
    CHECK(f.age(at(13s)) == 3s);
    CHECK(f.age(at(9s)) == 0s);
    STATIC_REQUIRE(freshness::from(at(0s), {.fresh_for = 1s, .stale_for = 1s}).at(at(1s)) ==
                   grade::stale);
}
