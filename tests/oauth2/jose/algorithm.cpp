// SPDX-License-Identifier: BSL-1.0
#include <outlast/oauth2/jose/algorithm.hpp>

#include "support/catch.hpp"

#include <string_view>

using namespace outlast::oauth2::jose;

TEST_CASE("jose algorithm: names there and back, exactly") {
    for (const std::string_view name :
         {"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512"}) {
        const auto alg = algorithm_named(name);
        REQUIRE(alg.has_value());
        CHECK(to_string(*alg) == name);
        CHECK(is_rsa(*alg) == (name[0] != 'E'));
    }
    CHECK(to_string(static_cast<algorithm>(200)) == "unknown");
}

TEST_CASE("jose algorithm: none and HMAC have no name, however they are written") {
    const std::string_view name =
        GENERATE(as<std::string_view>{}, "none", "None", "NONE", "", "HS256", "HS384", "HS512",
                 "rs256", "RS256 ", "ES256K", "EdDSA", "RS1", "dir");
    CHECK_FALSE(algorithm_named(name).has_value());
}

TEST_CASE("jose algorithms: a list takes what is in it, and nothing by itself") {
    constexpr algorithms some{algorithm::es256, algorithm::ps512};
    STATIC_REQUIRE(some.contains(algorithm::es256));
    STATIC_REQUIRE(some.contains(algorithm::ps512));
    STATIC_REQUIRE_FALSE(some.contains(algorithm::rs256));
    STATIC_REQUIRE(algorithms{}.empty());
    STATIC_REQUIRE_FALSE(algorithms{}.contains(algorithm::rs256));
    for (int i = 0; i != 9; ++i)
        CHECK(algorithms::all().contains(static_cast<algorithm>(i)));
}
