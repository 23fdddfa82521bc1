// SPDX-License-Identifier: BSL-1.0
#include <outlast/oauth2/signed_answer.hpp>

#include "bodies.hpp"
#include "support/catch.hpp"

#include <string>
#include <string_view>

using namespace outlast::oauth2;
using namespace outlast_tests;

namespace {

constexpr std::string_view claims_head =
    R"({"iss":"https://as.example","aud":"rs","iat":1700000000)";

/// Whose body is `signed:` and the claims.
signed_answers wanted() {
    return {.issuer = "https://as.example",
            .audience = "rs",
            .verify = [](std::string_view jwt) -> verified_claims {
                if (jwt == "unknown")
                    return {.why = reason::unknown_key};
                if (!jwt.starts_with("signed:"))
                    return {};
                return {.json = std::string{jwt.substr(7)}};
            }};
}
finding read(std::string_view body,
             std::string_view type = "application/token-introspection+jwt",
             int status = 200) {
    response_view view;
    view.status = status;
    view.content_type = type;
    view.body = body;
    return classify_signed(view, at(0), wanted());
}
reason claims(const std::string& json) { return read("signed:" + json).why; }
std::string with_introspection(std::string_view introspection) {
    return std::string{claims_head} + R"(,"token_introspection":)" + std::string{introspection} +
           "}";
}

} // namespace

TEST_CASE("signed answer: the facts are those of token_introspection") {
    const finding f = read("signed:" + with_introspection(r_plus(3600)));
    CHECK(f.why == reason::active);
    REQUIRE(f.said);
    CHECK(f.said->sub == "u1");
    CHECK(f.said->exp == second(3600));
    CHECK(f.said->scope == std::vector<std::string>{"read"});
    CHECK(f.said->aud == std::vector<std::string>{"api"});
    CHECK(claims(with_introspection(r_minus)) == reason::inactive);
}

// RFC 9701 §8.1: S25.
TEST_CASE("S25 signed answer: no claim beside token_introspection is a fact") {
    CHECK(claims(std::string{claims_head} + R"(,"active":true,"sub":"u1"})") ==
          reason::bad_signed_answer);
    CHECK(claims(std::string{claims_head} +
                 R"(,"active":true,"token_introspection":{"active":false}})") == reason::inactive);
    CHECK(claims(std::string{claims_head} +
                 R"(,"token_introspection":{"active":false},"active":true})") == reason::inactive);
    CHECK(claims(std::string{claims_head} +
                 R"(,"active":true,"token_introspection":{"sub":"u1"}})") ==
          reason::active_missing);
    const finding f =
        read("signed:" + std::string{claims_head} +
             R"(,"sub":"evil","scope":"admin","exp":1,"token_introspection":{"active":true}})");
    CHECK(f.why == reason::active);
    REQUIRE(f.said);
    CHECK_FALSE(f.said->sub.has_value());
    CHECK(f.said->scope.empty());
    CHECK(f.said->aud.empty());
    CHECK_FALSE(f.said->iss.has_value());
    CHECK_FALSE(f.said->exp.has_value());
}

TEST_CASE("S25 signed answer: issuer, audience, iat and token_introspection, each there and of its "
          "type") {
    const std::string good = R"("token_introspection":{"active":true})";
    const auto with_claims = [&](const std::string& others) {
        return claims("{" + others + "," + good + "}");
    };
    CHECK(with_claims(R"("iss":"https://as.example","aud":"rs","iat":1700000000)") ==
          reason::active);
    CHECK(with_claims(R"("iss":"https://as.example","aud":["other","rs"],"iat":1700000000)") ==
          reason::active);
    for (const char* bad :
         {R"("aud":"rs","iat":1700000000)", R"("iss":"https://as.example","iat":1700000000)",
          R"("iss":"https://as.example","aud":"rs")",
          R"("iss":"https://as.example/","aud":"rs","iat":1700000000)",
          R"("iss":["https://as.example"],"aud":"rs","iat":1700000000)",
          R"("iss":"https://as.example","aud":"other","iat":1700000000)",
          R"("iss":"https://as.example","aud":[],"iat":1700000000)",
          R"("iss":"https://as.example","aud":{"a":"rs"},"iat":1700000000)",
          R"("iss":"https://as.example","aud":[["rs"]],"iat":1700000000)",
          R"("iss":"https://as.example","aud":7,"iat":1700000000)",
          R"("iss":"https://as.example","aud":"rs","iat":"1")",
          R"("iss":"https://as.example","aud":"rs","iat":253402300799)",
          R"("iss":"https://as.example","aud":null,"iat":1700000000)",
          R"("x":{"iss":"https://as.example","aud":"rs","iat":1700000000})"}) {
        INFO(bad);
        CHECK(with_claims(bad) == reason::bad_signed_answer);
    }
    for (const char* bad : {"true", "null", "\"x\"", "7", "[]", R"([{"active":true}])"}) {
        INFO(bad);
        CHECK(claims(with_introspection(bad)) == reason::bad_signed_answer);
    }
    CHECK(claims("[]") == reason::bad_signed_answer);
    CHECK(claims("\"x\"") == reason::bad_signed_answer);
    CHECK(claims(std::string{claims_head} + "}") == reason::bad_signed_answer);
}

TEST_CASE("signed answer: other claims do not matter, whatever they are") {
    CHECK(claims(std::string{claims_head} +
                 R"(,"a":{"aud":[1]},"b":[{}],"c":null,"d":1,"e":true,)" +
                 R"("token_introspection":{"active":true,"cnf":{"jkt":"x"},"aud":["rs"]}})") ==
          reason::active);
}

TEST_CASE(
    "signed answer: what stands in token_introspection is read as strictly as a plain answer") {
    CHECK(claims(with_introspection(R"({"active":"true"})")) == reason::active_not_boolean);
    CHECK(claims(with_introspection(R"({"active":true,"exp":"1"})")) == reason::bad_time);
    CHECK(claims(with_introspection(R"({"active":true,"active":true})")) ==
          reason::duplicate_member);
    CHECK(claims(with_introspection("{}") + "x") == reason::malformed_json);
    CHECK(claims(with_introspection("{}")) == reason::active_missing);
}

TEST_CASE("S25 signed answer: a plain one is BAD where a signed one was demanded") {
    CHECK(read(r_plus(3600), "application/json").why == reason::not_signed);
    CHECK(read(r_minus, "application/json").why == reason::not_signed);
    CHECK(read("signed:" + with_introspection(r_plus(3600)), "application/jwt").why ==
          reason::not_signed);
    CHECK(read("signed:" + with_introspection(r_plus(3600)), "").why == reason::not_signed);
    CHECK(read("signed:" + with_introspection(r_plus(3600)),
               "application/token-introspection+jwt, text/plain")
              .why == reason::not_signed);
    CHECK(class_of(reason::not_signed) == outcome_class::bad);
    CHECK(read("signed:" + with_introspection(r_plus(3600)),
               "Application/Token-Introspection+JWT; a=b")
              .why == reason::active);
}

TEST_CASE("signed answer: what the verifier did not believe is BAD, and it says why") {
    CHECK(read(r_plus(3600)).why == reason::bad_signed_answer);
    CHECK(read("unknown").why == reason::unknown_key);
    CHECK_FALSE(read("unknown").said);
    CHECK(class_of(reason::unknown_key) == outcome_class::bad);
}

TEST_CASE("signed answer: codings, sizes and other statuses, as with a plain one") {
    response_view view;
    view.status = 200;
    view.content_type = signed_answer_type;
    const std::string body = "signed:" + with_introspection(r_plus(3600));
    view.body = body;
    view.content_encoding = "gzip";
    CHECK(classify_signed(view, at(0), wanted()).why == reason::content_encoding);
    view.content_encoding = "identity";
    CHECK(classify_signed(view, at(0), wanted()).why == reason::active);
    view.body_cut = true;
    CHECK(classify_signed(view, at(0), wanted()).why == reason::body_too_large);
    CHECK(read("{}", "application/json", 401).why == reason::client_refused);
    CHECK(read("{}", "application/json", 503).why == reason::server_unavailable);
    CHECK(read(R"({"error":"unsupported_token_type"})", "application/json", 400).why ==
          reason::bad_request);
}

TEST_CASE("S25 signed answer: one of another time is none") {
    const auto made_at = [](std::int64_t iat) {
        return claims(R"({"iss":"https://as.example","aud":"rs","iat":)" + std::to_string(iat) +
                      R"(,"token_introspection":{"active":true}})");
    };
    for (const std::int64_t near : {-60, 0, 60})
        CHECK(made_at(1'700'000'000 + near) == reason::active);
    for (const std::int64_t far : {-86'400, -61, 61})
        CHECK(made_at(1'700'000'000 + far) == reason::bad_signed_answer);
}
