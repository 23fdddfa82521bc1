// SPDX-License-Identifier: BSL-1.0
//
// The two encodings of an OAuth request: application/x-www-form-urlencoded and base64.
#ifndef OUTLAST_OAUTH2_FORM_HPP
#define OUTLAST_OAUTH2_FORM_HPP

#include <outlast/oauth2/detail/ascii.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace outlast::oauth2 {

namespace detail {

// A little more than needed: "*" may be sent as it is in a form, and is encoded here all the same.
// Every receiver decodes both.
[[nodiscard]] constexpr bool is_sent_as_is(char c) noexcept {
    return is_alpha(c) || is_digit(c) || c == '-' || c == '.' || c == '_' || c == '~';
}

} // namespace detail

/// The size of `text` once form-encoded. Reserve it before appending secrets: a buffer that grows
/// leaves a copy behind.
[[nodiscard]] constexpr std::size_t form_encoded_size(std::string_view text) noexcept {
    std::size_t size = 0;
    for (const char c : text)
        size += detail::is_sent_as_is(c) || c == ' ' ? 1U : 3U;
    return size;
}

/// Appends `text` form-encoded (RFC 6749 appendix B): a blank becomes `+`, every other byte outside
/// `A-Z a-z 0-9 - . _ ~` becomes `%XX`. Bytes are taken as they are: UTF-8 in, UTF-8 out.
/// \throws std::bad_alloc
inline void append_form_encoded(std::string& out, std::string_view text) {
    constexpr std::string_view hex = "0123456789ABCDEF";
    for (const char c : text) {
        if (detail::is_sent_as_is(c)) {
            out.push_back(c);
        } else if (c == ' ') {
            out.push_back('+');
        } else {
            const auto byte = static_cast<unsigned char>(c);
            out.push_back('%');
            out.push_back(hex[byte >> 4U]);
            out.push_back(hex[byte & 0xfU]);
        }
    }
}

/// The size of `size` bytes in base64, padding included.
[[nodiscard]] constexpr std::size_t base64_size(std::size_t size) noexcept {
    return (size + 2) / 3 * 4;
}

/// Appends `bytes` in base64 with padding (RFC 4648 §4, as Basic asks for). \throws std::bad_alloc
inline void append_base64(std::string& out, std::string_view bytes) {
    constexpr std::string_view digits =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (std::size_t at = 0; at < bytes.size(); at += 3) {
        const std::string_view group = bytes.substr(at, 3);
        std::uint32_t bits = 0;
        for (std::size_t i = 0; i != 3; ++i) {
            bits = bits << 8U | (i < group.size() ? static_cast<unsigned char>(group[i]) : 0U);
        }
        for (std::size_t i = 0; i != 4; ++i) {
            const auto digit = bits >> (18U - 6U * static_cast<unsigned>(i)) & 0x3fU;
            out.push_back(i <= group.size() ? digits[digit] : '=');
        }
    }
}

} // namespace outlast::oauth2

#endif // OUTLAST_OAUTH2_FORM_HPP
