// SPDX-License-Identifier: BSL-1.0
//
// The one place of a call that knows the user's types: the callable, its arguments, its value.
#ifndef OUTLAST_HAND_HPP
#define OUTLAST_HAND_HPP

#include <outlast/call.hpp>
#include <outlast/outcome.hpp>

#include <functional> // std::invoke
#include <optional>
#include <tuple>
#include <type_traits>
#include <utility>

namespace outlast {

namespace detail {

template <class F, class... A>
constexpr bool takes_call = std::is_invocable_v<F&, call&, const A&...>;

template <class F, class... A>
decltype(auto) invoke_work(F& f, [[maybe_unused]] call& c, const A&... arguments) {
    static_assert(takes_call<F, A...> || std::is_invocable_v<F&, const A&...>,
                  "outlast: the callable accepts neither (call&, arguments…) nor (arguments…). "
                  "Arguments are handed to every attempt as const lvalues, so that no attempt "
                  "finds them moved from.");
    if constexpr (takes_call<F, A...>)
        return std::invoke(f, c, arguments...);
    else
        return std::invoke(f, arguments...);
}

template <class F, class... A>
using returned_by = std::remove_cvref_t<decltype(invoke_work(
    std::declval<F&>(), std::declval<call&>(), std::declval<const A&>()...))>;

/// Runs `make`, which gives a result; what it throws becomes a failure.
template <class T, class Make>
result<T> caught(Make&& make) {
#if OUTLAST_EXCEPTIONS
    try {
        return make();
    } catch (const failed& e) {
        return e.why();
    } catch (const std::system_error& e) {
        return failure{std::current_exception(), e.code()};
    } catch (...) {
        return failure{std::current_exception()};
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

    /// Runs the callable and judges what it came to. The earlier outcome is destroyed first.
    verdict work(instant by, const reading& clock, const std::stop_token& stop) {
        call context{++attempts_, by, clock, stop};
        slot_.reset();
        slot_.emplace(detail::caught<value_type>([&]() -> result_type {
            return std::apply(
                [&](const A&... a) -> result_type {
                    if constexpr (std::is_void_v<returned>) {
                        detail::invoke_work(callable_, context, a...);
                        return boost::outcome_v2::success();
                    } else {
                        // A copy, if the callable returns a reference.
                        return outcome_traits<returned>::lift(
                            returned(detail::invoke_work(callable_, context, a...)));
                    }
                },
                arguments_);
        }));
        return verdict_of_slot();
    }

    // --- for the operations of policies ---

    /// The value in the slot. \pre the last verdict was a success, or late
    [[nodiscard]] const auto& value() const { return slot_->assume_value(); }

    template <class V>
    void emplace(V&& value) {
        slot_.emplace(result_type{std::forward<V>(value)});
    }

    /// Puts a fallback's answer in the place of the failure; a failing one keeps both.
    template <class Answer>
    verdict replace(Answer& answer, const verdict& replaced, reading&) {
        const failure first = failure_behind(replaced);
        slot_.emplace(detail::caught<value_type>([&]() -> result_type {
            return std::apply([&](const A&... a) { return answered(answer, first, a...); },
                              arguments_);
        }));
        if (!*slot_)
            slot_->assume_error().with_origin(first.code());
        return judge(*slot_);
    }

    /// Wakes this call's driver when it is parked.
    [[nodiscard]] waker& waiter() noexcept { return waiter_; }

    // --- for drivers ---

    /// The attempt was cut off: what it would have come to is nobody's.
    void drop() noexcept { slot_.reset(); }

    /// The outcome for the caller. Leaves nothing behind.
    template <class Machine>
    [[nodiscard]] result_type
    conclude(const verdict& v, const Machine& m, duration elapsed, report* wanted) {
        if (v.ok() && wanted == nullptr)
            return std::move(*slot_);
        report facts;
        facts.attempts = attempts_;
        facts.elapsed = elapsed;
        facts.retry_after = v.hint;
        m.explain(facts);
        if (wanted != nullptr)
            *wanted = facts;
        const bool own_value = v.why == refusal::none && slot_ && *slot_;
        if (v.ok() || own_value)
            return std::move(*slot_);
        failure f = failure_behind(v);
        // A nested pipeline has told its own story already.
        if (facts.policy.empty() && !f.facts().policy.empty())
            return f;
        return f.with_facts(facts);
    }

private:
    [[nodiscard]] verdict verdict_of_slot() {
        if constexpr (requires(const value_type& x) { callable_.judge_value(x); })
            if (*slot_)
                return callable_.judge_value(slot_->assume_value());
        return judge(*slot_);
    }

    [[nodiscard]] failure failure_behind(const verdict& v) const {
        const bool has_error = slot_ && !*slot_;
        if (v.why == refusal::none) {
            if (has_error)
                return slot_->assume_error();
            return v.error() ? failure{v.error()} : failure{refusal::unavailable};
        }
        if (has_error && slot_->assume_error().why() == v.why)
            return slot_->assume_error();
        return failure{v.why}.with_cause(has_error ? slot_->assume_error().code() : v.error());
    }

    template <class Answer>
    static result_type answered(Answer& answer, const failure& first, const A&... a) {
        if constexpr (std::is_invocable_v<Answer&, const failure&, const A&...>)
            return wrapped([&]() -> decltype(auto) { return std::invoke(answer, first, a...); });
        else if constexpr (std::is_invocable_v<Answer&, const A&...>)
            return wrapped([&]() -> decltype(auto) { return std::invoke(answer, a...); });
        else if constexpr (std::is_invocable_v<Answer&, const failure&>)
            return wrapped([&]() -> decltype(auto) { return std::invoke(answer, first); });
        else if constexpr (std::is_invocable_v<Answer&>)
            return wrapped([&]() -> decltype(auto) { return std::invoke(answer); });
        else {
            static_assert(std::is_convertible_v<const Answer&, value_type>,
                          "outlast::fallback: the answer is neither a value of the callable's type "
                          "nor callable with the failure, with the arguments, with both or with "
                          "nothing.");
            return result_type{static_cast<value_type>(answer)};
        }
    }

    template <class Make>
    static result_type wrapped(Make&& make) {
        using made = std::remove_cvref_t<decltype(make())>;
        if constexpr (std::is_void_v<made>) {
            make();
            return boost::outcome_v2::success();
        } else if constexpr (std::is_same_v<made, failure>) {
            return make();
        } else if constexpr (std::is_same_v<value_of<made>, value_type>) {
            return outcome_traits<made>::lift(made(make()));
        } else if constexpr (std::is_convertible_v<made, std::error_code>) {
            return failure{std::error_code{make()}};
        } else {
            static_assert(std::is_convertible_v<made, value_type>,
                          "outlast::fallback: the answer gives neither a value of the callable's "
                          "type, nor a result of one, nor a failure.");
            return result_type{boost::outcome_v2::in_place_type<value_type>,
                               static_cast<value_type>(make())};
        }
    }

    F& callable_;
    waker& waiter_;
    std::tuple<const A&...> arguments_;
    std::optional<result_type> slot_{};
    std::uint32_t attempts_ = 0;
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
