// SPDX-License-Identifier: BSL-1.0
//
// Sliding counts of outcomes: over the last n calls, or over the last span of time.
#ifndef OUTLAST_WINDOW_HPP
#define OUTLAST_WINDOW_HPP

#include <outlast/time.hpp>

#include <cstddef>
#include <cstdint>
#include <vector>

namespace outlast {

/// What a window holds.
struct tally {
    std::uint32_t recorded = 0;
    std::uint32_t failed = 0;

    friend constexpr bool operator==(const tally&, const tally&) = default;
};

/// How far back a window looks: so many calls, or so much time.
///
///     .window = 20        .window = 10s
struct window_span {
    std::uint32_t calls = 0;
    duration time{};

    constexpr window_span(int last_calls) noexcept
        : calls(last_calls > 0 ? static_cast<std::uint32_t>(last_calls) : 0) {}
    template <class Rep, class Period>
    constexpr window_span(std::chrono::duration<Rep, Period> last_time) noexcept
        : time(last_time) {}

    [[nodiscard]] constexpr bool by_time() const noexcept { return calls == 0; }
    [[nodiscard]] constexpr bool valid() const noexcept {
        return by_time() ? time >= duration{slices} && time < forever : calls <= most_calls;
    }

    static constexpr std::uint32_t slices = 10;
    static constexpr std::uint32_t most_calls = 1'000'000;
};

/// A ring of the last n outcomes. The newest displaces the oldest. \pre n > 0
class count_window {
public:
    constexpr explicit count_window(std::uint32_t n) : ring_(n, std::uint8_t{0}) {}

    constexpr void record(bool failed) noexcept {
        std::uint8_t& place = ring_[next_];
        if (sum_.recorded == ring_.size())
            sum_.failed -= place;
        else
            ++sum_.recorded;
        place = failed ? 1 : 0;
        sum_.failed += place;
        next_ = next_ + 1 == ring_.size() ? 0 : next_ + 1;
    }

    constexpr void add_successes(std::uint32_t n) noexcept {
        for (n = n < ring_.size() ? n : static_cast<std::uint32_t>(ring_.size()); n != 0; --n)
            record(false);
    }

    [[nodiscard]] constexpr tally counts() const noexcept { return sum_; }
    /// What `counts` would say after `record(failed)`.
    [[nodiscard]] constexpr tally counts_with(bool failed) const noexcept {
        const bool full = sum_.recorded == ring_.size();
        return {sum_.recorded + (full ? 0U : 1U),
                sum_.failed - (full ? ring_[next_] : 0U) + (failed ? 1U : 0U)};
    }
    constexpr void clear() noexcept { sum_ = {}, next_ = 0; }

private:
    std::vector<std::uint8_t> ring_;
    std::size_t next_ = 0;
    tally sum_{};
};

/// Counts of the interval (now − span, now], in ten slices aligned to the timeline. Whatever is
/// older leaves on any read or write, however long nobody looked. \pre span ≥ 10 ns
class time_window {
public:
    constexpr explicit time_window(duration span) noexcept : width_(span / window_span::slices) {}

    constexpr void record(instant now, bool failed) noexcept {
        const std::int64_t slice = roll(now);
        tally& t = slices_[place(slice)];
        ++t.recorded;
        if (failed)
            ++t.failed;
    }

    /// What is older than the window is not counted.
    constexpr void add_successes(std::uint32_t n, instant when) noexcept {
        roll(when);
        const std::int64_t slice = when.time_since_epoch() / width_;
        if (slice > newest_ - n_slices)
            slices_[place(slice)].recorded += n;
    }

    /// Whether a failure is in it, as of the last look.
    [[nodiscard]] constexpr bool failures() const noexcept {
        for (const tally& t : slices_)
            if (t.failed != 0)
                return true;
        return false;
    }

    [[nodiscard]] constexpr instant slice_end(instant now) const noexcept {
        const std::int64_t slice = now.time_since_epoch() / width_;
        return after(instant{}, duration{(slice + 1) * width_.count()});
    }

    [[nodiscard]] constexpr tally counts(instant now) noexcept {
        roll(now);
        tally sum;
        for (const tally& t : slices_) {
            sum.recorded += t.recorded;
            sum.failed += t.failed;
        }
        return sum;
    }

    constexpr void clear() noexcept {
        for (tally& t : slices_)
            t = {};
    }

private:
    static constexpr std::int64_t n_slices = window_span::slices;

    static constexpr std::size_t place(std::int64_t slice) noexcept {
        return static_cast<std::size_t>((slice % n_slices + n_slices) % n_slices);
    }

    // Empties the slices between the newest one seen and that of `now`; a late event (another
    // thread read its clock earlier) belongs to the newest.
    constexpr std::int64_t roll(instant now) noexcept {
        const std::int64_t slice = now.time_since_epoch() / width_;
        if (slice <= newest_)
            return newest_;
        if (slice - newest_ >= n_slices)
            clear();
        else
            for (std::int64_t s = newest_ + 1; s <= slice; ++s)
                slices_[place(s)] = {};
        return newest_ = slice;
    }

    duration width_;
    std::int64_t newest_ = 0;
    tally slices_[window_span::slices]{};
};

/// One of the two, as the span says. Not thread-safe. Allocates when it is built, never later.
class window {
public:
    constexpr explicit window(window_span span)
        : by_time_(span.by_time()),
          count_(by_time_ ? 1 : span.calls),
          time_(by_time_ ? span.time : duration{window_span::slices}) {}

    /// Whether it must be told the time to count; a count of calls need not be.
    [[nodiscard]] constexpr bool by_time() const noexcept { return by_time_; }

    constexpr tally record(instant now, bool failed) noexcept {
        if (!by_time_) {
            count_.record(failed);
            return count_.counts();
        }
        time_.record(now, failed);
        return time_.counts(now);
    }
    [[nodiscard]] constexpr tally counts(instant now) noexcept {
        return by_time_ ? time_.counts(now) : count_.counts();
    }
    /// Whether a success could change nothing but the number of successes.
    [[nodiscard]] constexpr bool quiet(std::uint32_t minimum) const noexcept {
        if (by_time_)
            return !time_.failures();
        return count_.counts().failed == 0 || count_.counts().recorded >= minimum;
    }
    /// Records so many successes as of `when`.
    constexpr void add_successes(std::uint32_t n, instant when) noexcept {
        if (by_time_)
            time_.add_successes(n, when);
        else
            count_.add_successes(n);
    }
    /// The end of the slice that `now` is in; `never` where there are none.
    [[nodiscard]] constexpr instant slice_end(instant now) const noexcept {
        return by_time_ ? time_.slice_end(now) : never;
    }
    /// Of a count of calls: what it would hold after this result. \pre !by_time()
    [[nodiscard]] constexpr tally counts_with(bool failed) const noexcept {
        return count_.counts_with(failed);
    }
    constexpr void clear() noexcept {
        count_.clear();
        time_.clear();
    }

private:
    bool by_time_;
    count_window count_;
    time_window time_;
};

} // namespace outlast

#endif // OUTLAST_WINDOW_HPP
