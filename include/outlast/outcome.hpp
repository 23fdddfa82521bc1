// SPDX-License-Identifier: BSL-1.0
//
// Whatever a callable returns or throws, as a result and a verdict, and back.
#ifndef OUTLAST_OUTCOME_HPP
#define OUTLAST_OUTCOME_HPP

#include <outlast/result.hpp>

#include <concepts>
#include <exception>
#include <optional>
#include <system_error>
#include <type_traits>
#include <utility>

namespace outlast {

/// Anything with `has_value()`, `value()` and `error()`: every Boost.Outcome result or outcome,
/// `std::expected`, `boost::system::result`.
template <class X>
concept result_like = requires(X& x) {
    { x.has_value() } -> std::convertible_to<bool>;
    x.value();
    x.error();
};

/// An error of another library's as a `failure`: error codes and their enums, exceptions, whatever
/// `make_error_code` is found for.
template <class E>
[[nodiscard]] failure to_failure(const E& error) {
    if constexpr (std::same_as<E, failure>) {
        return error;
    } else if constexpr (std::convertible_to<const E&, std::error_code>) {
        return failure{std::error_code{error}};
    } else if constexpr (requires {
                             { make_error_code(error) } -> std::convertible_to<std::error_code>;
                         }) {
        return failure{std::error_code{make_error_code(error)}};
    } else if constexpr (std::same_as<E, std::exception_ptr>) {
        return failure{error};
    } else {
        static_assert(!sizeof(E*), "outlast: what does this error mean? Give its type a "
                                   "make_error_code, or specialise outlast::outcome_traits for "
                                   "what your callable returns.");
    }
}

namespace detail {

/// `std::error_code`, what converts to one (that of Boost.System), and enumerations of such codes.
template <class X>
concept is_an_error_code = std::convertible_to<const X&, std::error_code> && !result_like<X>;

/// A result with this error, which is built in it.
template <class T, class E>
[[nodiscard]] result<T> failed_with(const E& error) {
    if constexpr (std::convertible_to<const E&, std::error_code>)
        return result<T>{boost::outcome_v2::in_place_type<failure>, std::error_code{error}};
    else
        return result<T>{boost::outcome_v2::in_place_type<failure>, to_failure(error)};
}

} // namespace detail

/// Teaches the library a type that callables return. `lift` makes a result of it, `lower` one of it
/// again. Specialise it for your own; what is here: any plain value, `void`, `std::optional` (empty
/// is a failure), `std::error_code` and what converts to one (a value is a failure), `failure`, everything
/// `result_like`.
template <class X>
struct outcome_traits {
    static_assert(
        !std::is_error_condition_enum_v<X> && !std::same_as<X, std::error_condition> &&
            !std::same_as<X, std::exception_ptr>,
        "outlast: this callable returns an error, and would succeed with it as its value: "
        "return a std::error_code, as std::make_error_code(std::errc::...), or a result.");
    using value_type = X;
    static result<X> lift(X&& x) { return result<X>{std::forward<X>(x)}; }
    static X lower(result<X>&& r) { return std::move(r).value(); }
};

// Templates, so that a program which has no `result<void>` does not compile one.
template <class X>
    requires std::is_void_v<X>
struct outcome_traits<X> {
    using value_type = X;
    static X lower(result<X>&& r) { r.value(); }
};

template <detail::is_an_error_code X>
struct outcome_traits<X> {
    using value_type = std::conditional_t<sizeof(X) != 0, void, X>;
    static result<value_type> lift(const X& e) {
        if (const std::error_code code{e})
            return detail::failed_with<value_type>(code);
        return boost::outcome_v2::success();
    }
    static X lower(const result<value_type>& r) { return r ? X{} : X(r.error().code()); }
};

// Nothing but a failure.
template <std::same_as<failure> X>
struct outcome_traits<X> {
    using value_type = std::conditional_t<sizeof(X) != 0, void, X>;
    static result<value_type> lift(X f) { return f; }
};

template <class T>
struct outcome_traits<std::optional<T>> {
    using value_type = T;
    static result<T> lift(std::optional<T>&& x) {
        if (!x)
            return failure{std::make_error_code(std::errc::no_message_available)};
        return result<T>{*std::move(x)};
    }
    static std::optional<T> lower(result<T>&& r) {
        if (!r)
            return std::nullopt;
        return std::optional<T>{std::move(r).value()};
    }
};

template <class T>
struct outcome_traits<result<T>> {
    using value_type = T;
    static result<T> lift(result<T>&& r) { return std::move(r); }
    static result<T> lower(result<T>&& r) { return std::move(r); }
};

template <result_like X>
struct outcome_traits<X> {
    using value_type = std::remove_cvref_t<decltype(std::declval<X&>().value())>;
    static result<value_type> lift(X&& x) {
        if (x.has_value()) {
            if constexpr (std::is_void_v<value_type>)
                return boost::outcome_v2::success();
            else if constexpr (requires { std::move(x).assume_value(); })
                return result<value_type>{std::move(x).assume_value()}; // checked above
            else
                return result<value_type>{std::move(x).value()};
        }
        if constexpr (requires {
                          x.has_exception();
                          x.exception();
                      })
            if (!x.has_error() && x.has_exception())
                return detail::failed_with<value_type>(x.exception());
        return detail::failed_with<value_type>(x.error());
    }
    /// Its error is made from the failure itself where that is possible, else from its code. Both are
    /// put in by tag: by plain conversion an error could become a value (`bool`, say).
    static X lower(result<value_type>&& r) {
        using error_type = std::remove_cvref_t<decltype(std::declval<X&>().error())>;
        namespace outcome = boost::outcome_v2;
        if (r) {
            if constexpr (std::is_void_v<value_type>) {
                if constexpr (std::is_constructible_v<X, outcome::in_place_type_t<void>>)
                    return X(outcome::in_place_type<void>);
                else
                    return X();
            } else if constexpr (std::is_constructible_v<X, outcome::in_place_type_t<value_type>,
                                                         value_type&&>) {
                return X(outcome::in_place_type<value_type>, std::move(r).assume_value());
            } else {
                static_assert(std::is_constructible_v<X, std::in_place_t, value_type&&>,
                              "outlast: this result cannot be made from its value by a tag; "
                              "specialise outlast::outcome_traits for it.");
                return X(std::in_place, std::move(r).assume_value());
            }
        }
        error_type e = error_of<error_type>(r.assume_error());
        if constexpr (std::is_constructible_v<X, outcome::in_place_type_t<error_type>,
                                              error_type&&>) {
            return X(outcome::in_place_type<error_type>, std::move(e));
        } else {
            static_assert(
                requires { typename X::unexpected_type; },
                "outlast: this result cannot be made from its error by a tag; specialise "
                "outlast::outcome_traits for it.");
            return X(typename X::unexpected_type(std::move(e)));
        }
    }

private:
    template <class E>
    static E error_of(const failure& f) {
        if constexpr (std::constructible_from<E, const failure&>) {
            return E(f);
        } else {
            static_assert(std::constructible_from<E, std::error_code>,
                          "outlast: this result's error cannot be made from a failure or from a "
                          "std::error_code; specialise outlast::outcome_traits for it.");
            return E(f.code());
        }
    }
};

/// The value type of what a callable returned.
template <class X>
using value_of = typename outcome_traits<X>::value_type;

/// A result as another type: `outlast::as<std::optional<user>>(guarded(fetch))`.
template <class X>
[[nodiscard]] X as(result<value_of<X>>&& r) {
    return outcome_traits<X>::lower(std::move(r));
}

namespace detail {

/// Whether it is the callable's own failure, and nobody's refusal.
[[nodiscard]] inline bool is_of_the_work(const failure& f) noexcept {
    return f.why() == refusal::none || f.why() == refusal::threw || f.why() == refusal::exhausted;
}

[[nodiscard]] OUTLAST_INLINE inline verdict judge(const failure& f) noexcept {
    const bool of_the_work = is_of_the_work(f);
    // What was thrown without a code is not without a word: a breaker says it of the last failure.
    verdict v =
        verdict::failure(of_the_work && !f.cause() ? f.code() : f.cause(), f.facts().retry_after);
    v.why = of_the_work ? refusal::none : f.why();
    if (v.why != refusal::none && v.why != refusal::timed_out)
        v.kind = verdict_kind::neutral;
    return v;
}

} // namespace detail

/// The verdict on a result: a value is a success; a failure is a failure, but a refusal (a nested
/// pipeline's, say) is neutral unless it was for want of time.
template <class T>
[[nodiscard]] OUTLAST_INLINE inline verdict judge(const result<T>& r) {
    return r ? verdict::success() : detail::judge(r.assume_error());
}

} // namespace outlast

#endif // OUTLAST_OUTCOME_HPP
