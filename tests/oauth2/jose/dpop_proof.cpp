// SPDX-License-Identifier: BSL-1.0
#include <outlast/oauth2/jose/dpop_proof.hpp>

#include "oauth2/support/dpop_proofs.hpp"
#include "support/catch.hpp"

#include <string>
#include <string_view>
#include <system_error>

using namespace outlast::oauth2::jose;
using namespace outlast_tests;

namespace {

constexpr std::string_view claims =
    R"({"jti":"a","htm":"GET","htu":"https://api.example/","iat":1700000000})";

std::error_code why(std::string_view proof, algorithms allowed = algorithms::all()) {
    const auto read = read_dpop_proof(proof, allowed);
    return read ? std::error_code{} : read.error();
}
std::error_code of_claims(std::string text) { return why(made({.claims = std::move(text)})); }

} // namespace

TEST_CASE("dpop: the example of RFC 9449 §7.1") {
    const auto read = read_dpop_proof(rfc_proof, {algorithm::es256});
    REQUIRE(read);
    CHECK(read.value().key.text() == rfc_jkt);
    CHECK(read.value().jti == "e1j3V_bKic8-LAEB");
    CHECK(read.value().htm == "GET");
    CHECK(read.value().htu == "https://resource.example.org/protectedresource");
    CHECK(read.value().ath == rfc_ath);
    CHECK(read.value().iat.time_since_epoch().count() == 1'562'262'618);
    CHECK(why(rfc_proof, {algorithm::ps256}) == errc::algorithm_refused);
    CHECK(why(with(rfc_proof, ".2oW9", ".3oW9")) == errc::bad_signature);
}

TEST_CASE("dpop: RSA keys, too") {
    CHECK_FALSE(why(made({.key = jose_keys::rsa,
                          .jwk = public_jwk(jose_keys::rsa),
                          .alg = "PS256",
                          .claims = std::string{claims}})));
}

TEST_CASE("dpop: the key that is shown is the one that signed, public, and strong") {
    const auto shown = [](std::string jwk) {
        return why(made({.jwk = std::move(jwk), .claims = std::string{claims}}));
    };
    CHECK_FALSE(shown(public_jwk(jose_keys::p256)));
    CHECK(shown(public_jwk(jose_keys::other_p256)) == errc::bad_signature);
    CHECK(shown(std::string{jose_keys::p256}) == errc::private_key);
    CHECK(shown(public_jwk(jose_keys::rsa)) == errc::wrong_key);
    CHECK(shown("") == errc::malformed);
    CHECK(shown("{}") == errc::unusable_key);
    CHECK(shown("[]") == errc::malformed);
    CHECK(why(compact(R"({"alg":"ES256","typ":"dpop+jwt","jwk":"text"})", claims)) ==
          errc::malformed);
    CHECK(shown(R"({"kty":"oct","k":"AA"})") == errc::private_key);
    CHECK(why(made({.key = jose_keys::weak_rsa,
                    .jwk = public_jwk(jose_keys::weak_rsa),
                    .alg = "RS256",
                    .claims = std::string{claims}})) == errc::weak_key);
    // A key in another member of the header is none.
    const std::string elsewhere =
        R"({"alg":"ES256","typ":"dpop+jwt","x":)" + public_jwk(jose_keys::p256) + "}";
    CHECK(why(compact(elsewhere, claims)) == errc::malformed);
}

TEST_CASE("dpop: no other type, no HMAC, no none") {
    for (const std::string_view typ : {"at+jwt", "JWT", "", "dpop"})
        CHECK(why(made({.typ = std::string{typ}, .claims = std::string{claims}})) ==
              errc::malformed);
    for (const std::string_view alg : {"none", "HS256", "ES256K"})
        CHECK(why(compact(R"({"typ":"dpop+jwt","alg":")" + std::string{alg} + "\"}", claims)) ==
              errc::algorithm_refused);
    CHECK(why("") == errc::malformed);
    CHECK(why(std::string(max_dpop_size + 1, 'a')) == errc::too_large);
}

TEST_CASE("dpop: each claim is there, of its type, once") {
    CHECK_FALSE(of_claims(std::string{claims}));
    CHECK_FALSE(of_claims(with(claims, "1700000000", "1700000000.5,\"x\":{\"jti\":1}")));
    for (const std::string_view spoilt :
         {R"("jti":"a",)", R"("htm":"GET",)", R"("htu":"https://api.example/",)",
          R"(,"iat":1700000000)"})
        CHECK(of_claims(with(claims, spoilt, "")) == errc::malformed);
    CHECK(of_claims(with(claims, R"("a")", "1")) == errc::malformed);
    CHECK(of_claims(with(claims, R"("a")", R"("")")) == errc::malformed);
    CHECK(of_claims(with(claims, R"("GET")", "[\"GET\"]")) == errc::malformed);
    CHECK(of_claims(with(claims, "1700000000", R"("1700000000")")) == errc::malformed);
    CHECK(of_claims(with(claims, "1700000000", "-1")) == errc::malformed);
    CHECK(of_claims(with(claims, "{", R"({"ath":true,)")) == errc::malformed);
    CHECK(of_claims(with(claims, "{", R"({"jti":"b",)")) == errc::malformed);
    CHECK(of_claims("[]") == errc::malformed);
    CHECK(of_claims("x") == errc::malformed);
}
