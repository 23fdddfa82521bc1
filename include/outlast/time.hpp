// SPDX-License-Identifier: BSL-1.0
//
// Time without a clock: durations, instants, and the one reading that belongs to an event.
#ifndef OUTLAST_TIME_HPP
#define OUTLAST_TIME_HPP

#include <outlast/config.hpp>

#include <chrono>
#include <cstdint>

namespace outlast {

/// A length of time, in whole nanoseconds. Every option that is a time has this type, so that a
/// unit is always written: `250ms`, `3s`.
using duration = std::chrono::nanoseconds;

/// The monotonic line on which a driver places its events. It has no `now()`: what is built on it
/// can be told the time and cannot ask for it.
struct timeline {
    using rep = std::chrono::nanoseconds::rep;
    using period = std::chrono::nanoseconds::period;
    using duration = std::chrono::nanoseconds;
    using time_point = std::chrono::time_point<timeline, duration>;
    static constexpr bool is_steady = true;
};

/// A point on the timeline. Under the blocking driver its epoch is that of `steady_clock`.
using instant = timeline::time_point;

/// Later than every instant: no deadline.
inline constexpr instant never = instant::max();

/// Longer than every duration.
inline constexpr duration forever = duration::max();

/// The absence of a limit, spelt out: `timeout{no_limit}`.
inline constexpr duration no_limit = forever;

// By value: a reference to one of two members would keep both of them in memory.
[[nodiscard]] OUTLAST_INLINE constexpr instant earlier(instant a, instant b) noexcept {
    return b < a ? b : a;
}
[[nodiscard]] OUTLAST_INLINE constexpr instant later(instant a, instant b) noexcept {
    return a < b ? b : a;
}
[[nodiscard]] OUTLAST_INLINE constexpr duration shorter(duration a, duration b) noexcept {
    return b < a ? b : a;
}
[[nodiscard]] OUTLAST_INLINE constexpr duration longer(duration a, duration b) noexcept {
    return a < b ? b : a;
}

/// `at + span`, kept inside the timeline: never wraps, `never` stays `never`.
[[nodiscard]] constexpr instant after(instant at, duration span) noexcept {
    if (at == never) [[unlikely]]
        return never;
    if (span > duration::zero() && at > instant::max() - span) [[unlikely]]
        return instant::max();
    if (span < duration::zero() && at < instant::min() - span) [[unlikely]]
        return instant::min();
    return at + span;
}

/// The time from `from` until `to`, zero when `to` is not ahead, `forever` when `to` is `never`.
[[nodiscard]] OUTLAST_INLINE constexpr duration until(instant from, instant to) noexcept {
    if (to <= from)
        return duration::zero();
    if (to == never)
        return forever;
    // It is positive: where it leaves 64 bits it comes out negative.
    const auto span =
        static_cast<duration::rep>(static_cast<std::uint64_t>(to.time_since_epoch().count()) -
                                   static_cast<std::uint64_t>(from.time_since_epoch().count()));
    return span < 0 ? forever : duration{span};
}

/// `span × times / per`, saturating, rounded down. \pre `span` not negative, `per` not zero
[[nodiscard]] constexpr duration
scaled(duration span, std::uint32_t times, std::uint32_t per) noexcept {
    // In two parts, so that no product leaves 64 bits.
    constexpr auto most = static_cast<std::uint64_t>(duration::max().count());
    const auto value = static_cast<std::uint64_t>(span.count());
    const std::uint64_t whole = value / per;
    if (times != 0 && whole > most / times)
        return forever;
    const std::uint64_t sum = whole * times + value % per * times / per;
    return sum > most ? forever : duration{static_cast<duration::rep>(sum)};
}

/// The time of one event, made at most once and only if some policy looks at it.
///
/// A clock costs more than all policies of a pipeline together, so a driver does not read it
/// before it is needed: it hands this to the machine, and the first `get()` fixes the time of the
/// event for everybody. A scripted event is made from a plain instant.
class reading {
public:
    using source = instant (*)(void*);

    constexpr reading(instant known) noexcept : at_(known) {}
    constexpr reading(source ask, void* whom) noexcept : ask_(ask), whom_(whom) {}

    /// The time of this event: the same answer however often it is asked.
    [[nodiscard]] OUTLAST_INLINE constexpr instant get() {
        if (ask_ != nullptr) [[likely]] {
            at_ = ask_(whom_);
            ask_ = nullptr;
        }
        return at_;
    }

    /// Whether the time is fixed already. What runs under a lock asks this first: the clock behind
    /// a reading may be the user's, and no user code runs under a lock.
    [[nodiscard]] constexpr bool known() const noexcept { return ask_ == nullptr; }

private:
    instant at_{};
    source ask_ = nullptr;
    void* whom_ = nullptr;
};

} // namespace outlast

#endif // OUTLAST_TIME_HPP
