// SPDX-License-Identifier: BSL-1.0
#include <outlast/asio/serial_executor.hpp>

#include "support/catch.hpp"

#include <boost/asio.hpp>

#include <atomic>
#include <thread>
#include <utility>
#include <vector>

namespace asio = boost::asio;
using outlast::detail::serial_executor;
using outlast::detail::share;
using outlast::detail::spare_turns;
using outlast::detail::turns;

namespace {

struct queue {
    share<turns> held = spare_turns::take();
    turns::ticket t = held->show();
    queue() { held->hand_on(asio::system_executor{}); }
};

} // namespace

TEST_CASE("serial executor: an executor as any other") {
    using plain = serial_executor<asio::io_context::executor_type>;
    STATIC_REQUIRE(asio::execution::is_executor_v<plain>);
    STATIC_REQUIRE(asio::can_require_v<plain, asio::execution::blocking_t::never_t>);
    STATIC_REQUIRE(!asio::can_require_v<plain, asio::execution::blocking_t::always_t>);
    asio::io_context context;
    const queue q, other;
    const plain e{context.get_executor(), q.t};
    CHECK(&asio::query(e, asio::execution::context) == &context);
    CHECK(e == plain{context.get_executor(), q.t});
    CHECK(e != plain{context.get_executor(), other.t});
    const asio::any_io_executor any = e;
    CHECK(&any.context() == &context);
    CHECK(any == asio::any_io_executor{e});
    int ran = 0;
    asio::post(any, [&] { ++ran; });
    asio::dispatch(e, [&] { ++ran; });
    asio::defer(e, [&] { ++ran; });
    CHECK(ran == 0);
    context.run();
    CHECK(ran == 3);
}

TEST_CASE("serial executor: dispatch runs at once where a step runs already, post does not") {
    asio::io_context context;
    const queue q;
    const serial_executor e{context.get_executor(), q.t};
    std::vector<int> seen;
    asio::post(e, [&] {
        asio::post(e, [&] { seen.push_back(3); });
        asio::dispatch(e, [&] { seen.push_back(1); });
        seen.push_back(2);
    });
    context.run();
    CHECK(seen == std::vector{1, 2, 3});
}

TEST_CASE("serial executor: nothing overlaps on several threads") {
    asio::io_context context;
    const queue q;
    const serial_executor e{context.get_executor(), q.t};
    int sum = 0; // plain
    bool inside = false;
    std::atomic<int> overlaps = 0;
    constexpr int steps = 5000;
    for (int i = 0; i != steps; ++i)
        asio::post(e, [&] {
            overlaps += std::exchange(inside, true);
            ++sum;
            inside = false;
        });
    std::vector<std::thread> threads;
    for (int i = 0; i != 3; ++i)
        threads.emplace_back([&] { context.run(); });
    for (auto& t : threads)
        t.join();
    CHECK(sum == steps);
    CHECK(overlaps == 0);
}

TEST_CASE("serial executor: what throws passes through, and the rest is run") {
    asio::io_context context;
    const queue q;
    const serial_executor e{context.get_executor(), q.t};
    bool ran = false;
    asio::post(e, [] { throw 7; });
    asio::post(e, [&] { ran = true; });
    CHECK_THROWS_AS(context.run(), int);
    context.run();
    CHECK(ran);
}

TEST_CASE("serial executor: kept when its call is over, it is the executor underneath") {
    asio::io_context context, of_another;
    queue q;
    const serial_executor old{context.get_executor(), q.t};
    const turns* const place = q.held.get();
    q.held = {};
    const queue later;
    REQUIRE(later.held.get() == place);
    const serial_executor now{of_another.get_executor(), later.t};
    int ran = 0;
    asio::post(now, [&] {
        asio::dispatch(old, [&] { ++ran; }); // not here: this is another's turn
        CHECK(ran == 0);
    });
    CHECK(of_another.run() == 1);
    CHECK(ran == 0);
    asio::post(old, [&] { ++ran; });
    CHECK(context.run() == 2);
    CHECK(ran == 2);
}
