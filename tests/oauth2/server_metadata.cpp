// SPDX-License-Identifier: BSL-1.0
#include <outlast/oauth2/server_metadata.hpp>

#include "bodies.hpp"
#include "support/catch.hpp"

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>

using namespace outlast::oauth2;
using namespace outlast_tests;
using namespace std::chrono_literals;

namespace {

constexpr std::string_view issuer = "https://idp.example/a";

server_metadata naming(std::string endpoint) {
    return {.issuer = std::string{issuer}, .introspection_endpoint = std::move(endpoint)};
}

} // namespace

TEST_CASE("metadata: an answer that is none has the reason of its status, type or body") {
    using row = std::tuple<int, std::string_view, std::string_view, reason>;
    const auto [status, type, body, wrong] =
        GENERATE(row{404, "application/json", "{}", reason::not_found},
                 row{302, "application/json", "{}", reason::redirect},
                 row{503, "application/json", "{}", reason::server_unavailable},
                 row{400, "application/json", "{}", reason::bad_request},
                 row{204, "application/json", "", reason::unexpected_status},
                 row{200, "text/html", "<html>", reason::not_json},
                 row{200, "application/json", "{", reason::malformed_json},
                 row{200, "application/json", "{} {}", reason::malformed_json},
                 row{200, "application/json", "[]", reason::not_an_object});
    CAPTURE(status, body);
    response_view answer = json(body, status);
    answer.content_type = type;
    CHECK(read_server_metadata(answer, at(0)).wrong == wrong);
}

TEST_CASE("metadata: bounded, and not coded") {
    const std::string large = R"({"x":")" + std::string(max_body_size, 'a') + R"("})";
    CHECK(read_server_metadata(json(large), at(0)).wrong == reason::body_too_large);
    response_view coded = json("{}");
    coded.content_encoding = "gzip";
    CHECK(read_server_metadata(coded, at(0)).wrong == reason::content_encoding);
}

TEST_CASE("metadata: Retry-After counts with 429 and 5xx") {
    const auto [status, counts] = GENERATE(std::tuple{429, true}, std::tuple{503, true},
                                           std::tuple{404, false}, std::tuple{200, false});
    CAPTURE(status);
    response_view answer = json("{}", status);
    answer.retry_after = "17";
    CHECK(read_server_metadata(answer, at(0)).retry_after ==
          (counts ? std::optional{17s} : std::nullopt));
}

TEST_CASE("S19 metadata: the issuer is the configured one, byte for byte (RFC 8414 §3.3)") {
    CHECK(problem_of({.issuer = std::string{issuer}}, issuer) == std::nullopt);
    for (const std::string other : {"", "https://idp.example/a/", "https://IDP.example/a",
                                    "https://idp.example:443/a", "https://idp.example/b"}) {
        INFO(other);
        CHECK(problem_of({.issuer = other}, issuer) == reason::wrong_issuer);
    }
}

TEST_CASE("S19 metadata: endpoints are https, at the origin of the issuer") {
    for (const std::string good : {"", "https://idp.example/introspect",
                                   "https://idp.example:443/i", "https://IDP.example/i?tenant=a"}) {
        INFO(good);
        CHECK(problem_of(naming(good), issuer) == std::nullopt);
    }
    for (const std::string bad :
         {"http://idp.example/i", "https://idp.example:8443/i", "https://evil.example/i",
          "https://idp.example.evil.example/i", "https://rs@idp.example/i", "/introspect",
          "https://idp.example@evil.example/i", "https://evil.example\\@idp.example/i",
          "http://localhost/i", "https://169.254.169.254/i", "file:///etc/passwd",
          "javascript:1"}) {
        INFO(bad);
        CHECK(problem_of(naming(bad), issuer) == reason::bad_endpoint);
    }
    CHECK(problem_of({.issuer = std::string{issuer}, .jwks_uri = "https://evil.example/"},
                     issuer) == reason::bad_endpoint);
    CHECK(problem_of({.issuer = std::string{issuer}, .token_endpoint = "http://idp.example/"},
                     issuer) == reason::bad_endpoint);
}

TEST_CASE("S19 metadata: further origins are those that are allowed, and no others") {
    const std::string allowed[] = {"https://keys.example", "https://api.example:8443/ignored"};
    const endpoint_rules rules{.origins = allowed};
    CHECK(problem_of(naming("https://keys.example/i"), issuer, rules) == std::nullopt);
    CHECK(problem_of(naming("https://api.example:8443/i"), issuer, rules) == std::nullopt);
    CHECK(problem_of(naming("https://api.example/i"), issuer, rules) == reason::bad_endpoint);
    CHECK(problem_of(naming("http://keys.example/i"), issuer, rules) == reason::bad_endpoint);
    CHECK(problem_of(naming("https://a.keys.example/i"), issuer, rules) == reason::bad_endpoint);
}

TEST_CASE("metadata: plain http is for loopback, or for whoever allows it") {
    const auto at_http = [](std::string_view own, std::string endpoint, bool allowed) {
        return problem_of(
            {.issuer = std::string{own}, .introspection_endpoint = std::move(endpoint)}, own,
            {.allow_plain_http = allowed});
    };
    CHECK(at_http("http://127.0.0.1:8080", "http://127.0.0.1:8080/i", false) == std::nullopt);
    CHECK(at_http("http://127.0.0.1:8080", "http://127.0.0.1:8081/i", false) ==
          reason::bad_endpoint);
    CHECK(at_http("http://idp.example", "http://idp.example/i", true) == std::nullopt);
    CHECK(at_http("https://idp.example", "http://idp.example/i", true) == reason::bad_endpoint);
}
