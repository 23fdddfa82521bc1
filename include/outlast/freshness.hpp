// SPDX-License-Identifier: BSL-1.0
//
// How long a remembered answer may be used: fresh, stale, gone.
#ifndef OUTLAST_FRESHNESS_HPP
#define OUTLAST_FRESHNESS_HPP

#include <outlast/time.hpp>

#include <cstdint>

namespace outlast {

enum class grade : std::uint8_t {
    fresh, ///< answer with it
    stale, ///< ask again; answer with it only if that fails
    gone,  ///< too old, or never known
};

/// How long a value may be used from now on, by the value's own measure.
struct lifetime {
    duration fresh_for{};  ///< zero or less: do not keep it at all
    duration stale_for{};  ///< after that, while the work fails
    bool negative = false; ///< the answer is a "no": kept apart, so that it displaces no "yes"
};

/// The instants of one remembered answer. Fresh while age < fresh_for, stale while
/// age < fresh_for + stale_for: at the limit the limit is reached.
struct freshness {
    instant since{}; ///< when the answer was learnt
    instant fresh_until{};
    instant stale_until{};

    [[nodiscard]] static constexpr freshness from(instant now, const lifetime& life) noexcept {
        const instant fresh_end = after(now, life.fresh_for);
        const auto extra = life.stale_for > duration::zero() ? life.stale_for : duration::zero();
        return {now, fresh_end, after(fresh_end, extra)};
    }

    /// No answer, but a mark that there is to be none: until the end of `span`, nothing that was asked
    /// for at `now` or before is kept under its key. (An answer is fresh for some time; this never.)
    [[nodiscard]] static constexpr freshness tombstone(instant now, duration span) noexcept {
        return {now, now, after(now, span)};
    }
    /// Whether what was asked for and learnt then may take its place: what was learnt later stays.
    [[nodiscard]] constexpr bool yields_to(instant asked, instant learnt) const noexcept {
        const bool is_tombstone = fresh_until <= since;
        return is_tombstone ? since < asked : since <= learnt;
    }

    [[nodiscard]] constexpr grade at(instant now) const noexcept {
        if (now < fresh_until)
            return grade::fresh;
        return now < stale_until ? grade::stale : grade::gone;
    }

    [[nodiscard]] constexpr duration age(instant now) const noexcept { return until(since, now); }
};

} // namespace outlast

#endif // OUTLAST_FRESHNESS_HPP
