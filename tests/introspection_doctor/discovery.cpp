// SPDX-License-Identifier: BSL-1.0
#include "discovery.hpp"

#include "support/catch.hpp"

#include <array>
#include <string>
#include <string_view>
#include <tuple>

using doctor::discovery_urls;
using doctor::problem;
using doctor::read_document;
using doctor::surprise;
using outlast::oauth2::reason;

TEST_CASE("doctor discovery: where the document is (RFC 8414 §3.1, OpenID Connect Discovery §4)") {
    using urls = std::array<std::string, 2>;
    CHECK(discovery_urls("https://idp.example") ==
          urls{"https://idp.example/.well-known/oauth-authorization-server",
               "https://idp.example/.well-known/openid-configuration"});
    CHECK(discovery_urls("https://idp.example:8443/") ==
          urls{"https://idp.example:8443/.well-known/oauth-authorization-server",
               "https://idp.example:8443/.well-known/openid-configuration"});
    CHECK(discovery_urls("https://idp.example/realms/a") ==
          urls{"https://idp.example/.well-known/oauth-authorization-server/realms/a",
               "https://idp.example/realms/a/.well-known/openid-configuration"});
}

TEST_CASE("doctor discovery: a good document names the endpoint") {
    const auto found = read_document(
        200, "application/json",
        R"({"issuer":"https://idp.example","introspection_endpoint":"https://idp.example/i"})",
        "https://idp.example", false);
    CHECK(found.wrong == problem{});
    CHECK(found.endpoint == "https://idp.example/i");
}

TEST_CASE("doctor discovery: what is wrong with a document") {
    using row = std::tuple<int, std::string_view, std::string_view, problem>;
    const auto [status, type, body, wrong] = GENERATE(
        row{404, "", "", reason::not_found}, row{302, "", "", reason::redirect},
        row{503, "", "", reason::server_unavailable}, row{400, "", "", reason::bad_request},
        row{200, "text/html", "<html>", reason::not_json},
        row{200, "application/json", "{", surprise::bad_document},
        row{200, "application/json", "[]", surprise::bad_document},
        row{200, "application/json", "{}", surprise::wrong_issuer},
        row{200, "application/json", R"({"issuer":7})", surprise::wrong_issuer},
        row{200, "application/json",
            R"({"issuer":"https://idp.example/","introspection_endpoint":"https://idp.example/i"})",
            surprise::wrong_issuer},
        row{200, "application/json",
            R"({"issuer":"https://IDP.example","introspection_endpoint":"https://idp.example/i"})",
            surprise::wrong_issuer},
        row{200, "application/json", R"({"issuer":"https://idp.example"})", surprise::no_endpoint},
        row{200, "application/json",
            R"({"issuer":"https://idp.example","introspection_endpoint":"http://idp.example/i"})",
            surprise::unusable_endpoint});
    CAPTURE(status, body);
    CHECK(read_document(status, type, body, "https://idp.example", false).wrong == wrong);
}
