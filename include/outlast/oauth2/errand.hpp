// SPDX-License-Identifier: BSL-1.0
//
// A question to the authorization server that no request waits for.
#ifndef OUTLAST_OAUTH2_ERRAND_HPP
#define OUTLAST_OAUTH2_ERRAND_HPP

#include <outlast/oauth2/introspection.hpp> // query
#include <outlast/oauth2/master_key.hpp>    // key_error
#include <outlast/oauth2/secret.hpp>
#include <outlast/oauth2/token_digest.hpp>

#include <openssl/rand.h>

#include <array>
#include <cstddef>
#include <memory>
#include <string>
#include <system_error>

namespace outlast::oauth2 {

/// About which token an endpoint is to be asked, and what that question refers to.
struct errand {
    std::shared_ptr<const secret> token;
    token_digest key;
    std::size_t endpoint = 0; ///< the first to ask, then the one being asked

    /// Refers to this errand, which stays where it is as long.
    [[nodiscard]] query asks() noexcept {
        return {.token = token->expose(), .key = key, .endpoint = &endpoint};
    }
};

/// A token that nobody has issued, another one each time: a server that calls it inactive is well, and knows us.
/// Throws std::system_error when OpenSSL has no randomness.
[[nodiscard]] inline secret never_issued_token() {
    std::array<unsigned char, 16> bytes{};
    if (RAND_bytes(bytes.data(), static_cast<int>(bytes.size())) != 1)
        throw std::system_error{make_error_code(key_error::no_randomness)};
    std::string text = "outlast-probe-";
    for (const unsigned char b : bytes) {
        text += "0123456789abcdef"[b >> 4];
        text += "0123456789abcdef"[b & 15];
    }
    return secret::take(text);
}

} // namespace outlast::oauth2

#endif // OUTLAST_OAUTH2_ERRAND_HPP
