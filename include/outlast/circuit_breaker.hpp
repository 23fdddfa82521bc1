// SPDX-License-Identifier: BSL-1.0
#ifndef OUTLAST_CIRCUIT_BREAKER_HPP
#define OUTLAST_CIRCUIT_BREAKER_HPP

#include <outlast/circuit.hpp>
#include <outlast/circuit_gate.hpp>
#include <outlast/circuit_telling.hpp>
#include <outlast/error.hpp>
#include <outlast/guarded.hpp>
#include <outlast/machine.hpp>
#include <outlast/names.hpp>
#include <outlast/permit.hpp>
#include <outlast/success_lines.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <type_traits> // std::is_constant_evaluated

namespace outlast {

/// Refuses calls to a dependency that fails too often, and lets a few probes find out when it is
/// back.
///
/// **Decides** from the results of the calls it admitted. Closed: opens when, of the results in the
/// window (and at least `minimum_calls`), the share of failures reaches `failure_ratio`; any result
/// can be the one that opens it. Open: refuses for `open_for`. Half-open: admits `probes` calls;
/// opens again as soon as the share of failures among them is certain, closes when all have
/// answered and it is not reached; with `hold_back`, calls that lose nothing probe first. Success
/// is success, `failure` and `expired` are failures (those that `failure_if` takes); what is
/// neutral is recorded as nothing.
/// **Answers** *call*, or *finish* with a refusal.
/// **Refusals** `circuit_open`, neutral, with the time until the next probe (open: what is left of
/// it; half-open: what is left of the earliest lease; isolated by hand: none).
/// **Time** closed it looks when a result opens it (with a window of time, at each result). A probe
/// holds a lease: at its end it has failed, as of that instant, and what it says later is ignored,
/// as is every result of a call admitted before the last change of state.
/// **Sharing** one breaker for all calls to one dependency: pass it by `std::ref`. What changes is
/// under `Lock`; `failure_if` is called outside it. A call that is dropped (thrown, cancelled,
/// never finished) gives its permit back, so that nothing wedges a breaker.
/// **Cost** closed and without failures in its window: one load to be admitted, and a success is
/// counted in a line of the thread's own (of `window`s of time: one look at the time). A refusal
/// takes no lock either. All else takes it once. No allocation after construction.
/// **Example** (`outlast::circuit_breaker` is this with a mutex: threads.hpp)
///
///     outlast::circuit_breaker breaker{{.window = 2, .open_for = 10min, .name = "orders"}};
///     outlast::pipeline p{std::ref(breaker)};
///     auto down = []() -> outlast::result<int> {
///         return std::make_error_code(std::errc::connection_refused);
///     };
///     (void)p(down), (void)p(down);
///     std::cout << p(down).error().message();
///     // circuit open for orders: 2 of the last 2 calls failed (last: Connection refused);
///     // next probe in 10 min
template <class Lock = no_lock>
class basic_circuit_breaker {
public:
    class run;
    static constexpr label kind = "circuit breaker";
    static constexpr duty does = duty::admits;

    constexpr explicit basic_circuit_breaker(const circuit_breaker_options& options = {})
        : shared_((require_valid(options.problem()), options)),
          failure_if_(options.failure_if),
          control_(options.control),
          events_(options.events),
          name_(options.name),
          tags_(options.tags) {
        shared_.with([&](data& d) { gate_.publish(d.core, d.last); });
    }

    [[nodiscard]] OUTLAST_INLINE constexpr run start() noexcept { return run{*this}; }

    // ---- what there is to know; `now` is from the `outlast::steady` clock, or a world's `time()`

    /// The state that a call at `now` would meet; `open` while it is isolated.
    [[nodiscard]] constexpr circuit_state state(instant now) {
        return change(now, [&](data& d) {
            return d.core.mode() == circuit_mode::isolated ? circuit_state::open
                                                           : d.core.state(now);
        });
    }
    [[nodiscard]] constexpr circuit_mode mode() {
        return shared_.with([](data& d) { return d.core.mode(); });
    }
    /// What the window holds at `now`.
    [[nodiscard]] constexpr tally counts(instant now) {
        return change(now, [&](data& d) { return d.core.counts(now); });
    }
    /// Of its whole life. Successes that a window of consecutive failures need not hear of are not
    /// among them.
    [[nodiscard]] constexpr circuit_counters counters() {
        return change(never, [&](data& d) {
            d.core.add_refusals(lines_.refusals(), circuit_refusal::open);
            return d.core.counters();
        });
    }
    [[nodiscard]] constexpr circuit_breaker_options options() const {
        // No `mutable`: GCC 12 takes that for no constant.
        return const_cast<basic_circuit_breaker*>(this)->shared_.with(
            [](const data& d) { return d.core.options(); });
    }

    // ---- by hand

    /// See `circuit_mode`; the window and the state stay. Isolated, it refuses every call without a
    /// time to come back.
    constexpr void set_mode(circuit_mode mode) {
        change(never, [&](data& d) { d.core.set_mode(mode); });
    }
    /// Closed, with an empty window, in the mode `normal`.
    constexpr void close() {
        change(never, [](data& d) { d.core.close(); });
    }
    /// Open, as if the results had said so.
    constexpr void trip(instant now) {
        change(now, [&](data& d) { d.core.trip(now); });
    }
    /// Half-open at once.
    constexpr void half_open(instant now) {
        change(now, [&](data& d) { d.core.half_open(now); });
    }
    /// Other options, of which `failure_if`, `control`, `events`, `name` and `tags` stay what they
    /// were. What it knows stays as far as it fits (see `circuit::reconfigure`). Allocates.
    constexpr void reconfigure(const circuit_breaker_options& options) {
        require_valid(options.problem());
        change(never, [&](data& d) { d.core.reconfigure(options); });
    }
    /// What it knows, to be put into another one: see `circuit_snapshot`. Allocates.
    [[nodiscard]] constexpr circuit_snapshot snapshot(instant now) {
        return change(now, [&](data& d) { return d.core.snapshot(now); });
    }
    constexpr void restore(const circuit_snapshot& s) {
        change(never, [&](data& d) { d.core.restore(s); });
    }

    /// See worst_case.hpp. It adds nothing, and refuses at once.
    template <class Inner>
    [[nodiscard]] static constexpr auto worst_case(duration within, const Inner& inner) {
        return inner(within);
    }

    // For permits.
    constexpr void give_back(ticket t) noexcept {
        change(never, [&](data& d) { d.core.give_back(t); });
    }

private:
    struct data {
        constexpr explicit data(const circuit_breaker_options& o) : core(o) {}
        circuit core;
        verdict last{}; // the last failure recorded, for the message of a refusal
    };

    // Does something to the circuit, which first hears of the successes that were counted apart;
    // then tells those who look without a lock, and those who want to know.
    template <class F>
    constexpr auto change(instant now, F&& f) {
        std::array<circuit_event, 4> told{};
        std::size_t n = 0;
        const auto locked = [&](data& d) {
            if (d.core.quiet())
                lines_.collect(d.core.generation(), [&](std::uint64_t more, instant slice_end) {
                    d.core.add_successes(more, after(slice_end, duration{-1}));
                });
            struct at_end {
                basic_circuit_breaker& self;
                data& d;
                std::array<circuit_event, 4>& told;
                std::size_t& n;
                constexpr ~at_end() {
                    self.gate_.publish(d.core, d.last);
                    while (const auto e = d.core.take_event())
                        told[n++ % told.size()] = *e;
                }
            } const end{*this, d, told, n};
            return f(d);
        };
        if constexpr (std::is_void_v<decltype(shared_.with(locked))>) {
            shared_.with(locked);
            tell(now, told, n);
        } else {
            auto result = shared_.with(locked);
            tell(now, told, n);
            return result;
        }
    }

    constexpr void tell(instant now, const std::array<circuit_event, 4>& told, std::size_t n) {
        for (std::size_t i = 0; events_ && i != n && i != told.size(); ++i)
            events_(event_of(told[i], now, name_, tags_));
    }

    guarded<data, Lock> shared_;
    circuit_gate<Lock> gate_{};
    [[no_unique_address]] success_lines<Lock> lines_{};
    // What does not change is read without the lock.
    callback<bool(const verdict&)> failure_if_;
    const circuit_control* control_;
    sink events_;
    label name_;
    label tags_;
};

template <class Lock>
class basic_circuit_breaker<Lock>::run : public pass_through {
public:
    OUTLAST_INLINE constexpr explicit run(basic_circuit_breaker& shared) noexcept
        : shared_(&shared) {}
    OUTLAST_INLINE constexpr run(run&& other) noexcept = default;
    OUTLAST_INLINE constexpr ~run() = default;

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
        const auto sign = shared_->gate_.read();
        admitted_ = {sign.generation(), ticket::no_place}; // nothing to hold or to give back
        return sign.all_pass() && (shared_->control_ == nullptr || !isolated_outside());
    }
    OUTLAST_INLINE constexpr bool plain_success(reading& now) const {
        const auto sign = shared_->gate_.read();
        if (!sign.is_quiet() || sign.generation() != admitted_.generation)
            return false;
        return sign.is_uncounted() ||
               shared_->lines_.counts(sign.generation(), sign.is_sliced(), now);
    }
    OUTLAST_INLINE constexpr void plain_end() noexcept {
        if (!shared_->gate_.read().is_uncounted())
            shared_->lines_.count();
    }

    constexpr void abandoned() noexcept { permit_.drop(); }

    constexpr void explain(report& facts) const noexcept {
        if (opened_for_ > facts.retry_after)
            facts.retry_after = opened_for_;
        if (!refused_)
            return;
        facts.policy = "circuit breaker";
        facts.name = shared_->name_;
        facts.recorded = tripped_.recorded;
        facts.failed = tripped_.failed;
        facts.slow = tripped_.slow;
        facts.manual = by_hand_;
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
            by_hand_ = true;
            return refuse(v, circuit_refusal::isolated);
        }
        if (told_no(now, v))
            return refuse(v, circuit_refusal::open);
        circuit::admission a = look(now, t, v);
        if (a.needs_time) {
            (void)now.get();
            a = look(now, t, v);
        }
        if (!a.admitted)
            return refuse(v, a.why);
        admitted_ = a.with;
        if (a.with.place != ticket::no_place)
            permit_ = {*shared_, a.with};
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
    constexpr bool told_no(reading& now, verdict& v) {
        const auto n = shared_->gate_.refusal();
        // Its time is over, or this thread has no line to count it in.
        if (!n || now.get() >= n->until || !shared_->lines_.refuse())
            return false;
        v = verdict::neutral(refusal::circuit_open, until(now.get(), n->until));
        v.code = n->code;
        v.domain = n->domain;
        tripped_ = n->tripped;
        by_hand_ = false;
        return true;
    }

    // Asks the circuit itself; `v` is what a refusal says.
    constexpr circuit::admission look(reading& now, terms t, verdict& v) {
        return shared_->change(now.known() ? now.get() : never, [&](data& d) {
            const circuit::admission a = d.core.admit(now, t.spare);
            if (!a.admitted && !a.needs_time) {
                v = verdict::neutral(refusal::circuit_open, a.retry_after);
                v.code = d.last.code;
                v.domain = d.last.domain;
                tripped_ = d.core.tripped();
                tripped_.slow = circuit_gate<Lock>::slow_of(d.core);
                by_hand_ = a.why == circuit_refusal::isolated;
            }
            return a;
        });
    }

    // Tells the circuit what an admitted call came to.
    constexpr void tell(reading& now, const verdict& v) {
        const auto& counts = shared_->failure_if_;
        if (!v.ok() && !(v.failed() && (!counts || counts(v))))
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

    basic_circuit_breaker* shared_;
    permit<basic_circuit_breaker> permit_{}; // of a call that the circuit wants to hear of
    ticket admitted_{};
    instant since_ = never;                  // where somebody may want to know how long it took
    duration opened_for_ = verdict::no_hint; // this call's result opened it
    tally tripped_{};                        // of a refusal
    bool refused_ = false;
    bool by_hand_ = false;
};

} // namespace outlast

#endif // OUTLAST_CIRCUIT_BREAKER_HPP
