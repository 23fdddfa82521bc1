// SPDX-License-Identifier: BSL-1.0
//
// What an examination saw, step by step.
#pragma once

#include <outlast/http/error.hpp>
#include <outlast/http/url_target.hpp>
#include <outlast/oauth2/reason.hpp>

#include <chrono>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace doctor {

enum class step { name, connection, tls, discovery, introspection };

/// What neither a transport nor `classify` knows to be wrong.
enum class surprise {
    no_endpoint,         ///< the metadata of the server name no introspection endpoint
    random_token_active, ///< whatever is asked about is active
    slow,                ///< a good answer, after the askers have given up
};

using problem =
    std::variant<std::monostate, outlast::http::errc, outlast::oauth2::reason, surprise>;

struct certificate {
    std::string subject;
    std::string issuer;
    std::chrono::sys_seconds not_before;
    std::chrono::sys_seconds not_after;
    std::vector<std::string> hosts; ///< of subjectAltName
    int depth = 0;                  ///< 0: the server's own, otherwise of an authority above it

    bool operator==(const certificate&) const = default;
};

/// One step. Texts are what the server or the name service said, fit for a terminal.
struct sight {
    step what = step::name;
    std::string where; ///< name or address
    std::chrono::nanoseconds took{};
    problem wrong = {}; ///< monostate: nothing

    std::vector<std::string> addresses = {}; ///< of the name
    std::optional<certificate> shown = {};   ///< the one that was refused, or the server's own
    int status = 0;                          ///< of HTTP; 0: no answer
    std::string content_type = {};           ///< media type, without parameters
    std::string location = {};               ///< where a redirection leads to: its origin
    std::string named = {}; ///< by discovery: the issuer if that is wrong, the endpoint else
    std::optional<bool> active = {}; ///< what was said of the token
    std::optional<std::chrono::seconds> retry_after = {};
    std::optional<std::chrono::seconds> clock_ahead = {}; ///< the server's, of ours

    [[nodiscard]] bool good() const noexcept { return wrong.index() == 0; }
};

/// Of one URL.
struct examination {
    std::string url; ///< as it may be shown
    outlast::http::url_target target;
    std::vector<sight> sights; ///< in their order
};

} // namespace doctor
