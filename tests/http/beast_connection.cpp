// SPDX-License-Identifier: BSL-1.0
#include "outlast/http/beast_connection.hpp"

#include "support/catch.hpp"
#include "support/certificates.hpp"
#include "support/gate.hpp"
#include "support/on_lane.hpp"
#include "support/server.hpp"

#include <atomic>
#include <string>

using namespace outlast::http;
using namespace outlast_tests;
using namespace std::chrono_literals;
namespace asio = boost::asio;

namespace {

asio::ip::tcp::socket connected_to(const server& peer, asio::io_context& io) {
    asio::ip::tcp::socket socket{io};
    socket.connect({asio::ip::address_v4::loopback(), static_cast<std::uint16_t>(peer.port())});
    return socket;
}

// Writes a request and reads the whole answer, which is `ok(body)`.
task<std::string> converse(beast_connection& with, std::size_t size) {
    const auto lost = co_await with.write("GET / HTTP/1.1\r\nContent-Length: 4\r\n\r\n", "body");
    CHECK_FALSE(lost);
    std::string got;
    while (got.size() < size) {
        char bytes[64];
        boost::system::error_code error;
        const std::size_t n = co_await with.read(asio::buffer(bytes), error);
        if (error)
            break;
        got.append(bytes, n);
    }
    co_return got;
}

} // namespace

TEST_CASE("connection: two parts out, an answer in, with and without TLS") {
    const bool with_tls = GENERATE(false, true);
    CAPTURE(with_tls);
    const identity trusted = make_identity({.name = "ca", .hosts = "", .is_authority = true});
    const std::string answer = ok("hello");
    server peer{always(answer), with_tls ? serving(make_identity({}, &trusted)) : nullptr};
    temporary_file ca;
    trusted.write_certificate(ca.path());
    auto tls = make_tls_context({.ca_file = ca.path()});
    REQUIRE(tls);

    asio::io_context io;
    beast_connection link{connected_to(peer, io)};
    const auto got = run_on_lane(io, [&](phase_timer&) -> task<std::string> {
        if (with_tls) { // a CHECK would evaluate it more than once
            const auto refused = co_await link.handshake(tls.value(), "127.0.0.1", true);
            CHECK_FALSE(refused);
        }
        co_return co_await converse(link, answer.size());
    });
    CHECK(got == answer);
    CHECK(peer.received() == "GET / HTTP/1.1\r\nContent-Length: 4\r\n\r\nbody");
    CHECK(link.is_quiet());
}

TEST_CASE("connection: one that the server has closed or talks on is not quiet") {
    const int how = GENERATE(0, 1, 2);
    CAPTURE(how);
    std::atomic<bool> done{false};
    gate go;
    server peer{[&](connection& c) {
        go.pass();
        if (how == 0)
            c.half_close();
        if (how == 1)
            c.send("HTTP/1.1 408 Request Timeout\r\n\r\n");
        if (how == 2)
            c.reset();
        done = true;
        if (how != 2)
            c.be_silent();
    }};
    asio::io_context io;
    beast_connection link{connected_to(peer, io)};
    CHECK(link.is_quiet());
    go.open();
    REQUIRE(eventually([&] { return done.load(); }));
    CHECK(eventually([&] { return !link.is_quiet(); }));
}

TEST_CASE("connection: nothing of ours is sent to a server that is not the one we want") {
    const identity shown = make_identity({});
    server peer{always(ok("x")), serving(shown)};
    auto tls = make_tls_context({});
    asio::io_context io;
    beast_connection link{connected_to(peer, io)};
    const auto why = run_on_lane(io, [&](phase_timer&) -> task<std::optional<errc>> {
        co_return co_await link.handshake(tls.value(), "127.0.0.1", true);
    });
    CHECK(why == errc::certificate_untrusted);
    CHECK(peer.requests() == 0);
}
