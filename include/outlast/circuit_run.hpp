// SPDX-License-Identifier: BSL-1.0
//
// One call's way through a circuit breaker: admitted or refused, and what it came to.
#ifndef OUTLAST_CIRCUIT_RUN_HPP
#define OUTLAST_CIRCUIT_RUN_HPP

#include <outlast/circuit.hpp>
#include <outlast/circuit_gate.hpp>
#include <outlast/config.hpp>
#include <outlast/event.hpp>
#include <outlast/machine.hpp>
#include <outlast/names.hpp>
#include <outlast/permit.hpp>

#include <cstdint>
#include <type_traits> // std::is_constant_evaluated

namespace outlast {

namespace detail {

/// The machine of `basic_circuit_breaker`, which says what it does.
template <class Breaker>
class circuit_run : public pass_through {
    using data = typename Breaker::data;

public:
    OUTLAST_INLINE constexpr explicit circuit_run(Breaker& shared) noexcept : shared_(&shared) {}
    OUTLAST_INLINE constexpr circuit_run(circuit_run&& other) noexcept = default;
    OUTLAST_INLINE constexpr ~circuit_run() = default;

    constexpr step begin(reading& now, terms t, verdict& v) {
        permit_.drop();
        refused_ = false;
        opened_for_ = verdict::no_hint;
        since_ = never;
        return plain_begin(now, t.by) ? step::call(work, t.by) : ask(now, t, v);
    }

    constexpr step settled(reading& now, lane, verdict& v) {
        if (v.ok() && !permit_ && plain_success(now))
            plain_end();
        else
            tell(now, v);
        return step::finish();
    }

    OUTLAST_INLINE constexpr bool plain_begin(reading&, instant&) noexcept {
        seen_ = shared_->gate_.read();
        admitted_ = {seen_.generation(), ticket::no_place}; // nothing to hold or to give back
        if (!seen_.all_pass()) [[unlikely]]
            return false;
        if (shared_->control_ != nullptr) [[unlikely]]
            return !isolated_outside();
        return true;
    }
    OUTLAST_INLINE constexpr bool plain_success(reading& now) const {
        if (!seen_.is_quiet() || shared_->gate_.read() != seen_) [[unlikely]]
            return false;
        return seen_.is_uncounted() ||
               shared_->lines_.counts(seen_.generation(), seen_.is_sliced(), now);
    }
    OUTLAST_INLINE constexpr void plain_end() noexcept {
        if (!seen_.is_uncounted())
            shared_->lines_.count();
    }

    OUTLAST_INLINE constexpr bool plain_refusal(reading& now, verdict& v) {
        return refused_ = shared_->control_ == nullptr && !shared_->events_ && told_no(now, v);
    }
    OUTLAST_INLINE constexpr bool passes_refusals() noexcept { return true; }

    constexpr void abandoned() noexcept { permit_.drop(); }
    constexpr instant prolong(lane, instant by) noexcept { return by; }

    OUTLAST_INLINE constexpr void explain(failure_facts& facts) const noexcept {
        if (opened_for_ > facts.retry_after)
            facts.retry_after = opened_for_;
        if (!refused_)
            return;
        facts.policy = "circuit breaker";
        facts.name = shared_->name_;
        facts.recorded = tripped_.recorded;
        facts.failed = tripped_.failed;
        facts.slow = tripped_.slow;
        facts.why_refused = why_;
        facts.why_opened = opened_;
    }

private:
    [[nodiscard]] constexpr bool isolated_outside() const noexcept {
        return shared_->control_ != nullptr && shared_->control_->isolated();
    }

    constexpr step ask(reading& now, terms t, verdict& v) {
        if (isolated_outside()) {
            shared_->change(never,
                            [](data& d) { d.core.add_refusals(1, circuit_refusal::isolated); });
            v = verdict::neutral(refusal::circuit_open);
            tripped_ = {};
            why_ = circuit_refusal::isolated;
            return refuse(v, why_);
        }
        shared_->lines_.join();
        if (told_no(now, v))
            return refuse(v, why_);
        circuit::admission a = look(now, t, v);
        if (a.needs_time) {
            (void)now.get();
            a = look(now, t, v);
        }
        if (!a.admitted)
            return refuse(v, why_);
        admitted_ = a.with;
        if (now.known()) // a call that finds no place among those that are followed has a length too
            since_ = now.get();
        return step::call(work, t.by);
    }

    constexpr step refuse(const verdict& v, circuit_refusal why) {
        refused_ = true;
        if (shared_->events_)
            shared_->events_({.what = event_kind::refused,
                              .policy = "circuit breaker",
                              .name = shared_->name_,
                              .tags = shared_->tags_,
                              .span = v.hint,
                              .outcome = v,
                              .why = to_string(why)});
        return step::finish();
    }

    // Refused by what was published. False: ask the circuit itself.
    OUTLAST_INLINE constexpr bool told_no(reading& now, verdict& v) {
        if (!seen_.is_refusing())
            return false;
        (void)now.get(); // before the words are read, not between them
        const auto n = shared_->gate_.refusal(seen_);
        // Its time is over, or this thread has no line to count it in.
        if (!n || now.get() >= n->until || !shared_->lines_.refuse())
            return false;
        v = verdict::neutral(refusal::circuit_open, until(now.get(), n->until));
        v.code = n->code;
        v.domain = n->domain;
        tripped_ = n->tripped;
        opened_ = n->why;
        why_ = circuit_refusal::open;
        return true;
    }

    // Asks the circuit itself; `v` is what a refusal says.
    constexpr circuit::admission look(reading& now, terms t, verdict& v) {
        return shared_->change(now.known() ? now.get() : never, [&](data& d) {
            const circuit::admission a = d.core.admit(now, t.spare);
            // Here: whoever is told of a change may throw, and the place is given back.
            if (a.admitted && a.with.place != ticket::no_place)
                permit_ = {*shared_, a.with};
            if (!a.admitted && !a.needs_time) {
                v = verdict::neutral(refusal::circuit_open, a.retry_after);
                v.code = d.last.code;
                v.domain = d.last.domain;
                tripped_ = d.core.tripped();
                tripped_.slow = circuit_gate<typename Breaker::lock_type>::slow_of(d.core);
                opened_ = d.core.why();
                why_ = a.why;
            }
            return a;
        });
    }

    // Tells the circuit what an admitted call came to.
    constexpr void tell(reading& now, const verdict& v) {
        const auto& counts = shared_->failure_if_;
        if (!v.ok() && !v.answered && !(v.failed() && (!counts || counts(v))))
            return say_nothing(now);
        call_result r{.failed = v.failed(), .hint = v.hint};
        if (permit_)
            (void)permit_.spend();
        if (since_ != never)
            r.took = until(since_, now.get());
        if (!record(now, v, r)) {
            (void)now.get();
            (void)record(now, v, r);
        }
    }

    // The place is free again, unless its lease is over by now: then it has failed.
    constexpr void say_nothing(reading& now) {
        if (!permit_)
            return;
        const instant t = now.get();
        shared_->change(t, [&](data& d) {
            (void)d.core.state(t);
            d.core.give_back(permit_.spend());
        });
    }

    constexpr bool record(reading& now, const verdict& v, const call_result& r) {
        return shared_->change(now.known() ? now.get() : never, [&](data& d) {
            if (r.failed && d.core.mode() != circuit_mode::disabled &&
                admitted_.generation == d.core.generation()) {
                d.last = v;
                // A timeout of ours has no code of its own.
                if (!std::is_constant_evaluated() && v.domain == nullptr &&
                    v.why != refusal::none) {
                    d.last.code = static_cast<std::int32_t>(v.why);
                    d.last.domain = &refusal_category();
                }
            }
            const std::uint64_t before = d.core.generation();
            if (!d.core.record(now, admitted_, r))
                return false;
            const bool sliced = d.core.options().window.by_time();
            if (d.core.generation() != before && d.core.mode() == circuit_mode::normal &&
                d.core.refuses_until() != instant::min())
                opened_for_ = until(now.get(), d.core.refuses_until());
            else if (d.core.quiet() && (now.known() || !sliced))
                shared_->lines_.begin(d.core.generation(),
                                      sliced ? d.core.slice_end(now.get()) : never);
            return true;
        });
    }

    Breaker* shared_;
    permit<Breaker> permit_{}; // of a call that the circuit wants to hear of
    typename circuit_gate<typename Breaker::lock_type>::sign seen_{}; // as it began
    ticket admitted_{};
    instant since_ = never;                  // where somebody may want to know how long it took
    duration opened_for_ = verdict::no_hint; // this call's result opened it
    tally tripped_{};                        // of a refusal
    bool refused_ = false;
    circuit_refusal why_ = circuit_refusal::open;
    circuit_cause opened_ = circuit_cause::none;
};

} // namespace detail

} // namespace outlast

#endif // OUTLAST_CIRCUIT_RUN_HPP
