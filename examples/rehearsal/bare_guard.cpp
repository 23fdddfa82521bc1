// SPDX-License-Identifier: BSL-1.0
//
// What most stacks do: ask for each request, and call a token bad when no good answer comes.
#include "form.hpp"
#include "guard.hpp"
#include "http_client.hpp"

#include <boost/json.hpp>

#include <atomic>
#include <memory>

namespace rehearsal {

namespace {

bool says_active(const std::string& body) {
    boost::system::error_code ec;
    const boost::json::value answer = boost::json::parse(body, ec);
    const boost::json::object* members = ec ? nullptr : answer.if_object();
    const boost::json::value* active = members ? members->if_contains("active") : nullptr;
    return active != nullptr && active->is_bool() && active->get_bool();
}

reply unauthorized(const guard_settings& settings, const char* error, const char* how) {
    std::string challenge = "Bearer realm=\"" + settings.realm + '"';
    if (*error != '\0') {
        challenge += std::string{", error=\""} + error + '"';
    }
    return {.status = 401,
            .headers = {{"WWW-Authenticate", std::move(challenge)}},
            .body = {},
            .how = how};
}

} // namespace

guarded bare_guard(const guard_settings& settings) {
    const auto calls = std::make_shared<std::atomic<std::uint64_t>>(0);
    auto answer = [settings, calls](std::string_view authorization) -> reply {
        const auto token = bearer_token(authorization);
        if (!token) {
            return unauthorized(settings, "", "refused");
        }
        thread_local http_client client; // one kept-alive connection for each of the API's threads
        ++*calls;
        const http_answer verdict =
            client.post(settings.introspection_endpoint,
                        "token=" + form_encode(*token) + "&token_type_hint=access_token",
                        settings.client_id, settings.client_secret, settings.attempt_timeout);
        if (verdict.status == 200 && says_active(verdict.body)) {
            return {.status = 200, .headers = {}, .body = {}, .how = "live"};
        }
        return unauthorized(settings, "invalid_token", verdict.status == 200 ? "live" : "refused");
    };
    return {.answer = std::move(answer), .breaker = {}, .server_calls = [calls] {
                return calls->load();
            }};
}

} // namespace rehearsal
