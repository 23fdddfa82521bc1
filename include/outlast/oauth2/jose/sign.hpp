// SPDX-License-Identifier: BSL-1.0
//
// Private keys, and signing with them: client assertions of `private_key_jwt`. Needs libcjose.
#ifndef OUTLAST_OAUTH2_JOSE_SIGN_HPP
#define OUTLAST_OAUTH2_JOSE_SIGN_HPP

#include <outlast/oauth2/jose/algorithm.hpp>
#include <outlast/oauth2/jose/compact.hpp>
#include <outlast/oauth2/jose/error.hpp>
#include <outlast/oauth2/jose/jwk.hpp>
#include <outlast/oauth2/jose/key.hpp>
#include <outlast/oauth2/jose/verify.hpp>
#include <outlast/oauth2/secret.hpp>

#include <cjose/header.h>
#include <cjose/jws.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace outlast::oauth2::jose {

/// A private key that is good for signing. Move-only; immutable, so that any number of threads may sign at once;
/// no stream output.
class signing_key {
public:
    /// Makes a key of a private JWK (RFC 7517 §9.3 of RFC 7518 §6): RSA of 2048 to 8192 bits with all of `d`, `p`,
    /// `q`, `dp`, `dq`, `qi`, or an EC key with `x`, `y` and `d`. Signs once, and verifies that by the public
    /// members: a key whose parts do not belong together is refused here, and not by the server, later.
    ///
    /// \param json stays the caller's to wipe
    /// \param alg what to sign by; none: the key's own `alg`, else RS256, or that of its curve
    /// \return the key; or `malformed`, `weak_key`, `too_large`, `unusable_key`, `wrong_key` (for `alg`)
    /// \throws std::bad_alloc
    [[nodiscard]] static result<signing_key>
    from_json(std::string_view json, std::optional<algorithm> alg = std::nullopt) {
        auto read = read_jwk(json);
        if (!read)
            return read.error();
        const jwk& key = read.assume_value();
        auto facts = detail::facts_of(key, "sign");
        if (!facts)
            return facts.error();
        const auto [kind, own] = facts.assume_value();
        const algorithm by = alg ? *alg : own ? *own : usual(kind);
        if (!kind.fits(by) || (own && *own != by))
            return errc::wrong_key;
        if (!is_whole(key, kind))
            return errc::unusable_key;
        auto held = detail::cjose_key_of(key, kind, true);
        if (!held)
            return errc::unusable_key;
        signing_key made{std::move(held), by, key.kid};
        if (!made.agrees_with(public_part(key)))
            return errc::unusable_key;
        return made;
    }

    [[nodiscard]] algorithm alg() const noexcept { return alg_; }
    [[nodiscard]] std::optional<std::string> const& kid() const noexcept { return kid_; }

    /// Signs `payload`: a compact JWS whose header has `alg`, the key's `kid` if it has one, and `typ` unless empty.
    /// \return the text, a secret as it is good for whoever has it; or `crypto_failed`. \throws std::bad_alloc
    /// Cost: one signature (RSA: about a millisecond), a few allocations. Copies of the text inside libcjose are
    /// freed and not wiped: let what is signed be short-lived.
    [[nodiscard]] result<secret> sign(std::string_view typ, std::string_view payload) const {
        const oauth2::jose::detail::openssl_errors_kept kept;
        cjose_err ignored{};
        const std::unique_ptr<cjose_header_t, decltype(&cjose_header_release)> header{
            cjose_header_new(&ignored), &cjose_header_release};
        const auto set = [&](const char* name, std::string const& value) {
            return cjose_header_set(header.get(), name, value.c_str(), &ignored);
        };
        if (!header || !set("alg", std::string{to_string(alg_)}) || (kid_ && !set("kid", *kid_)) ||
            (!typ.empty() && !set("typ", std::string{typ})))
            return errc::crypto_failed;
        const auto* const bytes = reinterpret_cast<const std::uint8_t*>(
            payload.empty() ? "" : payload.data()); // libcjose takes no null
        const std::unique_ptr<cjose_jws_t, decltype(&cjose_jws_release)> jws{
            cjose_jws_sign(key_.get(), header.get(), bytes, payload.size(), &ignored),
            &cjose_jws_release};
        const char* text = nullptr; // libcjose's
        if (!jws || !cjose_jws_export(jws.get(), &text, &ignored) || text == nullptr)
            return errc::crypto_failed;
        return secret{std::string_view{text}};
    }

private:
    signing_key(detail::cjose_key key, algorithm alg, std::optional<std::string> kid) noexcept
        : key_(std::move(key)), alg_(alg), kid_(std::move(kid)) {}

    static algorithm usual(detail::key_kind kind) noexcept {
        return kind.rsa            ? algorithm::rs256
               : kind.curve == 256 ? algorithm::es256
               : kind.curve == 384 ? algorithm::es384
                                   : algorithm::es512;
    }
    static bool is_whole(jwk const& key, detail::key_kind kind) noexcept {
        if (!kind.rsa)
            return !key.d.empty();
        for (const std::string* one : {&key.d, &key.p, &key.q, &key.dp, &key.dq, &key.qi}) {
            if (one->empty())
                return false;
        }
        return true;
    }
    static jwk public_part(jwk const& key) {
        jwk made;
        made.kty = key.kty;
        made.n = key.n;
        made.e = key.e;
        made.crv = key.crv;
        made.x = key.x;
        made.y = key.y;
        return made;
    }
    [[nodiscard]] bool agrees_with(jwk const& its_public) const {
        const auto key = verifying_key::make(its_public);
        const auto trial = sign({}, "trial");
        return key && trial &&
               verify(trial.assume_value().expose(), key.assume_value(), {alg_}).has_value();
    }

    detail::cjose_key key_;
    algorithm alg_;
    std::optional<std::string> kid_;
};

} // namespace outlast::oauth2::jose

#endif // OUTLAST_OAUTH2_JOSE_SIGN_HPP
