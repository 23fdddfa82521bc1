// SPDX-License-Identifier: BSL-1.0
//
// Counts of outcomes, and what they are of.
#ifndef OUTLAST_TALLY_HPP
#define OUTLAST_TALLY_HPP

#include <outlast/time.hpp>

#include <cstdint>

namespace outlast {

/// What a window holds. A call that failed slowly is counted in both.
struct tally {
    std::uint32_t recorded = 0;
    std::uint32_t failed = 0;
    std::uint32_t slow = 0;

    /// Whether there is nothing in it but quick successes.
    [[nodiscard]] constexpr bool spotless() const noexcept { return failed == 0 && slow == 0; }

    constexpr tally& operator+=(const tally& more) noexcept {
        recorded += more.recorded;
        failed += more.failed;
        slow += more.slow;
        return *this;
    }
    friend constexpr bool operator==(const tally&, const tally&) = default;
};

/// How far back a window looks: so many calls, so much time, both, or to the last success.
///
///     .window = 20        .window = 10s        .window = outlast::consecutive(5)
///     .window = outlast::exactly(20, 10s)
///
/// A span of time is counted in ten slices: what happened leaves up to a tenth of it early. Where calls
/// are few and that matters, `exactly` keeps each at its own instant.
struct window_span {
    std::uint32_t calls = 0;
    duration time{};
    std::uint32_t in_a_row = 0;

    constexpr window_span(int last_calls) noexcept
        : calls(last_calls > 0 ? static_cast<std::uint32_t>(last_calls) : 0) {}
    template <class Rep, class Period>
    constexpr window_span(std::chrono::duration<Rep, Period> last_time) noexcept
        : time(last_time) {}

    [[nodiscard]] constexpr bool by_time() const noexcept { return calls == 0 && in_a_row == 0; }
    [[nodiscard]] constexpr bool by_both() const noexcept {
        return calls != 0 && time != duration::zero();
    }
    [[nodiscard]] constexpr bool by_row() const noexcept { return in_a_row != 0; }
    [[nodiscard]] constexpr bool valid() const noexcept {
        if (by_row())
            return in_a_row <= most_calls;
        if (by_both())
            return calls <= most_calls && time > duration::zero() && time < forever;
        return by_time() ? time >= duration{slices} && time < forever : calls <= most_calls;
    }

    friend constexpr bool operator==(const window_span&, const window_span&) = default;

    static constexpr std::uint32_t slices = 10;
    static constexpr std::uint32_t most_calls = 1'000'000;
};

/// The last n calls, as far as they are not as old as `time`, to the nanosecond: 24 bytes a call, and
/// each result is recorded under the breaker's lock. \param n, time above 0
[[nodiscard]] constexpr window_span exactly(int n, duration time) noexcept {
    window_span w{time > duration::zero() ? n : 0};
    if (n > 0) // else it would be a window of time alone
        w.time = time;
    return w;
}

/// So many failures one after the other: a success starts anew. \param n above 0
[[nodiscard]] constexpr window_span consecutive(int n) noexcept {
    window_span w{0};
    w.in_a_row = n > 0 ? static_cast<std::uint32_t>(n) : 0;
    return w;
}

} // namespace outlast

#endif // OUTLAST_TALLY_HPP
