// SPDX-License-Identifier: BSL-1.0
#include "outlast/http/curl_pool.hpp"

#include "support/catch.hpp"

#include <chrono>
#include <string>
#include <thread>
#include <utility>

using namespace outlast::http;
using namespace std::chrono_literals;

namespace {

limits within(std::chrono::steady_clock::duration time) {
    return {.by = std::chrono::steady_clock::now() + time};
}

} // namespace

TEST_CASE("curl pool: a handle that rests is taken again, the last first, by origin") {
    curl_pool pool{{}};
    auto a1 = pool.take("a", within(10s)).value();
    auto a2 = pool.take("a", within(10s)).value();
    auto b = pool.take("b", within(10s)).value();
    const curl_handle* const older = a1.get();
    const curl_handle* const newer = a2.get();
    const curl_handle* const other = b.get();
    pool.give_back(std::move(a1), "a");
    pool.give_back(std::move(a2), "a");
    pool.give_back(std::move(b), "b");
    auto first = pool.take("a", within(10s)).value();
    auto second = pool.take("a", within(10s)).value();
    CHECK(first.get() == newer);
    CHECK(second.get() == older);
    auto third = pool.take("a", within(10s)).value(); // a new one: that of b is left to b
    CHECK(third.get() != other);
    CHECK(pool.take("b", within(10s)).value().get() == other);
}

TEST_CASE("curl pool: at the bound another origin's handle is taken, the one that rested longest") {
    curl_pool pool{{.max_connections = 2}};
    auto a = pool.take("a", within(10s)).value();
    auto b = pool.take("b", within(10s)).value();
    const curl_handle* const oldest = a.get();
    pool.give_back(std::move(a), "a");
    pool.give_back(std::move(b), "b");
    CHECK(pool.take("c", within(10s)).value().get() == oldest);
}

TEST_CASE("curl pool: who waits is woken, or ends by deadline or stop") {
    curl_pool pool{{.max_connections = 1}};
    auto only = pool.take("a", within(10s)).value();
    CHECK(pool.take("a", within(50ms)).error() == errc::no_free_connection);
    CHECK(pool.take("a", {.by = {}}).error() == errc::deadline_passed);
    std::stop_source stop;
    std::thread stopper{[&] {
        std::this_thread::sleep_for(50ms);
        stop.request_stop();
    }};
    CHECK(pool.take("a", {.stop = stop.get_token()}).error() == errc::cancelled);
    stopper.join();

    const curl_handle* const same = only.get();
    std::thread giver{[&] {
        std::this_thread::sleep_for(50ms);
        pool.give_back(std::move(only), "a");
    }};
    CHECK(pool.take("a", within(30s)).value().get() == same);
    giver.join();
}

TEST_CASE("curl pool: a handle that nobody needed for a while makes room") {
    curl_pool pool{{.max_connections = 2, .reuse_idle_for = 0s}};
    auto a = pool.take("a", within(10s)).value();
    auto b = pool.take("b", within(10s)).value();
    const curl_handle* const kept = b.get();
    pool.give_back(std::move(a), "a");
    std::this_thread::sleep_for(5ms);
    pool.give_back(std::move(b), "b"); // lets go of the one of a
    CHECK(pool.take("x", within(10s)).value().get() != kept);
    CHECK(pool.take("b", within(10s)).value().get() == kept);
}
