// SPDX-License-Identifier: BSL-1.0
//
// What every transport does over TLS: included by the test of each, which says before that what
// `TRANSPORT` (its name), `client` and `client_options` are, and how to set the options:
// `trusting(ca_file)`, `show(options, certificate, key)` and `patient(options, for_the_handshake)`.
#ifndef OUTLAST_TESTS_HTTP_SUPPORT_TLS_EXCHANGES_HPP
#define OUTLAST_TESTS_HTTP_SUPPORT_TLS_EXCHANGES_HPP

#include "support/catch.hpp"
#include "support/certificates.hpp"
#include "support/request.hpp"
#include "support/server.hpp"

#include <atomic>
#include <chrono>
#include <string>
#include <thread>
#include <vector>

using namespace outlast::http;
using namespace outlast_tests;
using namespace std::chrono_literals;

namespace {

// An authority that is trusted, and one that is not.
struct authorities {
    identity trusted = make_identity({.name = "trusted", .hosts = "", .is_authority = true});
    identity other = make_identity({.name = "other", .hosts = "", .is_authority = true});
    temporary_file file;
    authorities() { trusted.write_certificate(file.path()); }
    [[nodiscard]] client_options options() const { return trusting(file.path()); }
};

const authorities& world() {
    static const authorities one;
    return one;
}

identity good() { return make_identity({}, &world().trusted); }

// The failure of a call to a server that shows this certificate. Nothing of ours may reach it.
std::error_code failure_of(const identity& shown,
                           client_options options = world().options(),
                           std::string_view host = "127.0.0.1") {
    server peer{always(ok("x")), serving(shown)};
    const client send{std::move(options)};
    const auto got = send(post_to(peer.url(host)), within(10s));
    const auto again = send(post_to(peer.url(host)), within(10s));
    CHECK(peer.received().empty());
    CHECK(peer.requests() == 0);
    REQUIRE_FALSE(got);
    REQUIRE_FALSE(again);
    CHECK(again.error() == got.error());
    CHECK(sent_nothing(got.error()));
    return got.error();
}

} // namespace

TEST_CASE(TRANSPORT " tls: a good certificate, and one connection for two calls") {
    server peer{always(ok("x")), serving(good())};
    const client send{world().options()};
    CHECK(send(post_to(peer.url()), within(10s)).value().body == "x");
    CHECK(send(post_to(peer.url()), within(10s)).value().body == "x");
    CHECK(peer.connections() == 1);
    CHECK(send(post_to(peer.url("localhost")), within(10s)).value().body == "x");
}

TEST_CASE(TRANSPORT " tls: O-61 expired") {
    CHECK(failure_of(make_identity({.to_days = -1}, &world().trusted)) ==
          errc::certificate_expired);
    CHECK(failure_of(make_identity({.from_days = 1}, &world().trusted)) ==
          errc::certificate_expired);
}

TEST_CASE(TRANSPORT " tls: O-62 for another host") {
    CHECK(failure_of(make_identity({.hosts = "DNS:other.example"}, &world().trusted)) ==
          errc::certificate_wrong_host);
    CHECK(failure_of(make_identity({.hosts = "IP:127.0.0.2"}, &world().trusted)) ==
          errc::certificate_wrong_host);
    CHECK(failure_of(make_identity({.hosts = "DNS:localhost.other.example"}, &world().trusted),
                     world().options(), "localhost") == errc::certificate_wrong_host);
    CHECK(failure_of(make_identity({.name = "127.0.0.1", .hosts = "DNS:x"}, &world().trusted)) ==
          errc::certificate_wrong_host);
}

TEST_CASE(TRANSPORT " tls: not trusted") {
    CHECK(failure_of(make_identity({}, &world().other)) == errc::certificate_untrusted);
    CHECK(failure_of(make_identity({})) == errc::certificate_untrusted); // signed by itself
    CHECK(failure_of(good(), {}) == errc::certificate_untrusted);        // the system's authorities
}

TEST_CASE(TRANSPORT " tls: a named authority replaces those of the system, file or folder") {
    // A file that names one authority trusts that one only, whatever else the machine trusts.
    temporary_file only_other;
    world().other.write_certificate(only_other.path());
    CHECK(failure_of(good(), trusting(only_other.path())) == errc::certificate_untrusted);
}

TEST_CASE(TRANSPORT " tls: versions before 1.2 are refused") {
    const auto old = serving(good());
    SSL_CTX_set_security_level(old.get(), 0);
    SSL_CTX_set_min_proto_version(old.get(), TLS1_VERSION);
    SSL_CTX_set_max_proto_version(old.get(), TLS1_1_VERSION);
    server peer{always(ok("x")), old};
    const auto got = client{world().options()}(post_to(peer.url()), within(10s));
    REQUIRE_FALSE(got);
    CHECK(got.error() == errc::tls_failed);
    CHECK(peer.received().empty());
}

TEST_CASE(TRANSPORT " tls: 1.2 is enough") {
    const auto context = serving(good());
    SSL_CTX_set_max_proto_version(context.get(), TLS1_2_VERSION);
    server peer{always(ok("x")), context};
    CHECK(client{world().options()}(post_to(peer.url()), within(10s)));
}

TEST_CASE(TRANSPORT " tls: a port that does not speak TLS") {
    server peer{[](connection& c) {
        c.send("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
        c.be_silent();
    }};
    const std::string url = "https://127.0.0.1:" + std::to_string(peer.port()) + "/";
    const auto got = client{world().options()}(post_to(url), within(10s));
    REQUIRE_FALSE(got);
    CHECK(got.error() == errc::tls_failed);
    CHECK(peer.received().find("SECRET") == std::string::npos);
}

TEST_CASE(TRANSPORT " tls: TLS answers a plain request") {
    server peer{always(ok("x")), serving(good())};
    const std::string url = "http://127.0.0.1:" + std::to_string(peer.port()) + "/";
    const auto got = client{world().options()}(post_to(url), within(10s));
    REQUIRE_FALSE(got);
    CAPTURE(got.error().message());
    CHECK((got.error() == errc::malformed || got.error() == errc::closed_early ||
           got.error() == errc::connection_reset));
}

TEST_CASE(TRANSPORT " tls: the handshake ends with the connection") {
    const bool with_reset = GENERATE(false, true);
    CAPTURE(with_reset);
    server peer{[&](connection& c) {
        std::this_thread::sleep_for(50ms);
        if (with_reset)
            c.reset();
    }};
    const std::string url = "https://127.0.0.1:" + std::to_string(peer.port()) + "/";
    const auto got = client{world().options()}(post_to(url), within(10s));
    REQUIRE_FALSE(got);
    CHECK(got.error() == errc::tls_failed);
}

TEST_CASE(TRANSPORT " tls: silence in the handshake") {
    server peer{[](connection& c) { c.be_silent(); }};
    const std::string url = "https://127.0.0.1:" + std::to_string(peer.port()) + "/";
    SECTION("the time for connecting ends it") {
        const client send{patient(world().options(), 300ms)};
        CHECK(send(post_to(url), within(10s)).error() == errc::tls_timeout);
    }
    SECTION("the deadline ends it") {
        const client send{patient(world().options(), 30s)};
        CHECK(send(post_to(url), within(300ms)).error() == errc::tls_timeout);
    }
    SECTION("a stop ends it") {
        const client send{patient(world().options(), 30s)};
        std::stop_source stop;
        std::thread stopper{[&] {
            peer.eventually([&] { return !peer.received().empty(); }); // the client's hello
            stop.request_stop();
        }};
        const auto start = std::chrono::steady_clock::now();
        CHECK(send(post_to(url), {.stop = stop.get_token()}).error() == errc::cancelled);
        CHECK(std::chrono::steady_clock::now() - start < 20s);
        stopper.join();
    }
    CHECK(peer.received().find("SECRET") == std::string::npos);
}

TEST_CASE(TRANSPORT " tls: silence after the handshake") {
    server peer{[](connection& c) { c.be_silent(); }, serving(good())};
    const client send{world().options()};
    CHECK(send(post_to(peer.url()), within(300ms)).error() == errc::answer_timeout);
}

TEST_CASE(TRANSPORT " tls: the connection ends in the answer") {
    const auto failure = [](server::script end) {
        server peer{[end = std::move(end)](connection& c) {
                        c.read_request();
                        end(c);
                    },
                    serving(good())};
        const auto got = client{world().options()}(post_to(peer.url()), within(10s));
        return got ? std::error_code{} : got.error();
    };
    CHECK(failure([](connection&) {}) == errc::closed_early);
    CHECK(failure([](connection& c) { c.cut(); }) == errc::closed_early);
    CHECK(failure([](connection& c) { c.reset(); }) == errc::connection_reset);
    CHECK(failure([](connection& c) {
              c.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf");
          }) == errc::closed_early);
    CHECK(failure([](connection& c) {
              c.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf");
              c.cut();
          }) == errc::closed_early);
    CHECK(failure([](connection& c) { c.send("HTTP/1.1 200 OK\r\n\r\nall"); }) ==
          std::error_code{});
    CHECK(failure([](connection& c) {
              c.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf");
              std::this_thread::sleep_for(100ms);
              c.reset();
          }) == errc::connection_reset);
}

TEST_CASE(TRANSPORT " tls: a kept connection that the server has closed or broken is replaced") {
    const int how = GENERATE(0, 1, 2);
    CAPTURE(how);
    std::atomic<int> gone{0};
    server peer{[&](connection& c) {
                    if (c.read_request())
                        c.send(ok("x"));
                    if (how == 0)
                        c.half_close();
                    if (how == 1)
                        c.reset();
                    if (how == 2)
                        c.cut();
                    ++gone;
                    if (how == 0)
                        c.be_silent();
                },
                serving(good())};
    const client send{world().options()};
    for (int i = 1; i <= 3; ++i) {
        const auto got = send(post_to(peer.url()), within(10s));
        // A reset right behind the answer may overtake it.
        if (how == 1 && !got) {
            CHECK(got.error() == errc::connection_reset);
        } else {
            REQUIRE(got);
        }
        REQUIRE(peer.eventually([&] { return gone == i; }));
    }
    CHECK(peer.connections() == 3);
}

TEST_CASE(TRANSPORT " tls: a server that wants our certificate") {
    const auto version = GENERATE(TLS1_2_VERSION, TLS1_3_VERSION);
    CAPTURE(version);
    const auto context = serving(good(), &world().trusted);
    SSL_CTX_set_max_proto_version(context.get(), version);
    server peer{always(ok("x")), context};
    SECTION("and gets none") {
        const auto got = client{world().options()}(post_to(peer.url()), within(10s));
        REQUIRE_FALSE(got);
        CAPTURE(got.error().message());
        // TLS 1.3 tells it to the client after the client may write.
        if (version == TLS1_2_VERSION) {
            CHECK(got.error() == errc::tls_failed);
        } else {
            CHECK(got.error() == errc::tls_broken);
        }
        CHECK(peer.received().empty());
    }
    SECTION("and gets it") {
        const identity ours = make_identity({.name = "client", .hosts = ""}, &world().trusted);
        temporary_file certificate;
        temporary_file key;
        ours.write_certificate(certificate.path());
        ours.write_key(key.path());
        client_options options = world().options();
        show(options, certificate.path(), key.path());
        CHECK(client{options}(post_to(peer.url()), within(10s)).value().body == "x");
    }
}

TEST_CASE(TRANSPORT " tls: many threads") {
    server peer{always(ok("x")), serving(good())};
    auto options = world().options();
    options.max_connections = 4;
    const client send{options};
    std::atomic<int> answered{0};
    std::vector<std::thread> threads;
    for (int t = 0; t < 8; ++t) {
        threads.emplace_back([&] {
            for (int i = 0; i < 20; ++i) {
                if (send(post_to(peer.url()), within(60s)))
                    ++answered;
            }
        });
    }
    for (std::thread& each : threads)
        each.join();
    CHECK(answered == 160);
    CHECK(peer.connections() <= 4);
}

#endif // OUTLAST_TESTS_HTTP_SUPPORT_TLS_EXCHANGES_HPP
