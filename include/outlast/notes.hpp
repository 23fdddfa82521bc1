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
    bool computes_limit = false; ///< which is then the most that it gives
    bool hides_failures = false;
    bool waits_without_limit = false;
    duration refresh_limit{}; ///< of a cache that refreshes ahead
    duration hinted_wait{};   ///< what a hint can make a retry wait, if its own delays are shorter
};

/// The longest single wait that a server can order, as far as it tells: 0 where all delays of the
/// retry's own together may take as long, so that it is no surprise.
template <class Options>
[[nodiscard]] constexpr duration hinted_wait(const Options& o) noexcept {
    const duration hinted = shorter(o.hint_cap, o.max_duration);
    const bool waits = o.max_attempts > 1;
    return waits && hinted > o.backoff.longest(o.max_attempts - 1, {}) ? hinted : duration{};
}

template <class P>
void place(std::vector<placed>& all, const P& policy) {
    if constexpr (requires { policy.policies(); }) {
        std::apply([&](const auto&... part) { (place(all, policy_of(part)), ...); },
                   policy.policies());
    } else {
        placed one{.does = duty_of<P>,
                   .limit = limit_of(policy),
                   .computes_limit = computes_limit<P>,
                   .hides_failures = hides_failures(policy)};
        if constexpr ((duty_of<P> == duty::remembers || duty_of<P> == duty::rations) &&
                      requires { policy.options().wait; })
            one.waits_without_limit = policy.options().wait == no_limit;
        if constexpr (duty_of<P> == duty::remembers && requires { policy.options().refreshes(); })
            if (policy.options().refreshes())
                one.refresh_limit = policy.options().refresh_limit;
        if constexpr (duty_of<P> == duty::repeats && requires { policy.options().hint_cap; })
            one.hinted_wait = hinted_wait(policy.options());
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
            if (all[i].does == d &&
                (d != duty::limits || all[i].computes_limit || all[i].limit != no_limit))
                return true;
        return false;
    };
    for (std::size_t i = 0; i != all.size(); ++i) {
        const bool outermost_of_its_kind = !any(0, i, all[i].does);
        switch (all[i].does) {
        case duty::limits:
            for (std::size_t o = 0; o != i && !all[i].computes_limit && all[i].limit != no_limit;
                 ++o)
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
            if (all[i].hinted_wait > duration::zero() && !any(0, i, duty::limits))
                said.push_back("no timeout stands outside the retry: where a server says so "
                               "(Retry-After), a call waits for " +
                               in_full(all[i].hinted_wait) +
                               " before it tries again: set `hint_cap`, or a timeout outside");
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
            for (std::size_t o = 0; o != i; ++o)
                if (all[o].limit <= all[i].refresh_limit) {
                    said.push_back(
                        "the cache never refreshes ahead: it does so for a call that has "
                        "longer than `refresh_limit`, and the timeout outside gives it " +
                        in_full(all[o].limit));
                    break;
                }
            break;
        case duty::replaces:
            if (any(0, i, duty::remembers))
                said.emplace_back(
                    "a cache stands outside a fallback: it remembers what that answers as if the "
                    "work had");
            if (all[i].hides_failures && any(0, i, duty::admits))
                said.emplace_back(
                    "a breaker stands outside a fallback that replaces every failure: "
                    "it never opens");
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
