// SPDX-License-Identifier: BSL-1.0
//
// SHA-256 in base64url, as proofs and bindings have it.
#ifndef OUTLAST_OAUTH2_SHA256_HPP
#define OUTLAST_OAUTH2_SHA256_HPP

#include <outlast/oauth2/held_keys.hpp> // thumbprint
#include <outlast/oauth2/jose/base64url.hpp>

#include <openssl/evp.h>

#include <array>
#include <cstddef>
#include <string>
#include <string_view>

namespace outlast::oauth2 {

/// \return none when OpenSSL has no SHA-256, or no memory. \throws std::bad_alloc
[[nodiscard]] inline thumbprint sha256_thumbprint(std::string_view bytes) {
    std::array<char, 32> digest{};
    std::size_t size = 0;
    if (EVP_Q_digest(nullptr, "SHA256", nullptr, bytes.data(), bytes.size(),
                     reinterpret_cast<unsigned char*>(digest.data()), &size) != 1 ||
        size != digest.size())
        return {};
    std::string text;
    jose::append_base64url(text, {digest.data(), digest.size()});
    return thumbprint::from_text(text).value_or(thumbprint{});
}

} // namespace outlast::oauth2

#endif // OUTLAST_OAUTH2_SHA256_HPP
