// SPDX-License-Identifier: BSL-1.0
//
// What stands for a token in a table, and the function that makes it.
#ifndef OUTLAST_OAUTH2_TOKEN_DIGEST_HPP
#define OUTLAST_OAUTH2_TOKEN_DIGEST_HPP

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>    // std::memcpy
#include <functional> // std::hash
#include <optional>
#include <string_view>
#include <utility> // std::exchange, std::in_place

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

/// The SipHash algorithm, looked up once in the life of the process; null if there is none.
/// Never freed: threads may still be digesting while static objects are destroyed.
[[nodiscard]] inline EVP_MAC* siphash() noexcept {
    static EVP_MAC* const algorithm = EVP_MAC_fetch(nullptr, OSSL_MAC_NAME_SIPHASH, nullptr);
    return algorithm;
}

/// One context a thread, set to 128 bits of output once. EVP_MAC_init with a key starts it anew, so
/// that introspectors with different keys share it, and a digest allocates nothing.
class siphash_context {
public:
    /// Null if it cannot be had, and while the thread ends, once it was freed.
    [[nodiscard]] static EVP_MAC_CTX* here() noexcept {
        if (context_ == nullptr && !freed_)
            make();
        return context_;
    }

private:
    struct owner {
        ~owner() {
            EVP_MAC_CTX_free(std::exchange(context_, nullptr));
            freed_ = true;
        }
    };

    static void make() noexcept {
        EVP_MAC* const algorithm = siphash();
        if (algorithm == nullptr)
            return;
        thread_local const owner until_the_thread_ends;
        (void)until_the_thread_ends;
        EVP_MAC_CTX* const made = EVP_MAC_CTX_new(algorithm);
        std::size_t size = sizeof token_digest::bytes;
        const OSSL_PARAM parameters[] = {OSSL_PARAM_construct_size_t(OSSL_MAC_PARAM_SIZE, &size),
                                         OSSL_PARAM_construct_end()};
        if (made != nullptr && EVP_MAC_CTX_set_params(made, parameters) == 1) {
            context_ = made;
        } else {
            EVP_MAC_CTX_free(made);
        }
    }

    // No destructors: objects that go later may ask.
    static inline constinit thread_local EVP_MAC_CTX* context_ = nullptr;
    static inline constinit thread_local bool freed_ = false;
};

/// SipHash-2-4 with 128-bit output under a key of 16 bytes; none when OpenSSL fails, and for a key
/// of another size: with none (a moved-from keyer) OpenSSL would go on from the key before it.
[[nodiscard]] inline std::optional<token_digest> siphash_128(std::string_view key,
                                                             std::string_view data) noexcept {
    EVP_MAC_CTX* const context = siphash_context::here();
    std::optional<token_digest> digest{std::in_place};
    std::size_t size = 0;
    if (context == nullptr || key.size() != 16 ||
        EVP_MAC_init(context, octets(key), key.size(), nullptr) != 1 ||
        EVP_MAC_update(context, octets(data), data.size()) != 1 ||
        EVP_MAC_final(context, digest->bytes.data(), &size, digest->bytes.size()) != 1 ||
        size != digest->bytes.size()) {
        digest.reset();
    }
    return digest;
}

/// The first value of the reference vectors of SipHash-2-4-128: key 00..0f, no input. Guards
/// against a provider that answers with other rounds or another length.
[[nodiscard]] inline bool siphash_works() noexcept {
    constexpr std::string_view key{"\x00\x01\x02\x03\x04\x05\x06\x07"
                                   "\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f",
                                   16};
    constexpr token_digest expected{{0xa3, 0x81, 0x7f, 0x04, 0xba, 0x25, 0xa8, 0xe6, 0x6d, 0xf6,
                                     0x72, 0x14, 0xc7, 0x55, 0x02, 0x93}};
    return siphash_128(key, {}) == expected;
}

} // namespace outlast::oauth2::detail

#endif // OUTLAST_OAUTH2_TOKEN_DIGEST_HPP
