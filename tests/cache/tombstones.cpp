// SPDX-License-Identifier: BSL-1.0
#include <outlast/cache/tombstones.hpp>

#include "support/catch.hpp"
#include "support/script.hpp"

#include <chrono>
#include <string>

using namespace std::chrono_literals;
using outlast::freshness;
using outlast_tests::at;

using stones = outlast::tombstones<std::string, outlast::no_lock>;

TEST_CASE("tombstones: one stands under its key until its span is over, and is gone then") {
    stones all{8};
    CHECK_FALSE(all.find("a", at(0s)));
    all.plant("a", freshness::tombstone(at(10s), 5s));
    REQUIRE(all.find("a", at(10s)));
    CHECK(all.find("a", at(15s) - 1ns)->since == at(10s));
    CHECK_FALSE(all.find("b", at(10s)));
    CHECK(all.size() == 1);
    CHECK_FALSE(all.find("a", at(15s)));
    CHECK(all.size() == 0);
    CHECK_FALSE(all.find("a", at(11s)));
}

TEST_CASE("tombstones: of two under one key the newer instant and the later end count") {
    stones all{8};
    all.plant("a", freshness::tombstone(at(10s), 50s));
    all.plant("a", freshness::tombstone(at(20s), 1s));
    CHECK(all.size() == 1);
    REQUIRE(all.find("a", at(59s)));
    CHECK(all.find("a", at(59s))->since == at(20s));
    all.plant("a", freshness::tombstone(at(30s), 100s));
    CHECK(all.find("a", at(129s)));
    CHECK_FALSE(all.find("a", at(130s)));
    all.plant("b", freshness::tombstone(at(20s), 1s));
    all.plant("b", freshness::tombstone(at(10s), 50s)); // by a thread that was held up
    REQUIRE(all.find("b", at(59s)));
    CHECK(all.find("b", at(59s))->since == at(20s));
    CHECK(all.find("b", at(59s))->fresh_until == at(20s)); // else it is no tombstone
    CHECK_FALSE(all.find("b", at(60s)));
}

TEST_CASE("tombstones: beyond their number the one goes that nobody asked for") {
    stones all{2};
    all.plant("a", freshness::tombstone(at(0s), 1h));
    all.plant("b", freshness::tombstone(at(0s), 1h));
    CHECK(all.find("a", at(1s)));
    all.plant("c", freshness::tombstone(at(0s), 1h));
    CHECK(all.size() == 2);
    CHECK(all.find("a", at(1s)));
    CHECK_FALSE(all.find("b", at(1s)));
    CHECK(all.find("c", at(1s)));
}
