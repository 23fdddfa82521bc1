// SPDX-License-Identifier: BSL-1.0
//
// Counts of the last n outcomes.
#ifndef OUTLAST_COUNT_WINDOW_HPP
#define OUTLAST_COUNT_WINDOW_HPP

#include <outlast/heap_array.hpp>
#include <outlast/lesser.hpp>
#include <outlast/tally.hpp>

#include <cstdint>

namespace outlast {

/// A ring of the last n outcomes. The newest displaces the oldest. \pre n > 0
class count_window {
public:
    constexpr explicit count_window(std::uint32_t n) : ring_(n) {}

    constexpr void record(bool failed, bool slow = false) noexcept {
        put(static_cast<std::uint8_t>((failed ? failed_bit : 0U) | (slow ? slow_bit : 0U)));
    }

    /// So many quick successes, one after the other. At most n steps, one while it is spotless.
    constexpr void add_successes(std::uint32_t n) noexcept {
        const auto size = static_cast<std::uint32_t>(ring_.size());
        if (sum_.spotless()) { // every place says so already
            next_ = static_cast<std::uint32_t>((std::uint64_t{next_} + n) % size);
            sum_.recorded = n < size - sum_.recorded ? sum_.recorded + n : size;
            return;
        }
        for (std::uint32_t i = lesser(n, size); i != 0; --i)
            put(0);
    }

    [[nodiscard]] constexpr tally counts() const noexcept { return sum_; }

    /// What `counts` would say after n such results more. At most n steps.
    [[nodiscard]] constexpr tally
    counts_with(bool failed, bool slow = false, std::uint32_t n = 1) const noexcept {
        const auto size = static_cast<std::uint32_t>(ring_.size());
        n = lesser(n, size);
        tally t = sum_;
        const std::uint32_t room = size - t.recorded;
        std::uint32_t at = oldest();
        for (std::uint32_t left = n > room ? n - room : 0; left != 0; --left, at = following(at)) {
            --t.recorded;
            t.failed -= ring_[at] & failed_bit;
            t.slow -= (ring_[at] & slow_bit) >> 1U;
        }
        return t += {n, failed ? n : 0, slow ? n : 0};
    }

    constexpr void clear() noexcept {
        if (!sum_.spotless())
            for (std::uint8_t& place : ring_)
                place = 0;
        sum_ = {}, next_ = 0;
    }

    /// Its results, oldest first, and back: the newest that it can hold.
    [[nodiscard]] constexpr heap_array<std::uint8_t> contents() const {
        heap_array<std::uint8_t> all(sum_.recorded);
        for (std::uint32_t at = oldest(); std::uint8_t& one : all) {
            one = ring_[at];
            at = following(at);
        }
        return all;
    }
    constexpr void refill(const heap_array<std::uint8_t>& all) noexcept {
        clear();
        for (const std::uint8_t one : all)
            put(one & (failed_bit | slow_bit));
    }

private:
    static constexpr std::uint8_t failed_bit = 1;
    static constexpr std::uint8_t slow_bit = 2;

    [[nodiscard]] constexpr std::uint32_t oldest() const noexcept {
        return next_ >= sum_.recorded
                   ? next_ - sum_.recorded
                   : static_cast<std::uint32_t>(ring_.size()) - (sum_.recorded - next_);
    }
    [[nodiscard]] constexpr std::uint32_t following(std::uint32_t at) const noexcept {
        return at + 1 == ring_.size() ? 0 : at + 1;
    }

    constexpr void put(std::uint8_t result) noexcept {
        std::uint8_t& place = ring_[next_];
        if (sum_.recorded == ring_.size()) {
            --sum_.recorded;
            sum_.failed -= place & failed_bit;
            sum_.slow -= (place & slow_bit) >> 1U;
        }
        place = result;
        sum_ += {1, (result & failed_bit) != 0 ? 1U : 0U, (result & slow_bit) != 0 ? 1U : 0U};
        next_ = following(next_);
    }

    heap_array<std::uint8_t> ring_; // a place that holds no result is 0
    std::uint32_t next_ = 0;
    tally sum_{};
};

} // namespace outlast

#endif // OUTLAST_COUNT_WINDOW_HPP
