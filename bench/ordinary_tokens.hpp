// SPDX-License-Identifier: BSL-1.0
//
// A cache of checked tokens as it is ordinarily written: the SHA-256 of the token in hexadecimal,
// a map under a mutex, the claims, an expiry on the wall clock.
#ifndef OUTLAST_BENCH_ORDINARY_TOKENS_HPP
#define OUTLAST_BENCH_ORDINARY_TOKENS_HPP

#include <openssl/evp.h>

#include <array>
#include <chrono>
#include <cstddef>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

namespace bench::ordinary {

/// Short enough that a copy allocates nothing.
struct claims {
    std::string subject;
    std::string client;
    std::string scope;
};

class token_cache {
public:
    explicit token_cache(std::size_t capacity) : capacity_(capacity) {}

    std::optional<claims> find(std::string_view token) {
        const std::string key = key_of(token);
        const std::lock_guard hold{mutex_};
        const auto at = entries_.find(key);
        if (at == entries_.end())
            return std::nullopt;
        if (std::chrono::system_clock::now() >= at->second.expires) {
            entries_.erase(at);
            return std::nullopt;
        }
        return at->second.said;
    }

    void put(std::string_view token, claims said, std::chrono::seconds life) {
        std::string key = key_of(token);
        const std::lock_guard hold{mutex_};
        if (entries_.size() >= capacity_)
            entries_.erase(entries_.begin());
        entries_[std::move(key)] = {std::move(said), std::chrono::system_clock::now() + life};
    }

private:
    struct entry {
        claims said;
        std::chrono::system_clock::time_point expires;
    };

    static std::string key_of(std::string_view token) {
        std::array<unsigned char, 32> digest{};
        EVP_Digest(token.data(), token.size(), digest.data(), nullptr, EVP_sha256(), nullptr);
        std::string hex;
        hex.reserve(2 * digest.size());
        for (const unsigned char byte : digest) {
            hex.push_back("0123456789abcdef"[byte >> 4U]);
            hex.push_back("0123456789abcdef"[byte & 15U]);
        }
        return hex;
    }

    std::size_t capacity_;
    std::mutex mutex_;
    std::unordered_map<std::string, entry> entries_;
};

} // namespace bench::ordinary

#endif // OUTLAST_BENCH_ORDINARY_TOKENS_HPP
