// SPDX-License-Identifier: BSL-1.0
//
// What only the asynchronous key source has. What both do: key_source_base.cpp.
#include <outlast/oauth2/jwt/async_key_source.hpp>

#include "oauth2/support/key_server.hpp"
#include "support/catch.hpp"

#include <boost/asio.hpp>

#include <chrono>
#include <memory>
#include <optional>
#include <utility>

namespace asio = boost::asio;
using namespace outlast::oauth2;
using namespace outlast_tests;
using namespace std::chrono_literals;

TEST_CASE("async key source: a coroutine, and never from inside") {
    scripted_server server{.otherwise = says_keys({jose_keys::p256})};
    posted<scripted_server> transport{&server};
    async_key_source source{keys_at_issuer(), transport};
    std::size_t got = 0;
    asio::co_spawn(
        transport.context,
        [&]() -> asio::awaitable<void> {
            got += (co_await source.async_get(asio::use_awaitable)).value()->size();
            got += (co_await source.async_get(30s, {}, asio::use_awaitable)).value()->size();
        },
        asio::detached);
    CHECK(server.calls() == 0);
    transport.context.run();
    CHECK(got == 2);
    CHECK(server.calls() == 1);
    CHECK(source.in_hand() != nullptr);
}

TEST_CASE("async key source: it may go while a call is under way") {
    virtual_loop loop;
    async_scripted_server server;
    server.loop = &loop;
    server.otherwise = says_keys({jose_keys::p256}).after(1s);
    using source_type = async_key_source<async_scripted_server, hand_clock>;
    auto source = std::make_unique<source_type>(keys_at_issuer(), server);
    std::optional<keys_result> got;
    source->async_get([&](keys_result r) { got.emplace(std::move(r)); });
    source.reset();
    loop.run();
    REQUIRE(got.has_value());
    CHECK(got->has_value());
}

TEST_CASE(
    "async key source: the caller is answered at its deadline, and what it began serves the next") {
    virtual_loop loop;
    async_scripted_server server;
    server.loop = &loop;
    server.otherwise = says_keys({jose_keys::p256}).after(1s);
    async_key_source<async_scripted_server, hand_clock> source{keys_at_issuer(), server};
    const auto deadline = std::chrono::steady_clock::time_point{
        (loop.now() + outlast::duration{100ms}).time_since_epoch()};
    std::optional<keys_result> hasty, patient;
    source.async_get(outlast::forever, {.deadline = deadline},
                     [&](keys_result r) { hasty.emplace(std::move(r)); });
    source.async_get([&](keys_result r) { patient.emplace(std::move(r)); });
    loop.advance(100ms);
    REQUIRE(hasty.has_value());
    CHECK(reason_of(hasty->error()) == reason::timed_out);
    loop.run();
    REQUIRE(patient.has_value());
    CHECK(patient->has_value());
    CHECK(server.calls() == 1);
}
