// SPDX-License-Identifier: BSL-1.0
//
// The name of a key that is made of the key alone (RFC 7638).
#ifndef OUTLAST_OAUTH2_JOSE_JWK_THUMBPRINT_HPP
#define OUTLAST_OAUTH2_JOSE_JWK_THUMBPRINT_HPP

#include <outlast/oauth2/held_keys.hpp> // thumbprint
#include <outlast/oauth2/jose/base64url.hpp>
#include <outlast/oauth2/jose/jwk.hpp>
#include <outlast/oauth2/sha256.hpp>

#include <string>
#include <string_view>

namespace outlast::oauth2::jose {

/// `jkt` of an RSA or EC key (RFC 7638 §3): SHA-256 of its required members in their order, so that whatever
/// else is in the JWK makes no difference.
/// \return none for another kind of key, and when OpenSSL fails. \throws std::bad_alloc
[[nodiscard]] inline thumbprint jwk_thumbprint(jwk const& key) {
    std::string text;
    const auto member = [&](std::string_view name, std::string_view value) {
        text.append(text.empty() ? "{\"" : ",\"").append(name).append("\":\"").append(value);
        text.push_back('"');
    };
    const auto number = [&](std::string_view name, std::string_view bytes) {
        std::string digits;
        append_base64url(digits, bytes);
        member(name, digits);
    };
    const bool is_ec =
        key.kty == "EC" && (key.crv == "P-256" || key.crv == "P-384" || key.crv == "P-521");
    if (is_ec) {
        member("crv", key.crv);
        member("kty", key.kty);
        number("x", key.x);
        number("y", key.y);
    } else if (key.kty == "RSA") {
        number("e", key.e);
        member("kty", key.kty);
        number("n", key.n);
    } else {
        return {};
    }
    return sha256_thumbprint(text + '}');
}

} // namespace outlast::oauth2::jose

#endif // OUTLAST_OAUTH2_JOSE_JWK_THUMBPRINT_HPP
