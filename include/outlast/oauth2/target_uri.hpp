// SPDX-License-Identifier: BSL-1.0
//
// Whether two URLs are the same target of a request.
#ifndef OUTLAST_OAUTH2_TARGET_URI_HPP
#define OUTLAST_OAUTH2_TARGET_URI_HPP

#include <outlast/http/url_target.hpp>
#include <outlast/oauth2/detail/ascii.hpp>

#include <charconv>
#include <cstddef>
#include <string>
#include <string_view>

namespace outlast::oauth2 {

namespace detail {

/// A path with each escape in capitals, and none where there need be none (RFC 3986 §6.2.2.1, §6.2.2.2).
[[nodiscard]] inline std::string normalized_path(std::string_view path) {
    std::string made;
    made.reserve(path.size());
    for (std::size_t i = 0; i < path.size(); ++i) {
        unsigned value = 0;
        const bool is_escape =
            path[i] == '%' && i + 2 < path.size() &&
            std::from_chars(path.data() + i + 1, path.data() + i + 3, value, 16).ptr ==
                path.data() + i + 3;
        if (!is_escape) {
            made.push_back(path[i]);
            continue;
        }
        const char c = static_cast<char>(value);
        const bool is_unreserved = is_alpha(c) || is_digit(c) ||
                                   std::string_view{"-._~"}.find(c) != std::string_view::npos;
        if (is_unreserved) {
            made.push_back(c);
        } else {
            constexpr std::string_view digits = "0123456789ABCDEF";
            made.append({'%', digits[value >> 4U], digits[value & 0xfU]});
        }
        i += 2;
    }
    return made;
}

} // namespace detail

/// Whether two URLs have the same scheme, host, port and path, without query and fragment (RFC 9449 §4.3, 9):
/// compared after normalization by syntax and scheme (RFC 3986 §6.2.2, §6.2.3), but for dots in the path,
/// which a request has none of. False when one of them is no URL. \throws std::bad_alloc
[[nodiscard]] inline bool is_same_target(std::string_view a, std::string_view b) {
    const auto read = [](std::string_view url) {
        return http::read_url(url.substr(0, url.find_first_of("?#")), true);
    };
    const auto first = read(a);
    const auto second = read(b);
    return first && second && first->origin() == second->origin() &&
           detail::normalized_path(first->path) == detail::normalized_path(second->path);
}

} // namespace outlast::oauth2

#endif // OUTLAST_OAUTH2_TARGET_URI_HPP
