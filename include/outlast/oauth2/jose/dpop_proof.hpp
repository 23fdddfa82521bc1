// SPDX-License-Identifier: BSL-1.0
//
// A DPoP proof (RFC 9449 §4), verified but for its time and its use.
#ifndef OUTLAST_OAUTH2_JOSE_DPOP_PROOF_HPP
#define OUTLAST_OAUTH2_JOSE_DPOP_PROOF_HPP

#include <outlast/oauth2/held_keys.hpp> // thumbprint
#include <outlast/oauth2/jose/algorithm.hpp>
#include <outlast/oauth2/jose/base64url.hpp>
#include <outlast/oauth2/jose/compact.hpp>
#include <outlast/oauth2/jose/error.hpp>
#include <outlast/oauth2/jose/jwk.hpp>
#include <outlast/oauth2/jose/jwk_thumbprint.hpp>
#include <outlast/oauth2/jose/verify.hpp>
#include <outlast/oauth2/numeric_date.hpp>
#include <outlast/oauth2/strict_json.hpp>

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace outlast::oauth2::jose {

/// What a proof says, once its signature was found to be that of the key in it.
struct dpop_proof {
    thumbprint key{}; ///< of the public key that it brings, and that it was signed by
    std::string jti{};
    std::string htm{};
    std::string htu{};
    std::string ath{}; ///< empty when there is none
    std::chrono::sys_seconds iat{};
};

inline constexpr std::size_t max_dpop_size = 8192; ///< characters

namespace detail {

/// Hears the member `jwk` of a protected header.
class embedded_jwk {
public:
    [[nodiscard]] bool is_there() const noexcept { return is_there_; }
    [[nodiscard]] jwk taken() { return sink_.taken(); }

    void open_object(std::size_t depth) {
        is_there_ = is_there_ || (depth == 1 && inside_);
        if (inside_ && depth > 1)
            sink_.open_object(depth);
    }
    void open_array(std::size_t depth) {
        if (inside_ && depth > 1)
            sink_.open_array(depth);
    }
    void key(std::size_t depth, std::string_view name) {
        if (depth == 1)
            inside_ = name == "jwk";
        else if (inside_)
            sink_.key(depth, name);
    }
    void string(std::size_t depth, std::string_view text) {
        if (inside_ && depth > 1)
            sink_.string(depth, text);
    }
    void number(std::size_t depth, std::string_view text) {
        if (inside_ && depth > 1)
            sink_.number(depth, text);
    }
    void boolean(std::size_t depth, bool value) {
        if (inside_ && depth > 1)
            sink_.boolean(depth, value);
    }
    void null(std::size_t depth) {
        if (inside_ && depth > 1)
            sink_.null(depth);
    }

private:
    jwk_sink sink_{1};
    bool inside_ = false;
    bool is_there_ = false;
};

/// Hears the claims of a proof: those that are known are of their types, and there (but for `ath`).
class dpop_claims {
public:
    [[nodiscard]] bool good() const noexcept {
        return is_object_ && !is_wrong_ && has_iat_ && !made_.jti.empty() && !made_.htm.empty() &&
               !made_.htu.empty();
    }
    [[nodiscard]] dpop_proof taken() { return std::move(made_); }

    void open_object(std::size_t depth) noexcept {
        is_object_ = is_object_ || depth == 0;
        other(depth);
    }
    void open_array(std::size_t depth) noexcept { other(depth); }
    void key(std::size_t depth, std::string_view name) noexcept {
        if (depth != 1)
            return;
        is_iat_ = name == "iat";
        text_ = name == "jti"   ? &made_.jti
                : name == "htm" ? &made_.htm
                : name == "htu" ? &made_.htu
                : name == "ath" ? &made_.ath
                                : nullptr;
    }
    void string(std::size_t depth, std::string_view text) {
        if (depth == 1 && text_ != nullptr && !text.empty())
            *text_ = text;
        else
            other(depth);
    }
    void number(std::size_t depth, std::string_view text) noexcept {
        const auto moment =
            depth == 1 && is_iat_ ? read_numeric_date(text, fraction::down) : std::nullopt;
        if (!moment)
            return other(depth);
        made_.iat = *moment;
        has_iat_ = true;
    }
    void boolean(std::size_t depth, bool) noexcept { other(depth); }
    void null(std::size_t depth) noexcept { other(depth); }

private:
    void other(std::size_t depth) noexcept {
        is_wrong_ = is_wrong_ || (depth == 1 && (is_iat_ || text_ != nullptr));
    }

    dpop_proof made_{};
    std::string* text_ = nullptr;
    bool is_iat_ = false;
    bool has_iat_ = false;
    bool is_object_ = false;
    bool is_wrong_ = false;
};

} // namespace detail

/// Verifies a proof as far as it speaks for itself (RFC 9449 §4.3, 2 to 7): a JWS of type `dpop+jwt` by an
/// algorithm that is allowed, signed by the key that it brings, a public one that is strong enough, with all
/// of `jti`, `htm`, `htu` and `iat`. That it is for this request, this token and this moment, and was not used
/// before, is for `dpop_verifier`.
/// \return what it says; or an `errc`. \throws std::bad_alloc
[[nodiscard]] inline result<dpop_proof> read_dpop_proof(std::string_view text, algorithms allowed) {
    auto read = read_compact(text, max_dpop_size);
    if (!read)
        return read.error();
    const compact_jws& proof = read.assume_value();
    if (!is_type(proof.header.typ, "dpop+jwt"))
        return errc::malformed;
    const auto header = decode_base64url(text.substr(0, text.find('.')));
    detail::embedded_jwk embedded;
    if (!header || read_strict_json(*header, embedded) || !embedded.is_there())
        return errc::malformed;
    const jwk shown = embedded.taken();
    const auto key = verifying_key::make(shown);
    if (!key)
        return key.error();
    const auto payload = key.assume_value().verify(proof, allowed);
    if (!payload)
        return payload.error();
    detail::dpop_claims claims;
    if (read_strict_json(payload.assume_value(), claims) || !claims.good())
        return errc::malformed;
    dpop_proof made = claims.taken();
    made.key = jwk_thumbprint(shown);
    if (made.key.empty())
        return errc::crypto_failed;
    return made;
}

} // namespace outlast::oauth2::jose

#endif // OUTLAST_OAUTH2_JOSE_DPOP_PROOF_HPP
