// SPDX-License-Identifier: BSL-1.0
#include <outlast/asio/deadlines.hpp>

#include "support/catch.hpp"
#include "support/recorded.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>

#include <chrono>
#include <future>
#include <optional>

using namespace std::chrono_literals;
namespace asio = boost::asio;
using outlast_tests::hand_clock;

namespace {

template <class Clock>
struct waiting : outlast::detail::deadlines<Clock>::entry {
    int told = 0;
    bool gone = false;
    void expired() noexcept override { ++told; }
    void dropped() noexcept override { gone = true; }
};

outlast::instant from_now(outlast::duration d) { return outlast::steady::now() + d; }

} // namespace

TEST_CASE("deadlines: whoever is due is told, once") {
    hand_clock::reset();
    asio::io_context context;
    auto& d = outlast::detail::deadlines<hand_clock>::of(context.get_executor());
    CHECK(&d == &outlast::detail::deadlines<hand_clock>::of(
                    asio::any_io_executor{context.get_executor()}));
    waiting<hand_clock> a, b;
    CHECK(d.insert(a, hand_clock::zero + 10ms));
    CHECK(d.insert(b, hand_clock::zero + 20ms));
    CHECK(d.first() == hand_clock::zero + 10ms);
    d.expire();
    CHECK(a.told == 0);
    hand_clock::advance(10ms);
    d.expire();
    CHECK(a.told == 1);
    CHECK(!d.erase(a)); // too late
    CHECK(d.erase(b));
    CHECK(!d.erase(b));
    hand_clock::advance(1h);
    d.expire();
    CHECK(a.told == 1);
    CHECK(b.told == 0);
    CHECK(d.first() == outlast::never);
}

TEST_CASE("deadlines: a timer rings for the first, and is set again for the next") {
    asio::io_context context;
    auto& d = outlast::detail::deadlines<outlast::steady>::of(context.get_executor());
    auto work = asio::make_work_guard(context);
    waiting<outlast::steady> late, soon, later;
    d.insert(late, from_now(30ms));
    d.insert(soon, from_now(5ms));
    d.insert(later, from_now(1h));
    while (soon.told == 0)
        context.run_one_for(10s);
    CHECK(late.told == 0);
    while (late.told == 0)
        context.run_one_for(10s);
    CHECK(later.told == 0);
    work.reset();
    context.run(); // nobody's work: the timer is not
    CHECK(later.told == 0);
    CHECK(d.erase(later));
}

TEST_CASE("deadlines: a timer keeps no context running for a deadline that was taken back") {
    waiting<outlast::steady> a;
    SECTION("a loop") {
        asio::io_context context;
        auto& d = outlast::detail::deadlines<outlast::steady>::of(context.get_executor());
        d.insert(a, from_now(1h));
        CHECK(d.erase(a));
        context.run();
    }
    SECTION("a pool") {
        asio::thread_pool pool{1};
        auto& d = outlast::detail::deadlines<outlast::steady>::of(pool.get_executor());
        d.insert(a, from_now(1h));
        CHECK(d.erase(a));
        pool.join();
    }
    CHECK(a.told == 0);
}

TEST_CASE("deadlines: who waits when the context goes away is told that") {
    waiting<outlast::steady> a;
    {
        asio::io_context context;
        auto& d = outlast::detail::deadlines<outlast::steady>::of(context.get_executor());
        CHECK(d.insert(a, from_now(1h)));
    }
    CHECK(a.gone);
    CHECK(a.told == 0);
}
