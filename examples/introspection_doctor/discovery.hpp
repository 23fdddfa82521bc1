// SPDX-License-Identifier: BSL-1.0
//
// Where a server says its introspection endpoint is: RFC 8414, and OpenID Connect Discovery where there is nothing.
#pragma once

#include "seen.hpp"

#include <array>
#include <string>
#include <string_view>

namespace doctor {

/// Where the document of an issuer is: by RFC 8414 §3.1, and by OpenID Connect Discovery §4.
[[nodiscard]] std::array<std::string, 2> discovery_urls(std::string_view issuer);

struct discovered {
    problem wrong = {};
    std::string endpoint = {}; ///< unless something is wrong
    std::string issuer = {};   ///< as it stands there
};

/// The issuer is compared byte for byte (RFC 8414 §3.3).
/// \param status, content_type, body of the answer
[[nodiscard]] discovered read_document(int status,
                                       std::string_view content_type,
                                       std::string_view body,
                                       std::string_view issuer,
                                       bool allow_plain_http);

} // namespace doctor
