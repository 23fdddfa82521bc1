// SPDX-License-Identifier: BSL-1.0
#include <outlast/oauth2/jose/key_set.hpp>

#include "oauth2/support/jose_keys.hpp"
#include "oauth2/support/jose_texts.hpp"
#include "support/catch.hpp"

#include <initializer_list>
#include <string>
#include <string_view>
#include <system_error>

using namespace outlast::oauth2::jose;
namespace keys = outlast_tests::jose_keys;
using outlast_tests::public_jwk;
using outlast_tests::with;

namespace {

std::string set_of(std::initializer_list<std::string> all) {
    std::string json = R"({"keys":[)";
    for (const std::string& one : all)
        json += (json.back() == '[' ? "" : ",") + one;
    return json + "]}";
}
std::error_code refusal(std::string_view json) {
    const auto read = key_set::read(json);
    return read ? std::error_code{} : read.error();
}
std::string_view of_others(std::string_view alg) {
    for (const auto& [name, text] : keys::of_others) {
        if (name == alg)
            return text;
    }
    return {};
}
std::error_code verified(const key_set& set, std::string_view text) {
    const auto v = set.verify(read_compact(text).value(), algorithms::all());
    return v ? std::error_code{} : v.error();
}

} // namespace

TEST_CASE("key set: the key that kid names verifies") {
    const auto set = key_set::read(
        set_of({public_jwk(keys::p256), public_jwk(keys::rsa), public_jwk(keys::p384)}));
    REQUIRE(set);
    CHECK(set.value().size() == 3);
    CHECK(set.value().skipped() == 0);
    for (const std::string_view alg : {"RS256", "PS512", "ES256", "ES384"})
        CHECK(verified(set.value(), of_others(alg)) == std::error_code{});
    CHECK(verified(set.value(), of_others("ES512")) == errc::unknown_key);
    const auto refused =
        set.value().verify(read_compact(of_others("ES256")).value(), {algorithm::rs256});
    REQUIRE_FALSE(refused.has_value());
    CHECK(refused.error() == errc::algorithm_refused);
}

TEST_CASE("key set: another key under the kid says that it is forged, another kind that it does "
          "not fit") {
    const auto forged = key_set::read(
        set_of({with(public_jwk(keys::other_p256), "other-p256", "p256"), public_jwk(keys::rsa)}));
    REQUIRE(forged);
    CHECK(verified(forged.value(), of_others("ES256")) == errc::bad_signature);
    const auto other_kind = key_set::read(set_of({with(public_jwk(keys::p384), "p384", "p256")}));
    REQUIRE(other_kind);
    CHECK(verified(other_kind.value(), of_others("ES256")) == errc::wrong_key);
}

TEST_CASE("key set: without a kid any key that fits may have signed") {
    const std::string_view with_kid = of_others("ES256");
    const auto set = key_set::read(set_of({public_jwk(keys::rsa), public_jwk(keys::other_p256)}));
    REQUIRE(set);
    // RFC 7515 A.3, which has no kid.
    const std::string text =
        "eyJhbGciOiJFUzI1NiJ9."
        "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cn"
        "VlfQ."
        "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q";
    CHECK(verified(set.value(), text) == errc::unknown_key);
    CHECK(verified(set.value(), with_kid) == errc::unknown_key);
    const auto more =
        key_set::read(set_of({public_jwk(keys::other_p256), R"({"kty":"EC","crv":"P-256",
        "x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"})"}));
    REQUIRE(more);
    CHECK(verified(more.value(), text) == std::error_code{});
}

TEST_CASE("key set: what cannot be used is left out and counted") {
    const auto set =
        key_set::read(set_of({std::string{keys::p384},    // with its private part
                              public_jwk(keys::weak_rsa), //
                              with(public_jwk(keys::p521), "{", R"({"use":"enc",)"),    //
                              R"({"kty":"OKP","crv":"Ed25519","x":"AAAA","kid":"ed"})", //
                              R"({"kty":"oct","k":"AAAA"})",                            //
                              R"({"kty":"EC","x":7})",                                  //
                              R"({})",                                                  //
                              with(public_jwk(keys::rsa), "{",
                                   R"({"use":"sig","key_ops":["verify"],"x5c":["AAAA"],)")}));
    REQUIRE(set);
    CHECK(set.value().size() == 1);
    CHECK(set.value().skipped() == 7);
    CHECK(verified(set.value(), of_others("RS512")) == std::error_code{});
    CHECK(verified(set.value(), of_others("ES384")) == errc::unknown_key);
}

TEST_CASE(
    "key set: two keys of one kind with one kid are both left out, those of two kinds are not") {
    const std::string p256 = public_jwk(keys::p256);
    const std::string twin = with(public_jwk(keys::other_p256), "other-p256", "p256");
    const std::string of_rsa = with(public_jwk(keys::rsa), R"("kid":"rsa")", R"("kid":"p256")");
    CHECK(refusal(set_of({p256, twin})) == errc::unusable_key);
    CHECK(refusal(set_of({p256, p256})) == errc::unusable_key);
    const auto set = key_set::read(set_of({p256, of_rsa}));
    REQUIRE(set);
    CHECK(set.value().size() == 2);
    CHECK(verified(set.value(), of_others("ES256")) == std::error_code{});
    CHECK(verified(set.value(), of_others("ES384")) == errc::unknown_key);
}

TEST_CASE("key set: no set, or none of use") {
    CHECK(refusal(R"({"keys":[]})") == errc::unusable_key);
    CHECK(refusal(set_of({public_jwk(keys::weak_rsa)})) == errc::unusable_key);
    const std::string key = public_jwk(keys::p256);
    const std::string bad[] = {"",
                               "{",
                               "{}",
                               "[]",
                               "[" + key + "]",
                               key,
                               R"({"keys":)" + key + "}",
                               R"({"keys":{"a":)" + key + "}}",
                               R"({"keys":[[)" + key + "]]}",
                               R"({"keys":[)" + key + ",7]}",
                               R"({"keys":[)" + key + ",null]}",
                               R"({"keys":["a"]})",
                               R"({"keys":null})",
                               R"([{"keys":[)" + key + "]}]",
                               R"({"a":{"keys":[)" + key + "]}}",
                               set_of({key}) + set_of({key}),
                               R"({"keys":[],"keys":[)" + key + "]}",
                               set_of({with(key, "{", R"({"kid":"twice",)")})};
    for (const std::string& json : bad) {
        INFO(json);
        CHECK(refusal(json) == errc::malformed);
    }
}

TEST_CASE("key set: members beside keys do not matter") {
    CHECK(refusal(R"({"a":[1,{"b":[]}],"keys":[)" + public_jwk(keys::p256) +
                  R"(],"c":{"kid":7}})") == std::error_code{});
}

TEST_CASE("key set: is bounded in keys, members and bytes") {
    const auto many = [](std::size_t n) {
        std::string json = R"({"keys":[)" + public_jwk(keys::p256);
        for (std::size_t i = 1; i != n; ++i)
            json += ",{}";
        return json + "]}";
    };
    CHECK(refusal(many(max_keys)) == std::error_code{});
    CHECK(refusal(many(max_keys + 1)) == errc::too_large);
    CHECK(refusal(many(2) + std::string(66'000, ' ')) == errc::too_large);
    std::string members = R"({"keys":[{)";
    for (int i = 0; i != 256; ++i)
        members += (i == 0 ? "\"m" : ",\"m") + std::to_string(i) + "\":0";
    CHECK(refusal(members + "}]}") == errc::too_large);
}
