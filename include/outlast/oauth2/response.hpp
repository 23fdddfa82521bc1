// SPDX-License-Identifier: BSL-1.0
//
// From an answer of the authorization server to what it came to.
#ifndef OUTLAST_OAUTH2_RESPONSE_HPP
#define OUTLAST_OAUTH2_RESPONSE_HPP

#include <outlast/oauth2/document.hpp>
#include <outlast/oauth2/facts.hpp>
#include <outlast/oauth2/http_date.hpp>
#include <outlast/oauth2/media_type.hpp>
#include <outlast/oauth2/reason.hpp>
#include <outlast/oauth2/strict_json.hpp>

#include <chrono>
#include <memory>
#include <optional>
#include <string_view>

namespace outlast::oauth2 {

/// What of an HTTP answer is looked at. An empty view is a header that was not sent; one that was
/// sent several times is given as its values joined by ", ", and is then mostly not believed.
struct response_view {
    int status = 0;
    std::string_view content_type;
    std::string_view content_encoding;
    std::string_view retry_after;
    std::string_view date;
    std::string_view body;
    bool body_cut = false; ///< the transport stopped reading beyond `max_body_size`
};

/// What one introspection came to.
struct finding {
    reason why = reason::unexpected_status;
    facts_ptr said; ///< not null if and only if the class is `active`

    /// How long the server asks to be left alone: only with 429 and 5xx, and only if usable (see
    /// `read_retry_after`). Not capped here.
    std::optional<std::chrono::seconds> retry_after;

    /// The server's own clock, when it said it well-formed: a token's life may be measured by it
    /// (threat S3).
    std::optional<std::chrono::sys_seconds> date;

    [[nodiscard]] outcome_class outcome() const noexcept { return class_of(why); }
};

/// The reason that the status alone gives; none where the body decides (200 and 400).
[[nodiscard]] constexpr std::optional<reason> reason_of_status(int status) noexcept {
    switch (status) {
    case 200:
    case 400:
        return std::nullopt;
    case 401:
        return reason::client_refused;
    case 403:
        return reason::forbidden;
    case 404:
        return reason::not_found;
    case 405:
        return reason::method_refused;
    case 408:
        return reason::request_timeout;
    case 415:
        return reason::media_refused;
    case 429:
        return reason::too_many_requests;
    case 502:
    case 503:
    case 504:
        return reason::server_unavailable;
    default:
        break;
    }
    if (status >= 300 && status < 400)
        return reason::redirect;
    if (status >= 400 && status < 500)
        return reason::refused;
    if (status >= 500 && status < 600)
        return reason::server_error;
    return reason::unexpected_status; // 201 and 204 too: only 200 carries a verdict
}

namespace detail {

[[nodiscard]] inline std::optional<reason> refused_unread(response_view const& answer) noexcept {
    if (answer.body_cut || answer.body.size() > max_body_size)
        return reason::body_too_large;
    if (!is_json(answer.content_type))
        return reason::not_json;
    const std::string_view coding = trimmed(answer.content_encoding);
    if (!coding.empty() && !equal_ignoring_case(coding, "identity")) {
        return reason::content_encoding;
    }
    return std::nullopt;
}

} // namespace detail

/// Classifies one answer to an introspection request, by RFC 7662 §2.2, §2.3 and the decision
/// table:
///
/// - 200, a JSON media type, and one object with a boolean `active`: active (with facts) or
///   inactive (nothing else is kept or looked at). Anything wrong with it: bad, so "cannot tell",
///   never a no.
/// - 400 whose JSON says `unsupported_token_type`: inactive. Other 400, and 4xx not named: odd.
/// - 401, 403, 404, 405, 415: fault, as they are about our own request. 408, 429, 5xx: down.
/// - everything else, redirects included: bad.
///
/// \param now  the wall clock, for a Retry-After that is a date
/// \throws std::bad_alloc only. Nothing of the body is in the finding but the facts.
///
/// Cost: one pass over the body, bounded in time, memory and stack by the limits of
/// strict_json.hpp. Pure, safe from any thread.
[[nodiscard]] inline finding classify(response_view const& answer,
                                      std::chrono::system_clock::time_point now,
                                      document_options const& options = {}) {
    const auto second = std::chrono::floor<std::chrono::seconds>(now);
    finding made;
    if (!answer.date.empty())
        made.date = read_http_date(answer.date, second);

    if (const auto by_status = reason_of_status(answer.status)) {
        made.why = *by_status;
        if (made.outcome() == outcome_class::down && answer.status != 408) {
            made.retry_after = read_retry_after(answer.retry_after, second);
        }
        return made;
    }

    document read{options};
    auto problem = detail::refused_unread(answer);
    if (!problem)
        problem = read_strict_json(answer.body, read);

    if (answer.status == 400) {
        const bool unsupported = !problem && read.is_unsupported_token_type();
        made.why = unsupported ? reason::unsupported_token_type : reason::bad_request;
        return made;
    }
    made.why = problem ? *problem : read.verdict();
    if (made.why == reason::active) {
        made.said = std::make_shared<facts const>(read.take_facts());
    }
    return made;
}

} // namespace outlast::oauth2

#endif // OUTLAST_OAUTH2_RESPONSE_HPP
