// SPDX-License-Identifier: BSL-1.0
//
// What the gateway counts, for Prometheus.
#pragma once

#include <outlast/circuit_facts.hpp>
#include <outlast/oauth2/decision.hpp>
#include <outlast/oauth2/stale_ledger.hpp>
#include <outlast/time.hpp>

#include "refusal.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace prometheus {
class Counter;
class Gauge;
class Histogram;
class Registry;
} // namespace prometheus

namespace gateway {

/// How requests were answered.
enum class answer_class : unsigned char {
    live,
    cached,
    stale,
    refused,
    unavailable,
    unauthenticated
};
inline constexpr std::size_t answer_classes = 6;

[[nodiscard]] answer_class class_of(const outlast::oauth2::decision& d) noexcept;

/// **Sharing** thread-safe.
class metrics {
public:
    /// \param endpoints their names as they may be shown
    explicit metrics(const std::vector<std::string>& endpoints);
    ~metrics();
    metrics(const metrics&) = delete;
    metrics& operator=(const metrics&) = delete;

    void checked(const outlast::oauth2::decision& d, outlast::duration took);
    /// A request that may not pass, and not because nothing is known (503).
    void refused(refusal_reason why);
    void
    called(std::size_t endpoint, outlast::oauth2::outcome_class outcome, outlast::duration took);
    void breaker_is(std::size_t endpoint, outlast::circuit_state state);
    void tokens_known(std::size_t number);
    /// Of the whole life of the process.
    void stale_tokens(const outlast::oauth2::stale_counts& now);
    /// A token here, by whoever runs the API.
    void revoked();
    /// Of the whole life of the process.
    void log_lines_lost(std::uint64_t number);
    void began();
    void ended();

    /// In the text format of Prometheus.
    [[nodiscard]] std::string text() const;

private:
    struct endpoint_metrics {
        std::array<prometheus::Counter*, 6> calls;
        prometheus::Histogram* took;
        std::array<prometheus::Gauge*, 3> states;
    };

    std::shared_ptr<prometheus::Registry> registry_;
    std::array<prometheus::Counter*, answer_classes> checks_{};
    std::array<prometheus::Counter*, refusal_reasons> refusals_{};
    prometheus::Histogram* check_took_;
    prometheus::Histogram* stale_age_;
    prometheus::Gauge* tokens_;
    prometheus::Counter* stale_served_;
    std::array<prometheus::Counter*, 4> stale_settled_{};
    prometheus::Gauge* stale_waiting_;
    prometheus::Gauge* under_way_;
    prometheus::Counter* revocations_;
    prometheus::Counter* log_lines_lost_;
    std::vector<endpoint_metrics> endpoints_;
};

} // namespace gateway
