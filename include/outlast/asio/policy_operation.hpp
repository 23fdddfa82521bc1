// SPDX-License-Identifier: BSL-1.0
//
// The operations of policies that end later: an asynchronous store's, an asynchronous fallback.
#ifndef OUTLAST_ASIO_POLICY_OPERATION_HPP
#define OUTLAST_ASIO_POLICY_OPERATION_HPP

#include <outlast/asio/attempt.hpp>
#include <outlast/asio/operation.hpp>
#include <outlast/call.hpp>
#include <outlast/failure.hpp>
#include <outlast/invoke.hpp>
#include <outlast/result.hpp>
#include <outlast/slot.hpp>
#include <outlast/step.hpp>

#include <boost/asio/async_result.hpp>

#include <memory>
#include <tuple>
#include <type_traits>
#include <utility>

namespace outlast::detail {

/// One that has begun: the callable, which may be used until it has ended, and what is to be done then.
template <class F, class Finish>
struct policy_operation final : begun_operation {
    using operation = asynchronous<F>;

    F callable;
    Finish finish;
    slot<result<typename operation::value_type>> arrived{};

    policy_operation(F f, Finish then) : callable(std::move(f)), finish(std::move(then)) {}
    [[nodiscard]] bool has_arrived() const noexcept override { return arrived.filled(); }
    verdict land(reading& now) override { return finish(now, std::move(*arrived)); }
};

/// How a fallback is asked: with the failure and the arguments, one of them, or nothing.
enum class asked_with { both, the_arguments, the_failure, nothing, not_at_all };

struct answer_form {
    asked_with with = asked_with::not_at_all;
    bool by_token = false;
    bool in_context = false; // which stands first

    [[nodiscard]] constexpr bool fits() const noexcept { return with != asked_with::not_at_all; }
};

template <class F, class... X>
concept ends_later = gives_awaitable<F, X...> || gives_deferred<F, X...>;

/// \tparam C the context, or nothing
template <class Answer, class Arguments, class... C>
struct answer_of;
template <class Answer, class... A, class... C>
struct answer_of<Answer, std::tuple<A...>, C...> {
    // One that takes a token takes the failure, too: who takes anything is not to take a token for one.
    // It is not asked whether it would take something else in the place of the token: one with `auto
    // token` would, and not compile.
    static consteval answer_form form() {
        constexpr bool told = sizeof...(C) != 0;
        if constexpr (takes_token<Answer, C..., const failure&, const A&...>)
            return {asked_with::both, true, told};
        else if constexpr (takes_token<Answer, C..., const failure&>)
            return {asked_with::the_failure, true, told};
        else if constexpr (ends_later<Answer, C..., const failure&, const A&...>)
            return {asked_with::both, false, told};
        else if constexpr (ends_later<Answer, C..., const A&...>)
            return {asked_with::the_arguments, false, told};
        else if constexpr (ends_later<Answer, C..., const failure&>)
            return {asked_with::the_failure, false, told};
        else if constexpr (ends_later<Answer, C...>)
            return {asked_with::nothing, false, told};
        else
            return {};
    }
};

template <class Answer, class Arguments>
consteval answer_form form_of_answer() {
    constexpr answer_form plain = answer_of<Answer, Arguments>::form();
    if constexpr (plain.fits())
        return plain;
    else
        return answer_of<Answer, Arguments, call&>::form();
}

/// An asynchronous fallback, as a callable that takes the context, and a token if it does.
template <class Answer, class Arguments>
struct asked_answer {
    static constexpr answer_form form = form_of_answer<Answer, Arguments>();

    Answer* answer;
    failure first;
    const Arguments* arguments;

    template <class Token>
        requires(form.by_token)
    decltype(auto) operator()(call& context, Token&& token) {
        return ask(context, std::forward<Token>(token));
    }
    decltype(auto) operator()(call& context)
        requires(!form.by_token)
    {
        return ask(context);
    }

private:
    template <class... Token>
    decltype(auto) ask(call& context, Token&&... token) {
        if constexpr (form.in_context)
            return ask_with(std::tie(context), std::forward<Token>(token)...);
        else
            return ask_with(std::tuple<>{}, std::forward<Token>(token)...);
    }
    template <class Before, class... Token>
    decltype(auto) ask_with(const Before& before, Token&&... token) {
        const auto all = [&](const auto&... behind) -> decltype(auto) {
            return std::apply(
                [&](auto&... c) -> decltype(auto) {
                    return invoke(*answer, c..., behind..., std::forward<Token>(token)...);
                },
                before);
        };
        if constexpr (form.with == asked_with::both)
            return std::apply(
                [&](const auto&... a) -> decltype(auto) { return all(std::as_const(first), a...); },
                *arguments);
        else if constexpr (form.with == asked_with::the_arguments)
            return std::apply(all, *arguments);
        else if constexpr (form.with == asked_with::the_failure)
            return all(std::as_const(first));
        else
            return all();
    }
};

/// What begins them, for `act_or_begin`.
/// \tparam Lanes the `call_lanes`
/// \tparam Arguments the tuple of the call's
template <class Lanes, class Arguments>
class operation_starter {
public:
    using place_type = typename Lanes::place_type;

    template <class Answer>
    static constexpr bool answers = form_of_answer<Answer, Arguments>().fits();

    operation_starter(Lanes& home, const Arguments& arguments, lane on, instant by)
        : home_(home), arguments_(arguments), on_(on), by_(by) {}

    template <class F, class Finish>
    void operator()(F callable, Finish finish) {
        using begun = policy_operation<F, Finish>;
        auto made = std::make_unique<begun>(std::move(callable), std::move(finish));
        begun& it = *made;
        place_type& a = home_.begin_in(on_, by_);
        home_.tell(a, by_);
        a.of_policy = std::move(made);
        try {
            begun::operation::begin(
                it.callable, *a.told,
                home_.call_of().template handler_in<typename begun::operation, begun>(a));
        } catch (...) {
            home_.failed_to_start(on_);
        }
    }

    template <class Answer, class Hand>
    void answer(Answer& fallback, Hand& hand, failure first) {
        const auto finish = [&hand, first](reading&, auto&& r) {
            return hand.replace_with(std::move(r), first);
        };
        (*this)(asked_answer<Answer, Arguments>{&fallback, std::move(first), &arguments_}, finish);
    }

private:
    Lanes& home_;
    const Arguments& arguments_;
    lane on_;
    instant by_;
};

} // namespace outlast::detail

#endif // OUTLAST_ASIO_POLICY_OPERATION_HPP
