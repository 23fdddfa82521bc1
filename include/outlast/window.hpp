// SPDX-License-Identifier: BSL-1.0
//
// Sliding counts of outcomes: over the last n calls, over the last span of time, over both, or in a row.
#ifndef OUTLAST_WINDOW_HPP
#define OUTLAST_WINDOW_HPP

#include <outlast/count_window.hpp>
#include <outlast/exact_window.hpp>
#include <outlast/heap_array.hpp>
#include <outlast/lesser.hpp>
#include <outlast/tally.hpp>
#include <outlast/time.hpp>
#include <outlast/time_window.hpp>

#include <cstdint>

namespace outlast {

/// What a window of any kind holds, as a value: for another window of the same kind.
struct window_contents {
    window_span of{1};
    heap_array<std::uint8_t> results{};       ///< of a count of calls: oldest first
    heap_array<exact_window::result> dated{}; ///< of both: oldest first
    time_window::slices slices{};             ///< of a span of time: oldest first
    std::uint32_t in_a_row = 0;               ///< of consecutive ones
};

/// One of the four, as the span says. Not thread-safe. Allocates when it is built, never later.
class window {
public:
    constexpr explicit window(window_span span)
        : span_(span),
          count_(span.calls == 0 || span.by_both() ? 1 : span.calls),
          time_(span.by_time() ? span.time : duration{window_span::slices}),
          exact_(span.by_both() ? span.calls : 1, span.by_both() ? span.time : duration{1}) {}

    constexpr tally record(instant now, bool failed, bool slow = false) noexcept {
        if (span_.by_row())
            row_ = failed ? row_ + (row_ != UINT32_MAX) : 0;
        else if (span_.by_time())
            time_.record(now, failed, slow);
        else if (span_.by_both())
            exact_.record(now, failed, slow);
        else
            count_.record(failed, slow);
        return counts(now);
    }
    /// So many quick successes, as of `then`, which may lie in the past. The cost is bounded by the
    /// window, not by n.
    constexpr void add_successes(std::uint32_t n, instant then) noexcept {
        if (span_.by_row())
            row_ = n == 0 ? row_ : 0;
        else if (span_.by_time())
            time_.add_late(then, {n, 0, 0});
        else if (span_.by_both())
            for (std::uint32_t i = lesser(n, span_.calls); i != 0; --i)
                exact_.record(then, false);
        else
            count_.add_successes(n);
    }

    [[nodiscard]] constexpr tally counts(instant now) noexcept {
        if (span_.by_both())
            return exact_.counts(now);
        return span_.by_time() ? time_.counts(now) : counts();
    }
    /// Without the time: a span of time as of the newest instant it has seen.
    [[nodiscard]] constexpr tally counts() const noexcept {
        if (span_.by_row())
            return {row_, row_, 0};
        if (span_.by_both())
            return exact_.counts();
        return span_.by_time() ? time_.counts() : count_.counts();
    }
    /// What `counts()` would say after n such results more.
    [[nodiscard]] constexpr tally
    counts_with(bool failed, bool slow = false, std::uint32_t n = 1) const noexcept {
        if (span_.by_row()) {
            const std::uint32_t row = !failed ? 0 : n < UINT32_MAX - row_ ? row_ + n : UINT32_MAX;
            return {row, row, 0};
        }
        if (span_.by_both())
            return exact_.counts_with(failed, slow, n);
        if (span_.by_time())
            return time_.counts() += {n, failed ? n : 0, slow ? n : 0};
        return count_.counts_with(failed, slow, n);
    }

    /// The end of the slice of time that `now` is in; `never` where there are none.
    [[nodiscard]] constexpr instant slice_end(instant now) const noexcept {
        return span_.by_time() ? time_.slice_end(now) : never;
    }

    constexpr void clear() noexcept {
        count_.clear();
        time_.clear();
        exact_.clear();
        row_ = 0;
    }

    [[nodiscard]] constexpr window_contents contents() const {
        return {span_, count_.contents(), exact_.contents(), time_.contents(), row_};
    }
    /// As much of it as fits; of a window of another kind nothing does.
    constexpr void refill(const window_contents& from) noexcept {
        clear();
        if (from.of.by_row() != span_.by_row() || from.of.by_time() != span_.by_time() ||
            from.of.by_both() != span_.by_both())
            return;
        count_.refill(from.results);
        time_.refill(from.slices);
        exact_.refill(from.dated);
        row_ = from.in_a_row;
    }

private:
    window_span span_;
    count_window count_;
    time_window time_;
    exact_window exact_;
    std::uint32_t row_ = 0;
};

} // namespace outlast

#endif // OUTLAST_WINDOW_HPP
