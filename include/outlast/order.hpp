// SPDX-License-Identifier: BSL-1.0
//
// Orders of policies that make no sense, each refused in a sentence.
#ifndef OUTLAST_ORDER_HPP
#define OUTLAST_ORDER_HPP

#include <outlast/error.hpp>
#include <outlast/machine.hpp>
#include <outlast/time.hpp>

#include <concepts>
#include <tuple>
#include <type_traits>

namespace outlast {

template <class... Policies>
class pipeline;

/// The policy itself, whether it was given by value or by `std::ref`.
template <class P>
[[nodiscard]] constexpr auto& policy_of(P& p) noexcept {
    using given = std::remove_const_t<P>;
    if constexpr (!std::is_same_v<std::unwrap_reference_t<given>, given>)
        return p.get();
    else
        return p;
}

namespace detail {

/// The type of the policy behind what was given.
template <class P>
using policy_given = std::remove_cvref_t<std::unwrap_reference_t<P>>;

template <class P>
struct duties {
    static consteval bool include(duty d) { return duty_of<P> == d; }
};
template <class... P>
struct duties<pipeline<P...>> {
    static consteval bool include(duty d) { return (duties<policy_given<P>>::include(d) || ...); }
};

/// Whether a cache stands inside a policy with this duty.
template <duty Outer, class... P>
consteval bool has_a_cache_inside() {
    [[maybe_unused]] bool inside = false; // of no policies at all
    bool found = false;
    ((found = found || (inside && duties<policy_given<P>>::include(duty::remembers)),
      inside = inside || duties<policy_given<P>>::include(Outer)),
     ...);
    return found;
}
template <class... P>
consteval bool repeats_a_cache() {
    return has_a_cache_inside<duty::repeats, P...>();
}
template <class... P>
consteval bool races_a_cache() {
    return has_a_cache_inside<duty::races, P...>();
}

/// The limit of a policy that gives what is inside it a deadline; `no_limit` of all others.
template <class P>
constexpr duration limit_of(const P& policy) noexcept {
    if constexpr (duty_of<P> == duty::limits && requires {
                      { policy.options().limit } -> std::convertible_to<duration>;
                  })
        return policy.options().limit;
    else
        return no_limit;
}

/// Whether what `limit_of` says is only the most that it gives.
template <class P>
inline constexpr bool computes_limit = false;
template <class P>
    requires requires { P::computes_limit; }
inline constexpr bool computes_limit<P> = P::computes_limit;

/// Whether no failure passes this policy.
template <class P>
constexpr bool hides_failures(const P& policy) noexcept {
    if constexpr (requires { policy.hides_failures(); })
        return policy.hides_failures();
    else
        return false;
}

/// Whether a fallback stands in for every failure, so that what stands outside of it sees at most
/// those of the fallback itself.
template <class P>
constexpr bool replaces_all(const P& policy) noexcept {
    if constexpr (duty_of<P> == duty::replaces && requires { !policy.options().when; })
        return !policy.options().when;
    else
        return hides_failures(policy);
}

/// What speaks against these two, as a sentence; null if nothing does.
/// \param neighbours both stand in the pipeline that is being built, neither in one inside it
template <class Outer, class Inner>
constexpr const char* against(const Outer& outer, const Inner& inner, bool neighbours) {
    if constexpr (requires { outer.policies(); }) {
        const char* problem = nullptr;
        std::apply(
            [&](const auto&... part) {
                (void)((problem = against(policy_of(part), inner, false), problem != nullptr) ||
                       ...);
            },
            outer.policies());
        return problem;
    } else if constexpr (requires { inner.policies(); }) {
        const char* problem = nullptr;
        std::apply(
            [&](const auto&... part) {
                (void)((problem = against(outer, policy_of(part), false), problem != nullptr) ||
                       ...);
            },
            inner.policies());
        return problem;
    } else {
        if constexpr (std::same_as<Outer, Inner>)
            if (&outer == &inner)
                return "pipeline: the same policy stands in it twice, where a cache waits for "
                       "itself and a breaker counts each call double: name it once";
        if (duty_of<Outer> == duty::repeats && replaces_all(inner))
            return "pipeline: a retry stands outside a fallback that replaces every failure, and "
                   "has at most what that fails at itself to repeat: put the fallback outside the "
                   "retry, or say by its `when` what it replaces";
        if (duty_of<Outer> == duty::remembers && hides_failures(inner))
            return "pipeline: a cache stands outside a fallback whose value replaces every "
                   "failure, and remembers it as if it were the truth: put the fallback outside "
                   "the cache, or say by its `when` what it replaces";
        if (neighbours && !computes_limit<Inner> && limit_of(inner) != no_limit &&
            limit_of(outer) < limit_of(inner))
            return "pipeline: a timeout stands outside a longer one, which never fires: put the "
                   "longer one outside, or make the inner one shorter";
        return nullptr;
    }
}

} // namespace detail

/// What is wrong with policies in this order, outermost first, as a sentence; null if nothing is:
/// a retry outside a fallback that replaces every failure (a callable's own failures would be
/// repeated together with the work, which is hardly meant; who means it names them by `when`), a cache
/// outside a fallback whose value replaces every failure, a timeout outside a longer one, one policy twice. (A
/// cache inside a retry or a hedge does not compile.) Looks into pipelines inside, except that those may have a
/// longer timeout of their own.
constexpr const char* order_problem() noexcept { return nullptr; }
template <class Outer, class... Inner>
[[nodiscard]] constexpr const char* order_problem(const Outer& outer, const Inner&... inner) {
    const char* problem = nullptr;
    (void)((problem = detail::against(policy_of(outer), policy_of(inner), true),
            problem != nullptr) ||
           ...);
    return problem != nullptr ? problem : order_problem(inner...);
}

} // namespace outlast

#endif // OUTLAST_ORDER_HPP
