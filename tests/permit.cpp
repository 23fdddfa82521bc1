// SPDX-License-Identifier: BSL-1.0
#include <outlast/permit.hpp>

#include "support/catch.hpp"

#include <stdexcept>
#include <type_traits>
#include <utility>
#include <vector>

using outlast::permit;
using outlast::ticket;

namespace {

struct giver {
    std::vector<ticket> back{};
    constexpr void give_back(ticket t) noexcept { back.push_back(t); }
};

constexpr std::size_t returned_when_dropped() {
    giver g;
    {
        const permit<giver> p{g, {1, 2}};
    }
    return g.back.size();
}

} // namespace

TEST_CASE("law 2: a permit that is dropped gives itself back, once") {
    giver g;
    {
        permit<giver> p{g, {3, 1}};
        CHECK(p);
        CHECK(g.back.empty());
    }
    CHECK(g.back == std::vector<ticket>{{3, 1}});
    STATIC_REQUIRE(returned_when_dropped() == 1);
}

TEST_CASE("law 2: an exception takes no permit with it") {
    giver g;
    try {
        const permit<giver> p{g, {1, 0}};
        throw std::runtime_error("no");
    } catch (const std::runtime_error&) {
    }
    CHECK(g.back.size() == 1);
}

TEST_CASE("permit: moved it belongs to the new one only") {
    giver g;
    {
        permit<giver> a{g, {1, 5}};
        permit<giver> b{std::move(a)};
        CHECK_FALSE(a); // NOLINT: that is the point
        CHECK(b);
        permit<giver> c;
        CHECK_FALSE(c);
        c = std::move(b);
        CHECK(c);
        CHECK(g.back.empty());
        c = permit<giver>{g, {2, 6}}; // the one it held goes back
        CHECK(g.back == std::vector<ticket>{{1, 5}});
        auto& same = c;
        c = std::move(same);
        CHECK(c);
        CHECK(g.back.size() == 1);
    }
    CHECK(g.back == std::vector<ticket>{{1, 5}, {2, 6}});
    STATIC_REQUIRE(!std::is_copy_constructible_v<permit<giver>>);
    STATIC_REQUIRE(!std::is_copy_assignable_v<permit<giver>>);
    STATIC_REQUIRE(std::is_nothrow_move_constructible_v<permit<giver>>);
}

TEST_CASE("permit: spent with a verdict it is not given back as well") {
    giver g;
    {
        permit<giver> p{g, {4, 7}};
        CHECK(p.spend() == ticket{4, 7});
        CHECK_FALSE(p);
    }
    CHECK(g.back.empty());
}

TEST_CASE("permit: dropped by hand it is not given back again") {
    giver g;
    {
        permit<giver> p{g, {4, 7}};
        p.drop();
        p.drop();
    }
    CHECK(g.back.size() == 1);
}
