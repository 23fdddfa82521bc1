// SPDX-License-Identifier: BSL-1.0
//
// Building a policy from options that may be wrong, without exceptions.
#ifndef OUTLAST_MAKE_HPP
#define OUTLAST_MAKE_HPP

#include <outlast/order.hpp>
#include <outlast/result.hpp>

#include <type_traits>
#include <utility> // std::move

namespace outlast {

namespace detail {

[[nodiscard]] inline failure invalid_options(const char* problem) {
    failure_facts facts;
    facts.name = label::of_static(problem);
    return failure{refusal::invalid_options}.with_facts(facts);
}

} // namespace detail

/// A policy from options that come from outside: `auto r = make<retry>(retry_options{…})`. The
/// constructors throw `std::invalid_argument` for what is refused here.
///
/// \return the policy; or a failure `invalid_options` whose message is a sentence about what is wrong.
///         A policy that does not move (a breaker, say) stays in the result, which is then kept where
///         the policy is to live: `static auto breaker = make<circuit_breaker>(…);`
template <class Policy, class Options>
[[nodiscard]] result<Policy> make(const Options& options) {
    if (const char* problem = options.problem())
        return result<Policy>{boost::outcome_v2::in_place_type<failure>,
                              detail::invalid_options(problem)};
    return result<Policy>{boost::outcome_v2::in_place_type<Policy>, options};
}

/// A pipeline of policies whose options come from outside: `make<outlast::pipeline>(timeout, …)`.
template <template <class...> class Pipeline, class... Policies>
[[nodiscard]] auto make(Policies... policies) {
    using made = result<Pipeline<Policies...>>;
    if (const char* problem = order_problem(policies...))
        return made{detail::invalid_options(problem)};
    return made{Pipeline<Policies...>{std::move(policies)...}};
}

} // namespace outlast

#endif // OUTLAST_MAKE_HPP
