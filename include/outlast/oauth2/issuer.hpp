// SPDX-License-Identifier: BSL-1.0
//
// The name of an authorization server, and where it says what it offers.
#ifndef OUTLAST_OAUTH2_ISSUER_HPP
#define OUTLAST_OAUTH2_ISSUER_HPP

#include <outlast/http/url_target.hpp>

#include <array>
#include <cstddef>
#include <string>
#include <string_view>

namespace outlast::oauth2 {

/// Whether `text` can be an issuer identifier (RFC 8414 §2): an absolute https URL without query and
/// fragment. Plain http is for loopback, or for whoever allows it.
[[nodiscard]] inline bool is_issuer(std::string_view text, bool allow_plain_http = false) {
    return text.find_first_of("?#") == text.npos &&
           http::read_url(text, allow_plain_http).has_value();
}

/// Where the metadata of an issuer are: by RFC 8414 §3.1, between its host and its path; and by OpenID
/// Connect Discovery §4, behind its path. A slash at its end is left out in both. Made of the issuer
/// alone, which is configured: never of what a request says (threat S19).
/// \param issuer as `is_issuer` wants it
[[nodiscard]] inline std::array<std::string, 2> metadata_urls(std::string_view issuer) {
    while (issuer.ends_with('/'))
        issuer.remove_suffix(1);
    const std::size_t path = issuer.find('/', issuer.find("://") + 3);
    const std::string origin{issuer.substr(0, path)};
    const std::string rest{path == issuer.npos ? "" : issuer.substr(path)};
    return {origin + "/.well-known/oauth-authorization-server" + rest,
            origin + rest + "/.well-known/openid-configuration"};
}

} // namespace outlast::oauth2

#endif // OUTLAST_OAUTH2_ISSUER_HPP
