// SPDX-License-Identifier: BSL-1.0
//
// JWTs and opaque tokens at one API, over a blocking transport.
#include <outlast/oauth2/jwt/jwt_introspector.hpp>

#include <outlast/oauth2/issuers.hpp>

#include "oauth2/support/issuer.hpp"
#include "oauth2/support/outcome_words.hpp"
#include "support/catch.hpp"

#include <openssl/bn.h>

#include <array>
#include <chrono>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

using namespace outlast::oauth2;
using namespace outlast_tests;
using namespace std::chrono_literals;

namespace {

struct api {
    issuer server{};
    jwt_introspector<issuer, hand_clock> check;
    explicit api(local_use use,
                 introspector_options o = introspection_at_issuer(),
                 bool signed_answers = false)
        : check{std::move(o), without_waits(jwt_of_issuer(use), signed_answers), server} {
        hand_clock::reset();
    }
    std::string operator()(const std::string& token, const requirements& wanted = {}) {
        return words_of(check("Bearer " + token, wanted));
    }

private:
    // A thread that waits by a clock that is moved by hand waits for ever.
    static jwt_options without_waits(jwt_options jwt, bool signed_answers) {
        jwt.signed_answers = signed_answers;
        jwt.keys.retry = {.max_attempts = 1};
        return jwt;
    }
};

/// Another good signature over the same: of (r, s) it is (r, n - s).
std::string malleated(const std::string& token) {
    const auto at = token.rfind('.') + 1;
    std::string raw = jose::decode_base64url(token.substr(at)).value();
    const auto order =
        jose::decode_base64url("_____wAAAAD__________7zm-q2nF56E87nKwvxjJVE").value();
    const auto big = [](const std::string& bytes) {
        return std::unique_ptr<BIGNUM, decltype(&BN_free)>{
            BN_bin2bn(reinterpret_cast<const unsigned char*>(bytes.data()),
                      static_cast<int>(bytes.size()), nullptr),
            &BN_free};
    };
    const auto n = big(order);
    const auto s = big(raw.substr(32));
    BN_sub(s.get(), n.get(), s.get());
    BN_bn2binpad(s.get(), reinterpret_cast<unsigned char*>(raw.data()) + 32, 32);
    return token.substr(0, at) + b64u(raw);
}

} // namespace

TEST_CASE("jwt introspector: first, a JWT is allowed by its signature, and keys are fetched once") {
    api s{local_use::first};
    const decision d = s.check("Bearer " + access_token(), {.audience = "api", .scopes = {"read"}});
    CHECK(words_of(d) == "ALLOW(local)");
    REQUIRE(d.who);
    CHECK(d.who->sub == "u1");
    CHECK(s(access_token({{"jti", "\"j2\""}})) == "ALLOW(local)");
    CHECK(s(forged_token()) == "401-IT");
    CHECK(s.server.calls() == "introspected 0, keys 1");
}

TEST_CASE(
    "S24 jwt introspector: a JWT that is bound to a key is good in the hands of who holds it") {
    introspector_options o = introspection_at_issuer();
    o.bearer.dpop_algorithms = "ES256";
    api s{local_use::first, std::move(o)};
    constexpr std::string_view mine = "bwcK0esc3ACC3DB2Y5_lESsXE8o9ltc05O89jdN-dgA";
    const held_keys none{};
    const held_keys certificate{.certificate = thumbprint::from_text(mine).value()};
    const held_keys proof{.dpop = thumbprint::from_text(mine).value()};
    const auto told = [&](const std::string& scheme, const std::string& token, const held_keys& k) {
        const decision d = s.check(scheme + ' ' + token, {}, outlast::forever, {}, k);
        return std::to_string(d.status) + ' ' + std::string{to_string(d.how)};
    };
    const std::string by_certificate =
        access_token({{"cnf", R"({"x5t#S256":")" + std::string{mine} + "\"}"}});
    CHECK(told("Bearer", by_certificate, certificate) == "200 local");
    CHECK(told("Bearer", by_certificate, none) == "401 local");
    CHECK(told("Bearer", by_certificate, proof) == "401 local");
    const std::string by_proof = access_token({{"cnf", R"({"jkt":")" + std::string{mine} + "\"}"}});
    CHECK(told("DPoP", by_proof, proof) == "200 local");
    CHECK(told("DPoP", by_proof, none) == "401 none"); // nobody needs to look at it
    CHECK(told("Bearer", by_proof, proof) == "401 local");
    CHECK(s.server.calls() == "introspected 0, keys 1");

    const decision d = s.check("DPoP " + by_proof);
    std::size_t offered = 0;
    for (const auto& [name, value] : d.reply.headers)
        offered += name == "WWW-Authenticate" && value.starts_with("DPoP ");
    CHECK(offered == 1);
}

TEST_CASE("jwt introspector: an opaque token is introspected and kept as ever") {
    api s{local_use::first};
    s.server.introspection.otherwise = says(r_plus(3600));
    CHECK(s("tokA") == "ALLOW(live)");
    CHECK(s("tokA") == "ALLOW(cached)");
    CHECK(s.server.calls() == "introspected 1, keys 0");
}

TEST_CASE("jwt introspector: fallback, the server's verdict counts while it can be had") {
    api s{local_use::fallback};
    const std::string good = access_token();
    const std::string revoked = access_token({{"jti", "\"j2\""}});
    s.server.introspection.otherwise = refuses();
    s.server.introspection.of[revoked] = {says(r_minus)};
    CHECK(s(revoked) == "401-IT");
    CHECK(s(good) == "ALLOW(local)");
    CHECK(s("opaque") == "503(5)");
    CHECK(s.server.calls() == "introspected 3, keys 1");
    s.server.introspection.otherwise = says(r_plus(3600));
    CHECK(s(good) == "ALLOW(live)");
    s.check.introspection().forget(revoked);
    s.server.introspection.of[revoked] = {refuses()};
    CHECK(s(revoked) ==
          "503(5)"); // it was revoked at the server: its signature is no longer enough
    s.server.introspection.of[revoked] = {says(r_minus)};
    CHECK(s(revoked) == "401-IT");
    s.server.introspection.otherwise = refuses();
    CHECK(s(good) == "ALLOW(cached)");
    CHECK(s(revoked) == "401-IT"); // is still known
}

TEST_CASE("jwt introspector: without keys and without the server it cannot be told") {
    const local_use use = GENERATE(local_use::first, local_use::fallback);
    api s{use};
    s.server.introspection.otherwise = refuses();
    s.server.jwks.otherwise = refuses();
    CHECK(s(access_token()) == "503(5)");
    s.server.introspection.otherwise = says(r_plus(3600));
    CHECK(s(access_token()) == "ALLOW(live)");
}

TEST_CASE("jwt introspector: what was revoked here stays refused, whatever its signature") {
    const local_use use = GENERATE(local_use::first, local_use::fallback);
    api s{use};
    s.server.introspection.otherwise = refuses();
    const std::string token = access_token();
    const std::string twin = malleated(token);
    REQUIRE(twin != token);
    CHECK(s(token) == "ALLOW(local)");
    CHECK(s(twin) == "ALLOW(local)");
    s.check.revoke(token);
    const std::string before = s.server.calls();
    CHECK(s(token) == "401-IT");
    CHECK(s(twin) == "401-IT");
    CHECK(s.server.calls() == before);
    CHECK(s(access_token({{"jti", "\"j2\""}})) == "ALLOW(local)");
    s.server.introspection.otherwise = says(r_plus(3600));
    s.check.revoke("opaque");
    CHECK(s("opaque") == "401-IT");
}

TEST_CASE("jwt introspector: requests without one good token are answered at once") {
    api s{local_use::first};
    CHECK(words_of(s.check("")) == "401 bare");
    CHECK(words_of(s.check("Bearer a\"b")) == "401-IT");
    const std::array<std::string_view, 2> two = {"Bearer a", "Bearer b"};
    CHECK(words_of(s.check(std::span<const std::string_view>{two})) == "400-IR");
    CHECK(s.server.calls() == "introspected 0, keys 0");
}

TEST_CASE(
    "jwt introspector: rotation, a new key is known at once, and made-up ones make no flood") {
    api s{local_use::first};
    s.server.introspection.otherwise = says(r_minus);
    CHECK(s(access_token()) == "ALLOW(local)");
    s.server.jwks.otherwise = says_keys({jose_keys::p256, jose_keys::p384});
    hand_clock::advance(31s);
    CHECK(s(access_token({}, jose_keys::p384)) == "ALLOW(local)");
    CHECK(s.server.calls() == "introspected 0, keys 2");
    for (int i = 0; i != 100; ++i) {
        const std::string kid = "made-up-" + std::to_string(i);
        CHECK(s(signed_by(with(jose_keys::other_p256, "other-p256", kid), token_claims())) ==
              "401-IT");
    }
    CHECK(s.server.calls() ==
          "introspected 100, keys 2"); // who signed by a key we lack, the server knows
}

TEST_CASE("jwt introspector: keys of an issuer that is away are good for 12 h") {
    api s{local_use::fallback};
    s.server.introspection.otherwise = refuses();
    const std::string token = access_token({{"exp", std::to_string(t0 + 100'000)}});
    CHECK(s(token) == "ALLOW(local)");
    s.server.jwks.otherwise = refuses();
    hand_clock::advance(12h - 1s);
    CHECK(s(token) == "ALLOW(local)");
    hand_clock::advance(1s);
    CHECK(s(token).starts_with("503"));
}

TEST_CASE("jwt introspector: one of several issuers") {
    api s{local_use::first};
    api opaque{local_use::never};
    opaque.server.introspection.otherwise = says(r_plus(3600));
    s.server.introspection.otherwise = says(r_minus);
    using entries = std::vector<issuer_entry<jwt_introspector<issuer, hand_clock>>>;
    issuers<jwt_introspector<issuer, hand_clock>> both{
        entries{{"https://as.example", s.check}, {"https://other.example", opaque.check}}};
    CHECK(words_of(both("Bearer " + access_token())) == "ALLOW(local)");
    CHECK(words_of(both("Bearer opaque")) == "ALLOW(live)");
    CHECK(words_of(both("Bearer opaque")) == "ALLOW(cached)");
    CHECK(s.server.calls() == "introspected 1, keys 1"); // the second time it is not asked
    both.forget("opaque");
    CHECK(words_of(both("Bearer opaque")) == "ALLOW(live)");
    both.revoke("opaque");
    CHECK(words_of(both("Bearer opaque")) == "401-IT");
}

TEST_CASE("jwt introspector: options that cannot be meant are refused") {
    issuer server;
    jwt_options jwt = jwt_of_issuer();
    jwt.tokens.issuer.clear();
    CHECK_THROWS_AS((jwt_introspector{introspection_at_issuer(), std::move(jwt), server}),
                    std::invalid_argument);
}

TEST_CASE("jwt introspector: signed answers, asked for and believed") {
    api s{local_use::never, introspection_at_issuer(), true};
    s.server.introspection.otherwise = signed_answer(r_plus(3600));
    s.server.introspection.of["gone"] = {signed_answer(std::string{r_minus})};
    s.server.introspection.of["plain"] = {says(r_plus(3600))};
    CHECK(s("tokA") == "ALLOW(live)");
    CHECK(s.server.introspection.asked.back().headers.first("Accept") ==
          "application/token-introspection+jwt");
    CHECK(s("gone") == "401-IT");
    CHECK(s("plain") == "503(5)");
    CHECK(s.server.calls() == "introspected 3, keys 1");
}

TEST_CASE("jwt introspector: signed answers, the server's new key is known at once") {
    api s{local_use::never, introspection_at_issuer(), true};
    s.server.introspection.otherwise = signed_answer(r_plus(3600));
    CHECK(s("tokA") == "ALLOW(live)");
    hand_clock::advance(31s);
    s.server.jwks.otherwise = says_keys({jose_keys::p384});
    s.server.introspection.otherwise = signed_answer(r_plus(3600), {}, jose_keys::p384);
    CHECK(s("tokB") == "ALLOW(live)");
    CHECK(s("tokC") == "ALLOW(live)");
    CHECK(s.server.calls() == "introspected 4, keys 2");
}
