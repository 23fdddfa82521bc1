// SPDX-License-Identifier: BSL-1.0
//
// A callable together with what its outcomes are worth.
#ifndef OUTLAST_JUDGED_HPP
#define OUTLAST_JUDGED_HPP

#include <outlast/invoke.hpp>
#include <outlast/outcome.hpp>

#include <concepts>
#include <type_traits>
#include <utility>

namespace outlast {

namespace detail {

struct no_judge {};

} // namespace detail

template <class F, class Judge, class FailureJudge = detail::no_judge>
struct judged;

namespace detail {

template <class F>
inline constexpr bool is_judged_itself = false;
template <class F, class... Judges>
inline constexpr bool is_judged_itself<judged<F, Judges...>> = true;
template <class F>
inline constexpr bool is_judged =
    is_judged_itself<std::remove_reference_t<std::unwrap_reference_t<F>>>;

template <class Judge>
inline constexpr bool gives_verdict = false;
template <class Judge>
    requires std::is_invocable_v<Judge&, const failure&>
inline constexpr bool gives_verdict<Judge> =
    std::is_same_v<verdict, std::invoke_result_t<Judge&, const failure&>>;
template <class Judge, class What>
inline constexpr bool can_judge =
    !std::is_same_v<Judge, no_judge> && std::is_invocable_v<Judge&, const What&>;
template <class Judge>
inline constexpr bool can_judge<Judge, void> = false;

} // namespace detail

/// A callable whose outcomes are judged. A reply that arrived may still be a failure: a judge that
/// takes the value gives a bool (is it good?) or a verdict, which may carry a Retry-After. And one
/// failure is not like another: a judge that takes the `const failure&` gives a verdict, by the code,
/// by the type of what was thrown (`failure::thrown_as`):
///
/// | verdict | breakers | retries | a stale answer stands in |
/// | --- | --- | --- | --- |
/// | `failure(code, hint)` | a failure | again, unless `retry_if` (which sees the code) or a negative hint says no | yes |
/// | `success()`: the dependency has answered (no such row) | a success | no | no |
/// | `neutral()`: nobody has asked it (a wrong argument) | nothing | no | no |
///
/// The failure stays the caller's error in each case, and a fallback outside replaces it unless its `when`
/// says no. Code and hint that the judge does not set are those of the failure. It is shown the callable's
/// own failures only, no refusal of a pipeline within. One judge of either kind, or both, that of values
/// first. A judge that throws fails the call. Judges are called on the thread of the call, once for each
/// attempt. A wrapper of another kind around it (`std::function`) hides its judges.
///
/// When the attempts are used up and nothing replaces it, the last value is returned as it is: the
/// result then *has a value*, with status 503; unless `retry_options::exhaustion_fails`.
///
/// **Example**
///
///     struct reply { int status; outlast::duration retry_after = outlast::verdict::no_hint; };
///     int calls = 0;
///     auto http_get = [&] { return ++calls < 3 ? reply{503, 1ms} : reply{200}; };
///     outlast::judged get{http_get, [](const reply& r) {
///         if (r.status < 500) return outlast::verdict::success();
///         return outlast::verdict::failure(r.retry_after); // no_hint: it said nothing
///     }};
///     outlast::pipeline p{outlast::retry{{.max_attempts = 3}}};
///     std::cout << p(get).value().status << " after " << calls << " calls";   // 200 after 3 calls
template <class F, class Judge, class FailureJudge>
struct judged {
    static_assert(!detail::is_judged<F>,
                  "outlast::judged: this callable is judged already, and only the "
                  "outer judge would be heard: give one both judges.");
    F callable;
    Judge good;
    FailureJudge bad{};

    judged(F f, Judge j) : callable(std::move(f)), good(std::move(j)) {}
    judged(F f, Judge of_values, FailureJudge of_failures)
        : callable(std::move(f)), good(std::move(of_values)), bad(std::move(of_failures)) {}

    template <class... A>
        requires std::invocable<F&, A...>
    decltype(auto) operator()(A&&... arguments) {
        return detail::invoke(callable, std::forward<A>(arguments)...);
    }

    /// Whether values of this type are judged, and whether failures are, where that is the value's.
    template <class T>
    static constexpr bool judges_values = detail::can_judge<Judge, T>;
    template <class T>
    static constexpr bool judges_failures =
        !std::same_as<FailureJudge, detail::no_judge> || !judges_values<T>;

    template <class T>
    [[nodiscard]] verdict judge_value(const T& value) {
        if constexpr (std::same_as<std::invoke_result_t<Judge&, const T&>, verdict>)
            return of_the_work(good(value));
        else
            return good(value) ? verdict::success() : verdict::failure();
    }

    [[nodiscard]] verdict judge_failure(const failure& f) {
        if constexpr (std::same_as<FailureJudge, detail::no_judge>) {
            static_assert(
                detail::gives_verdict<Judge>,
                "outlast::judged: the judge takes neither the callable's value (and gives "
                "a bool or a verdict) nor a const failure& (and gives a verdict).");
            return completed(good(f), f);
        } else {
            static_assert(detail::gives_verdict<FailureJudge>,
                          "outlast::judged: the judge of failures gives a verdict.");
            return completed(bad(f), f);
        }
    }

private:
    // No policy has refused it, and no deadline has passed: only those who say so themselves know that.
    static verdict of_the_work(verdict v) noexcept {
        v.why = refusal::none;
        if (v.kind == verdict_kind::expired)
            v.kind = verdict_kind::failure;
        return v;
    }
    static verdict completed(verdict v, const failure& f) {
        v = of_the_work(v);
        const verdict plain = detail::judge(f);
        if (v.domain == nullptr) {
            v.code = plain.code;
            v.domain = plain.domain;
        }
        if (!v.has_hint())
            v.hint = plain.hint;
        if (v.ok()) { // without a value
            v.kind = verdict_kind::neutral;
            v.answered = true;
        }
        return v;
    }
};

namespace detail {

/// Who judges, of a callable that is `judged`.
template <class F>
[[nodiscard]] auto& judging(F& callable) noexcept {
    return static_cast<std::unwrap_reference_t<F>&>(callable);
}

} // namespace detail

/// The verdict on an outcome of this callable, which may be `judged`, or a `std::reference_wrapper` of
/// one.
template <class F, class T>
[[nodiscard]] OUTLAST_INLINE inline verdict judge_by(F& callable, const result<T>& r) {
    if constexpr (detail::is_judged<F>) {
        using detail::judging;
        auto& by = judging(callable);
        using judge_type = std::remove_reference_t<decltype(by)>;
        if (r) {
            if constexpr (judge_type::template judges_values<T>)
                return by.judge_value(r.assume_value());
        } else if constexpr (judge_type::template judges_failures<T>) {
            if (detail::is_of_the_work(r.assume_error()))
                return by.judge_failure(r.assume_error());
        }
    }
    return judge(r);
}

} // namespace outlast

#endif // OUTLAST_JUDGED_HPP
