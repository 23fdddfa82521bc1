// SPDX-License-Identifier: BSL-1.0
#include "outlast/http/phase_timer.hpp"

#include "support/catch.hpp"
#include "support/gate.hpp"
#include "support/on_lane.hpp"

#include <atomic>
#include <thread>

using namespace outlast::http;
using namespace outlast_tests;
using namespace std::chrono_literals;
using clock_type = std::chrono::steady_clock;
namespace asio = boost::asio;

namespace {

// How long a wait of at most 20 s takes when this is done after 50 ms on another thread.
template <class Act>
clock_type::duration wait_ended_by(Act act) {
    asio::io_context io;
    const auto own = timer_in(io);
    const auto start = clock_type::now();
    std::thread other{[&] {
        std::this_thread::sleep_for(50ms);
        act(*own);
    }};
    run_on_lane(io, own, [&](phase_timer& a) -> task<bool> {
        co_await a.wait(start + 20s);
        co_return true;
    });
    other.join();
    return clock_type::now() - start;
}

} // namespace

TEST_CASE("phase timer: a wait ends at its time") {
    asio::io_context io;
    const auto start = clock_type::now();
    run_on_lane(io, [&](phase_timer& a) -> task<bool> {
        co_await a.wait(start + 50ms);
        co_await a.wait(start - 1s); // over already
        co_return true;
    });
    CHECK(clock_type::now() - start >= 50ms);
    CHECK(clock_type::now() - start < 10s);
}

TEST_CASE("phase timer: a wait ends when it is woken or cancelled from another thread") {
    CHECK(wait_ended_by([](phase_timer& a) { a.wake(); }) < 10s);
    CHECK(wait_ended_by([](phase_timer& a) { a.cancel(); }) < 10s);
}

TEST_CASE("phase timer: what comes before the wait is not lost, and wakes once") {
    asio::io_context io;
    const auto start = clock_type::now();
    const auto took = run_on_lane(io, [&](phase_timer& a) -> task<clock_type::duration> {
        a.wake_here();
        co_await a.wait(start + 20s);
        const auto first = clock_type::now() - start;
        co_await a.wait(clock_type::now() + 50ms);
        CHECK(clock_type::now() - start >= 50ms);
        co_return first;
    });
    CHECK(took < 10s);
}

TEST_CASE("phase timer: a cancelled exchange never waits again, nor has an open socket to guard") {
    asio::io_context io;
    const auto own = timer_in(io);
    own->cancel();
    asio::ip::tcp::socket socket{io, asio::ip::tcp::v4()};
    const auto start = clock_type::now();
    run_on_lane(io, own, [&](phase_timer& a) -> task<bool> {
        co_await a.wait(start + 20s);
        co_await a.wait(start + 20s);
        CHECK(a.is_cancelled());
        CHECK(socket.is_open());
        a.guard(socket, start + 20s);
        CHECK_FALSE(socket.is_open());
        CHECK_FALSE(a.has_rung());
        co_return true;
    });
    CHECK(clock_type::now() - start < 10s);
}

TEST_CASE(
    "phase timer: a guarded socket is closed when time is up, and one that is not is left alone") {
    asio::io_context io;
    asio::ip::tcp::acceptor server{io, {asio::ip::address_v4::loopback(), 0}};
    asio::ip::tcp::socket slow{io};
    slow.connect(server.local_endpoint());
    asio::ip::tcp::socket quick{io};
    quick.connect(server.local_endpoint());
    const auto start = clock_type::now();
    run_on_lane(io, [&](phase_timer& a) -> task<bool> {
        a.guard(quick, start + 10ms);
        std::this_thread::sleep_for(30ms); // runs out, but is ended before that is seen
        a.stand_down();
        co_await a.wait(start + 60ms);
        CHECK(quick.is_open());
        CHECK_FALSE(a.has_rung());

        a.guard(slow, clock_type::now() + 20ms);
        char byte = 0;
        boost::system::error_code error;
        co_await slow.async_read_some(asio::buffer(&byte, 1), asio::redirect_error(as_step, error));
        CHECK(error);
        CHECK(a.has_rung());
        CHECK_FALSE(slow.is_open());

        a.guard(quick, start + 20s);
        CHECK_FALSE(a.has_rung()); // another phase
        a.wake_here();             // what comes late disturbs no guard
        CHECK(quick.is_open());
        co_return true;
    });
    CHECK(clock_type::now() - start < 10s);
}
