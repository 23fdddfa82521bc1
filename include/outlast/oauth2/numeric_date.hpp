// SPDX-License-Identifier: BSL-1.0
//
// NumericDate: a moment as a JSON number of seconds, read exactly.
#ifndef OUTLAST_OAUTH2_NUMERIC_DATE_HPP
#define OUTLAST_OAUTH2_NUMERIC_DATE_HPP

#include <outlast/oauth2/detail/ascii.hpp>

#include <algorithm> // std::min
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace outlast::oauth2 {

/// The last second of the year 9999: what is later is milliseconds taken for seconds, or nonsense.
inline constexpr std::chrono::sys_seconds latest_numeric_date{
    std::chrono::seconds{253'402'300'799}};

/// Where a fraction of a second goes. Towards the safe side: a token ends early and begins late.
enum class fraction { down, up };

/// Reads a NumericDate (RFC 7519 §2) from the text of a JSON number (RFC 8259 §6), with fraction
/// and exponent. From the text, as a double is off by up to 30 µs here and could round 30.99999999
/// up to the next second.
///
/// \param text  the number as it stands in the document, nothing around it
/// \return none for what is no JSON number, and outside (0, 253402300799], looked at before
/// rounding
///
/// Cost: one pass, no allocation; the exponent makes it no longer.
[[nodiscard]] constexpr std::optional<std::chrono::sys_seconds>
read_numeric_date(std::string_view text, fraction rounding) noexcept {
    std::size_t at = 0;
    const auto digit_here = [&] { return at != text.size() && detail::is_digit(text[at]); };
    if (!digit_here())
        return std::nullopt; // negative numbers end here too: none is in range

    const std::size_t whole_begin = at;
    while (digit_here())
        ++at;
    const std::string_view whole = text.substr(whole_begin, at - whole_begin);
    if (whole.size() > 1 && whole.front() == '0')
        return std::nullopt;

    std::string_view fractional;
    if (at != text.size() && text[at] == '.') {
        const std::size_t begin = ++at;
        while (digit_here())
            ++at;
        fractional = text.substr(begin, at - begin);
        if (fractional.empty())
            return std::nullopt;
    }

    std::int64_t exponent = 0;
    if (at != text.size() && (text[at] == 'e' || text[at] == 'E')) {
        ++at;
        const bool negative = at != text.size() && text[at] == '-';
        if (at != text.size() && (text[at] == '-' || text[at] == '+'))
            ++at;
        if (!digit_here())
            return std::nullopt;
        // Kept below a bound that no text of sane length can balance with its digits.
        constexpr std::int64_t large = 1'000'000'000'000;
        while (digit_here())
            exponent = std::min(exponent * 10 + (text[at++] - '0'), large);
        if (negative)
            exponent = -exponent;
    }
    if (at != text.size())
        return std::nullopt;

    // The digits of both parts are one row; the point stands after `point` of them.
    const std::int64_t point = static_cast<std::int64_t>(whole.size()) + exponent;
    const auto count = static_cast<std::int64_t>(whole.size() + fractional.size());
    constexpr std::int64_t limit = latest_numeric_date.time_since_epoch().count();

    std::int64_t seconds = 0;
    bool rest = false; // something but zeros stands after the point
    for (std::int64_t i = 0; i != count; ++i) {
        const auto index = static_cast<std::size_t>(i);
        const char c = index < whole.size() ? whole[index] : fractional[index - whole.size()];
        if (i >= point) {
            rest = rest || c != '0';
        } else {
            seconds = seconds * 10 + (c - '0');
            if (seconds > limit)
                return std::nullopt;
        }
    }
    if (seconds != 0) {
        // Zeros that only the exponent writes: more than twelve always leave the range.
        for (std::int64_t i = count; i < point; ++i) {
            seconds *= 10;
            if (seconds > limit)
                return std::nullopt;
        }
    }
    if (seconds == 0 && !rest)
        return std::nullopt;
    if (seconds == limit && rest)
        return std::nullopt;
    if (rest && rounding == fraction::up)
        ++seconds;
    return std::chrono::sys_seconds{std::chrono::seconds{seconds}};
}

} // namespace outlast::oauth2

#endif // OUTLAST_OAUTH2_NUMERIC_DATE_HPP
