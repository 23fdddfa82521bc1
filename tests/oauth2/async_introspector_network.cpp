// SPDX-License-Identifier: BSL-1.0
//
// The asynchronous introspector over the library's own transport, against a server on loopback, and
// by several threads.
#include <outlast/http/beast.hpp>
#include <outlast/oauth2/async_introspector.hpp>

#include "bodies.hpp"
#include "http/support/server.hpp"
#include "support/catch.hpp"
#include "support/outcome_words.hpp"

#include <boost/asio.hpp>

#include <array>
#include <atomic>
#include <chrono>
#include <map>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace asio = boost::asio;
namespace http = outlast::http;
using namespace outlast::oauth2;
using namespace outlast_tests;
using namespace std::chrono_literals;

namespace {

introspector_options options_for(const server& peer) {
    return {.endpoints = {peer.url()},
            .auth = client_secret_basic{"rs", secret{"s3cr3t"}},
            .realm = "r",
            .attempt_timeout = 20s,
            .overall_timeout = 30s,
            .wall = [] { return at(0); }};
}

/// Answers with this body, after a while.
server::script saying(std::atomic<int>& calls, std::string body, std::chrono::milliseconds takes) {
    return [&calls, body = std::move(body), takes](connection& c) {
        while (c.read_request()) {
            ++calls;
            std::this_thread::sleep_for(takes);
            c.send("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: " +
                   std::to_string(body.size()) + "\r\n\r\n" + body);
        }
    };
}

} // namespace

TEST_CASE("O-63 1000 at once, one token, on loopback") {
    std::atomic<int> calls = 0;
    server peer{saying(calls, r_plus(3600), 200ms)};
    const requirements route{.audience = "api", .scopes = {"read"}};
    std::map<std::string, int> outcomes;
    SECTION("on one thread") {
        asio::io_context context;
        http::beast_transport send{context.get_executor()};
        async_introspector api{options_for(peer), send};
        for (int i = 0; i != 1000; ++i)
            api.async_check("Bearer tokA", route,
                            [&](const decision& d) { ++outcomes[words_of(d)]; });
        context.run();
        CHECK(outcomes == std::map<std::string, int>{{"ALLOW(live)", 1000}});
    }
    SECTION("on four, each request a coroutine") {
        asio::thread_pool pool{4};
        http::beast_transport send{pool.get_executor()};
        async_introspector api{options_for(peer), send};
        std::array<std::atomic<int>, 3> by{};
        for (int i = 0; i != 1000; ++i)
            asio::co_spawn(
                pool,
                [&]() -> asio::awaitable<void> {
                    const decision d =
                        co_await api.async_check("Bearer tokA", route, asio::use_awaitable);
                    ++by[!d.allowed() ? 0 : d.how == decision::assurance::live ? 1 : 2];
                },
                asio::detached);
        pool.join();
        CHECK(by[0] == 0);
        CHECK(by[1] + by[2] == 1000); // cached: one that began late
        CHECK(by[1] > 0);
    }
    CHECK(calls == 1);
}

TEST_CASE("async_introspector: many tokens, many threads, and entries that do not last") {
    std::atomic<int> calls = 0;
    server peer{saying(calls, r_plus(3600), 0ms)};
    introspector_options o = options_for(peer);
    o.lifetimes.fresh_for = 1ms;
    o.cache = {.capacity = 4, .negative_capacity = 4};
    asio::thread_pool pool{4};
    http::beast_transport send{pool.get_executor()};
    async_introspector api{std::move(o), send};
    const requirements route;
    std::atomic<int> odd = 0;
    for (int i = 0; i != 8; ++i)
        asio::co_spawn(
            pool,
            [&, i]() -> asio::awaitable<void> {
                for (int round = 0; round != 100; ++round) {
                    const std::string header = "Bearer tok" + std::to_string((round + i) % 6);
                    const decision d = co_await api.async_check(header, route, asio::use_awaitable);
                    odd += !d.allowed() || !d.who;
                }
            },
            asio::detached);
    pool.join();
    CHECK(odd == 0);
    CHECK(calls > 6);
}

TEST_CASE("async_introspector: whoever closes down cancels its checks, and nothing leaks") {
    server peer{[](connection& c) { c.be_silent(); }};
    const requirements route;
    int refused = 0;
    asio::io_context context;
    http::beast_transport send{context.get_executor()};
    async_introspector api{options_for(peer), send};
    std::array<asio::cancellation_signal, 3> stop;
    for (asio::cancellation_signal& s : stop)
        api.async_check("Bearer tokA", route,
                        asio::bind_cancellation_slot(
                            s.slot(), [&](const decision& d) { refused += d.status == 503; }));
    context.run_for(50ms);
    CHECK(refused == 0);
    for (asio::cancellation_signal& s : stop)
        s.emit(asio::cancellation_type::terminal);
    context.restart();
    context.run(); // until the exchange has ended, too
    CHECK(refused == 3);
    CHECK(outlast::abandoned().running == 0);
}
