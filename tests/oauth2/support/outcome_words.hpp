// SPDX-License-Identifier: BSL-1.0
//
// A decision in the outcome words of the scenarios, each header and body looked at.
#ifndef OUTLAST_TESTS_OAUTH2_SUPPORT_OUTCOME_WORDS_HPP
#define OUTLAST_TESTS_OAUTH2_SUPPORT_OUTCOME_WORDS_HPP

#include <outlast/oauth2/decision.hpp>

#include <string>
#include <string_view>

namespace outlast_tests {

namespace detail {

inline std::string words_of_refusal(const outlast::oauth2::decision& d) {
    const auto& headers = d.reply.headers;
    if (d.reply.status != d.status)
        return "two statuses";
    if (d.who)
        return "a refusal that names somebody";
    if (d.status == 503) {
        if (headers.size() != 3 || headers[0].first != "Retry-After" ||
            headers[1] != std::pair<std::string, std::string>{"Cache-Control", "no-store"} ||
            headers[2] !=
                std::pair<std::string, std::string>{"Content-Type", "application/problem+json"})
            return "503 with other headers";
        if (d.reply.body != R"({"title":"OAuth2 server temporarily unavailable","status":503})")
            return "503 with the body " + d.reply.body;
        return "503(" + headers[0].second + ")";
    }
    if (headers.size() != 1 || headers[0].first != "WWW-Authenticate")
        return std::to_string(d.status) + " with other headers than one challenge";
    if (!d.reply.body.empty())
        return std::to_string(d.status) + " with a body";
    std::string_view challenge = headers[0].second;
    constexpr std::string_view realm = R"(Bearer realm="r")";
    if (!challenge.starts_with(realm))
        return "another realm: " + headers[0].second;
    challenge.remove_prefix(realm.size());
    const auto is = [&](int status, std::string_view error) {
        return d.status == status && challenge.starts_with(error);
    };
    if (d.status == 401 && challenge.empty())
        return "401 bare";
    if (is(401, R"(, error="invalid_token")"))
        return "401-IT";
    if (is(400, R"(, error="invalid_request")"))
        return "400-IR";
    constexpr std::string_view scope = R"(, error="insufficient_scope", scope=")";
    if (is(403, scope) && challenge.ends_with('"')) {
        challenge.remove_prefix(scope.size());
        challenge.remove_suffix(1);
        return "403-IS(" + std::string{challenge} + ")";
    }
    return std::to_string(d.status) + headers[0].second;
}

} // namespace detail

/// `ALLOW(live)`, `401-IT`, `503(5)`; whatever is not exactly as the scenarios want it is described
/// and so equal to none of them.
inline std::string words_of(const outlast::oauth2::decision& d) {
    if (!d.allowed())
        return detail::words_of_refusal(d);
    if (!d.who)
        return "ALLOW of nobody";
    if (!d.reply.headers.empty() || !d.reply.body.empty() || d.reply.status != 0)
        return "ALLOW with an answer";
    return "ALLOW(" + std::string{to_string(d.how)} + ")";
}

} // namespace outlast_tests

#endif // OUTLAST_TESTS_OAUTH2_SUPPORT_OUTCOME_WORDS_HPP
