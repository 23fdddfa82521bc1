// SPDX-License-Identifier: BSL-1.0
//
// A scripted issuer's keys, asked for in virtual time by a blocking and by an asynchronous source.
#ifndef OUTLAST_TESTS_OAUTH2_SUPPORT_KEY_SERVER_HPP
#define OUTLAST_TESTS_OAUTH2_SUPPORT_KEY_SERVER_HPP

#include <outlast/oauth2/jwt/async_key_source.hpp>
#include <outlast/oauth2/jwt/key_source.hpp>
#include <outlast/simulate.hpp>

#include "oauth2/support/async_way.hpp"
#include "oauth2/support/jose_keys.hpp"
#include "oauth2/support/jose_texts.hpp"
#include "oauth2/support/server.hpp"

#include <chrono>
#include <deque>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace outlast_tests {

/// A JWK Set of the public parts of these keys.
inline std::string jwks_of(std::initializer_list<std::string_view> keys) {
    std::string json = R"({"keys":[)";
    for (const std::string_view key : keys)
        json += (json.back() == '[' ? "" : ",") + public_jwk(key);
    return json + "]}";
}
inline reply says_keys(std::initializer_list<std::string_view> keys) {
    return answers(200, jwks_of(keys), "application/jwk-set+json");
}

inline outlast::oauth2::key_source_options keys_at_issuer() {
    return {
        .url = "https://as.example/jwks",
        .retry = {.max_attempts = 2, .backoff = outlast::constant(std::chrono::milliseconds{100})},
        .wall = [] {
            return std::chrono::system_clock::time_point{std::chrono::seconds{1'700'000'000}};
        }};
}

using keys_result = outlast::result<outlast::oauth2::jose::key_set_ptr>;

class blocking_keys {
public:
    scripted_server server{};
    outlast::oauth2::key_source<scripted_server> source;

    explicit blocking_keys(outlast::oauth2::key_source_options o = keys_at_issuer())
        : source(std::move(o), server) {
        server.world = &sim_;
    }
    /// Starts a call; `run` or `advance` goes on, `told` says what it came to.
    std::size_t begin(outlast::duration max_age = outlast::forever) {
        auto& c = sim_.call(source.policies(), source.work(), outlast::oauth2::key_query{max_age});
        told_.push_back([&c]() -> std::optional<keys_result> {
            return c.done() ? std::optional{keys_result{c.result()}} : std::nullopt;
        });
        return told_.size() - 1;
    }
    [[nodiscard]] std::optional<keys_result> told(std::size_t call) { return told_[call](); }
    keys_result get(outlast::duration max_age = outlast::forever) {
        const std::size_t call = begin(max_age);
        sim_.run();
        return *told(call);
    }
    void advance(outlast::duration span) { sim_.advance(span); }
    void run() { sim_.run(); }
    [[nodiscard]] outlast::instant time() const { return sim_.time(); }
    [[nodiscard]] auto in_hand() {
        return source.outlast::oauth2::key_source_base::in_hand(sim_.time());
    }

private:
    outlast::simulation sim_{};
    std::deque<std::function<std::optional<keys_result>()>> told_{};
};

class async_keys {
    virtual_loop loop_{};

public:
    async_scripted_server server{};
    outlast::oauth2::async_key_source<async_scripted_server, hand_clock> source;

    explicit async_keys(outlast::oauth2::key_source_options o = keys_at_issuer())
        : source(std::move(o), listening(server, loop_)) {}

    std::size_t begin(outlast::duration max_age = outlast::forever) {
        auto& place = told_.emplace_back();
        source.async_get(max_age, {}, [&place](keys_result r) { place.emplace(std::move(r)); });
        loop_.advance({});
        return told_.size() - 1;
    }
    [[nodiscard]] std::optional<keys_result> told(std::size_t call) { return told_[call]; }
    keys_result get(outlast::duration max_age = outlast::forever) {
        const std::size_t call = begin(max_age);
        loop_.run_until([&] { return told_[call].has_value(); });
        return *told_[call];
    }
    void advance(outlast::duration span) { loop_.advance(span); }
    void run() { loop_.run(); }
    [[nodiscard]] outlast::instant time() const { return loop_.now(); }
    [[nodiscard]] auto in_hand() { return source.in_hand(); }

private:
    static async_scripted_server& listening(async_scripted_server& s, virtual_loop& loop) {
        s.loop = &loop;
        return s;
    }
    std::deque<std::optional<keys_result>> told_{};
};

} // namespace outlast_tests

#endif // OUTLAST_TESTS_OAUTH2_SUPPORT_KEY_SERVER_HPP
