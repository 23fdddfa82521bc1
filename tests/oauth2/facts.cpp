// SPDX-License-Identifier: BSL-1.0
#include <outlast/oauth2/facts.hpp>

#include "support/catch.hpp"

#include <string>
#include <type_traits>

using namespace outlast::oauth2;

TEST_CASE("facts: scopes and audiences are compared whole and exactly") {
    facts what;
    what.scope = {"read", "write:all"};
    what.aud = {"api"};
    CHECK(what.has_scope("read"));
    CHECK_FALSE(what.has_scope("READ"));
    CHECK_FALSE(what.has_scope("rea"));
    CHECK_FALSE(what.has_scope("read write:all"));
    CHECK_FALSE(what.has_scope(""));
    CHECK(what.has_audience("api"));
    CHECK_FALSE(what.has_audience("api/"));
}

TEST_CASE("facts: further claims are found by name") {
    facts what;
    what.further.push_back({"groups", {"a", "b"}});
    REQUIRE(what.claim("groups").size() == 2);
    CHECK(what.claim("groups")[1] == "b");
    CHECK(what.claim("group").empty());
}

TEST_CASE("facts: the footprint grows with what is in them") {
    facts what;
    const std::size_t empty = footprint(what);
    CHECK(empty >= sizeof what);
    what.sub = std::string(1000, 'x');
    const std::size_t with_sub = footprint(what);
    CHECK(with_sub >= empty + 1000);
    what.aud.assign(100, std::string(100, 'x'));
    const std::size_t with_aud = footprint(what);
    CHECK(with_aud >= with_sub + 100 * (100 + sizeof(std::string)));
    what.cnf = confirmation{.jkt = std::string(500, 'x'), .x5t_s256 = {}};
    const std::size_t with_cnf = footprint(what);
    CHECK(with_cnf >= with_aud + 500);
    what.further.push_back({"groups", {std::string(300, 'x')}});
    CHECK(footprint(what) >= with_cnf + 300);
}

TEST_CASE("facts: are shared as what cannot be changed") {
    STATIC_REQUIRE(std::is_const_v<facts_ptr::element_type>);
}
