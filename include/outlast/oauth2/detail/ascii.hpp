// SPDX-License-Identifier: BSL-1.0
//
// The few ASCII questions of HTTP fields, without the locale that <cctype> asks.
#ifndef OUTLAST_OAUTH2_DETAIL_ASCII_HPP
#define OUTLAST_OAUTH2_DETAIL_ASCII_HPP

#include <cstddef>
#include <string_view>

namespace outlast::oauth2::detail {

[[nodiscard]] constexpr bool is_alpha(char c) noexcept {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

[[nodiscard]] constexpr bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }

/// OWS of RFC 9110 §5.6.3 is made of these.
[[nodiscard]] constexpr bool is_blank(char c) noexcept { return c == ' ' || c == '\t'; }

/// tchar of RFC 9110 §5.6.2: what scheme names, media types and parameter names are made of.
[[nodiscard]] constexpr bool is_tchar(char c) noexcept {
    // find() with a NUL would be safe too: the view does not contain one.
    return is_alpha(c) || is_digit(c) ||
           std::string_view{"!#$%&'*+-.^_`|~"}.find(c) != std::string_view::npos;
}

[[nodiscard]] constexpr char to_lower(char c) noexcept {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

/// Equality without regard to the case of ASCII letters; other bytes are compared as they are.
[[nodiscard]] constexpr bool equal_ignoring_case(std::string_view a, std::string_view b) noexcept {
    if (a.size() != b.size())
        return false;
    for (std::size_t i = 0; i != a.size(); ++i) {
        if (to_lower(a[i]) != to_lower(b[i]))
            return false;
    }
    return true;
}

/// `text` without blanks at either end.
[[nodiscard]] constexpr std::string_view trimmed(std::string_view text) noexcept {
    while (!text.empty() && is_blank(text.front()))
        text.remove_prefix(1);
    while (!text.empty() && is_blank(text.back()))
        text.remove_suffix(1);
    return text;
}

} // namespace outlast::oauth2::detail

#endif // OUTLAST_OAUTH2_DETAIL_ASCII_HPP
