// SPDX-License-Identifier: BSL-1.0
//
// What a circuit is told and what it tells, as plain values.
#ifndef OUTLAST_CIRCUIT_FACTS_HPP
#define OUTLAST_CIRCUIT_FACTS_HPP

#include <outlast/ramp.hpp>
#include <outlast/report.hpp>
#include <outlast/step.hpp>
#include <outlast/time.hpp>
#include <outlast/window.hpp>

#include <array>
#include <cstddef>
#include <cstdint>

namespace outlast {

enum class circuit_state : std::uint8_t { closed, open, half_open };

/// What is done with calls, apart from the state: the state waits until the mode is normal again.
enum class circuit_mode : std::uint8_t {
    normal,
    isolated, ///< all are refused (forced open)
    disabled, ///< all are admitted, nothing is counted
    shadow,   ///< all are admitted and counted; it only tells when it would have opened
};

/// One thing that happened to a circuit. A change of the mode leaves the state: from == to. In the
/// mode `shadow` so does what would have opened it, once until its counts are below again.
struct circuit_event {
    circuit_state from = circuit_state::closed;
    circuit_state to = circuit_state::closed;
    circuit_mode mode = circuit_mode::normal; ///< from then on
    circuit_cause why = circuit_cause::none;
    tally counts{};       ///< what decided: of the window, or of the probes
    instant open_until{}; ///< of one that opened it

    friend constexpr bool operator==(const circuit_event&, const circuit_event&) = default;
};

/// What became of an admitted call.
struct call_result {
    static constexpr duration unknown = duration::min();

    bool failed = false;
    duration took = unknown;
    duration hint = verdict::no_hint; ///< of a failure: when to come back
};

/// Since the circuit was made. Calls that pass in the mode `disabled` are counted nowhere; of the
/// successes that end while it changes its state, a thread may miss one.
struct circuit_counts {
    std::uint64_t succeeded = 0;
    std::uint64_t failed = 0;
    std::uint64_t slow = 0;    ///< of these two
    std::uint64_t neutral = 0; ///< permits that came back without a result
    std::uint64_t late = 0;    ///< results of an earlier generation: neither good nor failed
    std::uint64_t timed = 0;   ///< succeeded or failed, and it is known how long they took: with
                               ///< `slow_from` set, all
    duration took{};           ///< these together
    std::array<std::uint64_t, 5> refused_by{}; ///< by `circuit_refusal`

    /// How long a call takes; 0 where nobody knows.
    [[nodiscard]] constexpr duration mean() const noexcept {
        return timed == 0 ? duration{} : took / static_cast<std::int64_t>(timed);
    }

    [[nodiscard]] constexpr std::uint64_t refused(circuit_refusal why) const noexcept {
        return refused_by[static_cast<std::size_t>(why)];
    }
    [[nodiscard]] constexpr std::uint64_t refused() const noexcept {
        std::uint64_t sum = 0;
        for (const std::uint64_t n : refused_by)
            sum += n;
        return sum;
    }

    friend constexpr bool operator==(const circuit_counts&, const circuit_counts&) = default;
};

/// All that decides what a circuit will do, except its options, the calls under way and where its
/// jitter stands. Instants are those of the timeline on which it was taken; `moved_to` is for one
/// that was kept for another process, or another boot.
struct circuit_snapshot {
    instant taken{};
    circuit_state state = circuit_state::closed;
    circuit_mode mode = circuit_mode::normal;
    circuit_cause why = circuit_cause::none; ///< it opened last
    bool exceeded = false;                   ///< told already, in the mode `shadow`
    std::uint32_t breaks = 0;                ///< open times since the series began
    instant open_until{};
    instant trial_over_at = never;
    instant closed_since{};
    tally tripped{};
    tally answers{}; ///< of the probes
    ramp::progress ramping{};
    window_contents window{};

    /// The same as of `here` on another timeline: pass its now, less the time since it was taken.
    /// A window of time may lose up to a tenth of its span by it.
    [[nodiscard]] constexpr circuit_snapshot moved_to(instant here) const {
        circuit_snapshot s = *this;
        const duration by = here - taken;
        for (instant* at :
             {&s.taken, &s.open_until, &s.trial_over_at, &s.closed_since, &s.ramping.from})
            *at = after(*at, by);
        for (time_window::slice& one : s.window.slices)
            one.from = after(one.from, by);
        for (exact_window::result& one : s.window.dated)
            one.at = after(one.at, by);
        return s;
    }
};

} // namespace outlast

#endif // OUTLAST_CIRCUIT_FACTS_HPP
