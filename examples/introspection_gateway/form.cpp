// SPDX-License-Identifier: BSL-1.0
#include "form.hpp"

#include <charconv>
#include <cstddef>
#include <system_error>

namespace gateway {

namespace {

std::optional<std::string> unescaped(std::string_view text) {
    std::string plain;
    for (std::size_t i = 0; i != text.size(); ++i) {
        if (text[i] != '%') {
            plain.push_back(text[i] == '+' ? ' ' : text[i]);
            continue;
        }
        const std::string_view digits = text.substr(i + 1, 2);
        unsigned byte = 0;
        const auto [end, error] =
            std::from_chars(digits.data(), digits.data() + digits.size(), byte, 16);
        if (error != std::errc{} || digits.size() != 2 || end != digits.data() + digits.size())
            return std::nullopt;
        plain.push_back(static_cast<char>(byte));
        i += 2;
    }
    return plain;
}

} // namespace

std::optional<std::string> form_value(std::string_view body, std::string_view name) {
    std::optional<std::string> found;
    while (!body.empty()) {
        const std::string_view one = body.substr(0, body.find('&'));
        body.remove_prefix(one.size() == body.size() ? one.size() : one.size() + 1);
        const std::size_t end = one.find('=');
        if (unescaped(one.substr(0, end)) != name)
            continue;
        if (found || end == one.npos)
            return std::nullopt;
        found = unescaped(one.substr(end + 1));
        if (!found)
            return std::nullopt;
    }
    return found;
}

} // namespace gateway
