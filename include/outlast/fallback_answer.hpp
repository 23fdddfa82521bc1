// SPDX-License-Identifier: BSL-1.0
//
// What a fallback may answer with, and what it is told.
#ifndef OUTLAST_FALLBACK_ANSWER_HPP
#define OUTLAST_FALLBACK_ANSWER_HPP

#include <outlast/call.hpp>
#include <outlast/invoke.hpp>
#include <outlast/outcome.hpp>

#include <system_error>
#include <type_traits>
#include <utility>

namespace outlast::detail {

/// \tparam T the value type of the callable that it answers for
/// \tparam A the arguments of the call
template <class T, class... A>
class fallback_answer {
    struct no_value {};

public:
    /// The value that is replaced: null if there is none.
    using shown_value = const std::conditional_t<std::is_void_v<T>, no_value, T>*;

private:
    // Behind the context, if there is one: the failure and the arguments, one of them, or nothing.
    template <class Answer, class... C>
    static constexpr bool accepts =
        std::is_invocable_v<Answer&, C&..., const failure&, const A&...> ||
        std::is_invocable_v<Answer&, C&..., const A&...> ||
        std::is_invocable_v<Answer&, C&..., const failure&> || std::is_invocable_v<Answer&, C&...>;

    // Or the failure and the value, with the arguments or without them.
    template <class Answer, class... C>
    static constexpr bool accepts_value =
        std::is_invocable_v<Answer&, C&..., const failure&, shown_value, const A&...> ||
        std::is_invocable_v<Answer&, C&..., const failure&, shown_value>;

public:
    /// Whether an answer is a callable that wants to see the value.
    template <class Answer>
    static constexpr bool sees_value = !accepts<Answer> && !accepts<Answer, call> &&
                                       (accepts_value<Answer> || accepts_value<Answer, call>);

    /// The answer, or what the callable makes of `first` and the others.
    /// \param context gives the `call`: made only where it is wanted
    template <class Answer, class Context>
    static result<T> ask(Answer& answer,
                         Context&& context,
                         const failure& first,
                         [[maybe_unused]] shown_value bad,
                         const A&... a) {
        if constexpr (accepts<Answer>) {
            return wrapped([&]() -> decltype(auto) { return told<Answer>(answer, first, a...); });
        } else if constexpr (accepts<Answer, call>) {
            call c = context();
            return wrapped(
                [&]() -> decltype(auto) { return told<Answer, call>(answer, c, first, a...); });
        } else if constexpr (accepts_value<Answer>) {
            return wrapped(
                [&]() -> decltype(auto) { return shown<Answer>(answer, first, bad, a...); });
        } else if constexpr (accepts_value<Answer, call>) {
            call c = context();
            return wrapped([&]() -> decltype(auto) {
                return shown<Answer, call>(answer, c, first, bad, a...);
            });
        } else {
            static_assert(
                std::is_convertible_v<const Answer&, T>,
                "outlast::fallback: the answer is neither a value of the callable's type "
                "nor callable with the failure, with the arguments, with both or with "
                "nothing; nor with the failure and a pointer to the value that was judged "
                "to be one; nor with a call& before them.");
            return result<T>{static_cast<T>(answer)};
        }
    }

private:
    template <class Answer, class... C>
    static decltype(auto) told(Answer& answer, C&... c, const failure& first, const A&... a) {
        if constexpr (std::is_invocable_v<Answer&, C&..., const failure&, const A&...>)
            return invoke(answer, c..., first, a...);
        else if constexpr (std::is_invocable_v<Answer&, C&..., const A&...>)
            return invoke(answer, c..., a...);
        else if constexpr (std::is_invocable_v<Answer&, C&..., const failure&>)
            return invoke(answer, c..., first);
        else
            return invoke(answer, c...);
    }

    template <class Answer, class... C>
    static decltype(auto)
    shown(Answer& answer, C&... c, const failure& first, shown_value bad, const A&... a) {
        if constexpr (std::is_invocable_v<Answer&, C&..., const failure&, shown_value, const A&...>)
            return invoke(answer, c..., first, bad, a...);
        else
            return invoke(answer, c..., first, bad);
    }

    template <class Make>
    static result<T> wrapped(Make&& make) {
        using made = std::remove_cvref_t<decltype(make())>;
        if constexpr (std::is_void_v<made>) {
            make();
            return boost::outcome_v2::success();
        } else if constexpr (std::is_same_v<made, failure>) {
            return make();
        } else if constexpr (std::is_same_v<value_of<made>, T>) {
            return outcome_traits<made>::lift(made(make()));
        } else if constexpr (std::is_convertible_v<made, std::error_code>) {
            return failure{std::error_code{make()}};
        } else {
            static_assert(std::is_convertible_v<made, T>,
                          "outlast::fallback: the answer gives neither a value of the callable's "
                          "type, nor a result of one, nor a failure.");
            return result<T>{boost::outcome_v2::in_place_type<T>, static_cast<T>(make())};
        }
    }
};

} // namespace outlast::detail

#endif // OUTLAST_FALLBACK_ANSWER_HPP
