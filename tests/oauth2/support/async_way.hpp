// SPDX-License-Identifier: BSL-1.0
//
// Scripts and blocking transports as asynchronous ones.
#ifndef OUTLAST_TESTS_OAUTH2_SUPPORT_ASYNC_WAY_HPP
#define OUTLAST_TESTS_OAUTH2_SUPPORT_ASYNC_WAY_HPP

#include <outlast/http/limits.hpp>
#include <outlast/http/message.hpp>
#include <outlast/result.hpp>

#include "asio/support/virtual_loop.hpp"
#include "oauth2/support/server.hpp"

#include <boost/asio.hpp>

#include <chrono>
#include <utility>

namespace outlast_tests {

/// A script as an asynchronous transport, which takes no notice of deadlines and cancellation.
struct async_scripted_server : scripted_server {
    virtual_loop* loop = nullptr;

    [[nodiscard]] auto get_executor() const { return loop->context().get_executor(); }

    template <class Token>
    auto async_ask(const outlast::http::request& request,
                   std::chrono::steady_clock::time_point,
                   Token&& token) {
        using outcome = outlast::result<outlast::http::response>;
        return boost::asio::async_initiate<Token, void(outcome)>(
            [this](auto handler, const outlast::http::request& what) {
                const reply r = reply_to(what);
                loop->after<void(outcome)>(r.takes, std::move(handler), r.outcome());
            },
            token, request);
    }
};

/// A blocking transport as one that answers in a turn of its own.
template <class Server>
struct posted {
    Server* server;
    boost::asio::io_context context{};

    [[nodiscard]] auto get_executor() { return context.get_executor(); }

    template <class Token>
    auto async_ask(outlast::http::request request,
                   std::chrono::steady_clock::time_point by,
                   Token&& token) {
        using outcome = outlast::result<outlast::http::response>;
        return boost::asio::async_initiate<Token, void(outcome)>(
            [this, by](auto handler, const outlast::http::request& what) {
                outcome answered = (*server)(what, outlast::http::limits{.by = by});
                const auto executor = boost::asio::get_associated_executor(handler);
                boost::asio::post(executor,
                                  [h = std::move(handler), a = std::move(answered)]() mutable {
                                      std::move(h)(std::move(a));
                                  });
            },
            token, std::move(request));
    }
};

} // namespace outlast_tests

#endif // OUTLAST_TESTS_OAUTH2_SUPPORT_ASYNC_WAY_HPP
