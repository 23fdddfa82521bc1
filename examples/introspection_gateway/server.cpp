// SPDX-License-Identifier: BSL-1.0
#include "server.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/write.hpp>

#include <exception>
#include <stdexcept>
#include <string>
#include <tuple>
#include <utility>

namespace gateway {

namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using asio::ip::tcp;
constexpr asio::as_tuple_t<asio::use_awaitable_t<>> or_error{};
// A connection without a whole request for so long is closed: nginx keeps its own for 60 s.
constexpr std::chrono::seconds longest_quiet{75};

tcp::acceptor listening(asio::io_context& context, const tcp::endpoint& at) {
    try {
        return tcp::acceptor{context, at};
    } catch (const boost::system::system_error& e) {
        throw std::runtime_error{"cannot listen at " + at.address().to_string() + " port " +
                                 std::to_string(at.port()) + ": " + e.code().message()};
    }
}

} // namespace

server::server(asio::io_context& context, const tcp::endpoint& at, answerer answers)
    : context_(context),
      acceptor_(listening(context, at)),
      answers_(std::move(answers)),
      emptied_(context) {
    emptied_.expires_at(asio::steady_timer::time_point::max());
}

void server::start() {
    asio::co_spawn(context_, accept(), asio::detached);
    asio::co_spawn(context_, sweep(), asio::detached);
}

asio::awaitable<void> server::sweep() {
    asio::steady_timer next{context_};
    for (;;) {
        next.expires_after(longest_quiet / 10);
        co_await next.async_wait(or_error);
        const auto now = std::chrono::steady_clock::now();
        boost::system::error_code ignored;
        for (connection& c : connections_)
            if (!c.busy && now - c.quiet_since > longest_quiet)
                c.socket.cancel(ignored);
    }
}

asio::awaitable<void> server::accept() {
    for (;;) {
        auto [error, socket] = co_await acceptor_.async_accept(or_error);
        if (!acceptor_.is_open())
            co_return;
        if (error) { // that client has gone again; or there are too many, and some may go
            asio::steady_timer pause{context_, std::chrono::milliseconds{50}};
            co_await pause.async_wait(or_error);
            continue;
        }
        socket.set_option(tcp::no_delay{true}, error);
        connections_.push_front({std::move(socket)});
        asio::co_spawn(context_, serve(connections_.begin()), asio::detached);
    }
}

asio::awaitable<void> server::serve(std::list<connection>::iterator c) {
    try {
        co_await converse(*c);
    } catch (const std::exception&) { // out of memory, say: this client's request, and no other's
    }
    boost::system::error_code ignored;
    c->socket.shutdown(tcp::socket::shutdown_send, ignored);
    connections_.erase(c);
    if (connections_.empty())
        emptied_.cancel();
}

asio::awaitable<void> server::converse(connection& c) {
    // A chunk's extension, or a trailer, knows no other limit.
    beast::flat_buffer buffer{128 * 1024};
    for (;;) {
        http::request_parser<http::string_body> parser;
        parser.header_limit(64 * 1024);
        parser.body_limit(64 * 1024); // of no use to us: a proxy should not send it
        auto [error, n] = co_await http::async_read_header(c.socket, buffer, parser, or_error);
        // What comes behind a body in chunks is no header: a proxy in front has not looked at it.
        const http::request_header<> head = parser.get().base();
        if (!error && !parser.is_done())
            std::tie(error, n) = co_await http::async_read(c.socket, buffer, parser, or_error);
        if (error) {
            if (error == http::error::header_limit || error == http::error::body_limit) {
                http::response<http::empty_body> too_large{
                    error == http::error::body_limit
                        ? http::status::payload_too_large
                        : http::status::request_header_fields_too_large,
                    11};
                too_large.keep_alive(false);
                too_large.prepare_payload();
                std::tie(error, n) = co_await http::async_write(c.socket, too_large, or_error);
            }
            co_return;
        }
        request asked = parser.release();
        asked.base() = head;
        c.busy = true;
        response r = co_await answers_(asked);
        if (stopping_)
            r.keep_alive(false);
        // A client that does not read is not waited for as one that is asking.
        c.busy = false;
        c.quiet_since = std::chrono::steady_clock::now();
        std::tie(error, n) = co_await http::async_write(c.socket, r, or_error);
        if (error || !r.keep_alive())
            co_return;
    }
}

asio::awaitable<void> server::stop(outlast::duration drain) {
    stopping_ = true;
    boost::system::error_code ignored;
    acceptor_.close(ignored);
    for (connection& c : connections_)
        if (!c.busy) // a request that is on its way is lost anyway
            c.socket.shutdown(tcp::socket::shutdown_receive, ignored);
    if (connections_.empty())
        co_return;
    emptied_.expires_after(std::chrono::duration_cast<asio::steady_timer::duration>(drain));
    co_await emptied_.async_wait(or_error);
}

} // namespace gateway
