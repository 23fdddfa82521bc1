// SPDX-License-Identifier: BSL-1.0
//
// The encoding of JOSE: base64url without padding, in the one form that an encoder makes.
#ifndef OUTLAST_OAUTH2_JOSE_BASE64URL_HPP
#define OUTLAST_OAUTH2_JOSE_BASE64URL_HPP

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace outlast::oauth2::jose {

namespace detail {

inline constexpr std::string_view base64url_digits =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
inline constexpr std::uint8_t no_digit = 64;

inline constexpr auto base64url_values = [] {
    std::array<std::uint8_t, 256> values{};
    values.fill(no_digit);
    for (std::size_t i = 0; i != base64url_digits.size(); ++i)
        values[static_cast<unsigned char>(base64url_digits[i])] = static_cast<std::uint8_t>(i);
    return values;
}();

} // namespace detail

/// The number of bytes that `size` digits stand for.
[[nodiscard]] constexpr std::size_t base64url_decoded_size(std::size_t size) noexcept {
    return size / 4 * 3 + (size % 4 * 3) / 4;
}

/// Whether `text` is what an encoder makes of some bytes (RFC 7515 §2): digits only, no padding, no length
/// that cannot be, no bits left over that are set. Two texts never stand for the same bytes.
[[nodiscard]] constexpr bool is_base64url(std::string_view text) noexcept {
    for (const char c : text) {
        if (detail::base64url_values[static_cast<unsigned char>(c)] == detail::no_digit)
            return false;
    }
    if (text.size() % 4 == 0)
        return true;
    const unsigned last = detail::base64url_values[static_cast<unsigned char>(text.back())];
    return text.size() % 4 == 2 ? (last & 0xfU) == 0 : text.size() % 4 == 3 && (last & 0x3U) == 0;
}

/// The bytes behind `text`; none unless `is_base64url`. Allocates once. \throws std::bad_alloc
[[nodiscard]] inline std::optional<std::string> decode_base64url(std::string_view text) {
    if (!is_base64url(text))
        return std::nullopt;
    std::string bytes;
    bytes.reserve(base64url_decoded_size(text.size()));
    std::uint32_t bits = 0;
    unsigned held = 0;
    for (const char c : text) {
        bits = (bits << 6U | detail::base64url_values[static_cast<unsigned char>(c)]) & 0xffffU;
        held += 6;
        if (held >= 8) {
            held -= 8;
            bytes.push_back(static_cast<char>(bits >> held & 0xffU));
        }
    }
    return bytes;
}

/// Appends `bytes` in base64url without padding. \throws std::bad_alloc
inline void append_base64url(std::string& out, std::string_view bytes) {
    std::uint32_t bits = 0;
    unsigned held = 0;
    for (const char c : bytes) {
        bits = (bits << 8U | static_cast<unsigned char>(c)) & 0xffffU;
        held += 8;
        while (held >= 6) {
            held -= 6;
            out.push_back(detail::base64url_digits[bits >> held & 0x3fU]);
        }
    }
    if (held != 0)
        out.push_back(detail::base64url_digits[bits << (6 - held) & 0x3fU]);
}

} // namespace outlast::oauth2::jose

#endif // OUTLAST_OAUTH2_JOSE_BASE64URL_HPP
