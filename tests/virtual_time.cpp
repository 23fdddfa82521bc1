// SPDX-License-Identifier: BSL-1.0
#include <outlast/virtual_time.hpp>

#include "support/catch.hpp"
#include "support/print.hpp"
#include "support/script.hpp"

#include <vector>

using namespace std::chrono_literals;
using outlast::world;
using outlast_tests::at;

namespace {

constexpr bool in_a_constant() {
    world w;
    int done = 0;
    w.at(at(5ms), [&] { ++done; });
    w.advance(4ms);
    const bool not_yet = done == 0;
    w.advance(1ms);
    return not_yet && done == 1 && w.time() == at(5ms);
}

} // namespace

TEST_CASE("virtual_time: it moves only when it is told to, and what is due then happens") {
    STATIC_REQUIRE(in_a_constant());
    world w;
    std::vector<int> order;
    w.at(at(2ms), [&] { order.push_back(2); });
    w.at(at(1ms), [&] { order.push_back(1); });
    w.at(at(9ms), [&] { order.push_back(9); });
    CHECK(w.time() == at(0ms));
    w.advance(2ms);
    CHECK(order == std::vector{1, 2});
    CHECK(w.time() == at(2ms));
}

TEST_CASE("virtual_time: what is done at an instant may do something at the same one") {
    world w;
    std::vector<outlast::instant> seen;
    w.at(at(1ms), [&] {
        seen.push_back(w.time());
        w.at(w.time(), [&] { seen.push_back(w.time()); });
    });
    w.advance(1ms);
    CHECK(seen == std::vector{at(1ms), at(1ms)});
}

TEST_CASE("virtual_time: without a call there is nothing to wait for") {
    world w;
    w.at(at(1ms), [] {});
    w.run();
    CHECK(w.running() == 0);
    CHECK(w.time() == at(0ms));
}

TEST_CASE("virtual_time: the same seed gives the same chance") {
    world a{7};
    world b{7};
    world c{8};
    const auto first = a.chance()();
    CHECK(first == b.chance()());
    CHECK(first != c.chance()());
}

TEST_CASE("virtual_time: to the end of time, when nothing is due") {
    world w;
    w.advance(outlast::forever);
    CHECK(w.time() == outlast::after(outlast::instant{}, outlast::forever));
}
