// SPDX-License-Identifier: BSL-1.0
#include "metrics.hpp"

#include <outlast/names.hpp>

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <chrono>
#include <cstdint>
#include <string_view>

namespace gateway {

namespace {

namespace oauth2 = outlast::oauth2;

constexpr std::array<const char*, answer_classes> answer_names{
    "live", "cached", "stale", "refused", "unavailable", "unauthenticated"};
constexpr std::array<const char*, 4> settled_names{"active", "inactive", "expired", "dropped"};
constexpr std::array states{outlast::circuit_state::closed, outlast::circuit_state::open,
                            outlast::circuit_state::half_open};

void raise_to(prometheus::Counter& counter, std::uint64_t value) {
    counter.Increment(static_cast<double>(value) - counter.Value());
}

double seconds(outlast::duration d) { return std::chrono::duration<double>(d).count(); }

const prometheus::Histogram::BucketBoundaries& call_buckets() {
    static const prometheus::Histogram::BucketBoundaries bounds{
        0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5};
    return bounds;
}

} // namespace

answer_class class_of(const oauth2::decision& d) noexcept {
    using assurance = oauth2::decision::assurance;
    if (d.status == 503)
        return answer_class::unavailable;
    if (!d.allowed())
        return d.because ? answer_class::refused : answer_class::unauthenticated;
    return d.how == assurance::stale    ? answer_class::stale
           : d.how == assurance::cached ? answer_class::cached
                                        : answer_class::live;
}

metrics::metrics(const std::vector<std::string>& endpoints)
    : registry_(std::make_shared<prometheus::Registry>()) {
    auto& checks = prometheus::BuildCounter()
                       .Name("introspection_gateway_checks_total")
                       .Help("Requests by how they were answered: allowed by a live, cached or "
                             "stale verdict; refused "
                             "by a verdict; unavailable (503); unauthenticated (no usable token).")
                       .Register(*registry_);
    for (std::size_t i = 0; i != answer_classes; ++i)
        checks_[i] = &checks.Add({{"answer", answer_names[i]}});
    auto& refusals =
        prometheus::BuildCounter()
            .Name("introspection_gateway_refusals_total")
            .Help("Requests that may not pass (400, 401, 403, 404, 500; not 503) by the reason.")
            .Register(*registry_);
    for (std::size_t i = 0; i != refusal_reasons; ++i)
        refusals_[i] =
            &refusals.Add({{"reason", std::string{to_string(static_cast<refusal_reason>(i))}}});
    check_took_ =
        &prometheus::BuildHistogram()
             .Name("introspection_gateway_check_duration_seconds")
             .Help("How long a check took.")
             .Register(*registry_)
             .Add({}, prometheus::Histogram::BucketBoundaries{0.0001, 0.00025, 0.0005, 0.001, 0.005,
                                                              0.01, 0.05, 0.1, 0.5, 1, 5});
    stale_age_ = &prometheus::BuildHistogram()
                      .Name("introspection_gateway_stale_age_seconds")
                      .Help("How old the stale verdicts were that requests were allowed by.")
                      .Register(*registry_)
                      .Add({}, prometheus::Histogram::BucketBoundaries{60, 90, 120, 180, 300, 600,
                                                                       1800, 3600, 14400, 43200});
    tokens_ = &prometheus::BuildGauge()
                   .Name("introspection_gateway_known_tokens")
                   .Help("Verdicts in memory, fresh and stale.")
                   .Register(*registry_)
                   .Add({});
    stale_served_ = &prometheus::BuildCounter()
                         .Name("introspection_gateway_stale_served_total")
                         .Help("Tokens (not requests) that were allowed by a stale verdict.")
                         .Register(*registry_)
                         .Add({});
    auto& settled = prometheus::BuildCounter()
                        .Name("introspection_gateway_stale_settled_total")
                        .Help("What became of the tokens that were allowed by a stale verdict: the "
                              "server said afterwards that they were active or inactive (revoked "
                              "meanwhile), or they expired, or were dropped for want of room.")
                        .Register(*registry_);
    for (std::size_t i = 0; i != stale_settled_.size(); ++i)
        stale_settled_[i] = &settled.Add({{"verdict", settled_names[i]}});
    stale_waiting_ = &prometheus::BuildGauge()
                          .Name("introspection_gateway_stale_waiting")
                          .Help("Tokens that were allowed by a stale verdict, of which the server "
                                "has not spoken since.")
                          .Register(*registry_)
                          .Add({});
    under_way_ = &prometheus::BuildGauge()
                      .Name("introspection_gateway_checks_under_way")
                      .Help("Checks that have begun and are not answered.")
                      .Register(*registry_)
                      .Add({});
    revocations_ = &prometheus::BuildCounter()
                        .Name("introspection_gateway_revocations_total")
                        .Help("Tokens that were revoked here, by POST /revoke.")
                        .Register(*registry_)
                        .Add({});
    log_lines_lost_ = &prometheus::BuildCounter()
                           .Name("introspection_gateway_log_lines_lost_total")
                           .Help("Lines of the log that were dropped because nobody read it.")
                           .Register(*registry_)
                           .Add({});
    auto& calls = prometheus::BuildCounter()
                      .Name("introspection_gateway_server_calls_total")
                      .Help("Requests to the authorization server by what they came to.")
                      .Register(*registry_);
    auto& took = prometheus::BuildHistogram()
                     .Name("introspection_gateway_server_call_duration_seconds")
                     .Help("How long requests to the authorization server took.")
                     .Register(*registry_);
    auto& breakers = prometheus::BuildGauge()
                         .Name("introspection_gateway_circuit_breaker_state")
                         .Help("1 for the state that the endpoint's circuit breaker is in.")
                         .Register(*registry_);
    for (const std::string& endpoint : endpoints) {
        endpoint_metrics m{};
        for (std::size_t i = 0; i != m.calls.size(); ++i)
            m.calls[i] = &calls.Add(
                {{"endpoint", endpoint},
                 {"outcome", std::string{to_string(static_cast<oauth2::outcome_class>(i))}}});
        m.took = &took.Add({{"endpoint", endpoint}}, call_buckets());
        for (std::size_t i = 0; i != states.size(); ++i)
            m.states[i] = &breakers.Add(
                {{"endpoint", endpoint}, {"state", std::string{to_string(states[i])}}});
        endpoints_.push_back(m);
        breaker_is(endpoints_.size() - 1, outlast::circuit_state::closed);
    }
}

metrics::~metrics() = default;

void metrics::checked(const oauth2::decision& d, outlast::duration took) {
    checks_[static_cast<std::size_t>(class_of(d))]->Increment();
    check_took_->Observe(seconds(took));
    if (d.allowed() && d.how == oauth2::decision::assurance::stale)
        stale_age_->Observe(seconds(d.age));
}

void metrics::refused(refusal_reason why) { refusals_[static_cast<std::size_t>(why)]->Increment(); }

void metrics::called(std::size_t endpoint, oauth2::outcome_class outcome, outlast::duration took) {
    const endpoint_metrics& m = endpoints_.at(endpoint);
    m.calls[static_cast<std::size_t>(outcome)]->Increment();
    m.took->Observe(seconds(took));
}

void metrics::breaker_is(std::size_t endpoint, outlast::circuit_state state) {
    const endpoint_metrics& m = endpoints_.at(endpoint);
    for (std::size_t i = 0; i != states.size(); ++i)
        m.states[i]->Set(states[i] == state ? 1 : 0);
}

void metrics::tokens_known(std::size_t number) { tokens_->Set(static_cast<double>(number)); }
void metrics::stale_tokens(const oauth2::stale_counts& now) {
    raise_to(*stale_served_, now.served);
    const std::array settled{now.active, now.inactive, now.expired, now.dropped};
    for (std::size_t i = 0; i != settled.size(); ++i)
        raise_to(*stale_settled_[i], settled[i]);
    stale_waiting_->Set(static_cast<double>(now.waiting));
}
void metrics::revoked() { revocations_->Increment(); }
void metrics::log_lines_lost(std::uint64_t number) { raise_to(*log_lines_lost_, number); }
void metrics::began() { under_way_->Increment(); }
void metrics::ended() { under_way_->Decrement(); }

std::string metrics::text() const {
    return prometheus::TextSerializer{}.Serialize(registry_->Collect());
}

} // namespace gateway
