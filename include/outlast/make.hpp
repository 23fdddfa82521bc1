// SPDX-License-Identifier: BSL-1.0
//
// Building a policy from options that may be wrong, without exceptions.
#ifndef OUTLAST_MAKE_HPP
#define OUTLAST_MAKE_HPP

#include <outlast/result.hpp>

#include <type_traits>
#include <utility>

namespace outlast {

namespace detail {

[[nodiscard]] inline failure invalid_options(const char* problem) {
    failure_facts facts;
    facts.name = label::of_static(problem);
    return failure{refusal::invalid_options}.with_facts(facts);
}

} // namespace detail

namespace detail {

/// What is wrong with the policy that is made from these, as a sentence; null if nothing is: what
/// its `problem(given…)` says, or else the first of them that says something about itself.
template <class Policy, class... Given>
[[nodiscard]] constexpr const char* problem_of(const Given&... given) {
    if constexpr (requires { Policy::problem(given...); }) {
        return Policy::problem(given...);
    } else {
        const char* problem = nullptr;
        const auto ask = [&](const auto& one) {
            if constexpr (requires { one.problem(); })
                problem = one.problem();
            return problem != nullptr;
        };
        (void)(ask(given) || ...);
        return problem;
    }
}

} // namespace detail

/// A policy from what comes from outside, as its constructor takes it:
/// `auto r = make<retry>(retry_options{…})`. The constructors throw `std::invalid_argument` for what
/// is refused here, or end the program where exceptions are off. What a policy needs for its options
/// (a `budget`, a `memory`) is made in the same way.
///
/// \return the policy; or a failure `invalid_options` whose message is a sentence about what is wrong.
///         A policy that does not move (a breaker, say) stays in the result, which is then kept where
///         the policy is to live: `static auto breaker = make<circuit_breaker>(…);`
template <class Policy, class... Given>
[[nodiscard]] result<Policy> make(Given&&... given) {
    if (const char* problem = detail::problem_of<Policy>(std::as_const(given)...))
        return result<Policy>{boost::outcome_v2::in_place_type<failure>,
                              detail::invalid_options(problem)};
    return result<Policy>{boost::outcome_v2::in_place_type<Policy>, std::forward<Given>(given)...};
}

/// The same where the type follows from what is given: `make<fallback>(0, fallback_options{…})`,
/// `make<cache_aside>(store, key_of, life, cache_aside_options{…})`; of a pipeline, its policies:
/// `make<pipeline>(timeout, std::ref(breaker))`.
template <template <class...> class Policy, class... Given>
[[nodiscard]] auto make(Given&&... given) {
    return make<decltype(Policy(std::forward<Given>(given)...))>(std::forward<Given>(given)...);
}

} // namespace outlast

#endif // OUTLAST_MAKE_HPP
