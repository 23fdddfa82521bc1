// SPDX-License-Identifier: BSL-1.0
//
// How the resource server says who it is by a signature: no secret leaves it (RFC 7523 §2.2).
#ifndef OUTLAST_OAUTH2_JOSE_PRIVATE_KEY_JWT_HPP
#define OUTLAST_OAUTH2_JOSE_PRIVATE_KEY_JWT_HPP

#include <outlast/error.hpp> // require_valid
#include <outlast/oauth2/client_auth.hpp>
#include <outlast/oauth2/jose/base64url.hpp>
#include <outlast/oauth2/jose/sign.hpp>
#include <outlast/oauth2/knowledge.hpp> // wall_clock
#include <outlast/oauth2/secret.hpp>

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include <openssl/rand.h>

#include <array>
#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace outlast::oauth2::jose {

struct private_key_jwt_options {
    /// Of the client at the server: `iss` and `sub`.
    std::string client_id{};
    /// Whom an assertion is for: the issuer of the server, or, where that is older, the URL of its token
    /// endpoint.
    std::string audience{};
    /// How long one is good, by the server's clock. In 5..300 s. Default 60 s.
    std::chrono::seconds lifetime{60};
    wall_clock wall = [] { return std::chrono::system_clock::now(); };

    /// What is wrong with these options, as a sentence; null if nothing is.
    [[nodiscard]] const char* problem() const {
        if (client_id.empty() || audience.empty())
            return "private_key_jwt: there is a client_id and an audience";
        if (lifetime < std::chrono::seconds{5} || lifetime > std::chrono::seconds{300})
            return "private_key_jwt: lifetime is between 5 and 300 s";
        return wall ? nullptr : "private_key_jwt: there is no wall clock";
    }
};

namespace detail {

/// 128 random bits; none when OpenSSL has no randomness.
[[nodiscard]] inline std::optional<std::string> random_id() {
    std::array<char, 16> bytes{};
    if (RAND_bytes(reinterpret_cast<unsigned char*>(bytes.data()),
                   static_cast<int>(bytes.size())) != 1)
        return std::nullopt;
    std::string text;
    append_base64url(text, {bytes.data(), bytes.size()});
    return text;
}

} // namespace detail

/// Client authentication `private_key_jwt`: an assertion with an id of its own for each attempt, as one is good
/// for one use (RFC 7523 §3). Where none can be made (no randomness, OpenSSL fails) no request is made.
///
///     options.auth = private_key_jwt(signing_key::from_json(jwk.expose(), algorithm::es256).value(),
///                                    {.client_id = "rs", .audience = "https://idp.example.com"});
///
/// \param key by its `kid` the server finds the public one; PS256, ES256 and RS256 are what servers know
/// Throws `std::invalid_argument` with a sentence.
/// Needs Boost.JSON to be linked, as strict_json.hpp does.
[[nodiscard]] inline client_credentials_maker private_key_jwt(signing_key key,
                                                              private_key_jwt_options options) {
    require_valid(options.problem());
    struct maker {
        signing_key key;
        private_key_jwt_options options;
    };
    std::string id = options.client_id;
    const auto shared = std::make_shared<const maker>(maker{std::move(key), std::move(options)});
    return {.id = std::move(id), .make = [shared]() -> std::optional<fresh_credentials> {
                const auto& [by, o] = *shared;
                const auto jti = detail::random_id();
                if (!jti)
                    return std::nullopt;
                const auto now =
                    std::chrono::floor<std::chrono::seconds>(o.wall()).time_since_epoch().count();
                const boost::json::object claims{
                    {"iss", o.client_id}, {"sub", o.client_id}, {"aud", o.audience},
                    {"jti", *jti},        {"iat", now},         {"exp", now + o.lifetime.count()}};
                auto assertion = by.sign("JWT", boost::json::serialize(claims));
                if (!assertion)
                    return std::nullopt;
                fresh_credentials made;
                made.parameters.push_back(
                    {"client_assertion_type",
                     secret{"urn:ietf:params:oauth:client-assertion-type:jwt-bearer"}});
                made.parameters.push_back(
                    {"client_assertion", std::move(assertion).assume_value()});
                return made;
            }};
}

} // namespace outlast::oauth2::jose

#endif // OUTLAST_OAUTH2_JOSE_PRIVATE_KEY_JWT_HPP
