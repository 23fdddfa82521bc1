// SPDX-License-Identifier: BSL-1.0
//
// The facts of one call, as the policies that took part tell them.
#ifndef OUTLAST_REPORT_HPP
#define OUTLAST_REPORT_HPP

#include <outlast/label.hpp>
#include <outlast/step.hpp>
#include <outlast/time.hpp>

#include <cstdint>
#include <string_view>

namespace outlast {

/// Why a retry made no further attempt.
enum class stopped : std::uint8_t {
    none,          ///< there was no retry, or it did not stop the call
    attempts,      ///< all attempts were used
    deadline,      ///< the next attempt did not fit the deadline
    not_retryable, ///< the outcome is not one to repeat
    told_not_to,   ///< the server's hint said: do not try again
    max_duration,  ///< the retry's own time was over
    budget,        ///< the retry budget was spent
};

/// The enumerator as it is spelt, fit for a metric label; others are in names.hpp.
[[nodiscard]] constexpr std::string_view to_string(stopped why) noexcept {
    switch (why) {
    case stopped::none:
        return "none";
    case stopped::attempts:
        return "attempts";
    case stopped::deadline:
        return "deadline";
    case stopped::not_retryable:
        return "not_retryable";
    case stopped::told_not_to:
        return "told_not_to";
    case stopped::max_duration:
        return "max_duration";
    case stopped::budget:
        return "budget";
    }
    return "unknown";
}

/// Why a circuit breaker entered its state.
enum class circuit_cause : std::uint8_t {
    none,
    failures,      ///< the share of failures, or so many in a row
    slow_calls,    ///< the share of slow calls
    server_hint,   ///< a failure said when to come back (`open_on_hint`)
    break_over,    ///< it was open for long enough
    probes_good,   ///< as many answers as decide
    probes_failed, ///< the share of failures among the probes is certain
    probes_slow,   ///< the share of slow ones is
    lease_over,    ///< a probe did not end in time, and that decided
    stay_over,     ///< half-open for too long without a decision
    by_hand,
};

/// Why a circuit breaker refused a call.
enum class circuit_refusal : std::uint8_t {
    open,
    probing,   ///< half-open, and all probes are out
    held_back, ///< half-open, and this call has something to lose
    ramping,   ///< closed again, and not all pass yet
    isolated,  ///< by hand
};

/// Where an answer came from.
enum class source : std::uint8_t {
    live,     ///< the work, in this call
    cached,   ///< a cache, still fresh
    stale,    ///< a cache, past its freshness, because the work failed
    fallback, ///< the fallback
};

/// What a failure carries. Plain numbers; nothing here refers to memory that can go away. Small, as
/// a refusal is to cost little more than to write it.
struct failure_facts {
    label policy{};                         ///< kind of the policy that decided: "circuit breaker"
    label name{};                           ///< its name, or that of what it guards
    duration retry_after = duration::min(); ///< when asking again makes sense; min: unknown
    duration elapsed{};         ///< from begin to end; zero when no policy needed a clock
    duration limit{};           ///< of the timeout that fired
    std::uint32_t attempts = 0; ///< runs of the user's callable
    std::uint32_t failed = 0;   ///< of the breaker that refused: failures, out of
    std::uint32_t recorded = 0; ///< so many calls, or probes
    std::uint32_t slow = 0;     ///< and slow ones, if they were what opened it
    stopped why_stopped = stopped::none;
    circuit_refusal why_refused = circuit_refusal::open; ///< of the breaker that refused
    circuit_cause why_opened = circuit_cause::none;      ///< and why that had opened
};

/// The facts of a call that may have succeeded. Filled in only when somebody looks: after a failure,
/// or when the caller handed in a report.
struct report : failure_facts {
    source how = source::live;
    duration age{};    ///< of a cached or stale answer
    verdict because{}; ///< of a stale answer: what it stands in for; a success otherwise
};

} // namespace outlast

#endif // OUTLAST_REPORT_HPP
