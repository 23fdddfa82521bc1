// SPDX-License-Identifier: BSL-1.0
#ifndef OUTLAST_CIRCUIT_BREAKER_HPP
#define OUTLAST_CIRCUIT_BREAKER_HPP

#include <outlast/circuit.hpp>
#include <outlast/error.hpp>
#include <outlast/guarded.hpp>
#include <outlast/machine.hpp>
#include <outlast/permit.hpp>
#include <outlast/shared_word.hpp>
#include <outlast/success_lines.hpp>

#include <algorithm> // std::max
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
        : shared_((require_valid(options.problem()), options)), options_(options) {
        shared_.with([&](data& d) { publish(d); });
    }

    [[nodiscard]] OUTLAST_INLINE constexpr run start() noexcept { return run{*this}; }

    /// The state that a call at `now` would meet: from the `outlast::steady` clock, or a
    /// simulation's `time()`.
    [[nodiscard]] constexpr circuit_state state(instant now) {
        return change([&](data& d) {
            return d.core.isolated() ? circuit_state::open : d.core.state(now);
        });
    }
    /// Whether it was opened by hand.
    [[nodiscard]] constexpr bool isolated() {
        return shared_.with([](data& d) { return d.core.isolated(); });
    }
    /// What the window holds at `now`.
    [[nodiscard]] constexpr tally counts(instant now) {
        return change([&](data& d) {
            collect(d);
            return d.core.counts(now);
        });
    }

    /// Opens it by hand: every call is refused, without a time to come back, until `close`.
    constexpr void isolate() {
        change([](data& d) { d.core.isolate(); });
    }
    /// Closes it by hand, with an empty window.
    constexpr void close() {
        change([](data& d) { d.core.close(); });
    }

    [[nodiscard]] constexpr const circuit_breaker_options& options() const noexcept {
        return options_;
    }

    /// See worst_case.hpp. It adds nothing, and refuses at once.
    template <class Inner>
    [[nodiscard]] static constexpr auto worst_case(duration within, const Inner& inner) {
        return inner(within);
    }

    // For permits.
    constexpr void give_back(ticket t) noexcept {
        change([&](data& d) { d.core.give_back(t); });
    }

private:
    struct data {
        constexpr explicit data(const circuit_breaker_options& o) : core(o) {}
        circuit core;
        verdict last{}; // the last failure recorded, for the message of a refusal
    };

    /// What an admission and a success have to know, in one word.
    struct gate {
        std::uint64_t bits = 0;
        static constexpr std::uint64_t passing = 1, quiet = 2, refusing = 4;

        [[nodiscard]] constexpr bool all_pass() const noexcept { return (bits & passing) != 0; }
        [[nodiscard]] constexpr bool is_quiet() const noexcept { return (bits & quiet) != 0; }
        [[nodiscard]] constexpr bool refuses() const noexcept { return (bits & refusing) != 0; }
        [[nodiscard]] constexpr std::uint64_t generation() const noexcept { return bits >> 3U; }
        friend constexpr bool operator==(gate, gate) noexcept = default;
    };

    /// What a refusal says. Belongs to the generation of the gate that was stored after it.
    struct notice {
        shared_word<duration::rep, Lock> open_until{};
        shared_word<std::uint64_t, Lock> tripped{}; // recorded, failed
        shared_word<std::int32_t, Lock> code{};
        shared_word<const std::error_category*, Lock> domain{};
    };

    constexpr void publish(data& d) noexcept {
        gate g{d.core.generation() << 3U};
        if (d.core.passes())
            g.bits |= gate::passing;
        if (d.core.quiet())
            g.bits |= gate::quiet;
        if (d.core.refuses()) {
            g.bits |= gate::refusing;
            notice_.open_until.store(d.core.open_until().time_since_epoch().count());
            notice_.tripped.store(std::uint64_t{d.core.tripped().recorded} << 32U |
                                  d.core.tripped().failed);
            notice_.code.store(d.last.code);
            notice_.domain.store(d.last.domain);
        }
        if (!(gate_.load() == g))
            gate_.store(g);
    }

    // Does something to the circuit, and tells those who look without a lock.
    template <class F>
    constexpr auto change(F&& f) {
        return shared_.with([&](data& d) {
            if constexpr (std::is_void_v<decltype(f(d))>) {
                f(d);
                publish(d);
            } else {
                auto result = f(d);
                publish(d);
                return result;
            }
        });
    }

    [[nodiscard]] constexpr bool by_time() const noexcept { return options_.window.by_time(); }

    constexpr void collect(data& d) noexcept {
        lines_.collect(d.core.generation(), [&](std::uint32_t n, instant slice_end) {
            d.core.add_successes(n, after(slice_end, duration{-1}));
        });
    }

    guarded<data, Lock> shared_;
    shared_word<gate, Lock> gate_{};
    notice notice_{};
    [[no_unique_address]] success_lines<Lock> lines_{};
    circuit_breaker_options options_;
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
        const gate g = shared_->gate_.load();
        admitted_ = {g.generation(), ticket::no_place}; // nothing to hold or to give back
        return g.all_pass();
    }
    OUTLAST_INLINE constexpr bool plain_success(reading& now) const {
        const gate g = shared_->gate_.load();
        return g.is_quiet() && g.generation() == admitted_.generation &&
               shared_->lines_.counts(admitted_.generation, shared_->by_time(), now);
    }
    OUTLAST_INLINE constexpr void plain_end() noexcept { shared_->lines_.count(); }

    constexpr void abandoned() noexcept { permit_.drop(); }

    constexpr void explain(report& facts) const noexcept {
        if (opened_for_ > facts.retry_after)
            facts.retry_after = opened_for_;
        if (!refused_)
            return;
        facts.policy = "circuit breaker";
        facts.name = shared_->options_.name;
        facts.recorded = tripped_.recorded;
        facts.failed = tripped_.failed;
        facts.manual = manual_;
    }

private:
    constexpr step ask(reading& now, terms t, verdict& v) {
        const gate g = shared_->gate_.load();
        if (g.refuses() && told_no(g, now, v))
            return step::finish();
        circuit::admission a = look(now, t, v);
        if (a.needs_time) {
            (void)now.get();
            a = look(now, t, v);
        }
        if (a.admitted) {
            admitted_ = a.with;
            if (a.with.place != ticket::no_place)
                permit_ = {*shared_, a.with};
            return step::call(work, t.by);
        }
        refused_ = true;
        v.hint = a.retry_after;
        return step::finish();
    }

    // Refused by what was published. False: it has changed meanwhile, or its time is over.
    constexpr bool told_no(gate g, reading& now, verdict& v) {
        const notice& n = shared_->notice_;
        const instant until_then{duration{n.open_until.load()}};
        const std::uint64_t tripped = n.tripped.load();
        verdict no = verdict::neutral(refusal::circuit_open, until(now.get(), until_then));
        no.code = n.code.load();
        no.domain = n.domain.load();
        if (!(shared_->gate_.load() == g) || now.get() >= until_then)
            return false;
        v = no;
        refused_ = true;
        manual_ = false;
        tripped_ = {static_cast<std::uint32_t>(tripped >> 32U), static_cast<std::uint32_t>(tripped)};
        return true;
    }

    // Asks the circuit itself; `v` is what a refusal says.
    constexpr circuit::admission look(reading& now, terms t, verdict& v) {
        return shared_->change([&](data& d) {
            const circuit::admission a = d.core.admit(now, t.spare);
            if (!a.admitted && !a.needs_time) {
                v = verdict::neutral(refusal::circuit_open);
                v.code = d.last.code;
                v.domain = d.last.domain;
                tripped_ = d.core.tripped();
                manual_ = d.core.isolated();
            }
            return a;
        });
    }

    // Tells the circuit what an admitted call came to.
    constexpr void tell(reading& now, const verdict& v) {
        const auto& counts = shared_->options_.failure_if;
        if (!v.ok() && !(v.failed() && (!counts || counts(v)))) {
            permit_.drop();
            return;
        }
        if (permit_)
            (void)permit_.spend();
        if (!record(now, v)) {
            (void)now.get();
            (void)record(now, v);
        }
    }

    constexpr bool record(reading& now, const verdict& v) {
        return shared_->change([&](data& d) {
            if (v.failed()) {
                d.last = v;
                // A timeout of ours has no code of its own.
                if (!std::is_constant_evaluated() && v.domain == nullptr &&
                    v.why != refusal::none) {
                    d.last.code = static_cast<std::int32_t>(v.why);
                    d.last.domain = &refusal_category();
                }
            }
            if (d.core.quiet())
                shared_->collect(d);
            const std::uint64_t before = d.core.generation();
            if (!d.core.record(now, admitted_, v.failed()))
                return false;
            if (d.core.generation() != before && d.core.refuses())
                opened_for_ = until(now.get(), d.core.open_until());
            else if (d.core.quiet() && (now.known() || !shared_->by_time()))
                shared_->lines_.begin(d.core.generation(), d.core.slice_end(now));
            return true;
        });
    }

    basic_circuit_breaker* shared_;
    permit<basic_circuit_breaker> permit_{}; // of a probe
    ticket admitted_{};
    duration opened_for_ = verdict::no_hint; // this call's result opened it
    tally tripped_{};                        // of a refusal
    bool refused_ = false;
    bool manual_ = false;
};

} // namespace outlast

#endif // OUTLAST_CIRCUIT_BREAKER_HPP
