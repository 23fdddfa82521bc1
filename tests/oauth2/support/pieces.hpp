// SPDX-License-Identifier: BSL-1.0
//
// What an introspector of either form shows of itself, for tests that are compiled once for both.
#ifndef OUTLAST_TESTS_OAUTH2_SUPPORT_PIECES_HPP
#define OUTLAST_TESTS_OAUTH2_SUPPORT_PIECES_HPP

#include <outlast/oauth2/introspector_base.hpp>

#include <cstddef>
#include <optional>
#include <string_view>

namespace outlast_tests {

class pieces {
public:
    virtual ~pieces() = default;
    [[nodiscard]] virtual outlast::circuit_breaker& breaker(std::size_t endpoint = 0) = 0;
    [[nodiscard]] virtual outlast::circuit_breaker& latch(std::size_t endpoint = 0) = 0;
    [[nodiscard]] virtual outlast::bulkhead& door() = 0;
    [[nodiscard]] virtual outlast::memory<outlast::oauth2::token_digest,
                                          outlast::oauth2::knowledge>&
    store() = 0;
    [[nodiscard]] virtual const outlast::oauth2::introspector_options& options() const = 0;
    [[nodiscard]] virtual std::optional<outlast::oauth2::token_digest>
    key_of(std::string_view token) const = 0;
    [[nodiscard]] virtual outlast::oauth2::stale_counts stale_tokens() const = 0;
    [[nodiscard]] virtual bool is_healthy(std::size_t endpoint, outlast::instant now) = 0;
    virtual void revoke(std::string_view token) = 0;
    virtual void forget(std::string_view token) = 0;
};

template <class Introspector>
class pieces_of final : public pieces {
public:
    explicit pieces_of(Introspector& api) : api_(&api) {}
    [[nodiscard]] outlast::circuit_breaker& breaker(std::size_t endpoint) override {
        return api_->breaker(endpoint);
    }
    [[nodiscard]] outlast::circuit_breaker& latch(std::size_t endpoint) override {
        return api_->latch(endpoint);
    }
    [[nodiscard]] outlast::bulkhead& door() override { return api_->door(); }
    [[nodiscard]] outlast::memory<outlast::oauth2::token_digest, outlast::oauth2::knowledge>&
    store() override {
        return api_->store();
    }
    [[nodiscard]] const outlast::oauth2::introspector_options& options() const override {
        return api_->options();
    }
    [[nodiscard]] std::optional<outlast::oauth2::token_digest>
    key_of(std::string_view token) const override {
        return api_->key_of(token);
    }
    [[nodiscard]] outlast::oauth2::stale_counts stale_tokens() const override {
        return api_->stale_tokens();
    }
    [[nodiscard]] bool is_healthy(std::size_t endpoint, outlast::instant now) override {
        return api_->is_healthy(endpoint, now);
    }
    void revoke(std::string_view token) override { api_->revoke(token); }
    void forget(std::string_view token) override { api_->forget(token); }

private:
    Introspector* api_;
};

} // namespace outlast_tests

#endif // OUTLAST_TESTS_OAUTH2_SUPPORT_PIECES_HPP
