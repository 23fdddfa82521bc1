// SPDX-License-Identifier: BSL-1.0
//
// Which keys the sender of a request has shown to hold.
#ifndef OUTLAST_OAUTH2_HELD_KEYS_HPP
#define OUTLAST_OAUTH2_HELD_KEYS_HPP

#include <outlast/oauth2/bearer.hpp> // auth_scheme
#include <outlast/oauth2/detail/ascii.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <optional>
#include <string_view>

namespace outlast::oauth2 {

/// The SHA-256 of a key or a certificate in base64url, as `cnf` has it (RFC 8705 §3.1, RFC 9449 §6.1); or
/// none. No secret.
class thumbprint {
public:
    static constexpr std::size_t size = 43; ///< characters

    /// None.
    constexpr thumbprint() noexcept = default;
    /// \return nothing if `text` is not the base64url of 32 bytes
    [[nodiscard]] static constexpr std::optional<thumbprint>
    from_text(std::string_view text) noexcept {
        const auto is_digit = [](char c) {
            return detail::is_alpha(c) || detail::is_digit(c) || c == '-' || c == '_';
        };
        // The last digit stands for four bits: every fourth of the 64.
        constexpr std::string_view last = "AEIMQUYcgkosw048";
        if (text.size() != size || !std::all_of(text.begin(), text.end(), is_digit) ||
            last.find(text.back()) == last.npos)
            return std::nullopt;
        thumbprint made;
        std::copy(text.begin(), text.end(), made.text_.begin());
        return made;
    }

    /// Whether there is one and it is this. None equals nothing, not even an empty text.
    [[nodiscard]] constexpr bool is(std::string_view text) const noexcept {
        return !empty() && text == std::string_view{text_.data(), size};
    }
    [[nodiscard]] constexpr bool empty() const noexcept { return text_[0] == '\0'; }
    /// The text; empty if there is none.
    [[nodiscard]] constexpr std::string_view text() const noexcept {
        return {text_.data(), empty() ? 0 : size};
    }

    friend constexpr bool operator==(const thumbprint&, const thumbprint&) = default;

private:
    std::array<char, size> text_{};
};

/// What the application has found out about the sender of one request, before it asks about the token.
struct held_keys {
    /// Of the certificate that the client showed in the TLS handshake of this very connection, which proves
    /// that it has the key: see certificate_thumbprint.hpp. What a proxy passes on is only as good as the
    /// way from it.
    thumbprint certificate{};
    /// Of the key by which the proof in the header DPoP was signed, once all of it was verified for this
    /// request and this token: see jose/dpop_verifier.hpp.
    thumbprint dpop{};
};

/// How a token came.
struct sender {
    auth_scheme scheme = auth_scheme::bearer;
    held_keys keys{};
};

} // namespace outlast::oauth2

#endif // OUTLAST_OAUTH2_HELD_KEYS_HPP
