// SPDX-License-Identifier: BSL-1.0
//
// The names of the values that end up in logs and metrics.
#ifndef OUTLAST_NAMES_HPP
#define OUTLAST_NAMES_HPP

#include <outlast/circuit_facts.hpp>
#include <outlast/report.hpp>
#include <outlast/step.hpp>

#include <string_view>

namespace outlast {

// Each is the enumerator as it is spelt: fixed, in snake_case, fit for a metric label. A sentence
// for a person is `failure::message()`.

[[nodiscard]] constexpr std::string_view to_string(circuit_state state) noexcept {
    switch (state) {
    case circuit_state::closed:
        return "closed";
    case circuit_state::open:
        return "open";
    case circuit_state::half_open:
        return "half_open";
    }
    return "unknown";
}

[[nodiscard]] constexpr std::string_view to_string(circuit_mode mode) noexcept {
    switch (mode) {
    case circuit_mode::normal:
        return "normal";
    case circuit_mode::isolated:
        return "isolated";
    case circuit_mode::disabled:
        return "disabled";
    case circuit_mode::shadow:
        return "shadow";
    }
    return "unknown";
}

[[nodiscard]] constexpr std::string_view to_string(circuit_cause why) noexcept {
    switch (why) {
    case circuit_cause::none:
        return "none";
    case circuit_cause::failures:
        return "failures";
    case circuit_cause::slow_calls:
        return "slow_calls";
    case circuit_cause::server_hint:
        return "server_hint";
    case circuit_cause::break_over:
        return "break_over";
    case circuit_cause::probes_good:
        return "probes_good";
    case circuit_cause::probes_failed:
        return "probes_failed";
    case circuit_cause::probes_slow:
        return "probes_slow";
    case circuit_cause::lease_over:
        return "lease_over";
    case circuit_cause::stay_over:
        return "stay_over";
    case circuit_cause::by_hand:
        return "by_hand";
    }
    return "unknown";
}

[[nodiscard]] constexpr std::string_view to_string(circuit_refusal why) noexcept {
    switch (why) {
    case circuit_refusal::open:
        return "open";
    case circuit_refusal::probing:
        return "probing";
    case circuit_refusal::held_back:
        return "held_back";
    case circuit_refusal::ramping:
        return "ramping";
    case circuit_refusal::isolated:
        return "isolated";
    }
    return "unknown";
}

[[nodiscard]] constexpr std::string_view to_string(source how) noexcept {
    switch (how) {
    case source::live:
        return "live";
    case source::cached:
        return "cached";
    case source::stale:
        return "stale";
    case source::fallback:
        return "fallback";
    }
    return "unknown";
}

[[nodiscard]] constexpr std::string_view to_string(refusal why) noexcept {
    switch (why) {
    case refusal::none:
        return "none";
    case refusal::timed_out:
        return "timed_out";
    case refusal::circuit_open:
        return "circuit_open";
    case refusal::cancelled:
        return "cancelled";
    case refusal::rate_limited:
        return "rate_limited";
    case refusal::bulkhead_full:
        return "bulkhead_full";
    case refusal::unavailable:
        return "unavailable";
    case refusal::invalid_options:
        return "invalid_options";
    case refusal::threw:
        return "threw";
    case refusal::exhausted:
        return "exhausted";
    }
    return "unknown";
}

[[nodiscard]] constexpr std::string_view to_string(verdict_kind kind) noexcept {
    switch (kind) {
    case verdict_kind::success:
        return "success";
    case verdict_kind::failure:
        return "failure";
    case verdict_kind::neutral:
        return "neutral";
    case verdict_kind::expired:
        return "expired";
    }
    return "unknown";
}

} // namespace outlast

#endif // OUTLAST_NAMES_HPP
