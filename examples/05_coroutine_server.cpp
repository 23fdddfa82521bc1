// SPDX-License-Identifier: BSL-1.0
//
// An API on coroutines (Boost.Beast) that takes opaque bearer tokens: each is checked by
// introspection, and no thread ever waits for that.
//
//     05_coroutine_server                          a short story: a client, the API, an outage
//     05_coroutine_server --serve 8080             the API alone, until it is killed, with a small
//                                                  authorization server of its own; or, by
//                         --introspect URL         with yours (id and secret: "orders-api", "s3cr3t")
//                         --no-check               answers without a check: what checking costs
#include <outlast/http/beast.hpp>
#include <outlast/oauth2/async_introspector.hpp>

#include <boost/asio.hpp>
#include <boost/beast.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <exception>
#include <iostream>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace web = boost::beast::http;
namespace oauth2 = outlast::oauth2;
using asio::ip::tcp;
using namespace std::chrono_literals;

using request = web::request<web::string_body>;
using response = web::response<web::string_body>;
using ok_or_error = asio::as_tuple_t<asio::use_awaitable_t<>>;

response answer_to(const request& asked, web::status status, std::string body) {
    response r{status, asked.version()};
    r.keep_alive(asked.keep_alive());
    if (asked.method() != web::verb::head)
        r.body() = std::move(body);
    r.prepare_payload();
    return r;
}

/// Reads requests and writes what `answer` makes of them, as long as the client stays. One
/// coroutine a connection.
template <class Answer>
asio::awaitable<void> serve_client(tcp::socket socket, Answer& answer) {
    beast::tcp_stream stream{std::move(socket)};
    beast::flat_buffer buffer;
    for (;;) {
        web::request_parser<web::string_body> parser;
        stream.expires_after(30s); // for a client that says nothing
        auto [error, n] = co_await web::async_read_header(stream, buffer, parser, ok_or_error{});
        // What comes behind a body in chunks is no header: a proxy in front has not looked at it.
        const web::request_header<> head = parser.get().base();
        if (!error && !parser.is_done())
            std::tie(error, n) = co_await web::async_read(stream, buffer, parser, ok_or_error{});
        if (error)
            break;
        request asked = parser.release();
        asked.base() = head;
        response r = co_await answer(asked);
        stream.expires_after(30s);
        std::tie(error, n) = co_await web::async_write(stream, r, ok_or_error{});
        if (error || !r.keep_alive())
            break;
    }
    beast::error_code ignored;
    stream.socket().shutdown(tcp::socket::shutdown_send, ignored);
}

/// Accepts connections until the acceptor is closed.
template <class Answer>
asio::awaitable<void> serve(tcp::acceptor& acceptor, Answer& answer) {
    for (;;) {
        auto [error, socket] = co_await acceptor.async_accept(ok_or_error{});
        if (error == asio::error::operation_aborted || !acceptor.is_open())
            co_return;
        if (error) { // that client has gone again; or there are too many, and some may go
            asio::steady_timer pause{acceptor.get_executor(), 50ms};
            co_await pause.async_wait(ok_or_error{});
            continue;
        }
        socket.set_option(tcp::no_delay{true}, error);
        asio::co_spawn(acceptor.get_executor(), serve_client(std::move(socket), answer),
                       asio::detached);
    }
}

// --- the API ---

/// What the API answers once a request is let through.
response orders(const request& asked) { return answer_to(asked, web::status::ok, "3 orders\n"); }

class api {
public:
    api(std::string introspect, outlast::http::beast_transport& send, outlast::duration fresh_for)
        : check_{{.endpoints = {std::move(introspect)},
                  .auth = oauth2::client_secret_basic{"orders-api", oauth2::secret{"s3cr3t"}},
                  .realm = "orders",
                  .lifetimes = {.fresh_for = fresh_for}},
                 send} {}

    asio::awaitable<response> operator()(const request& asked) {
        // Two of them are one too many, and the check says so.
        std::array<std::string_view, 2> authorization;
        std::size_t found = 0;
        for (const auto& line : asked)
            if (line.name() == web::field::authorization && found != authorization.size())
                authorization[found++] = {line.value().data(), line.value().size()};

        const oauth2::requirements& route =
            asked.method() == web::verb::get || asked.method() == web::verb::head ? reading_
                                                                                  : writing_;
        const oauth2::decision d =
            co_await check_.async_check(std::span{authorization.data(), found}, route,
                                        outlast::forever, {}, asio::use_awaitable);

        // 200 comes from us; 400, 401, 403 and 503 come ready made, with their headers.
        response r = d.allowed()
                         ? orders(asked)
                         : answer_to(asked, static_cast<web::status>(d.status), d.reply.body);
        for (const auto& [name, value] : d.reply.headers)
            r.set(name, value);
        co_return r;
    }

private:
    const oauth2::requirements reading_{.audience = "orders", .scopes = {"read"}};
    const oauth2::requirements writing_{.audience = "orders", .scopes = {"write"}};
    oauth2::async_introspector<outlast::http::beast_transport> check_;
};

/// The same without a check.
struct unguarded {
    asio::awaitable<response> operator()(const request& asked) { co_return orders(asked); }
};

// --- what is around it here ---

/// An authorization server: it knows the tokens that begin with "good", and may go away.
class authorization_server {
public:
    explicit authorization_server(asio::io_context& context)
        : acceptor_{context, tcp::endpoint{asio::ip::address_v4::loopback(), 0}},
          url_{"http://127.0.0.1:" + std::to_string(acceptor_.local_endpoint().port()) +
               "/introspect"} {
        asio::co_spawn(context, serve(acceptor_, *this), asio::detached);
    }

    asio::awaitable<response> operator()(const request& asked) {
        const bool known = asked.body().starts_with("token=good");
        response r = answer_to(asked, web::status::ok,
                               known ? R"({"active":true,"aud":"orders","scope":"read",)"
                                       R"("exp":4102444800})" // the year 2100
                                     : R"({"active":false})");
        r.set(web::field::content_type, "application/json");
        if (!acceptor_.is_open())
            r = answer_to(asked, web::status::service_unavailable, "");
        co_return r;
    }

    [[nodiscard]] const std::string& url() const noexcept { return url_; }
    void go_away() { acceptor_.close(); }

private:
    tcp::acceptor acceptor_;
    std::string url_;
};

/// A client that prints what it is told.
asio::awaitable<void> ask(tcp::endpoint where, const char* what, web::verb how, std::string token) {
    beast::tcp_stream stream{co_await asio::this_coro::executor};
    co_await stream.async_connect(where, asio::use_awaitable);
    web::request<web::empty_body> asked{how, "/orders", 11};
    asked.set(web::field::host, "127.0.0.1");
    if (!token.empty())
        asked.set(web::field::authorization, "Bearer " + token);
    co_await web::async_write(stream, asked, asio::use_awaitable);
    beast::flat_buffer buffer;
    response r;
    co_await web::async_read(stream, buffer, r, asio::use_awaitable);
    std::cout << what << ": " << r.result_int();
    for (const auto name : {web::field::www_authenticate, web::field::retry_after})
        if (r.count(name) != 0)
            std::cout << ", " << r[name];
    std::cout << '\n';
}

asio::awaitable<void> story(tcp::endpoint where, authorization_server& server) {
    using enum web::verb;
    co_await ask(where, "no token", get, "");
    co_await ask(where, "a good one", get, "good-1");
    co_await ask(where, "the same, to write", post, "good-1");
    co_await ask(where, "an unknown one", get, "who-knows");

    server.go_away();
    asio::steady_timer wait{co_await asio::this_coro::executor, 300ms};
    co_await wait.async_wait(asio::use_awaitable); // what is remembered is not fresh any more
    co_await ask(where, "server away, a token seen before", get, "good-1");
    co_await ask(where, "server away, one never seen", get, "good-2");
}

template <class Api>
void serve_until_killed(asio::io_context& context, tcp::acceptor& acceptor, Api& answer) {
    asio::co_spawn(context, serve(acceptor, answer), asio::detached);
    std::cout << "http://127.0.0.1:" << acceptor.local_endpoint().port() << "/orders" << std::endl;
    context.run();
}

int main(int argc, char** argv) {
    const std::vector<std::string> words(argv + 1, argv + argc);
    const auto after = [&](std::string_view option, std::string otherwise) {
        for (std::size_t i = 0; i + 1 < words.size(); ++i)
            if (words[i] == option)
                return words[i + 1];
        return otherwise;
    };
    const bool alone = !after("--serve", "").empty();
    const bool checks = std::ranges::find(words, "--no-check") == words.end();
    const auto port = static_cast<asio::ip::port_type>(std::stoul(after("--serve", "0")));

    asio::io_context context{1}; // one thread: no locks inside
    authorization_server server{context};
    outlast::http::beast_transport send{context.get_executor()};
    // A minute in real life, so that a story need not be so long.
    api guarded{after("--introspect", server.url()), send, alone ? 60s : 200ms};
    unguarded constant;
    tcp::acceptor acceptor{context, tcp::endpoint{asio::ip::address_v4::loopback(), port}};
    if (alone && checks)
        serve_until_killed(context, acceptor, guarded);
    else if (alone)
        serve_until_killed(context, acceptor, constant);

    asio::co_spawn(context, serve(acceptor, guarded), asio::detached);
    asio::co_spawn(context, story(acceptor.local_endpoint(), server), [&](std::exception_ptr e) {
        if (e)
            std::rethrow_exception(e);
        context.stop();
    });
    context.run();
}

// no token: 401, Bearer realm="orders"
// a good one: 200
// the same, to write: 403, Bearer realm="orders", error="insufficient_scope", scope="write"
// an unknown one: 401, Bearer realm="orders", error="invalid_token", error_description="The access token is not active"
// server away, a token seen before: 200
// server away, one never seen: 503, 5
