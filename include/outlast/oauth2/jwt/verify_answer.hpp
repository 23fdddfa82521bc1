// SPDX-License-Identifier: BSL-1.0
//
// The signature of a signed introspection answer (RFC 9701 §5). Needs libcjose.
#ifndef OUTLAST_OAUTH2_JWT_VERIFY_ANSWER_HPP
#define OUTLAST_OAUTH2_JWT_VERIFY_ANSWER_HPP

#include <outlast/oauth2/client_auth.hpp>
#include <outlast/oauth2/introspector_options.hpp>
#include <outlast/oauth2/jose/algorithm.hpp>
#include <outlast/oauth2/jose/compact.hpp>
#include <outlast/oauth2/jose/error.hpp>
#include <outlast/oauth2/jose/key_set.hpp>
#include <outlast/oauth2/jwt/access_token.hpp>
#include <outlast/oauth2/reason.hpp>
#include <outlast/oauth2/signed_answer.hpp>

#include <string>
#include <string_view>
#include <utility>

namespace outlast::oauth2 {

/// The claims of an answer that is of the type for introspection and signed by one of these keys. The type keeps ID
/// tokens and access tokens, which the same keys sign, apart (RFC 9701 §8.1).
/// \param keys null: there are none at hand. \throws std::bad_alloc
[[nodiscard]] inline verified_claims
verify_answer(std::string_view jwt, const jose::key_set_ptr& keys, jose::algorithms allowed) {
    const auto read = jose::read_compact(jwt);
    if (!read || !jose::is_type(read.assume_value().header.typ, "token-introspection+jwt"))
        return {};
    if (!keys)
        return {.why = reason::unknown_key};
    auto claims = keys->verify(read.assume_value(), allowed);
    if (claims)
        return {.json = std::move(claims).assume_value()};
    return {.why = claims.error() == jose::errc::unknown_key ? reason::unknown_key
                                                             : reason::bad_signed_answer};
}

/// `options`, which believe only signed answers of that issuer's for them, by the keys that `in_hand` gives.
template <class InHand>
[[nodiscard]] introspector_options
only_signed(introspector_options options, const access_token_options& tokens, InHand in_hand) {
    options.only_signed = {
        .issuer = tokens.issuer,
        .audience = std::string{client_id(options.auth)},
        .verify = [in_hand = std::move(in_hand), allowed = tokens.allowed](std::string_view jwt) {
            return verify_answer(jwt, in_hand(), allowed);
        }};
    return options;
}

} // namespace outlast::oauth2

#endif // OUTLAST_OAUTH2_JWT_VERIFY_ANSWER_HPP
