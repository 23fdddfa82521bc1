// SPDX-License-Identifier: BSL-1.0
#include <outlast/oauth2/jose/verify.hpp>

#include "oauth2/support/jose_keys.hpp"
#include "oauth2/support/jose_texts.hpp"
#include "support/catch.hpp"

#include <openssl/err.h>

#include <string>
#include <string_view>
#include <system_error>
#include <thread>
#include <vector>

using namespace outlast::oauth2::jose;
namespace keys = outlast_tests::jose_keys;
using outlast_tests::b64u;
using outlast_tests::public_jwk;
using outlast_tests::with;

namespace {

verifying_key key_of(std::string_view jwk) {
    return verifying_key::from_json(public_jwk(jwk)).value();
}
std::error_code refusal_of_key(std::string_view jwk) {
    const auto made = verifying_key::from_json(jwk);
    return made ? std::error_code{} : made.error();
}
std::error_code
refusal(std::string_view text, std::string_view jwk, algorithms allowed = algorithms::all()) {
    const auto verified = verify(text, key_of(jwk), allowed);
    return verified ? std::error_code{} : verified.error();
}
std::string_view of_others(std::string_view alg) {
    for (const auto& [name, text] : keys::of_others) {
        if (name == alg)
            return text;
    }
    return {};
}
std::string_view key_for(std::string_view alg) {
    return alg == "ES256"   ? keys::p256
           : alg == "ES384" ? keys::p384
           : alg == "ES512" ? keys::p521
                            : keys::rsa;
}

} // namespace

TEST_CASE("jose verify: what another implementation signed, by each algorithm") {
    for (const auto& [name, text] : keys::of_others) {
        INFO(name);
        const auto verified = verify(text, key_of(key_for(name)), {*algorithm_named(name)});
        REQUIRE(verified);
        CHECK(verified.value() == keys::payload);
    }
}

// RFC 7515 appendix A.2 and A.3.
TEST_CASE("jose verify: the examples of RFC 7515") {
    const std::string payload = "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcG"
                                "xlLmNvbS9pc19yb290Ijp0cnVlfQ";
    const auto es256 = verifying_key::from_json(R"({"kty":"EC","crv":"P-256",
        "x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"})");
    REQUIRE(es256);
    CHECK(verify("eyJhbGciOiJFUzI1NiJ9." + payload +
                     ".DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-"
                     "F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q",
                 es256.value(), {algorithm::es256})
              .has_value());
    const auto rs256 = verifying_key::from_json(R"({"kty":"RSA","e":"AQAB",
        "n":"ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ"})");
    REQUIRE(rs256);
    CHECK(verify("eyJhbGciOiJSUzI1NiJ9." + payload +
                     ".cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-"
                     "0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_"
                     "nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--"
                     "xi12jzDwusC-"
                     "eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIh"
                     "WkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw",
                 rs256.value(), {algorithm::rs256})
              .has_value());
}

TEST_CASE("jose verify: any changed character of any part is refused") {
    const std::string_view alg = GENERATE(as<std::string_view>{}, "RS256", "PS256", "ES256");
    const std::string text{of_others(alg)};
    const verifying_key key = key_of(key_for(alg));
    for (std::size_t at = 0; at < text.size(); at += 3) {
        std::string changed = text;
        changed[at] = changed[at] == 'A' ? 'B' : 'A';
        INFO(at);
        CHECK_FALSE(verify(changed, key, algorithms::all()).has_value());
    }
}

TEST_CASE("jose verify: only what is on the list") {
    CHECK(refusal(of_others("RS256"), keys::rsa, {algorithm::rs512, algorithm::es256}) ==
          errc::algorithm_refused);
    CHECK(refusal(of_others("RS256"), keys::rsa, {}) == errc::algorithm_refused);
}

TEST_CASE("jose verify: a key takes no signature of another kind, curve or name") {
    CHECK(refusal(of_others("ES256"), keys::rsa) == errc::wrong_key);
    CHECK(refusal(of_others("RS256"), keys::p256) == errc::wrong_key);
    CHECK(refusal(of_others("ES256"), keys::p384) == errc::wrong_key);
    CHECK(refusal(of_others("ES512"), keys::p384) == errc::wrong_key);
    CHECK(refusal(of_others("ES256"), keys::other_p256) == errc::bad_signature);
    const auto bound = with(public_jwk(keys::rsa), "{", R"({"alg":"PS256",)");
    const auto key = verifying_key::from_json(bound);
    REQUIRE(key);
    CHECK(verify(of_others("PS256"), key.value(), algorithms::all()).has_value());
    const auto other = verify(of_others("RS256"), key.value(), algorithms::all());
    REQUIRE_FALSE(other.has_value());
    CHECK(other.error() == errc::wrong_key);
}

// RFC 8725 §2.1: the public key taken for an HMAC secret.
TEST_CASE("jose verify: HMAC under a public key has no way in") {
    const auto text =
        b64u(R"({"alg":"HS256"})") + "." + b64u("{}") + "." + b64u(std::string(32, 'x'));
    CHECK(refusal(text, keys::rsa) == errc::algorithm_refused);
}

TEST_CASE("jose verify: a signature of another length is none") {
    const std::string text{of_others("ES256")};
    CHECK(refusal(text + "AAAA", keys::p256) == errc::bad_signature);
    CHECK(refusal(text.substr(0, text.size() - 4) + "A", keys::p256) != std::error_code{});
    const std::string head = text.substr(0, text.rfind('.') + 1);
    CHECK(refusal(head + b64u(std::string(64, '\0')), keys::p256) ==
          errc::bad_signature); // CVE-2022-21449
    CHECK(refusal(head + b64u(std::string(62, '\1')), keys::p256) == errc::bad_signature);
    const std::string rsa{of_others("RS256")};
    CHECK(refusal(rsa.substr(0, rsa.rfind('.') + 1) + b64u(std::string(256, '\0')), keys::rsa) ==
          errc::bad_signature);
}

TEST_CASE("jose verify: weak, private, unknown and misplaced keys are refused") {
    CHECK(refusal_of_key(public_jwk(keys::weak_rsa)) == errc::weak_key);
    CHECK(refusal_of_key(keys::rsa) == errc::private_key);
    CHECK(refusal_of_key(keys::p256) == errc::private_key);
    CHECK(refusal_of_key(R"({"kty":"oct","k":"AAAA"})") == errc::private_key);
    CHECK(refusal_of_key(R"({"kty":"OKP","crv":"Ed25519","x":"AAAA"})") == errc::unusable_key);
    CHECK(refusal_of_key(R"({"kty":"RSA"})") == errc::unusable_key);
    CHECK(refusal_of_key(R"({})") == errc::unusable_key);
    const std::string p256 = public_jwk(keys::p256);
    CHECK(refusal_of_key(p256) == std::error_code{});
    CHECK(refusal_of_key(with(p256, "P-256", "secp256k1")) == errc::unusable_key);
    CHECK(refusal_of_key(with(p256, "P-256", "P-384")) == errc::unusable_key);
    CHECK(refusal_of_key(with(p256, "{", R"({"use":"enc",)")) == errc::unusable_key);
    CHECK(refusal_of_key(with(p256, "{", R"({"key_ops":["sign"],)")) == errc::unusable_key);
    CHECK(refusal_of_key(with(p256, "{", R"({"alg":"ES384",)")) == errc::unusable_key);
    CHECK(refusal_of_key(with(p256, "{", R"({"alg":"RSA-OAEP",)")) == errc::unusable_key);
    // A point beside the curve (an invalid-curve attack).
    CHECK(refusal_of_key(R"({"kty":"EC","crv":"P-256","x":")" + b64u(std::string(32, '\1')) +
                         R"(","y":")" + b64u(std::string(32, '\1')) + "\"}") == errc::unusable_key);
    // Coordinates that lost their zeros.
    CHECK(refusal_of_key(R"({"kty":"EC","crv":"P-256","x":"AQ","y":"AQ"})") == errc::unusable_key);
}

TEST_CASE("jose verify: the error queue of OpenSSL is left as it was") {
    ERR_clear_error();
    CHECK(refusal(of_others("ES256"), keys::other_p256) == errc::bad_signature);
    const std::string text{of_others("RS256")};
    CHECK(refusal(text.substr(0, text.rfind('.') + 1) + b64u(std::string(256, '\xff')),
                  keys::rsa) == errc::bad_signature);
    CHECK(ERR_peek_error() == 0);
}

TEST_CASE("jose verify: from several threads at once") {
    const verifying_key key = key_of(keys::rsa);
    std::vector<int> good(4);
    std::vector<std::thread> threads;
    for (int& count : good) {
        threads.emplace_back([&key, &count] {
            for (int i = 0; i != 50; ++i)
                count += verify(of_others("RS256"), key, algorithms::all()).has_value() ? 1 : 0;
        });
    }
    for (std::thread& t : threads)
        t.join();
    CHECK(good == std::vector<int>(4, 50));
}
