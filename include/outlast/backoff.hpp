// SPDX-License-Identifier: BSL-1.0
//
// How long to wait before the next attempt: a value, and arithmetic on it.
#ifndef OUTLAST_BACKOFF_HPP
#define OUTLAST_BACKOFF_HPP

#include <outlast/random.hpp>
#include <outlast/time.hpp>

#include <cstdint>

namespace outlast {

/// How chance spreads a delay `d`, so that callers who failed together do not return together.
enum class jitter : std::uint8_t {
    none,
    full,         ///< [0, d): spreads best
    equal,        ///< [d/2, d): keeps half the distance
    proportional, ///< [d − d·s, d + d·s), with a spread s of 25 %
};

/// A series of delays. Growth saturates, chance comes after growth, and the cap comes last: no
/// delay is ever longer than `cap`.
struct backoff {
    duration base{};                    ///< the first delay, before chance
    duration step{};                    ///< added from one delay to the next (linear)
    std::uint32_t factor_millis = 1000; ///< times this / 1000 from one to the next (exponential)
    duration cap = forever;             ///< the longest delay
    jitter chance = jitter::none;

    [[nodiscard]] constexpr bool valid() const noexcept {
        return base >= duration::zero() && step >= duration::zero() && factor_millis >= 1000 &&
               cap >= duration::zero();
    }

    /// The same series with another cap, or another jitter.
    [[nodiscard]] constexpr backoff capped(duration longest) const noexcept {
        backoff b = *this;
        b.cap = longest;
        return b;
    }
    [[nodiscard]] constexpr backoff with(jitter kind) const noexcept {
        backoff b = *this;
        b.chance = kind;
        return b;
    }

    /// The delay before chance that follows `previous`.
    [[nodiscard]] constexpr duration grown(duration previous) const noexcept {
        const duration longer = scaled(previous, factor_millis, 1000);
        return longer > forever - step ? forever : longer + step;
    }

    /// The delay to wait, from the one before chance and a uniform draw.
    [[nodiscard]] constexpr duration drawn(duration plain, fraction draw) const noexcept {
        duration d = plain < cap ? plain : cap;
        switch (chance) {
        case jitter::none:
            break;
        case jitter::full:
            d = portion(d, draw);
            break;
        case jitter::equal:
            d = d - d / 2 + portion(d / 2, draw);
            break;
        case jitter::proportional: {
            const duration quarter = plain / 4;
            const duration low = plain - quarter;
            const duration more = portion(quarter, draw) + portion(quarter, draw);
            d = low > forever - more ? forever : low + more;
            break;
        }
        }
        return d < cap ? d : cap;
    }

    /// No delay is shorter.
    [[nodiscard]] constexpr duration shortest() const noexcept { return drawn(base, 0); }

    /// The longest that so many delays can take together, each of which a server may order to be
    /// `hint` at least, which starts the series anew. A bound; exact up to 10 000 delays.
    [[nodiscard]] constexpr duration longest(std::uint32_t delays, duration hint) const noexcept {
        constexpr fraction most = ~fraction{0};
        // Delays grow, and faster and faster: so either every one is ordered, or none.
        const duration first = drawn(base, most);
        const duration ordered = scaled(first < hint ? hint : first, delays, 1);
        duration own{};
        duration plain = base;
        for (std::uint32_t n = 0; n != delays; ++n) {
            const duration next = grown(plain);
            const bool levelled = next == plain || plain >= cap || n == 10'000;
            const duration d = drawn(levelled && next != plain ? forever : plain, most);
            const duration more = scaled(d, levelled ? delays - n : 1, 1);
            own = own > forever - more ? forever : own + more;
            if (levelled)
                break;
            plain = next;
        }
        return own < ordered ? ordered : own;
    }
};

/// Always the same delay.
[[nodiscard]] constexpr backoff constant(duration delay) noexcept { return {.base = delay}; }

/// base, 2·base, 3·base …
[[nodiscard]] constexpr backoff linear(duration base) noexcept {
    return {.base = base, .step = base};
}

/// base, base·factor, base·factor² … \param factor 1 or more, kept in thousandths
[[nodiscard]] constexpr backoff exponential(duration base, double factor = 2.0) noexcept {
    // What is not a sensible factor (NaN too) becomes one that `valid` refuses.
    const bool sensible = factor >= 1.0 && factor <= 1'000'000.0;
    return {.base = base,
            .factor_millis = sensible ? static_cast<std::uint32_t>(factor * 1000.0 + 0.5) : 0};
}

} // namespace outlast

#endif // OUTLAST_BACKOFF_HPP
