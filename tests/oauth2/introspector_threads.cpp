// SPDX-License-Identifier: BSL-1.0
//
// The introspector in real time, called by several threads.
#include <outlast/oauth2/introspector.hpp>

#include "bodies.hpp"
#include "support/catch.hpp"
#include "support/outcome_words.hpp"
#include "support/server.hpp"

#include <array>
#include <atomic>
#include <chrono>
#include <latch>
#include <string>
#include <thread>
#include <vector>

namespace http = outlast::http;
using namespace outlast::oauth2;
using namespace outlast_tests;
using namespace std::chrono_literals;

namespace {

constexpr std::size_t threads = 8;

/// Answers from any thread, after a while.
struct slow_server {
    std::chrono::milliseconds takes{};
    std::string body{};
    std::atomic<int> calls = 0;
    std::atomic<bool> away = false;

    outlast::result<http::response> operator()(const http::request&, const http::limits&) {
        ++calls;
        std::this_thread::sleep_for(takes);
        if (away)
            return outlast::failure{http::errc::connection_reset};
        return says(body).answer;
    }
};

introspector_options options() {
    return {.endpoints = {"https://as.example/introspect"},
            .auth = client_secret_basic{"rs", secret{"s3cr3t"}},
            .realm = "r",
            .retry = {.max_attempts = 1},
            .wall = [] { return at(0); }};
}

/// Runs `f(i)` on eight threads that start together.
template <class F>
void together(F f) {
    std::latch start{threads};
    std::vector<std::jthread> all;
    for (std::size_t i = 0; i != threads; ++i)
        all.emplace_back([&, i] {
            start.arrive_and_wait();
            f(i);
        });
}

} // namespace

TEST_CASE("introspector: eight threads with one token make one call") {
    slow_server server{.takes = 300ms, .body = r_plus(3600)};
    introspector api{options(), server};
    std::array<std::string, threads> words;
    together([&](std::size_t i) { words[i] = words_of(api("Bearer tokA", {.audience = "api"})); });
    CHECK(server.calls == 1);
    for (const std::string& w : words)
        CHECK((w == "ALLOW(live)" || w == "ALLOW(cached)")); // cached: its thread began late
    CHECK(words_of(api("Bearer tokA", {.audience = "api"})) == "ALLOW(cached)");
    CHECK(server.calls == 1);
}

TEST_CASE("introspector: eight threads share a failure, and a no") {
    slow_server server{.takes = 300ms, .body = std::string{r_minus}};
    introspector api{options(), server};
    std::array<std::string, threads> words;
    together([&](std::size_t i) { words[i] = words_of(api("Bearer tokA")); });
    CHECK(server.calls == 1);
    for (const std::string& w : words)
        CHECK(w == "401-IT");
    server.away = true;
    together([&](std::size_t i) { words[i] = words_of(api("Bearer tokB")); });
    CHECK(server.calls < 1 + static_cast<int>(threads)); // one, unless a thread began late
    for (const std::string& w : words)
        CHECK(w == "503(5)");
}

TEST_CASE("introspector: many threads, many tokens, and a server that comes and goes") {
    slow_server server{.body = r_plus(3600)};
    introspector_options o = options();
    o.lifetimes.fresh_for = 1ms;
    o.breaker.open_for = 1ms;
    o.breaker.hold_back = 0ms;
    o.memo.lasts = 1ms;
    o.cache = {.capacity = 4, .negative_capacity = 4};
    introspector api{std::move(o), server};
    std::atomic<int> odd = 0;
    together([&](std::size_t i) {
        for (int round = 0; round != 400; ++round) {
            if (i == 0 && round % 50 == 0)
                server.away = !server.away;
            if (round % 100 == 99)
                api.forget("tok1");
            const std::string header = "Bearer tok" + std::to_string(round % 8);
            const decision d = api(header, {.audience = "api"},
                                   round % 5 == 0 ? outlast::duration{0} : outlast::forever);
            odd += d.status != 200 && d.status != 503;
            odd += d.allowed() != static_cast<bool>(d.who);
        }
    });
    CHECK(odd == 0);
    server.away = false;
    std::this_thread::sleep_for(5ms);
    CHECK(api("Bearer tok0", {.audience = "api"}).allowed());
}

TEST_CASE("introspector: a thread that is stopped while it waits gets its answer at once") {
    slow_server server{.takes = 2s, .body = r_plus(3600)};
    introspector_options o = options();
    o.attempt_timeout = 10s;
    o.overall_timeout = 10s;
    introspector api{std::move(o), server};
    std::string led; // not checked over there: assertions belong to this thread
    std::jthread leader{[&] { led = words_of(api("Bearer tokA")); }};
    while (server.calls == 0)
        std::this_thread::yield();
    std::stop_source stop;
    std::jthread stopper{[&] {
        std::this_thread::sleep_for(20ms);
        stop.request_stop();
    }};
    const auto begun = std::chrono::steady_clock::now();
    const decision d = api("Bearer tokA", {}, outlast::forever, {.stop = stop.get_token()});
    CHECK(words_of(d) == "503(5)");
    CHECK(std::chrono::steady_clock::now() - begun < 1500ms);
    CHECK(server.calls == 1);
    leader.join();
    CHECK(led == "ALLOW(live)");
}
