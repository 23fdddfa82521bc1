// SPDX-License-Identifier: BSL-1.0
//
// The one place of a call that knows the user's types: the callable, its arguments, its value.
#ifndef OUTLAST_HAND_HPP
#define OUTLAST_HAND_HPP

#include <outlast/call.hpp>
#include <outlast/fallback_answer.hpp>
#include <outlast/invoke.hpp>
#include <outlast/judged.hpp>
#include <outlast/outcome.hpp>
#include <outlast/slot.hpp>

#include <tuple>
#include <type_traits>
#include <utility>

namespace outlast {

namespace detail {

template <class F, class... A>
constexpr bool takes_call = std::is_invocable_v<F&, call&, const A&...>;

template <class F, class... A>
struct what_returns {
    static_assert(!sizeof(F*),
                  "outlast: the callable accepts neither (call&, arguments…) nor "
                  "(arguments…). Arguments are handed to every attempt as const "
                  "lvalues, so that no attempt finds them moved from or changed: take "
                  "them by value or by const reference, and capture what is to change.");
    using type = void;
};
template <class F, class... A>
    requires takes_call<F, A...>
struct what_returns<F, A...> : std::invoke_result<F&, call&, const A&...> {};
template <class F, class... A>
    requires(!takes_call<F, A...> && std::is_invocable_v<F&, const A&...>)
struct what_returns<F, A...> : std::invoke_result<F&, const A&...> {};

/// What the callable returns, without a reference.
template <class F, class... A>
using returned_by = std::remove_cvref_t<typename what_returns<F, A...>::type>;

#if OUTLAST_EXCEPTIONS
/// What is being thrown, as a failure. \pre called in a handler
[[nodiscard]] OUTLAST_COLD inline failure thrown() {
    try {
        throw;
    } catch (const failed& e) {
        return e.why();
    } catch (const std::system_error& e) {
        return failure{std::current_exception(), e.code()};
    } catch (...) {
        return failure{std::current_exception()};
    }
}
#endif

/// Runs `make`, which gives a result; what it throws becomes a failure.
template <class T, class Make>
OUTLAST_INLINE inline result<T> caught(Make&& make) {
#if OUTLAST_EXCEPTIONS
    try {
        return make();
    } catch (...) {
        return thrown();
    }
#else
    return make();
#endif
}

} // namespace detail

/// Holds the callable, refers to its arguments, and keeps the outcome of the last attempt in one
/// slot, from which it is moved once, to the caller. Verdicts go through the machines; the value
/// stays here. One call, one thread at a time.
template <class F, class... A>
class hand {
public:
    using returned = detail::returned_by<F, A...>;
    using value_type = value_of<returned>;
    using result_type = result<value_type>;

    hand(F& callable, waker& waiter, const A&... arguments)
        : callable_(callable), waiter_(waiter), arguments_(arguments...) {}

    /// How many times the callable was run.
    [[nodiscard]] std::uint32_t attempts() const noexcept { return attempts_; }

    /// Runs the callable once; what it throws is a failure. The result is built where it is wanted.
    /// \param context what the callable is told, if it wants to be: made only then
    template <class Context>
    OUTLAST_INLINE static result_type
    attempt(Context&& context, F& callable, const A&... arguments) {
#if OUTLAST_EXCEPTIONS
        try {
            return lifted(context, callable, arguments...);
        } catch (...) {
            return detail::thrown();
        }
#else
        return lifted(context, callable, arguments...);
#endif
    }

    /// Runs the callable and judges what it came to. The earlier outcome is destroyed first.
    verdict work(instant by, const reading& clock, const std::stop_token& stop) {
        ++attempts_;
        const auto context = [&] { return call{attempts_, by, clock, stop}; };
        slot_.fill([&]() -> result_type {
            return std::apply([&](const A&... a) { return attempt(context, callable_, a...); },
                              arguments_);
        });
        return judge_by(callable_, *slot_);
    }

    /// Goes on from the first attempt's outcome, which the driver has in hand already.
    void adopt(result_type&& first) {
        slot_.fill([&]() -> result_type { return std::move(first); });
        attempts_ = 1;
    }

    /// An attempt begins whose outcome arrives later, by `land`.
    void set_out() noexcept { ++attempts_; }

    /// What an attempt that set out earlier came to. The earlier outcome is destroyed first.
    verdict land(result_type&& arrived) {
        slot_.fill([&]() -> result_type { return std::move(arrived); });
        return judge_by(callable_, *slot_);
    }

    // --- for the operations of policies ---

    /// The value in the slot. \pre the last verdict was a success, or late
    [[nodiscard]] const auto& value() const { return slot_->assume_value(); }

    template <class V>
    void emplace(V&& value) {
        slot_.fill([&] {
            return result_type{boost::outcome_v2::in_place_type<value_type>,
                               std::forward<V>(value)};
        });
    }

    /// Puts a fallback's answer in the place of the failure; a failing one keeps both.
    /// \param by its deadline
    template <class Answer, class Machine>
    verdict replace(Answer& answer, const verdict& replaced, instant by, const Machine& inside) {
        const failure first = failure_of(replaced, inside);
        const auto context = [&] {
            OUTLAST_ASSERT(stop_ != nullptr); // told_by
            return call{attempts_, by, clock_, *stop_};
        };
        const auto ask = [&] {
            return detail::caught<value_type>([&]() -> result_type {
                return std::apply(
                    [&](const A&... a) {
                        return answering::ask(answer, context, first, bad_value(replaced), a...);
                    },
                    arguments_);
            });
        };
        if constexpr (answering::template sees_value<
                          Answer>) { // which stays until it has been seen
            result_type made = ask();
            slot_.fill([&]() -> result_type { return std::move(made); });
        } else {
            slot_.fill(ask);
        }
        return replaced_by_slot(first);
    }
    /// The failure that a verdict of the policies inside stands for, as their caller would get it; but
    /// for the time that the call has taken, which is not over.
    template <class Machine>
    [[nodiscard]] failure failure_of(const verdict& v, const Machine& inside) const {
        failure f = holds_error() ? failure_behind(v) : failure{v};
        explain(f, v, inside, {});
        return f;
    }
    /// The same with an answer that has arrived later.
    template <class T>
    verdict replace_with(result<T>&& answer, const failure& first) {
        static_assert(
            std::is_same_v<T, value_type>,
            "outlast::fallback: the asynchronous answer brings no value of the callable's "
            "type.");
        slot_.fill([&]() -> result_type { return std::move(answer); });
        return replaced_by_slot(first);
    }

    /// Gives the value in the slot, and the arguments of the call, to `take`. \pre as `value`
    template <class Take>
    void show(const Take& take) const {
        std::apply(
            [&](const A&... a) {
                if constexpr (std::is_void_v<value_type>)
                    take.without_value(a...);
                else
                    take(value(), a...);
            },
            arguments_);
    }

    /// Wakes this call's driver when it is parked.
    [[nodiscard]] waker& waiter() noexcept { return waiter_; }

    // --- for drivers ---

    /// What operations that want to know it are told: a clock not yet asked, and who asks to stop.
    void told_by(const reading& clock, const std::stop_token& stop) noexcept {
        clock_ = clock;
        stop_ = &stop;
    }
    /// Of several hands of one call: so many attempts were made by all of them.
    void count_from(std::uint32_t attempts) noexcept { attempts_ = attempts; }

    /// The attempt was cut off: what it would have come to is nobody's.
    void drop() noexcept { slot_.clear(); }
    /// The value in the slot is no answer any more; an error there stays.
    void drop_value() noexcept {
        if (slot_.filled() && *slot_)
            slot_.clear();
    }

    /// The outcome for the caller. Leaves nothing behind.
    template <class Machine>
    [[nodiscard]] result_type
    conclude(const verdict& v, const Machine& m, duration elapsed, report* wanted) {
        const bool own_value = v.why == refusal::none && slot_.filled() && *slot_;
        if (wanted != nullptr) {
            *wanted = {};
            tell(*wanted, attempts_, v, m, elapsed);
            m.credit(*wanted);
        }
        if (v.ok() || (own_value && !v.spent))
            return std::move(*slot_);
        if (own_value)
            return spent(v, m, elapsed);
        return holds_error() ? failed_as(v, m, elapsed) : valueless(v, m, elapsed);
    }

    /// The outcome of a call that was refused at once. Built where the caller wants it and moved
    /// nowhere, from numbers that have not been in memory yet.
    /// \pre `v.why` is a refusal
    template <class Machine>
    OUTLAST_INLINE static result_type refused_as(const verdict& v, const Machine& m) {
        result_type r{boost::outcome_v2::in_place_type<failure>, v.why, v};
        tell(r.assume_error().facts(), 0, v, m, duration{});
        return r;
    }

private:
    using answering = detail::fallback_answer<value_type, A...>;

    // What was judged, or came too late; null: there is none.
    [[nodiscard]] auto bad_value(const verdict& v) const noexcept ->
        typename answering::shown_value {
        if constexpr (!std::is_void_v<value_type>)
            if ((v.why == refusal::none || v.late) && slot_.filled() && *slot_)
                return &slot_->assume_value();
        return nullptr;
    }

    verdict replaced_by_slot(const failure& first) {
        if (!*slot_)
            slot_->assume_error().with_origin(first.code());
        return judge(*slot_);
    }

    [[nodiscard]] bool holds_error() const noexcept { return slot_.filled() && !*slot_; }

    template <class Machine>
    OUTLAST_INLINE static void tell(failure_facts& facts,
                                    std::uint32_t attempts,
                                    const verdict& v,
                                    const Machine& m,
                                    duration elapsed) {
        facts.attempts = attempts;
        facts.elapsed = elapsed;
        facts.retry_after = v.hint;
        m.explain(facts);
    }

    // A value that is not to be the answer.
    template <class Machine>
    OUTLAST_COLD result_type spent(const verdict& v, const Machine& m, duration elapsed) {
        result_type r{boost::outcome_v2::in_place_type<failure>, refusal::exhausted, v};
        if constexpr (!std::is_void_v<value_type>)
            r.assume_error().with_last_value(std::move(slot_->assume_value()));
        tell(r.assume_error().facts(), attempts_, v, m, elapsed);
        return r;
    }

    // No attempt left an outcome.
    template <class Machine>
    result_type valueless(const verdict& v, const Machine& m, duration elapsed) {
        result_type r{boost::outcome_v2::in_place_type<failure>, v};
        tell(r.assume_error().facts(), attempts_, v, m, elapsed);
        return r;
    }

    template <class Machine>
    result_type failed_as(const verdict& v, const Machine& m, duration elapsed) {
        result_type r{boost::outcome_v2::in_place_type<failure>, failure_behind(v)};
        explain(r.assume_error(), v, m, elapsed);
        return r;
    }

    template <class Machine>
    void explain(failure& f, const verdict& v, const Machine& m, duration elapsed) const {
        failure_facts facts;
        tell(facts, attempts_, v, m, elapsed);
        // A nested pipeline has told its own story already.
        if (!facts.policy.empty() || f.facts().policy.empty())
            f.facts() = facts;
    }

    template <class Context>
    OUTLAST_INLINE static result_type
    lifted([[maybe_unused]] Context&& context, F& callable, const A&... arguments) {
        if constexpr (detail::takes_call<F, A...>) {
            call told = context();
            return from(
                [&]() -> decltype(auto) { return detail::invoke(callable, told, arguments...); });
        } else {
            return from([&]() -> decltype(auto) { return detail::invoke(callable, arguments...); });
        }
    }

    template <class Invoke>
    OUTLAST_INLINE static result_type from(Invoke&& invoke) {
        if constexpr (std::is_void_v<returned>) {
            invoke();
            return boost::outcome_v2::success();
        } else {
            return outcome_traits<returned>::lift(returned(invoke())); // a copy of a reference
        }
    }

    // \pre the slot holds an error
    [[nodiscard]] failure failure_behind(const verdict& v) const {
        const failure& last = slot_->assume_error();
        if (v.why == refusal::none || v.why == last.why())
            return last;
        return failure{v.why}.with_cause(last.code());
    }

    F& callable_;
    waker& waiter_;
    std::tuple<const A&...> arguments_;
    slot<result_type> slot_{};
    std::uint32_t attempts_ = 0;
    reading clock_{instant{}};
    const std::stop_token* stop_ = nullptr;
};

namespace detail {

/// A policy's own operation. One that throws (a store, a copy) has failed; it fails no call unless
/// its policy says so.
template <class Machine, class Hand>
verdict operate(Machine& machine, operation what, reading& now, Hand& in_hand) {
    if constexpr (Machine::operations > 0) {
#if OUTLAST_EXCEPTIONS
        try {
            return machine.act(what, now, in_hand);
        } catch (...) {
            return verdict::failure();
        }
#else
        return machine.act(what, now, in_hand);
#endif
    } else {
        return verdict::failure(); // this machine asks for none
    }
}

} // namespace detail

} // namespace outlast

#endif // OUTLAST_HAND_HPP
