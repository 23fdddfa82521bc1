// SPDX-License-Identifier: BSL-1.0
//
// What every transport does, with good servers and bad ones: included by the test of each, which
// says before that what `TRANSPORT` (its name), `client` and `client_options` are.
#ifndef OUTLAST_TESTS_HTTP_SUPPORT_EXCHANGES_HPP
#define OUTLAST_TESTS_HTTP_SUPPORT_EXCHANGES_HPP

#include "support/catch.hpp"
#include "support/closed_port.hpp"
#include "support/request.hpp"
#include "support/server.hpp"

#include <sys/resource.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

using namespace outlast::http;
using namespace std::chrono_literals;
using outlast_tests::always;
using outlast_tests::closed_port;
using outlast_tests::connection;
using outlast_tests::ok;
using outlast_tests::once;
using outlast_tests::post_to;
using outlast_tests::server;
using outlast_tests::within;
using clock_type = std::chrono::steady_clock;

namespace {

// The failure of one call to a server that plays this script.
std::error_code
failure_of(server::script play, client_options options = {}, clock_type::duration time = 10s) {
    server peer{std::move(play)};
    const client send{std::move(options)};
    const auto got = send(post_to(peer.url()), within(time));
    return got ? std::error_code{} : got.error();
}

} // namespace

TEST_CASE(TRANSPORT ": a request arrives whole, and so does the response") {
    server peer{
        always(ok("{\"active\":true}", "Content-Type: application/json\r\nX: 1\r\nX: 2\r\n"))};
    const client send;
    request asked = post_to(peer.url());
    asked.headers.add("X-Empty", "");
    const auto got = send(asked, within(10s));
    REQUIRE(got);
    CHECK(got.value().status == 200);
    CHECK(got.value().body == "{\"active\":true}");
    CHECK(got.value().headers.first("content-type") == "application/json");
    CHECK(got.value().headers.all("X") == std::vector<std::string_view>{"1", "2"});

    const std::string seen = peer.received();
    using Catch::Matchers::ContainsSubstring;
    CHECK_THAT(seen, ContainsSubstring("POST /introspect HTTP/1.1\r\n"));
    CHECK_THAT(seen, ContainsSubstring("\r\nAuthorization: Basic SECRET\r\n"));
    CHECK_THAT(seen, ContainsSubstring("\r\nAccept-Encoding: identity\r\n"));
    CHECK_THAT(seen, ContainsSubstring("\r\nContent-Length: 12\r\n"));
    CHECK_THAT(seen, ContainsSubstring("\r\nX-Empty:\r\n"));
    CHECK_THAT(seen, ContainsSubstring("\r\nUser-Agent: outlast\r\n"));
    CHECK_THAT(seen, ContainsSubstring("\r\n\r\ntoken=SECRET"));
    CHECK(seen.find("Expect") == seen.npos);
    CHECK(seen.find("Cookie") == seen.npos);
}

TEST_CASE(TRANSPORT ": a caller's own Accept-Encoding is written once") {
    server peer{always(ok("x"))};
    request asked = post_to(peer.url());
    asked.headers.add("accept-encoding", "identity");
    CHECK(client{}(asked, within(10s)));
    const std::string seen = peer.received();
    CHECK(seen.find("accept-encoding: identity\r\n") != seen.npos);
    CHECK(seen.find("Accept-Encoding") == seen.npos);
}

TEST_CASE(TRANSPORT ": every method is sent as it is, with and without a body") {
    server peer{always(ok("x"))};
    const client send{{.user_agent = ""}};
    const auto sent = [&](std::string method, std::string body) {
        const std::size_t before = peer.received().size();
        const auto got =
            send({.method = std::move(method), .url = peer.url(), .body = body}, within(10s));
        CHECK(got);
        return peer.received().substr(before);
    };
    const auto starts = [](const std::string& text, std::string_view head) {
        return std::string_view{text}.starts_with(head);
    };
    CHECK(starts(sent("GET", ""), "GET /introspect HTTP/1.1\r\n"));
    CHECK(sent("GET", "").find("Content-Length") == std::string::npos);
    CHECK(starts(sent("DELETE", ""), "DELETE /introspect"));
    CHECK(sent("POST", "").find("Content-Length: 0\r\n") != std::string::npos);
    CHECK(sent("PUT", "").find("Content-Length: 0\r\n") != std::string::npos);
    CHECK(starts(sent("PATCH", "abc"), "PATCH /introspect"));
    const std::string plain = sent("POST", std::string("a\0b", 3));
    CHECK(plain.ends_with(std::string("\r\n\r\na\0b", 7)));
    CHECK(plain.find("Content-Type") == plain.npos);
    CHECK(plain.find("User-Agent") == plain.npos);
    CHECK(peer.connections() == 1);
}

TEST_CASE(TRANSPORT ": HEAD has a length and no body") {
    server peer{always("HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\n")};
    const client send;
    const auto got = send({.method = "HEAD", .url = peer.url()}, within(10s));
    REQUIRE(got);
    CHECK(got.value().body.empty());
    CHECK(got.value().headers.first("Content-Length") == "99999999");
    CHECK(send({.method = "HEAD", .url = peer.url(), .body = "x"}, within(10s)).error() ==
          errc::bad_request);
}

TEST_CASE(TRANSPORT ": two calls use one connection") {
    server peer{always(ok("x"))};
    const client send;
    CHECK(send(post_to(peer.url()), within(10s)));
    CHECK(send(post_to(peer.url()), within(10s)));
    const client copy = send; // shares the pool
    CHECK(copy(post_to(peer.url()), within(10s)));
    CHECK(peer.connections() == 1);
    CHECK(peer.requests() == 3);
}

TEST_CASE(TRANSPORT ": two servers keep a connection each") {
    server one{always(ok("1"))};
    server two{always(ok("2"))};
    const client send;
    for (int i = 0; i < 5; ++i) {
        CHECK(send(post_to(one.url()), within(10s)).value().body == "1");
        CHECK(send(post_to(two.url()), within(10s)).value().body == "2");
    }
    CHECK(one.connections() == 1);
    CHECK(two.connections() == 1);
}

TEST_CASE(TRANSPORT ": reuse can be switched off") {
    server peer{always(ok("x"))};
    const client send{{.reuse_idle_for = 0s}};
    CHECK(send(post_to(peer.url()), within(10s)));
    CHECK(send(post_to(peer.url()), within(10s)));
    CHECK(peer.connections() == 2);
}

TEST_CASE(TRANSPORT ": a connection that was idle for too long is not used again") {
    server peer{always(ok("x"))};
    const client send{{.reuse_idle_for = 1s}};
    CHECK(send(post_to(peer.url()), within(10s)));
    std::this_thread::sleep_for(2500ms);
    CHECK(send(post_to(peer.url()), within(10s)));
    CHECK(peer.connections() == 2);
}

TEST_CASE(TRANSPORT ": a kept connection that the server has closed is replaced") {
    std::atomic<int> closed{0};
    server peer{[&](connection& c) {
        if (c.read_request())
            c.send(ok("x"));
        c.half_close();
        ++closed;
        c.be_silent();
    }};
    const client send;
    for (int i = 1; i <= 3; ++i) {
        const auto got = send(post_to(peer.url()), within(10s));
        REQUIRE(got);
        CHECK(got.value().body == "x");
        REQUIRE(peer.eventually([&] { return closed == i; }));
    }
    CHECK(peer.connections() == 3);
}

TEST_CASE(TRANSPORT ": a kept connection that dies under the request is replaced once") {
    const bool with_reset = GENERATE(false, true);
    CAPTURE(with_reset);
    server peer{[&](connection& c) {
        if (!c.read_request() || !c.send(ok("x")))
            return;
        if (c.number() > 1)
            return c.be_silent();
        c.read_request(); // the second request dies with the connection
        if (with_reset)
            c.reset();
    }};
    const client send;
    CHECK(send(post_to(peer.url()), within(10s)));
    const auto got = send(post_to(peer.url()), within(10s));
    REQUIRE(got);
    CHECK(got.value().body == "x");
    CHECK(peer.connections() == 2);
    CHECK(peer.requests() == 3);
}

TEST_CASE(TRANSPORT ": when the replacement dies too, the call has failed") {
    server peer{[](connection& c) {
        if (!c.read_request())
            return;
        if (c.number() == 1 && c.send(ok("x")))
            c.read_request();
    }};
    const client send;
    CHECK(send(post_to(peer.url()), within(10s)));
    CHECK(send(post_to(peer.url()), within(10s)).error() == errc::closed_early);
    CHECK(peer.requests() == 3);
}

TEST_CASE(TRANSPORT
          ": a request that was sent is not called unsent because there is no replacement") {
    server* self = nullptr;
    server peer{[&](connection& c) {
        if (!c.read_request() || !c.send(ok("x")))
            return;
        c.read_request();
        self->stop_listening();
    }};
    self = &peer;
    const client send;
    CHECK(send(post_to(peer.url()), within(10s)));
    const auto got = send(post_to(peer.url()), within(10s));
    REQUIRE_FALSE(got);
    CHECK(got.error() == errc::closed_early);
    CHECK_FALSE(sent_nothing(got.error()));
}

TEST_CASE(TRANSPORT ": refused") {
    const closed_port nobody;
    const client send;
    const auto got = send(post_to(nobody.url()), within(10s));
    REQUIRE_FALSE(got);
    CHECK(got.error() == errc::connection_refused);
    CHECK(sent_nothing(got.error()));
}

TEST_CASE(TRANSPORT ": nobody accepts") {
    closed_port full;
    full.be_full();
    SECTION("the time for connecting ends it") {
        const client send{{.connect_timeout = 200ms}};
        CHECK(send(post_to(full.url()), within(10s)).error() == errc::connect_timeout);
    }
    SECTION("the deadline ends it") {
        const client send{{.connect_timeout = 10s}};
        CHECK(send(post_to(full.url()), within(200ms)).error() == errc::connect_timeout);
    }
}

TEST_CASE(TRANSPORT ": an address of another network is unreachable or late, never an answer") {
    // 192.0.2.0/24 is for documentation. What this machine says about it differs, so: one of these.
    const client send{{.connect_timeout = 300ms}};
    const auto got = send(post_to("https://192.0.2.1/"), within(10s));
    REQUIRE_FALSE(got);
    CAPTURE(got.error().message());
    CHECK(sent_nothing(got.error()));
}

TEST_CASE(TRANSPORT ": accepted, and then silence") {
    const auto start = clock_type::now();
    const auto error = failure_of([](connection& c) { c.be_silent(); }, {}, 300ms);
    CHECK(error == errc::answer_timeout);
    CHECK(is_timeout(error));
    CHECK_FALSE(sent_nothing(error));
    CHECK(clock_type::now() - start >= 300ms);
    CHECK(clock_type::now() - start < 5s);
}

TEST_CASE(TRANSPORT ": one byte at a time is ended by the deadline") {
    const auto start = clock_type::now();
    SECTION("headers") {
        CHECK(failure_of(
                  [](connection& c) {
                      c.read_request();
                      c.send_one_by_one(ok(std::string(1000, 'x')), 20ms);
                  },
                  {}, 300ms) == errc::answer_timeout);
    }
    SECTION("body") {
        CHECK(failure_of(
                  [](connection& c) {
                      c.read_request();
                      c.send("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n");
                      c.send_one_by_one(std::string(1000, 'x'), 20ms);
                  },
                  {}, 300ms) == errc::answer_timeout);
    }
    SECTION("chunks") {
        CHECK(failure_of(
                  [](connection& c) {
                      c.read_request();
                      c.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
                      for (int i = 0; i < 1000 && c.send_one_by_one("1\r\nx\r\n", 5ms); ++i) {
                      }
                  },
                  {}, 300ms) == errc::answer_timeout);
    }
    CHECK(clock_type::now() - start < 5s);
}

TEST_CASE(TRANSPORT ": O-44 chunked body that never ends") { // in a fifth of its time
    std::atomic<bool> gone{false};
    std::atomic<int> chunks{0};
    const auto start = clock_type::now();
    {
        server peer{[&](connection& c) {
            c.read_request();
            c.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
            while (c.send("1\r\n{\r\n")) {
                ++chunks;
                std::this_thread::sleep_for(20ms);
            }
            gone = true;
        }};
        const auto got = client{}(post_to(peer.url()), within(400ms));
        REQUIRE_FALSE(got);
        CHECK(got.error() == errc::answer_timeout);
        CHECK_FALSE(sent_nothing(got.error())); // or it would be asked again
        while (!gone && clock_type::now() - start < 10s)
            std::this_thread::sleep_for(1ms);
        CHECK(gone); // the connection is closed, not kept
        CHECK(peer.requests() == 1);
    }
    CHECK(chunks > 1);
    CHECK(clock_type::now() - start >= 400ms);
    CHECK(clock_type::now() - start < 10s);
}

TEST_CASE(TRANSPORT ": a slow answer inside the deadline is an answer") {
    server peer{[](connection& c) {
        c.read_request();
        c.send_one_by_one(ok("slow"), 5ms);
    }};
    const client send;
    CHECK(send(post_to(peer.url()), within(10s)).value().body == "slow");
}

TEST_CASE(TRANSPORT ": nothing leaves after the deadline") {
    server peer{always(ok("x"))};
    const client send;
    const limits past{.by = clock_type::now() - 1ns};
    CHECK(send(post_to(peer.url()), past).error() == errc::deadline_passed);
    CHECK(send(post_to(peer.url()), {.by = {}}).error() == errc::deadline_passed);
    CHECK(peer.connections() == 0);

    CHECK(send(post_to(peer.url()), within(10s))); // nor over a connection that is there
    CHECK(send(post_to(peer.url()), past).error() == errc::deadline_passed);
    CHECK(peer.requests() == 1);
}

TEST_CASE(TRANSPORT ": without limits a call goes on to its end") {
    server peer{always(ok("x"))};
    const client send;
    CHECK(send(post_to(peer.url())));
}

TEST_CASE(TRANSPORT ": stopped while it waits for the answer") {
    server peer{[](connection& c) { c.read_request(), c.be_silent(); }};
    // No timer of the transport's own may end the wait in the stop's place: libcurl has one at
    // 200 ms, and one for connecting.
    const client send{{.connect_timeout = 60s}};
    std::stop_source stop;
    std::thread stopper{[&] {
        peer.eventually([&] { return peer.requests() == 1; });
        std::this_thread::sleep_for(500ms);
        stop.request_stop();
    }};
    const auto start = clock_type::now();
    const auto got =
        send(post_to(peer.url()), {.by = clock_type::now() + 60s, .stop = stop.get_token()});
    stopper.join();
    REQUIRE_FALSE(got);
    CHECK(got.error() == errc::cancelled);
    CHECK(clock_type::now() - start < 10s);
}

TEST_CASE(TRANSPORT ": a call that ended early leaves nothing for the next") {
    server peer{[](connection& c) {
        if (c.number() == 1) {
            c.read_request();
            return c.be_silent();
        }
        always(ok("second"))(c);
    }};
    const client send;
    CHECK(send(post_to(peer.url()), within(200ms)).error() == errc::answer_timeout);
    CHECK(send(post_to(peer.url()), within(10s)).value().body == "second");
    CHECK(peer.connections() == 2);
}

TEST_CASE(TRANSPORT ": the connection breaks in the body") {
    CHECK(failure_of([](connection& c) {
              c.read_request();
              c.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf");
              std::this_thread::sleep_for(100ms); // or the reset may overtake what was sent
              c.reset();
          }) == errc::connection_reset);
}

TEST_CASE(TRANSPORT ": the connection breaks before the answer") {
    CHECK(failure_of([](connection& c) {
              c.read_request();
              c.reset();
          }) == errc::connection_reset);
}

TEST_CASE(TRANSPORT ": the server closes before it is done") {
    CHECK(failure_of([](connection& c) { c.read_request(); }) == errc::closed_early);
    CHECK(failure_of(once("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf")) ==
          errc::closed_early);
    CHECK(failure_of(once("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhal")) ==
          errc::closed_early);
    CHECK(failure_of(once("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n")) ==
          errc::closed_early);
    CHECK(failure_of(once("HTTP/1.1 200 OK\r\nContent-Le")) == errc::closed_early);
    CHECK(failure_of(once("HTTP/1.1 100 Continue\r\n\r\n")) == errc::closed_early);
    CHECK(failure_of(once("HTTP/1.1 200 OK\r\nA: b\r\n")) == errc::closed_early);
}

TEST_CASE(TRANSPORT ": without a length the answer ends with the connection") {
    server peer{once("HTTP/1.1 200 OK\r\n\r\nall")};
    CHECK(client{}(post_to(peer.url()), within(10s)).value().body == "all");
}

TEST_CASE(TRANSPORT ": not HTTP") {
    for (const char* const answer :
         {"SSH-2.0-OpenSSH_9.2\r\n", "\x15\x03\x01\x00\x02\x02\x46", "{\"active\":true}",
          "<html>maintenance</html>", "HTTP/2.0 200 OK\r\n\r\n", "HTTP/1.1 abc OK\r\n\r\n",
          "HTTP/1.1 200 OK\r\nno colon\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n",
          "HTTP/1.1 200 OK\r\nContent-Length: five\r\n\r\nfive.",
          "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
          "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n",
          "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabcd\r\n0\r\n\r\n",
          "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\nx",
          "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\nx"}) {
        CAPTURE(answer);
        const auto error = failure_of(once(answer));
        CAPTURE(error.message());
        CHECK(error == errc::malformed);
    }
    CHECK(failure_of(once({"HTTP/1.1 200 OK\r\nA: \0\r\n\r\n", 24})) == errc::malformed);
}

TEST_CASE(TRANSPORT ": O-43 one byte over the bound is refused, the bound itself is not") {
    const auto chunked = [](std::size_t size) {
        std::string answer = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
        for (std::size_t left = size; left != 0;) {
            const std::size_t piece = std::min<std::size_t>(left, 4096);
            char length[20];
            std::snprintf(length, sizeof length, "%zx\r\n", piece);
            answer += length + std::string(piece, 'x') + "\r\n";
            left -= piece;
        }
        return answer + "0\r\n\r\n";
    };
    CHECK(failure_of(once(ok(std::string(65537, 'x')))) == errc::too_large);
    CHECK(failure_of(once(chunked(65537))) == errc::too_large);
    CHECK(failure_of(once("HTTP/1.1 200 OK\r\n\r\n" + std::string(65537, 'x'))) == errc::too_large);
    CHECK(failure_of(once(ok(std::string(65536, 'x')))) == std::error_code{});
    CHECK(failure_of(once(chunked(65536))) == std::error_code{});
    CHECK(failure_of(once(ok("123456")), {.max_body = 5}) == errc::too_large);
    CHECK(failure_of(once(ok("12345")), {.max_body = 5}) == std::error_code{});
}

TEST_CASE(TRANSPORT ": a length over the bound is refused before the body") {
    const auto error = failure_of(
        [](connection& c) {
            c.read_request();
            c.send("HTTP/1.1 200 OK\r\nContent-Length: 65537\r\n\r\n");
            c.be_silent();
        },
        {}, 30s);
    CHECK(error == errc::too_large);
}

TEST_CASE(TRANSPORT ": headers are bounded") {
    const std::string many = [] {
        std::string lines;
        for (int i = 0; i < 100; ++i)
            lines += "X-" + std::string(200, 'x') + ": 1\r\n";
        return lines;
    }();
    CHECK(failure_of(once(ok("x", many))) == errc::too_large);
    CHECK(failure_of(once(ok("x", many)), {.max_headers = 64 * 1024}) == std::error_code{});
    CHECK(failure_of(once(ok("x", "X: " + std::string(200'000, 'x') + "\r\n"))) == errc::too_large);
    CHECK(failure_of([](connection& c) { // 1xx for ever
              c.read_request();
              while (c.send("HTTP/1.1 102 Processing\r\n\r\n")) {
              }
          }) == errc::too_large);
}

TEST_CASE(TRANSPORT ": O-46 a redirection is handed over and not followed") {
    server other{always(ok("other"))};
    const int status = GENERATE(301, 302, 303, 307, 308);
    CAPTURE(status);
    server peer{always("HTTP/1.1 " + std::to_string(status) + " Away\r\nLocation: " + other.url() +
                       "\r\nContent-Length: 0\r\n\r\n")};
    const auto got = client{}(post_to(peer.url()), within(10s));
    REQUIRE(got);
    CHECK(got.value().status == status);
    CHECK(got.value().headers.first("Location") == other.url());
    CHECK(other.connections() == 0);
    CHECK(peer.requests() == 1);
}

TEST_CASE(TRANSPORT ": every status is an answer") {
    const int status = GENERATE(200, 201, 400, 401, 403, 404, 408, 417, 421, 425, 429, 500, 502,
                                503, 504, 599, 999);
    server peer{once("HTTP/1.1 " + std::to_string(status) +
                     " Some\r\nRetry-After: 17\r\nWWW-Authenticate: Basic\r\n"
                     "Content-Length: 2\r\n\r\nno")};
    const auto got = client{}(post_to(peer.url()), within(10s));
    REQUIRE(got);
    CHECK(got.value().status == status);
    CHECK(got.value().headers.first("retry-after") == "17");
    CHECK(got.value().body == "no");
    CHECK(peer.requests() == 1);
}

TEST_CASE(TRANSPORT ": 100 Continue is skipped") {
    server peer{
        once("HTTP/1.1 100 Continue\r\nX: no\r\n\r\nHTTP/1.1 103 Early Hints\r\n\r\n" + ok("yes"))};
    const auto got = client{}(post_to(peer.url()), within(10s));
    REQUIRE(got);
    CHECK(got.value().status == 200);
    CHECK(got.value().body == "yes");
    CHECK(got.value().headers.count("X") == 0);
}

TEST_CASE(TRANSPORT ": a coding that was not asked for is refused") {
    for (const char* const coding : {"gzip", "br", "deflate", "zstd", "x-gzip", "identity, gzip"}) {
        CAPTURE(coding);
        CHECK(failure_of(once(ok("x", "Content-Encoding: " + std::string{coding} + "\r\n"))) ==
              errc::malformed);
    }
    CHECK(failure_of(once("HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n"
                          "1\r\nx\r\n0\r\n\r\n")) == errc::malformed);
    CHECK(failure_of(once(ok("x", "Content-Encoding: identity\r\n"))) == std::error_code{});
}

TEST_CASE(TRANSPORT ": plain http to another host is refused before any connection") {
    const client send;
    const auto got = send(post_to("http://192.0.2.1:9/"), within(10s));
    REQUIRE_FALSE(got);
    CHECK(got.error() == errc::bad_request);
    CHECK(send(post_to("http://example.invalid/"), within(10s)).error() == errc::bad_request);
}

TEST_CASE(TRANSPORT ": localhost is loopback") {
    server peer{always(ok("x"))};
    CHECK(client{}(post_to(peer.url("localhost")), within(10s)));
}

TEST_CASE(TRANSPORT ": a proxy of the environment is ignored") {
    server proxy{always(ok("proxy"))};
    server peer{always(ok("peer"))};
    const std::string address = "http://127.0.0.1:" + std::to_string(proxy.port());
    for (const char* const name : {"http_proxy", "all_proxy", "ALL_PROXY", "HTTP_PROXY"}) {
        ::setenv(name, address.c_str(), 1);
    }
    const auto got = client{}(post_to(peer.url()), within(10s));
    for (const char* const name : {"http_proxy", "all_proxy", "ALL_PROXY", "HTTP_PROXY"}) {
        ::unsetenv(name);
    }
    REQUIRE(got);
    CHECK(got.value().body == "peer");
    CHECK(proxy.connections() == 0);
}

TEST_CASE(TRANSPORT ": what would be another request is refused, and nothing is sent") {
    server peer{always(ok("x"))};
    const client send;
    const auto refused = [&](auto change) {
        request asked = post_to(peer.url());
        change(asked);
        const auto got = send(asked, within(10s));
        return !got && got.error() == errc::bad_request;
    };
    CHECK(refused([](request& r) { r.headers.add("X", "1\r\nAuthorization: Basic x"); }));
    CHECK(refused([](request& r) { r.headers.add("X: 1\r\nY", "2"); }));
    CHECK(refused([](request& r) { r.headers.add("Content-Length", "1"); }));
    CHECK(refused([](request& r) { r.method = "GET / HTTP/1.1\r\n\r\nPOST"; }));
    CHECK(refused([](request& r) { r.url += "\r\nX: 1"; }));
    CHECK(refused([](request& r) { r.url.replace(0, 7, "http://user:secret@"); }));
    CHECK(peer.connections() == 0);
}

TEST_CASE(TRANSPORT ": out of descriptors is this process's own trouble") {
    server peer{always(ok("x"))};
    const client fresh;
    const client used{{.reuse_idle_for = 0s}};
    CHECK(used(post_to(peer.url()), within(10s)));
    rlimit before{};
    REQUIRE(::getrlimit(RLIMIT_NOFILE, &before) == 0);
    rlimit none = before;
    none.rlim_cur = 0; // what is open stays open
    REQUIRE(::setrlimit(RLIMIT_NOFILE, &none) == 0);
    const auto first = fresh(post_to(peer.url()), within(10s));
    const auto second = used(post_to(peer.url()), within(10s));
    REQUIRE(::setrlimit(RLIMIT_NOFILE, &before) == 0);
    CHECK(first.error() == errc::local_resources);
    CHECK(second.error() == errc::local_resources);
    CHECK(fresh(post_to(peer.url()), within(10s))); // and over when it is over
    CHECK(used(post_to(peer.url()), within(10s)));
}

TEST_CASE(TRANSPORT ": calls beyond the pool wait, and end by deadline or stop") {
    std::atomic<bool> go{false};
    server peer{[&](connection& c) {
        while (c.read_request()) {
            while (!go && c.send(""))
                std::this_thread::sleep_for(5ms);
            c.send(ok("x"));
        }
    }};
    const client send{{.max_connections = 1}};
    std::atomic<int> answered{0};
    const auto call = [&] {
        if (send(post_to(peer.url()), within(60s)))
            ++answered;
    };
    std::thread holder{call};
    REQUIRE(peer.eventually([&] { return peer.requests() == 1; }));

    const auto late = send(post_to(peer.url()), within(100ms));
    CHECK(late.error() == errc::no_free_connection);

    std::stop_source stop;
    std::thread stopper{[&] {
        std::this_thread::sleep_for(50ms);
        stop.request_stop();
    }};
    CHECK(send(post_to(peer.url()), {.stop = stop.get_token()}).error() == errc::cancelled);
    stopper.join();

    std::thread waiter{call};
    std::this_thread::sleep_for(50ms);
    go = true;
    holder.join();
    waiter.join();
    CHECK(answered == 2);
    CHECK(peer.requests() == 2);
    CHECK(peer.connections() == 1);
}

TEST_CASE(TRANSPORT ": a bounded pool serves several servers") {
    server one{always(ok("1"))};
    server two{always(ok("2"))};
    const client send{{.max_connections = 1}};
    for (int i = 0; i < 3; ++i) {
        CHECK(send(post_to(one.url()), within(10s)).value().body == "1");
        CHECK(send(post_to(two.url()), within(10s)).value().body == "2");
    }
    CHECK(one.connections() + two.connections() > 2); // only one of the two could be kept
}

TEST_CASE(TRANSPORT ": many threads share one transport") {
    server peer{[](connection& c) {
        // The body of each answer is the body of its request.
        while (const auto request = c.read_request()) {
            if (!c.send(ok(request->substr(request->find("\r\n\r\n") + 4))))
                return;
        }
    }};
    const client send{{.max_connections = 4}};
    std::atomic<int> good{0};
    std::vector<std::thread> threads;
    for (int t = 0; t < 8; ++t) {
        threads.emplace_back([&, t] {
            for (int i = 0; i < 50; ++i) {
                request asked = post_to(peer.url());
                asked.body = "token=" + std::to_string(t) + "-" + std::to_string(i);
                const auto got = send(asked, within(60s));
                if (got && got.value().body == asked.body)
                    ++good;
            }
        });
    }
    for (std::thread& each : threads)
        each.join();
    CHECK(good == 400);
    CHECK(peer.requests() == 400);
    CHECK(peer.connections() <= 4);
}

TEST_CASE(TRANSPORT ": a storm of stops and deadlines leaves the transport whole") {
    server peer{[](connection& c) {
        while (c.read_request()) {
            std::this_thread::sleep_for(2ms);
            if (!c.send(ok("x")))
                return;
        }
    }};
    const client send{{.max_connections = 3}};
    std::vector<std::thread> threads;
    std::atomic<int> wrong{0};
    for (int t = 0; t < 6; ++t) {
        threads.emplace_back([&, t] {
            for (int i = 0; i < 30; ++i) {
                std::stop_source stop;
                std::thread stopper{[&] {
                    std::this_thread::sleep_for(
                        std::chrono::microseconds{(i * 131 + t * 37) % 3000});
                    stop.request_stop();
                }};
                const auto got = send(post_to(peer.url()),
                                      {.by = clock_type::now() + std::chrono::microseconds{i * 200},
                                       .stop = stop.get_token()});
                stopper.join();
                if (!got && got.error() != errc::cancelled && !is_timeout(got.error()) &&
                    got.error() != errc::no_free_connection) {
                    ++wrong;
                }
            }
        });
    }
    for (std::thread& each : threads)
        each.join();
    CHECK(wrong == 0);
    CHECK(send(post_to(peer.url()), within(10s)));
}

#endif // OUTLAST_TESTS_HTTP_SUPPORT_EXCHANGES_HPP
