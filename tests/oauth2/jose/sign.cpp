// SPDX-License-Identifier: BSL-1.0
#include <outlast/oauth2/jose/sign.hpp>

#include "oauth2/support/jose_keys.hpp"
#include "oauth2/support/jose_texts.hpp"
#include "support/catch.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <system_error>

using namespace outlast::oauth2::jose;
namespace keys = outlast_tests::jose_keys;
using outlast_tests::public_jwk;
using outlast_tests::with;

namespace {

std::error_code refusal(std::string_view json, std::optional<algorithm> alg = std::nullopt) {
    const auto made = signing_key::from_json(json, alg);
    return made ? std::error_code{} : made.error();
}

} // namespace

TEST_CASE("jose sign: the public key verifies what the private one signed, by each algorithm") {
    for (int i = 0; i != 9; ++i) {
        const auto alg = static_cast<algorithm>(i);
        INFO(to_string(alg));
        const std::string_view jwk = is_rsa(alg)               ? keys::rsa
                                     : alg == algorithm::es256 ? keys::p256
                                     : alg == algorithm::es384 ? keys::p384
                                                               : keys::p521;
        const auto key = signing_key::from_json(jwk, alg);
        REQUIRE(key);
        CHECK(key.value().alg() == alg);
        const auto text = key.value().sign("client-authentication+jwt", R"({"iss":"me"})");
        REQUIRE(text);
        const auto read = read_compact(text.value().expose());
        REQUIRE(read);
        CHECK(read.value().header.alg == alg);
        CHECK(read.value().header.kid == key.value().kid());
        CHECK(read.value().header.typ == "client-authentication+jwt");
        const auto verified =
            verify(text.value().expose(), verifying_key::from_json(public_jwk(jwk)).value(), {alg});
        REQUIRE(verified);
        CHECK(verified.value() == R"({"iss":"me"})");
    }
}

TEST_CASE("jose sign: without a word the key says by what, or its kind does") {
    CHECK(signing_key::from_json(keys::rsa).value().alg() == algorithm::rs256);
    CHECK(signing_key::from_json(keys::p256).value().alg() == algorithm::es256);
    CHECK(signing_key::from_json(keys::p384).value().alg() == algorithm::es384);
    CHECK(signing_key::from_json(keys::p521).value().alg() == algorithm::es512);
    const std::string bound = with(keys::rsa, "{", R"({"alg":"PS384",)");
    CHECK(signing_key::from_json(bound).value().alg() == algorithm::ps384);
    CHECK(refusal(bound, algorithm::rs256) == errc::wrong_key);
    CHECK(refusal(keys::p256, algorithm::es384) == errc::wrong_key);
    CHECK(refusal(keys::p256, algorithm::rs256) == errc::wrong_key);
}

TEST_CASE("jose sign: no kid and no type, no such members; an empty payload is one") {
    const std::string anonymous = with(keys::p256, R"("kid":"p256",)", "");
    const auto key = signing_key::from_json(anonymous);
    REQUIRE(key);
    CHECK_FALSE(key.value().kid().has_value());
    const auto text = key.value().sign({}, {});
    REQUIRE(text);
    const auto read = read_compact(text.value().expose());
    REQUIRE(read);
    CHECK_FALSE(read.value().header.kid.has_value());
    CHECK_FALSE(read.value().header.typ.has_value());
    CHECK(read.value().payload.empty());
}

TEST_CASE("jose sign: keys that are public, weak, incomplete or for something else are refused") {
    CHECK(refusal(public_jwk(keys::rsa)) == errc::unusable_key);
    CHECK(refusal(public_jwk(keys::p256)) == errc::unusable_key);
    CHECK(refusal(keys::weak_rsa) == errc::weak_key);
    CHECK(refusal(with(keys::rsa, "\"qi\":", "\"xx\":")) == errc::unusable_key);
    CHECK(refusal(with(keys::p256, "{", R"({"use":"enc",)")) == errc::unusable_key);
    CHECK(refusal(with(keys::p256, "{", R"({"key_ops":["verify"],)")) == errc::unusable_key);
    CHECK(refusal(R"({"kty":"oct","k":"AAAA"})") == errc::unusable_key);
    CHECK(refusal("{") == errc::malformed);
}

TEST_CASE("jose sign: parts of two keys are no key") {
    const auto member = [](std::string_view json, std::string_view name) {
        const std::size_t at = json.find("\"" + std::string{name} + "\":\"");
        return std::string{json.substr(at, json.find('"', at + name.size() + 4) + 1 - at)};
    };
    CHECK(refusal(with(keys::p256, member(keys::p256, "d"), member(keys::other_p256, "d"))) ==
          errc::unusable_key);
    std::string other_modulus = member(keys::rsa, "n");
    other_modulus[20] = other_modulus[20] == 'A' ? 'B' : 'A';
    CHECK(refusal(with(keys::rsa, member(keys::rsa, "n"), other_modulus)) == errc::unusable_key);
}

TEST_CASE("jose sign: no refusal has a word of the key in it") {
    const auto made = signing_key::from_json(with(keys::rsa, "\"qi\":", "\"xx\":"));
    REQUIRE_FALSE(made.has_value());
    CHECK(made.error().message() == "the key is not one for signatures that are known here");
}
