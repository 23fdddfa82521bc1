// SPDX-License-Identifier: BSL-1.0
//
// What a half-open circuit does: it tries out whether the dependency is back.
#ifndef OUTLAST_CIRCUIT_TRIAL_HPP
#define OUTLAST_CIRCUIT_TRIAL_HPP

#include <outlast/circuit_facts.hpp>
#include <outlast/circuit_options.hpp>
#include <outlast/probes.hpp>
#include <outlast/time.hpp>

#include <cstdint>

namespace outlast {

/// The probes, who may be one, how long all that may take, and what it comes to. Not thread-safe.
/// Allocates when it is built, never later.
class circuit_trial {
public:
    constexpr explicit circuit_trial(const circuit_breaker_options& o)
        : rule_(o), probes_(o.probes, o.deciding()) {}

    /// Anew. \param held_from when `hold_back` begins
    constexpr void start(instant held_from) noexcept {
        probes_.clear();
        held_until_ = after(held_from, rule_.hold_back);
        over_at_ = never;
    }
    /// From now on it may take so long. The first probe says so, unless somebody did before.
    constexpr void set_limit(instant now) noexcept {
        if (over_at_ == never)
            over_at_ = after(now, rule_.half_open_for);
    }

    struct admission {
        bool admitted = false;
        std::uint32_t place = probes::no_place;
        circuit_refusal why{};
        instant come_back = never; ///< it was refused: when something will have changed
    };
    constexpr admission admit(instant now, bool spare) noexcept {
        const instant changes = next_change();
        if (!spare && holds_back(now))
            return {.why = circuit_refusal::held_back,
                    .come_back = changes != never ? changes : held_until_};
        const std::uint32_t place = probes_.take(after(now, rule_.probe_lease));
        if (place == probes::no_place)
            return {.why = circuit_refusal::probing, .come_back = changes};
        set_limit(now);
        return {.admitted = true, .place = place};
    }

    [[nodiscard]] constexpr bool running(std::uint32_t place) const noexcept {
        return probes_.running(place);
    }
    /// \pre running(place)
    constexpr void answer(std::uint32_t place, const call_result& r) noexcept {
        probes_.answer(place, r.failed, rule_.is_slow(r));
    }
    constexpr void give_back(std::uint32_t place) noexcept { probes_.give_back(place); }

    struct decision {
        circuit_cause why = circuit_cause::none; ///< none: not decided
        instant at = never;
    };
    /// What the answers say: failed as soon as a share is certain, good only when as many answered
    /// as decide.
    [[nodiscard]] constexpr decision decide(instant now, circuit_cause if_failed) const noexcept {
        const tally t = answers();
        const std::uint32_t deciding = rule_.deciding();
        // Where failures in a row open it, there is no share of them.
        if (t.failed != 0 &&
            (rule_.window.by_row() || rule_.failure_ratio.reached(t.failed, deciding)))
            return {if_failed, now};
        if (t.slow != 0 && rule_.slow_ratio.reached(t.slow, deciding))
            return {circuit_cause::probes_slow, now};
        return {t.recorded < deciding ? circuit_cause::none : circuit_cause::probes_good, now};
    }
    /// What time alone says: a probe has failed when its lease is over, and all of it is over at
    /// the limit; as of that instant, whenever somebody asks.
    [[nodiscard]] constexpr decision pass(instant now) noexcept {
        for (;;) {
            const instant lease = probes_.first_lease_end();
            if (next_change() > now || next_change() == never)
                return {};
            if (lease > over_at_)
                return {circuit_cause::stay_over, over_at_};
            probes_.end_leases(lease);
            const decision d = decide(lease, circuit_cause::lease_over);
            if (d.why != circuit_cause::none)
                return d;
        }
    }

    [[nodiscard]] constexpr tally answers() const noexcept { return probes_.answers(); }
    constexpr void forget_running() noexcept { probes_.forget_running(); }

    /// When time alone may decide next.
    [[nodiscard]] constexpr instant next_change() const noexcept {
        return earlier(probes_.first_lease_end(), over_at_);
    }

    /// When it ends without a decision; and as if it stood there, with these answers.
    [[nodiscard]] constexpr instant over_at() const noexcept { return over_at_; }
    constexpr void go_on_from(const tally& answers, instant over_at) noexcept {
        if (answers.recorded < rule_.deciding())
            probes_.assume(answers);
        over_at_ = over_at;
    }

private:
    // A call that has something to lose waits for a good answer, or for its time if none is out.
    [[nodiscard]] constexpr bool holds_back(instant now) const noexcept {
        const tally t = answers();
        if (rule_.hold_back == duration::zero() || t.recorded != t.failed)
            return false;
        return now < held_until_ || probes_.first_lease_end() != never;
    }

    circuit_breaker_options rule_;
    outlast::probes probes_;
    instant held_until_{};
    instant over_at_ = never;
};

} // namespace outlast

#endif // OUTLAST_CIRCUIT_TRIAL_HPP
