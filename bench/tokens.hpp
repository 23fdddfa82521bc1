// SPDX-License-Identifier: BSL-1.0
//
// Tokens, and caches that know them all.
#ifndef OUTLAST_BENCH_TOKENS_HPP
#define OUTLAST_BENCH_TOKENS_HPP

#include <outlast/cache/memory.hpp>
#include <outlast/oauth2/master_key.hpp>
#include <outlast/oauth2/token_key.hpp>
#include <outlast/outlast.hpp>

#include "ordinary_tokens.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <random>
#include <string_view>
#include <vector>

namespace bench {

using outlast::oauth2::token_digest;
using outlast::oauth2::token_keyer;

/// So many tokens of 43 characters: 32 random bytes in base64url, as they are issued. They lie side
/// by side in the order of their use, so that to read one costs nothing worth counting.
class token_set {
public:
    explicit token_set(std::size_t n) : tokens_(n) {
        std::mt19937_64 random{n};
        for (auto& token : tokens_)
            for (char& c : token)
                c = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"[random() %
                                                                                       64];
    }

    [[nodiscard]] std::size_t size() const noexcept { return tokens_.size(); }
    [[nodiscard]] std::string_view operator[](std::size_t i) const noexcept {
        return {tokens_[i].data(), tokens_[i].size()};
    }

    /// Each once, in an order that has nothing to do with that of their use: a cache filled in the
    /// order in which it is read has its nodes in a row.
    template <class F>
    void in_any_order(F f) const {
        std::vector<std::uint32_t> order(size());
        for (std::uint32_t i = 0; i != order.size(); ++i)
            order[i] = i;
        std::shuffle(order.begin(), order.end(), std::mt19937_64{1});
        for (const std::uint32_t i : order)
            f((*this)[i]);
    }

private:
    std::vector<std::array<char, 43>> tokens_;
};

inline const token_keyer& keyer() {
    static const token_keyer made =
        token_keyer::make(
            outlast::oauth2::master_key::of_this_process().value(),
            {.endpoint = "https://auth.example/introspect", .client = "api", .tenant = ""})
            .value();
    return made;
}

/// What is remembered of a token.
struct verdict {
    std::int64_t expires = 0;
    std::uint32_t subject = 0;
    bool active = false;
};

struct digest_of {
    const token_keyer* with;
    token_digest operator()(std::string_view token) const { return (*with)(token).value(); }
};
struct a_day {
    outlast::lifetime operator()(const verdict&) const {
        return {.fresh_for = std::chrono::hours{24}};
    }
};

inline constexpr auto introspect = [](std::string_view token) {
    return verdict{.expires = 1, .subject = static_cast<std::uint32_t>(token[0]), .active = true};
};

/// outlast: a store behind `cache_aside`, in a pipeline.
struct remembered {
    using store_type = outlast::memory<token_digest, verdict>;
    using cache_type = outlast::cache_aside<store_type, digest_of, a_day>;

    explicit remembered(const token_set& tokens) : store{{.capacity = tokens.size()}} {
        tokens.in_any_order([this](std::string_view token) { (void)check(introspect, token); });
    }

    store_type store;
    cache_type cache{store, digest_of{&keyer()}, a_day{}};
    outlast::pipeline<std::reference_wrapper<cache_type>> check{std::ref(cache)};
};

/// The lookup alone, without the digest and the pipeline.
inline bool known(remembered& in, const token_digest& key) {
    return in.store.find(key).has_value();
}

/// The ordinary way.
struct noted {
    explicit noted(const token_set& tokens) : cache{tokens.size()} {
        tokens.in_any_order([this](std::string_view token) {
            cache.put(token, {"user-4711", "web-client", "orders:read"}, std::chrono::hours{24});
        });
    }
    ordinary::token_cache cache;
};

} // namespace bench

#endif // OUTLAST_BENCH_TOKENS_HPP
