// SPDX-License-Identifier: BSL-1.0
//
// HTTP-date, and the Retry-After that may hold one.
#ifndef OUTLAST_OAUTH2_HTTP_DATE_HPP
#define OUTLAST_OAUTH2_HTTP_DATE_HPP

#include <outlast/oauth2/detail/ascii.hpp>

#include <algorithm> // std::min
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace outlast::oauth2 {

namespace detail {

/// Reads a text of fixed words and numbers from left to right. After the first that does not fit,
/// `good` is false and every further answer is 0.
class field_reader {
public:
    explicit constexpr field_reader(std::string_view text) noexcept : rest_{text} {}

    constexpr void word(std::string_view expected) noexcept {
        good_ = good_ && rest_.starts_with(expected);
        if (good_)
            rest_.remove_prefix(expected.size());
    }

    /// Exactly `digits` digits; with `padded`, blanks may stand for leading zeros (asctime).
    constexpr unsigned number(std::size_t digits, bool padded = false) noexcept {
        unsigned value = 0;
        for (std::size_t i = 0; i != digits; ++i) {
            const bool blank = padded && i + 1 != digits && good_ && rest_.starts_with(' ');
            good_ = good_ && !rest_.empty() && (blank || is_digit(rest_.front()));
            if (!good_)
                return 0;
            if (!blank)
                value = value * 10 + static_cast<unsigned>(rest_.front() - '0');
            rest_.remove_prefix(1);
        }
        return value;
    }

    /// The place of one of `names` in the list, from 0.
    template <std::size_t N>
    constexpr unsigned one_of(std::array<std::string_view, N> const& names) noexcept {
        for (unsigned i = 0; good_ && i != N; ++i) {
            if (rest_.starts_with(names[i])) {
                rest_.remove_prefix(names[i].size());
                return i;
            }
        }
        good_ = false;
        return 0;
    }

    [[nodiscard]] constexpr bool done() const noexcept { return good_ && rest_.empty(); }

private:
    std::string_view rest_;
    bool good_ = true;
};

inline constexpr std::array<std::string_view, 12> month_names{
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
inline constexpr std::array<std::string_view, 7> day_names{"Sun", "Mon", "Tue", "Wed",
                                                           "Thu", "Fri", "Sat"};
inline constexpr std::array<std::string_view, 7> long_day_names{
    "Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"};

struct date_fields {
    unsigned weekday = 0, year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0;

    constexpr void read_time(field_reader& in) noexcept {
        hour = in.number(2);
        in.word(":");
        minute = in.number(2);
        in.word(":");
        second = in.number(2);
    }

    /// None for what the calendar does not have, a wrong day of the week included. A leap second
    /// (60) is the second after it.
    [[nodiscard]] constexpr std::optional<std::chrono::sys_seconds> moment() const noexcept {
        using namespace std::chrono;
        const year_month_day date{std::chrono::year{static_cast<int>(year)},
                                  std::chrono::month{month + 1}, std::chrono::day{day}};
        if (!date.ok() || hour > 23 || minute > 59 || second > 60)
            return std::nullopt;
        const sys_days midnight{date};
        if (std::chrono::weekday{midnight}.c_encoding() != weekday)
            return std::nullopt;
        return midnight + hours{hour} + minutes{minute} + seconds{second};
    }
};

} // namespace detail

/// Reads an HTTP-date in any of the three forms of RFC 9110 §5.6.7.
///
/// \param now  places the two-digit year of the RFC 850 form: at most 50 years ahead of it
/// \return none for everything else. Pure; no allocation
[[nodiscard]] constexpr std::optional<std::chrono::sys_seconds>
read_http_date(std::string_view text, std::chrono::sys_seconds now) noexcept {
    text = detail::trimmed(text);
    {
        detail::field_reader in{text}; // IMF-fixdate: Sun, 06 Nov 1994 08:49:37 GMT
        detail::date_fields fields;
        fields.weekday = in.one_of(detail::day_names);
        in.word(", ");
        fields.day = in.number(2);
        in.word(" ");
        fields.month = in.one_of(detail::month_names);
        in.word(" ");
        fields.year = in.number(4);
        in.word(" ");
        fields.read_time(in);
        in.word(" GMT");
        if (in.done())
            return fields.moment();
    }
    {
        detail::field_reader in{text}; // asctime: Sun Nov  6 08:49:37 1994
        detail::date_fields fields;
        fields.weekday = in.one_of(detail::day_names);
        in.word(" ");
        fields.month = in.one_of(detail::month_names);
        in.word(" ");
        fields.day = in.number(2, true);
        in.word(" ");
        fields.read_time(in);
        in.word(" ");
        fields.year = in.number(4);
        if (in.done())
            return fields.moment();
    }
    detail::field_reader in{text}; // RFC 850: Sunday, 06-Nov-94 08:49:37 GMT
    detail::date_fields fields;
    fields.weekday = in.one_of(detail::long_day_names);
    in.word(", ");
    fields.day = in.number(2);
    in.word("-");
    fields.month = in.one_of(detail::month_names);
    in.word("-");
    const unsigned two_digits = in.number(2);
    in.word(" ");
    fields.read_time(in);
    in.word(" GMT");
    if (!in.done())
        return std::nullopt;
    const std::chrono::year_month_day today{std::chrono::floor<std::chrono::days>(now)};
    const int latest = static_cast<int>(today.year()) + 50;
    const int year = latest - (latest - static_cast<int>(two_digits)) % 100;
    fields.year = static_cast<unsigned>(year);
    return fields.moment();
}

/// Reads a Retry-After (RFC 9110 §10.2.3) that is of use: whole seconds of at least 1, or a date
/// ahead of `now`. Everything else (0, negative, a fraction, a past date, several values, words) is
/// as if absent.
///
/// \return how long to wait, in whole seconds; values beyond a year are a year. The cap that a
///         policy puts on it (120 s by default) is not applied here. Pure; no allocation
[[nodiscard]] constexpr std::optional<std::chrono::seconds>
read_retry_after(std::string_view text, std::chrono::sys_seconds now) noexcept {
    constexpr std::int64_t year = 365 * 86'400;
    text = detail::trimmed(text);
    std::int64_t value = 0;
    std::size_t at = 0;
    while (at != text.size() && detail::is_digit(text[at])) {
        value = std::min(value * 10 + (text[at++] - '0'), year);
    }
    if (at == text.size()) {
        if (value == 0)
            return std::nullopt; // an empty text too
        return std::chrono::seconds{value};
    }
    const auto date = read_http_date(text, now);
    if (!date || *date <= now)
        return std::nullopt;
    return std::min(*date - now, std::chrono::seconds{year});
}

} // namespace outlast::oauth2

#endif // OUTLAST_OAUTH2_HTTP_DATE_HPP
