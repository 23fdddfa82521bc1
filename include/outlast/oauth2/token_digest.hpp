// SPDX-License-Identifier: BSL-1.0
//
// What stands for a token in a table, and the function that makes it.
#ifndef OUTLAST_OAUTH2_TOKEN_DIGEST_HPP
#define OUTLAST_OAUTH2_TOKEN_DIGEST_HPP

#include <sodium/crypto_shorthash_siphash24.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>    // std::memcpy
#include <functional> // std::hash
#include <optional>
#include <string_view>

namespace outlast::oauth2 {

/// The key of a token in a cache or in a single-flight table: 128 bits. It is compared and hashed,
/// never shown: it has no stream output, and none can be added without a compile error.
struct token_digest {
    std::array<unsigned char, 16> bytes{};

    // Word by word, as they are written: a load of all bytes at once would wait for the last of them.
    [[nodiscard]] friend bool operator==(token_digest const& a, token_digest const& b) noexcept {
        return a.word(0) == b.word(0) && a.word(1) == b.word(1);
    }

    /// The first eight bytes, or the others. \pre i < 2
    [[nodiscard]] std::uint64_t word(std::size_t i) const noexcept {
        std::uint64_t w = 0;
        std::memcpy(&w, bytes.data() + i * sizeof w, sizeof w);
        return w;
    }

    template <class Stream>
    friend Stream& operator<<(Stream&, token_digest const&) = delete;
};

} // namespace outlast::oauth2

/// Eight bytes of the digest: they are the output of a keyed function, so nobody outside can choose
/// tokens that fall into one bucket.
template <>
struct std::hash<outlast::oauth2::token_digest> {
    [[nodiscard]] std::size_t
    operator()(outlast::oauth2::token_digest const& digest) const noexcept {
        return static_cast<std::size_t>(digest.word(0));
    }
};

namespace outlast::oauth2::detail {

[[nodiscard]] inline unsigned char const* octets(std::string_view text) noexcept {
    return reinterpret_cast<unsigned char const*>(text.data());
}

/// SipHash-2-4 with 128-bit output under a key of 16 bytes; none for a key of another size: that of a
/// moved-from keyer. By libsodium, which takes a third of OpenSSL's time for a token, fails in no way, and
/// needs no context. (Its `sodium_init` is for what it has several implementations of; this it has not.)
[[nodiscard]] inline std::optional<token_digest> siphash_128(std::string_view key,
                                                             std::string_view data) noexcept {
    static_assert(crypto_shorthash_siphashx24_BYTES == sizeof token_digest::bytes);
    std::optional<token_digest> digest;
    if (key.size() == crypto_shorthash_siphashx24_KEYBYTES)
        crypto_shorthash_siphashx24(digest.emplace().bytes.data(), octets(data), data.size(),
                                    octets(key));
    return digest;
}

} // namespace outlast::oauth2::detail

#endif // OUTLAST_OAUTH2_TOKEN_DIGEST_HPP
