// SPDX-License-Identifier: BSL-1.0
//
// The blocking driver: runs a pipeline on the calling thread.
#ifndef OUTLAST_RUN_HPP
#define OUTLAST_RUN_HPP

#include <outlast/hand.hpp>
#include <outlast/machine.hpp>

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <stop_token>
#include <utility>

namespace outlast {

/// What the caller of one call asks for.
struct limits {
    /// By when it wants its answer. A blocking callable is expected to keep it (`call::remaining`);
    /// what comes later is `timed_out`. Default: no deadline.
    std::chrono::steady_clock::time_point deadline = std::chrono::steady_clock::time_point::max();
    /// Asks the call to stop: waits end at once, no further attempt begins.
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
/// and cheaper, or a test's) is a type with the same function.
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
        const std::stop_callback on_stop{stop, [this] { set(stopped_); }};
        std::unique_lock hold{mutex_};
        const auto ready = [&] { return stopped_ || (parked && woken_); };
        if (at == never) {
            changed_.wait(hold, ready);
        } else {
            const std::chrono::steady_clock::time_point when{at.time_since_epoch()};
            changed_.wait_until(hold, when, ready);
        }
        if (parked)
            woken_ = false;
    }

private:
    void set(bool& flag) noexcept {
        const std::lock_guard hold{mutex_};
        flag = true;
        changed_.notify_one(); // under the lock: the sleeper may be gone right after it
    }

    std::mutex mutex_;
    std::condition_variable changed_;
    bool woken_ = false;
    bool stopped_ = false;
};

template <class Clock>
[[nodiscard]] constexpr reading read_once() noexcept {
    return {[](void*) { return Clock::now(); }, nullptr};
}

template <class Clock, class Pipeline, class F, class... A>
auto drive(Pipeline& policies, const limits& limit, F& callable, const A&... arguments) ->
    typename hand<F, A...>::result_type {
    waiting_thread thread; // outlives the machine, which may be woken through it
    hand<F, A...> in_hand{callable, thread, arguments...};
    auto machine = policies.start(arguments...);

    constexpr auto no_deadline = std::chrono::steady_clock::time_point::max();
    const instant by =
        limit.deadline == no_deadline ? never : instant{limit.deadline.time_since_epoch()};
    reading now = read_once<Clock>();
    instant begun = never;
    const auto conclude = [&](const verdict& v) {
        const bool asked = limit.facts != nullptr || (!v.ok() && begun != never);
        return in_hand.conclude(v, machine, asked ? until(begun, now.get()) : duration{},
                                limit.facts);
    };

    if (limit.facts != nullptr || by != never)
        begun = now.get();
    if (limit.stop.stop_requested())
        return conclude(verdict::neutral(refusal::cancelled));
    if (by != never && now.get() >= by)
        return conclude(verdict::expired());

    step s = machine.begin(now, by);
    if (now.known())
        begun = now.get();
    for (;;)
        switch (s.what) {
        case action::call: {
            if (s.callee != work) {
                s = machine.settled(now, s.on, operate(machine, s.callee, now, in_hand));
                break;
            }
            // No work begins at its deadline: nobody would wait for what it comes to.
            if (s.at != never && now.get() >= s.at) {
                s = machine.settled(now, s.on, verdict::neutral(refusal::timed_out));
                break;
            }
            const verdict v = in_hand.work(s.at, read_once<Clock>(), limit.stop);
            now = read_once<Clock>();
            if (!v.ok() && limit.stop.stop_requested())
                return conclude(verdict::neutral(refusal::cancelled, v.hint));
            s = machine.settled(now, s.on, v);
            break;
        }
        case action::wait:
        case action::park:
            thread.sleep(s.at, s.what == action::park, limit.stop);
            now = read_once<Clock>();
            if (limit.stop.stop_requested())
                return conclude(verdict::neutral(refusal::cancelled));
            s = machine.woke(now, s.on);
            break;
        case action::finish:
            // The caller's deadline is outside all others, and wins over them and over a value.
            if (by != never && now.get() >= by) {
                verdict late = verdict::expired();
                late.hint = s.outcome.hint;
                return conclude(late);
            }
            return conclude(s.outcome);
        }
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
auto run(Pipeline& policies, const limits& limit, F&& callable, const A&... arguments) {
    using value = typename hand<std::remove_reference_t<F>, A...>::value_type;
    return detail::caught<value>(
        [&] { return detail::drive<Clock>(policies, limit, callable, arguments...); });
}

template <class Clock = steady, class Pipeline, class F, class... A>
    requires(!std::same_as<std::remove_cvref_t<F>, limits>)
auto run(Pipeline& policies, F&& callable, const A&... arguments) {
    return run<Clock>(policies, limits{}, callable, arguments...);
}

} // namespace outlast

#endif // OUTLAST_RUN_HPP
