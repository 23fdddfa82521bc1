// SPDX-License-Identifier: BSL-1.0
//
// The cache key of a token: a keyed digest that is worth nothing outside this process.
#ifndef OUTLAST_OAUTH2_TOKEN_KEY_HPP
#define OUTLAST_OAUTH2_TOKEN_KEY_HPP

#include <outlast/config.hpp>
#include <outlast/oauth2/master_key.hpp>
#include <outlast/oauth2/secret.hpp>
#include <outlast/oauth2/token_digest.hpp>

#include <openssl/core_names.h>
#include <openssl/evp.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility> // std::move

namespace outlast::oauth2 {

namespace detail {

/// Appends `part` after its length in eight bytes, so that no two lists of parts give one text.
inline void append_prefixed(std::string& text, std::string_view part) {
    for (unsigned shift = 64; shift != 0;) {
        shift -= 8;
        text.push_back(static_cast<char>(std::uint64_t{part.size()} >> shift & 0xffU));
    }
    text.append(part);
}

} // namespace detail

/// What a verdict about a token belongs to. The same token asked about at another server, or by
/// another client, may get another answer (RFC 7662 §2.2), so it has another key.
struct key_binding {
    std::string_view endpoint; ///< of the logical authorization server; one name for its replicas
    std::string_view client;   ///< the id by which we introspect; may be empty
    std::string_view tenant;   ///< where one process serves several; else empty
};

/// Makes the digests of tokens for one introspector.
///
/// The key of a token is SipHash-2-4 with 128 bits of output, under a subkey of 128 bits. The
/// subkey is the first half of HMAC-SHA-256, under the master key, over the length-prefixed parts
/// of the binding.
///
/// Why this is safe:
/// - *Guessing.* SipHash-2-4 is a pseudorandom function: who does not know the subkey cannot
///   compute the digest of a token, nor find a token that has a given digest, better than by trying
///   2^128 values, each of them through us. Only the processes that hold the master key can make
///   it.
/// - *Collisions.* Nobody outside can search for two tokens with one digest, since digests are
///   never shown: not in logs, metrics, errors or stream output. By chance, n tokens collide with a
///   probability below n² / 2^129: less than 10^-20 for a thousand million tokens.
/// - *Leaks.* A dump of the cache shows no token, and cannot be tested against a list of candidates
///   without the key. A plain SHA-256 could be: tokens of little entropy would fall, and the digest
///   of a known token would identify its user in every process and store (RFC 9700 §4.9.3).
/// - *Flooding.* As the digests cannot be predicted, tokens cannot be chosen to fall into one
///   bucket.
/// - *Confusion.* Endpoint, client and tenant are inside the subkey, each after its length: a
///   verdict for one of them is never found by another (threat S11).
///
/// HMAC-SHA-256 would give the same with more bits, at many times the cost for a short token, on
/// the path of each request, cached ones included.
///
/// Sharing: immutable; any number of threads may digest at once. Cost: some 40 ns for a token of 43
/// bytes, 0.4 ns for each further one; no allocation.
class token_keyer {
public:
    /// \return the keyer, or a `key_error`. \throws std::bad_alloc only
    [[nodiscard]] static key_result<token_keyer> make(master_key const& master,
                                                      key_binding const& binding) {
        const std::string_view key = master.bytes_.expose();
        if (key.size() < master_key::smallest)
            return make_error_code(key_error::key_too_short); // it was moved from

        std::string text;
        detail::append_prefixed(text, "outlast oauth2 token key 1");
        detail::append_prefixed(text, binding.endpoint);
        detail::append_prefixed(text, binding.client);
        detail::append_prefixed(text, binding.tenant);

        std::string full(32, '\0');
        const detail::wiped_on_exit wiped{full};
        std::size_t size = 0;
        auto* const out = reinterpret_cast<unsigned char*>(full.data());
        if (EVP_Q_mac(nullptr, OSSL_MAC_NAME_HMAC, nullptr, "SHA256", nullptr, key.data(),
                      key.size(), detail::octets(text), text.size(), out, full.size(),
                      &size) == nullptr ||
            size != full.size()) {
            return make_error_code(key_error::no_hmac);
        }
        return token_keyer{secret{std::string_view{full}.substr(0, 16)}};
    }

#if OUTLAST_EXCEPTIONS
    /// As `make`. \throws std::system_error with a `key_error`
    token_keyer(master_key const& master, key_binding const& binding)
        : token_keyer{make(master, binding).value()} {}
#endif

    /// The digest of `token`. None only of a keyer that was moved from; then there is no key, so no
    /// cache: the answer to the request is "cannot tell".
    [[nodiscard]] std::optional<token_digest> operator()(std::string_view token) const noexcept {
        return detail::siphash_128(subkey_.expose(), token);
    }

private:
    explicit token_keyer(secret subkey) noexcept : subkey_{std::move(subkey)} {}

    secret subkey_;
};

} // namespace outlast::oauth2

#endif // OUTLAST_OAUTH2_TOKEN_KEY_HPP
