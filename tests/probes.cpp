// SPDX-License-Identifier: BSL-1.0
#include <outlast/probes.hpp>

#include "support/catch.hpp"
#include "support/print.hpp"
#include "support/script.hpp"

using namespace std::chrono_literals;
using outlast::probes;
using outlast::tally;
using outlast_tests::at;

TEST_CASE("probes: so many at once, a place keeps its answer") {
    probes p{2, 2};
    const auto a = p.take(at(10s));
    const auto b = p.take(at(12s));
    CHECK(p.take(at(13s)) == probes::no_place);
    CHECK(p.first_lease_end() == at(10s));
    p.answer(a, true, false);
    CHECK_FALSE(p.running(a));
    CHECK(p.first_lease_end() == at(12s));
    CHECK(p.take(at(13s)) == probes::no_place); // one has answered, one runs
    p.give_back(a);                             // too late
    CHECK(p.answers() == tally{1, 1, 0});
    p.give_back(b);
    CHECK(p.first_lease_end() == outlast::never);
    CHECK(p.take(at(14s)) == b);
    p.answer(b, false, true);
    CHECK(p.answers() == tally{2, 1, 1});
    CHECK_FALSE(p.running(probes::no_place));
    p.clear();
    CHECK(p.answers() == tally{});
}

TEST_CASE("probes: one at a time, three decide") {
    probes p{1, 3};
    for (std::uint32_t i = 0; i != 3; ++i) {
        const auto place = p.take(at(1s));
        REQUIRE(place != probes::no_place);
        CHECK(p.take(at(1s)) == probes::no_place);
        p.answer(place, false, false);
    }
    CHECK(p.take(at(1s)) == probes::no_place);
    CHECK(p.answers() == tally{3, 0, 0});
}

TEST_CASE("probes: a lease that is over is a failure") {
    probes p{3, 3};
    const auto a = p.take(at(1s));
    const auto b = p.take(at(1s));
    const auto c = p.take(at(2s));
    p.end_leases(at(1s) - 1ns);
    CHECK(p.answers() == tally{});
    p.end_leases(at(1s));
    CHECK_FALSE(p.running(a));
    CHECK_FALSE(p.running(b));
    CHECK(p.running(c));
    CHECK(p.answers() == tally{2, 2, 0});
    p.forget_running();
    CHECK(p.answers() == tally{2, 2, 0});
    CHECK(p.take(at(3s)) == c);
}

TEST_CASE("probes: answers that were given elsewhere") {
    probes p{2, 4};
    (void)p.take(at(1s));
    p.assume({3, 1, 2});
    CHECK(p.answers() == tally{3, 1, 2});
    CHECK(p.first_lease_end() == outlast::never);
    CHECK(p.take(at(1s)) != probes::no_place);
    CHECK(p.take(at(1s)) == probes::no_place);
}
