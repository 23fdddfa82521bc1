// SPDX-License-Identifier: BSL-1.0
//
// Is it JSON? The one question asked of a Content-Type.
#ifndef OUTLAST_OAUTH2_MEDIA_TYPE_HPP
#define OUTLAST_OAUTH2_MEDIA_TYPE_HPP

#include <outlast/oauth2/detail/ascii.hpp>

#include <cstddef>
#include <string_view>

namespace outlast::oauth2 {

namespace detail {

[[nodiscard]] constexpr std::string_view take_token(std::string_view& rest) noexcept {
    std::size_t size = 0;
    while (size != rest.size() && is_tchar(rest[size]))
        ++size;
    const std::string_view token = rest.substr(0, size);
    rest.remove_prefix(size);
    return token;
}

/// Takes a quoted-string (RFC 9110 §5.6.4); false when it does not end.
[[nodiscard]] constexpr bool take_quoted(std::string_view& rest) noexcept {
    for (std::size_t at = 1; at < rest.size(); ++at) {
        if (rest[at] == '\\') {
            ++at;
        } else if (rest[at] == '"') {
            rest.remove_prefix(at + 1);
            return true;
        }
    }
    return false;
}

/// `*( OWS ";" OWS [ token "=" ( token / quoted-string ) ] )` and nothing after it.
[[nodiscard]] constexpr bool are_parameters(std::string_view rest) noexcept {
    for (;;) {
        rest = trimmed(rest);
        if (rest.empty())
            return true;
        if (rest.front() != ';')
            return false;
        rest.remove_prefix(1);
        rest = trimmed(rest);
        if (take_token(rest).empty())
            continue; // an empty parameter is legal
        if (!rest.starts_with('='))
            return false;
        rest.remove_prefix(1);
        const bool read = rest.starts_with('"') ? take_quoted(rest) : !take_token(rest).empty();
        if (!read)
            return false;
    }
}

} // namespace detail

/// True for `application/json` and `application/*+json` (RFC 6839 §3.1), without regard to case and
/// with any well-formed parameters (RFC 9110 §8.3.1). A `charset` changes nothing: JSON is UTF-8
/// (RFC 8259 §8.1). Two values joined by a comma are not one media type. Pure; no allocation.
[[nodiscard]] constexpr bool is_json(std::string_view content_type) noexcept {
    std::string_view rest = detail::trimmed(content_type);
    if (!detail::equal_ignoring_case(detail::take_token(rest), "application"))
        return false;
    if (!rest.starts_with('/'))
        return false;
    rest.remove_prefix(1);
    const std::string_view subtype = detail::take_token(rest);
    constexpr std::string_view suffix = "+json";
    const bool json =
        detail::equal_ignoring_case(subtype, "json") ||
        (subtype.size() > suffix.size() &&
         detail::equal_ignoring_case(subtype.substr(subtype.size() - suffix.size()), suffix));
    return json && detail::are_parameters(rest);
}

} // namespace outlast::oauth2

#endif // OUTLAST_OAUTH2_MEDIA_TYPE_HPP
