// SPDX-License-Identifier: BSL-1.0
//
// What a route demands of a token, checked against the facts on every use.
#ifndef OUTLAST_OAUTH2_POLICY_HPP
#define OUTLAST_OAUTH2_POLICY_HPP

#include <outlast/oauth2/detail/ascii.hpp>
#include <outlast/oauth2/facts.hpp>
#include <outlast/oauth2/held_keys.hpp>

#include <algorithm> // std::clamp
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace outlast::oauth2 {

/// How the facts at hand are known.
enum class freshness : std::uint8_t {
    live,   ///< the server has just said them
    cached, ///< from a cache, fresh or stale
};

/// What a token must be, for one route. Absent means that it is not looked at; it is `optional` and
/// not an empty string, so that an empty setting refuses everything instead of allowing it.
struct requirements {
    std::optional<std::string> audience{}; ///< must be one of `aud` (RFC 9700 §4.10.2)
    std::optional<std::string> issuer{};   ///< must be `iss`, byte for byte (RFC 8414 §3.3)
    std::vector<std::string> scopes{};     ///< all of them must be granted
    /// Refuses tokens that anybody may use who has them: they must be bound to a key (RFC 9700 §2.2.1).
    bool sender_constrained = false;

    /// How much later than `exp` a live answer still counts, for clocks that differ. In 0..300 s.
    std::chrono::seconds exp_leeway_live{10};
    /// The same for cached facts. 0: a cache must not outlive the token (RFC 7662 §4).
    std::chrono::seconds exp_leeway_cached{0};
    /// How much before `nbf` facts count already, live and cached. In 0..300 s.
    std::chrono::seconds nbf_leeway{10};
};

/// What the check came to. All but `insufficient_scope` (403) are a 401 `invalid_token`.
enum class ruling : std::uint8_t {
    ok,
    expired,
    not_yet_valid,
    wrong_issuer,       ///< another one, or none said
    wrong_audience,     ///< others, or none said
    sender_constrained, ///< bound to a key, and its sender has not shown to hold that
    not_bound,          ///< to a key, and should be: for the route, or for the scheme DPoP
    insufficient_scope,
};

/// A fixed name in snake_case, fit for a metric label.
[[nodiscard]] constexpr std::string_view to_string(ruling what) noexcept {
    switch (what) {
    case ruling::ok:
        return "ok";
    case ruling::expired:
        return "expired";
    case ruling::not_yet_valid:
        return "not_yet_valid";
    case ruling::wrong_issuer:
        return "wrong_issuer";
    case ruling::wrong_audience:
        return "wrong_audience";
    case ruling::sender_constrained:
        return "sender_constrained";
    case ruling::not_bound:
        return "not_bound";
    case ruling::insufficient_scope:
        return "insufficient_scope";
    }
    return "unknown";
}

/// Why `wanted` cannot be meant, in a fixed sentence; empty when it can. For the construction of
/// whatever uses it.
[[nodiscard]] inline std::string_view problem_of(requirements const& wanted) noexcept {
    const auto sane = [](std::chrono::seconds leeway) {
        return leeway >= std::chrono::seconds::zero() && leeway <= std::chrono::seconds{300};
    };
    if (wanted.audience && wanted.audience->empty())
        return "the required audience is empty";
    if (wanted.issuer && wanted.issuer->empty())
        return "the required issuer is empty";
    for (auto const& scope : wanted.scopes) {
        if (scope.empty())
            return "a required scope is empty";
        for (const char c : scope) { // scope-token, RFC 6749 §3.3
            if (c <= ' ' || c > '~' || c == '"' || c == '\\') {
                return "a required scope is not one scope name";
            }
        }
    }
    if (!sane(wanted.exp_leeway_live) || !sane(wanted.exp_leeway_cached) ||
        !sane(wanted.nbf_leeway)) {
        return "a leeway is not between 0 and 300 s";
    }
    return {};
}

namespace detail {

/// Whether the sender holds the keys that the token is bound to: each that is named. A key that a proof was
/// made by counts under the scheme DPoP only: a token that is bound to one is no bearer token (RFC 9449 §7.2).
[[nodiscard]] inline ruling
binding(facts const& what, requirements const& wanted, sender const& from) noexcept {
    const bool is_dpop = what.token_type && equal_ignoring_case(*what.token_type, "DPoP");
    if (!what.cnf && !is_dpop) {
        const bool must_be = wanted.sender_constrained || from.scheme == auth_scheme::dpop;
        return must_be ? ruling::not_bound : ruling::ok;
    }
    const std::string_view jkt = what.cnf ? std::string_view{what.cnf->jkt} : std::string_view{};
    const std::string_view x5t =
        what.cnf ? std::string_view{what.cnf->x5t_s256} : std::string_view{};
    const bool is_known = !jkt.empty() || !x5t.empty(); // else a binding that nobody here can check
    const bool by_proof = is_dpop || !jkt.empty() || from.scheme == auth_scheme::dpop;
    if (!is_known || (by_proof && (from.scheme != auth_scheme::dpop || !from.keys.dpop.is(jkt))) ||
        (!x5t.empty() && !from.keys.certificate.is(x5t)))
        return ruling::sender_constrained;
    return ruling::ok;
}

} // namespace detail

/// Checks `what` for one request. To be asked on every allow, whatever the facts come from: facts
/// are cached, this is not, since the time goes on and routes differ (RFC 7662 §4, RFC 9068 §4).
///
/// - Expired at `exp` + leeway and after; without `exp` never. At `exp` - 1 ns it is not.
/// - A token with any `cnf`, or with the token type DPoP, is refused unless its sender has shown to hold each
///   key that it names, as a stolen one would be (RFC 8705 §3, RFC 9449 §7.1, §7.2); so is one with a binding
///   that is not known here.
/// - An answer without `aud` or `iss` fails where one is required; so does an empty requirement.
/// - Scope is looked at last: a token that is not good at all gets 401, not 403.
///
/// \param now  the wall clock at the moment of the answer to the client. With a clock that can be
///             set, keep a deadline on a steady one beside it.
/// Pure; no allocation; linear in the scopes.
[[nodiscard]] inline ruling check(facts const& what,
                                  requirements const& wanted,
                                  std::chrono::system_clock::time_point now,
                                  freshness how,
                                  sender const& from = {}) noexcept {
    // In whole seconds, which is exact since all limits are; in the clock's nanoseconds the year
    // 9999 does not fit 64 bits.
    const auto second = std::chrono::floor<std::chrono::seconds>(now);
    // Kept in bounds here too: nobody is obliged to ask `problem_of`.
    const auto bounded = [](std::chrono::seconds leeway) {
        return std::clamp(leeway, std::chrono::seconds{0}, std::chrono::seconds{300});
    };
    const auto exp_leeway =
        bounded(how == freshness::live ? wanted.exp_leeway_live : wanted.exp_leeway_cached);
    if (what.exp && second >= *what.exp + exp_leeway)
        return ruling::expired;
    if (what.nbf && second < *what.nbf - bounded(wanted.nbf_leeway))
        return ruling::not_yet_valid;

    if (wanted.issuer && (wanted.issuer->empty() || what.iss != wanted.issuer)) {
        return ruling::wrong_issuer;
    }
    if (wanted.audience && (wanted.audience->empty() || !what.has_audience(*wanted.audience))) {
        return ruling::wrong_audience;
    }

    if (const ruling bound = detail::binding(what, wanted, from); bound != ruling::ok)
        return bound;

    for (auto const& scope : wanted.scopes) {
        if (!what.has_scope(scope))
            return ruling::insufficient_scope;
    }
    return ruling::ok;
}

} // namespace outlast::oauth2

#endif // OUTLAST_OAUTH2_POLICY_HPP
