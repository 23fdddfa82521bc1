// SPDX-License-Identifier: BSL-1.0
//
// What the API tells its own client, as data.
#ifndef OUTLAST_OAUTH2_ANSWER_HPP
#define OUTLAST_OAUTH2_ANSWER_HPP

#include <algorithm> // std::max, std::min
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace outlast::oauth2 {

/// One HTTP answer, ready for any server. It is made of fixed texts, configured ones and a number:
/// nothing that the authorization server, the client or an exception said gets into it.
struct answer {
    int status = 0;
    std::vector<std::pair<std::string, std::string>> headers;
    std::string body;
};

/// A text that may stand between the quotes of a challenge (quoted-string, RFC 9110 §5.6.4):
/// checked and escaped once, where the configuration is read.
class quoted {
public:
    /// \return none when `text` holds a control character (CR and LF would end the header, and so
    ///         start another) or a byte that is not ASCII (RFC 6750 §3). \throws std::bad_alloc
    [[nodiscard]] static std::optional<quoted> make(std::string_view text) {
        std::string escaped;
        for (const char c : text) {
            if (c < ' ' || c > '~')
                return std::nullopt; // a negative char is not ASCII
            if (c == '"' || c == '\\')
                escaped.push_back('\\');
            escaped.push_back(c);
        }
        return quoted{std::move(escaped)};
    }

    /// The escaped text, without the quotes.
    [[nodiscard]] std::string const& text() const noexcept { return text_; }

private:
    explicit quoted(std::string text) noexcept : text_{std::move(text)} {}

    std::string text_;
};

/// The `error_description` of a challenge: this list, or none.
enum class description : std::uint8_t {
    none,
    malformed,      ///< "The access token is malformed"
    not_active,     ///< "The access token is not active"; expired, revoked and unknown are one text
    not_acceptable, ///< "The access token is not acceptable here"; audience, issuer, binding
    several,        ///< "More than one Authorization header"
};

[[nodiscard]] constexpr std::string_view to_string(description what) noexcept {
    switch (what) {
    case description::none:
        return "";
    case description::malformed:
        return "The access token is malformed";
    case description::not_active:
        return "The access token is not active";
    case description::not_acceptable:
        return "The access token is not acceptable here";
    case description::several:
        return "More than one Authorization header";
    }
    return "";
}

namespace detail {

/// `Bearer realm="…"`, then `error` and `error_description` unless empty (RFC 6750 §3).
[[nodiscard]] inline std::string
challenge(quoted const& realm, std::string_view error, description why) {
    std::string value = "Bearer realm=\"" + realm.text() + '"';
    if (!error.empty())
        value.append(", error=\"").append(error).append("\"");
    if (why != description::none) {
        value.append(", error_description=\"").append(to_string(why)).append("\"");
    }
    return value;
}

[[nodiscard]] inline answer challenged(int status, std::string value) {
    answer made;
    made.status = status;
    made.headers.emplace_back("WWW-Authenticate", std::move(value));
    return made;
}

} // namespace detail

/// 401 without an error code: the request brought no token (RFC 6750 §3.1).
[[nodiscard]] inline answer no_token(quoted const& realm) {
    return detail::challenged(401, detail::challenge(realm, {}, description::none));
}

/// 401 `invalid_token` (RFC 6750 §3.1). Only for a definite no; what cannot be told is
/// `unavailable`.
[[nodiscard]] inline answer invalid_token(quoted const& realm,
                                          description why = description::none) {
    return detail::challenged(401, detail::challenge(realm, "invalid_token", why));
}

/// 403 `insufficient_scope` (RFC 6750 §3.1).
/// \param scope  what the route needs, names parted by blanks
[[nodiscard]] inline answer insufficient_scope(quoted const& realm, quoted const& scope) {
    std::string value = detail::challenge(realm, "insufficient_scope", description::none);
    value.append(", scope=\"").append(scope.text()).append("\"");
    return detail::challenged(403, std::move(value));
}

/// 400 `invalid_request` (RFC 6750 §3.1).
[[nodiscard]] inline answer invalid_request(quoted const& realm,
                                            description why = description::none) {
    return detail::challenged(400, detail::challenge(realm, "invalid_request", why));
}

/// 503: whether the token is good cannot be told now. No challenge, as a client that sees one
/// throws its token away and logs in again (RFC 9110 §15.6.4, §10.2.3; the body is RFC 9457).
///
/// \param retry_after  whole seconds; below 1 is 1
[[nodiscard]] inline answer unavailable(std::chrono::seconds retry_after) {
    const auto least = std::chrono::seconds{1};
    const auto wait = retry_after < least ? least : retry_after;
    answer made;
    made.status = 503;
    made.headers.reserve(3);
    made.headers.emplace_back("Retry-After", std::to_string(wait.count()));
    made.headers.emplace_back("Cache-Control", "no-store");
    made.headers.emplace_back("Content-Type", "application/problem+json");
    made.body = R"({"title":"OAuth2 server temporarily unavailable","status":503})";
    return made;
}

/// The n of a 503: the time for which no call will be made (an open breaker, a latch) rounded up to
/// whole seconds, or what the server asked for but at most 120 s, whichever is larger; 5 s when
/// there is neither. At least 1 s.
[[nodiscard]] constexpr std::chrono::seconds
retry_after_for(std::optional<std::chrono::nanoseconds> closed_for,
                std::optional<std::chrono::nanoseconds> server_asked) noexcept {
    using std::chrono::seconds;
    constexpr seconds most_asked{120};
    if (!closed_for && !server_asked)
        return seconds{5};
    seconds wait{1};
    if (closed_for)
        wait = std::max(wait, std::chrono::ceil<seconds>(*closed_for));
    if (server_asked) {
        wait = std::max(wait, std::min(most_asked, std::chrono::ceil<seconds>(*server_asked)));
    }
    return wait;
}

} // namespace outlast::oauth2

#endif // OUTLAST_OAUTH2_ANSWER_HPP
