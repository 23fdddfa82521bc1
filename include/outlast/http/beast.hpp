// SPDX-License-Identifier: BSL-1.0
//
// The asynchronous HTTP transport, on Boost.Asio, Boost.Beast and OpenSSL.
#ifndef OUTLAST_HTTP_BEAST_HPP
#define OUTLAST_HTTP_BEAST_HPP

#include "outlast/http/beast_exchange.hpp"
#include "outlast/http/beast_options.hpp"
#include "outlast/http/beast_pool.hpp"
#include "outlast/http/context_end.hpp"
#include "outlast/http/error.hpp"
#include "outlast/http/message.hpp"
#include "outlast/http/name_resolver.hpp"
#include "outlast/http/result.hpp"
#include "outlast/http/tls_context.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/associator.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/cancellation_type.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/execution/context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/query.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/system/system_error.hpp>

#include <chrono>
#include <exception>
#include <memory>
#include <type_traits>
#include <utility> // std::move

namespace outlast::http {

namespace detail {

// Ends an exchange with its caller's handler, and is to Asio what that handler is, but for
// cancellation, which goes to the exchange.
template <class Handler>
struct beast_finish {
    Handler handler;
    std::shared_ptr<beast_exchange> exchange;

    void operator()(std::exception_ptr) {
        if (auto slot = boost::asio::get_associated_cancellation_slot(handler); slot.is_connected())
            slot.clear();
        auto outcome = exchange->outcome();
        exchange.reset(); // wiped before anybody learns that it is over
        std::move(handler)(std::move(outcome));
    }
};

} // namespace detail

/// Sends a request and gives the response to a completion token.
///
/// **Answers** every response with a status from 200: a redirection is handed over and never
/// followed. 1xx answers are skipped. A body without length and without chunks ends with its
/// connection, in good order where TLS is spoken.
///
/// **Refusals** a code of `errc`, each a different state of the world (error.hpp). A request that
/// cannot be sent as it is (method, URL, a header that the transport owns, a line end in a value,
/// plain http to another host than loopback) is `bad_request` before anything is connected. No text
/// holds a URL, a header or a body. Want of memory is `local_resources`, or `connection_reset` once
/// the request was begun.
///
/// **Time** ends at `by`, whatever is waited for: a connection of the pool, a name, TCP, TLS, or
/// the answer; each phase has its own limit besides. No request leaves after it. A name look-up
/// that is stuck is left behind on its thread (`name_resolver`). Reads `steady_clock`.
///
/// **Cancellation** of every type ends the call promptly, as `cancelled`, whatever it waits for,
/// and drops its connection. As with any signal of Asio, to emit it is for the thread or strand
/// that the call was begun and is completed on.
///
/// **TLS** 1.2 or later; certificate chain and host, name or address, are verified on every
/// connection, and nothing switches that off. Nothing of the request is written before that.
///
/// **Again** a kept connection that the server closed just then is replaced once and the request
/// written again, if no byte of an answer has come: `beast_options::repeat_any_method`. A request
/// whose second reading does harm (a `private_key_jwt` assertion) wants `reuse_idle_for = 0s`.
///
/// **Sharing** thread-safe; calls run beside each other on the threads of the executor. Copies
/// share one pool and one memory of names. Like every object of Asio it may not outlive the
/// execution context; destroying the context ends calls under way without completing them.
///
/// **Cost** a strand, a timer, a coroutine and 8 KB to read into for each call; with TLS some 40 KB
/// for each connection. The body of the request is moved in, not copied; that of the response is
/// written once.
class beast_transport {
public:
    using result_type = detail::result<response>;

    /// \return `bad_setup` when an option is out of its bounds, or a file cannot be used;
    /// `local_resources` when the execution context gets no descriptors of its own
    [[nodiscard]] static detail::result<beast_transport> make(boost::asio::any_io_executor where,
                                                              beast_options options) {
        if (!is_usable(options))
            return errc::bad_setup;
        auto tls = make_tls_context(options.tls);
        if (!tls)
            return tls.error();
        try { // the context makes what sockets and timers need now, and not in a call
            const boost::asio::ip::tcp::socket first{where};
            const boost::asio::steady_timer second{where};
        } catch (const boost::system::system_error&) {
            return errc::local_resources;
        }
        auto names = std::make_shared<name_resolver>(options.names);
        auto& context = boost::asio::query(where, boost::asio::execution::context);
        boost::asio::use_service<context_end>(context).add(names);
        auto pool = std::make_shared<beast_pool>(
            pool_bounds{.in_all = options.max_connections,
                        .per_origin = options.max_connections_per_origin,
                        .idle_for = options.reuse_idle_for,
                        .oldest = options.reconnect_after});
        return beast_transport{std::make_shared<beast_shared>(
            beast_shared{std::move(where), std::move(options), std::move(tls).value(),
                         std::move(names), std::move(pool)})};
    }

    /// As `make`. Throws `std::system_error` with `bad_setup`.
    explicit beast_transport(boost::asio::any_io_executor where, beast_options options = {})
        : shared_(make(std::move(where), std::move(options)).value().shared_) {}

    /// Begins one exchange. \param by its deadline; `time_point::max()`: the limits of the phases
    /// alone. The completion signature is `void(result_type)`; the handler is never called from
    /// inside this function.
    template <boost::asio::completion_token_for<void(result_type)> Token>
    auto async_ask(request asked, std::chrono::steady_clock::time_point by, Token&& token) const {
        return boost::asio::async_initiate<Token, void(result_type)>(
            [](auto handler, std::shared_ptr<beast_shared> shared, request what, auto deadline) {
                begin(std::move(handler), std::make_shared<beast_exchange>(
                                              std::move(shared), std::move(what), deadline));
            },
            token, shared_, std::move(asked), by);
    }

    [[nodiscard]] const beast_options& options() const noexcept { return shared_->options; }

    [[nodiscard]] boost::asio::any_io_executor get_executor() const { return shared_->where; }

private:
    explicit beast_transport(std::shared_ptr<beast_shared> shared) noexcept
        : shared_(std::move(shared)) {}

    template <class Handler>
    static void begin(Handler handler, std::shared_ptr<beast_exchange> exchange) {
        if (auto slot = boost::asio::get_associated_cancellation_slot(handler); slot.is_connected())
            slot.assign([weak = std::weak_ptr{exchange}](boost::asio::cancellation_type type) {
                if (const auto alive = weak.lock(); alive && type != decltype(type)::none)
                    alive->cancel();
            });
        auto steps = exchange->run();
        const auto where = exchange->where();
        boost::asio::co_spawn(
            where, std::move(steps),
            detail::beast_finish<Handler>{std::move(handler), std::move(exchange)});
    }

    std::shared_ptr<beast_shared> shared_;
};

} // namespace outlast::http

/// Executor and allocator of the finish are the handler's.
template <template <class, class> class Associator, class Handler, class Default>
struct boost::asio::associator<Associator, outlast::http::detail::beast_finish<Handler>, Default> {
    using type = typename Associator<Handler, Default>::type;
    static type get(const outlast::http::detail::beast_finish<Handler>& finish,
                    const Default& otherwise = Default()) noexcept {
        return Associator<Handler, Default>::get(finish.handler, otherwise);
    }
};

/// Not its cancellation, which the exchange has taken.
template <class Handler, class Slot>
struct boost::asio::associated_cancellation_slot<outlast::http::detail::beast_finish<Handler>,
                                                 Slot> {
    using type = Slot;
    static type get(const outlast::http::detail::beast_finish<Handler>&,
                    const Slot& otherwise = Slot()) noexcept {
        return otherwise;
    }
};

#endif // OUTLAST_HTTP_BEAST_HPP
