// SPDX-License-Identifier: BSL-1.0
#include <outlast/oauth2/errand.hpp>

#include "support/catch.hpp"

#include <algorithm>
#include <memory>
#include <string_view>

using namespace outlast::oauth2;

TEST_CASE("errand: what it asks is about its token, and moves its endpoint") {
    errand one{std::make_shared<const secret>("tokA"), token_digest{{7}}, 2};
    const query q = one.asks();
    CHECK(q.token == "tokA");
    CHECK(q.key == token_digest{{7}});
    CHECK(q.max_age == outlast::forever);
    REQUIRE(q.endpoint == &one.endpoint);
    CHECK(*q.endpoint == 2);
}

TEST_CASE("never_issued_token: another one each time, and one that any server reads") {
    const secret one = never_issued_token();
    const secret other = never_issued_token();
    CHECK(one.expose() != other.expose());
    constexpr std::string_view before = "outlast-probe-";
    REQUIRE(one.expose().starts_with(before));
    const std::string_view rest = one.expose().substr(before.size());
    CHECK(rest.size() == 32);
    CHECK(std::ranges::all_of(
        rest, [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); }));
}
