// SPDX-License-Identifier: BSL-1.0
//
// When a circuit opens, how long it stays open, and how it finds out that it may close.
#ifndef OUTLAST_CIRCUIT_OPTIONS_HPP
#define OUTLAST_CIRCUIT_OPTIONS_HPP

#include <outlast/callback.hpp>
#include <outlast/circuit_control.hpp>
#include <outlast/circuit_facts.hpp>
#include <outlast/event.hpp>
#include <outlast/label.hpp>
#include <outlast/open_time.hpp>
#include <outlast/ratio.hpp>
#include <outlast/step.hpp>
#include <outlast/time.hpp>
#include <outlast/window.hpp>

#include <cstdint>

namespace outlast {

struct circuit_breaker_options {
    // ---- closed

    /// The share of failures at which it opens: this share or more. Above 0 %. Default 50 %.
    ratio failure_ratio = ratio::of(0.5);
    /// What the share is of: the last n calls (`20`), the last span of time (`10s`), or the last n in
    /// it, to the nanosecond (`exactly(20, 10s)`). Or how many
    /// failures in a row open it (`consecutive(5)`): then the share and `minimum_calls` play no
    /// part, and of the probes none may fail. Default: the last 100 calls.
    window_span window = 100;
    /// Fewer results than this decide nothing. Default 0: 10, or the whole window if it is smaller.
    std::uint32_t minimum_calls = 0;
    /// A call that takes so long or longer is slow, whether it is good or failed; one that still
    /// runs is as soon as it is so old, at the next admission or result. Default: no call is slow.
    duration slow_from = no_limit;
    /// The share of slow calls at which it opens, of the same calls and by the same minimum; and of
    /// the probes, once they have ended. Default 50 %.
    ratio slow_ratio = ratio::of(0.5);
    /// Opens at the first failure that says when to come back (Retry-After), whatever the window
    /// holds. Default: such a failure is one like others.
    bool open_on_hint = false;

    // ---- open

    /// How long it refuses before it lets probes through: always the same, or a series that goes on
    /// with each half-open period that fails and starts anew when it closes. Default 10 s.
    open_time open_for = std::chrono::seconds{10};
    /// Closing does not start the series anew; having been closed for so long does. Against a
    /// dependency that comes and goes. Default 0: closing does.
    duration flap_memory{};
    /// If the failure that opens it says when to come back, it stays open for that long at least,
    /// but for no more than this on that account. 0: what it says counts for nothing. Default
    /// 5 min.
    duration hint_cap = std::chrono::minutes{5};

    // ---- half-open

    /// How many probes run at once. Default 1.
    std::uint32_t probes = 1;
    /// How many answers of probes decide. Default 0: as many as run at once.
    std::uint32_t deciding_probes = 0;
    /// How long a probe may take; one that takes as long counts as a failure and its later result
    /// as nothing. Default 30 s.
    duration probe_lease = std::chrono::seconds{30};
    /// How long it may stay half-open from the first probe on, or from an order by hand: then it
    /// opens again, for lack of an answer. Default: no limit.
    duration half_open_for = no_limit;
    /// For so long after `open_for` only calls that lose nothing may probe: those for which a cache
    /// outside holds a stale answer. The others follow then, or after the first good probe; not
    /// while one is running. Default 0: all alike.
    duration hold_back{};
    /// How long it takes, once the probes were good, until all calls are admitted again: a share
    /// that grows steadily from the first one on. Default 0: all at once.
    duration ramp_for{};

    // ---- which calls

    /// Which failures and timeouts count. What it declines is recorded as nothing. Default: all.
    callback<bool(const verdict&)> failure_if{};
    /// Of the jitter of `open_for`. Default 0: one of its own for each circuit.
    std::uint64_t seed = 0;
    /// What it guards, for messages: the endpoint, say.
    label name = "circuit breaker";
    label tags{}; ///< for events
    /// Told what it does: `opened`, `half_opened`, `closed`, `would_open`, `refused`.
    sink events{};
    /// A switch that it shares with others; it must outlive the breaker. Default: none.
    const circuit_control* control = nullptr;

    /// What is wrong with these options, as a sentence; null if nothing is.
    [[nodiscard]] constexpr const char* problem() const noexcept {
        if (!failure_ratio.valid() || failure_ratio.millionths() == 0)
            return "circuit breaker: failure_ratio is above 0 % and at most 100 %";
        if (!window.valid())
            return "circuit breaker: window is 1 to 1 000 000 calls, or a span of time";
        if (window.calls != 0 && minimum_calls > window.calls)
            return "circuit breaker: minimum_calls is larger than the window: it could never open";
        if (slow_from <= duration::zero())
            return "circuit breaker: slow_from is longer than 0";
        if (!slow_ratio.valid() || slow_ratio.millionths() == 0)
            return "circuit breaker: slow_ratio is above 0 % and at most 100 %";
        if (watches_slow() && window.by_row())
            return "circuit breaker: a share of slow calls needs a window of calls or of time, not "
                   "consecutive failures";
        if (!open_for.valid())
            return "circuit breaker: open_for is longer than 0";
        if (flap_memory < duration::zero())
            return "circuit breaker: flap_memory is 0 or a length of time";
        if (hint_cap < duration::zero())
            return "circuit breaker: hint_cap is 0 or a length of time";
        if (probes == 0 || probes > 10'000)
            return "circuit breaker: probes is 1 to 10 000";
        if (deciding_probes > 10'000)
            return "circuit breaker: deciding_probes is at most 10 000";
        if (hold_back < duration::zero() || hold_back == forever)
            return "circuit breaker: hold_back is 0 or a length of time";
        if (probe_lease <= duration::zero() || probe_lease == forever)
            return "circuit breaker: probe_lease is longer than 0";
        if (half_open_for <= duration::zero())
            return "circuit breaker: half_open_for is longer than 0";
        if (ramp_for < duration::zero() || ramp_for == forever)
            return "circuit breaker: ramp_for is 0 or a length of time";
        return nullptr;
    }

    /// Every option that plays a part, for `describe`.
    template <class F>
    constexpr void each(F&& f) const {
        if (!window.by_row())
            f("failure_ratio", failure_ratio);
        f("window", window);
        if (!window.by_row()) {
            f("minimum_calls", minimum());
            f("slow_from", slow_from);
            f("slow_ratio", slow_ratio);
        }
        f("open_on_hint", open_on_hint);
        f("open_for", open_for.series);
        f("flap_memory", flap_memory);
        f("hint_cap", hint_cap);
        f("probes", probes);
        f("deciding_probes", deciding());
        f("probe_lease", probe_lease);
        f("half_open_for", half_open_for);
        f("hold_back", hold_back);
        f("ramp_for", ramp_for);
        f("failure_if", failure_if, "all");
        f("seed", seed, std::uint64_t{0}, "its own");
        f("name", name);
        f("tags", tags);
        f("events", events, "told to nobody");
        f("control", control);
    }

    [[nodiscard]] constexpr std::uint32_t minimum() const noexcept {
        if (minimum_calls != 0)
            return minimum_calls;
        return window.by_time() || window.calls > 10 ? 10 : window.calls;
    }
    [[nodiscard]] constexpr std::uint32_t deciding() const noexcept {
        return deciding_probes != 0 ? deciding_probes : probes;
    }
    [[nodiscard]] constexpr bool watches_slow() const noexcept { return slow_from != no_limit; }
    [[nodiscard]] constexpr bool is_slow(const call_result& r) const noexcept {
        return watches_slow() && r.took >= slow_from;
    }
};

} // namespace outlast

#endif // OUTLAST_CIRCUIT_OPTIONS_HPP
