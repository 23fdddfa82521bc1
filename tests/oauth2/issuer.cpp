// SPDX-License-Identifier: BSL-1.0
#include <outlast/oauth2/issuer.hpp>

#include "support/catch.hpp"

#include <array>
#include <string>
#include <string_view>

using namespace outlast::oauth2;

TEST_CASE("issuer: an https URL without query and fragment; http on loopback (RFC 8414 §2)") {
    for (const std::string_view good :
         {"https://idp.example", "https://idp.example/", "https://idp.example:8443/realms/a",
          "http://localhost:8080", "http://127.0.0.1/a", "http://[::1]:1"}) {
        INFO(good);
        CHECK(is_issuer(good));
    }
    for (const std::string_view bad :
         {"", "idp.example", "https://", "http://idp.example", "ftp://idp.example",
          "https://idp.example?tenant=a", "https://idp.example/#a", "https://rs:pw@idp.example",
          "https://idp.example/\n", "https://127.1"}) {
        INFO(bad);
        CHECK_FALSE(is_issuer(bad));
    }
    CHECK(is_issuer("http://idp.example", true));
}

TEST_CASE("issuer: where the metadata are (RFC 8414 §3.1, OpenID Connect Discovery §4)") {
    using urls = std::array<std::string, 2>;
    CHECK(metadata_urls("https://idp.example") ==
          urls{"https://idp.example/.well-known/oauth-authorization-server",
               "https://idp.example/.well-known/openid-configuration"});
    CHECK(metadata_urls("https://idp.example:8443/") ==
          urls{"https://idp.example:8443/.well-known/oauth-authorization-server",
               "https://idp.example:8443/.well-known/openid-configuration"});
    CHECK(metadata_urls("https://idp.example/realms/a") ==
          urls{"https://idp.example/.well-known/oauth-authorization-server/realms/a",
               "https://idp.example/realms/a/.well-known/openid-configuration"});
    CHECK(metadata_urls("https://idp.example/realms/a/") ==
          urls{"https://idp.example/.well-known/oauth-authorization-server/realms/a",
               "https://idp.example/realms/a/.well-known/openid-configuration"});
}
