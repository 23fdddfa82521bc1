// SPDX-License-Identifier: BSL-1.0
//
// Durations for people: "250 ms", "4.2 s".
#ifndef OUTLAST_TEXT_HPP
#define OUTLAST_TEXT_HPP

#include <outlast/time.hpp>

#include <cstdint>
#include <string>

namespace outlast {

namespace detail {

struct unit_of_time {
    std::int64_t size;
    const char* name;
};
inline constexpr unit_of_time units_of_time[] = {
    {3'600'000'000'000, " h"}, {60'000'000'000, " min"}, {1'000'000'000, " s"},
    {1'000'000, " ms"},        {1'000, " µs"},           {1, " ns"}};

[[nodiscard]] inline std::string in_tenths(std::int64_t tenths, const unit_of_time& u) {
    std::string s = std::to_string(tenths / 10);
    if (tenths % 10 != 0)
        s += '.' + std::to_string(tenths % 10);
    return s + u.name;
}

} // namespace detail

/// A length of time with at most one decimal, in the largest unit from ns to h in which it is 1 or
/// more. Rounded up, so that a wait that is announced is never too short.
[[nodiscard]] inline std::string in_words(duration span) {
    if (span == forever)
        return "for ever";
    const std::int64_t n = span.count();
    for (const detail::unit_of_time& u : detail::units_of_time) {
        if (n < u.size && u.size != 1)
            continue;
        std::int64_t tenths = n / u.size * 10;
        if (u.size != 1)
            tenths += (n % u.size + u.size / 10 - 1) / (u.size / 10);
        return detail::in_tenths(tenths, u);
    }
    return {};
}

/// A length of time as it is, in the largest unit in which that takes at most one decimal.
/// \pre not negative
[[nodiscard]] inline std::string in_full(duration span) {
    const std::int64_t n = span.count();
    if (span == forever)
        return "for ever";
    if (n == 0)
        return "0";
    for (const detail::unit_of_time& u : detail::units_of_time)
        if (u.size != 1 && n >= u.size && n % (u.size / 10) == 0)
            return detail::in_tenths(n / (u.size / 10), u);
    return std::to_string(n) + " ns";
}

} // namespace outlast

#endif // OUTLAST_TEXT_HPP
