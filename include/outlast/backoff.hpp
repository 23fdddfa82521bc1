// SPDX-License-Identifier: BSL-1.0
//
// How long to wait before the next attempt: a value, and arithmetic on it.
#ifndef OUTLAST_BACKOFF_HPP
#define OUTLAST_BACKOFF_HPP

#include <outlast/lesser.hpp>
#include <outlast/random.hpp>
#include <outlast/ratio.hpp>
#include <outlast/time.hpp>

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <type_traits>

namespace outlast {

/// How chance spreads a delay `d`, so that callers who failed together do not return together.
enum class jitter : std::uint8_t {
    none,
    full,         ///< [0, d): spreads best
    equal,        ///< [d/2, d): keeps half the distance
    proportional, ///< [d − d·s, d + d·s), with a spread s of 25 % unless said otherwise
    decorrelated, ///< [base, 3 × the last delay): see `outlast::decorrelated`
    smooth,       ///< see `outlast::smooth`
};

/// A series of delays: a plain value that owns all of it. Growth saturates, chance comes after
/// growth, and the cap comes last: no delay is ever longer than `cap`.
struct backoff {
    static constexpr std::size_t most_listed = 8;

    duration base{};                    ///< the first delay, before chance
    duration step{};                    ///< added from one delay to the next (linear)
    std::uint32_t factor_millis = 1000; ///< times this / 1000 from one to the next (exponential)
    duration cap = forever;             ///< the longest delay
    jitter chance = jitter::none;
    ratio spread = ratio::of(0.25); ///< of proportional jitter
    std::uint8_t listed_count = 0;  ///< how many of `listed` stand in the place of all growth
    std::array<duration, most_listed> listed{}; ///< the last one repeats

    /// Where one caller is in the series; at its beginning while `given` is 0, whatever `last` is.
    struct progress {
        duration last{}; ///< the last delay, as growth needs it
        std::uint32_t given = 0;
    };

    [[nodiscard]] constexpr bool valid() const noexcept {
        const bool grows = step != duration::zero() || factor_millis != 1000 || listed_count != 0;
        return base >= duration::zero() && step >= duration::zero() && factor_millis >= 1000 &&
               cap >= duration::zero() && spread.valid() && listed_count <= most_listed &&
               !(own_series() && grows) && none_negative();
    }

    /// The same series with another cap, or another jitter.
    [[nodiscard]] constexpr backoff capped(duration longest) const noexcept {
        backoff b = *this;
        b.cap = longest;
        return b;
    }
    /// \param spread of proportional jitter; without a meaning for the others
    [[nodiscard]] constexpr backoff with(jitter kind,
                                         ratio spread_by = ratio::of(0.25)) const noexcept {
        backoff b = *this;
        b.chance = kind;
        b.spread = spread_by;
        return b;
    }

    /// The next delay to wait. \pre valid()
    /// \param random asked for a uniform draw, where there is chance
    template <std::invocable Random>
    [[nodiscard]] OUTLAST_INLINE constexpr duration next(progress& p,
                                                         Random& random) const noexcept {
        const std::uint32_t n = p.given;
        p.given += n != UINT32_MAX;
        return level() ? shorter(base, cap) : varied(p, n, chance == jitter::none ? 0 : random());
    }
    [[nodiscard]] constexpr duration next(progress& p, fraction draw) const noexcept {
        const auto known = [=] { return draw; };
        return next(p, known);
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
        case jitter::full:
            d = portion(d, draw);
            break;
        case jitter::equal:
            d = d - d / 2 + portion(d / 2, draw);
            break;
        case jitter::proportional: {
            const duration share = scaled(plain, spread.millionths(), 1'000'000);
            const duration low = plain - share;
            const duration half = portion(share, draw); // twice in all
            d = low > forever - half ? forever : low + half;
            d = d > forever - half ? forever : d + half;
            break;
        }
        default:
            break;
        }
        return d < cap ? d : cap;
    }

    /// No delay is shorter.
    [[nodiscard]] constexpr duration shortest() const noexcept {
        if (chance == jitter::smooth)
            return duration::zero();
        duration least = listed_count != 0 ? listed[0] : base;
        for (std::size_t i = 1; i < listed_count; ++i)
            least = shorter(least, listed[i]);
        return drawn(least, 0);
    }

    /// The longest that so many delays can take together, each of which a server may order to be
    /// `hint` at least, which starts the series anew. A bound; exact for growing delays without
    /// hints, up to 10 000 of them.
    [[nodiscard]] constexpr duration longest(std::uint32_t delays, duration hint) const noexcept {
        constexpr fraction most = ~fraction{0};
        if (chance == jitter::smooth || listed_count != 0)
            return bounded(delays, hint);
        // Delays grow, and faster and faster: so either every one is ordered, or none.
        progress p;
        const duration first = next(p, most);
        const duration ordered = scaled(longer(first, hint), delays, 1);
        duration own{};
        p = {};
        for (std::uint32_t n = 0; n != delays; ++n) {
            const progress before = p;
            const duration d = next(p, most);
            progress after_it = p;
            const bool levelled = n == 10'000 || p.last >= cap ||
                                  (next(after_it, most) == d && after_it.last == p.last);
            const duration wait = n == 10'000 && after_it.last != before.last ? cap : d;
            const duration more = scaled(wait, levelled ? delays - n : 1, 1);
            own = own > forever - more ? forever : own + more;
            if (levelled)
                break;
        }
        return longer(own, ordered);
    }

private:
    // The nth of a series that is not level, from 0 on.
    [[nodiscard]] OUTLAST_COLD constexpr duration
    varied(progress& p, std::uint32_t n, fraction draw) const noexcept {
        if (chance == jitter::smooth)
            return smoothed(p, n, draw);
        if (chance == jitter::decorrelated) {
            const duration widest = scaled(n == 0 ? base : p.last, 3, 1);
            return p.last = shorter(base + portion(longer(widest, base) - base, draw), cap);
        }
        p.last = listed_count != 0 ? listed[lesser<std::size_t>(n, listed_count - 1U)]
                 : n == 0          ? base
                                   : grown(p.last);
        return drawn(p.last, draw);
    }

    // Of a series that goes its own way: each delay at its longest.
    [[nodiscard]] constexpr duration bounded(std::uint32_t delays, duration hint) const noexcept {
        constexpr fraction most = ~fraction{0};
        duration sum{};
        progress p;
        for (std::uint32_t n = 0; n != delays; ++n) {
            // What a smooth delay can be at most, whatever the one before it was.
            if (chance == jitter::smooth)
                p.last = duration::zero();
            const duration d = longer(next(p, most), hint);
            const bool levelled =
                d >= cap || n > 10'000 || (listed_count != 0 && n >= listed_count);
            const duration more =
                scaled(levelled ? longer(longer(d, n > 10'000 ? cap : d), hint) : d,
                       levelled ? delays - n : 1, 1);
            sum = sum > forever - more ? forever : sum + more;
            if (levelled)
                break;
        }
        return sum;
    }

    // The same delay for ever, without chance.
    [[nodiscard]] constexpr bool level() const noexcept {
        return factor_millis == 1000 && chance == jitter::none && listed_count == 0 &&
               step == duration::zero();
    }

    [[nodiscard]] constexpr bool none_negative() const noexcept {
        for (const duration d : listed)
            if (d < duration::zero())
                return false;
        return true;
    }

    // Whether chance makes the series, and growth would be without a meaning.
    [[nodiscard]] constexpr bool own_series() const noexcept {
        return chance == jitter::decorrelated || chance == jitter::smooth;
    }

    // The way from the last point on the curve 2^t · tanh(√(4t)) to the one at t = n + draw, over
    // 1.4, which brings the first delay's median near the base.
    [[nodiscard]] constexpr duration
    smoothed(progress& p, std::uint32_t n, fraction draw) const noexcept {
        const double t = n + static_cast<double>(draw) * 0x1p-64;
        const double point = (n < 62 ? curve(t) : 0x1p62) * static_cast<double>(base.count());
        if (point >= 0x1p62)
            return cap;
        const duration from = n == 0 ? duration::zero() : p.last;
        p.last = duration{static_cast<duration::rep>(point)};
        return shorter(scaled(longer(p.last - from, duration::zero()), 10, 14), cap);
    }

    // The mathematics of the standard library is not for constant expressions.
    [[nodiscard]] static constexpr double curve(double t) noexcept {
        const double e2x = power_of_two(4 * root(t) * 1.4426950408889634); // e^(2x), x = √(4t)
        return power_of_two(t) * (e2x - 1) / (e2x + 1);
    }
    [[nodiscard]] static constexpr double power_of_two(double x) noexcept {
        const auto whole = static_cast<unsigned>(x);
        const double y = (x - whole) * 0.6931471805599453;
        double sum = 1;
        double term = 1;
        for (int k = 1; k != 18; ++k)
            sum += term *= y / k;
        return sum * static_cast<double>(std::uint64_t{1} << whole);
    }
    [[nodiscard]] static constexpr double root(double x) noexcept {
        double r = x / 2 + 0.5;
        for (double before = r + 1; r < before && r > 0;) {
            before = r;
            r = (r + x / r) / 2;
        }
        return r;
    }
};

/// Always the same delay.
[[nodiscard]] constexpr backoff constant(duration delay) noexcept { return {.base = delay}; }

/// base, 2·base, 3·base …
[[nodiscard]] constexpr backoff linear(duration base) noexcept {
    return {.base = base, .step = base};
}

/// base, base·factor, base·factor² … without jitter and cap: see `with` and `capped`.
/// \param factor 1 or more, kept in thousandths
[[nodiscard]] constexpr backoff exponential(duration base, double factor = 2.0) noexcept {
    // What is not a sensible factor (NaN too) becomes one that `valid` refuses.
    const bool sensible = factor >= 1.0 && factor <= 1'000'000.0;
    return {.base = base,
            .factor_millis = sensible ? static_cast<std::uint32_t>(factor * 1000.0 + 0.5) : 0};
}

/// These delays, the last one again and again: up to eight.
template <std::convertible_to<duration>... Delays>
    requires(sizeof...(Delays) >= 1 && sizeof...(Delays) <= backoff::most_listed)
[[nodiscard]] constexpr backoff listed(Delays... delays) noexcept {
    return {.base = {}, .listed_count = sizeof...(Delays), .listed = {duration{delays}...}};
}

/// The delays that a function makes of the number of those before: it is asked for 0 to 7, now, and
/// not kept; the last one then repeats.
template <class F>
    requires(std::is_invocable_r_v<duration, F&, std::uint32_t>)
[[nodiscard]] constexpr backoff computed(F&& delay) {
    backoff b{.listed_count = backoff::most_listed};
    for (std::uint32_t before = 0; before != backoff::most_listed; ++before)
        b.listed[before] = delay(before);
    return b;
}

/// Drawn from [base, 3 × the delay before): every caller wanders off on its own. (Brooker,
/// "Exponential Backoff and Jitter", 2015.) Before the first delay there was `base`.
[[nodiscard]] constexpr backoff decorrelated(duration base) noexcept {
    return constant(base).with(jitter::decorrelated);
}

/// Doubles in the mean from about `base`, spread without the peaks that jitter inside bounds
/// leaves. (The second decorrelated form of Polly; Cooper, 2020.)
[[nodiscard]] constexpr backoff smooth(duration base) noexcept {
    return constant(base).with(jitter::smooth);
}

} // namespace outlast

#endif // OUTLAST_BACKOFF_HPP
