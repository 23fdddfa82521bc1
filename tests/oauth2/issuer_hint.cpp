// SPDX-License-Identifier: BSL-1.0
#include <outlast/oauth2/issuer_hint.hpp>

#include "support/catch.hpp"
#include "support/jose_texts.hpp"

#include <optional>
#include <string>
#include <string_view>

using outlast::oauth2::issuer_hint;
using outlast_tests::compact;

namespace {
std::optional<std::string> of(std::string_view payload) {
    return issuer_hint(compact(R"({"alg":"ES256"})", payload));
}
} // namespace

TEST_CASE("issuer_hint: what a JWT says of itself, whoever signed it") {
    CHECK(of(R"({"sub":"x","iss":"https://a.example"})") == "https://a.example");
    CHECK(of(R"({"iss":"a\u0062"})") == "ab");
    CHECK(issuer_hint(compact(R"({"alg":"none"})", R"({"iss":"a"})", "")) == "a");
}

TEST_CASE("issuer_hint: what has none, is none, or has two") {
    for (const std::string_view payload :
         {"{}", R"({"iss":7})", R"({"iss":null})", R"({"iss":["a"]})", R"({"iss":{"iss":"a"}})",
          R"({"a":{"iss":"a"}})", R"(["iss","a"])", R"({"iss":"a","iss":"b"})", R"({"iss":"a")",
          ""}) {
        INFO(payload);
        CHECK(of(payload) == std::nullopt);
    }
}

TEST_CASE("issuer_hint: an opaque token has none") {
    const std::string jwt = compact(R"({"alg":"ES256"})", R"({"iss":"a"})");
    CHECK(issuer_hint("") == std::nullopt);
    CHECK(issuer_hint("mF_9.B5f-4.1JqM") == std::nullopt);
    CHECK(issuer_hint(jwt + ".x.y") == std::nullopt); // an encrypted one: nobody can look into it
    CHECK(issuer_hint("x" + jwt) == std::nullopt);
    CHECK(issuer_hint(jwt.substr(0, jwt.rfind('.'))) == std::nullopt);
    CHECK(issuer_hint("ey.!!.x") == std::nullopt);
}
