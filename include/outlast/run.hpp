// SPDX-License-Identifier: BSL-1.0
//
// The blocking driver: runs a pipeline on the calling thread.
#ifndef OUTLAST_RUN_HPP
#define OUTLAST_RUN_HPP

#include <outlast/hand.hpp>
#include <outlast/machine.hpp>

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <new> // placement
#include <stop_token>
#include <utility>

namespace outlast {

/// What the caller of one call asks for.
struct limits {
    /// By when it wants its answer. A blocking callable is expected to keep it (`call::remaining`);
    /// what comes later is `timed_out`. Default: no deadline.
    std::chrono::steady_clock::time_point deadline = std::chrono::steady_clock::time_point::max();
    /// Asks the call to stop: waits end at once, no further attempt begins. What runs is asked, too, and
    /// a good value that it brings all the same is the answer, under this driver and under Asio (there
    /// also where the handler's slot asks by *partial* or *total*). An order to end, at an instant, is
    /// something else: Asio's *terminal* and the simulation's `cancel` end the call there, before a
    /// result of the same instant.
    std::stop_token stop{};
    /// Where to write the facts of the call, success or not; null: nobody is interested.
    report* facts = nullptr;
};

/// Limits with a deadline from now on.
[[nodiscard]] inline limits within(duration span) {
    const auto now = std::chrono::steady_clock::now();
    const auto most = std::chrono::steady_clock::time_point::max() - now;
    return {.deadline = span < most ? now + span : std::chrono::steady_clock::time_point::max()};
}

/// A clock for the blocking driver: `now()` on the timeline of `steady_clock`. Another one (coarser
/// and cheaper, or a test's) is a type with the same function. By one that is behind, waits end as much
/// too early.
struct steady {
    [[nodiscard]] static instant now() noexcept {
        return instant{std::chrono::steady_clock::now().time_since_epoch()};
    }
};

namespace detail {

/// Waits on behalf of one call, on its own thread. (Not `condition_variable_any`, which knows stop
/// tokens and allocates.)
class waiting_thread final : public waker {
public:
    void wake() noexcept override { set(woken_); }

    /// Until `at`, a wake (if `parked`), or a stop. A wake that came before is not lost.
    void sleep(instant at, bool parked, const std::stop_token& stop) {
        std::condition_variable changed; // here, as few calls ever sleep
        const std::stop_callback on_stop{stop, [this] { set(stopped_); }};
        std::unique_lock hold{mutex_};
        const auto ready = [&] { return stopped_ || (parked && woken_); };
        changed_ = &changed;
        if (at == never) {
            changed.wait(hold, ready);
        } else {
            const std::chrono::steady_clock::time_point when{at.time_since_epoch()};
            changed.wait_until(hold, when, ready);
        }
        changed_ = nullptr;
        if (parked)
            woken_ = false;
    }

private:
    void set(bool& flag) noexcept {
        const std::lock_guard hold{mutex_};
        flag = true;
        if (changed_ != nullptr)
            changed_->notify_one(); // under the lock: the sleeper may be gone right after it
    }

    std::mutex mutex_;
    std::condition_variable* changed_ = nullptr;
    bool woken_ = false;
    bool stopped_ = false;
};

template <class Clock>
[[nodiscard]] OUTLAST_INLINE constexpr reading read_once() noexcept {
    return {[](void*) { return Clock::now(); }, nullptr};
}

/// One call under this driver. A first attempt that settles everything goes through `start` alone, in
/// which the machine lives in registers; all else is `go_on`'s, which takes the machine over.
template <class Clock, class Machine, class F, class... A>
class blocking_call {
    static_assert(lanes_of<Machine> == 1,
                  "outlast::run: a hedge runs several calls at once, and the blocking driver has "
                  "one thread: run this pipeline in a simulation or by an asynchronous driver, or "
                  "take the hedge out.");

public:
    using hand_type = hand<F, A...>;
    using result_type = typename hand_type::result_type;

    /// \param limit null where the caller set none
    template <class Pipeline>
    OUTLAST_INLINE static result_type
    start(Pipeline& policies, const limits* limit, F& callable, const A&... arguments) {
        Machine machine = policies.start(arguments...);
        reading now = read_once<Clock>();
        instant by = limit == nullptr ? never : deadline_of(*limit);
        if (limit == nullptr || may_begin(*limit, now).ok()) [[likely]] {
            if (machine.plain_begin(now, by) && in_time(by, now)) [[likely]]
                return first(machine, by, now, limit, callable, arguments...);
            if (verdict v; limit == nullptr && machine.plain_refusal(now, v)) {
                OUTLAST_ASSERT(v.kind == verdict_kind::neutral && v.why != refusal::none &&
                               v.why != refusal::timed_out);
                return hand_type::refused_as(v, machine);
            }
        }
        return elsewise(carried(std::forward<carried>(machine)), time_of(now), limit, callable,
                        arguments...);
    }

private:
    // For who goes on with it: another one, so that the one in registers needs no address; unless
    // other calls link to it.
    using carried = std::conditional_t<Machine::pinned, Machine&, Machine>;

    static instant deadline_of(const limits& limit) noexcept {
        constexpr auto none = std::chrono::steady_clock::time_point::max();
        return limit.deadline == none ? never : instant{limit.deadline.time_since_epoch()};
    }

    // No work begins at its deadline: nobody would wait for what it comes to.
    OUTLAST_INLINE static bool in_time(instant by, reading& now) {
        return by == never || now.get() < by;
    }

    // Success, or what speaks against any call.
    static verdict may_begin(const limits& limit, reading& now) {
        const instant by = deadline_of(limit);
        if (limit.facts != nullptr)
            (void)now.get(); // the call's beginning
        if (limit.stop.stop_requested())
            return verdict::neutral(refusal::cancelled);
        return by != never && now.get() >= by ? verdict::expired() : verdict::success();
    }

    // A reading as a plain value, for what is passed on rarely. `never`: not made.
    OUTLAST_INLINE static instant time_of(reading now) { return now.known() ? now.get() : never; }
    static reading reading_of(instant at) { return at == never ? read_once<Clock>() : reading{at}; }

    // Of a success: whether the caller's limits leave something to do.
    static bool concerns(const limits& limit, reading& now) {
        const instant by = deadline_of(limit);
        return limit.facts != nullptr || (by != never && now.get() >= by);
    }

    // Every return is of `r`, which is therefore built where the caller wants it.
    OUTLAST_INLINE static result_type first(Machine& machine,
                                            instant by,
                                            const reading& begun,
                                            const limits* limit,
                                            F& callable,
                                            const A&... arguments) {
        result_type r =
            hand_type::attempt([&] { return call{1, by, read_once<Clock>(), stop_of(limit)}; },
                               callable, arguments...);
        reading now = read_once<Clock>();
        if constexpr (is_judged<F>) {
            const verdict v = judge_by(callable, r);
            if (!v.ok() || !is_all(machine, now, limit)) [[unlikely]]
                go_on(carried(std::forward<carried>(machine)), &v, time_of(begun), time_of(now),
                      limit, r, callable, arguments...);
        } else if (!r.has_value() || !is_all(machine, now, limit)) [[unlikely]] {
            go_on(carried(std::forward<carried>(machine)), nullptr, time_of(begun), time_of(now),
                  limit, r, callable, arguments...);
        }
        return r;
    }

    // Of a success: whether nothing else is left to do.
    OUTLAST_INLINE static bool is_all(Machine& machine, reading& now, const limits* limit) {
        if (!machine.plain_success(now) || (limit != nullptr && concerns(*limit, now)))
            return false;
        machine.plain_end();
        return true;
    }

    // The call is not over with its first attempt, of which the machine has not been told yet. What
    // it comes to takes the place of `r`. `judgement` is null where `r` says it itself.
    OUTLAST_COLD static void go_on(carried&& machine,
                                   const verdict* judgement,
                                   instant begun,
                                   instant now,
                                   const limits* limit,
                                   result_type& r,
                                   F& callable,
                                   const A&... arguments) {
        session s{machine, reading_of(now), begun, limit, callable, arguments...};
        verdict v = judgement != nullptr ? *judgement : judge(r);
        s.in_hand.adopt(std::move(r));
        step next;
        if (s.settle(0, v, next))
            s.carry_out(next, v);
        replace(r, s, v);
    }

    // The call as it is told to the machine from its beginning.
    OUTLAST_COLD static result_type elsewise(
        carried&& machine, instant at, const limits* limit, F& callable, const A&... arguments) {
        const limits& bounds = limit == nullptr ? no_limits() : *limit;
        reading now = reading_of(at);
        verdict v = may_begin(bounds, now);
        step first = step::finish();
        if (v.ok())
            first = machine.begin(now, deadline_of(bounds), v);
        session s{machine, now, time_of(now), limit, callable, arguments...};
        s.carry_out(first, v);
        return s.conclude(v);
    }

    struct session {
        Machine& machine;
        reading now;
        instant begun;
        const limits& limit;
        bool stoppable; // by somebody, at some time
        waiting_thread thread{};
        hand_type in_hand;

        session(Machine& m,
                const reading& event,
                instant beginning,
                const limits* wanted,
                F& callable,
                const A&... arguments)
            : machine(m),
              now(event),
              begun(beginning),
              limit(wanted == nullptr ? no_limits() : *wanted),
              stoppable(limit.stop.stop_possible()),
              in_hand(callable, thread, arguments...) {
            in_hand.told_by(read_once<Clock>(), limit.stop);
        }
        // Whoever could wake this thread is told first that nobody waits any more.
        ~session() { machine.abandoned(); }
        session(const session&) = delete;
        session& operator=(const session&) = delete;

        // Tells the machine about an attempt. False: the caller has asked to stop; it is over.
        bool settle(lane on, verdict& v, step& next) {
            if (!v.ok() && stoppable && limit.stop.stop_requested()) {
                v = verdict::neutral(refusal::cancelled, v.hint);
                return false;
            }
            next = machine.settled(now, on, v);
            return true;
        }

        // Does what the machine says until it has finished.
        void carry_out(step s, verdict& v) {
            for (;;)
                switch (s.what) {
                case action::call:
                    if (s.callee != work) {
                        // In place: a copy would wait for bytes that are still being written.
                        ::new (static_cast<void*>(&v))
                            verdict(operate(machine, s.callee, now, in_hand));
                        now = read_once<Clock>(); // a store, a fallback take their time
                        s = machine.settled(now, s.on, v);
                    } else if (!in_time(s.at, now)) {
                        v = verdict::neutral(refusal::timed_out);
                        s = machine.settled(now, s.on, v);
                    } else {
                        ::new (static_cast<void*>(&v)) // in place, as above
                            verdict(in_hand.work(s.at, read_once<Clock>(), limit.stop));
                        now = read_once<Clock>();
                        if (!settle(s.on, v, s))
                            return;
                    }
                    break;
                case action::wait:
                case action::park:
                    thread.sleep(s.at, s.what == action::park, limit.stop);
                    now = read_once<Clock>();
                    if (limit.stop.stop_requested()) {
                        v = verdict::neutral(refusal::cancelled);
                        return;
                    }
                    s = machine.woke(now, s.on, v);
                    break;
                case action::finish: {
                    // The caller's deadline is outside all others, and wins over them and a value;
                    // its wish to stop wins over that.
                    const instant by = deadline_of(limit);
                    if (by != never && now.get() >= by) {
                        const duration hint = v.hint;
                        v = limit.stop.stop_requested() ? verdict::neutral(refusal::cancelled)
                                                        : verdict::expired();
                        v.hint = hint;
                    }
                    return;
                }
                }
        }

        [[nodiscard]] result_type conclude(const verdict& v) {
            const bool timed = limit.facts != nullptr || (!v.ok() && begun != never);
            return in_hand.conclude(v, machine, timed ? until(begun, now.get()) : duration{},
                                    limit.facts);
        }
    };

    // If the value can't be moved out, that is the outcome: `r` is never left without one.
    static void replace(result_type& r, session& s, const verdict& v) {
        r.~result_type();
        void* const place = &r;
#if OUTLAST_EXCEPTIONS
        try {
            ::new (place) result_type(s.conclude(v));
        } catch (...) {
            ::new (place) result_type(boost::outcome_v2::in_place_type<failure>, thrown());
        }
#else
        ::new (place) result_type(s.conclude(v));
#endif
    }

    static const limits& no_limits() noexcept {
        static const limits none{};
        return none;
    }

    static std::stop_token stop_of(const limits* limit) noexcept {
        return limit == nullptr ? std::stop_token{} : limit->stop;
    }
};

/// `limit` may be null.
template <class Clock, class Pipeline, class F, class... A>
OUTLAST_INLINE inline auto
drive(Pipeline& policies, const limits* limit, F& callable, const A&... arguments) ->
    typename hand<F, A...>::result_type {
    using machine = decltype(policies.start(arguments...));
    using driver = blocking_call<Clock, machine, F, A...>;
#if OUTLAST_EXCEPTIONS
    try {
        return driver::start(policies, limit, callable, arguments...);
    } catch (...) {
        return thrown();
    }
#else
    return driver::start(policies, limit, callable, arguments...);
#endif
}

} // namespace detail

/// Runs `callable(arguments…)` through a pipeline on this thread, until its machine has finished.
///
/// The clock is read at most once an event, and only if a policy, or the deadline, needs it. A stop
/// that was requested before the start means no call at all; one that comes later ends a wait at
/// once, and turns a failure into `cancelled`, while a good value that is already there is kept.
/// What is thrown (by the callable, a predicate, a key function) becomes a failure. Allocates
/// nothing.
/// \tparam Clock see `steady`
/// \return `outlast::result` of the callable's value
template <class Clock = steady, class Pipeline, class F, class... A>
OUTLAST_INLINE inline auto
run(Pipeline& policies, const limits& limit, F&& callable, const A&... arguments) {
    return detail::drive<Clock>(policies, &limit, callable, arguments...);
}

template <class Clock = steady, class Pipeline, class F, class... A>
    requires(!std::same_as<std::remove_cvref_t<F>, limits>)
OUTLAST_INLINE inline auto run(Pipeline& policies, F&& callable, const A&... arguments) {
    return detail::drive<Clock>(policies, static_cast<const limits*>(nullptr), callable,
                                arguments...);
}

} // namespace outlast

#endif // OUTLAST_RUN_HPP
