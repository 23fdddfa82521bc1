// SPDX-License-Identifier: BSL-1.0
//
// How the resource server says who it is when it asks about a token.
#ifndef OUTLAST_OAUTH2_CLIENT_AUTH_HPP
#define OUTLAST_OAUTH2_CLIENT_AUTH_HPP

#include <outlast/oauth2/secret.hpp>

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace outlast::oauth2 {

/// No credentials in the request: the network vouches for the client, or TLS does (RFC 8705 §2).
struct no_client_auth {
    std::string id; ///< sent as `client_id` (RFC 8705 §2 wants it) unless empty
};

/// `client_secret_basic`: id and secret form-encoded, then HTTP Basic (RFC 6749 §2.3.1).
struct client_secret_basic {
    std::string id;
    secret password;
};

/// `client_secret_post`: `client_id` and `client_secret` in the body (RFC 6749 §2.3.1).
struct client_secret_post {
    std::string id;
    secret password;
};

/// The resource server's own access token (RFC 7662 §2.1). Must be a b64token.
struct client_bearer {
    std::string id; ///< never sent: it binds cache keys, so that no client finds another's verdicts
    secret token;
};

/// What a maker of credentials gives for one attempt.
struct fresh_credentials {
    struct parameter {
        std::string name;
        secret value;
    };
    std::vector<parameter> parameters; ///< added to the body, form-encoded
    secret bearer;                     ///< sent as `Authorization: Bearer`, unless empty
};

/// Credentials made anew for each attempt: `private_key_jwt` and `client_secret_jwt` assertions,
/// which are good for one use (RFC 7523 §3), or an access token that is renewed now and then.
struct client_credentials_maker {
    std::string id; ///< never sent (put `client_id` among the parameters): it binds cache keys

    /// Called once an attempt, by the thread that makes it, never under a lock; from several
    /// threads at once. None, or an exception other than std::bad_alloc, means that there are no
    /// credentials now, and no request is made. For an assertion return `client_assertion_type` and
    /// `client_assertion`.
    std::function<std::optional<fresh_credentials>()> make;
};

/// One of the ways above. Move-only, as it holds secrets; no stream output.
using client_auth = std::variant<no_client_auth,
                                 client_secret_basic,
                                 client_secret_post,
                                 client_bearer,
                                 client_credentials_maker>;

/// The id of the client, for `key_binding::client` and for texts: it is not a secret.
[[nodiscard]] inline std::string_view client_id(client_auth const& auth) noexcept {
    // get_if, as std::visit may throw where this cannot.
    if (auto const* as = std::get_if<no_client_auth>(&auth))
        return as->id;
    if (auto const* as = std::get_if<client_secret_basic>(&auth))
        return as->id;
    if (auto const* as = std::get_if<client_secret_post>(&auth))
        return as->id;
    if (auto const* as = std::get_if<client_bearer>(&auth))
        return as->id;
    if (auto const* as = std::get_if<client_credentials_maker>(&auth))
        return as->id;
    return {};
}

} // namespace outlast::oauth2

#endif // OUTLAST_OAUTH2_CLIENT_AUTH_HPP
