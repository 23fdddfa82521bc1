// SPDX-License-Identifier: BSL-1.0
//
// What is remembered about a token, and for how long.
#ifndef OUTLAST_OAUTH2_KNOWLEDGE_HPP
#define OUTLAST_OAUTH2_KNOWLEDGE_HPP

#include <outlast/freshness.hpp>
#include <outlast/oauth2/facts.hpp>
#include <outlast/oauth2/reason.hpp>
#include <outlast/time.hpp>

#include <algorithm> // std::min
#include <chrono>
#include <functional> // std::function
#include <optional>

namespace outlast::oauth2 {

/// A clock for calendar time, which can be set, and therefore never measures a length of time here.
using wall_clock = std::function<std::chrono::system_clock::time_point()>;

/// A definite verdict on one token. A "cannot tell" is never one, and never kept.
struct knowledge {
    enum class verdict : std::uint8_t {
        active,
        inactive, ///< the server said no
        expired,  ///< it was active, and its `exp` has come since
    };

    verdict what = verdict::inactive;
    facts_ptr said{}; ///< of an active or expired token
    /// From the answer to `exp`, by the smaller of our own clock and the server's `Date`; negative
    /// when `exp` had passed already; `forever` without `exp`. Measured on the monotonic clock from
    /// then on, so that no step of the wall clock makes it longer (threat S3).
    duration lives_for = forever;
};

[[nodiscard]] constexpr reason reason_of(knowledge::verdict what) noexcept {
    return what == knowledge::verdict::active    ? reason::active
           : what == knowledge::verdict::expired ? reason::expired
                                                 : reason::inactive;
}

struct lifetime_options {
    /// An active verdict is fresh so long, and never beyond `exp`. Default 60 s.
    duration fresh_for = std::chrono::seconds{60};
    /// The same for one without `exp`. Default 30 s; it is never stale.
    duration fresh_for_without_exp = std::chrono::seconds{30};
    /// After that it may stand in while the server cannot be asked; never beyond `exp`. 0 switches
    /// that off. Default 300 s.
    duration stale_for = std::chrono::seconds{300};
    /// An inactive verdict is kept so long. Default 10 s.
    duration negative_for = std::chrono::seconds{10};
    /// An expired token is known as such, from its first use after `exp`, so long. Default 10 s.
    duration expired_for = std::chrono::seconds{10};

    [[nodiscard]] constexpr const char* problem() const noexcept {
        constexpr duration zero{};
        return fresh_for > zero && fresh_for_without_exp >= zero && stale_for >= zero &&
                       negative_for >= zero && expired_for >= zero
                   ? nullptr
                   : "introspector: a lifetime is negative, or fresh_for is zero";
    }
};

/// The `life` of the cache: how long each kind of verdict is kept, and the look at `exp` on every
/// use (RFC 7662 §4: never after it).
class token_life {
public:
    token_life(lifetime_options options, wall_clock wall)
        : options_(options), wall_(std::move(wall)) {}

    [[nodiscard]] lifetime operator()(const knowledge& k) const {
        switch (k.what) {
        case knowledge::verdict::inactive:
            return {.fresh_for = options_.negative_for, .negative = true};
        case knowledge::verdict::expired:
            return {.fresh_for = options_.expired_for, .negative = true};
        case knowledge::verdict::active:
            break;
        }
        if (!k.said->exp)
            return {.fresh_for = options_.fresh_for_without_exp};
        const duration fresh = std::min(options_.fresh_for, k.lives_for);
        return {.fresh_for = fresh, .stale_for = std::min(options_.stale_for, k.lives_for - fresh)};
    }

    /// An active verdict whose `exp` has come, by the wall clock or by the time since it was
    /// learnt, whichever is first, is expired from here on.
    [[nodiscard]] std::optional<knowledge> recheck(const knowledge& k, duration age) const {
        if (k.what != knowledge::verdict::active || !k.said->exp)
            return std::nullopt;
        if (age < k.lives_for && floor_of(wall_()) < *k.said->exp)
            return std::nullopt;
        return knowledge{.what = knowledge::verdict::expired, .said = k.said};
    }

private:
    static std::chrono::sys_seconds floor_of(std::chrono::system_clock::time_point t) noexcept {
        return std::chrono::floor<std::chrono::seconds>(t);
    }

    lifetime_options options_;
    wall_clock wall_;
};

/// The time from `now` to `exp`, saturating: each may be as far away as the year 9999, which no
/// clock of nanoseconds can say.
[[nodiscard]] constexpr duration time_to(std::chrono::sys_seconds exp,
                                         std::chrono::sys_seconds now) noexcept {
    const std::chrono::seconds seconds = exp - now;
    constexpr std::chrono::seconds most{duration::max().count() / 1'000'000'000 - 1};
    if (seconds > most)
        return forever;
    return seconds < -most ? -forever : duration{seconds};
}
[[nodiscard]] inline duration time_to(std::chrono::sys_seconds exp,
                                      std::chrono::system_clock::time_point now) noexcept {
    const auto whole = std::chrono::floor<std::chrono::seconds>(now);
    const duration span = time_to(exp, whole);
    if (span == forever || span == -forever)
        return span;
    return span - std::chrono::duration_cast<duration>(now - whole);
}

} // namespace outlast::oauth2

#endif // OUTLAST_OAUTH2_KNOWLEDGE_HPP
