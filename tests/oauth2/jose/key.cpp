// SPDX-License-Identifier: BSL-1.0
#include <outlast/oauth2/jose/key.hpp>

#include "oauth2/support/jose_keys.hpp"
#include "support/catch.hpp"

#include <openssl/err.h>

#include <string>
#include <string_view>

using namespace outlast::oauth2::jose;
namespace keys = outlast_tests::jose_keys;

TEST_CASE("jose key: which algorithms a key can be of") {
    struct row {
        std::string_view key;
        algorithms fits;
    };
    using enum algorithm;
    const row r =
        GENERATE(row{keys::rsa, {rs256, rs384, rs512, ps256, ps384, ps512}},
                 row{keys::p256, {es256}}, row{keys::p384, {es384}}, row{keys::p521, {es512}});
    const auto facts = detail::facts_of(read_jwk(r.key).value(), "verify");
    REQUIRE(facts);
    for (int i = 0; i != 9; ++i) {
        const auto alg = static_cast<algorithm>(i);
        CHECK(facts.value().kind.fits(alg) == r.fits.contains(alg));
    }
}

TEST_CASE("jose key: an RSA exponent or modulus that breaks it is weak") {
    jwk key = read_jwk(keys::rsa).value();
    const auto why = [&] {
        const auto facts = detail::facts_of(key, "verify");
        return facts ? std::error_code{} : facts.error();
    };
    CHECK(why() == std::error_code{});
    key.e = "\x01";
    CHECK(why() == errc::weak_key); // a signature would be its own message
    key.e = std::string{"\0\0\x01", 3};
    CHECK(why() == errc::weak_key);
    key.e = "\x02";
    CHECK(why() == errc::weak_key);
    key.e = "\x01\x01\x01\x01\x01";
    CHECK(why() == errc::too_large);
    key.e = "\x03";
    CHECK(why() == std::error_code{});
    key.n.back() = static_cast<char>(key.n.back() & ~1);
    CHECK(why() == errc::weak_key);

    key.n = std::string(255, '\xff');
    CHECK(why() == errc::weak_key); // 2040 bits
    key.n = '\x7f' + std::string(255, '\xff');
    CHECK(why() == errc::weak_key); // 2047 bits
    key.n = std::string(8, '\0') + std::string(255, '\xff');
    CHECK(why() == errc::weak_key); // zeros in front are no bits
    key.n = std::string(1024, '\xff');
    CHECK(why() == std::error_code{}); // 8192
    key.n = '\x01' + std::string(1024, '\xff');
    CHECK(why() == errc::too_large);
    key.n.clear();
    CHECK(why() == errc::unusable_key);
}

TEST_CASE("jose key: the error queue of OpenSSL is left as it was") {
    ERR_clear_error();
    ERR_raise(ERR_LIB_USER, 77);
    jwk key = read_jwk(keys::p256).value();
    key.x.swap(key.y); // not a point of the curve
    CHECK(detail::cjose_key_of(key, detail::facts_of(key, "verify").value().kind, false) ==
          nullptr);
    CHECK(ERR_GET_REASON(ERR_get_error()) == 77);
    CHECK(ERR_get_error() == 0);
}
