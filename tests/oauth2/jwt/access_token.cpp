// SPDX-License-Identifier: BSL-1.0
#include <outlast/oauth2/jwt/access_token.hpp>

#include "oauth2/support/issuer.hpp"
#include "support/catch.hpp"
#include "support/print.hpp"

#include <chrono>
#include <string>
#include <string_view>

using namespace outlast::oauth2;
using namespace outlast_tests;
using namespace std::chrono_literals;

namespace {

const access_token_options options{.issuer = "https://as.example", .audience = "api"};
const document_options reading{};

local_finding
judged(std::string_view token, double now = 0, const access_token_options& o = options) {
    static const auto keys =
        jose::key_set::read(jwks_of({jose_keys::p256, jose_keys::rsa})).value();
    const auto read = read_access_token(token, o);
    REQUIRE(read.has_value());
    return judge(*read, keys, o, reading, at(now));
}

bool is_ours(std::string_view token, const access_token_options& o = options) {
    return read_access_token(token, o).has_value();
}

} // namespace

TEST_CASE("access token: every claim becomes a fact") {
    const auto found = judged(access_token({{"nbf", std::to_string(t0)},
                                            {"aud", R"(["other","api"])"},
                                            {"cnf", R"({"x5t#S256":"abc"})"}}));
    CHECK(found.what == local_verdict::good);
    REQUIRE(found.said);
    const facts& said = *found.said;
    CHECK(said.iss == "https://as.example");
    CHECK(said.sub == "u1");
    CHECK(said.client_id == "c1");
    CHECK(said.jti == "j1");
    CHECK(said.exp == second(3600));
    CHECK(said.nbf == second(0));
    CHECK(said.iat == second(0));
    CHECK(said.aud == std::vector<std::string>{"other", "api"});
    CHECK(said.scope == std::vector<std::string>{"read", "list"});
    REQUIRE(said.cnf);
    CHECK(said.cnf->x5t_s256 == "abc");
}

TEST_CASE("access token: signed by another kind of key, and by application/at+jwt") {
    CHECK(judged(access_token({}, jose_keys::rsa)).what == local_verdict::good);
    CHECK(judged(signed_by(jose_keys::rsa, token_claims(), "application/AT+JWT",
                           jose::algorithm::ps256))
              .what == local_verdict::good);
}

// RFC 9068 §4: the type keeps ID tokens, and all other JWTs of the issuer, apart.
TEST_CASE("access token: what is no JWT access token is not judged here") {
    CHECK(is_ours(access_token()));
    CHECK_FALSE(is_ours("2YotnFZFEjr1zCsicMWpAA"));
    CHECK_FALSE(is_ours(signed_by(jose_keys::p256, token_claims(), "JWT")));
    CHECK_FALSE(is_ours(signed_by(jose_keys::p256, token_claims(), "")));
    CHECK_FALSE(is_ours(signed_by(jose_keys::p256, token_claims(), "token-introspection+jwt")));
    CHECK_FALSE(is_ours(compact(R"({"alg":"none","typ":"at+jwt"})", token_claims())));
    CHECK_FALSE(is_ours(compact(R"({"alg":"none","typ":"at+jwt"})", token_claims(), "")));
    CHECK_FALSE(is_ours(compact(R"({"alg":"HS256","typ":"at+jwt"})", token_claims())));
    CHECK_FALSE(
        is_ours(compact(R"({"alg":"ES256","typ":"at+jwt","crit":["x"],"x":1})", token_claims())));
    access_token_options only_rsa = options;
    only_rsa.allowed = {jose::algorithm::rs256};
    CHECK_FALSE(is_ours(access_token(), only_rsa));
    CHECK(is_ours(access_token({}, jose_keys::rsa), only_rsa));
}

TEST_CASE("access token: a forged one is bad, one of an unknown key may be good yet") {
    CHECK(judged(forged_token()).what == local_verdict::bad);
    CHECK(judged(access_token({}, jose_keys::p384)).what == local_verdict::unknown_key);
    std::string changed = access_token();
    changed[changed.find('.') + 5] ^= 1;
    CHECK(judged(changed).what == local_verdict::bad);
}

TEST_CASE(
    "access token: a claim that is missing, or of the wrong type, makes it odd, RFC 9068 §2.2") {
    const std::string name =
        GENERATE(as<std::string>{}, "iss", "exp", "aud", "sub", "client_id", "iat", "jti");
    for (const char* text : {"", "null", "{}", "true"}) {
        INFO(name << " is " << text);
        CHECK(judged(access_token({{name, text}})).what == local_verdict::odd);
    }
}

TEST_CASE("access token: claims that two readers may read in two ways make it odd") {
    const std::string text = GENERATE(as<std::string>{}, "", "[]", "\"x\"",
                                      R"({"a":1} )"
                                      "x",
                                      R"({"exp":1,"exp":2})", R"({"exp":"1700003600"})",
                                      R"({"exp":1e400})", "{\"sub\":\"\xff\"}");
    CHECK(judged(signed_by(jose_keys::p256, text)).what == local_verdict::odd);
    CHECK(judged(access_token({{"exp", "\"1700003600\""}})).what == local_verdict::odd);
    CHECK(judged(access_token({{"exp", "-1"}})).what == local_verdict::odd);
    CHECK(judged(access_token({{"aud", "[]"}})).what == local_verdict::odd);
    CHECK(judged(access_token({{"scope", "[\"read\"]"}})).what == local_verdict::odd);
    CHECK(judged(access_token({{"cnf", "\"x\""}})).what == local_verdict::odd);
}

TEST_CASE("access token: iat may be ahead of our clock by 60 s") {
    CHECK(judged(access_token({{"iat", std::to_string(t0 + 60)}})).what == local_verdict::good);
    CHECK(judged(access_token({{"iat", std::to_string(t0 + 61)}})).what == local_verdict::odd);
    CHECK(judged(access_token({{"iat", std::to_string(t0 + 61)}}), 1).what == local_verdict::good);
}

TEST_CASE("access token: the rest is for the policy of each request") {
    const requirements own = options.own_requirements();
    const auto ruled = [&](const claims& changed, double now = 0) {
        const auto found = judged(access_token(changed), now);
        REQUIRE(found.what == local_verdict::good);
        return check(*found.said, own, at(now), freshness::cached);
    };
    CHECK(ruled({}) == ruling::ok);
    CHECK(ruled({}, 3599.9) == ruling::ok);
    CHECK(ruled({}, 3600) == ruling::expired);
    CHECK(ruled({{"nbf", std::to_string(t0 + 10)}}) == ruling::ok);
    CHECK(ruled({{"nbf", std::to_string(t0 + 11)}}) == ruling::not_yet_valid);
    CHECK(ruled({{"iss", R"("https://as.example/")"}}) == ruling::wrong_issuer);
    CHECK(ruled({{"aud", R"("API")"}}) == ruling::wrong_audience);
    CHECK(ruled({{"cnf", R"({"jkt":"x"})"}}) == ruling::sender_constrained);
}

TEST_CASE("access token: options that cannot be meant have a problem") {
    CHECK(options.problem() == nullptr);
    CHECK(access_token_options{.audience = "api"}.problem() != nullptr);
    CHECK(access_token_options{.issuer = "https://as.example"}.problem() != nullptr);
    CHECK(access_token_options{.issuer = "i", .audience = "a", .allowed = {}}.problem() != nullptr);
    CHECK(access_token_options{.issuer = "i", .audience = "a", .iat_leeway = -1s}.problem() !=
          nullptr);
}
