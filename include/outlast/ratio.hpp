// SPDX-License-Identifier: BSL-1.0
//
// A share of a whole, compared in integers: `50_percent`.
#ifndef OUTLAST_RATIO_HPP
#define OUTLAST_RATIO_HPP

#include <cstdint>

namespace outlast {

/// A share from nothing to everything, in millionths. What lies outside [0, 1], or is not a
/// number, is kept as `invalid` and refused by the policy it is given to.
class ratio {
public:
    constexpr ratio() noexcept = default;

    /// From a number: `ratio::of(0.5)`.
    [[nodiscard]] static constexpr ratio of(double share) noexcept {
        ratio r;
        // The comparison is false for NaN too.
        r.millionths_ = share >= 0.0 && share <= 1.0
                            ? static_cast<std::uint32_t>(share * 1'000'000.0 + 0.5)
                            : invalid_mark;
        return r;
    }

    [[nodiscard]] constexpr bool valid() const noexcept { return millionths_ != invalid_mark; }
    [[nodiscard]] constexpr std::uint32_t millionths() const noexcept { return millionths_; }

    /// Whether `part` of `whole` is this share or more. Integers only: 99 of 200 is not 50 %.
    [[nodiscard]] constexpr bool reached(std::uint32_t part, std::uint32_t whole) const noexcept {
        return std::uint64_t{part} * 1'000'000U >= std::uint64_t{millionths_} * whole;
    }

    friend constexpr bool operator==(ratio, ratio) noexcept = default;

private:
    static constexpr std::uint32_t invalid_mark = UINT32_MAX;
    std::uint32_t millionths_ = 0;
};

inline namespace literals {
[[nodiscard]] constexpr ratio operator""_percent(unsigned long long value) noexcept {
    return ratio::of(static_cast<double>(value) / 100.0);
}
[[nodiscard]] constexpr ratio operator""_percent(long double value) noexcept {
    return ratio::of(static_cast<double>(value) / 100.0);
}
} // namespace literals

} // namespace outlast

#endif // OUTLAST_RATIO_HPP
