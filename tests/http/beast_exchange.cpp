// SPDX-License-Identifier: BSL-1.0
//
// What only the asynchronous transport has: a limit for each phase, rules for writing a request
// again, names that are guarded. What all transports do is in support/exchanges.hpp.
#include "outlast/http/beast_exchange.hpp"

#include "support/beast_client.hpp"
#include "support/catch.hpp"
#include "support/certificates.hpp"
#include "support/closed_port.hpp"
#include "support/gate.hpp"
#include "support/request.hpp"
#include "support/server.hpp"

#include <atomic>
#include <future>
#include <set>
#include <thread>
#include <vector>

using namespace outlast::http;
using namespace outlast_tests;
using namespace std::chrono_literals;
using clock_type = std::chrono::steady_clock;

namespace {

const address_list loopback{boost::asio::ip::address_v4::loopback()};

std::error_code
failure_of(const beast_client& send, const std::string& url, clock_type::duration time = 20s) {
    const auto got = send(post_to(url), within(time));
    return got ? std::error_code{} : got.error();
}

// Each phase gets 200 ms while all others have 20 s and more.
template <class Script>
std::error_code late(Script play, beast_options options, bool with_tls = false) {
    server peer{[&](connection& c) { play(c); }};
    const auto start = clock_type::now();
    const std::string url =
        (with_tls ? "https://127.0.0.1:" : "http://127.0.0.1:") + std::to_string(peer.port());
    const auto failure = failure_of(beast_client{options}, url, 60s);
    const auto took = clock_type::now() - start;
    CHECK(took >= 200ms);
    CHECK(took < 10s);
    return failure;
}

beast_options patient() {
    return {.resolve_timeout = 20s,
            .connect_timeout = 20s,
            .handshake_timeout = 20s,
            .write_timeout = 20s,
            .headers_timeout = 20s,
            .body_timeout = 20s};
}

} // namespace

TEST_CASE("exchange: each phase has a limit of its own") {
    beast_options options = patient();
    SECTION("the name") {
        const auto stuck = std::make_shared<gate>();
        options.resolve_timeout = 200ms;
        options.names.lookup = [=](const std::string&) -> detail::result<address_list> {
            stuck->pass();
            return loopback;
        };
        CHECK(failure_of(beast_client{options}, "https://stuck.test/", 60s) ==
              errc::name_lookup_timeout);
        stuck->open();
    }
    SECTION("the connection") {
        closed_port full;
        full.be_full();
        options.connect_timeout = 200ms;
        CHECK(failure_of(beast_client{options}, full.url(), 60s) == errc::connect_timeout);
    }
    SECTION("the handshake") {
        options.handshake_timeout = 200ms;
        CHECK(late([](connection& c) { c.be_silent(); }, options, true) == errc::tls_timeout);
    }
    SECTION("the headers, in silence") {
        options.headers_timeout = 200ms;
        CHECK(late([](connection& c) { c.be_silent(); }, options) == errc::answer_timeout);
    }
    SECTION("the headers, byte by byte") {
        options.headers_timeout = 200ms;
        CHECK(late(
                  [](connection& c) {
                      c.read_request();
                      c.send_one_by_one(ok(std::string(10'000, 'x')), 10ms);
                  },
                  options) == errc::answer_timeout);
    }
    SECTION("the body, byte by byte") {
        options.body_timeout = 200ms;
        CHECK(late(
                  [](connection& c) {
                      c.read_request();
                      c.send("HTTP/1.1 200 OK\r\nContent-Length: 10000\r\n\r\n");
                      c.send_one_by_one(std::string(10'000, 'x'), 10ms);
                  },
                  options) == errc::answer_timeout);
    }
}

TEST_CASE("exchange: writing has a limit of its own") {
    gate end;
    server peer{[&](connection&) { end.pass(); }}; // reads nothing
    beast_options options = patient();
    options.write_timeout = 200ms;
    request asked = post_to(peer.url());
    asked.body.assign(32 << 20, 'x'); // more than two sockets hold
    const auto start = clock_type::now();
    CHECK(beast_client{options}(asked, within(60s)).error() == errc::answer_timeout);
    CHECK(clock_type::now() - start >= 200ms);
    CHECK(clock_type::now() - start < 10s);
    end.open();
}

TEST_CASE("exchange: the limit of the headers ends with the headers") {
    beast_options options = patient();
    options.headers_timeout = 300ms;
    server peer{[](connection& c) {
        c.read_request();
        c.send("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n");
        std::this_thread::sleep_for(800ms);
        c.send("x");
    }};
    CHECK(failure_of(beast_client{options}, peer.url()) == std::error_code{});
}

TEST_CASE("exchange: a request that may do harm twice is not written twice") {
    const bool is_harmless = GENERATE(false, true);
    CAPTURE(is_harmless);
    server peer{[](connection& c) {
        if (!c.read_request() || !c.send(ok("x")))
            return;
        if (c.number() == 1)
            c.read_request(); // the second request dies with the connection
    }};
    const beast_client send{{.repeat_any_method = false}};
    request asked = post_to(peer.url());
    if (is_harmless)
        asked = {.method = "GET", .url = peer.url()};
    CHECK(send(asked, within(20s)));
    const auto got = send(asked, within(20s));
    if (is_harmless) {
        CHECK(got);
        CHECK(peer.requests() == 3);
    } else {
        CHECK(got.error() == errc::closed_early);
        CHECK(peer.requests() == 2);
    }
}

TEST_CASE("exchange: a connection that was closed while it rested costs no request") {
    std::atomic<int> closed{0};
    server peer{[&](connection& c) {
        if (c.read_request())
            c.send(ok("x"));
        c.half_close();
        ++closed;
        c.be_silent();
    }};
    const beast_client send{{.repeat_any_method = false}};
    for (int i = 1; i <= 3; ++i) {
        CHECK(send(post_to(peer.url()), within(20s)));
        REQUIRE(eventually([&] { return closed == i; }));
    }
    CHECK(peer.requests() == 3);
}

TEST_CASE("exchange: after a byte of an answer nothing is written again") {
    server peer{[](connection& c) {
        if (!c.read_request() || !c.send(ok("x")))
            return;
        c.read_request();
        c.send("HTTP/1.1 200 OK\r\nCont");
    }};
    const beast_client send;
    CHECK(send(post_to(peer.url()), within(20s)));
    CHECK(send(post_to(peer.url()), within(20s)).error() == errc::closed_early);
    CHECK(peer.requests() == 2);
}

TEST_CASE("exchange: an answer with more behind it ends its connection") {
    server peer{always(ok("x") + "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil")};
    const beast_client send;
    for (int i = 0; i < 3; ++i)
        CHECK(send(post_to(peer.url()), within(20s)).value().body == "x");
    CHECK(peer.connections() == 3);
}

TEST_CASE("exchange: a server that wants the connection closed gets it closed") {
    server peer{always(ok("x", "Connection: close\r\n"))};
    const beast_client send;
    CHECK(send(post_to(peer.url()), within(20s)));
    CHECK(send(post_to(peer.url()), within(20s)));
    CHECK(peer.connections() == 2);
}

TEST_CASE("exchange: so many lines of headers") {
    std::string lines;
    for (int i = 0; i < 20; ++i)
        lines += "A: b\r\n";
    server peer{always(ok("x", lines))};
    CHECK(failure_of(beast_client{{.max_header_lines = 20}}, peer.url()) == errc::too_large);
    CHECK(failure_of(beast_client{{.max_header_lines = 21}}, peer.url()) == std::error_code{});
}

TEST_CASE("exchange: so many connections to one origin") {
    std::atomic<int> at_once{0};
    std::atomic<int> most{0};
    server peer{[&](connection& c) {
        while (c.read_request()) {
            const int now = ++at_once;
            for (int seen = most; seen < now && !most.compare_exchange_weak(seen, now);) {
            }
            std::this_thread::sleep_for(5ms);
            --at_once;
            c.send(ok("x"));
        }
    }};
    const beast_client send{{.max_connections = 10, .max_connections_per_origin = 3}, 3};
    std::vector<std::future<beast_client::result_type>> answers;
    for (int i = 0; i < 60; ++i)
        answers.push_back(send.begin(post_to(peer.url()), within(60s)));
    for (auto& each : answers)
        CHECK(each.get());
    CHECK(peer.connections() <= 3);
    CHECK(most <= 3);
    CHECK(most >= 2);
}

TEST_CASE("exchange: the addresses of a name are tried in turn") {
    server peer{always(ok("x"))};
    closed_port silent{INADDR_LOOPBACK + 2, peer.port()};
    silent.be_full();
    beast_options options{.reuse_idle_for = 0ms, .allow_plain_http = true};
    options.names.lookup = [](const std::string&) -> detail::result<address_list> {
        return address_list{boost::asio::ip::make_address("127.0.0.2"),  // refuses
                            boost::asio::ip::make_address("127.0.0.3"),  // is silent
                            boost::asio::ip::make_address("127.0.0.1")}; // answers
    };
    const beast_client send{options};
    CHECK(send(post_to(peer.url("three.test")), within(20s)).value().body == "x");
}

TEST_CASE("exchange: O-60 each failure of the name service is told") {
    beast_options options;
    options.names.lookup = [](const std::string& host) -> detail::result<address_list> {
        if (host == "nowhere.test")
            return errc::name_not_found;
        if (host == "full.test")
            return errc::local_resources;
        return errc::name_lookup_failed;
    };
    const beast_client send{options};
    CHECK(failure_of(send, "https://nowhere.test/") == errc::name_not_found);
    CHECK(failure_of(send, "https://later.test/") == errc::name_lookup_failed);
    CHECK(failure_of(send, "https://full.test/") == errc::local_resources);
}

TEST_CASE("exchange: a stuck look-up stops no call to a host that is known, nor the end") {
    const auto stuck = std::make_shared<gate>();
    const auto start = clock_type::now();
    {
        server peer{always(ok("x"))};
        std::atomic<bool> is_stuck{false};
        beast_options options{.reuse_idle_for = 0ms, .allow_plain_http = true};
        options.names = {
            .fresh_for = 20ms,
            .stale_after = 50ms,
            .max_threads = 1,
            .lookup = [=, &is_stuck](const std::string& host) -> detail::result<address_list> {
                if (host != "known.test" || is_stuck)
                    stuck->pass();
                return loopback;
            }};
        const beast_client send{options};
        CHECK(send(post_to(peer.url("known.test")), within(20s)));
        is_stuck = true;
        CHECK(failure_of(send, "https://stuck.test/", 100ms) == errc::name_lookup_timeout);
        for (int i = 0; i < 5; ++i) {
            std::this_thread::sleep_for(30ms);
            CHECK(send(post_to(peer.url("known.test")), within(20s)));
        }
        CHECK(eventually([&] { return stuck->waiting() == 1; }));
    }
    // The transport, its context and its threads are gone, and the look-up is still there.
    CHECK(stuck->waiting() == 1);
    CHECK(clock_type::now() - start < 15s);
    stuck->open();
    CHECK(eventually([&] { return stuck.use_count() == 1; }));
}

TEST_CASE("exchange: a name that leads away from loopback gets no plain http") {
    beast_options options;
    options.names.lookup = [](const std::string&) -> detail::result<address_list> {
        return address_list{boost::asio::ip::make_address("192.0.2.1")};
    };
    CHECK(failure_of(beast_client{options}, "http://localhost:9/") == errc::bad_request);
}

TEST_CASE("exchange: IPv6") {
    boost::asio::io_context io;
    boost::asio::ip::tcp::acceptor listener{io};
    boost::system::error_code error;
    listener.open(boost::asio::ip::tcp::v6(), error);
    if (!error)
        listener.bind({boost::asio::ip::address_v6::loopback(), 0}, error);
    if (error)
        OUTLAST_SKIP("no IPv6 on this machine");
    listener.listen();
    std::thread peer{[&] {
        auto c = listener.accept();
        char bytes[4096];
        const std::size_t n = c.read_some(boost::asio::buffer(bytes));
        CHECK(std::string_view(bytes, n).find("Host: [::1]:") != std::string_view::npos);
        boost::asio::write(c, boost::asio::buffer(ok("six")));
    }};
    const beast_client send;
    const std::string url =
        "http://[::1]:" + std::to_string(listener.local_endpoint().port()) + "/";
    CHECK(send(post_to(url), within(20s)).value().body == "six");
    peer.join();
}

TEST_CASE("exchange: cancelled wherever it stands") {
    std::stop_source stop;
    const auto cancelled = [&](const beast_client& send, const std::string& url, auto when) {
        std::thread stopper{[&] {
            CHECK(eventually(when));
            std::this_thread::sleep_for(50ms);
            stop.request_stop();
        }};
        const auto start = clock_type::now();
        const auto got = send(post_to(url), {.by = start + 60s, .stop = stop.get_token()});
        stopper.join();
        CHECK(clock_type::now() - start < 25s);
        return !got && got.error() == errc::cancelled;
    };
    SECTION("the name") {
        const auto stuck = std::make_shared<gate>();
        beast_options options = patient();
        options.resolve_timeout = 60s;
        options.names.lookup = [=](const std::string&) -> detail::result<address_list> {
            stuck->pass();
            return loopback;
        };
        CHECK(cancelled(beast_client{options}, "https://stuck.test/",
                        [=] { return stuck->waiting() == 1; }));
        stuck->open();
    }
    SECTION("the connection") {
        closed_port full;
        full.be_full();
        beast_options options = patient();
        options.connect_timeout = 60s;
        CHECK(cancelled(beast_client{options}, full.url(), [] { return true; }));
    }
    SECTION("the body") {
        std::atomic<bool> begun{false};
        server peer{[&](connection& c) {
            c.read_request();
            c.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf");
            begun = true;
            c.be_silent();
        }};
        beast_options options = patient();
        options.body_timeout = 60s;
        CHECK(cancelled(beast_client{options}, peer.url(), [&] { return begun.load(); }));
    }
}
