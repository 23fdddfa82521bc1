// SPDX-License-Identifier: BSL-1.0
//
// Who the bearer of a token is, as headers for the API behind the proxy.
#pragma once

#include <outlast/oauth2/decision.hpp>

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace gateway {

/// `text` as a header value: what is not printable ASCII, '%', and blanks that are trimmed on the way are
/// percent-encoded (RFC 3986 §2.1), so that no claim can end a line or be taken for another.
[[nodiscard]] std::string header_value(std::string_view text);

/// Of a claim: X-Auth-Claim-Tenant-Id for "tenant_id".
[[nodiscard]] std::string header_name(const std::string& claim);

/// The most bytes of all values together: proxies take no more.
inline constexpr std::size_t most_of_identity = 32 * 1024;

/// Name and value: X-Auth-Subject, X-Auth-Client, X-Auth-Username, X-Auth-Issuer, X-Auth-Audience, X-Auth-Scope,
/// X-Auth-Expires (seconds since 1970), X-Auth-How, X-Auth-Age (seconds), and X-Auth-Claim-… for each of `claims`.
/// Lists have a blank between their elements, whose own ones are encoded. All of them, empty where the server did not say: a proxy that copies a header which is missing would let through
/// the one that the client sent.
/// \pre d.allowed()
[[nodiscard]] std::vector<std::pair<std::string, std::string>>
identity_headers(const outlast::oauth2::decision& d, const std::vector<std::string>& claims);

} // namespace gateway
