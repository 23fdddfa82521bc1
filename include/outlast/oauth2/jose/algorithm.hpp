// SPDX-License-Identifier: BSL-1.0
//
// The signature algorithms, and which of them are allowed.
#ifndef OUTLAST_OAUTH2_JOSE_ALGORITHM_HPP
#define OUTLAST_OAUTH2_JOSE_ALGORITHM_HPP

#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string_view>

namespace outlast::oauth2::jose {

/// Signatures by a private key (RFC 7518 §3.3-3.5). `none` and HMAC have no name here: no setting allows them,
/// and a public key is never taken for an HMAC secret (RFC 8725 §2.1).
enum class algorithm : std::uint8_t {
    rs256,
    rs384,
    rs512,
    ps256,
    ps384,
    ps512,
    es256,
    es384,
    es512,
};

namespace detail {
inline constexpr std::array<std::string_view, 9> algorithm_names = {
    "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512"};
}

/// The value of `alg`.
[[nodiscard]] constexpr std::string_view to_string(algorithm alg) noexcept {
    const auto at = static_cast<std::size_t>(alg);
    return at < detail::algorithm_names.size() ? detail::algorithm_names[at] : "unknown";
}

/// The algorithm of this name, exactly; none if it is not one of the list.
[[nodiscard]] constexpr std::optional<algorithm> algorithm_named(std::string_view name) noexcept {
    for (std::size_t i = 0; i != detail::algorithm_names.size(); ++i) {
        if (detail::algorithm_names[i] == name)
            return static_cast<algorithm>(i);
    }
    return std::nullopt;
}

[[nodiscard]] constexpr bool is_rsa(algorithm alg) noexcept { return alg < algorithm::es256; }

/// The algorithms that a verifier takes (RFC 8725 §3.1).
class algorithms {
public:
    /// None.
    constexpr algorithms() noexcept = default;
    constexpr algorithms(std::initializer_list<algorithm> allowed) noexcept {
        for (const algorithm one : allowed)
            bits_ = static_cast<std::uint16_t>(bits_ | bit(one));
    }
    /// All that are known here.
    [[nodiscard]] static constexpr algorithms all() noexcept {
        using enum algorithm;
        return {rs256, rs384, rs512, ps256, ps384, ps512, es256, es384, es512};
    }

    [[nodiscard]] constexpr bool contains(algorithm one) const noexcept {
        return (bits_ & bit(one)) != 0;
    }
    [[nodiscard]] constexpr bool empty() const noexcept { return bits_ == 0; }

    bool operator==(const algorithms&) const = default;

private:
    static constexpr std::uint16_t bit(algorithm one) noexcept {
        return static_cast<std::uint16_t>(1U << static_cast<unsigned>(one));
    }
    std::uint16_t bits_ = 0;
};

} // namespace outlast::oauth2::jose

#endif // OUTLAST_OAUTH2_JOSE_ALGORITHM_HPP
