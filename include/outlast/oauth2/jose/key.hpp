// SPDX-License-Identifier: BSL-1.0
//
// A key that libcjose works with, made only of a JWK that is good for signatures.
#ifndef OUTLAST_OAUTH2_JOSE_KEY_HPP
#define OUTLAST_OAUTH2_JOSE_KEY_HPP

#include <outlast/oauth2/jose/algorithm.hpp>
#include <outlast/oauth2/jose/error.hpp>
#include <outlast/oauth2/jose/jwk.hpp>

#include <cjose/jwk.h>
#include <openssl/err.h>

#include <bit> // std::bit_width
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace outlast::oauth2::jose {

namespace detail {

/// Leaves the error queue of OpenSSL, which others on this thread read, as it was.
class openssl_errors_kept {
public:
    openssl_errors_kept() noexcept { ERR_set_mark(); }
    ~openssl_errors_kept() { ERR_pop_to_mark(); }
    openssl_errors_kept(openssl_errors_kept const&) = delete;
    openssl_errors_kept& operator=(openssl_errors_kept const&) = delete;
};

struct cjose_key_deleter {
    void operator()(cjose_jwk_t* key) const noexcept { cjose_jwk_release(key); }
};
using cjose_key = std::unique_ptr<cjose_jwk_t, cjose_key_deleter>;

/// What kind of key this is, and so which algorithms it can be of.
struct key_kind {
    bool rsa = true;
    int curve = 0;             ///< 256, 384 or 521
    std::size_t signature = 0; ///< bytes of each signature

    [[nodiscard]] constexpr bool fits(algorithm alg) const noexcept {
        switch (alg) {
        case algorithm::es256:
            return !rsa && curve == 256;
        case algorithm::es384:
            return !rsa && curve == 384;
        case algorithm::es512:
            return !rsa && curve == 521;
        default:
            return rsa;
        }
    }
};

[[nodiscard]] inline std::string_view without_leading_zeros(std::string_view number) noexcept {
    while (!number.empty() && number.front() == '\0')
        number.remove_prefix(1);
    return number;
}
[[nodiscard]] inline bool is_odd(std::string_view number) noexcept {
    return !number.empty() && (static_cast<unsigned char>(number.back()) & 1U) != 0;
}

// 2048 bits: RFC 7518 §3.3. 8192: beyond that a verification takes too long. The exponent is odd and more
// than 1, or everything is a signature of itself; 32 bits hold all that are in use.
[[nodiscard]] inline result<key_kind> rsa_kind(jwk const& key) noexcept {
    const std::string_view n = without_leading_zeros(key.n);
    const std::string_view e = without_leading_zeros(key.e);
    if (n.empty() || e.empty())
        return errc::unusable_key;
    const std::size_t bits =
        n.size() * 8 - 8 + std::bit_width(static_cast<unsigned char>(n.front()));
    if (bits < 2048 || !is_odd(n) || !is_odd(e) || e == std::string_view{"\x01", 1})
        return errc::weak_key;
    if (bits > 8192 || e.size() > 4)
        return errc::too_large;
    return key_kind{.rsa = true, .signature = n.size()};
}

// Coordinates have the full length (RFC 7518 §6.2.1.2); that they are a point of the curve OpenSSL checks.
[[nodiscard]] inline result<key_kind> ec_kind(jwk const& key) noexcept {
    const int curve = key.crv == "P-256"   ? 256
                      : key.crv == "P-384" ? 384
                      : key.crv == "P-521" ? 521
                                           : 0;
    if (curve == 0)
        return errc::unusable_key;
    const auto size = static_cast<std::size_t>(curve + 7) / 8;
    if (key.x.size() != size || key.y.size() != size || (!key.d.empty() && key.d.size() != size))
        return errc::unusable_key;
    return key_kind{.rsa = false, .curve = curve, .signature = 2 * size};
}

/// What a JWK is good for, if anything: its kind, and the algorithm that it is bound to, if it says one.
struct key_facts {
    key_kind kind{};
    std::optional<algorithm> alg{};
};
[[nodiscard]] inline result<key_facts> facts_of(jwk const& key,
                                                std::string_view operation) noexcept {
    if (!key.well_formed || !key.is_for(operation))
        return errc::unusable_key;
    auto kind = key.kty == "RSA"  ? rsa_kind(key)
                : key.kty == "EC" ? ec_kind(key)
                                  : result<key_kind>{errc::unusable_key};
    if (!kind)
        return kind.error();
    key_facts made{.kind = kind.assume_value()};
    if (key.alg) {
        made.alg = algorithm_named(*key.alg);
        if (!made.alg || !made.kind.fits(*made.alg))
            return errc::unusable_key;
    }
    return made;
}

// The specs of libcjose want memory that can be written, and do not write.
[[nodiscard]] inline std::uint8_t* octets_of(std::string const& bytes) noexcept {
    return bytes.empty() ? nullptr
                         : reinterpret_cast<std::uint8_t*>(const_cast<char*>(bytes.data()));
}

/// Null when OpenSSL finds that this is no key.
[[nodiscard]] inline cjose_key cjose_key_of(jwk const& key, key_kind kind, bool with_private) {
    const openssl_errors_kept kept;
    cjose_err ignored{};
    if (!kind.rsa) {
        cjose_jwk_ec_keyspec spec{};
        spec.crv = kind.curve == 256   ? CJOSE_JWK_EC_P_256
                   : kind.curve == 384 ? CJOSE_JWK_EC_P_384
                                       : CJOSE_JWK_EC_P_521;
        spec.x = octets_of(key.x), spec.xlen = key.x.size();
        spec.y = octets_of(key.y), spec.ylen = key.y.size();
        if (with_private)
            spec.d = octets_of(key.d), spec.dlen = key.d.size();
        return cjose_key{cjose_jwk_create_EC_spec(&spec, &ignored)};
    }
    cjose_jwk_rsa_keyspec spec{};
    spec.n = octets_of(key.n), spec.nlen = key.n.size();
    spec.e = octets_of(key.e), spec.elen = key.e.size();
    if (with_private) {
        spec.d = octets_of(key.d), spec.dlen = key.d.size();
        spec.p = octets_of(key.p), spec.plen = key.p.size();
        spec.q = octets_of(key.q), spec.qlen = key.q.size();
        spec.dp = octets_of(key.dp), spec.dplen = key.dp.size();
        spec.dq = octets_of(key.dq), spec.dqlen = key.dq.size();
        spec.qi = octets_of(key.qi), spec.qilen = key.qi.size();
    }
    return cjose_key{cjose_jwk_create_RSA_spec(&spec, &ignored)};
}

} // namespace detail

} // namespace outlast::oauth2::jose

#endif // OUTLAST_OAUTH2_JOSE_KEY_HPP
