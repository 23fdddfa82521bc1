// SPDX-License-Identifier: BSL-1.0
//
// What is legal about an order of policies, but odd.
#ifndef OUTLAST_NOTES_HPP
#define OUTLAST_NOTES_HPP

#include <outlast/order.hpp>
#include <outlast/text.hpp>

#include <cstddef>
#include <string>
#include <tuple>
#include <vector>

namespace outlast {

namespace detail {

/// What counts of a policy for its place: pipelines are read as the policies in them.
struct placed {
    duty does = duty::other;
    duration limit = no_limit;
    bool hides_failures = false;
    bool replaces_all = false;
    bool waits_without_limit = false;
};

template <class P>
void place(std::vector<placed>& all, const P& policy) {
    if constexpr (requires { policy.policies(); }) {
        std::apply([&](const auto&... part) { (place(all, policy_of(part)), ...); },
                   policy.policies());
    } else {
        placed one{duty_of<P>, limit_of(policy), hides_failures(policy), false, false};
        if constexpr (duty_of<P> == duty::replaces && requires { !policy.options().when; })
            one.replaces_all = !policy.options().when;
        if constexpr ((duty_of<P> == duty::remembers || duty_of<P> == duty::rations) &&
                      requires { policy.options().wait; })
            one.waits_without_limit = policy.options().wait == no_limit;
        all.push_back(one);
    }
}

} // namespace detail

/// A sentence for each thing that is odd; none when all is usual.
template <class P>
[[nodiscard]] std::vector<std::string> notes(const P& policies) {
    using detail::placed;
    std::vector<placed> all;
    detail::place(all, policies);
    std::vector<std::string> said;
    // Whether one between these two does that.
    const auto any = [&](std::size_t first, std::size_t end, duty d) {
        for (std::size_t i = first; i < end; ++i)
            if (all[i].does == d && (d != duty::limits || all[i].limit != no_limit))
                return true;
        return false;
    };
    for (std::size_t i = 0; i != all.size(); ++i) {
        const bool outermost_of_its_kind = !any(0, i, all[i].does);
        switch (all[i].does) {
        case duty::limits:
            for (std::size_t o = 0; o != i && all[i].limit != no_limit; ++o)
                if (all[o].limit <= all[i].limit) {
                    said.push_back("the timeout of " + in_full(all[i].limit) +
                                   " never fires: one outside of it is no longer");
                    break;
                }
            break;
        case duty::repeats:
            if (!outermost_of_its_kind)
                said.emplace_back("a retry stands inside a retry: their attempts multiply");
            else if (any(0, i, duty::limits) && !any(i, all.size(), duty::limits))
                said.emplace_back(
                    "no timeout stands inside the retry: one attempt that hangs takes "
                    "the time of all");
            break;
        case duty::admits:
            if (outermost_of_its_kind && any(i, all.size(), duty::repeats))
                said.emplace_back("a breaker stands outside a retry: it learns only what each call "
                                  "came to in the end, and does not stop the attempts");
            break;
        case duty::remembers:
            if (all[i].waits_without_limit && !any(0, i, duty::limits))
                said.emplace_back("a call may wait in the cache for another one without limit: set "
                                  "`wait`, or a timeout outside");
            break;
        case duty::replaces:
            if (all[i].hides_failures && any(0, i, duty::admits))
                said.emplace_back(
                    "a breaker stands outside a fallback that replaces every failure: "
                    "it never opens");
            if (all[i].replaces_all && any(0, i, duty::repeats))
                said.emplace_back("a retry stands outside a fallback: it repeats only what the "
                                  "fallback fails at");
            break;
        case duty::rations:
            if (any(i, all.size(), duty::repeats))
                said.emplace_back(
                    "a bulkhead stands outside a retry: a call keeps its permit while "
                    "it waits between attempts");
            if (all[i].waits_without_limit && !any(0, i, duty::limits))
                said.emplace_back("a call may wait in the bulkhead for a permit without limit: set "
                                  "`wait`, or a timeout outside");
            break;
        case duty::races:
            if (any(i, all.size(), duty::repeats))
                said.emplace_back(
                    "a hedge stands outside a retry: its calls multiply the attempts");
            if (any(0, i, duty::rations) || any(0, i, duty::admits))
                said.emplace_back("a bulkhead or a breaker stands outside a hedge: it counts one "
                                  "call where there are several");
            break;
        case duty::other:
            break;
        }
    }
    if (!any(0, all.size(), duty::limits))
        said.emplace_back("no timeout: a call that hangs is never given up");
    return said;
}

} // namespace outlast

#endif // OUTLAST_NOTES_HPP
