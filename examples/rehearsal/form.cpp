// SPDX-License-Identifier: BSL-1.0
#include "form.hpp"

#include <strings.h>
#include <sys/random.h>

#include <array>
#include <cctype>
#include <charconv>
#include <cstdint>
#include <system_error>

namespace rehearsal {

namespace {

constexpr std::string_view plain_digits = "0123456789ABCDEF";
constexpr std::string_view base64_digits =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

std::string form_decode(std::string_view text) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        unsigned byte = 0;
        if (text[i] == '%' && i + 2 < text.size() &&
            std::from_chars(text.data() + i + 1, text.data() + i + 3, byte, 16).ptr ==
                text.data() + i + 3) {
            out += static_cast<char>(byte);
            i += 2;
        } else {
            out += text[i] == '+' ? ' ' : text[i];
        }
    }
    return out;
}

std::optional<std::string> base64_decode(std::string_view text) {
    std::string out;
    std::uint32_t bits = 0;
    int held = 0;
    for (const char c : text.substr(0, text.find('='))) {
        const auto digit = base64_digits.find(c);
        if (digit == base64_digits.npos) {
            return std::nullopt;
        }
        bits = (bits << 6 | static_cast<std::uint32_t>(digit)) & 0xffffU;
        held += 6;
        if (held >= 8) {
            held -= 8;
            out += static_cast<char>(bits >> held & 0xffU);
        }
    }
    return out;
}

std::optional<std::string_view> after_scheme(std::string_view header, std::string_view scheme) {
    if (header.size() <= scheme.size() || header[scheme.size()] != ' ' ||
        strncasecmp(header.data(), scheme.data(), scheme.size()) != 0) {
        return std::nullopt;
    }
    return header.substr(scheme.size() + 1);
}

} // namespace

std::string form_encode(std::string_view text) {
    std::string out;
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte < 128 && (std::isalnum(byte) != 0 || c == '-' || c == '_' || c == '.')) {
            out += c;
        } else {
            out += {'%', plain_digits[byte >> 4], plain_digits[byte & 15]};
        }
    }
    return out;
}

std::optional<std::string> form_field(std::string_view form, std::string_view name) {
    while (!form.empty()) {
        const auto field = form.substr(0, form.find('&'));
        const auto equal = field.find('=');
        if (equal != field.npos && field.substr(0, equal) == name) {
            return form_decode(field.substr(equal + 1));
        }
        form.remove_prefix(field.size() < form.size() ? field.size() + 1 : field.size());
    }
    return std::nullopt;
}

std::optional<std::pair<std::string, std::string>> basic_credentials(std::string_view header) {
    const auto encoded = after_scheme(header, "basic");
    const auto pair = encoded ? base64_decode(*encoded) : std::nullopt;
    const auto colon = pair ? pair->find(':') : std::string::npos;
    if (colon == std::string::npos) {
        return std::nullopt;
    }
    return std::pair{form_decode(std::string_view{*pair}.substr(0, colon)),
                     form_decode(std::string_view{*pair}.substr(colon + 1))};
}

std::optional<std::string> bearer_token(std::string_view header) {
    const auto token = after_scheme(header, "bearer");
    return token && !token->empty() ? std::optional<std::string>{*token} : std::nullopt;
}

std::string random_token() {
    std::array<unsigned char, 33> bytes{}; // 33: eleven groups of three, the last digit is cut
    if (getrandom(bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size())) {
        throw std::system_error{errno, std::generic_category(), "getrandom"};
    }
    std::string out;
    for (std::size_t i = 0; i < bytes.size(); i += 3) {
        const auto bits =
            static_cast<std::uint32_t>(bytes[i] << 16 | bytes[i + 1] << 8 | bytes[i + 2]);
        for (const int shift : {18, 12, 6, 0}) {
            const char digit = base64_digits[bits >> shift & 63U];
            out += digit == '+' ? '-' : digit == '/' ? '_' : digit;
        }
    }
    out.resize(43);
    return out;
}

} // namespace rehearsal
