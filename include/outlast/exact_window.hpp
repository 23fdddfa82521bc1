// SPDX-License-Identifier: BSL-1.0
//
// Counts of the last n outcomes, as far as they are young enough.
#ifndef OUTLAST_EXACT_WINDOW_HPP
#define OUTLAST_EXACT_WINDOW_HPP

#include <outlast/heap_array.hpp>
#include <outlast/tally.hpp>
#include <outlast/time.hpp>

#include <cstddef>
#include <cstdint>

namespace outlast {

/// Counts of the interval (now − span, now], each outcome at its own instant and none rounded; of more
/// than n, the newest n. Whatever is older leaves on any read or write. Not thread-safe. Allocates when
/// it is built, never later; amortised constant time. \pre n > 0, span > 0
class exact_window {
public:
    struct result {
        instant at{};
        bool failed = false;
        bool slow = false;
    };

    constexpr exact_window(std::uint32_t n, duration span) : ring_(n), span_(span) {}

    /// An event that another thread read earlier happens as of the newest instant seen.
    constexpr void record(instant now, bool failed, bool slow = false) noexcept {
        roll(now);
        put({newest_, failed, slow});
    }

    [[nodiscard]] constexpr tally counts(instant now) noexcept {
        roll(now);
        return sum_;
    }
    /// As of the newest instant that it has seen.
    [[nodiscard]] constexpr tally counts() const noexcept { return sum_; }
    /// What `counts()` would say after so many results more. At most n steps.
    [[nodiscard]] constexpr tally
    counts_with(bool failed, bool slow, std::uint32_t more) const noexcept {
        const auto size = static_cast<std::uint32_t>(ring_.size());
        more = more < size ? more : size;
        tally t = sum_;
        for (std::uint32_t i = 0; t.recorded + more > size; ++i)
            subtract(t, ring_[place(i)]);
        return t += {more, failed ? more : 0, slow ? more : 0};
    }

    constexpr void clear() noexcept { sum_ = {}, oldest_ = 0; }

    /// Its results, oldest first, and back: the newest of them that fit.
    [[nodiscard]] constexpr heap_array<result> contents() const {
        heap_array<result> all(sum_.recorded);
        for (std::uint32_t i = 0; i != sum_.recorded; ++i)
            all[i] = ring_[place(i)];
        return all;
    }
    constexpr void refill(const heap_array<result>& all) noexcept {
        clear();
        for (const result& r : all) {
            newest_ = r.at; // of another timeline it may be
            record(r.at, r.failed, r.slow);
        }
    }

private:
    // Of the ith oldest.
    [[nodiscard]] constexpr std::size_t place(std::uint32_t i) const noexcept {
        return (std::size_t{oldest_} + i) % ring_.size();
    }

    static constexpr void subtract(tally& t, const result& r) noexcept {
        --t.recorded;
        t.failed -= r.failed;
        t.slow -= r.slow;
    }

    constexpr void put(const result& r) noexcept {
        if (sum_.recorded == ring_.size())
            drop_oldest();
        ring_[place(sum_.recorded)] = r;
        sum_ += {1, r.failed ? 1U : 0U, r.slow ? 1U : 0U};
    }
    constexpr void drop_oldest() noexcept {
        subtract(sum_, ring_[oldest_]);
        oldest_ = static_cast<std::uint32_t>(place(1));
    }
    constexpr void roll(instant now) noexcept {
        newest_ = later(newest_, now);
        while (sum_.recorded != 0 && after(ring_[oldest_].at, span_) <= newest_)
            drop_oldest();
    }

    heap_array<result> ring_;
    duration span_;
    instant newest_{};
    std::uint32_t oldest_ = 0;
    tally sum_{};
};

} // namespace outlast

#endif // OUTLAST_EXACT_WINDOW_HPP
