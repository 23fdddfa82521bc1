// SPDX-License-Identifier: BSL-1.0
//
// The asynchronous callables that a pipeline can run, told apart by what they take and return.
#ifndef OUTLAST_ASIO_OPERATION_HPP
#define OUTLAST_ASIO_OPERATION_HPP

#include <outlast/asio/completion.hpp>
#include <outlast/call.hpp>
#include <outlast/invoke.hpp>
#include <outlast/slot.hpp>

#include <boost/asio/async_result.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/cancellation_state.hpp>
#include <boost/asio/cancellation_type.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/this_coro.hpp>

#include <type_traits>
#include <utility>

namespace outlast::detail {

/// A completion token that starts nothing and tells with what an operation would complete.
struct signature_token {};
template <class Signature>
struct told_signature {
    using type = Signature;
};

} // namespace outlast::detail

template <class Signature, class... More>
struct boost::asio::async_result<outlast::detail::signature_token, Signature, More...> {
    static_assert(sizeof...(More) == 0,
                  "outlast::async_run: this operation can complete in several ways, and only one "
                  "can be a result: wrap it in one that completes in one way.");
    using return_type = outlast::detail::told_signature<Signature>;
    template <class Initiation, class... A>
    static return_type initiate(Initiation&&, A&&...) {
        return {};
    }
};

namespace outlast::detail {

template <class T>
inline constexpr bool tells_signature = false;
template <class S>
inline constexpr bool tells_signature<told_signature<S>> = true;

template <class T>
inline constexpr bool is_awaitable = false;
template <class T, class E>
inline constexpr bool is_awaitable<boost::asio::awaitable<T, E>> = true;

template <class F, class... A>
concept takes_token = requires(F& f, A&&... a) {
    requires tells_signature<decltype(invoke(f, std::forward<A>(a)..., signature_token{}))>;
};
/// A deferred operation: what is itself called with a token.
template <class D>
concept deferred_operation = takes_token<std::remove_cvref_t<D>>;

template <class F, class... A>
concept gives_awaitable = requires(F& f, A&&... a) {
    requires is_awaitable<std::remove_cvref_t<decltype(invoke(f, std::forward<A>(a)...))>>;
};
template <class F, class... A>
concept gives_deferred = requires(F& f, A&&... a) {
    requires deferred_operation<decltype(invoke(f, std::forward<A>(a)...))>;
};

/// How a callable is run: `F` with `A…`, the context of the call among them if it takes it.
/// \tparam A references
template <class F, class... A>
struct started_with {
    static constexpr bool fits = false;
};

template <class F, class... A>
    requires takes_token<F, A...>
struct started_with<F, A...> {
    static constexpr bool fits = true;
    using signature = typename decltype(invoke(
        std::declval<F&>(), std::declval<A>()..., signature_token{}))::type;
    using value_type = typename completion<signature>::value_type;

    template <class Handler>
    static void start(F& f, A... a, Handler handler) {
        invoke(f, std::forward<A>(a)..., std::move(handler));
    }
    template <class... X>
    static result<value_type> lift(X&&... completed) {
        return completion<signature>::lift(std::forward<X>(completed)...);
    }
};

template <class F, class... A>
    requires(!takes_token<F, A...> && gives_deferred<F, A...>)
struct started_with<F, A...> {
    static constexpr bool fits = true;
    using deferred_type =
        std::remove_cvref_t<decltype(invoke(std::declval<F&>(), std::declval<A>()...))>;
    using signature = typename decltype(std::declval<deferred_type>()(signature_token{}))::type;
    using value_type = typename completion<signature>::value_type;

    template <class Handler>
    static void start(F& f, A... a, Handler handler) {
        invoke(f, std::forward<A>(a)...)(std::move(handler));
    }
    template <class... X>
    static result<value_type> lift(X&&... completed) {
        return completion<signature>::lift(std::forward<X>(completed)...);
    }
};

/// Awaits, and completes with a result in any case. (By itself `co_spawn` wants a value that can be
/// made from nothing, which a result can't.)
template <class Handler, class T, class E>
boost::asio::awaitable<void, E> await(boost::asio::awaitable<T, E> what,
                                      slot<result<value_of<T>>>& into) {
    try {
        // By itself a coroutine hears of nothing but *terminal*; what that has said already stands.
        const auto heard = co_await boost::asio::this_coro::cancellation_state;
        if (heard.cancelled() == boost::asio::cancellation_type::none)
            co_await boost::asio::this_coro::reset_cancellation_state(
                boost::asio::enable_total_cancellation());
        if constexpr (std::is_void_v<T>) {
            co_await std::move(what);
            into.fill([]() -> result<void> { return boost::outcome_v2::success(); });
        } else {
            T got = co_await std::move(what);
            into.fill([&] { return outcome_traits<T>::lift(std::move(got)); });
        }
    } catch (...) {
        into.fill([]() -> result<value_of<T>> { return thrown_under_asio(); });
    }
}

template <class F, class... A>
    requires(!takes_token<F, A...> && !gives_deferred<F, A...> && gives_awaitable<F, A...>)
struct started_with<F, A...> {
    static constexpr bool fits = true;
    using awaitable_type =
        std::remove_cvref_t<decltype(invoke(std::declval<F&>(), std::declval<A>()...))>;
    using value_type = value_of<typename awaitable_type::value_type>;

    template <class Handler>
    static void start(F& f, A... a, Handler handler) {
        auto executor = handler.get_executor();
        auto& into = handler.place();
        boost::asio::co_spawn(executor, await<Handler>(invoke(f, std::forward<A>(a)...), into),
                              std::move(handler));
    }
};

/// What `hand` sees of an operation whose outcome arrives later.
template <class F, class T>
struct arriving {
    template <class... A>
    result<T> operator()(const A&...) const; // never called
    F& callable;
};
template <class F, class T>
inline constexpr bool is_judged<arriving<F, T>> = is_judged<F>;
template <class F, class T>
[[nodiscard]] auto& judging(arriving<F, T>& later) noexcept {
    return judging(later.callable);
}

/// A callable, with or without the context of the call.
template <class F, class... A>
struct asynchronous : started_with<F, A...> {
    static constexpr bool takes_call = false;
    static_assert(started_with<F, A...>::fits,
                  "outlast::async_run([executor or context,] pipeline, [limits,] operation, token, "
                  "arguments…): the operation is no asynchronous callable. It takes "
                  "(outlast::call&, arguments…, completion token) or (arguments…, completion "
                  "token), or takes the same without the token and returns an asio::awaitable or "
                  "a deferred operation. Arguments are handed to every attempt as const lvalues.");
    template <class Handler>
    static void begin(F& f, call&, A... a, Handler handler) {
        started_with<F, A...>::start(f, a..., std::move(handler));
    }
};

// What takes a token without it is not asked whether it would take a call in its place: a lambda
// with `auto token` would, and not compile.
template <class F, class... A>
concept takes_call_first =
    takes_token<F, call&, A...> || (!takes_token<F, A...> && started_with<F, call&, A...>::fits);

template <class F, class... A>
    requires takes_call_first<F, A...>
struct asynchronous<F, A...> : started_with<F, call&, A...> {
    static constexpr bool takes_call = true;
    template <class Handler>
    static void begin(F& f, call& told, A... a, Handler handler) {
        started_with<F, call&, A...>::start(f, told, a..., std::move(handler));
    }
};

} // namespace outlast::detail

#endif // OUTLAST_ASIO_OPERATION_HPP
