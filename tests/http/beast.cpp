// SPDX-License-Identifier: BSL-1.0
#include "outlast/http/beast.hpp"

#include "support/beast_client.hpp"
#include "support/on_lane.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/use_future.hpp>

#define TRANSPORT "beast"
using client = outlast_tests::beast_client;
using client_options = outlast::http::beast_options;
#include "support/exchanges.hpp"

namespace asio = boost::asio;

TEST_CASE("beast: options that make no sense are refused") {
    asio::io_context io;
    const auto made = beast_transport::make(io.get_executor(), {.max_body = 0});
    REQUIRE_FALSE(made);
    CHECK(made.error() == errc::bad_setup);
    CHECK(beast_transport::make(io.get_executor(), {.tls = {.ca_file = "/nonexistent"}}).error() ==
          errc::bad_setup);
    CHECK(beast_transport::make(io.get_executor(), {}));
    CHECK_THROWS_AS(beast_transport(io.get_executor(), {.max_body = 0}), std::system_error);
}

TEST_CASE("beast: any completion token") {
    server peer{always(ok("x"))};
    asio::io_context io;
    const beast_transport send{io.get_executor()};
    const auto by = clock_type::now() + 20s;

    std::string called;
    send.async_ask(post_to(peer.url()), by,
                   [&](beast_transport::result_type got) { called = got.value().body; });
    CHECK(called.empty());
    std::string awaited;
    asio::co_spawn(
        io,
        [&]() -> asio::awaitable<void> {
            auto got = co_await send.async_ask(post_to(peer.url()), by, asio::use_awaitable);
            awaited = got.value().body;
            auto later = send.async_ask(post_to(peer.url()), by, asio::deferred);
            got = co_await std::move(later)(asio::use_awaitable);
            awaited += got.value().body;
        },
        asio::detached);
    auto promised = send.async_ask(post_to(peer.url()), by, asio::use_future);
    send.async_ask(post_to(peer.url()), by, asio::detached);
    io.run();
    CHECK(called == "x");
    CHECK(awaited == "xx");
    CHECK(promised.get().value().body == "x");
}

TEST_CASE("beast: a failure that is known at once comes later all the same") {
    asio::io_context io;
    const beast_transport send{io.get_executor()};
    bool inside = false;
    bool came_inside = false;
    bool came = false;
    asio::post(io, [&] {
        inside = true;
        send.async_ask({.url = "ftp://a"}, clock_type::now() + 20s, [&](auto got) {
            CHECK(got.error() == errc::bad_request);
            came = true;
            came_inside = inside;
        });
        inside = false;
    });
    io.run();
    CHECK(came);
    CHECK_FALSE(came_inside);
}

TEST_CASE("beast: the handler runs where it belongs, and keeps its context at work") {
    server peer{always(ok("x"))};
    asio::io_context io;
    asio::io_context own;
    const beast_transport send{io.get_executor()};
    bool done = false;
    send.async_ask(post_to(peer.url()), clock_type::now() + 20s,
                   asio::bind_executor(own.get_executor(), [&](auto got) {
                       CHECK(got);
                       CHECK(own.get_executor().running_in_this_thread());
                       done = true;
                   }));
    std::thread runner{[&] { io.run(); }};
    own.run();
    CHECK(done);
    runner.join();
}

TEST_CASE("beast: cancelled before its first step") {
    server peer{always(ok("x"))};
    asio::io_context io;
    const beast_transport send{io.get_executor()};
    asio::cancellation_signal signal;
    std::error_code failure;
    send.async_ask(
        post_to(peer.url()), clock_type::now() + 20s,
        asio::bind_cancellation_slot(signal.slot(), [&](auto got) { failure = got.error(); }));
    signal.emit(asio::cancellation_type::total);
    io.run();
    CHECK(failure == errc::cancelled);
    CHECK(peer.requests() == 0);
    signal.emit(asio::cancellation_type::terminal); // nobody listens any more
}

TEST_CASE("beast: a slot that outlives its context is harmless") {
    server peer{[](connection& c) { c.be_silent(); }};
    asio::cancellation_signal signal;
    {
        asio::io_context io;
        const beast_transport send{io.get_executor()};
        send.async_ask(post_to(peer.url()), clock_type::now() + 20s,
                       asio::bind_cancellation_slot(signal.slot(), [](auto) { CHECK(false); }));
        io.run_for(50ms);
    }
    signal.emit(asio::cancellation_type::terminal);
    CHECK(peer.connections() == 1);
}

TEST_CASE("beast: destroying the context ends calls wherever they stand") {
    server silent{[](connection& c) { c.be_silent(); }};
    closed_port full;
    full.be_full();
    bool called = false;
    {
        asio::io_context io;
        const beast_transport send{io.get_executor(), {.max_connections = 2}};
        for (const std::string& url :
             {silent.url(), full.url(), silent.url(), silent.url(),
              std::string{"https://127.0.0.1:"} + std::to_string(silent.port())}) {
            send.async_ask(post_to(url), clock_type::now() + 20s, [&](auto) { called = true; });
        }
        io.run_for(100ms);
        send.async_ask(post_to(silent.url()), clock_type::now() + 20s,
                       [&](auto) { called = true; });
    }
    CHECK_FALSE(called);
}

TEST_CASE("beast: a thread pool") {
    server peer{always(ok("x"))};
    asio::thread_pool pool{3};
    const beast_transport send{pool.get_executor(), {.max_connections = 4}};
    std::atomic<int> good{0};
    for (int i = 0; i < 100; ++i) {
        send.async_ask(post_to(peer.url()), clock_type::now() + 60s,
                       [&](auto got) { good += got ? 1 : 0; });
    }
    pool.join();
    CHECK(good == 100);
    CHECK(peer.connections() <= 4);
}
