// SPDX-License-Identifier: BSL-1.0
//
// What the asynchronous parts of this folder send their requests through.
#ifndef OUTLAST_OAUTH2_ASYNC_TRANSPORT_HPP
#define OUTLAST_OAUTH2_ASYNC_TRANSPORT_HPP

#include <outlast/asio/completion.hpp>
#include <outlast/asio/operation.hpp> // signature_token
#include <outlast/hand.hpp>           // caught
#include <outlast/http/message.hpp>
#include <outlast/result.hpp>

#include <boost/asio/associator.hpp>
#include <boost/asio/execution/executor.hpp>

#include <chrono>
#include <concepts>
#include <utility>

namespace outlast::oauth2 {

namespace detail {

/// With what `async_ask` of a transport completes.
template <class T>
using exchanged = outlast::detail::completion<typename decltype(std::declval<T&>().async_ask(
    std::declval<http::request>(),
    std::chrono::steady_clock::time_point{},
    outlast::detail::signature_token{}))::type>;

} // namespace detail

/// A way to send one HTTP request and be told its answer later: `http::beast_transport`, or your own.
///
/// `async_ask(request, by, token)` is an initiating function that completes with
/// `(result of an http::response)` or `(error_code, http::response)`; the errors are those of
/// http/error.hpp, or any `std::error_code`. It is called from several threads at once, answers at
/// `by`, stops when it is cancelled, and sends nothing after either. The request becomes its own:
/// body and header values hold secrets, which it wipes. `get_executor()` is for calls whose handler
/// has no executor.
template <class T>
concept async_transport = requires(T& t) {
    typename detail::exchanged<T>;
    requires std::same_as<typename detail::exchanged<T>::value_type, http::response>;
    { t.get_executor() } -> boost::asio::execution::executor;
};

namespace detail {

/// Reads what a transport completes with, for the handler of an attempt, and is to Asio what that
/// handler is.
/// \tparam Read from the exchange to a `result<T>`; keeps what it needs for that, as the attempt may
///         have been given up, and whoever began it may be gone
template <class Exchanged, class T, class Read, class Handler>
struct read_answer {
    Handler handler;
    Read read;

    template <class... X>
    void operator()(X&&... completed) {
        std::move(handler)(outlast::detail::caught<T>([&]() -> result<T> {
            auto answered = Exchanged::lift(std::forward<X>(completed)...);
            return read(answered);
        }));
    }
};

} // namespace detail

} // namespace outlast::oauth2

/// All that is associated with the reader is the handler's.
template <template <class, class> class Associator,
          class Exchanged,
          class T,
          class Read,
          class Handler,
          class Default>
struct boost::asio::associator<Associator,
                               outlast::oauth2::detail::read_answer<Exchanged, T, Read, Handler>,
                               Default> {
    using reader = outlast::oauth2::detail::read_answer<Exchanged, T, Read, Handler>;
    using type = typename Associator<Handler, Default>::type;
    static type get(const reader& r) noexcept {
        return Associator<Handler, Default>::get(r.handler);
    }
    static auto get(const reader& r, const Default& otherwise) noexcept
        -> decltype(Associator<Handler, Default>::get(r.handler, otherwise)) {
        return Associator<Handler, Default>::get(r.handler, otherwise);
    }
};

#endif // OUTLAST_OAUTH2_ASYNC_TRANSPORT_HPP
