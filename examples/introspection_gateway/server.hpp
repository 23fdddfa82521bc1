// SPDX-License-Identifier: BSL-1.0
//
// HTTP for the gateway: connections of proxies, kept open, and an end that waits for requests under way.
#pragma once

#include <outlast/time.hpp>

#include "messages.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <cstdint>
#include <list>

namespace gateway {

class server {
public:
    /// Listens. Throws `boost::system::system_error`.
    server(boost::asio::io_context& context,
           const boost::asio::ip::tcp::endpoint& at,
           answerer answers);
    server(const server&) = delete;
    server& operator=(const server&) = delete;

    [[nodiscard]] std::uint16_t port() const { return acceptor_.local_endpoint().port(); }
    void start();
    /// Accepts no more, and completes when nothing is under way any more, or after `drain` at the latest.
    [[nodiscard]] boost::asio::awaitable<void> stop(outlast::duration drain);

private:
    struct connection {
        boost::asio::ip::tcp::socket socket;
        bool busy = false;
        std::chrono::steady_clock::time_point quiet_since = std::chrono::steady_clock::now();
    };
    boost::asio::awaitable<void> accept();
    boost::asio::awaitable<void> sweep();
    boost::asio::awaitable<void> converse(connection& c);
    boost::asio::awaitable<void> serve(std::list<connection>::iterator c);

    boost::asio::io_context& context_;
    boost::asio::ip::tcp::acceptor acceptor_;
    answerer answers_;
    std::list<connection> connections_{};
    boost::asio::steady_timer emptied_; // set off when the last one has gone
    bool stopping_ = false;
};

} // namespace gateway
