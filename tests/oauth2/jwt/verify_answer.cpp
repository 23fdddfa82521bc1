// SPDX-License-Identifier: BSL-1.0
#include <outlast/oauth2/jwt/verify_answer.hpp>

#include "oauth2/support/issuer.hpp"
#include "support/catch.hpp"

#include <memory>
#include <string>
#include <utility>

using namespace outlast::oauth2;
using namespace outlast_tests;

namespace {

const auto keys = std::make_shared<const jose::key_set>(
    jose::key_set::read(jwks_of({jose_keys::p256, jose_keys::rsa})).value());

verified_claims verified(const reply& r,
                         const jose::key_set_ptr& by = keys,
                         jose::algorithms allowed = jose::algorithms::all()) {
    return verify_answer(r.answer.body, by, allowed);
}
reason why(const verified_claims& v) { return v.json ? reason::active : v.why; }

} // namespace

TEST_CASE("verify answer: the claims of an answer that the server signed") {
    const auto v = verified(signed_answer(r_plus(3600)));
    REQUIRE(v.json);
    CHECK(*v.json == answer_claims(r_plus(3600)));
}

// RFC 9701 §8.1: S25. An access token of the same issuer, or an ID token, is no answer to introspection.
TEST_CASE("S25 verify answer: a JWT of another type is refused, though the signature is right") {
    const std::string typ =
        GENERATE(as<std::string>{}, "at+jwt", "JWT", "", "introspection+jwt", "jwt");
    CHECK(why(verified(signed_answer(r_plus(3600), {}, jose_keys::p256, typ))) ==
          reason::bad_signed_answer);
}

TEST_CASE("S25 verify answer: and an answer is no access token") {
    CHECK_FALSE(
        read_access_token(signed_answer(r_plus(3600)).answer.body, {.issuer = "i", .audience = "a"})
            .has_value());
}

TEST_CASE("verify answer: forged, by an unknown key, by none at hand, by an algorithm that is not "
          "allowed") {
    CHECK(why(verified(signed_answer(r_plus(3600), {},
                                     with(jose_keys::other_p256, "other-p256", "p256")))) ==
          reason::bad_signed_answer);
    CHECK(why(verified(signed_answer(r_plus(3600), {}, jose_keys::p384))) == reason::unknown_key);
    CHECK(why(verified(signed_answer(r_plus(3600)), nullptr)) == reason::unknown_key);
    CHECK(why(verified(signed_answer(r_plus(3600)), keys, {jose::algorithm::rs256})) ==
          reason::bad_signed_answer);
    CHECK(why(verified(answers(200, r_plus(3600)))) == reason::bad_signed_answer);
    CHECK(why(verified(answers(200, compact(R"({"alg":"none","typ":"token-introspection+jwt"})",
                                            answer_claims(r_plus(3600)), "")))) ==
          reason::bad_signed_answer);
}

TEST_CASE("verify answer: the options believe answers for our client id") {
    const auto o =
        only_signed(introspection_at_issuer(), jwt_of_issuer().tokens, [] { return keys; });
    CHECK(o.only_signed.issuer == "https://as.example");
    CHECK(o.only_signed.audience == "rs");
    CHECK(o.problem() == nullptr);
    CHECK(o.only_signed.verify(signed_answer(r_plus(3600)).answer.body).json.has_value());
    introspector_options nameless = introspection_at_issuer();
    nameless.auth = no_client_auth{};
    CHECK(only_signed(std::move(nameless), jwt_of_issuer().tokens, [] { return keys; }).problem() !=
          nullptr);
}
