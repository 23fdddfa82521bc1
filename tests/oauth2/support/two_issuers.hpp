// SPDX-License-Identifier: BSL-1.0
//
// Two authorization servers that are scripts, and one API that takes the tokens of both.
#ifndef OUTLAST_TESTS_OAUTH2_SUPPORT_TWO_ISSUERS_HPP
#define OUTLAST_TESTS_OAUTH2_SUPPORT_TWO_ISSUERS_HPP

#include <outlast/oauth2/introspector_options.hpp>

#include "oauth2/bodies.hpp"
#include "oauth2/support/jose_texts.hpp"
#include "oauth2/support/outcome_words.hpp"
#include "oauth2/support/server.hpp"

#include <string>
#include <string_view>

namespace outlast_tests {

inline constexpr std::string_view issuer_a = "https://a.example";
inline constexpr std::string_view issuer_b = "https://b.example";

inline outlast::oauth2::introspector_options asking(std::string_view issuer) {
    return {.endpoints = {std::string{issuer} + "/introspect"},
            .auth = outlast::oauth2::client_secret_basic{"rs", outlast::oauth2::secret{"s3cr3t"}},
            .realm = "r",
            .retry = {.max_attempts = 1},
            .wall = [] { return at(0); }};
}

inline std::string active_of(std::string_view issuer) {
    return R"({"active":true,"exp":1700003600,"aud":"api","iss":")" + std::string{issuer} + "\"}";
}

/// A token that says it is of this issuer. Nobody has signed it.
inline std::string jwt_of(std::string_view issuer) {
    return compact(R"({"alg":"ES256"})", R"({"iss":")" + std::string{issuer} + "\"}");
}

} // namespace outlast_tests

#endif // OUTLAST_TESTS_OAUTH2_SUPPORT_TWO_ISSUERS_HPP
