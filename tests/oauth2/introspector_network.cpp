// SPDX-License-Identifier: BSL-1.0
//
// The introspector and the network: what fails on the way, the breaker, and recovery.
#include <outlast/oauth2/introspector.hpp>

#include "support/catch.hpp"
#include "support/story.hpp"

#include <chrono>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace http = outlast::http;
using namespace outlast::oauth2;
using namespace outlast_tests;
using namespace std::chrono_literals;
using outlast::circuit_state;

namespace {

/// O-67: the server refuses, and five tokens open the breaker from 0.5 s until 10.5 s.
void open_breaker(story& s) {
    s.server.otherwise = refuses();
    s.at(0s);
    for (const char* token : {"t1", "t2", "t3", "t4", "t5"})
        s.request(token);
}

} // namespace

// --- G. network ---

TEST_CASE("O-56 connection refused") {
    story s;
    s.server.otherwise = refuses();
    const told t = s.at(0s).request("tokA");
    CHECK(t == "503(5), calls 2");
    CHECK(t.finished == outlast::instant{100ms});
    CHECK(t.d.because == reason::connection_refused);
    CHECK(s.counted() == outlast::tally{.recorded = 2, .failed = 2});
}

TEST_CASE("O-57 accepted but silent") {
    // Cut off by the driver; ended by the transport at its deadline; ended a little later.
    for (const reply& silent : {hangs(), fails(http::errc::answer_timeout).after(2s),
                                fails(http::errc::answer_timeout).after(2100ms)}) {
        story s;
        s.server.otherwise = silent;
        const told t = s.at(0s).request("tokA");
        CHECK(t == "503(5), calls 1");
        CHECK(t.finished == outlast::instant{2s});
        CHECK(t.d.because == reason::timed_out);
        CHECK(s.counted() == outlast::tally{.recorded = 1, .failed = 1});
    }
}

TEST_CASE("introspector: what was lost only at the end of the attempt's time is not repeated") {
    story s;
    s.server.otherwise = fails(http::errc::connection_reset).after(2s);
    const told t = s.at(0s).request("tokA");
    CHECK(t == "503(5), calls 1");
    CHECK(t.finished == outlast::instant{2s});
}

TEST_CASE("O-57 a timeout lets a stale verdict stand in") { // the leader does not wait less yet
    story s;
    s.place("tokA", -70s, 3600);
    s.server.otherwise = hangs();
    CHECK(s.at(0s).request("tokA") == "ALLOW(stale), calls 1");
}

TEST_CASE("O-58 reset in mid-body") {
    for (const http::errc lost : {http::errc::connection_reset, http::errc::closed_early}) {
        story s;
        s.server.first = {fails(lost)};
        s.server.otherwise = says(r_plus(3600));
        CHECK(s.request("tokA") == "ALLOW(live), calls 2");
        CHECK(s.counted() == outlast::tally{.recorded = 2, .failed = 1});
        story both;
        both.server.otherwise = fails(lost);
        CHECK(both.request("tokA") == "503(5), calls 2");
        CHECK(both.counted() == outlast::tally{.recorded = 1, .failed = 1}); // the same token
    }
}

TEST_CASE("S8 one token, however often it fails, does not open the breaker; ten tokens do") {
    for (const reply& wrong :
         {answers(500), answers(502), answers(429), says("{}"), answers(302),
          fails(http::errc::answer_timeout), fails(http::errc::connection_reset)}) {
        story s;
        s.server.otherwise = wrong;
        for (int i = 0; i != 50; ++i)
            s.request("crafted");
        CHECK(s.counted().failed == 1);
        CHECK(s.breaker() == circuit_state::closed);
        for (int i = 0; i != 9; ++i)
            s.request("tok" + std::to_string(i));
        CHECK(s.breaker() == circuit_state::open);
    }
}

// What the transport makes of them on a socket is in tests/http/curl.cpp.
TEST_CASE("O-44 chunked body that never ends") {
    story s;
    s.server.otherwise = fails(http::errc::answer_timeout).after(2s);
    const told t = s.at(0s).request("tokA");
    CHECK(t == "503(5), calls 1");
    CHECK(t.finished == outlast::instant{2s});
    CHECK(t.d.because == reason::timed_out);
    CHECK(s.counted() == outlast::tally{.recorded = 1, .failed = 1});
}

TEST_CASE("O-59 slow headers") {
    story s;
    s.server.otherwise = fails(http::errc::answer_timeout).after(2s);
    CHECK(s.request("tokA") == "503(5), calls 1");
}

TEST_CASE("O-60 DNS") {
    for (const http::errc e : {http::errc::name_not_found, http::errc::name_lookup_failed}) {
        story s;
        s.place("tokA", -70s, 3600);
        s.server.otherwise = fails(e);
        CHECK(s.at(0s).request("tokB") == "503(5), calls 2");
        CHECK(s.request("tokA") == "ALLOW(stale), calls 2");
    }
}

TEST_CASE("O-61 O-62 a certificate that has expired, or is for another host") {
    for (const http::errc e : {http::errc::certificate_expired, http::errc::certificate_wrong_host,
                               http::errc::certificate_untrusted, http::errc::tls_failed}) {
        story s;
        s.place("tokA", -70s, 3600);
        s.server.otherwise = fails(e);
        const told t = s.at(0s).request("tokB");
        CHECK(t == "503(5), calls 1");
        CHECK(t.d.because == reason::tls_failed);
        CHECK(s.request("tokA") == "ALLOW(stale), calls 1");
        CHECK(s.counted() == outlast::tally{.recorded = 2, .failed = 2});
    }
}

TEST_CASE("introspector: what is repeated, and what is not") {
    const auto attempts = [](const reply& r) {
        story s;
        s.server.otherwise = r;
        return s.request("tokA").calls;
    };
    using enum http::errc;
    for (const http::errc e : {name_not_found, name_lookup_failed, connection_refused, unreachable,
                               connection_reset, closed_early})
        CHECK(attempts(fails(e)) == 2);
    for (const http::errc e : {connect_timeout, answer_timeout, tls_failed, tls_timeout, malformed,
                               too_large, bad_request, no_free_connection, local_resources})
        CHECK(attempts(fails(e)) == 1);
    for (const int status : {502, 503, 504})
        CHECK(attempts(answers(status)) == 2);
    for (const int status : {200, 201, 302, 400, 401, 403, 404, 408, 422, 429, 500, 501})
        CHECK(attempts(answers(status)) == 1);
    CHECK(attempts(answers(502).with("Retry-After", "1")) == 1);
}

TEST_CASE("introspector: an attempt that the overall time cut short is not recorded") {
    story s;
    s.server.first = {fails(http::errc::connection_reset).after(1500ms)};
    s.server.otherwise = hangs();
    const told t = s.at(0s).request("tokA");
    CHECK(t == "503(5), calls 2");
    CHECK(t.finished == outlast::instant{3s}); // the second had 1.4 s
    CHECK(s.counted() == outlast::tally{.recorded = 1, .failed = 1});
}

TEST_CASE("introspector: what ended on our own side counts neither way") {
    story s;
    s.place("tokA", -70s, 3600);
    for (const http::errc e : {http::errc::no_free_connection, http::errc::local_resources,
                               http::errc::cancelled, http::errc::bad_request}) {
        s.server.otherwise = fails(e);
        CHECK(s.request("t" + std::to_string(static_cast<int>(e))) == "503(5), calls 1");
    }
    CHECK(s.counted() == outlast::tally{});
    s.server.otherwise = fails(http::errc::no_free_connection);
    CHECK(s.request("tokA") == "ALLOW(stale), calls 1"); // shed is DOWN all the same
}

TEST_CASE("introspector: without credentials of our own there is no call, and no failure counts") {
    introspector_options options = profile_d();
    options.auth = client_credentials_maker{"rs", [] { return std::nullopt; }};
    story s{std::move(options)};
    s.place("tokA", -70s, 3600);
    const told t = s.at(0s).request("tokB");
    CHECK(t == "503(5), calls 0");
    CHECK(t.d.because == reason::no_credentials);
    CHECK(s.request("tokA") == "ALLOW(stale), calls 0");
    CHECK(s.counted() == outlast::tally{});
}

TEST_CASE("introspector: an answer that is late for its caller is kept for the next") {
    story s;
    s.server.otherwise = says(r_plus(3600)).after(2s);
    CHECK(s.at(0s).request("tokA") == "503(5), calls 1");
    CHECK(s.at(3s).request("tokA") == "ALLOW(cached), calls 0");
}

TEST_CASE("introspector: who holds a stale verdict fares no worse when the answer comes late") {
    story s;
    s.place("tokA", -70s, 3600);
    s.server.otherwise = says(r_plus(3600)).after(2s);
    CHECK(s.at(0s).request("tokA") == "ALLOW(live), calls 1");
    s.place("tokB", -70s, 3600);
    s.server.otherwise = says(r_minus).after(2s);
    CHECK(s.request("tokB") == "401-IT, calls 1"); // and no better: a no is a no
    CHECK(s.entry("tokB") == "N until 14 s");
}

// --- I. breaker and recovery ---

TEST_CASE("O-67 open, nothing cached") {
    story s;
    s.server.otherwise = refuses();
    for (const char* token : {"t1", "t2", "t3", "t4"})
        CHECK(s.request(token) == "503(5), calls 2");
    CHECK(s.breaker() == circuit_state::closed);
    // The one that opens it says 5: for how long it is open is told from the next on.
    CHECK(s.request("t5").calls == 2);
    CHECK(s.time() == outlast::instant{500ms});
    CHECK(s.breaker() == circuit_state::open);
    const told t = s.at(1s).request("t6");
    CHECK(t == "503(10), calls 0");
    CHECK(t.d.because == reason::circuit_open);
    CHECK(s.at(10499ms).breaker() == circuit_state::open);
    CHECK(s.at(10500ms).breaker() == circuit_state::half_open);
}

TEST_CASE("O-68 open, fresh entry") {
    story s;
    open_breaker(s);
    s.place("tokA", 0s, 3600);
    CHECK(s.at(5s).request("tokA") == "ALLOW(cached), calls 0");
}

TEST_CASE("O-69 open, stale entry") {
    story s;
    s.place("tokA", -70s, 3600);
    open_breaker(s);
    const told t = s.at(2s).request("tokA");
    CHECK(t == "ALLOW(stale), calls 0");
    CHECK(t.d.age == 72s);
}

TEST_CASE("introspector: an open breaker is no reason for a strict route to be content") {
    story s;
    s.place("tokA", 0s, 3600);
    open_breaker(s);
    CHECK(s.at(2s).strict("tokA") == "503(9), calls 0");
}

TEST_CASE("introspector: a token that expires while the breaker is open gets its 401") {
    story s;
    s.place("tokA", 0s, 5);
    open_breaker(s);
    CHECK(s.at(4s).request("tokA") == "ALLOW(cached), calls 0");
    CHECK(s.at(5s).request("tokA") == "401-IT, calls 0");
}

TEST_CASE("O-70 half-open succeeds") {
    story s;
    open_breaker(s);
    s.at(9s).server.otherwise = says(r_plus(3600));
    CHECK(s.at(11s).request("tokA") == "ALLOW(live), calls 1");
    CHECK(s.breaker() == circuit_state::half_open);
    CHECK(s.request("tokB") == "ALLOW(live), calls 1");
    CHECK(s.breaker() == circuit_state::closed);
    CHECK(s.request("tokC") == "ALLOW(live), calls 1");
}

TEST_CASE("O-71 half-open fails") { // for 10 s again: the time does not double yet
    story s;
    open_breaker(s);
    CHECK(s.at(11s).request("tokA").calls == 1); // the second attempt finds it open
    CHECK(s.at(12s).request("tokB") == "503(9), calls 0");
}

TEST_CASE("introspector: in an outage a probe over a token that failed before is a failed probe") {
    introspector_options options = profile_d();
    options.breaker.open_for = 2s;
    story s{std::move(options)};
    std::vector<std::string> tokens;
    for (int i = 0; i != 12; ++i)
        s.place(tokens.emplace_back("tok" + std::to_string(i)), -70s, 3600);
    s.server.otherwise = answers(500);
    for (const std::string& token : tokens)
        CHECK(s.request(token).words == "ALLOW(stale)");
    CHECK(s.server.calls() == 10);
    CHECK(s.breaker() == circuit_state::open);
    for (const auto when : {3s, 6s}) {
        s.at(when);
        for (const std::string& token : tokens)
            CHECK(s.request(token).words == "ALLOW(stale)");
        CHECK(s.breaker() == circuit_state::open);
    }
    CHECK(s.server.calls() == 12); // one a time
}

TEST_CASE("introspector: who holds a stale verdict probes first, the others follow") {
    story s;
    s.place("stale", -50s, 3600);
    open_breaker(s);
    CHECK(s.at(10'600ms).request("tokA") == "503(1), calls 0"); // held back until 11 s
    CHECK(s.request("stale") == "ALLOW(stale), calls 1");       // lost nothing: it was refused
    CHECK(s.breaker() == circuit_state::open);
    s.at(20'700ms).server.otherwise = says(r_plus(3600));
    CHECK(s.breaker() == circuit_state::half_open);
    CHECK(s.strict("stale") == "503(1), calls 0"); // a strict route has something to lose
    CHECK(s.request("stale") == "ALLOW(live), calls 1");
    CHECK(s.request("tokA") == "ALLOW(live), calls 1"); // one good probe is enough for that
    CHECK(s.breaker() == circuit_state::closed);
}

TEST_CASE("O-72 herd at recovery") { // two probes instead of three
    story s;
    for (int i = 0; i != 500; ++i)
        s.place("tok" + std::to_string(i), -70s, 3600);
    open_breaker(s);
    s.at(10'500ms).server.otherwise = says(r_plus(3600)).after(50ms);
    const std::size_t before = s.server.calls();
    std::vector<call*> all;
    for (int i = 0; i != 500; ++i)
        all.push_back(&s.at(10'500ms + 20us * i).begin("tok" + std::to_string(i)));
    s.run();
    CHECK(s.server.calls() - before == 2);
    int live = 0;
    for (call* c : all) {
        const told t = s.tell(*c);
        live += t.words == "ALLOW(live)";
        CHECK((t.words == "ALLOW(live)" || t.words == "ALLOW(stale)"));
    }
    CHECK(live == 2);
    CHECK(s.breaker() == circuit_state::closed);
}

TEST_CASE("introspector: a probe that says nothing about the server wedges nothing") {
    for (const reply& odd :
         {answers(400), answers(401), answers(403), fails(http::errc::no_free_connection)}) {
        story s;
        open_breaker(s);
        s.server.otherwise = odd;
        for (const char* token : {"tokA", "tokB"})
            CHECK(s.at(11s).request(token) == "503(5), calls 1");
        CHECK(s.breaker() == circuit_state::half_open);
        s.server.otherwise = says(r_minus); // a no of the server's is a success
        CHECK(s.request("tokC") == "401-IT, calls 1");
        CHECK(s.request("tokD") == "401-IT, calls 1");
        CHECK(s.breaker() == circuit_state::closed);
    }
}

TEST_CASE("O-74 inactive is a success") {
    story s;
    s.server.otherwise = says(r_minus);
    for (int i = 0; i != 100; ++i)
        CHECK(s.request("tok" + std::to_string(i)) == "401-IT, calls 1");
    CHECK(s.breaker() == circuit_state::closed);
    CHECK(s.counted() == outlast::tally{.recorded = 20, .failed = 0});
}
