// SPDX-License-Identifier: BSL-1.0
//
// What a closed circuit looks at: whether too much fails, or takes too long.
#ifndef OUTLAST_CIRCUIT_WATCH_HPP
#define OUTLAST_CIRCUIT_WATCH_HPP

#include <outlast/circuit_facts.hpp>
#include <outlast/circuit_options.hpp>
#include <outlast/lesser.hpp>
#include <outlast/running_calls.hpp>
#include <outlast/time.hpp>
#include <outlast/window.hpp>

#include <cstdint>

namespace outlast {

/// The results in the window, the calls under way if slow ones matter, and what is too much of
/// either. Not thread-safe. Allocates when it is built, never later.
class circuit_watch {
public:
    constexpr explicit circuit_watch(const circuit_breaker_options& o)
        : rule_(o),
          window_(o.window),
          running_(o.slow_from, o.watches_slow() ? greater(o.window.calls, least_followed) : 1) {}

    struct finding {
        circuit_cause why = circuit_cause::none; ///< it is too much
        tally counts{};
    };

    /// \return the number of the call, for `end`
    constexpr std::uint32_t begin(instant now) noexcept {
        return rule_.watches_slow() ? running_.begin(now) : running_calls::not_followed;
    }
    constexpr void forget(std::uint32_t call) noexcept { (void)running_.end(call); }

    /// Whether the time must be known for this result to be counted.
    [[nodiscard]] constexpr bool wants_time() const noexcept {
        return rule_.window.by_time() || rule_.window.by_both() || rule_.watches_slow();
    }
    /// What `end` would find. \pre !wants_time()
    [[nodiscard]] constexpr circuit_cause foreseen(bool failed) const noexcept {
        return excess(window_.counts_with(failed));
    }
    /// \return whether it was slow
    constexpr bool end(instant now, std::uint32_t call, const call_result& r) noexcept {
        bool slow = rule_.is_slow(r);
        if (rule_.watches_slow()) {
            (void)running_.overdue(now); // as of now
            slow = running_.end(call) || slow;
        }
        (void)window_.record(now, r.failed, slow);
        return slow;
    }
    [[nodiscard]] constexpr finding results(instant now) noexcept {
        const tally t = window_.counts(now);
        return {excess(t), t};
    }

    /// What is certain of the calls that run: those that are overdue will have been slow. They are
    /// counted as if they were over.
    [[nodiscard]] constexpr finding overdue(instant now) noexcept {
        const std::uint32_t n = running_.overdue(now);
        if (n == 0)
            return {};
        tally at_most = window_.counts(now) += {n, 0, n};
        if (rule_.window.calls != 0)
            at_most.recorded = lesser(at_most.recorded, rule_.window.calls);
        if (!too_slow(at_most)) // spares the look at those that they would displace
            return {};
        const tally t = window_.counts_with(false, true, n);
        return {too_slow(t) ? circuit_cause::slow_calls : circuit_cause::none, t};
    }

    /// A quick success could change nothing but how many there were.
    [[nodiscard]] constexpr bool quiet() const noexcept {
        const tally t = window_.counts();
        const bool by_calls = rule_.window.calls != 0;
        return !rule_.watches_slow() && !rule_.window.by_both() &&
               (t.spotless() || (by_calls && t.recorded >= rule_.minimum()));
    }
    constexpr void add_successes(std::uint32_t n, instant when) noexcept {
        window_.add_successes(n, when);
    }

    [[nodiscard]] constexpr instant slice_end(instant now) const noexcept {
        return window_.slice_end(now);
    }
    constexpr tally counts(instant now) noexcept { return window_.counts(now); }
    [[nodiscard]] constexpr window_contents contents() const { return window_.contents(); }

    constexpr void forget_running() noexcept { running_.clear(); }
    constexpr void clear() noexcept {
        window_.clear();
        running_.clear();
    }
    constexpr void refill(const window_contents& w) noexcept {
        clear();
        window_.refill(w);
    }

private:
    static constexpr std::uint32_t least_followed = 1024;

    [[nodiscard]] constexpr circuit_cause excess(const tally& t) const noexcept {
        if (rule_.window.by_row())
            return t.failed >= rule_.window.in_a_row ? circuit_cause::failures
                                                     : circuit_cause::none;
        if (t.recorded >= rule_.minimum() && t.failed != 0 &&
            rule_.failure_ratio.reached(t.failed, t.recorded))
            return circuit_cause::failures;
        return too_slow(t) ? circuit_cause::slow_calls : circuit_cause::none;
    }
    [[nodiscard]] constexpr bool too_slow(const tally& t) const noexcept {
        return t.recorded >= rule_.minimum() && t.slow != 0 &&
               rule_.slow_ratio.reached(t.slow, t.recorded);
    }

    circuit_breaker_options rule_;
    window window_;
    running_calls running_;
};

} // namespace outlast

#endif // OUTLAST_CIRCUIT_WATCH_HPP
