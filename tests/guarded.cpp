// SPDX-License-Identifier: BSL-1.0
#include <outlast/guarded.hpp>

#include "support/catch.hpp"
#include "support/zoo.hpp"

#include <mutex>
#include <stdexcept>
#include <thread>
#include <type_traits>
#include <vector>

using outlast::guarded;
using outlast::no_lock;

namespace {

int held = 0;
int taken = 0;
struct seen_lock {
    void lock() { ++held, ++taken; }
    void unlock() { --held; }
};

constexpr int counted_up() {
    guarded<int, no_lock> g{40};
    g.with([](int& x) { x += 2; });
    return g.with([](int& x) { return x; });
}

} // namespace

TEST_CASE("guarded: the state is touched under the lock, which is given back") {
    held = taken = 0;
    guarded<int, seen_lock> g{7};
    CHECK(g.with([](int& x) { return held == 1 ? x : -1; }) == 7);
    CHECK(held == 0);
    CHECK(taken == 1);
}

TEST_CASE("guarded: the lock is given back when what runs under it throws") {
    held = taken = 0;
    guarded<int, seen_lock> g{7};
    CHECK_THROWS_AS(g.with([](int&) { throw std::runtime_error("no"); }), std::runtime_error);
    CHECK(taken == 1);
    CHECK(held == 0);
}

TEST_CASE("guarded: what is not shared pays nothing, and works in constant expressions") {
    STATIC_REQUIRE(counted_up() == 42);
    STATIC_REQUIRE(sizeof(guarded<int, no_lock>) == sizeof(int));
    STATIC_REQUIRE(!std::is_copy_constructible_v<guarded<int, no_lock>>);
    STATIC_REQUIRE(!std::is_move_constructible_v<guarded<int, no_lock>>);
    guarded<outlast_tests::immovable, no_lock> made_in_place;
    made_in_place.with([](outlast_tests::immovable&) {});
}

TEST_CASE("guarded: threads take turns") {
    guarded<int, std::mutex> g{0};
    {
        std::vector<std::jthread> running;
        for (int t = 0; t != 4; ++t)
            running.emplace_back([&g] {
                for (int i = 0; i != 1000; ++i)
                    g.with([](int& x) { ++x; });
            });
    }
    CHECK(g.with([](int& x) { return x; }) == 4000);
}
