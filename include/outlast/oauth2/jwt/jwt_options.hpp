// SPDX-License-Identifier: BSL-1.0
//
// What can be chosen about JWTs beside introspection.
#ifndef OUTLAST_OAUTH2_JWT_JWT_OPTIONS_HPP
#define OUTLAST_OAUTH2_JWT_JWT_OPTIONS_HPP

#include <outlast/oauth2/jwt/access_token.hpp>
#include <outlast/oauth2/jwt/key_source_options.hpp>

#include <cstdint>

namespace outlast::oauth2 {

/// When a JWT access token is judged by its signature.
enum class local_use : std::uint8_t {
    /// While the server cannot be asked about it and no verdict of its is at hand.
    fallback,
    /// Always, and the server is asked only about what cannot be judged here. A revocation at the server is
    /// then not seen before `exp`.
    first,
    /// Never: the keys are for signed answers.
    never,
};

struct jwt_options {
    key_source_options keys{};
    access_token_options tokens{};
    local_use use = local_use::fallback;
    /// Asks for signed answers to introspection, and believes no others (RFC 9701). They are the issuer's of `tokens`, by
    /// an algorithm that is allowed there, for the client id by which we introspect. Each check
    /// then looks at the keys first, opaque tokens too. Default: plain answers.
    bool signed_answers = false;

    /// What is wrong with these options, as a sentence; null if nothing is.
    [[nodiscard]] const char* problem() const {
        if (const char* p = keys.problem())
            return p;
        return tokens.problem();
    }
};

} // namespace outlast::oauth2

#endif // OUTLAST_OAUTH2_JWT_JWT_OPTIONS_HPP
