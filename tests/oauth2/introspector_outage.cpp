// SPDX-License-Identifier: BSL-1.0
//
// The introspector while its server is away: stale verdicts, negative ones, and strict routes.
#include <outlast/oauth2/introspector.hpp>

#include "support/catch.hpp"
#include "support/story.hpp"

#include <chrono>
#include <string>

using namespace outlast::oauth2;
using namespace outlast_tests;
using namespace std::chrono_literals;

namespace {

/// O-01 has happened, and from `gone` on the server refuses connections.
void outage(story& s, outlast::duration gone, std::int64_t exp = 3600) {
    s.server.otherwise = says(r_plus(exp));
    s.at(0s).request("tokA");
    s.at(gone).server.otherwise = refuses();
}

} // namespace

// --- C. the stale window ---

TEST_CASE("O-20 stale verdict during an outage") {
    story s;
    outage(s, 30s);
    SECTION("the route is content") {
        const told t = s.at(61s).request("tokA");
        CHECK(t == "ALLOW(stale), calls 2");
        CHECK(t.d.age == 61s);
        REQUIRE(t.d.who);
        CHECK(t.d.who->sub == "u1");
        CHECK(t.finished == outlast::instant{61100ms});
        CHECK(s.entry("tokA") == "P fresh until 60 s, stale until 360 s");
    }
    SECTION("the route needs another scope") {
        CHECK(s.at(61s).request("tokA", needs_scope("write")) == "403-IS(write), calls 2");
    }
}

TEST_CASE("O-21 end of the stale window") {
    story s;
    outage(s, 30s);
    s.at(61s).request("tokA");
    CHECK(s.at(359s).request("tokA") == "ALLOW(stale), calls 2");
    CHECK(s.breaker() == outlast::circuit_state::closed);
    CHECK(s.counted() == outlast::tally{.recorded = 5, .failed = 4});
    CHECK(s.at(360s).request("tokA") == "503(5), calls 0"); // the memo lasts until 360.1 s
}

TEST_CASE("O-22 stale never crosses exp") {
    story s;
    outage(s, 1s, 90);
    SECTION("the first use at exp") {
        CHECK(s.at(89s).request("tokA") == "ALLOW(stale), calls 2");
        CHECK(s.at(90s).request("tokA") == "401-IT, calls 0");
    }
    SECTION("exp passes while it is asked about") {
        const told t = s.at(89950ms).request("tokA");
        CHECK(t == "401-IT, calls 2");
        CHECK(t.finished == outlast::instant{90050ms});
        CHECK(s.entry("tokA") == "expired until 100050 ms");
    }
}

TEST_CASE("O-23 no exp, no stale") {
    story s;
    s.server.otherwise = says(R"({"active":true,"aud":"api"})");
    s.at(0s).request("tokA");
    s.at(1s).server.otherwise = refuses();
    CHECK(s.at(29s).request("tokA") == "ALLOW(cached), calls 0");
    CHECK(s.at(31s).request("tokA") == "503(5), calls 2");
}

TEST_CASE("O-24 stale switched off") {
    introspector_options options = profile_d();
    options.lifetimes.stale_for = 0s;
    story s{std::move(options)};
    outage(s, 1s);
    CHECK(s.at(61s).request("tokA") == "503(5), calls 2");
}

TEST_CASE("O-25 revoked while we were stale") {
    story s; // without the metric stale_then_inactive
    outage(s, 30s);
    s.at(61s).request("tokA");
    s.at(100s).server.otherwise = says(r_minus);
    CHECK(s.request("tokA") == "401-IT, calls 1");
    CHECK(s.entry("tokA") == "N until 110 s");
    CHECK(s.api.store().size() == 1);
    CHECK(s.at(101s).request("tokA") == "401-IT, calls 0");
}

TEST_CASE("S4 a no drops the yes, also for the time when it is itself over") {
    story s;
    outage(s, 30s);
    s.at(100s).server.otherwise = says(r_minus);
    s.request("tokA");
    s.server.otherwise = refuses();
    CHECK(s.at(110s).request("tokA") == "503(5), calls 2"); // still inside the old stale window
}

TEST_CASE("O-26 strict route") {
    story s;
    outage(s, 1s);
    CHECK(s.at(10s).strict("tokA") == "503(5), calls 2");
    CHECK(s.request("tokA") == "ALLOW(cached), calls 0");
    CHECK(s.at(70s).strict("tokA") == "503(5), calls 2");
    CHECK(s.at(72s).request("tokA") == "ALLOW(stale), calls 2");
    CHECK(s.entry("tokA") == "P fresh until 60 s, stale until 360 s");
}

TEST_CASE("O-26 a strict route gets live answers, which are kept for the others") {
    story s;
    s.server.otherwise = says(r_plus(3600));
    CHECK(s.at(0s).strict("tokA") == "ALLOW(live), calls 1");
    CHECK(s.at(10s).strict("tokA") == "ALLOW(live), calls 1");
    CHECK(s.entry("tokA") == "P fresh until 70 s, stale until 370 s");
    s.server.otherwise = says(r_minus);
    CHECK(s.at(20s).strict("tokA") == "401-IT, calls 1");
    CHECK(s.entry("tokA") == "N until 30 s");
}

TEST_CASE("introspector: a route may bound the age of a verdict, fresh or stale") {
    story s;
    outage(s, 1s);
    CHECK(s.at(10s).request("tokA", 10s) == "ALLOW(cached), calls 0");
    CHECK(s.at(11s).request("tokA", 10s) == "503(5), calls 2");
    CHECK(s.at(70s).request("tokA", 70s) == "ALLOW(stale), calls 2");
    CHECK(s.at(72s).request("tokA", 70s) == "503(5), calls 2");
    // A negative age is no age at all: strict.
    CHECK(s.at(74s).request("tokA", -1s) == "503(5), calls 2");
    CHECK(s.at(76s).request("tokA", outlast::duration::min()).words ==
          "503(10)"); // the breaker has opened
}

TEST_CASE("introspector: negative and expired entries answer a strict route without a call") {
    story s;
    s.server.otherwise = says(r_minus);
    s.at(0s).request("tokA");
    CHECK(s.at(5s).strict("tokA") == "401-IT, calls 0");
    s.server.otherwise = says(r_plus(30));
    s.at(20s).request("tokB");
    CHECK(s.at(30s).strict("tokB") == "401-IT, calls 0");
    CHECK(s.at(35s).strict("tokB") == "401-IT, calls 0");
    CHECK(s.entry("tokB") == "expired until 40 s");
}

TEST_CASE("O-27 our own credentials are refused while an entry is stale") {
    for (const bool stale_on_fault : {false, true}) {
        introspector_options options = profile_d();
        options.stale_on_fault = stale_on_fault;
        story s{std::move(options)};
        s.server.otherwise = says(r_plus(3600));
        s.at(0s).request("tokA");
        s.at(60s).server.otherwise = answers(401, R"({"error":"invalid_client"})");
        CHECK(s.at(61s).request("tokA") ==
              (stale_on_fault ? "ALLOW(stale), calls 1" : "503(5), calls 1"));
        CHECK(s.entry("tokA") == "P fresh until 60 s, stale until 360 s");
        // The same for the latch that this sets.
        s.at(62s).request("tokB");
        s.at(63s).request("tokC");
        CHECK(s.latch() == outlast::circuit_state::open);
        CHECK(s.at(64s).request("tokA") ==
              (stale_on_fault ? "ALLOW(stale), calls 0" : "503(29), calls 0"));
    }
}

TEST_CASE("introspector: stale on fault is not stale on odd") {
    introspector_options options = profile_d();
    options.stale_on_fault = true;
    story s{std::move(options)};
    outage(s, 1s);
    s.server.otherwise = answers(400, R"({"error":"invalid_request"})");
    CHECK(s.at(61s).request("tokA") == "503(5), calls 1");
}

// --- D. negative results ---

TEST_CASE("O-28 negative cached") {
    story s;
    s.server.otherwise = says(r_minus);
    s.at(0s).request("tokA");
    const told t = s.at(9s).request("tokA");
    CHECK(t == "401-IT, calls 0");
    CHECK(t.d.age == 9s);
}

TEST_CASE("O-29 late replica") {
    story s;
    s.server.otherwise = says(r_minus);
    s.at(0s).request("tokA");
    s.at(5s).server.otherwise = says(r_plus(3600));
    CHECK(s.at(9s).request("tokA") == "401-IT, calls 0");
    CHECK(s.at(10s).request("tokA") == "ALLOW(live), calls 1");
    CHECK(s.entry("tokA") == "P fresh until 70 s, stale until 370 s");
    CHECK(s.api.store().size() == 1);
}

TEST_CASE("O-30 a failure is never a negative entry") {
    story s;
    s.server.otherwise = refuses();
    CHECK(s.at(0s).request("tokA") == "503(5), calls 2");
    CHECK(s.api.store().size() == 0);
    s.at(1s).server.otherwise = says(r_plus(3600));
    CHECK(s.at(2s).request("tokA") == "ALLOW(live), calls 1");
}

TEST_CASE("O-31 inactive with extra members") {
    story s;
    s.server.otherwise = says(R"({"active":false,"exp":1700099999,"sub":"u1","scope":"read"})");
    CHECK(s.at(0s).request("tokA") == "401-IT, calls 1");
    CHECK(s.entry("tokA") == "N until 10 s");
    CHECK_FALSE(s.api.store().find(s.key("tokA"))->value.said);
}

TEST_CASE("introspector: a negative entry that is over stands in for nothing") {
    story s;
    s.server.otherwise = says(r_minus);
    s.at(0s).request("tokA");
    s.server.otherwise = refuses();
    CHECK(s.at(10s).request("tokA") == "503(5), calls 2"); // cannot tell, not a no
    CHECK(s.entry("tokA") == "N until 10 s");
}

TEST_CASE("introspector: no error makes a negative entry or takes a positive one away") {
    for (const reply& wrong : {refuses(),
                               hangs(),
                               says("{}"),
                               says("<html>"),
                               answers(302),
                               answers(400),
                               answers(401),
                               answers(403),
                               answers(404),
                               answers(408),
                               answers(422),
                               answers(429),
                               answers(500),
                               answers(503).with("Retry-After", "17"),
                               answers(599),
                               answers(0),
                               fails(outlast::http::errc::certificate_expired),
                               fails(outlast::http::errc::no_free_connection),
                               fails(outlast::http::errc::bad_request),
                               reply{.lost = std::make_error_code(std::errc::io_error)}}) {
        INFO(wrong.answer.status << ' ' << wrong.lost.message());
        story s;
        s.server.otherwise = says(r_plus(3600));
        s.at(0s).request("tokA");
        s.server.otherwise = wrong;
        CHECK(s.at(10s).strict("tokA").d.status == 503);
        CHECK(s.at(20s).request("tokB").d.status == 503);
        CHECK(s.entry("tokA") == "P fresh until 60 s, stale until 360 s");
        CHECK(s.api.store().size() == 1);
    }
}

// --- the two clocks ---

TEST_CASE("S3 a step of the wall clock moves no age and no breaker") {
    for (const outlast::duration step : {outlast::duration{2h}, outlast::duration{-2h}}) {
        CAPTURE(step);
        story s;
        s.server.otherwise = says(r_plus(86'400));
        s.at(0s).request("tokA");
        s.server.otherwise = refuses();
        for (const char* token : {"t1", "t2", "t3", "t4", "t5"})
            s.request(token); // opens the breaker at 0.5 s, for 10 s
        s.wall_step = step;
        CHECK(s.at(1s).request("t6") == "503(10), calls 0");
        const told cached = s.at(59s).request("tokA");
        CHECK(cached == "ALLOW(cached), calls 0");
        CHECK(cached.d.age == 59s);
        const told stale = s.at(61s).request("tokA");
        CHECK(stale.words == "ALLOW(stale)");
        CHECK(stale.d.age == 61s);
        CHECK(s.at(360s).request("tokA").words == "503(10)"); // a probe failed; the window is over
    }
}

TEST_CASE("S3 a wall clock set back does not lengthen a token's life") {
    story s;
    s.server.otherwise = says(r_plus(100));
    s.at(0s).request("tokA");
    s.server.otherwise = refuses();
    s.wall_step = -1h;
    CHECK(s.at(99s).request("tokA") == "ALLOW(stale), calls 2");
    CHECK(s.at(100s).request("tokA") == "401-IT, calls 0");
}

TEST_CASE("S3 a wall clock that was behind and is set right ends a token at its exp") {
    story s;
    s.wall_step = -1h;
    s.server.otherwise = says(r_plus(100));
    s.at(0s).request("tokA");
    s.wall_step = 0s;
    CHECK(s.at(59s).request("tokA") == "ALLOW(cached), calls 0");
    s.server.otherwise = refuses();
    CHECK(s.at(99s).request("tokA") == "ALLOW(stale), calls 2");
    CHECK(s.at(100s).request("tokA") == "401-IT, calls 0");
}

// --- the memo of failures ---

TEST_CASE("memo: for a second the same outcome again, whatever it was, and no call") {
    struct outcome {
        reply says;
        const char* words;
        std::size_t calls;
    };
    for (const outcome& o :
         {outcome{refuses(), "503(5)", 2},                                     // DOWN
          outcome{says("{"), "503(5)", 1},                                     // BAD
          outcome{answers(401, R"({"error":"invalid_client"})"), "503(5)", 1}, // FAULT
          outcome{answers(400), "503(5)", 1}}) {                               // ODD
        story s;
        s.server.otherwise = o.says;
        const told first = s.request("tokA");
        CHECK(first.words == o.words);
        CHECK(first.calls == o.calls);
        s.server.otherwise = says(r_plus(3600));
        const told again = s.at(900ms).request("tokA");
        CHECK(again.words == first.words);
        CHECK(again.calls == 0);
        CHECK(again.d.because == first.d.because);
        CHECK(s.request("tokB") == "ALLOW(live), calls 1"); // another token
        CHECK(s.at(1100ms).request("tokA") == "ALLOW(live), calls 1");
    }
}

TEST_CASE("memo: what made no call leaves none") {
    story s;
    for (int i = 0; i != 10; ++i) {
        s.server.otherwise = refuses();
        s.request("tok" + std::to_string(i));
    }
    REQUIRE(s.breaker() == outlast::circuit_state::open);
    CHECK(s.request("tokA").calls == 0); // refused by the breaker
    s.server.otherwise = says(r_plus(3600));
    s.api.breaker().set_mode(outlast::circuit_mode::disabled);
    CHECK(s.request("tokA") == "ALLOW(live), calls 1");
}

TEST_CASE("memo: a token that is forgotten is asked about again") {
    story s;
    s.server.otherwise = refuses();
    CHECK(s.request("tokA") == "503(5), calls 2");
    s.server.otherwise = says(r_plus(3600));
    s.api.forget("tokA");
    CHECK(s.request("tokA") == "ALLOW(live), calls 1");
}
