// SPDX-License-Identifier: BSL-1.0
//
// What the failures behind an introspector's 503 say to whoever runs it.
#include <outlast/oauth2/introspector.hpp>

#include "support/blocking_way.hpp"
#include "support/catch.hpp"
#include "support/story.hpp"

#include <chrono>
#include <string>
#include <string_view>

using namespace outlast::oauth2;
using namespace outlast_tests;
using namespace std::chrono_literals;

namespace {

std::string message_of(story& s, std::string_view token) {
    call& c = s.begin(token, 0s);
    s.run();
    return message_of(c);
}

} // namespace

TEST_CASE("O-75 the message of a refusal says what to look at") {
    story s;
    s.server.otherwise = refuses();
    for (const char* token : {"t1", "t2", "t3", "t4", "t5"})
        s.request(token);
    CHECK(message_of(s.at(1s), "t6") ==
          "circuit open for https://as.example/introspect: 10 of the last 10 calls failed (last: "
          "connection_refused); next probe in 9.5 s");

    story latched;
    latched.server.otherwise = answers(401);
    for (const char* token : {"t1", "t2", "t3"})
        latched.request(token);
    CHECK(message_of(latched.at(1s), "t4") ==
          "circuit open for our credentials at https://as.example/introspect: 3 of the last 3 "
          "calls failed (last: client_refused); next probe in 29 s");

    story silent;
    silent.server.otherwise = hangs();
    CHECK(message_of(silent, "t1") == "timed out after 2 s (introspection attempt)");
}

TEST_CASE("O-75 no message holds a token, the secret or a body") {
    constexpr std::string_view token = "this-is-the-token";
    constexpr std::string_view body = R"({"error":"this-is-the-body"})";
    story s;
    int failed = 0;
    for (int round = 0; round != 3; ++round) // the last with latch and breaker open
        for (const reply& r :
             {says(body), answers(400, body), answers(401, body), answers(500, body),
              answers(503, body).with("Retry-After", "17"), refuses(), hangs()}) {
            s.server.otherwise = r;
            const std::string text = message_of(s, token);
            failed += !text.empty();
            INFO(text);
            for (const char* forbidden : {"this-is-the", "s3cr3t", "cnM6czNjcjN0"}) // Basic
                CHECK(text.find(forbidden) == std::string::npos);
        }
    CHECK(failed == 21);
}
