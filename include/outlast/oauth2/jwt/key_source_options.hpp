// SPDX-License-Identifier: BSL-1.0
//
// What can be chosen about where an issuer's keys come from.
#ifndef OUTLAST_OAUTH2_JWT_KEY_SOURCE_OPTIONS_HPP
#define OUTLAST_OAUTH2_JWT_KEY_SOURCE_OPTIONS_HPP

#include <outlast/backoff.hpp>
#include <outlast/callback.hpp>
#include <outlast/event.hpp>
#include <outlast/oauth2/knowledge.hpp> // wall_clock
#include <outlast/retry.hpp>
#include <outlast/time.hpp>

#include <chrono>
#include <string>

namespace outlast::oauth2 {

struct key_source_options {
    /// The `jwks_uri` of the issuer (RFC 8414 §2): absolute, without user and password.
    std::string url{};

    /// A key set is used without asking for a newer one so long. Default 10 min.
    duration fresh_for = std::chrono::minutes{10};
    /// And so long at most, counted from its fetch, while none can be had: an issuer that is away for longer may
    /// have withdrawn a key (threat S26). Default 12 h.
    duration usable_for = std::chrono::hours{12};
    /// A set is fetched anew for a key that is not in it if it is so old: then made-up key ids make no flood
    /// of calls, and a new key is known as soon. Default 30 s.
    duration unknown_after = std::chrono::seconds{30};
    /// After a fetch that failed none is made for so long, or for as long as the server said. Default 30 s.
    duration pause = std::chrono::seconds{30};
    /// A call that holds an old set waits so long for another call's new one. Default 500 ms.
    duration stale_wait = std::chrono::milliseconds{500};

    /// One request, connecting and body included. Default 2 s.
    duration attempt_timeout = std::chrono::seconds{2};
    /// All attempts of one fetch. Default 3 s.
    duration overall_timeout = std::chrono::seconds{3};
    /// Default: once more, after up to 100 ms, what was refused, lost or answered 502, 503 or 504 without
    /// Retry-After. `retry_if` is set here and not looked at.
    retry_options retry{.max_attempts = 2,
                        .backoff = constant(std::chrono::milliseconds{100}).with(jitter::full)};

    /// Hears of the pauses: the breaker behind them is named after the URL.
    callback<void(const event&)> events{};
    /// For a Retry-After that is a date.
    wall_clock wall = [] { return std::chrono::system_clock::now(); };

    /// What is wrong with these options, as a sentence; null if nothing is.
    [[nodiscard]] const char* problem() const {
        if (url.find("://") == url.npos || url.find('@') != url.npos)
            return "key source: the address of the keys is an absolute URL without user and "
                   "password";
        if (fresh_for <= duration::zero() || usable_for < fresh_for)
            return "key source: keys are fresh for more than 0, and usable at least as long";
        if (unknown_after <= duration::zero() || pause <= duration::zero())
            return "key source: unknown_after and pause are longer than 0";
        if (stale_wait < duration::zero())
            return "key source: stale_wait is not negative";
        if (attempt_timeout <= duration::zero() || overall_timeout < attempt_timeout)
            return "key source: a timeout is longer than 0, and one attempt takes no longer than "
                   "the whole";
        if (const char* p = retry.problem())
            return p;
        if (!wall)
            return "key source: there is no wall clock";
        return nullptr;
    }
};

} // namespace outlast::oauth2

#endif // OUTLAST_OAUTH2_JWT_KEY_SOURCE_OPTIONS_HPP
