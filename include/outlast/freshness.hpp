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

    [[nodiscard]] constexpr grade at(instant now) const noexcept {
        if (now < fresh_until)
            return grade::fresh;
        return now < stale_until ? grade::stale : grade::gone;
    }

    [[nodiscard]] constexpr duration age(instant now) const noexcept { return until(since, now); }
};

} // namespace outlast

#endif // OUTLAST_FRESHNESS_HPP
