// SPDX-License-Identifier: BSL-1.0
//
// What one call through policies can come to at worst, from their options alone.
#ifndef OUTLAST_WORST_CASE_HPP
#define OUTLAST_WORST_CASE_HPP

#include <outlast/order.hpp>
#include <outlast/time.hpp>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <tuple>

namespace outlast {

/// Bounds of one call. Arithmetic saturates: what is not bounded stays so.
struct bounds {
    static constexpr std::uint64_t any_number = UINT64_MAX;

    std::uint64_t calls = any_number; ///< most runs of the callable; `any_number`: not bounded
    duration latency = forever;       ///< the longest that it can take; `forever`: not bounded

    /// Of so many such calls, one after another.
    [[nodiscard]] constexpr bounds times(std::uint32_t n) const noexcept {
        const bool too_many = n != 0 && calls > any_number / n;
        return {too_many ? any_number : calls * n, scaled(latency, n, 1)};
    }
    /// Of such a call with so long a wait before, after, or in it.
    [[nodiscard]] constexpr bounds after(duration wait) const noexcept {
        return {calls, latency > forever - wait ? forever : latency + wait};
    }

    friend constexpr bool operator==(const bounds&, const bounds&) = default;
};

namespace detail {

template <std::size_t I, class Policies, class Inner>
constexpr bounds worst_from(const Policies& policies, duration within, const Inner& inner);

// Whatever a policy does, what stands outside of it cuts it off at its deadline.
template <class P, class Inner>
constexpr bounds worst_through(const P& policy, duration within, const Inner& inner) {
    bounds worst;
    if constexpr (requires { policy.policies(); })
        worst = worst_from<0>(policy.policies(), within, inner);
    else if constexpr (requires {
                           { policy.worst_case(within, inner) } -> std::same_as<bounds>;
                       })
        worst = policy.worst_case(within, inner);
    worst.latency = shorter(worst.latency, within);
    return worst;
}

template <std::size_t I, class Policies, class Inner>
constexpr bounds worst_from(const Policies& policies, duration within, const Inner& inner) {
    if constexpr (I == std::tuple_size_v<Policies>)
        return inner(within);
    else
        return worst_through(policy_of(std::get<I>(policies)), within, [&](duration left) {
            return worst_from<I + 1>(policies, left, inner);
        });
}

} // namespace detail

/// The most that one call through a pipeline, or a single policy, can come to, whatever the callable
/// answers and however long it takes, if it keeps the deadline that it is given. (One that cannot
/// be interrupted is late by its own measure.) A cache, a key function and a predicate are taken to
/// take no time; a fallback's callable may take any.
///
///     constexpr outlast::pipeline p{outlast::timeout{800ms}, outlast::retry{}};
///     static_assert(outlast::worst_case(p).calls == 3);
///     static_assert(outlast::worst_case(p).latency <= 1s);
///     auto guarded = p;   // a pipeline that is called is no constant: a copy is
///
/// A policy of yours takes part by a member `worst_case(duration within, const Inner& inner) const`:
/// `inner(left)` gives the `bounds` of what is inside it when it has `left`. Without that its calls
/// are not bounded.
///
/// \param within what the caller's own deadline leaves it. Default: it has none.
template <class P>
[[nodiscard]] constexpr bounds worst_case(const P& policies, duration within = no_limit) {
    return detail::worst_through(policies, within, [](duration left) { return bounds{1, left}; });
}

} // namespace outlast

#endif // OUTLAST_WORST_CASE_HPP
