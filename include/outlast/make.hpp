// SPDX-License-Identifier: BSL-1.0
//
// Building a policy from options that may be wrong, without exceptions.
#ifndef OUTLAST_MAKE_HPP
#define OUTLAST_MAKE_HPP

#include <outlast/result.hpp>

#include <memory> // std::unique_ptr
#include <type_traits>

namespace outlast {

/// A policy from options that come from outside: `auto r = make<retry>(retry_options{…})`. The
/// constructors throw `std::invalid_argument` for what is refused here.
///
/// \return the policy itself if it can be moved, else a `std::unique_ptr` to it (a breaker, say); or
///         a failure `invalid_options` whose message is a sentence about what is wrong
template <class Policy, class Options>
[[nodiscard]] auto make(const Options& options) {
    constexpr bool movable = std::is_move_constructible_v<Policy>;
    using made = result<std::conditional_t<movable, Policy, std::unique_ptr<Policy>>>;
    if (const char* problem = options.problem()) {
        report facts;
        facts.name = label::of_static(problem);
        return made{failure{refusal::invalid_options}.with_facts(facts)};
    }
    if constexpr (movable)
        return made{Policy{options}};
    else
        return made{std::make_unique<Policy>(options)};
}

} // namespace outlast

#endif // OUTLAST_MAKE_HPP
