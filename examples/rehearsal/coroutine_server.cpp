// SPDX-License-Identifier: BSL-1.0
#include "coroutine_server.hpp"

#include "http_messages.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>

#include <list>
#include <thread>
#include <utility>

namespace rehearsal {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using tcp = asio::ip::tcp;

namespace {

using told = asio::as_tuple_t<asio::use_awaitable_t<>>;

} // namespace

struct coroutine_server::state {
    state(std::shared_ptr<asio::io_context> c, handler h)
        : where{std::move(c)},
          acceptor{*where, tcp::endpoint{asio::ip::address_v4::loopback(), 0}},
          answer{std::move(h)} {
        asio::co_spawn(*where, accept(), asio::detached);
        thread = std::thread{[this] { where->run(); }};
    }

    asio::awaitable<void> accept() {
        for (;;) {
            auto [error, peer] = co_await acceptor.async_accept(told{});
            if (stopping) {
                co_return;
            }
            if (!error) {
                asio::co_spawn(*where, converse(sockets.emplace(sockets.end(), std::move(peer))),
                               asio::detached);
            }
        }
    }

    asio::awaitable<void> converse(std::list<tcp::socket>::iterator socket) {
        beast::error_code ec;
        beast::flat_buffer buffer;
        socket->set_option(tcp::no_delay{true}, ec);
        for (bool more = true; more && !stopping;) {
            http::request_parser<http::string_body> parser;
            parser.body_limit(largest_body);
            if (auto [error, n] = co_await http::async_read(*socket, buffer, parser, told{});
                error) {
                break;
            }
            const beast_response response =
                written(co_await answer(taken(parser.get())), parser.get());
            auto [error, n] = co_await http::async_write(*socket, response, told{});
            more = !error && response.keep_alive();
        }
        socket->shutdown(tcp::socket::shutdown_both, ec);
        sockets.erase(socket);
    }

    void stop() {
        asio::post(*where, [this] {
            stopping = true;
            beast::error_code ignored;
            acceptor.close(ignored);
            for (tcp::socket& s : sockets) {
                s.shutdown(tcp::socket::shutdown_receive, ignored); // answers still go out
            }
        });
        thread.join();
    }

    std::shared_ptr<asio::io_context> where;
    tcp::acceptor acceptor;
    handler answer;
    // All below belongs to the thread.
    std::list<tcp::socket> sockets{};
    bool stopping = false;
    std::thread thread;
};

coroutine_server::coroutine_server(std::shared_ptr<asio::io_context> where, handler answer)
    : state_{std::make_unique<state>(std::move(where), std::move(answer))} {}

coroutine_server::~coroutine_server() { state_->stop(); }

std::uint16_t coroutine_server::port() const { return state_->acceptor.local_endpoint().port(); }

} // namespace rehearsal
