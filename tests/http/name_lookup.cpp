// SPDX-License-Identifier: BSL-1.0
//
// The name service of this program is a function in this file: libcurl's calls to `getaddrinfo`
// come here.
#include "outlast/http/name_lookup.hpp"

#include "outlast/http/curl.hpp"

#include "support/catch.hpp"
#include "support/server.hpp"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <cstdlib>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>

using namespace outlast::http;
using namespace std::chrono_literals;

namespace {

// What the name service is waiting for while it does not answer.
struct gate {
    std::mutex mutex;
    std::condition_variable changed;
    bool open = true;
    int waiting = 0;

    void shut() {
        const std::lock_guard lock{mutex};
        open = false;
    }
    void let_go() {
        std::unique_lock lock{mutex};
        open = true;
        changed.notify_all();
        changed.wait(lock, [this] { return waiting == 0; });
    }
    void pass() {
        std::unique_lock lock{mutex};
        ++waiting;
        changed.notify_all();
        changed.wait(lock, [this] { return open; });
        --waiting;
        changed.notify_all();
    }
    bool somebody_waits() {
        std::unique_lock lock{mutex};
        return changed.wait_for(lock, 30s, [this] { return waiting != 0; });
    }
};

// Never destroyed: a look-up that was left behind may still look at it when main() has ended.
gate& stuck() {
    static gate& one = *new gate;
    return one;
}

std::atomic<int> lookups{0};

limits within(std::chrono::steady_clock::duration time) {
    return {.by = std::chrono::steady_clock::now() + time};
}

std::error_code failure_of(const std::string& url,
                           curl_options options = {},
                           std::chrono::steady_clock::duration time = 10s) {
    const auto got = curl_transport{std::move(options)}({.url = url}, within(time));
    return got ? std::error_code{} : got.error();
}

} // namespace

extern "C" {

int getaddrinfo(const char* host, const char* service, const addrinfo* hints, addrinfo** found) {
    const std::string_view name{host};
    ++lookups;
    if (name == "nowhere.test")
        return EAI_NONAME;
    if (name == "later.test")
        return EAI_AGAIN;
    if (name == "broken.test")
        return EAI_FAIL;
    if (name == "full.test") {
        errno = EMFILE;
        return EAI_SYSTEM;
    }
    if (name == "stuck.test")
        stuck().pass();
    // One address in the form that `freeaddrinfo` of this file takes back.
    auto* const node =
        static_cast<addrinfo*>(std::calloc(1, sizeof(addrinfo) + sizeof(sockaddr_in)));
    auto* const address = reinterpret_cast<sockaddr_in*>(node + 1);
    address->sin_family = AF_INET;
    address->sin_port = htons(static_cast<std::uint16_t>(service ? std::atoi(service) : 0));
    ::inet_pton(AF_INET, name == "far.test" ? "192.0.2.1" : "127.0.0.1", &address->sin_addr);
    node->ai_family = AF_INET;
    node->ai_socktype =
        hints != nullptr && hints->ai_socktype != 0 ? hints->ai_socktype : SOCK_STREAM;
    node->ai_addrlen = sizeof(sockaddr_in);
    node->ai_addr = reinterpret_cast<sockaddr*>(address);
    *found = node;
    return 0;
}

void freeaddrinfo(addrinfo* found) { std::free(found); }

} // extern "C"

TEST_CASE("names: what the answers of the resolver mean") {
    CHECK(lookup_error(EAI_NONAME, 0) == errc::name_not_found);
    CHECK(lookup_error(EAI_AGAIN, 0) == errc::name_lookup_failed);
    CHECK(lookup_error(EAI_FAIL, 0) == errc::name_lookup_failed);
    CHECK(lookup_error(EAI_MEMORY, 0) == errc::local_resources);
    CHECK(lookup_error(EAI_SYSTEM, EMFILE) == errc::local_resources);
    CHECK(lookup_error(EAI_SYSTEM, ECONNREFUSED) == errc::name_lookup_failed);
    CHECK(lookup_error(0, 0) == errc::name_lookup_failed);
}

TEST_CASE("names: O-60 no such host is told from no answer") {
    CHECK(failure_of("https://nowhere.test/") == errc::name_not_found);
    CHECK(failure_of("https://later.test/") == errc::name_lookup_failed);
    CHECK(failure_of("https://broken.test/") == errc::name_lookup_failed);
    CHECK(failure_of("https://full.test/") == errc::local_resources);
    CHECK(sent_nothing(errc::name_not_found));
}

TEST_CASE("names: a name that is found is used, and remembered") {
    outlast_tests::server peer{outlast_tests::always(outlast_tests::ok("x"))};
    const curl_transport send{{.reuse_idle_for = 0s, .allow_plain_http = true}};
    const int before = lookups;
    for (int i = 0; i < 3; ++i) {
        CHECK(send({.url = peer.url("good.test")}, within(10s)).value().body == "x");
    }
    CHECK(lookups - before == 1);
    CHECK(peer.connections() == 3);
}

TEST_CASE("names: an address needs no look-up, nor does localhost") {
    outlast_tests::server peer{outlast_tests::always(outlast_tests::ok("x"))};
    const int before = lookups;
    const curl_transport send;
    CHECK(send({.url = peer.url("localhost")}, within(10s)));
    CHECK(lookups == before);
}

TEST_CASE("names: a stuck look-up is left at the time for connecting, the deadline or a stop") {
    stuck().shut();
    const auto start = std::chrono::steady_clock::now();
    SECTION("connecting") {
        CHECK(failure_of("https://stuck.test/", {.connect_timeout = 200ms}) ==
              errc::name_lookup_timeout);
    }
    SECTION("deadline") {
        CHECK(failure_of("https://stuck.test/", {.connect_timeout = 60s}, 200ms) ==
              errc::name_lookup_timeout);
    }
    SECTION("stop") {
        const curl_transport send{{.connect_timeout = 60s}};
        std::stop_source stop;
        std::thread stopper{[&] {
            stuck().somebody_waits();
            stop.request_stop();
        }};
        CHECK(send({.url = "https://stuck.test/"}, {.stop = stop.get_token()}).error() ==
              errc::cancelled);
        stopper.join();
    }
    // The look-up is still there, so nobody has waited for it.
    CHECK(stuck().somebody_waits());
    CHECK(std::chrono::steady_clock::now() - start < 20s);
    stuck().let_go();
}

TEST_CASE("names: after a stuck look-up the same transport works") {
    outlast_tests::server peer{outlast_tests::always(outlast_tests::ok("x"))};
    const curl_transport send{
        {.connect_timeout = 200ms, .max_connections = 1, .allow_plain_http = true}};
    stuck().shut();
    CHECK(send({.url = peer.url("stuck.test")}, within(10s)).error() == errc::name_lookup_timeout);
    CHECK(peer.connections() == 0);
    stuck().let_go();
    CHECK(send({.url = peer.url("stuck.test")}, within(10s)).value().body == "x");
    // What came too late for the first call never became a request.
    CHECK(peer.requests() == 1);
}

TEST_CASE("names: asking why is bounded too") {
    stuck().shut();
    CHECK(why_lookup_failed("stuck.test", within(100ms)) == errc::name_lookup_failed);
    std::stop_source stop;
    stop.request_stop();
    CHECK(why_lookup_failed("stuck.test", {.stop = stop.get_token()}) == errc::cancelled);
    stuck().let_go();
}
