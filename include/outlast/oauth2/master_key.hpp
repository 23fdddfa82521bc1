// SPDX-License-Identifier: BSL-1.0
//
// The secret behind all token keys of a process.
#ifndef OUTLAST_OAUTH2_MASTER_KEY_HPP
#define OUTLAST_OAUTH2_MASTER_KEY_HPP

#include <outlast/oauth2/secret.hpp>

#include <boost/outcome/std_result.hpp>

#include <openssl/rand.h>

#include <cstddef>
#include <string>
#include <system_error>
#include <type_traits>
#include <utility> // std::move

namespace outlast::oauth2 {

/// Why no key could be made. Each is a state of this process, never of a token.
enum class key_error {
    no_randomness = 1, ///< the random generator of OpenSSL gave nothing
    key_too_short,     ///< a configured master key has fewer than 32 bytes
    no_hmac,           ///< HMAC-SHA-256 is not available or failed
};

namespace detail {

class key_category_type final : public std::error_category {
public:
    [[nodiscard]] char const* name() const noexcept override { return "outlast.oauth2.token_key"; }
    [[nodiscard]] std::string message(int code) const override {
        switch (static_cast<key_error>(code)) {
        case key_error::no_randomness:
            return "OpenSSL has no randomness for the token key";
        case key_error::key_too_short:
            return "the configured token key has fewer than 32 bytes";
        case key_error::no_hmac:
            return "OpenSSL offers no HMAC-SHA-256 to derive the token key";
        }
        return "unknown error of the token key";
    }
};

} // namespace detail

[[nodiscard]] inline std::error_category const& key_category() noexcept {
    static const detail::key_category_type category;
    return category;
}

[[nodiscard]] inline std::error_code make_error_code(key_error error) noexcept {
    return {static_cast<int>(error), key_category()};
}

} // namespace outlast::oauth2

template <>
struct std::is_error_code_enum<outlast::oauth2::key_error> : std::true_type {};

namespace outlast::oauth2 {

/// A value, or a `key_error`.
template <class T>
using key_result = boost::outcome_v2::std_result<T>;

/// The secret from which the keys of all introspectors are derived.
class master_key {
public:
    static constexpr std::size_t smallest = 32; ///< bytes

    /// The key of this process: random, made at the first use, the same ever after (and in a child
    /// of fork; a failure stays too). Introspectors with the same binding then agree on the keys of
    /// a cache that they share.
    [[nodiscard]] static key_result<master_key> of_this_process() {
        static const key_result<master_key> made = random();
        if (!made)
            return made.error();
        return master_key{made.assume_value().bytes_.clone()};
    }

    /// A fresh random key.
    [[nodiscard]] static key_result<master_key> random() {
        std::string bytes(smallest, '\0');
        const detail::wiped_on_exit wiped{bytes};
        auto* const out = reinterpret_cast<unsigned char*>(bytes.data());
        if (RAND_priv_bytes(out, static_cast<int>(bytes.size())) != 1) {
            return make_error_code(key_error::no_randomness);
        }
        return master_key{secret{bytes}};
    }

    /// A key from the configuration, for a cache that several processes share: at least 32 bytes
    /// that are random. A password is not.
    [[nodiscard]] static key_result<master_key> configured(secret bytes) noexcept {
        if (bytes.size() < smallest)
            return make_error_code(key_error::key_too_short);
        return master_key{std::move(bytes)};
    }

private:
    friend class token_keyer;
    explicit master_key(secret bytes) noexcept : bytes_{std::move(bytes)} {}

    secret bytes_;
};

} // namespace outlast::oauth2

#endif // OUTLAST_OAUTH2_MASTER_KEY_HPP
