// SPDX-License-Identifier: BSL-1.0
#include <outlast/oauth2/metadata_document.hpp>

#include <outlast/oauth2/strict_json.hpp>

#include "support/catch.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

using namespace outlast::oauth2;

namespace {

struct outcome {
    std::optional<reason> wrong;
    server_metadata said;
};

outcome read(std::string_view body) {
    metadata_document document;
    outcome o{read_strict_json(body, document), {}};
    if (!o.wrong)
        o.wrong = document.problem();
    if (!o.wrong)
        o.said = document.take();
    return o;
}

} // namespace

TEST_CASE("metadata: what is of use is kept, all else is passed over, whatever it is") {
    const outcome o = read(R"({
        "issuer":"https://idp.example","jwks_uri":"https://idp.example/jwks",
        "scopes_supported":["a",["issuer"],{"issuer":"https://evil.example"}],
        "mtls_endpoint_aliases":{"issuer":"https://evil.example","introspection_endpoint":7},
        "claims_parameter_supported":true,"service_documentation":null,"x":1.5,
        "introspection_endpoint_auth_methods_supported":["client_secret_basic","private_key_jwt"],
        "token_endpoint":"https://idp.example/token",
        "introspection_endpoint":"https:\/\/idp.example\/introspect"})");
    REQUIRE_FALSE(o.wrong);
    CHECK(o.said.issuer == "https://idp.example");
    CHECK(o.said.introspection_endpoint == "https://idp.example/introspect");
    CHECK(o.said.jwks_uri == "https://idp.example/jwks");
    CHECK(o.said.token_endpoint == "https://idp.example/token");
    CHECK(o.said.introspection_auth_methods ==
          std::vector<std::string>{"client_secret_basic", "private_key_jwt"});
}

TEST_CASE("metadata: null is absent") {
    const outcome o = read(R"({"issuer":"https://idp.example","introspection_endpoint":null,
        "introspection_endpoint_auth_methods_supported":null})");
    REQUIRE_FALSE(o.wrong);
    CHECK(o.said.introspection_endpoint.empty());
    CHECK(o.said.introspection_auth_methods.empty());
}

TEST_CASE("metadata: a member that is used is of its type") {
    for (const std::string_view body :
         {R"({"issuer":7})", R"({"issuer":""})", R"({"issuer":true})", R"({"issuer":{}})",
          R"({"issuer":["https://idp.example"]})", R"({"introspection_endpoint":{"a":"b"}})",
          R"({"jwks_uri":1})", R"({"token_endpoint":[]})",
          R"({"introspection_endpoint_auth_methods_supported":"client_secret_basic"})",
          R"({"introspection_endpoint_auth_methods_supported":[1]})",
          R"({"introspection_endpoint_auth_methods_supported":[null]})",
          R"({"introspection_endpoint_auth_methods_supported":[["a"]]})",
          R"({"introspection_endpoint_auth_methods_supported":{}})"}) {
        INFO(body);
        CHECK(read(body).wrong == reason::bad_claim_type);
    }
}

TEST_CASE("metadata: one object, and no member twice") {
    CHECK(read("[]").wrong == reason::not_an_object);
    CHECK(read(R"("issuer")").wrong == reason::not_an_object);
    CHECK(read(R"([{"issuer":"https://idp.example"}])").wrong == reason::not_an_object);
    CHECK(read(R"({"issuer":"a","\u0069ssuer":"b"})").wrong == reason::duplicate_member);
    CHECK(read("{").wrong == reason::malformed_json);
}
