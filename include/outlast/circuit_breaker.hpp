// SPDX-License-Identifier: BSL-1.0
#ifndef OUTLAST_CIRCUIT_BREAKER_HPP
#define OUTLAST_CIRCUIT_BREAKER_HPP

#include <outlast/circuit.hpp>
#include <outlast/circuit_gate.hpp>
#include <outlast/circuit_run.hpp>
#include <outlast/circuit_telling.hpp>
#include <outlast/error.hpp>
#include <outlast/guarded.hpp>
#include <outlast/machine.hpp>
#include <outlast/permit.hpp>
#include <outlast/success_lines.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <type_traits>

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
/// neutral is recorded as nothing, or as a success where a judge says so (see `judged`).
/// **Answers** *call*, or *finish* with a refusal.
/// **Refusals** `circuit_open`, neutral, with the time until the next probe (open: what is left of
/// it; half-open: what is left of the earliest lease; isolated by hand: none).
/// **Time** closed it looks when a result opens it (with a window of time, at each result). A probe
/// holds a lease: at its end it has failed, as of that instant, and what it says later is ignored,
/// as is every result of a call admitted before the last change of state.
/// **Sharing** one breaker for all calls to one dependency: pass it by `std::ref`. What changes is
/// under `Lock`; `failure_if` is called outside it. A call that is dropped (thrown, cancelled,
/// never finished) gives its permit back, so that nothing wedges a breaker; as it says no time, a
/// probe dropped after its lease has failed only if somebody asked in between.
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
    using run = detail::circuit_run<basic_circuit_breaker>;
    using lock_type = Lock;
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

    /// The state that a call at `now` would meet; `open` while it is isolated, by its own mode or by its
    /// `control` (which tells `events` nothing: it has an `on_change` of its own).
    [[nodiscard]] constexpr circuit_state state(instant now) {
        if (control_ != nullptr && control_->isolated())
            return circuit_state::open;
        return change(now, [&](data& d) {
            return d.core.mode() == circuit_mode::isolated ? circuit_state::open
                                                           : d.core.state(now);
        });
    }
    /// When time alone may change the state next, from open to half-open above all; `never`: not before
    /// a call or a hand does. It has no timer: what time does is done, and told to `events`, when the
    /// next call or question finds it, as of the instant at which it was due. Who wants to be told then
    /// sets a timer of their own for this instant when it has `opened`, and asks for the `state`.
    [[nodiscard]] constexpr instant next_change(instant now) {
        return change(now, [&](data& d) { return d.core.next_change(now); });
    }
    [[nodiscard]] constexpr circuit_mode mode() {
        return shared_.with([](data& d) { return d.core.mode(); });
    }
    /// What the window holds at `now`.
    [[nodiscard]] constexpr tally window(instant now) {
        return change(now, [&](data& d) { return d.core.window(now); });
    }
    /// Of its whole life. Successes that a window of consecutive failures need not hear of are not
    /// among them.
    [[nodiscard]] constexpr circuit_counts counts() {
        return change(never, [&](data& d) {
            d.core.add_refusals(lines_.refusals(), circuit_refusal::open);
            return d.core.counts();
        });
    }
    [[nodiscard]] constexpr circuit_breaker_options options() const {
        // No `mutable`: GCC 12 takes that for no constant.
        return const_cast<basic_circuit_breaker*>(this)->shared_.with(
            [](const data& d) { return d.core.options(); });
    }

    // ---- by hand: each is carried out in any state and mode, so that there is nothing to refuse

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
    friend run;

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

} // namespace outlast

#endif // OUTLAST_CIRCUIT_BREAKER_HPP
