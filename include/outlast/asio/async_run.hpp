// SPDX-License-Identifier: BSL-1.0
//
// The Asio driver: runs a pipeline around an asynchronous operation.
#ifndef OUTLAST_ASIO_ASYNC_RUN_HPP
#define OUTLAST_ASIO_ASYNC_RUN_HPP

#include <outlast/asio/answer.hpp>
#include <outlast/asio/known_answer.hpp>
#include <outlast/asio/running_call.hpp>
#include <outlast/slot.hpp>

#include <boost/asio/any_completion_executor.hpp>
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/execution_context.hpp>
#include <boost/asio/system_executor.hpp>

#include <concepts>
#include <functional> // std::unwrap_reference
#include <tuple>
#include <type_traits>
#include <utility>

namespace outlast {

namespace detail {

/// An executor, or a context that has one.
template <class P>
concept place_to_run = boost::asio::is_executor<std::remove_cvref_t<P>>::value ||
                       boost::asio::execution::is_executor_v<std::remove_cvref_t<P>> ||
                       (std::convertible_to<P&, boost::asio::execution_context&> &&
                        requires(P& p) { p.get_executor(); });

template <class P>
[[nodiscard]] auto executor_of(P& place) {
    if constexpr (requires { place.get_executor(); })
        return place.get_executor();
    else
        return place;
}

template <class Executor>
inline constexpr bool can_be_posted_to =
    !std::is_same_v<Executor, boost::asio::any_completion_executor>;

/// Begins a call that has to be run. Its handler has an executor, or is content with this one.
template <class Clock, class Executor, class Pipeline, class F, class Handler, class... A>
void begin_call(const Executor& executor,
                Pipeline& policies,
                const limits& limit,
                F callable,
                Handler handler,
                A... arguments) {
    using machine = decltype(policies.start(std::as_const(arguments)...));
    using call_type = running_call<Clock, machine, F, Handler, Executor, A...>;
    call_type::start(policies, limit, std::move(callable), std::move(handler), executor,
                     std::tuple<A...>{std::move(arguments)...});
}

/// The initiation: what a deferred call keeps until it is started.
/// \tparam Executor what the handler runs on if it has no executor of its own
template <class Clock, class Pipeline, class Executor>
struct initiate_run {
    using executor_type = Executor;
    [[nodiscard]] executor_type get_executor() const noexcept { return fallback; }

    template <class Handler, class F, class... A>
    void operator()(Handler&& handler, const limits& limit, F callable, A... arguments) const {
        const auto executor = boost::asio::get_associated_executor(handler, fallback);
        static_assert(
            can_be_posted_to<std::decay_t<decltype(executor)>>,
            "outlast::async_run: nothing can be posted to the executor of this handler, an "
            "any_completion_handler perhaps: say where it is to run, by "
            "boost::asio::bind_executor(executor, handler).");
        if constexpr (may_be_known<Pipeline, F, A...>) {
            slot<result<async_value<F, A...>>> known;
            if (known_answer<Clock>(known, *policies, limit, callable, arguments...)) {
                posted_answer told{std::decay_t<Handler>(std::forward<Handler>(handler)), [&] {
                                       return caught<async_value<F, A...>>(
                                           [&] { return std::move(*known); });
                                   }};
                // Gone before the handler can be called: by another thread, perhaps.
                (void)std::tuple<F, A...>{std::move(callable), std::move(arguments)...};
                return post_answer(executor, std::move(told));
            }
        }
        begin_call<Clock>(executor, *policies, limit, std::move(callable),
                          std::decay_t<Handler>(std::forward<Handler>(handler)),
                          std::move(arguments)...);
    }

    Pipeline* policies;
    Executor fallback;
};

template <class Clock, class Executor, class Pipeline, class F, class Token, class... A>
auto async_run_on(const Executor& fallback,
                  Pipeline& policies,
                  const limits& limit,
                  F&& callable,
                  Token&& token,
                  A&&... arguments) {
    return boost::asio::async_initiate<Token, void(result<async_value<F, A...>>)>(
        initiate_run<Clock, Pipeline, Executor>{&policies, fallback}, token, limit,
        std::forward<F>(callable), std::forward<A>(arguments)...);
}

} // namespace detail

/// Runs an asynchronous operation through a pipeline. Completes with `void(outlast::result<T>)`,
/// exactly once, and never before this returns.
///
///     async_run([executor or context,] pipeline, [limits,] operation, token, arguments…)
///
/// **The operation** is called once an attempt, with the arguments as const lvalues, and before them
/// an `outlast::call&` if it takes one. It is an initiating function, whose last parameter is a
/// completion token, and which completes with `(error_code, T)`, `(exception_ptr, T)`, `(T)` or
/// `(outlast::result<T>)`, with or without values; or a callable that returns an `asio::awaitable`
/// or a deferred operation. What it throws is a failure, with its code if it is a `system_error` (of the
/// standard library or of Boost). It and the arguments are kept until every attempt has ended.
///
/// **Deadlines** hold: at the end of an attempt's time, and of the caller's, the call goes on or is
/// answered, whether or not the operation takes notice. What ignores its cancellation (total, then
/// terminal) is abandoned: it goes on by itself, counted by `outlast::abandoned`, holds what the
/// policies want held for it, and its outcome is nobody's, but that a cache may keep a good value.
///
/// **Calls without a caller**: a cache's refresh ahead, its keeping of an answer in an asynchronous
/// store, and work for a key that others wait for go on when the caller has been answered: on the same
/// executor, which they keep from running out of work; counted by `outlast::detached`. The last goes on
/// even when those others have left, until the latest of their deadlines, as its answer is kept for who
/// comes next: work without any deadline of its own, which may hang, needs a timeout inside the cache.
///
/// **What a cache knows** and may be told at once is told without any of that: nothing is begun, and the
/// handler is called with it in a turn of its own. So it is if no policy but a fallback stands outside
/// of the cache.
///
/// **Cancellation** by the slot of the handler. *Terminal*: the answer is `cancelled` at once, and
/// what runs is told so and abandoned. *Total* and *partial*, and the stop token of `limits`: the
/// operation is told the same; no wait goes on and no further attempt begins; a good value that the
/// operation still brings is the answer, else `cancelled`. By any of them, if other calls wait for
/// what runs: the answer is `cancelled` at once, and what runs is not told by its slot. (The stop token
/// of its `call` is still the first caller's: work that others may wait for leaves it alone.)
///
/// **Executor** that of the handler, else the one given here, else the system's. Everything of one
/// call happens on it and one after the other, the attempts' own steps too, even if many threads run
/// it: no strand is needed. It is the associated executor of the attempts' handlers; a strand of the
/// caller's is used as it is.
///
/// **Memory** one piece for the whole call, from the allocator of the handler, given back before the
/// handler is called. If an attempt was abandoned, or the call goes on without its caller, when that
/// ends: such an allocator has to live as long. Where the handler has none, the pieces of earlier
/// calls on the same thread are used again.
///
/// **Lifetime** `limits::facts` until completion. The pipeline, and what it refers to, too; with a
/// cache or a bulkhead in it, until what was abandoned has ended and what goes on without a caller is
/// over: when `run()` of the context has returned, or the context is gone.
///
/// **Example** `examples/04_asio.cpp`.
/// \tparam Clock see `steady`
template <class Clock = steady, class Pipeline, class F, class Token, class... A>
    requires(!detail::place_to_run<Pipeline> && !std::same_as<std::remove_cvref_t<F>, limits>)
auto async_run(Pipeline& policies, F&& callable, Token&& token, A&&... arguments) {
    return detail::async_run_on<Clock>(boost::asio::system_executor{}, policies, limits{},
                                       std::forward<F>(callable), std::forward<Token>(token),
                                       std::forward<A>(arguments)...);
}

template <class Clock = steady, class Pipeline, class F, class Token, class... A>
    requires(!detail::place_to_run<Pipeline>)
auto async_run(
    Pipeline& policies, const limits& limit, F&& callable, Token&& token, A&&... arguments) {
    return detail::async_run_on<Clock>(boost::asio::system_executor{}, policies, limit,
                                       std::forward<F>(callable), std::forward<Token>(token),
                                       std::forward<A>(arguments)...);
}

template <class Clock = steady,
          detail::place_to_run Place,
          class Pipeline,
          class F,
          class Token,
          class... A>
    requires(!std::same_as<std::remove_cvref_t<F>, limits>)
auto async_run(Place&& place, Pipeline& policies, F&& callable, Token&& token, A&&... arguments) {
    return detail::async_run_on<Clock>(detail::executor_of(place), policies, limits{},
                                       std::forward<F>(callable), std::forward<Token>(token),
                                       std::forward<A>(arguments)...);
}

template <class Clock = steady,
          detail::place_to_run Place,
          class Pipeline,
          class F,
          class Token,
          class... A>
auto async_run(Place&& place,
               Pipeline& policies,
               const limits& limit,
               F&& callable,
               Token&& token,
               A&&... arguments) {
    return detail::async_run_on<Clock>(detail::executor_of(place), policies, limit,
                                       std::forward<F>(callable), std::forward<Token>(token),
                                       std::forward<A>(arguments)...);
}

} // namespace outlast

#endif // OUTLAST_ASIO_ASYNC_RUN_HPP
