// SPDX-License-Identifier: BSL-1.0
//
// Building a policy from options that may be wrong, without exceptions.
#ifndef OUTLAST_MAKE_HPP
#define OUTLAST_MAKE_HPP

#include <outlast/order.hpp>
#include <outlast/result.hpp>

#include <memory> // std::unique_ptr
#include <type_traits>
#include <utility> // std::move

namespace outlast {

namespace detail {

[[nodiscard]] inline failure invalid_options(const char* problem) {
    report facts;
    facts.name = label::of_static(problem);
    return failure{refusal::invalid_options}.with_facts(facts);
}

} // namespace detail

/// A policy from options that come from outside: `auto r = make<retry>(retry_options{…})`. The
/// constructors throw `std::invalid_argument` for what is refused here.
///
/// \return the policy itself if it can be moved, else a `std::unique_ptr` to it (a breaker, say); or
///         a failure `invalid_options` whose message is a sentence about what is wrong
template <class Policy, class Options>
[[nodiscard]] auto make(const Options& options) {
    constexpr bool movable = std::is_move_constructible_v<Policy>;
    using made = result<std::conditional_t<movable, Policy, std::unique_ptr<Policy>>>;
    if (const char* problem = options.problem())
        return made{detail::invalid_options(problem)};
    if constexpr (movable)
        return made{Policy{options}};
    else
        return made{std::make_unique<Policy>(options)};
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
