// SPDX-License-Identifier: BSL-1.0
#include <outlast/oauth2/dpop_challenge.hpp>

#include "support/catch.hpp"

#include <chrono>
#include <string>
#include <utility>
#include <vector>

using namespace outlast::oauth2;

namespace {

const quoted r = quoted::make("r").value();

using headers = std::vector<std::pair<std::string, std::string>>;

headers offered(answer said, auth_scheme used) {
    return offering_dpop(std::move(said), used, r, "ES256 PS256").headers;
}

} // namespace

TEST_CASE("dpop: a 401 offers both schemes, and says the error of the one that was used") {
    CHECK(offered(no_token(r), auth_scheme::bearer) ==
          headers{{"WWW-Authenticate", R"(Bearer realm="r")"},
                  {"WWW-Authenticate", R"(DPoP realm="r", algs="ES256 PS256")"}});
    CHECK(offered(invalid_token(r), auth_scheme::bearer) ==
          headers{{"WWW-Authenticate", R"(Bearer realm="r", error="invalid_token")"},
                  {"WWW-Authenticate", R"(DPoP realm="r", algs="ES256 PS256")"}});
    CHECK(offered(invalid_token(r), auth_scheme::dpop) ==
          headers{
              {"WWW-Authenticate", R"(DPoP realm="r", error="invalid_token", algs="ES256 PS256")"},
              {"WWW-Authenticate", R"(Bearer realm="r")"}});
    CHECK(offered(invalid_dpop_proof(r), auth_scheme::dpop) ==
          headers{{"WWW-Authenticate",
                   R"(DPoP realm="r", error="invalid_dpop_proof", algs="ES256 PS256")"},
                  {"WWW-Authenticate", R"(Bearer realm="r")"}});
}

TEST_CASE("dpop: what is no 401 offers nothing, and a 503 stays what it is") {
    const auto scope = quoted::make("write").value();
    CHECK(
        offered(insufficient_scope(r, scope), auth_scheme::dpop) ==
        headers{
            {"WWW-Authenticate",
             R"(DPoP realm="r", error="insufficient_scope", scope="write", algs="ES256 PS256")"}});
    CHECK(offered(insufficient_scope(r, scope), auth_scheme::bearer) ==
          insufficient_scope(r, scope).headers);
    CHECK(offered(unavailable(std::chrono::seconds{5}), auth_scheme::dpop) ==
          unavailable(std::chrono::seconds{5}).headers);
}
