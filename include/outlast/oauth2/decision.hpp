// SPDX-License-Identifier: BSL-1.0
//
// From what is known about a token to what the API does with the request.
#ifndef OUTLAST_OAUTH2_DECISION_HPP
#define OUTLAST_OAUTH2_DECISION_HPP

#include <outlast/oauth2/answer.hpp>
#include <outlast/oauth2/bearer.hpp>
#include <outlast/oauth2/dpop_challenge.hpp>
#include <outlast/oauth2/error.hpp>
#include <outlast/oauth2/held_keys.hpp>
#include <outlast/oauth2/knowledge.hpp>
#include <outlast/oauth2/policy.hpp>
#include <outlast/report.hpp>
#include <outlast/result.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace outlast::oauth2 {

/// Three answers, never two: allowed; refused for certain (401, 403, 400); cannot tell (503).
struct decision {
    /// How the verdict is known.
    enum class assurance : std::uint8_t {
        none,   ///< it is not: no token to ask about, or a 503
        live,   ///< the server said so since this request came: asked by it, or by one it joined
        cached, ///< it said so not long ago
        stale,  ///< it said so a while ago and cannot be asked now
        local,  ///< by the issuer's signature: it was not asked about this token
    };

    int status = 503; ///< 200 means: let the request through
    answer reply{};   ///< what to send otherwise, exactly
    facts_ptr who{};  ///< of an allowed request
    assurance how = assurance::none;
    duration age{};                  ///< of a cached or stale verdict, when the request came
    std::optional<reason> because{}; ///< the reason of a verdict or of a 503, for logs and metrics
    /// What the requirements came to for an active token: why a 401 or 403 about it. For logs and metrics only: the
    /// client is told no more than `reply`.
    std::optional<ruling> ruled{};

    [[nodiscard]] bool allowed() const noexcept { return status == 200; }
};

[[nodiscard]] constexpr std::string_view to_string(decision::assurance how) noexcept {
    switch (how) {
    case decision::assurance::none:
        return "none";
    case decision::assurance::live:
        return "live";
    case decision::assurance::cached:
        return "cached";
    case decision::assurance::stale:
        return "stale";
    case decision::assurance::local:
        return "local";
    }
    return "unknown";
}

namespace detail {

inline void refuse(decision& d, answer reply) {
    d.status = reply.status;
    d.reply = std::move(reply);
    d.who = nullptr;
}
[[nodiscard]] inline decision refused(answer reply, decision d = {}) {
    refuse(d, std::move(reply));
    return d;
}

/// A token that was refused here before anybody is asked.
[[nodiscard]] inline decision revoked(const quoted& realm) {
    decision d;
    d.because = reason::inactive;
    return refused(invalid_token(realm, description::not_active), std::move(d));
}

inline void rule(decision& d, ruling what, const requirements& wanted, const quoted& realm) {
    d.ruled = what;
    switch (what) {
    case ruling::ok:
        d.status = 200;
        return;
    case ruling::insufficient_scope: {
        std::string needed;
        for (const std::string& scope : wanted.scopes)
            needed.append(needed.empty() ? "" : " ").append(scope);
        // Scope names were checked with the requirements; an odd one names no scope at all.
        const auto text = quoted::make(needed);
        return refuse(d, insufficient_scope(realm, text ? *text : *quoted::make("")));
    }
    case ruling::expired:
    case ruling::not_yet_valid:
        return refuse(d, invalid_token(realm, description::not_active));
    default:
        return refuse(d, invalid_token(realm, description::not_acceptable));
    }
}

} // namespace detail

/// The last column of the decision table. Facts come from the server or the cache; audience,
/// issuer, time, binding and scope are checked here, for this request.
[[nodiscard]] inline decision decide(result<knowledge> known,
                                     const report& facts,
                                     const requirements& wanted,
                                     const quoted& realm,
                                     std::chrono::system_clock::time_point now,
                                     const sender& from = {}) {
    decision d;
    if (!known) {
        const failure& f = known.error();
        d.because = reason_of(f);
        std::optional<duration> closed;
        std::optional<duration> asked;
        (f.why() == refusal::circuit_open ? closed : asked) = f.retry_after();
        detail::refuse(d, unavailable(retry_after_for(closed, asked)));
        return d;
    }
    d.age = facts.age;
    switch (facts.how) {
    case source::cached:
        d.how =
            facts.age == duration::zero() ? decision::assurance::live : decision::assurance::cached;
        break;
    case source::stale:
        d.how = decision::assurance::stale;
        break;
    default:
        d.how = decision::assurance::live;
        break;
    }
    knowledge& k = known.assume_value();
    d.because = reason_of(k.what);
    if (k.what != knowledge::verdict::active) {
        detail::refuse(d, invalid_token(realm, description::not_active));
        return d;
    }
    d.who = std::move(k.said); // no further turn of a counter that threads share
    const auto& said = *d.who;
    const bool live = d.how == decision::assurance::live;
    const auto how = live ? freshness::live : freshness::cached;
    detail::rule(d, check(said, wanted, now, how, from), wanted, realm);
    return d;
}

/// The same for a token that was verified here, without the server. Times are looked at as those of cached facts:
/// nobody has just said that the token is still good.
/// \param said what it says; null if it was found bad
/// \param own  what every token must be here, whatever the route wants
[[nodiscard]] inline decision decide_locally(facts_ptr said,
                                             const requirements& own,
                                             const requirements& wanted,
                                             const quoted& realm,
                                             std::chrono::system_clock::time_point now,
                                             const sender& from = {}) {
    decision d;
    d.how = decision::assurance::local;
    if (!said) {
        d.because = reason::inactive;
        detail::refuse(d, invalid_token(realm, description::not_active));
        return d;
    }
    d.because = reason::active;
    d.who = std::move(said);
    const auto& facts = *d.who;
    if (const ruling first = check(facts, own, now, freshness::cached, from); first != ruling::ok)
        detail::rule(d, first, own, realm);
    else
        detail::rule(d, check(facts, wanted, now, freshness::cached, from), wanted, realm);
    return d;
}

/// A refusal as the sender is to see it: where DPoP is offered, with its challenge.
inline void
frame(decision& d, const sender& from, const bearer_options& offered, const quoted& realm) {
    if (!offered.dpop_algorithms.empty() && !d.allowed())
        d.reply = offering_dpop(std::move(d.reply), from.scheme, realm, offered.dpop_algorithms);
}

} // namespace outlast::oauth2

#endif // OUTLAST_OAUTH2_DECISION_HPP
