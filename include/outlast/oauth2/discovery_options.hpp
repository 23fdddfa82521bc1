// SPDX-License-Identifier: BSL-1.0
//
// What can be chosen about discovery, blocking or asynchronous.
#ifndef OUTLAST_OAUTH2_DISCOVERY_OPTIONS_HPP
#define OUTLAST_OAUTH2_DISCOVERY_OPTIONS_HPP

#include <outlast/circuit_options.hpp>
#include <outlast/oauth2/issuer.hpp>
#include <outlast/oauth2/knowledge.hpp> // wall_clock
#include <outlast/retry.hpp>
#include <outlast/time.hpp>

#include <algorithm>
#include <chrono>
#include <string>
#include <vector>

namespace outlast::oauth2 {

struct discovery_options {
    /// The issuer identifier of the server (RFC 8414 §2), to the last character as it names itself: an https
    /// URL without query and fragment. It comes from the configuration, never from a token or a request.
    std::string issuer{};
    /// Origins, as "https://keys.example.com", at which its endpoints may be besides that of the issuer.
    std::vector<std::string> further_origins{};
    /// Whether issuer and endpoints may be plain http elsewhere than on loopback; the transport has a say
    /// in that, too. Default: no.
    bool allow_plain_http = false;

    /// The metadata are fresh so long. Default 24 h.
    duration fresh_for = std::chrono::hours{24};
    /// Those that name no introspection endpoint. Default 1 min: a server that is being set up gets one.
    duration incomplete_for = std::chrono::minutes{1};
    /// After that they are used so long while others cannot be had. Default: until others can.
    duration stale_for = forever;
    /// One request. Default 1 s.
    duration attempt_timeout = std::chrono::seconds{1};
    /// All that is asked for one caller. Default 1.5 s, so that it ends within one attempt of an
    /// introspection.
    duration overall_timeout = std::chrono::milliseconds{1500};
    /// Repeats what was refused, lost or answered 502, 503, 504 without Retry-After. Default: once, after
    /// up to 100 ms. `retry_if` is set here and not looked at.
    retry_options retry{.max_attempts = 2,
                        .backoff = constant(std::chrono::milliseconds{100}).with(jitter::full)};
    /// Keeps callers from waiting for a server that does not tell. Default: two failures in a row open it
    /// for 10 s, and one with Retry-After for that long. `failure_if` and `name` are set here and not looked at.
    circuit_breaker_options breaker{.window = consecutive(2), .open_on_hint = true};
    wall_clock wall = [] { return std::chrono::system_clock::now(); };

    /// What is wrong with these options, as a sentence; null if nothing is.
    [[nodiscard]] const char* problem() const {
        const auto usable = [&](const std::string& url) {
            return is_issuer(url, allow_plain_http);
        };
        if (!usable(issuer))
            return "discovery: the issuer is an https URL (http on loopback) without query and "
                   "fragment";
        if (!std::ranges::all_of(further_origins, usable))
            return "discovery: a further origin is an https URL (http on loopback)";
        if (fresh_for <= duration::zero() || incomplete_for <= duration::zero() ||
            stale_for < duration::zero())
            return "discovery: fresh_for and incomplete_for are longer than 0, and stale_for not "
                   "negative";
        if (attempt_timeout <= duration::zero() || overall_timeout < attempt_timeout)
            return "discovery: a timeout is longer than 0, and that of one attempt not longer than "
                   "the whole";
        if (const char* p = retry.problem())
            return p;
        if (const char* p = breaker.problem())
            return p;
        return wall ? nullptr : "discovery: there is no wall clock";
    }
};

} // namespace outlast::oauth2

#endif // OUTLAST_OAUTH2_DISCOVERY_OPTIONS_HPP
