// SPDX-License-Identifier: BSL-1.0
#ifndef OUTLAST_CIRCUIT_BREAKER_HPP
#define OUTLAST_CIRCUIT_BREAKER_HPP

#include <outlast/circuit.hpp>
#include <outlast/error.hpp>
#include <outlast/guarded.hpp>
#include <outlast/machine.hpp>
#include <outlast/permit.hpp>

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
/// **Sharing** one breaker for all calls to one dependency: pass it by `std::ref`. All state is
/// under `Lock`; `failure_if` is called outside it. A call that is dropped (thrown, cancelled,
/// never finished) gives its permit back, so that nothing wedges a breaker.
/// **Cost** two uncontended locks a call; no allocation after construction.
/// **Example** (`outlast::circuit_breaker` is this with a mutex: threads.hpp)
///
///     outlast::circuit_breaker breaker{{.window = 2, .open_for = 10s, .name = "orders"}};
///     outlast::pipeline p{std::ref(breaker)};
///     auto down = []() -> outlast::result<int> {
///         return std::make_error_code(std::errc::connection_refused);
///     };
///     (void)p(down), (void)p(down);
///     std::cout << p(down).error().message();
///     // circuit open for orders: 2 of the last 2 calls failed (last: Connection refused);
///     // next probe in 10 s
template <class Lock = no_lock>
class basic_circuit_breaker {
public:
    class run;

    constexpr explicit basic_circuit_breaker(const circuit_breaker_options& options = {})
        : shared_((require_valid(options.problem()), options)), options_(options) {}

    [[nodiscard]] constexpr run start() noexcept { return run{*this}; }

    /// The state that a call at `now` would meet: from the `outlast::steady` clock, or a simulation's `time()`.
    [[nodiscard]] constexpr circuit_state state(instant now) {
        return shared_.with([&](data& d) {
            return d.core.mode() == circuit_mode::isolated ? circuit_state::open
                                                           : d.core.state(now);
        });
    }
    /// Whether it was opened by hand.
    [[nodiscard]] constexpr bool isolated() {
        return shared_.with([](data& d) { return d.core.mode() == circuit_mode::isolated; });
    }
    /// What the window holds at `now`.
    [[nodiscard]] constexpr tally counts(instant now) {
        return shared_.with([&](data& d) { return d.core.counts(now); });
    }

    /// Opens it by hand: every call is refused, without a time to come back, until `close`.
    constexpr void isolate() {
        shared_.with([](data& d) { d.core.set_mode(circuit_mode::isolated); });
    }
    /// Closes it by hand, with an empty window.
    constexpr void close() {
        shared_.with([](data& d) { d.core.close(); });
    }

    [[nodiscard]] constexpr const circuit_breaker_options& options() const noexcept {
        return options_;
    }

    // For permits.
    constexpr void give_back(ticket t) noexcept {
        shared_.with([&](data& d) { d.core.give_back(t); });
    }

private:
    struct data {
        constexpr explicit data(const circuit_breaker_options& o) : core(o) {}
        circuit core;
        verdict last{}; // the last failure recorded, for the message of a refusal
    };

    guarded<data, Lock> shared_;
    circuit_breaker_options options_;
};

template <class Lock>
class basic_circuit_breaker<Lock>::run : public pass_through {
public:
    constexpr explicit run(basic_circuit_breaker& shared) noexcept : shared_(&shared) {}

    constexpr step begin(reading& now, terms t) {
        permit_.drop();
        refused_ = false;
        verdict last;
        const auto ask = [&] {
            return shared_->shared_.with([&](data& d) {
                last = d.last;
                return d.core.admit(now, t.spare);
            });
        };
        circuit::admission a = ask();
        if (a.needs_time) {
            (void)now.get();
            a = ask();
        }
        if (a.admitted) {
            permit_ = {*shared_, a.with};
            return step::call(work, t.by);
        }
        refused_ = true;
        verdict no = verdict::neutral(refusal::circuit_open, a.retry_after);
        no.code = last.code;
        no.domain = last.domain;
        if (!std::is_constant_evaluated() && no.domain == nullptr && last.why != refusal::none) {
            no.code = static_cast<std::int32_t>(last.why);
            no.domain = &refusal_category();
        }
        return step::finish(no);
    }

    constexpr step settled(reading& now, lane, const verdict& v) {
        const auto& counts = shared_->options_.failure_if;
        if (v.ok() || (v.failed() && (!counts || counts(v)))) {
            const ticket t = permit_.spend();
            const auto record = [&] {
                return shared_->shared_.with([&](data& d) {
                    if (v.failed())
                        d.last = v;
                    return d.core.record(now, t, {.failed = v.failed(), .hint = v.hint});
                });
            };
            if (!record()) {
                (void)now.get();
                (void)record();
            }
        }
        permit_.drop();
        return step::finish(v);
    }

    constexpr void abandoned() noexcept { permit_.drop(); }

    constexpr void explain(report& facts) const noexcept {
        if (!refused_)
            return;
        facts.policy = "circuit breaker";
        facts.name = shared_->options_.name;
        shared_->shared_.with([&](data& d) {
            facts.recorded = d.core.tripped().recorded;
            facts.failed = d.core.tripped().failed;
            facts.manual = d.core.mode() == circuit_mode::isolated;
        });
    }

private:
    basic_circuit_breaker* shared_;
    permit<basic_circuit_breaker> permit_{};
    bool refused_ = false;
};

} // namespace outlast

#endif // OUTLAST_CIRCUIT_BREAKER_HPP
