// SPDX-License-Identifier: BSL-1.0
//
// What a cache is told: once by its options, and by each call.
#ifndef OUTLAST_CACHE_OPTIONS_HPP
#define OUTLAST_CACHE_OPTIONS_HPP

#include <outlast/callback.hpp>
#include <outlast/event.hpp>
#include <outlast/label.hpp>
#include <outlast/ratio.hpp>
#include <outlast/step.hpp>
#include <outlast/time.hpp>

#include <cstdint>

namespace outlast {

struct cache_aside_options {
    /// How long a call that holds a stale answer waits for another call that is already asking.
    /// Default 500 ms; 0: not at all.
    duration stale_wait = std::chrono::milliseconds{500};
    /// How long a call without one waits for it; then it is `unavailable`. Default: until its own
    /// deadline. The time of a timeout further in is a good choice: it does not bound a wait out here.
    duration wait = no_limit;
    /// Which outcomes a stale answer may stand in for. Default: failures, timeouts and refusals; not what a
    /// judge found to be neither (`judged`): a row that is not there any more is an answer.
    callback<bool(const verdict&)> stale_if{};

    /// The last share of an entry's fresh life, in which one call that finds it asks for it anew, by
    /// chance up to half that share later. See `cache_aside`. Default 0: no entry is refreshed
    /// before it is stale.
    ratio refresh_ahead{};
    /// How long such a call may take. A caller that waits for it (on a thread) is then answered with
    /// the entry after all, and one that has no longer than this makes none. None is made for an
    /// entry whose last share is no longer. More than 0. Default 250 ms.
    duration refresh_limit = std::chrono::milliseconds{250};
    /// After one that failed, none is made for so long, or for as long as the failure says
    /// (Retry-After, an open breaker), if that is longer. Any success ends it. Default 1 s.
    duration refresh_pause = std::chrono::seconds{1};
    /// How long one operation of an `async_store` may take, after which it has failed: the lookup is
    /// one that found nothing. More than 0. Default 100 ms. A store that is not asynchronous takes
    /// what it takes.
    duration store_limit = std::chrono::milliseconds{100};
    /// Of the chance: the same seed refreshes the same entries at the same time. Default 0: one of
    /// its own for each cache, so that a fleet does not ask in step.
    std::uint64_t seed = 0;

    label name = "cache";
    label tags{};
    /// Told of each call how it was answered (`hit`, `stale`, `missed`, `refreshed`), and of
    /// `stored`, `store_failed`.
    sink events{};

    /// Every option, for `describe`.
    template <class F>
    constexpr void each(F&& f) const {
        f("stale_wait", stale_wait, no_limit, "until the call's deadline");
        f("wait", wait, no_limit, "until the call's deadline");
        f("stale_if", stale_if, "all");
        f("refresh_ahead", refresh_ahead, ratio{}, "never");
        f("refresh_limit", refresh_limit);
        f("refresh_pause", refresh_pause);
        f("store_limit", store_limit);
        f("seed", seed, std::uint64_t{0}, "its own");
        f("name", name);
        f("tags", tags);
        f("events", events, "told to nobody");
    }

    /// What is wrong with these options, as a sentence; null if nothing is.
    [[nodiscard]] constexpr const char* problem() const noexcept {
        if (stale_wait < duration::zero() || wait < duration::zero())
            return "cache_aside: stale_wait and wait are not negative";
        if (!refresh_ahead.valid())
            return "cache_aside: refresh_ahead is a share, from 0 to 100 %";
        if (refresh_limit <= duration::zero())
            return "cache_aside: refresh_limit is longer than 0";
        if (refresh_pause < duration::zero())
            return "cache_aside: refresh_pause is not negative";
        if (store_limit <= duration::zero())
            return "cache_aside: store_limit is longer than 0";
        return nullptr;
    }

    [[nodiscard]] constexpr bool refreshes() const noexcept { return refresh_ahead != ratio{}; }
    [[nodiscard]] constexpr bool stands_in_for(const verdict& v) const {
        return stale_if ? stale_if(v) : v.kind != verdict_kind::neutral || v.why != refusal::none;
    }
};

/// What a cache did in its whole life.
struct cache_counts {
    std::uint64_t hits = 0;      ///< calls answered with something fresh
    std::uint64_t negative = 0;  ///< of these, with a "no"
    std::uint64_t stale = 0;     ///< calls answered with something stale, as the work failed
    std::uint64_t missed = 0;    ///< calls whose outcome is that of the work, theirs or another's
    std::uint64_t refreshed = 0; ///< entries renewed before they had their end
    std::uint64_t joined = 0;    ///< of all these calls, those told what another's work came to
    std::uint64_t stored = 0;    ///< answers kept
    std::uint64_t store_failed = 0; ///< operations of the store that failed

    friend constexpr bool operator==(const cache_counts&, const cache_counts&) = default;
};

/// What a call looks for: a key, and how old an answer it takes, fresh or stale. 0 demands a live
/// one, which may be that of a call for the same key that is under way already: who has to see what was
/// written just now calls `forget` first. A negative answer is taken while it is fresh, however old: a
/// "no" that is believed is safe.
template <class Key>
struct wanted {
    Key key{};
    duration max_age = forever;
};

} // namespace outlast

#endif // OUTLAST_CACHE_OPTIONS_HPP
