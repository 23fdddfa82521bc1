// SPDX-License-Identifier: BSL-1.0
#include "outlast/http/beast_pool.hpp"

#include "support/catch.hpp"
#include "support/gate.hpp"
#include "support/on_lane.hpp"
#include "support/server.hpp"

#include <optional>
#include <string>
#include <thread>
#include <vector>

using namespace outlast::http;
using namespace outlast_tests;
using namespace std::chrono_literals;
using clock_type = std::chrono::steady_clock;
namespace asio = boost::asio;

namespace {

using lease = beast_pool::lease;

constexpr pool_bounds usual{.in_all = 3, .per_origin = 2, .idle_for = 20s, .oldest = 20s};

struct bench {
    server peer{[](connection& c) { c.be_silent(); }};
    asio::io_context io; // outlives the connections at rest
    std::shared_ptr<beast_pool> pool;

    explicit bench(const pool_bounds& bounds = usual)
        : pool(std::make_shared<beast_pool>(bounds)) {}

    std::unique_ptr<beast_connection> connected() {
        asio::ip::tcp::socket socket{io};
        socket.connect({asio::ip::address_v4::loopback(), static_cast<std::uint16_t>(peer.port())});
        return std::make_unique<beast_connection>(std::move(socket));
    }

    detail::result<lease> take(const std::string& origin, clock_type::duration time = 20s) {
        return run_on_lane(io, [&](phase_timer& own) -> task<detail::result<lease>> {
            co_return co_await pool->take(origin, own, clock_type::now() + time);
        });
    }

    // Leaves a connection to this origin at rest.
    beast_connection* rest(const std::string& origin) {
        auto place = take(origin);
        REQUIRE(place);
        REQUIRE(place.value().connection() == nullptr);
        place.value().connection() = connected();
        return place.value().connection().get();
    }

    // The one that rests for this origin, which rests on; or null.
    beast_connection* at_rest(const std::string& origin) {
        return take(origin).value().connection().get();
    }
};

} // namespace

TEST_CASE("pool: a connection that was given back is lent again, to its origin only") {
    bench b;
    beast_connection* const a = b.rest("a");
    CHECK(b.at_rest("b") == nullptr);
    CHECK(b.at_rest("a") == a);
    CHECK(b.at_rest("a") == a);
}

TEST_CASE("pool: the one that was used last is lent first") {
    bench b;
    std::optional<lease> first{b.take("a").value()};
    std::optional<lease> second{b.take("a").value()};
    first->connection() = b.connected();
    second->connection() = b.connected();
    const beast_connection* const last = first->connection().get();
    second.reset();
    first.reset();
    CHECK(b.at_rest("a") == last);
}

TEST_CASE("pool: nothing is kept where nothing may rest, or for too long") {
    bench none{{.in_all = 3, .per_origin = 2, .idle_for = 0s, .oldest = 20s}};
    none.rest("a");
    CHECK(none.at_rest("a") == nullptr);

    bench short_rest{{.in_all = 3, .per_origin = 2, .idle_for = 30ms, .oldest = 20s}};
    short_rest.rest("a");
    std::this_thread::sleep_for(50ms);
    CHECK(short_rest.at_rest("a") == nullptr);

    bench young{{.in_all = 3, .per_origin = 2, .idle_for = 20s, .oldest = 60ms}};
    young.rest("a");
    for (int i = 0; i < 4; ++i) { // it is in use all the time
        std::this_thread::sleep_for(25ms);
        (void)young.at_rest("a");
    }
    CHECK(young.at_rest("a") == nullptr);
}

TEST_CASE("pool: so many to one origin, and so many in all") {
    bench b;
    std::vector<lease> held;
    held.push_back(b.take("a").value());
    held.push_back(b.take("a").value());
    CHECK(b.take("a", 30ms).error() == errc::no_free_connection);
    held.push_back(b.take("b").value()); // another origin has its own bound
    CHECK(b.take("c", 30ms).error() == errc::no_free_connection);
    held.pop_back();
    CHECK(b.take("c"));
    CHECK(b.take("a", 30ms).error() == errc::no_free_connection);
    held.pop_back();
    CHECK(b.take("a"));
}

TEST_CASE("pool: a connection at rest makes room for another origin, the oldest first") {
    bench b{{.in_all = 2, .per_origin = 2, .idle_for = 20s, .oldest = 20s}};
    b.rest("a");
    beast_connection* const kept = b.rest("b");
    b.rest("c");
    CHECK(b.at_rest("b") == kept);
    std::optional<lease> one{b.take("b").value()};
    std::optional<lease> two{b.take("a").value()};
    CHECK(two->connection() == nullptr);
}

TEST_CASE("pool: whoever waits gets the place in order of arrival") {
    bench b{{.in_all = 1, .per_origin = 1, .idle_for = 20s, .oldest = 20s}};
    auto held = std::make_shared<std::optional<lease>>(b.take("a").value());
    std::vector<int> order;
    for (int i = 0; i < 5; ++i) {
        (void)begin_on_lane(timer_in(b.io), [&, i](phase_timer& own) -> task<bool> {
            auto got = co_await b.pool->take("a", own, clock_type::now() + 20s);
            CHECK(got);
            order.push_back(i);
            co_return true;
        });
    }
    b.io.restart();
    b.io.poll(); // all of them wait
    CHECK(order.empty());
    held->reset();
    b.io.run();
    CHECK(order == std::vector{0, 1, 2, 3, 4});
}

TEST_CASE("pool: a place that cannot be given to the first is given to the next") {
    bench b{{.in_all = 2, .per_origin = 1, .idle_for = 20s, .oldest = 20s}};
    std::optional<lease> a{b.take("a").value()};
    std::optional<lease> other{b.take("b").value()};
    std::string order;
    for (const char* const origin : {"a", "c"}) {
        (void)begin_on_lane(timer_in(b.io), [&, origin](phase_timer& own) -> task<bool> {
            auto got = co_await b.pool->take(origin, own, clock_type::now() + 20s);
            order += got ? origin : "?";
            co_return true;
        });
    }
    b.io.restart();
    b.io.poll();
    other.reset(); // "a" may have no second one
    b.io.poll();
    CHECK(order == "c");
    a.reset();
    b.io.run();
    CHECK(order == "ca");
}

TEST_CASE("pool: a place granted to a call that has gone meanwhile goes to the next") {
    bench b{{.in_all = 1, .per_origin = 1, .idle_for = 20s, .oldest = 20s}};
    std::optional<lease> held{b.take("a").value()};
    const auto leaving = timer_in(b.io);
    const auto first = begin_on_lane(leaving, [&](phase_timer& own) -> task<errc> {
        auto got = co_await b.pool->take("a", own, clock_type::now() + 20s);
        co_return static_cast<errc>(got.error().value());
    });
    const auto second = begin_on_lane(timer_in(b.io), [&](phase_timer& own) -> task<bool> {
        co_return (co_await b.pool->take("a", own, clock_type::now() + 20s)).has_value();
    });
    b.io.restart();
    b.io.poll();
    leaving->cancel();
    held.reset(); // granted to the first, which is about to leave
    b.io.run();
    CHECK(first->value() == errc::cancelled);
    CHECK(second->value());
    CHECK(b.take("a", 1s));
}

TEST_CASE("pool: the context may go while calls wait") {
    auto pool = std::make_shared<beast_pool>(
        pool_bounds{.in_all = 1, .per_origin = 1, .idle_for = 20s, .oldest = 20s});
    const std::weak_ptr<beast_pool> gone = pool;
    asio::io_context io;
    std::optional<lease> held{run_on_lane(io, [&](phase_timer& own) -> task<lease> {
        auto got = co_await pool->take("a", own, clock_type::now() + 20s);
        co_return std::move(got).value();
    })};
    {
        asio::io_context going;
        for (int i = 0; i < 3; ++i) {
            (void)begin_on_lane(timer_in(going), [pool](phase_timer& own) -> task<bool> {
                auto got = co_await pool->take("a", own, clock_type::now() + 20s);
                co_return got.has_value();
            });
        }
        going.poll();
        held.reset(); // granted, and never collected
        pool.reset();
        CHECK_FALSE(gone.expired());
    }
    CHECK(gone.expired());
}

TEST_CASE("pool: many threads never exceed the bounds") {
    constexpr pool_bounds bounds{.in_all = 4, .per_origin = 3, .idle_for = 20s, .oldest = 20s};
    const auto pool = std::make_shared<beast_pool>(bounds);
    asio::io_context io;
    std::atomic<int> all{0};
    std::atomic<int> most{0};
    std::atomic<int> granted{0};
    for (int i = 0; i < 60; ++i) {
        (void)begin_on_lane(timer_in(io), [&, i](phase_timer& own) -> task<bool> {
            const std::string origin = i % 2 == 0 ? "a" : "b";
            auto got = co_await pool->take(origin, own, clock_type::now() + 60s);
            if (!got)
                co_return false;
            ++granted;
            const int now = ++all;
            for (int seen = most; seen < now && !most.compare_exchange_weak(seen, now);) {
            }
            co_await own.wait(clock_type::now() + 1ms);
            --all;
            co_return true;
        });
    }
    std::vector<std::thread> threads;
    for (int i = 0; i < 3; ++i)
        threads.emplace_back([&] { io.run(); });
    for (std::thread& each : threads)
        each.join();
    CHECK(granted == 60);
    CHECK(most <= 4);
    CHECK(most >= 2);
}
