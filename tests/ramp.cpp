// SPDX-License-Identifier: BSL-1.0
#include <outlast/ramp.hpp>

#include "support/catch.hpp"
#include "support/print.hpp"
#include "support/script.hpp"

#include <random>

using namespace std::chrono_literals;
using outlast::duration;
using outlast::instant;
using outlast::ramp;
using outlast_tests::at;

TEST_CASE("ramp: a share that grows steadily") {
    ramp r{10s};
    CHECK_FALSE(r.under_way());
    CHECK(r.passes(at(0s)));
    r.start(at(100s));
    CHECK(r.under_way());
    CHECK(r.over() == at(110s));
    int passed[10]{};
    for (int ms = 0; ms != 10'000; ++ms) // a thousand ask each second
        passed[ms / 1000] += r.passes(at(100s + duration{1ms} * ms));
    for (int second = 0; second != 10; ++second) {
        INFO("second " << second);
        CHECK(std::abs(passed[second] - (100 * second + 50)) <= 1);
    }
    CHECK(r.under_way());
    CHECK(r.passes(at(110s)));
    CHECK_FALSE(r.under_way());
    CHECK(r.passes(at(105s))); // nobody turns time back
}

TEST_CASE("ramp: the first passes, the second one at the same instant does not") {
    ramp r{10s};
    r.start(at(0s));
    CHECK(r.passes(at(0s)));
    CHECK_FALSE(r.passes(at(0s)));
    CHECK_FALSE(r.passes(at(0s) - 5s)); // a reading that another thread took earlier
    CHECK_FALSE(r.passes(at(5s)));      // half of one
    CHECK(r.passes(at(5s)));
    r.stop();
    CHECK(r.passes(at(5s)));
    CHECK(r.passes(at(5s)));
}

TEST_CASE("ramp: none of no length, and one that all but lasts for ever") {
    ramp none{0s};
    none.start(at(1s));
    CHECK_FALSE(none.under_way());
    CHECK(none.passes(at(1s)));

    ramp longest{outlast::forever - 1ns};
    longest.start(at(-1h));
    CHECK(longest.passes(at(0s)));
    int passed = 0;
    for (int i = 0; i != 100; ++i)
        passed += longest.passes(instant{outlast::forever / 2});
    CHECK(std::abs(passed - 50) <= 1);
}

TEST_CASE("ramp: taken up where it was left") {
    std::mt19937_64 chance{5};
    ramp left{1s};
    left.start(at(0s));
    instant now = at(0s);
    for (int i = 0; i != 50; ++i)
        left.passes(now += duration{chance() % 10'000'000});
    ramp taken_up{1s};
    taken_up.go_on_from(left.how_far());
    ramp shorter{100ms}; // and it is over already
    shorter.go_on_from(left.how_far());
    CHECK(shorter.passes(now));
    while (left.under_way()) {
        now += duration{chance() % 10'000'000};
        CHECK(left.passes(now) == taken_up.passes(now));
        CHECK(left.under_way() == taken_up.under_way());
    }
}
