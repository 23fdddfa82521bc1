// SPDX-License-Identifier: BSL-1.0
//
// What a hedge can be told.
#ifndef OUTLAST_HEDGE_OPTIONS_HPP
#define OUTLAST_HEDGE_OPTIONS_HPP

#include <outlast/budget.hpp>
#include <outlast/callback.hpp>
#include <outlast/event.hpp>
#include <outlast/ratio.hpp>
#include <outlast/step.hpp>
#include <outlast/text.hpp>
#include <outlast/time.hpp>

#include <concepts>
#include <cstdint>
#include <string>

namespace outlast {

/// How long a hedge waits before it starts another lane: a duration, or `percentile(95_percent)` of
/// the calls that it has seen.
struct hedge_delay {
    duration fixed{}; ///< where no percentile is asked for
    ratio share{};    ///< of calls that are over by then; 0: the delay is fixed
    std::uint32_t samples =
        0;            ///< of a percentile: until so many calls are known, there is no delay
    duration least{}; ///< bounds of a percentile
    duration most = no_limit;

    constexpr hedge_delay() noexcept = default;
    template <class Rep, class Period>
    constexpr hedge_delay(std::chrono::duration<Rep, Period> d) noexcept : fixed(d) {}

    [[nodiscard]] constexpr hedge_delay after_samples(std::uint32_t n) const noexcept {
        hedge_delay d = *this;
        d.samples = n;
        return d;
    }
    [[nodiscard]] constexpr hedge_delay between(duration shortest,
                                                duration longest) const noexcept {
        hedge_delay d = *this;
        d.least = shortest;
        d.most = longest;
        return d;
    }

    [[nodiscard]] constexpr bool is_learnt() const noexcept { return samples != 0; }
    [[nodiscard]] constexpr bool valid() const noexcept {
        if (!is_learnt())
            return share == ratio{} && fixed >= duration::zero();
        return share.valid() && share != ratio{} && samples <= 128 && least >= duration::zero() &&
               least <= most;
    }

    /// For `describe`.
    [[nodiscard]] std::string words() const {
        const auto told = [](duration d) { return d == no_limit ? "no limit" : in_full(d); };
        if (!is_learnt())
            return told(fixed);
        const std::uint32_t tenths = share.millionths() / 1'000;
        return "the " + std::to_string(tenths / 10) +
               (tenths % 10 != 0 ? "." + std::to_string(tenths % 10) : "") + " % percentile (of " +
               std::to_string(samples) + " calls or more; from " + told(least) + " to " +
               told(most) + ")";
    }
};

/// The time in which this share of calls is over, once 20 of them are known; of the last 128.
[[nodiscard]] constexpr hedge_delay percentile(ratio share) noexcept {
    hedge_delay d;
    d.share = share;
    d.samples = 20;
    return d;
}

/// Whether work may run several times at once, and several times at all: to be said, not assumed.
class idempotence {
public:
    template <class T = void>
    constexpr idempotence() noexcept {
        static_assert(
            sizeof(T*) == 0,
            "outlast::hedge: a hedge runs the work several times at once: if it may, say so "
            "in the options, `.idempotent = true`; if not, take the hedge out.");
    }
    constexpr idempotence(std::same_as<bool> auto yes) noexcept : yes_(yes) {}

    [[nodiscard]] constexpr bool yes() const noexcept { return yes_; }

private:
    bool yes_;
};

struct hedge_options {
    /// That the work may run several times at once. No default: what leaves it out does not compile.
    idempotence idempotent;
    /// The most calls at once, the first included: 1 to 4. Default 2; 1 never hedges.
    std::uint32_t max_lanes = 2;
    /// From the start of one lane to that of the next. 0: all at once; `no_limit`: the next one only
    /// when one fails. Default 2 s.
    hedge_delay delay = std::chrono::seconds{2};
    /// Which failures leave the answer to the other lanes; another one is the answer at once.
    /// Default: all.
    callback<bool(const verdict&)> hedge_if{};
    /// What further lanes cost, and whether there are any left. Outlives the policy. Default: none.
    outlast::budget* budget = nullptr;
    /// Whether something else (a retry outside that has the same budget) tells it what succeeded.
    bool budget_is_told = false;
    label name = "hedge";
    label tags{};
    /// `hedged` for each further lane.
    sink events{};

    /// What is wrong with these options, as a sentence; null if nothing is.
    [[nodiscard]] constexpr const char* problem() const noexcept {
        if (!idempotent.yes())
            return "hedge: the work is said not to be idempotent, and a hedge runs it several "
                   "times at "
                   "once: take the hedge out";
        if (max_lanes == 0 || max_lanes > 4)
            return "hedge: max_lanes counts the first call too: 1 to 4";
        if (!delay.valid())
            return "hedge: a delay is negative, a percentile is no share, its bounds are in the "
                   "wrong order, or it is to be known from no call or from more than 128";
        return nullptr;
    }

    /// Every option, for `describe`.
    template <class F>
    constexpr void each(F&& f) const {
        f("idempotent", idempotent.yes());
        f("max_lanes", max_lanes);
        f("delay", delay);
        f("hedge_if", hedge_if, "all");
        f("budget", budget);
        f("budget_is_told", budget_is_told);
        f("name", name);
        f("tags", tags);
        f("events", events, "told to nobody");
    }
};

} // namespace outlast

#endif // OUTLAST_HEDGE_OPTIONS_HPP
