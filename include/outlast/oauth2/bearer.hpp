// SPDX-License-Identifier: BSL-1.0
//
// The bearer token of a request, or the reason why there is none.
#ifndef OUTLAST_OAUTH2_BEARER_HPP
#define OUTLAST_OAUTH2_BEARER_HPP

#include <outlast/oauth2/detail/ascii.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace outlast::oauth2 {

/// What the `Authorization` headers of one request hold.
enum class bearer_status : std::uint8_t {
    none,      ///< no header, or another scheme: 401 with a bare challenge
    token,     ///< one well-formed token
    malformed, ///< a scheme that is taken with nothing, too much or illegal bytes after it: 401
    several,   ///< more than one header, whatever is in them, equal ones too: 400
};

/// How a token is presented.
enum class auth_scheme : std::uint8_t {
    bearer, ///< whoever has the token may use it (RFC 6750), or TLS shows who has its key (RFC 8705)
    dpop,   ///< with a proof that the sender has its key (RFC 9449 §7.1)
};

struct bearer_options {
    /// Longest token that is passed on, in bytes; a longer one is malformed.
    std::size_t max_length = 4096;
    /// What proofs may be signed by, for the challenges, as "ES256 PS256": then the scheme DPoP is taken, too.
    /// Printable ASCII without quotes, which outlives all that looks at it. Default: none, it is another scheme.
    std::string_view dpop_algorithms{};

    friend bool operator==(const bearer_options&, const bearer_options&) = default;
};

/// The answer of `read_bearer`. Like everything that holds a token it has no stream output.
struct bearer_reading {
    bearer_status status = bearer_status::none;
    std::string_view token{}; ///< into the header value given; empty unless status is `token`
    auth_scheme scheme = auth_scheme::bearer; ///< that was used
};

namespace detail {

/// A table, as each byte of each request's token is looked up.
inline constexpr auto b64token_bytes = [] {
    std::array<bool, 256> legal{};
    for (std::size_t i = 0; i != legal.size(); ++i) {
        const char c = static_cast<char>(i);
        legal[i] = is_alpha(c) || is_digit(c) ||
                   std::string_view{"-._~+/"}.find(c) != std::string_view::npos;
    }
    return legal;
}();

} // namespace detail

/// True for `b64token` of RFC 6750 §2.1: `1*( ALPHA / DIGIT / "-._~+/" ) *"="`.
[[nodiscard]] constexpr bool is_b64token(std::string_view text) noexcept {
    while (!text.empty() && text.back() == '=')
        text.remove_suffix(1);
    for (const char c : text) {
        if (!detail::b64token_bytes[static_cast<unsigned char>(c)])
            return false;
    }
    return !text.empty();
}

/// Reads the token from the values of all `Authorization` headers of one request (RFC 6750 §2.1,
/// RFC 9110 §11). The scheme is compared without regard to case. Tokens in the body or in the query
/// (RFC 6750 §2.2, §2.3) are not looked for: RFC 9700 §4.3.2 is against them.
///
/// \param authorization  every value, in any order, as received; blanks at the ends do not matter
/// \return a reading whose token lives as long as the header value it points into
///
/// Cost: one pass over the value, no allocation. Pure, safe from any thread.
[[nodiscard]] constexpr bearer_reading read_bearer(std::span<std::string_view const> authorization,
                                                   bearer_options const& options = {}) noexcept {
    if (authorization.empty())
        return {};
    // Two headers are refused even when only one of them is a bearer token: which of the two a
    // proxy in front of us looked at is not known here.
    if (authorization.size() > 1)
        return {bearer_status::several};

    const std::string_view value = detail::trimmed(authorization.front());
    std::size_t end = 0;
    while (end != value.size() && detail::is_tchar(value[end]))
        ++end;
    const std::string_view name = value.substr(0, end);
    const bool is_dpop =
        !options.dpop_algorithms.empty() && detail::equal_ignoring_case(name, "DPoP");
    if (!is_dpop && !detail::equal_ignoring_case(name, "Bearer"))
        return {};
    const auto scheme = is_dpop ? auth_scheme::dpop : auth_scheme::bearer;

    std::string_view token = value.substr(end);
    while (!token.empty() && token.front() == ' ')
        token.remove_prefix(1); // 1*SP, RFC 9110 §11.4
    const bool separated = token.size() != value.size() - end;
    if (!separated || token.size() > options.max_length || !is_b64token(token)) {
        return {bearer_status::malformed, {}, scheme};
    }
    return {bearer_status::token, token, scheme};
}

} // namespace outlast::oauth2

#endif // OUTLAST_OAUTH2_BEARER_HPP
