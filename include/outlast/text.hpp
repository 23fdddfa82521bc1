// SPDX-License-Identifier: BSL-1.0
//
// Durations for people: "250 ms", "4.2 s".
#ifndef OUTLAST_TEXT_HPP
#define OUTLAST_TEXT_HPP

#include <outlast/time.hpp>

#include <cstdint>
#include <string>

namespace outlast {

/// A length of time with at most one decimal, in the largest unit from ns to h in which it is 1 or
/// more. Rounded up, so that a wait that is announced is never too short.
[[nodiscard]] inline std::string in_words(duration span) {
    if (span == forever)
        return "for ever";
    struct unit {
        std::int64_t size;
        const char* name;
    };
    constexpr unit units[] = {
        {3'600'000'000'000, " h"}, {60'000'000'000, " min"}, {1'000'000'000, " s"},
        {1'000'000, " ms"},        {1'000, " µs"},           {1, " ns"}};
    const std::int64_t n = span.count();
    for (const unit& u : units) {
        if (n < u.size && u.size != 1)
            continue;
        std::int64_t tenths = n / u.size * 10;
        if (u.size != 1)
            tenths += (n % u.size + u.size / 10 - 1) / (u.size / 10);
        std::string s = std::to_string(tenths / 10);
        if (tenths % 10 != 0)
            s += '.' + std::to_string(tenths % 10);
        return s + u.name;
    }
    return {};
}

} // namespace outlast

#endif // OUTLAST_TEXT_HPP
