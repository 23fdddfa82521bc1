// SPDX-License-Identifier: BSL-1.0
//
// What an authorization server says it offers (RFC 8414 §2), and whether it may be believed.
#ifndef OUTLAST_OAUTH2_SERVER_METADATA_HPP
#define OUTLAST_OAUTH2_SERVER_METADATA_HPP

#include <outlast/http/url_target.hpp>
#include <outlast/oauth2/metadata_document.hpp>
#include <outlast/oauth2/reason.hpp>
#include <outlast/oauth2/response.hpp>
#include <outlast/oauth2/strict_json.hpp>

#include <algorithm> // std::ranges::any_of
#include <chrono>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace outlast::oauth2 {

/// What one answer came to.
struct metadata_finding {
    std::optional<reason> wrong; ///< none: the document was read
    server_metadata said;        ///< believed by nobody yet: see `problem_of`
    /// How long the server asks to be left alone: only with 429 and 5xx, and not capped here.
    std::optional<std::chrono::seconds> retry_after;
};

/// Reads the answer to a request for metadata: 200, a JSON media type, one strict object (RFC 8414
/// §3.2). Bounded in time, memory and stack by strict_json.hpp.
/// \param now the wall clock, for a Retry-After that is a date
/// \throws std::bad_alloc only
[[nodiscard]] inline metadata_finding
read_server_metadata(response_view const& answer, std::chrono::system_clock::time_point now) {
    metadata_finding made;
    made.wrong = reason_of_status(answer.status);
    if (made.wrong) {
        if (class_of(*made.wrong) == outcome_class::down)
            made.retry_after =
                read_retry_after(answer.retry_after, std::chrono::floor<std::chrono::seconds>(now));
        return made;
    }
    if (answer.status != 200) {
        made.wrong = reason::bad_request;
        return made;
    }
    metadata_document read;
    made.wrong = detail::refused_unread(answer);
    if (!made.wrong)
        made.wrong = read_strict_json(answer.body, read);
    if (!made.wrong)
        made.wrong = read.problem();
    if (!made.wrong)
        made.said = read.take();
    return made;
}

/// Which endpoints of a server are used.
struct endpoint_rules {
    /// Origins, as "https://keys.example.com", at which its endpoints may be besides that of the issuer.
    std::span<const std::string> origins{};
    /// Whether they may be plain http elsewhere than on loopback.
    bool allow_plain_http = false;
};

/// Why metadata are not to be used; none when they are. The issuer must be the configured one, byte for
/// byte (RFC 8414 §3.3), and each endpoint an https URL at its origin or one that is allowed, so that a
/// document that was tampered with sends credentials and tokens nowhere else (RFC 8414 §6.2, threat S19).
[[nodiscard]] inline std::optional<reason>
problem_of(server_metadata const& said, std::string_view issuer, endpoint_rules const& rules = {}) {
    if (said.issuer != issuer)
        return reason::wrong_issuer;
    const auto origin_of = [&](std::string_view url) -> std::string {
        const auto target = http::read_url(url, rules.allow_plain_http);
        return target ? target->origin() : std::string{};
    };
    const std::string own = origin_of(issuer);
    for (auto const* url : {&said.introspection_endpoint, &said.jwks_uri, &said.token_endpoint}) {
        if (url->empty())
            continue;
        const std::string there = origin_of(*url);
        const bool is_allowed =
            !there.empty() &&
            (there == own || std::ranges::any_of(rules.origins, [&](std::string const& allowed) {
                 return origin_of(allowed) == there;
             }));
        if (!is_allowed)
            return reason::bad_endpoint;
    }
    return std::nullopt;
}

} // namespace outlast::oauth2

#endif // OUTLAST_OAUTH2_SERVER_METADATA_HPP
