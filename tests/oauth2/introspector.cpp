// SPDX-License-Identifier: BSL-1.0
//
// The introspector while all is well: requests, verdicts, the cache, expiry, and its options.
#include <outlast/oauth2/introspector.hpp>

#include "support/catch.hpp"
#include "support/story.hpp"

#include <array>
#include <chrono>
#include <functional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

using namespace outlast::oauth2;
using namespace outlast_tests;
using namespace std::chrono_literals;

namespace {

introspector_options at_the_start() {
    introspector_options o = profile_d();
    o.wall = [] { return outlast_tests::at(0); };
    return o;
}

/// Through the call operator, for what never reaches the transport.
std::string without_a_call(std::vector<std::string_view> authorization) {
    scripted_server never_asked;
    direct_api api{profile_d(), never_asked};
    const decision d = api(std::span<const std::string_view>{authorization});
    CHECK(never_asked.calls() == 0);
    CHECK(api.store().size() == 0);
    CHECK(d.how == decision::assurance::none);
    return words_of(d);
}

constexpr std::string_view no_exp = R"({"active":true,"aud":"api"})";

} // namespace

TEST_CASE("O-01 first use") {
    story s;
    s.server.otherwise = says(r_plus(3600));
    const told t = s.at(0s).request("tokA");
    CHECK(t == "ALLOW(live), calls 1");
    REQUIRE(t.d.who);
    CHECK(t.d.who->sub == "u1");
    CHECK(s.entry("tokA") == "P fresh until 60 s, stale until 360 s");
}

TEST_CASE("O-01 the same with the scheme written bearer") {
    scripted_server server{.otherwise = says(r_plus(3600))};
    introspector_options options = profile_d();
    options.wall = [] { return at(0); };
    direct_api api{std::move(options), server};
    CHECK(words_of(api("bearer tokA", {.audience = "api"})) == "ALLOW(live)");
    CHECK(words_of(api("Bearer tokA", {.audience = "api"})) == "ALLOW(cached)");
    CHECK(server.calls() == 1);
}

TEST_CASE("O-02 second use comes from the cache") {
    story s;
    s.server.otherwise = says(r_plus(3600));
    s.at(0s).request("tokA");
    const told t = s.at(59s).request("tokA");
    CHECK(t == "ALLOW(cached), calls 0");
    CHECK(t.d.age == 59s);
    CHECK(s.entry("tokA") == "P fresh until 60 s, stale until 360 s");
}

TEST_CASE("O-03 freshness ends") {
    story s;
    s.server.otherwise = says(r_plus(3600));
    s.at(0s).request("tokA");
    CHECK(s.at(60s).request("tokA") == "ALLOW(live), calls 1");
    CHECK(s.entry("tokA") == "P fresh until 120 s, stale until 420 s");
}

TEST_CASE("O-04 exp is shorter than the cap") {
    story s;
    s.server.otherwise = says(r_plus(20));
    CHECK(s.at(0s).request("tokA") == "ALLOW(live), calls 1");
    CHECK(s.entry("tokA") == "P fresh until 20 s, stale until 20 s");
    CHECK(s.at(19s).request("tokA") == "ALLOW(cached), calls 0");
}

TEST_CASE("O-05 no exp in the answer") {
    story s;
    s.server.otherwise = says(no_exp);
    CHECK(s.at(0s).request("tokA") == "ALLOW(live), calls 1");
    CHECK(s.entry("tokA") == "P fresh until 30 s, stale until 30 s");
    CHECK(s.at(29s).request("tokA") == "ALLOW(cached), calls 0");
    CHECK(s.at(30s).request("tokA") == "ALLOW(live), calls 1");
}

TEST_CASE("O-06 inactive") {
    story s;
    s.server.otherwise = says(r_minus);
    CHECK(s.at(0s).request("tokA") == "401-IT, calls 1");
    CHECK(s.entry("tokA") == "N until 10 s");
    CHECK(s.api.store().size() == 1);
}

TEST_CASE("O-08 no token at all") {
    CHECK(without_a_call({}) == "401 bare");
    CHECK(without_a_call({"Basic eDp5"}) == "401 bare");
    CHECK(without_a_call({""}) == "401 bare");
}

TEST_CASE("O-09 two Authorization headers") {
    CHECK(without_a_call({"Bearer tokA", "Bearer tokB"}) == "400-IR");
    CHECK(without_a_call({"Bearer tokA", "Bearer tokA"}) == "400-IR");
    CHECK(without_a_call({"Bearer tokA", "Basic eDp5"}) == "400-IR");
}

TEST_CASE("O-10 illegal characters") {
    using namespace std::string_view_literals;
    for (const std::string_view header :
         {"Bearer abc\"def"sv, "Bearer abc def"sv, "Bearer abc\x01 def"sv, "Bearer abc\x7f"sv,
          "Bearer abc\0def"sv, "Bearer abc\r\ndef"sv, "Bearer \xc3\xa9"sv, "Bearer"sv, "Bearer "sv,
          "Bearer ="sv, "Bearer a=b"sv, "bearer\ttokA"sv, "Bearer a, Bearer b"sv}) {
        INFO(header);
        CHECK(without_a_call({header}) == "401-IT");
    }
}

TEST_CASE("O-11 token too long") {
    CHECK(without_a_call({"Bearer " + std::string(4097, 'a')}) == "401-IT");
    scripted_server server{.otherwise = says(r_plus(3600))};
    introspector_options options = profile_d();
    options.wall = [] { return at(0); };
    direct_api api{std::move(options), server};
    CHECK(words_of(api("Bearer " + std::string(4096, 'a'))) == "ALLOW(live)");
    REQUIRE(server.calls() == 1);
    CHECK(token_in(server.asked.front().body) == std::string(4096, 'a'));
}

TEST_CASE("O-12 scope missing") {
    story s;
    s.server.otherwise = says(r_plus(3600));
    CHECK(s.at(0s).request("tokA", needs_scope("write")) == "403-IS(write), calls 1");
    CHECK(s.at(1s).request("tokA", needs_scope("write")) == "403-IS(write), calls 0");
    CHECK(s.entry("tokA") == "P fresh until 60 s, stale until 360 s");
    CHECK(s.request("tokA", needs_scope("read")) == "ALLOW(cached), calls 0");
}

TEST_CASE("O-13 wrong audience") {
    for (const char* body : {R"({"active":true,"exp":1700003600,"aud":["other","x"]})",
                             R"({"active":true,"exp":1700003600})"}) {
        story s;
        s.server.otherwise = says(body);
        CHECK(s.at(0s).request("tokA") == "401-IT, calls 1");
        CHECK(s.at(1s).request("tokA") == "401-IT, calls 0");
        CHECK(s.entry("tokA") == "P fresh until 60 s, stale until 360 s");
    }
}

TEST_CASE("O-14 wrong issuer") {
    story s;
    s.route.issuer = "https://as.example";
    s.server.otherwise =
        says(R"({"active":true,"exp":1700003600,"aud":"api","iss":"https://as.example/"})");
    CHECK(s.at(0s).request("tokA") == "401-IT, calls 1");
}

TEST_CASE("O-15 the server says active, exp long past") {
    story s;
    s.server.otherwise = says(r_plus(-60));
    CHECK(s.at(0s).request("tokA") == "401-IT, calls 1");
    CHECK(s.api.store().size() == 0);
}

TEST_CASE("O-16 the server says active, exp within the live leeway") {
    story s;
    s.server.otherwise = says(r_plus(-5));
    CHECK(s.at(0s).request("tokA") == "ALLOW(live), calls 1");
    CHECK(s.at(1s).request("tokA") == "ALLOW(live), calls 1");
    CHECK(s.api.store().size() == 0);
    CHECK(s.at(5s).request("tokA") == "401-IT, calls 1"); // its end
}

TEST_CASE("O-17 exp passes while cached") {
    story s;
    s.server.otherwise = says(r_plus(30));
    CHECK(s.at(0s).request("tokA") == "ALLOW(live), calls 1");
    CHECK(s.at(30s).request("tokA") == "401-IT, calls 0");
    CHECK(s.entry("tokA") == "expired until 40 s");
    CHECK(s.api.store().size() == 1);
    CHECK(s.at(39s).request("tokA") == "401-IT, calls 0");
    CHECK(s.entry("tokA") == "expired until 40 s"); // its use does not lengthen it
    CHECK(s.at(40s).request("tokA") == "401-IT, calls 1");
    CHECK(s.entry("tokA") == "–");
}

TEST_CASE("O-18 exp passes during an outage") {
    story s;
    s.server.otherwise = says(r_plus(100));
    s.at(0s).request("tokA");
    s.at(50s).server.otherwise = refuses();
    CHECK(s.at(70s).request("tokA") == "ALLOW(stale), calls 2");
    CHECK(s.at(100s).request("tokA") == "401-IT, calls 0");
}

TEST_CASE("O-19 lifetime below one second") {
    story s;
    s.server.otherwise = says(r_plus(1));
    CHECK(s.at(400ms).request("tokA") == "ALLOW(live), calls 1");
    CHECK(s.entry("tokA") == "P fresh until 1 s, stale until 1 s");
    CHECK(s.at(900ms).request("tokA") == "ALLOW(cached), calls 0");
    CHECK(s.at(1000ms).request("tokA") == "401-IT, calls 0");
}

TEST_CASE("introspector: an exp that the server puts off counts from then on") {
    story s;
    s.server.otherwise = says(r_plus(90));
    s.at(0s).request("tokA");
    s.server.otherwise = says(r_plus(3600));
    CHECK(s.at(60s).request("tokA") == "ALLOW(live), calls 1");
    CHECK(s.entry("tokA") == "P fresh until 120 s, stale until 420 s");
    s.server.otherwise = says(r_plus(100)); // and one that it brings forward
    CHECK(s.strict("tokA") == "ALLOW(live), calls 1");
    CHECK(s.entry("tokA") == "P fresh until 100 s, stale until 100 s");
}

TEST_CASE("introspector: a live answer with an exp that has passed removes the older verdict") {
    story s;
    s.server.otherwise = says(r_plus(3600));
    s.at(0s).request("tokA");
    s.server.otherwise = says(r_plus(59));
    CHECK(s.at(60s).request("tokA") == "ALLOW(live), calls 1"); // leeway
    CHECK(s.api.store().size() == 0);
    s.server.otherwise = refuses();
    CHECK(s.request("tokA") == "503(5), calls 2"); // nothing stale is left
}

TEST_CASE("introspector: what is known about a token can be forgotten") {
    story s;
    s.server.otherwise = says(r_plus(3600));
    s.at(0s).request("tokA");
    s.at(1s).api.forget("tokB");
    CHECK(s.request("tokA") == "ALLOW(cached), calls 0");
    s.api.forget("tokA");
    CHECK(s.entry("tokA") == "–");
    CHECK(s.request("tokA") == "ALLOW(live), calls 1");
}

TEST_CASE("introspector: a token that was revoked here is refused, whatever the server says or "
          "cannot say") {
    scripted_server server{.otherwise = says(r_plus(3600))};
    direct_api api{at_the_start(), server};
    const requirements route{.audience = "api"};
    CHECK(words_of(api("Bearer tokA", route)) == "ALLOW(live)");
    CHECK(words_of(api("Bearer tokB", route)) == "ALLOW(live)");
    api.revoke("tokA");
    CHECK(words_of(api("Bearer tokA", route)) == "401-IT");
    CHECK(words_of(api("Bearer tokA", route, 0s)) == "401-IT"); // not even a live yes lets it pass
    CHECK(api("Bearer tokA", route).because == reason::inactive);
    CHECK(!api.store().find(*api.key_of("tokA")));
    CHECK(words_of(api("Bearer tokB", route)) == "ALLOW(cached)");
    server.otherwise = refuses();
    CHECK(words_of(api("Bearer tokA", route)) == "401-IT");
    CHECK(server.calls() == 2);
}

TEST_CASE("introspector: what a lenient server takes for a revoked token is revoked, too") {
    scripted_server server{.otherwise = says(r_plus(3600))};
    direct_api api{at_the_start(), server};
    const requirements route{.audience = "api"};
    api.revoke("eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJhIn0.c2lnbmVk");
    api.revoke("b3BhcXVl=");
    for (const char* token :
         {"eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJhIn0.c2lnbmVk", // itself
          "eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJhIn0.c2lnbmVl", // with another signature
          "eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJhIn0.", "b3BhcXVl", "b3BhcXVl=="}) {
        CAPTURE(token);
        CHECK(words_of(api(std::string{"Bearer "} + token, route)) == "401-IT");
    }
    CHECK(server.calls() == 0);
    CHECK(words_of(api("Bearer eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJiIn0.c2lnbmVk", route)) ==
          "ALLOW(live)");
    CHECK(words_of(api("Bearer b3BhcXV", route)) == "ALLOW(live)");
}

TEST_CASE("introspector: neither copied nor moved, as its policies refer to it") {
    using type = introspector<scripted_server>;
    static_assert(!std::is_copy_constructible_v<type> && !std::is_move_constructible_v<type>);
    static_assert(!std::is_copy_assignable_v<type> && !std::is_move_assignable_v<type>);
    SUCCEED();
}

TEST_CASE("introspector: the caller of one call gets its facts, an answered one and a failed one") {
    scripted_server server{.otherwise = says(r_plus(3600))};
    introspector_options options = at_the_start();
    options.retry.max_attempts = 1;
    direct_api api{std::move(options), server};
    outlast::report facts;
    CHECK(api("Bearer tokA", {}, outlast::forever, {.facts = &facts}).allowed());
    CHECK(facts.attempts == 1);
    server.otherwise = answers(503).with("Retry-After", "17");
    CHECK_FALSE(api("Bearer tokB", {}, outlast::forever, {.facts = &facts}).allowed());
    CHECK(facts.attempts == 1);
    CHECK(facts.retry_after == 17s);
}

TEST_CASE("introspector: a deadline that has passed, or a stop, means a 503 without a call") {
    scripted_server server{.otherwise = says(r_plus(3600))};
    direct_api api{profile_d(), server};
    const auto past = std::chrono::steady_clock::now() - 1s;
    const decision late = api("Bearer tokA", {}, outlast::forever, {.deadline = past});
    CHECK(words_of(late) == "503(5)");
    CHECK(late.because == reason::timed_out);
    std::stop_source stop;
    stop.request_stop();
    const decision stopped = api("Bearer tokA", {}, outlast::forever, {.stop = stop.get_token()});
    CHECK(words_of(stopped) == "503(5)");
    CHECK(stopped.because == reason::shed);
    CHECK(server.calls() == 0);
}
