// SPDX-License-Identifier: BSL-1.0
//
// One introspection over an asynchronous transport: the operation that the policies guard.
#ifndef OUTLAST_OAUTH2_ASYNC_ASK_HPP
#define OUTLAST_OAUTH2_ASYNC_ASK_HPP

#include <outlast/asio/completion.hpp>
#include <outlast/asio/operation.hpp> // signature_token
#include <outlast/call.hpp>
#include <outlast/hand.hpp> // caught
#include <outlast/http/message.hpp>
#include <outlast/oauth2/error.hpp>
#include <outlast/oauth2/introspection.hpp>
#include <outlast/oauth2/knowledge.hpp>
#include <outlast/result.hpp>

#include <boost/asio/associator.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/execution/executor.hpp>

#include <chrono>
#include <concepts>
#include <memory>
#include <optional>
#include <type_traits> // std::invoke_result_t
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

/// Reads an answer for the handler of an attempt, and is to Asio what that handler is. `read` has a share
/// in what it needs for that: the attempt may have been given up, and whoever made it may be gone.
template <class Exchanged, class Handler, class Read>
struct read_answer {
    Handler handler;
    Read read;

    template <class... X>
    void operator()(X&&... completed) {
        using read_result =
            std::invoke_result_t<Read&, decltype(Exchanged::lift(std::forward<X>(completed)...))&>;
        std::move(handler)(
            outlast::detail::caught<typename read_result::value_type>([&]() -> read_result {
                auto answered = Exchanged::lift(std::forward<X>(completed)...);
                return read(answered);
            }));
    }
};
template <class Exchanged, class Handler, class Read>
read_answer<Exchanged, Handler, Read> reading_answer(Handler handler, Read read) {
    return {std::move(handler), std::move(read)};
}

} // namespace detail

/// Asks the authorization server about one token, once. An operation for `async_run`: without
/// credentials it completes at once, inside its initiation. See `introspection::learnt`.
template <async_transport Transport>
class async_ask {
public:
    /// The transport outlives it.
    async_ask(Transport& send, std::shared_ptr<introspection> what)
        : send_(&send), what_(std::move(what)) {}

    template <boost::asio::completion_token_for<void(result<knowledge>)> Token>
    auto operator()(call& context, const query& q, Token&& token) const {
        return boost::asio::async_initiate<Token, void(result<knowledge>)>(
            [this](auto handler, const call& told, const introspection::subject& about,
                   std::optional<http::request> asked) {
                if (!asked)
                    return std::move(handler)(result<knowledge>{failure{reason::no_credentials}});
                send_->async_ask(
                    *std::move(asked), what_->answer_by(told),
                    detail::reading_answer<detail::exchanged<Transport>>(
                        std::move(handler), [what = what_, about, told](auto& answered) {
                            return what->learnt(answered, about, told);
                        }));
            },
            token, context, introspection::subject{q}, what_->request_for(q));
    }

private:
    Transport* send_;
    std::shared_ptr<introspection> what_;
};

} // namespace outlast::oauth2

/// All that is associated with the reader is the handler's.
template <template <class, class> class Associator,
          class Exchanged,
          class Handler,
          class Read,
          class Default>
struct boost::asio::associator<Associator,
                               outlast::oauth2::detail::read_answer<Exchanged, Handler, Read>,
                               Default> {
    using reader = outlast::oauth2::detail::read_answer<Exchanged, Handler, Read>;
    using type = typename Associator<Handler, Default>::type;
    static type get(const reader& r) noexcept {
        return Associator<Handler, Default>::get(r.handler);
    }
    static auto get(const reader& r, const Default& otherwise) noexcept
        -> decltype(Associator<Handler, Default>::get(r.handler, otherwise)) {
        return Associator<Handler, Default>::get(r.handler, otherwise);
    }
};

#endif // OUTLAST_OAUTH2_ASYNC_ASK_HPP
