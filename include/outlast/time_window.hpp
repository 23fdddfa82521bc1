// SPDX-License-Identifier: BSL-1.0
//
// Counts of the outcomes in the last span of time.
#ifndef OUTLAST_TIME_WINDOW_HPP
#define OUTLAST_TIME_WINDOW_HPP

#include <outlast/tally.hpp>
#include <outlast/time.hpp>

#include <array>
#include <cstddef>
#include <cstdint>

namespace outlast {

/// Counts of the interval (now − span, now], in ten slices aligned to the timeline. Whatever is
/// older leaves on any read or write, however long nobody looked. \pre span ≥ 10 ns
class time_window {
public:
    /// What happened from an instant on, for the width of a slice.
    struct slice {
        instant from{};
        tally counts{};
    };
    using slices = std::array<slice, window_span::slices>;

    constexpr explicit time_window(duration span) noexcept : width_(span / window_span::slices) {}

    constexpr void record(instant now, bool failed, bool slow = false) noexcept {
        add(now, {1, failed ? 1U : 0U, slow ? 1U : 0U});
    }
    constexpr void add(instant now, const tally& results) noexcept {
        sums_[place(roll(now))] += results;
    }

    /// Of the past: into the slice that they belong to, or nowhere if that has left the window.
    constexpr void add_late(instant then, const tally& results) noexcept {
        (void)roll(then);
        if (const std::int64_t to = then.time_since_epoch() / width_; to > newest_ - n)
            sums_[place(to)] += results;
    }
    /// The end of the slice that this instant is in.
    [[nodiscard]] constexpr instant slice_end(instant now) const noexcept {
        return instant{(now.time_since_epoch() / width_ + 1) * width_};
    }

    [[nodiscard]] constexpr tally counts(instant now) noexcept {
        roll(now);
        return counts();
    }
    /// As of the newest instant that it has seen.
    [[nodiscard]] constexpr tally counts() const noexcept {
        tally sum;
        for (const tally& t : sums_)
            sum += t;
        return sum;
    }

    constexpr void clear() noexcept {
        for (tally& t : sums_)
            t = {};
    }

    /// Its slices, oldest first, and back: into slices of another width by the instant at which
    /// they began, as far as they are not too old for it.
    [[nodiscard]] constexpr slices contents() const noexcept {
        slices all;
        for (std::int64_t i = 0; i != n; ++i) {
            const std::int64_t s = newest_ - (n - 1) + i;
            all[static_cast<std::size_t>(i)] = {instant{s * width_}, sums_[place(s)]};
        }
        return all;
    }
    constexpr void refill(const slices& all) noexcept {
        clear();
        roll(all.back().from);
        for (const slice& s : all)
            if (const std::int64_t to = s.from.time_since_epoch() / width_;
                to > newest_ - n && to <= newest_)
                sums_[place(to)] += s.counts;
    }

private:
    static constexpr std::int64_t n = window_span::slices;

    static constexpr std::size_t place(std::int64_t of) noexcept {
        return static_cast<std::size_t>((of % n + n) % n);
    }

    // Empties the slices between the newest one seen and that of `now`; a late event (another
    // thread read its clock earlier) belongs to the newest.
    constexpr std::int64_t roll(instant now) noexcept {
        const std::int64_t current = now.time_since_epoch() / width_;
        if (current <= newest_)
            return newest_;
        if (current - newest_ >= n)
            clear();
        else
            for (std::int64_t s = newest_ + 1; s <= current; ++s)
                sums_[place(s)] = {};
        return newest_ = current;
    }

    duration width_;
    std::int64_t newest_ = 0;
    tally sums_[window_span::slices]{};
};

} // namespace outlast

#endif // OUTLAST_TIME_WINDOW_HPP
