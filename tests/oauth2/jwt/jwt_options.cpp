// SPDX-License-Identifier: BSL-1.0
#include <outlast/oauth2/jwt/jwt_options.hpp>

#include "support/catch.hpp"

using namespace outlast::oauth2;

TEST_CASE("jwt options: each part has its say") {
    jwt_options o{.keys = {.url = "https://as.example/jwks"},
                  .tokens = {.issuer = "https://as.example", .audience = "api"}};
    CHECK(o.use == local_use::fallback);
    CHECK(o.problem() == nullptr);
    o.tokens.audience.clear();
    CHECK(o.problem() != nullptr);
    o.tokens.audience = "api";
    o.keys.url.clear();
    CHECK(o.problem() != nullptr);
}
