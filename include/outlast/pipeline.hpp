// SPDX-License-Identifier: BSL-1.0
//
// Policies in order, outermost first. A pipeline can stand inside another one.
#ifndef OUTLAST_PIPELINE_HPP
#define OUTLAST_PIPELINE_HPP

#include <outlast/fan.hpp>
#include <outlast/nest.hpp>
#include <outlast/order.hpp>

#include <cstddef>
#include <tuple>
#include <type_traits>
#include <utility>

namespace outlast {

class call;

namespace detail {

struct has_start_too {
    void start();
};
// Its member `start` is ambiguous if P has one, overloaded or a template or not.
template <class P>
struct start_of : P, has_start_too {};

/// Whether it has a member `start`, whatever that takes: the arguments of a call are not known yet.
template <class P>
consteval bool can_start() {
    if constexpr (!std::is_class_v<P>)
        return false;
    else if constexpr (std::is_final_v<P>)
        return true; // nothing can be derived from it: the first call will tell
    else
        return !requires { &start_of<P>::start; };
}

/// A function of its own, so that the compiler's error names the type.
template <class P>
consteval bool check_policy() {
    static_assert(can_start<P>(),
                  "outlast::pipeline: this is no policy: it has no `start`. A time goes into an "
                  "outlast::timeout, a number of attempts into an outlast::retry; of a pointer to "
                  "a policy pass std::ref(*pointer); the callable comes with the call.");
    return true;
}

} // namespace detail

/// One call's run through a policy: told the arguments of the call where the policy wants them.
template <class P, class... A>
[[nodiscard]] OUTLAST_INLINE constexpr auto start_policy(P& policy, const A&... arguments) {
    if constexpr (requires { policy.start(arguments...); }) {
        return policy.start(arguments...);
    } else {
        static_assert(
            requires { policy.start(); },
            "outlast::pipeline: this policy cannot start a call: its `start` takes "
            "neither the arguments of the call nor none. A cache's key function must "
            "accept the arguments that the pipeline is called with.");
        return policy.start();
    }
}

namespace detail {
struct takes_it {
    template <class Machine>
    constexpr bool operator()(const Machine&) const noexcept {
        return true;
    }
};
/// A policy outside of which a success is what it was inside: `static constexpr bool leaves_successes`.
template <class P>
inline constexpr bool leaves_successes = false;
template <class P>
    requires requires { P::leaves_successes; }
inline constexpr bool leaves_successes<P> = P::leaves_successes;
} // namespace detail

/// A policy that may know the answer of a call before anything is begun, as a cache does. A driver to which a call
/// costs something may ask, in the place of a run. Where the policy knows, `hand` holds a success, and `take` is called
/// with the machine that found it, to conclude, and says whether it will do. True: the call is over, and all is done
/// that had to be. False: nothing has happened.
template <class P, class Hand, class... A>
concept may_know = requires(P& p, reading& now, const terms& t, Hand& hand, const A&... arguments) {
    { p.known(now, t, hand, detail::takes_it{}, arguments...) } -> std::same_as<bool>;
};

/// Policies around any callable.
///
/// Order, outermost first, and why: a cache (a hit needs nothing else) · total timeout (bounds all
/// that follows) · retry · hedge · breaker (sees each attempt, so that it learns and stops the
/// retries) · bulkhead · attempt timeout (what the breaker counts). A fallback stands outside all that it replaces.
///
/// **Sharing** as its policies: what was given by `std::ref` must outlive it; a pipeline may be
/// called by several threads at once if each of its policies may.
/// **Cost** that of its policies; nothing is allocated, and a clock is read at most once an event.
///
/// **Example**
///
///     outlast::circuit_breaker breaker{{.name = "users"}};
///     outlast::pipeline guarded{outlast::timeout{3s}, outlast::retry{}, std::ref(breaker),
///                               outlast::timeout{250ms}};
///     auto fetch_user = [](int id) { return "user " + std::to_string(id); };
///     outlast::result<std::string> u = guarded(fetch_user, 7);
///     std::cout << u.value();   // user 7
template <class... Policies>
class pipeline {
    static_assert((detail::check_policy<detail::policy_given<Policies>>() && ...));
    static_assert(
        (std::is_move_constructible_v<Policies> && ...),
        "outlast::pipeline: a policy that calls share (a circuit breaker, a cache) cannot be "
        "moved into a pipeline: keep it in a variable and pass std::ref(it).");
    static_assert(
        !detail::repeats_a_cache<Policies...>(),
        "outlast::pipeline: a cache stands inside a retry, where each attempt asks it anew and a "
        "stale answer ends the retry at its first failure: put the cache outside the retry.");
    static_assert(
        !detail::races_a_cache<Policies...>(),
        "outlast::pipeline: a cache stands inside a hedge, where one lane waits for what another "
        "asks for: put the cache outside the hedge.");

    // Which of them may know: the first one that does not leave each success as it is. Their number: none.
    template <std::size_t I, class Hand, class... A>
    static consteval std::size_t knower() {
        if constexpr (I == sizeof...(Policies)) {
            return I;
        } else {
            using policy = detail::policy_given<std::tuple_element_t<I, std::tuple<Policies...>>>;
            if constexpr (detail::leaves_successes<policy>)
                return knower<I + 1, Hand, A...>();
            else
                return may_know<policy, Hand, A...> ? I : sizeof...(Policies);
        }
    }

public:
    /// Refuses an order that makes no sense: see order.hpp. `make<outlast::pipeline>(policies…)` does
    /// so without an exception.
    constexpr explicit pipeline(Policies... policies) : policies_(std::move(policies)...) {
        require_valid(std::apply(problem, policies_));
    }

    /// What is wrong with this order, as a sentence; null if nothing is.
    [[nodiscard]] static constexpr const char* problem(const Policies&... policies) {
        return order_problem(policies...);
    }

    [[nodiscard]] constexpr const std::tuple<Policies...>& policies() const noexcept {
        return policies_;
    }

    /// One call's machine. `arguments` are those of the callable.
    template <class... A>
    [[nodiscard]] OUTLAST_INLINE constexpr auto start(const A&... arguments) {
        return start_from<0>(arguments...);
    }

    /// See `may_know`. The first policy knows, or is one that leaves each success as it is.
    template <class Hand, class Take, class... A>
        requires(knower<0, Hand, A...>() != sizeof...(Policies))
    [[nodiscard]] bool
    known(reading& now, const terms& t, Hand& hand, const Take& take, const A&... arguments) {
        return policy_of(std::get<knower<0, Hand, A...>()>(policies_))
            .known(now, t, hand, take, arguments...);
    }

    /// Runs a callable on this thread: `(callable, arguments…)`, or `(limits, callable,
    /// arguments…)` with a deadline and a stop token. Is the blocking driver's `run`, found in
    /// run.hpp.
    template <class First, class... Rest>
    OUTLAST_INLINE auto operator()(First&& first, Rest&&... rest) {
        return run(*this, std::forward<First>(first), std::forward<Rest>(rest)...);
    }

    /// A callable over a callable: what it is called with goes to `callable`, through the policies.
    /// Refers to this pipeline, which must outlive it; owns the callable.
    template <class F>
    [[nodiscard]] auto over(F callable) & {
        return [this, callable = std::move(callable)]<class... A>(const A&... arguments) mutable
            requires(std::is_invocable_v<F&, const A&...> ||
                     std::is_invocable_v<F&, call&, const A&...>)
        { return (*this)(callable, arguments...); };
    }
    template <class F>
    auto over(F callable) && = delete; // it would refer to a pipeline that is gone

private:
    template <std::size_t I, class... A>
    OUTLAST_INLINE constexpr auto start_from(const A&... arguments) {
        if constexpr (I == sizeof...(Policies)) {
            return leaf{};
        } else {
            auto& policy = policy_of(std::get<I>(policies_));
            using outer = decltype(start_policy(policy, arguments...));
            static_assert(check_machine<outer>());
            // The innermost one calls the work itself.
            if constexpr (I + 1 == sizeof...(Policies) && lanes_of<outer> == 1)
                return start_policy(policy, arguments...);
            else {
                const auto start = [&] { return start_policy(policy, arguments...); };
                const auto start_inner = [&] { return start_from<I + 1>(arguments...); };
                return both(start, start_inner);
            }
        }
    }

    template <class Start, class StartInner>
    OUTLAST_INLINE static constexpr auto both(const Start& start, const StartInner& start_inner) {
        using outer = decltype(start());
        using inner = decltype(start_inner());
        if constexpr (lanes_of<outer> > 1) {
            static_assert(
                lanes_of<inner> == 1,
                "outlast::pipeline: a hedge stands inside a hedge, so that each of its calls "
                "would start several: name one of them.");
            return fan<outer, inner>{start(), start_inner};
        } else {
            return nest<outer, inner>{start, start_inner};
        }
    }

    std::tuple<Policies...> policies_;
};

} // namespace outlast

#endif // OUTLAST_PIPELINE_HPP
