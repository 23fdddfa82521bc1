// SPDX-License-Identifier: BSL-1.0
#include <outlast/oauth2/jose/private_key_jwt.hpp>

#include <outlast/oauth2/introspector.hpp>
#include <outlast/oauth2/jose/verify.hpp>
#include <outlast/oauth2/request.hpp>

#include "oauth2/bodies.hpp"
#include "oauth2/support/jose_keys.hpp"
#include "oauth2/support/jose_texts.hpp"
#include "oauth2/support/server.hpp"
#include "support/catch.hpp"

#include <boost/json/parse.hpp>

#include <chrono>
#include <set>
#include <stdexcept>
#include <string>
#include <string_view>

namespace json = boost::json;
using namespace outlast::oauth2;
using namespace outlast::oauth2::jose;
using namespace outlast_tests;
using namespace std::chrono_literals;

namespace {

client_credentials_maker maker(std::string_view jwk = jose_keys::p256,
                               private_key_jwt_options options = {
                                   .client_id = "r\"s", .audience = "https://as.example"}) {
    options.wall = [] { return at(0.9); };
    return private_key_jwt(signing_key::from_json(jwk).value(), std::move(options));
}

/// The claims of an assertion that another may verify; its header has to be right.
json::object claims_of(std::string_view assertion, std::string_view jwk, std::string_view kid) {
    const auto key = verifying_key::from_json(public_jwk(jwk)).value();
    const auto read = read_compact(assertion).value();
    CHECK(read.header.kid == kid);
    CHECK(read.header.typ == "JWT");
    return json::parse(key.verify(read, algorithms::all()).value()).as_object();
}

std::string assertion_in(const fresh_credentials& c) {
    REQUIRE(c.parameters.size() == 2);
    CHECK(c.parameters[0].name == "client_assertion_type");
    CHECK(c.parameters[0].value.expose() ==
          "urn:ietf:params:oauth:client-assertion-type:jwt-bearer");
    CHECK(c.parameters[1].name == "client_assertion");
    CHECK(c.bearer.empty());
    return std::string{c.parameters[1].value.expose()};
}

} // namespace

TEST_CASE(
    "private_key_jwt: an assertion says who we are, to whom, and for how long (RFC 7523 §3)") {
    for (const auto& [jwk, kid] : {std::pair{jose_keys::p256, "p256"}, {jose_keys::rsa, "rsa"}}) {
        const auto made = maker(jwk).make();
        REQUIRE(made);
        const json::object claims = claims_of(assertion_in(*made), jwk, kid);
        CHECK(claims.size() == 6);
        CHECK(claims.at("iss") == "r\"s");
        CHECK(claims.at("sub") == "r\"s");
        CHECK(claims.at("aud") == "https://as.example");
        CHECK(claims.at("iat").as_int64() == t0);
        CHECK(claims.at("exp").as_int64() == t0 + 60);
        CHECK(claims.at("jti").as_string().size() == 22);
    }
}

TEST_CASE("private_key_jwt: each has an id of its own") {
    const client_credentials_maker m = maker();
    std::set<std::string> ids;
    for (int i = 0; i != 20; ++i)
        ids.insert(json::serialize(
            claims_of(assertion_in(m.make().value()), jose_keys::p256, "p256").at("jti")));
    CHECK(ids.size() == 20);
}

TEST_CASE("S22 private_key_jwt: a new assertion for each attempt, and in the body only") {
    scripted_server server;
    server.first = {refuses()};
    server.otherwise = says(r_plus(3600));
    introspector_options o{.endpoints = {"https://as.example/introspect"},
                           .auth = maker(),
                           .retry = {.max_attempts = 2, .backoff = outlast::constant(1ms)},
                           .wall = [] { return at(0); }};
    introspector api{std::move(o), server};
    CHECK(api("Bearer tokA").status == 200);
    REQUIRE(server.calls() == 2);
    CHECK(server.asked[0].body != server.asked[1].body);
    for (const auto& asked : server.asked) {
        CHECK(asked.headers.count("Authorization") == 0);
        const std::size_t begin = asked.body.find("&client_assertion=") + 18;
        claims_of(asked.body.substr(begin, asked.body.find('&', begin) - begin), jose_keys::p256,
                  "p256");
    }
}

TEST_CASE("private_key_jwt: keys of the cache are bound to the client") {
    const client_auth auth = maker();
    CHECK(client_id(auth) == "r\"s");
}

TEST_CASE("private_key_jwt: options that make no sense are refused with a sentence") {
    const auto refused = [](private_key_jwt_options o) {
        CHECK(o.problem() != nullptr);
        CHECK_THROWS_AS(private_key_jwt(signing_key::from_json(jose_keys::p256).value(), o),
                        std::invalid_argument);
    };
    refused({.client_id = "", .audience = "a"});
    refused({.client_id = "rs", .audience = ""});
    refused({.client_id = "rs", .audience = "a", .lifetime = 4s});
    refused({.client_id = "rs", .audience = "a", .lifetime = 301s});
    refused({.client_id = "rs", .audience = "a", .wall = nullptr});
}
