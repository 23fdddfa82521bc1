// SPDX-License-Identifier: BSL-1.0
//
// How long calls took lately, those included of which only a least is known.
#ifndef OUTLAST_LATENCIES_HPP
#define OUTLAST_LATENCIES_HPP

#include <outlast/ratio.hpp>
#include <outlast/time.hpp>

#include <array>
#include <cstddef>
#include <cstdint>

namespace outlast {

/// The last 128 calls, in order of their lengths. A call that was cut off after some time would have
/// taken longer: it counts as one that takes at least that long, and its share is borne by the
/// longer ones (the product-limit estimate of Kaplan and Meier). To leave it out, or to take its age
/// for its length, would make slow calls look fast. Not thread-safe; no allocation.
class latencies {
public:
    static constexpr std::size_t size = 128;

    /// \param cut_off it would have taken longer. \pre `took` is not negative
    constexpr void add(duration took, bool cut_off) noexcept {
        const sample s{took, cut_off};
        if (count_ == size)
            remove(by_age_[next_]);
        by_age_[next_] = s;
        next_ = (next_ + 1) % size;
        std::size_t i = count_++;
        for (; i != 0 && s.before(by_length_[i - 1]); --i)
            by_length_[i] = by_length_[i - 1];
        by_length_[i] = s;
    }

    [[nodiscard]] constexpr std::size_t count() const noexcept { return count_; }

    /// The time in which this share of calls is over; where so many were cut off that nobody knows,
    /// the longest one. Zero without any.
    [[nodiscard]] constexpr duration percentile(ratio share) const noexcept {
        if (count_ == 0)
            return {};
        // The share that takes longer than what was looked at, in 2⁻³², rounded down.
        std::uint64_t left = one;
        for (std::size_t i = 0; i != count_; ++i) {
            if (by_length_[i].cut_off)
                continue;
            left = left * (count_ - i - 1) / (count_ - i);
            if (left * 1'000'000U <= (1'000'000U - share.millionths()) * one)
                return by_length_[i].took;
        }
        return by_length_[count_ - 1].took;
    }

private:
    static constexpr std::uint64_t one = std::uint64_t{1} << 32U;

    struct sample {
        duration took{};
        bool cut_off = false;

        // What ended at the very length at which another was cut off ended before that.
        [[nodiscard]] constexpr bool before(const sample& s) const noexcept {
            return took < s.took || (took == s.took && !cut_off && s.cut_off);
        }
        friend constexpr bool operator==(const sample&, const sample&) = default;
    };

    constexpr void remove(const sample& s) noexcept {
        std::size_t i = 0;
        while (by_length_[i] != s)
            ++i;
        for (--count_; i != count_; ++i)
            by_length_[i] = by_length_[i + 1];
    }

    std::array<sample, size> by_length_{};
    std::array<sample, size> by_age_{};
    std::size_t next_ = 0; // in `by_age_`
    std::size_t count_ = 0;
};

} // namespace outlast

#endif // OUTLAST_LATENCIES_HPP
