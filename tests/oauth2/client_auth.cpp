// SPDX-License-Identifier: BSL-1.0
#include <outlast/oauth2/client_auth.hpp>

#include "support/catch.hpp"

#include <ostream>
#include <type_traits>

using namespace outlast::oauth2;

TEST_CASE("client_auth: each way knows the id of the client") {
    CHECK(client_id(client_auth{}).empty());
    CHECK(client_id(no_client_auth{"a"}) == "a");
    CHECK(client_id(client_secret_basic{"b", secret{"x"}}) == "b");
    CHECK(client_id(client_secret_post{"c", secret{"x"}}) == "c");
    CHECK(client_id(client_bearer{"d", secret{"x"}}) == "d");
    CHECK(client_id(client_credentials_maker{"e", {}}) == "e");
}

TEST_CASE("client_auth: is moved, not copied") {
    STATIC_REQUIRE_FALSE(std::is_copy_constructible_v<client_auth>);
    STATIC_REQUIRE(std::is_nothrow_move_constructible_v<client_auth>);
}
