// SPDX-License-Identifier: BSL-1.0
//
// Public keys, and what they say about a signature. Needs libcjose.
#ifndef OUTLAST_OAUTH2_JOSE_VERIFY_HPP
#define OUTLAST_OAUTH2_JOSE_VERIFY_HPP

#include <outlast/oauth2/jose/algorithm.hpp>
#include <outlast/oauth2/jose/compact.hpp>
#include <outlast/oauth2/jose/error.hpp>
#include <outlast/oauth2/jose/jwk.hpp>
#include <outlast/oauth2/jose/key.hpp>

#include <cjose/jws.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace outlast::oauth2::jose {

/// A public key that is good for verifying: RSA of 2048 to 8192 bits, or P-256, P-384, P-521.
/// Move-only, immutable: any number of threads may verify with it at once.
class verifying_key {
public:
    /// \return the key; or `private_key` where there is one, as it would be known to whoever sent it;
    ///         `weak_key`, `too_large`, `unusable_key` (another kind, another `use`, `key_ops` or `alg`; not a
    ///         point of its curve). \throws std::bad_alloc
    [[nodiscard]] static result<verifying_key> make(jwk const& key) {
        if (key.has_private)
            return errc::private_key;
        auto facts = detail::facts_of(key, "verify");
        if (!facts)
            return facts.error();
        auto held = detail::cjose_key_of(key, facts.assume_value().kind, false);
        if (!held)
            return errc::unusable_key;
        return verifying_key{std::move(held), facts.assume_value(), key.kid};
    }
    [[nodiscard]] static result<verifying_key> from_json(std::string_view json) {
        auto key = read_jwk(json);
        if (!key)
            return key.error();
        return make(key.assume_value());
    }

    [[nodiscard]] std::optional<std::string> const& kid() const noexcept { return kid_; }

    /// Whether it can have made a signature of this algorithm: by its kind, and by its `alg` if it has one.
    [[nodiscard]] bool fits(algorithm alg) const noexcept {
        return facts_.kind.fits(alg) && (!facts_.alg || *facts_.alg == alg);
    }

    /// Whether the signature is this key's.
    /// \return what was signed; or `algorithm_refused`, `wrong_key`, `bad_signature`, `crypto_failed`.
    /// \throws std::bad_alloc
    /// Cost: one signature verification (tens of microseconds), a few allocations. Copies of the text inside libcjose
    /// are freed and not wiped.
    [[nodiscard]] result<std::string> verify(compact_jws const& signed_text,
                                             algorithms allowed) const {
        if (!allowed.contains(signed_text.header.alg))
            return errc::algorithm_refused;
        if (!fits(signed_text.header.alg))
            return errc::wrong_key;
        if (base64url_decoded_size(signed_text.signature.size()) != facts_.kind.signature)
            return errc::bad_signature;
        const detail::openssl_errors_kept kept;
        cjose_err ignored{};
        const std::unique_ptr<cjose_jws_t, decltype(&cjose_jws_release)> jws{
            cjose_jws_import(signed_text.text.data(), signed_text.text.size(), &ignored),
            &cjose_jws_release};
        if (!jws)
            return errc::crypto_failed;
        if (!cjose_jws_verify(jws.get(), key_.get(), &ignored))
            return errc::bad_signature;
        auto payload = decode_base64url(signed_text.payload);
        if (!payload)
            return errc::malformed; // compact_jws was not made by read_compact
        return *std::move(payload);
    }

private:
    verifying_key(detail::cjose_key key,
                  detail::key_facts facts,
                  std::optional<std::string> kid) noexcept
        : key_(std::move(key)), facts_(facts), kid_(std::move(kid)) {}

    detail::cjose_key key_;
    detail::key_facts facts_;
    std::optional<std::string> kid_;
};

/// `read_compact` and `verifying_key::verify` in one.
[[nodiscard]] inline result<std::string>
verify(std::string_view compact, verifying_key const& key, algorithms allowed) {
    auto read = read_compact(compact);
    if (!read)
        return read.error();
    return key.verify(read.assume_value(), allowed);
}

} // namespace outlast::oauth2::jose

#endif // OUTLAST_OAUTH2_JOSE_VERIFY_HPP
