// SPDX-License-Identifier: BSL-1.0
//
// The arithmetic of a circuit: closed, open, half-open. Not thread-safe: circuit_breaker.hpp puts
// it under a lock and makes a policy of it.
#ifndef OUTLAST_CIRCUIT_HPP
#define OUTLAST_CIRCUIT_HPP

#include <outlast/circuit_facts.hpp>
#include <outlast/circuit_log.hpp>
#include <outlast/circuit_options.hpp>
#include <outlast/circuit_trial.hpp>
#include <outlast/circuit_watch.hpp>
#include <outlast/lesser.hpp>
#include <outlast/open_time.hpp>
#include <outlast/permit.hpp>
#include <outlast/ramp.hpp>

#include <cstdint>
#include <optional>
#include <utility> // std::exchange, std::move

namespace outlast {

/// Each state keeps what belongs to it; each change of the state, the mode or the options starts a
/// new generation of permits, and what comes back from an older one decides nothing.
class circuit {
public:
    /// \pre no problem with the options
    constexpr explicit circuit(const circuit_breaker_options& o)
        : options_(o), watch_(o), open_times_(o.open_for, o.seed), trial_(o), ramp_(o.ramp_for) {}

    /// What admission comes to: a ticket, or a refusal with the time until asking makes sense.
    struct admission {
        bool admitted = false;
        bool needs_time = false; ///< nothing was decided: come again with the time known
        ticket with{};
        duration retry_after = verdict::no_hint;
        circuit_refusal why{}; ///< it was refused
    };

    /// \param spare whether the call loses nothing if it fails (`terms`)
    constexpr admission admit(reading& now, bool spare = false) {
        if (mode_ == circuit_mode::isolated)
            return refuse(circuit_refusal::isolated, verdict::no_hint);
        if (passes())
            return grant({generation_, ticket::no_place});
        if (!now.known())
            return {.needs_time = true};
        const instant t = now.get();
        if (counting())
            look_at_running(t);
        advance(t);
        if (counting()) {
            if (mode_ == circuit_mode::normal && !ramp_.passes(t))
                return refuse(circuit_refusal::ramping, until(t, ramp_.over()));
            return grant({generation_, watch_.begin(t)});
        }
        if (state_ == circuit_state::open)
            return refuse(circuit_refusal::open, until(t, open_until_));
        const circuit_trial::admission a = trial_.admit(t, spare);
        return a.admitted ? grant({generation_, a.place}) : refuse(a.why, until(t, a.come_back));
    }

    /// The result of an admitted call. One of an earlier generation changes nothing.
    /// \return false if nothing was recorded because the time must be known for it
    [[nodiscard]] constexpr bool record(reading& now, ticket with, const call_result& r) {
        if (mode_ == circuit_mode::disabled)
            return true;
        if (with.generation != generation_)
            return log_.late(1), true;
        if (!now.known() && needs_time(r))
            return false;
        if (counting())
            record_closed(now, with, r);
        else
            record_probe(now, with, r);
        return true;
    }

    /// A permit that comes back without a verdict: the probe's place is free again.
    constexpr void give_back(ticket with) noexcept {
        if (mode_ == circuit_mode::disabled)
            return;
        log_.neutral();
        if (with.generation != generation_)
            return;
        if (counting())
            watch_.forget(with.place);
        else
            trial_.give_back(with.place);
    }

    // ---- for who counts successes elsewhere

    /// Every call would be admitted now, whatever the time, and that would change nothing here.
    [[nodiscard]] constexpr bool passes() const noexcept {
        if (mode_ == circuit_mode::disabled)
            return true;
        return counting() && !options_.watches_slow() &&
               (mode_ == circuit_mode::shadow || !ramp_.under_way());
    }
    /// A quick success, recorded now, could change nothing but how many there were.
    [[nodiscard]] constexpr bool quiet() const noexcept {
        return mode_ == circuit_mode::disabled || (counting() && watch_.quiet());
    }
    /// Until when they may be counted elsewhere as of one instant; `never`: always.
    [[nodiscard]] constexpr instant slice_end(instant now) const noexcept {
        return watch_.slice_end(now);
    }
    /// So many quick successes of this generation that were counted elsewhere while it was quiet,
    /// as of `when`. To be told before anything that came after them.
    constexpr void add_successes(std::uint64_t n, instant when) noexcept {
        if (mode_ == circuit_mode::disabled)
            return;
        if (!counting())
            return log_.late(n);
        log_.succeeded(n);
        watch_.add_successes(static_cast<std::uint32_t>(lesser<std::uint64_t>(n, UINT32_MAX)),
                             when);
    }
    /// So many refusals that were given elsewhere, on the word of `refuses_until`.
    constexpr void add_refusals(std::uint64_t n, circuit_refusal why) noexcept {
        log_.refused(why, n);
    }
    /// Every call before that instant is refused, and nothing but the count of refusals changes.
    [[nodiscard]] constexpr instant refuses_until() const noexcept {
        if (mode_ == circuit_mode::isolated)
            return never;
        const bool waits = mode_ == circuit_mode::normal && state_ == circuit_state::open;
        return waits ? open_until_ : instant::min();
    }
    /// It grows with each change after which the results of calls admitted before are late.
    [[nodiscard]] constexpr std::uint64_t generation() const noexcept { return generation_; }

    // ---- by hand

    /// The window, the state and what is left of a break stay; calls under way are forgotten.
    constexpr void set_mode(circuit_mode mode) noexcept {
        if (mode == mode_)
            return;
        mode_ = mode;
        ++generation_;
        watch_.forget_running();
        trial_.forget_running();
        exceeded_ = false;
        tell(state_, circuit_cause::by_hand, {});
    }
    /// Closed, with an empty window and the first open time to come; in the mode `normal`.
    constexpr void close() noexcept {
        const circuit_state from = state_;
        const bool changes = from != circuit_state::closed || mode_ != circuit_mode::normal;
        mode_ = circuit_mode::normal;
        enter(circuit_state::closed);
        open_times_.restart();
        if (changes)
            tell(from, circuit_cause::by_hand, {});
    }
    /// Open, as if the results had said so: for a sign from elsewhere. The mode stays.
    constexpr void trip(instant now) noexcept {
        open(now, circuit_cause::by_hand, watch_.counts(now), verdict::no_hint);
    }
    /// Half-open at once. The mode stays.
    constexpr void half_open(instant now) noexcept {
        const circuit_state from = state_;
        open_until_ = now;
        enter(circuit_state::half_open);
        trial_.set_limit(now);
        tell(from, circuit_cause::by_hand, {});
    }

    /// Other options. What stays: the state, the mode, what is left of a break, how far the open
    /// times have grown, the answers of probes unless they would decide by now, and of the window
    /// what the new one can hold (nothing, if it is of another kind). A new generation: calls under
    /// way were admitted under other rules. Allocates. \pre no problem with them
    constexpr void reconfigure(const circuit_breaker_options& o) {
        circuit next{o};
        next.restore(as_it_is(instant{}));
        next.generation_ = generation_ + 1;
        next.log_ = log_;
        *this = std::move(next);
    }
    /// Allocates.
    [[nodiscard]] constexpr circuit_snapshot snapshot(instant now) {
        advance(now);
        (void)watch_.counts(now);
        return as_it_is(now);
    }
    /// As the circuit of which it was taken, under the options of this one (see `reconfigure`).
    /// Its counters stay and nothing is told. A new generation.
    constexpr void restore(const circuit_snapshot& s) noexcept {
        open_until_ = s.open_until;
        enter(s.state);
        mode_ = s.mode;
        why_ = s.why;
        exceeded_ = s.exceeded;
        open_times_.go_on_after(s.breaks);
        closed_since_ = s.closed_since;
        tripped_ = s.tripped;
        trial_.go_on_from(s.answers, s.trial_over_at);
        ramp_.go_on_from(s.ramping);
        watch_.refill(s.window);
    }

    // ---- what there is to know

    /// The state that the next call would meet if the mode is normal.
    constexpr circuit_state state(instant now) noexcept {
        advance(now);
        return state_;
    }
    /// When time alone may change the state next; `never`: not before a call or a hand does.
    constexpr instant next_change(instant now) noexcept {
        advance(now);
        if (mode_ != circuit_mode::normal || state_ == circuit_state::closed)
            return never;
        return state_ == circuit_state::open ? open_until_ : trial_.next_change();
    }
    [[nodiscard]] constexpr circuit_mode mode() const noexcept { return mode_; }
    /// When it opened last: what it counted, why, and until when.
    [[nodiscard]] constexpr tally tripped() const noexcept { return tripped_; }
    [[nodiscard]] constexpr circuit_cause why() const noexcept { return why_; }
    [[nodiscard]] constexpr instant open_until() const noexcept { return open_until_; }
    constexpr tally window(instant now) noexcept { return watch_.counts(now); }
    [[nodiscard]] constexpr const circuit_counts& counts() const noexcept { return log_.counts(); }
    [[nodiscard]] constexpr const circuit_breaker_options& options() const noexcept {
        return options_;
    }
    /// The oldest thing that happened and was not taken yet. It keeps four, more than happen in one
    /// operation; of more, the oldest are lost.
    constexpr std::optional<circuit_event> take_event() noexcept { return log_.take(); }

private:
    // Closed, or admitting and counting as if it were.
    [[nodiscard]] constexpr bool counting() const noexcept {
        return mode_ == circuit_mode::shadow ||
               (mode_ == circuit_mode::normal && state_ == circuit_state::closed);
    }

    [[nodiscard]] constexpr bool needs_time(const call_result& r) const noexcept {
        if (!counting())
            return state_ == circuit_state::half_open;
        return watch_.wants_time() ||
               (mode_ == circuit_mode::normal &&
                (opens_by_hint(r) || watch_.foreseen(r.failed) != circuit_cause::none));
    }
    [[nodiscard]] constexpr bool opens_by_hint(const call_result& r) const noexcept {
        return options_.open_on_hint && hint_of(r) > duration::zero();
    }
    // When to come back is what a failure says, not a success that happened to decide.
    [[nodiscard]] static constexpr duration hint_of(const call_result& r) noexcept {
        return r.failed ? r.hint : verdict::no_hint;
    }

    constexpr void record_closed(reading& now, ticket with, const call_result& r) {
        const instant t = now.known() ? now.get() : instant{};
        log_.ended(r.failed, watch_.end(t, with.place, r), r.took);
        const circuit_watch::finding found = watch_.results(t);
        if (mode_ == circuit_mode::shadow)
            tell_excess(found);
        else if (found.why != circuit_cause::none)
            open(t, found.why, found.counts, hint_of(r));
        else if (opens_by_hint(r))
            open(t, circuit_cause::server_hint, found.counts, hint_of(r));
    }

    constexpr void look_at_running(instant t) noexcept {
        const circuit_watch::finding found = watch_.overdue(t);
        if (found.why == circuit_cause::none)
            return;
        if (mode_ == circuit_mode::shadow)
            tell_excess(found);
        else
            open(t, found.why, found.counts, verdict::no_hint);
    }

    constexpr void record_probe(reading& now, ticket with, const call_result& r) {
        if (state_ == circuit_state::half_open)
            advance(now.get()); // a lease may have ended meanwhile, this one's too
        if (with.generation != generation_ || !trial_.running(with.place)) {
            log_.late(1);
            return;
        }
        log_.ended(r.failed, options_.is_slow(r), r.took);
        trial_.answer(with.place, r);
        follow(trial_.decide(now.get(), circuit_cause::probes_failed), hint_of(r));
    }

    // ---- from state to state

    // What time alone does, as of the instant at which it did, even if nobody asked then.
    constexpr void advance(instant now) noexcept {
        if (mode_ != circuit_mode::normal)
            return;
        if (state_ == circuit_state::half_open)
            follow(trial_.pass(now), verdict::no_hint);
        if (state_ == circuit_state::open && now >= open_until_) {
            enter(circuit_state::half_open);
            tell(circuit_state::open, circuit_cause::break_over, {});
        }
    }

    constexpr void follow(const circuit_trial::decision& d, duration hint) noexcept {
        if (d.why == circuit_cause::none)
            return;
        const tally answers = trial_.answers();
        if (d.why != circuit_cause::probes_good)
            return open(d.at, d.why, answers, hint);
        enter(circuit_state::closed);
        closed_since_ = d.at;
        ramp_.start(d.at);
        if (options_.flap_memory == duration::zero())
            open_times_.restart();
        tell(circuit_state::half_open, d.why, answers);
    }

    constexpr void
    open(instant since, circuit_cause why, const tally& counts, duration hint) noexcept {
        const circuit_state from = state_;
        if (from == circuit_state::closed && until(closed_since_, since) >= options_.flap_memory)
            open_times_.restart();
        duration length = open_times_.take();
        if (hint > duration::zero())
            length = longer(length, shorter(hint, options_.hint_cap));
        open_until_ = after(since, length);
        enter(circuit_state::open);
        tripped_ = counts;
        why_ = why;
        tell(from, why, counts);
    }

    constexpr void enter(circuit_state s) noexcept {
        state_ = s;
        ++generation_;
        watch_.clear();
        trial_.start(open_until_);
        ramp_.stop();
        exceeded_ = false;
    }

    // ---- telling

    static constexpr admission grant(ticket t) noexcept { return {.admitted = true, .with = t}; }
    constexpr admission refuse(circuit_refusal why, duration retry_after) noexcept {
        log_.refused(why);
        return {.retry_after = retry_after, .why = why};
    }

    constexpr void tell_excess(const circuit_watch::finding& found) noexcept {
        const bool told = std::exchange(exceeded_, found.why != circuit_cause::none);
        if (exceeded_ && !told)
            tell(state_, found.why, found.counts);
    }
    constexpr void tell(circuit_state from, circuit_cause why, const tally& counts) noexcept {
        const instant until = state_ == circuit_state::open ? open_until_ : instant{};
        log_.tell({from, state_, mode_, why, counts, until});
    }

    [[nodiscard]] constexpr circuit_snapshot as_it_is(instant now) const {
        return {.taken = now,
                .state = state_,
                .mode = mode_,
                .why = why_,
                .exceeded = exceeded_,
                .breaks = open_times_.taken(),
                .open_until = open_until_,
                .trial_over_at = trial_.over_at(),
                .closed_since = closed_since_,
                .tripped = tripped_,
                .answers = trial_.answers(),
                .ramping = ramp_.how_far(),
                .window = watch_.contents()};
    }

    circuit_breaker_options options_;
    circuit_watch watch_;   // closed
    open_times open_times_; // open
    circuit_trial trial_;   // half-open
    ramp ramp_;             // closed again
    circuit_state state_ = circuit_state::closed;
    circuit_mode mode_ = circuit_mode::normal;
    circuit_cause why_ = circuit_cause::none; // it opened last
    bool exceeded_ = false;                   // told so, in the mode shadow
    std::uint64_t generation_ = 0;
    instant open_until_{};
    instant closed_since_{};
    tally tripped_{};
    circuit_log log_{};
};

} // namespace outlast

#endif // OUTLAST_CIRCUIT_HPP
