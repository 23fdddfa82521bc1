// SPDX-License-Identifier: BSL-1.0
//
// Which issuer a token says that it comes from: what anybody may have written.
#ifndef OUTLAST_OAUTH2_ISSUER_HINT_HPP
#define OUTLAST_OAUTH2_ISSUER_HINT_HPP

#include <outlast/oauth2/jose/base64url.hpp>
#include <outlast/oauth2/strict_json.hpp>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace outlast::oauth2 {

namespace detail {

/// The sink of `read_strict_json` for `iss` of the root, if that is one text.
class issuer_sink {
public:
    [[nodiscard]] std::optional<std::string> taken() { return std::move(issuer_); }

    void open_object(std::size_t depth) noexcept { is_issuer_ = is_issuer_ && depth != 1; }
    void open_array(std::size_t depth) noexcept { is_issuer_ = is_issuer_ && depth != 1; }
    void key(std::size_t depth, std::string_view name) noexcept {
        if (depth == 1)
            is_issuer_ = name == "iss";
    }
    void string(std::size_t depth, std::string_view text) {
        if (depth == 1 && is_issuer_)
            issuer_.emplace(text);
    }
    void number(std::size_t, std::string_view) noexcept {}
    void boolean(std::size_t, bool) noexcept {}
    void null(std::size_t) noexcept {}

private:
    std::optional<std::string> issuer_{};
    bool is_issuer_ = false;
};

} // namespace detail

/// `iss` of a token that is a JWT by its form: three parts, of which the second is an object that has one. None
/// for an opaque token. **Not verified**: good for choosing among issuers that are configured, and for nothing
/// else. \throws std::bad_alloc
[[nodiscard]] inline std::optional<std::string> issuer_hint(std::string_view token) {
    const std::size_t first = token.find('.');
    const std::size_t second = first == token.npos ? first : token.find('.', first + 1);
    if (!token.starts_with("ey") || second == token.npos ||
        token.find('.', second + 1) != token.npos)
        return std::nullopt;
    const auto payload = jose::decode_base64url(token.substr(first + 1, second - first - 1));
    detail::issuer_sink sink;
    if (!payload || read_strict_json(*payload, sink))
        return std::nullopt;
    return sink.taken();
}

} // namespace outlast::oauth2

#endif // OUTLAST_OAUTH2_ISSUER_HINT_HPP
