// SPDX-License-Identifier: BSL-1.0
#include "http_server.hpp"

#include "http_messages.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>

#include <sys/socket.h>

#include <atomic>
#include <chrono>
#include <exception>
#include <list>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

namespace rehearsal {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using tcp = asio::ip::tcp;

namespace {

struct session {
    explicit session(tcp::socket peer) : socket{std::move(peer)} {}

    tcp::socket socket;
    std::atomic<bool> over{false};
    std::thread thread;
};

reply answered(const http_server::handler& answer, const http_request& request) {
    try {
        return answer(request);
    } catch (const std::exception&) {
        return {.status = 500, .headers = {}, .body = {}, .how = {}};
    }
}

void converse(session& s, const http_server::handler& answer) {
    beast::error_code ec;
    beast::flat_buffer buffer;
    s.socket.set_option(tcp::no_delay{true}, ec);
    for (bool more = true; more;) {
        http::request_parser<http::string_body> parser;
        parser.body_limit(largest_body);
        http::read(s.socket, buffer, parser, ec);
        if (ec) {
            break;
        }
        const beast_response response =
            written(answered(answer, taken(parser.get())), parser.get());
        http::write(s.socket, response, ec);
        more = !ec && response.keep_alive();
    }
    s.socket.shutdown(tcp::socket::shutdown_both, ec);
}

} // namespace

struct http_server::state {
    state(std::uint16_t port, handler h)
        : acceptor{io, tcp::endpoint{asio::ip::address_v4::loopback(), port}},
          answer{std::move(h)} {
        thread = std::thread{[this] { accept(); }};
    }

    void accept() {
        while (!stopping) {
            beast::error_code ec;
            tcp::socket peer{io};
            acceptor.accept(peer, ec);
            if (!ec) {
                admit(std::move(peer));
            } else if (!stopping) { // for example no descriptor left: do not spin
                std::this_thread::sleep_for(std::chrono::milliseconds{10});
            }
        }
    }

    void admit(tcp::socket peer) {
        const std::scoped_lock lock{mutex};
        sessions.remove_if([](session& s) { return s.over && (s.thread.join(), true); });
        session& s = sessions.emplace_back(std::move(peer));
        s.thread = std::thread{[this, &s] {
            converse(s, answer);
            s.over = true;
        }};
    }

    void stop() {
        stopping = true;
        ::shutdown(acceptor.native_handle(), SHUT_RDWR); // wakes accept()
        thread.join();
        for (session& s : sessions) {
            ::shutdown(s.socket.native_handle(), SHUT_RD); // the answer under way still goes out
        }
        for (session& s : sessions) {
            s.thread.join();
        }
    }

    asio::io_context io;
    tcp::acceptor acceptor; // sets SO_REUSEADDR: a server that was killed can come back at once
    handler answer;
    std::mutex mutex;
    std::list<session> sessions;
    std::atomic<bool> stopping{false};
    std::thread thread;
};

http_server::http_server(std::uint16_t port, handler answer)
    : state_{std::make_unique<state>(port, std::move(answer))} {}

http_server::~http_server() { state_->stop(); }

std::uint16_t http_server::port() const { return state_->acceptor.local_endpoint().port(); }

} // namespace rehearsal
