// SPDX-License-Identifier: BSL-1.0
#include "outlast/http/beast_dial.hpp"

#include "support/catch.hpp"
#include "support/closed_port.hpp"
#include "support/gate.hpp"
#include "support/on_lane.hpp"
#include "support/server.hpp"

#include <sys/resource.h>

#include <thread>

using namespace outlast::http;
using namespace outlast_tests;
using namespace std::chrono_literals;
using clock_type = std::chrono::steady_clock;
namespace asio = boost::asio;

namespace {

using dialled = detail::result<asio::ip::tcp::socket>;

// The address that answered, or the failure's message.
std::string dial_to(std::initializer_list<const char*> addresses,
                    int port,
                    clock_type::duration time = 20s,
                    clock_type::duration head_start = 20s) {
    address_list list;
    for (const char* const each : addresses)
        list.push_back(asio::ip::make_address(each));
    asio::io_context io;
    const auto got = run_on_lane(io, [&](phase_timer& own) -> task<dialled> {
        co_return co_await dial(io.get_executor(), list, static_cast<std::uint16_t>(port), own,
                                clock_type::now() + time, head_start);
    });
    return got ? got.value().remote_endpoint().address().to_string() : got.error().message();
}

std::string said(errc why) { return make_error_code(why).message(); }

} // namespace

TEST_CASE("dial: an address that answers") {
    server peer{[](connection& c) { c.be_silent(); }};
    CHECK(dial_to({"127.0.0.1"}, peer.port()) == "127.0.0.1");
}

TEST_CASE("dial: the next address is tried as soon as one has failed") {
    server peer{[](connection& c) { c.be_silent(); }};
    const auto start = clock_type::now();
    CHECK(dial_to({"127.0.0.2", "127.0.0.3", "127.0.0.1"}, peer.port()) == "127.0.0.1");
    CHECK(clock_type::now() - start < 10s); // a head start is 20 s
}

TEST_CASE("dial: the next address is tried beside one that does not answer") {
    server peer{[](connection& c) { c.be_silent(); }};
    closed_port silent{INADDR_LOOPBACK + 1, peer.port()};
    silent.be_full();
    const auto start = clock_type::now();
    CHECK(dial_to({"127.0.0.2", "127.0.0.1"}, peer.port(), 20s, 100ms) == "127.0.0.1");
    CHECK(clock_type::now() - start >= 100ms);
    CHECK(clock_type::now() - start < 10s);
}

TEST_CASE("dial: an address that was given a head start may still win") {
    server peer{[](connection& c) { c.be_silent(); }};
    closed_port silent{INADDR_LOOPBACK + 1, peer.port()};
    silent.be_full();
    // The second one fails while the first is pending; the first is let in after a while.
    std::thread opener{[&] {
        std::this_thread::sleep_for(300ms);
        silent.let_in();
    }};
    CHECK(dial_to({"127.0.0.2", "127.0.0.3"}, peer.port(), 20s, 50ms) == "127.0.0.2");
    opener.join();
}

TEST_CASE("dial: nobody answers") {
    const closed_port nobody;
    CHECK(dial_to({"127.0.0.1"}, nobody.port()) == said(errc::connection_refused));
    CHECK(dial_to({"127.0.0.1", "127.0.0.2"}, nobody.port()) == said(errc::connection_refused));
    closed_port full;
    full.be_full();
    const auto start = clock_type::now();
    CHECK(dial_to({"127.0.0.1"}, full.port(), 100ms) == said(errc::connect_timeout));
    CHECK(dial_to({"127.0.0.1", "127.0.0.2"}, full.port(), 100ms, 10ms) ==
          said(errc::connect_timeout));
    CHECK(clock_type::now() - start >= 200ms);
    CHECK(clock_type::now() - start < 10s);
    CHECK(dial_to({}, 1) == said(errc::unreachable));
}

TEST_CASE("dial: out of descriptors") {
    server peer{[](connection& c) { c.be_silent(); }};
    asio::io_context io;
    const asio::ip::tcp::socket first{io}; // the context has its descriptors
    const asio::steady_timer second{io};
    rlimit before{};
    REQUIRE(::getrlimit(RLIMIT_NOFILE, &before) == 0);
    rlimit none = before;
    none.rlim_cur = 0;
    REQUIRE(::setrlimit(RLIMIT_NOFILE, &none) == 0);
    const address_list here{asio::ip::address_v4::loopback()};
    const auto got = run_on_lane(io, [&](phase_timer& own) -> task<dialled> {
        co_return co_await dial(io.get_executor(), here, static_cast<std::uint16_t>(peer.port()),
                                own, clock_type::now() + 20s, 1s);
    });
    REQUIRE(::setrlimit(RLIMIT_NOFILE, &before) == 0);
    CHECK(got.error() == errc::local_resources);
}

TEST_CASE("dial: cancelled") {
    closed_port full;
    full.be_full();
    asio::io_context io;
    const auto own = timer_in(io);
    std::thread canceller{[&] {
        std::this_thread::sleep_for(50ms);
        own->cancel();
    }};
    const auto start = clock_type::now();
    const address_list here{asio::ip::address_v4::loopback()};
    const auto got = run_on_lane(io, own, [&](phase_timer& timer) -> task<dialled> {
        co_return co_await dial(io.get_executor(), here, static_cast<std::uint16_t>(full.port()),
                                timer, start + 60s, 1s);
    });
    canceller.join();
    CHECK(got.error() == errc::cancelled);
    CHECK(clock_type::now() - start < 20s);
}
