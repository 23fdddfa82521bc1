// SPDX-License-Identifier: BSL-1.0
//
// Several endpoints of one authorization server: who is asked next, and who never is.
#include "support/catch.hpp"
#include "support/story.hpp"

#include <chrono>
#include <initializer_list>
#include <map>
#include <string>
#include <vector>

namespace http = outlast::http;
using namespace outlast::oauth2;
using namespace outlast_tests;
using namespace std::chrono_literals;
using outlast::circuit_state;

namespace {

const std::string first_url = "https://as.example/introspect";
const std::string second_url = "https://as2.example/introspect";

introspector_options two_endpoints(endpoint_order order = endpoint_order::preference) {
    introspector_options o = profile_d();
    o.endpoints.push_back(second_url);
    o.order = order;
    o.retry.max_attempts = 1;
    return o;
}

/// Which endpoints were asked, in order: "12".
std::string asked(const story& s) {
    std::string order;
    for (const http::request& r : s.server.asked)
        order += r.url == first_url ? '1' : r.url == second_url ? '2' : '?';
    return order;
}

} // namespace

TEST_CASE("endpoints: what one cannot tell, the next is asked at once; each breaker sees its own") {
    for (const reply& wrong :
         {refuses(), fails(http::errc::name_not_found), fails(http::errc::certificate_expired),
          fails(http::errc::connection_reset), fails(http::errc::answer_timeout), answers(500),
          answers(503), answers(408), answers(429).with("Retry-After", "17"), says("{}"),
          says("<html>"), answers(302), answers(204)}) {
        INFO(wrong.answer.status << ' ' << wrong.lost.message());
        story s{two_endpoints()};
        s.server.first = {wrong};
        s.server.otherwise = says(r_plus(3600));
        CHECK(s.at(0s).request("tokA") == "ALLOW(live), calls 2");
        CHECK(asked(s) == "12");
        CHECK(s.time() == outlast::instant{});
        CHECK(s.api.breaker(0).window(s.time()) == outlast::tally{.recorded = 1, .failed = 1});
        CHECK(s.api.breaker(1).window(s.time()) == outlast::tally{.recorded = 1});
    }
}

TEST_CASE("S12 a definite answer, a fault and an odd one are never taken to a second endpoint") {
    for (const reply& said : {says(r_plus(3600)), says(r_minus), says(r_plus(-60)),
                              answers(400, R"({"error":"unsupported_token_type"})"), answers(400),
                              answers(401), answers(403), answers(404), answers(405), answers(413),
                              answers(415), answers(422), fails(http::errc::no_free_connection),
                              fails(http::errc::cancelled), fails(http::errc::bad_request)}) {
        INFO(said.answer.status << ' ' << said.answer.body << said.lost.message());
        story s{two_endpoints()};
        s.server.otherwise = said;
        CHECK(s.request("tokA").calls == 1);
        CHECK(asked(s) == "1");
    }
}

TEST_CASE("S12 what the second says is final, and kept") {
    story s{two_endpoints()};
    s.server.first = {refuses()};
    s.server.otherwise = says(r_minus);
    CHECK(s.at(0s).request("tokA") == "401-IT, calls 2");
    s.server.otherwise = says(r_plus(3600));
    CHECK(s.at(1s).request("tokA") == "401-IT, calls 0");
}

TEST_CASE("S22 each endpoint is asked with credentials of its own") {
    introspector_options o = two_endpoints();
    int made = 0;
    o.auth = client_credentials_maker{
        "rs", [&]() -> std::optional<fresh_credentials> {
            fresh_credentials c;
            c.parameters.push_back({"client_assertion", secret{"jwt" + std::to_string(++made)}});
            return c;
        }};
    story s{std::move(o)};
    s.server.first = {refuses()};
    s.server.otherwise = says(r_plus(3600));
    CHECK(s.request("tokA") == "ALLOW(live), calls 2");
    CHECK(s.server.asked[0].body.ends_with("&client_assertion=jwt1"));
    CHECK(s.server.asked[1].body.ends_with("&client_assertion=jwt2"));
}

TEST_CASE("endpoints: an open breaker is passed over, until its time to be probed") {
    story s{two_endpoints()};
    s.server.otherwise = says(r_plus(3600));
    for (int i = 0; i != 10; ++i) {
        s.server.first = {refuses()};
        CHECK(s.at(0s).request("tok" + std::to_string(i)) == "ALLOW(live), calls 2");
    }
    CHECK(s.breaker() == circuit_state::open);
    CHECK(s.api.breaker(1).state(s.time()) == circuit_state::closed);
    s.server.asked.clear();
    CHECK(s.at(5s).request("tokX") == "ALLOW(live), calls 1");
    CHECK(asked(s) == "2");
    s.at(11s);
    for (const char* token : {"p1", "p2", "p3"})
        CHECK(s.request(token) == "ALLOW(live), calls 1");
    CHECK(s.breaker() == circuit_state::closed);
    CHECK(asked(s) == "2111");
}

TEST_CASE("endpoints: one that hangs leaves the next what is left of the overall time") {
    story s{two_endpoints()};
    s.server.first = {hangs()};
    s.server.otherwise = says(r_plus(3600)).after(500ms);
    CHECK(s.at(0s).request("tokA") == "ALLOW(live), calls 2");
    CHECK(s.time() == outlast::instant{2500ms});
    story both{two_endpoints()};
    both.server.otherwise = hangs();
    const told t = both.at(0s).request("tokA");
    CHECK(t == "503(5), calls 2");
    CHECK(t.finished == outlast::instant{3s});
    CHECK(both.counted().failed == 1);
    CHECK(both.api.breaker(1).window(t.finished) == outlast::tally{}); // it had a second only
}

TEST_CASE(
    "endpoints: all away: stale verdicts stand in, and the others are told the earliest time") {
    story s{two_endpoints()};
    s.place("known", -70s, 3600);
    s.server.otherwise = answers(503).with("Retry-After", "17");
    CHECK(s.at(0s).request("known") == "ALLOW(stale), calls 2");
    s.server.first = {answers(503).with("Retry-After", "40")};
    CHECK(s.request("tokA") == "503(17), calls 2");
    s.server.first = {answers(429).with("Retry-After", "9")};
    CHECK(s.request("tokB") == "503(9), calls 2");
    s.server.first = {answers(500)}; // which says nothing: 5
    CHECK(s.request("tokC") == "503(5), calls 2");
    s.server.first = {refuses(), says("{}")};
    CHECK(s.request("tokD") == "503(5), calls 2");
}

TEST_CASE("endpoints: all breakers open: the earliest probe is told") {
    story s{two_endpoints()};
    s.server.otherwise = refuses();
    s.at(0s);
    for (int i = 0; i != 9; ++i)
        s.request("tok" + std::to_string(i));
    s.at(3s).server.first = {refuses(), answers(400)}; // which counts for nothing
    CHECK(s.request("one") == "503(5), calls 2");      // the first opens until 13 s
    CHECK(s.at(5s).request("two").calls == 1);         // the second until 15 s
    CHECK(s.api.breaker(1).state(s.time()) == circuit_state::open);
    CHECK(s.at(6s).request("three") == "503(7), calls 0");
}

TEST_CASE("S8 a token that both fail over counts once for each of them") {
    story s{two_endpoints()};
    s.server.otherwise = answers(500);
    for (int i = 0; i != 8; ++i) // 9.6 s, and no memo of the failure before is in the way
        CHECK(s.at(1200ms * i).request("crafted") == "503(5), calls 2");
    for (const std::size_t i : {0U, 1U})
        CHECK(s.api.breaker(i).window(s.time()) == outlast::tally{.recorded = 1, .failed = 1});
}

TEST_CASE("endpoints: in turn, and each goes on with the next") {
    story s{two_endpoints(endpoint_order::round_robin)};
    s.server.otherwise = says(r_plus(3600));
    for (const char* token : {"t1", "t2", "t3", "t4"})
        CHECK(s.request(token) == "ALLOW(live), calls 1");
    CHECK(asked(s) == "1212");
    s.server.first = {refuses()};
    CHECK(s.request("t5") == "ALLOW(live), calls 2");
    s.server.first = {refuses()};
    CHECK(s.request("t6") == "ALLOW(live), calls 2");
    CHECK(asked(s) == "12121221");
}

TEST_CASE("endpoints: a repetition begins with the first again") {
    introspector_options o = two_endpoints();
    o.retry.max_attempts = 2;
    story s{std::move(o)};
    s.server.first = {refuses(), refuses()};
    s.server.otherwise = says(r_plus(3600));
    CHECK(s.at(0s).request("tokA") == "ALLOW(live), calls 3");
    CHECK(asked(s) == "121");
    CHECK(s.time() == outlast::instant{100ms});
}

TEST_CASE("S11 endpoints of one server share their verdicts, under the name of the first") {
    story one;
    story two{two_endpoints()};
    CHECK(one.key("tokA") == two.key("tokA"));
}

TEST_CASE("O-63 1000 at once, one token, two endpoints: one call each at most") {
    story s{two_endpoints()};
    s.server.first = {refuses().after(50ms)};
    s.server.otherwise = says(r_plus(3600)).after(100ms);
    std::vector<call*> all;
    for (int i = 0; i != 1000; ++i)
        all.push_back(&s.at(10us * i).begin("tokA"));
    s.run();
    for (auto* c : all)
        CHECK(s.tell(*c).words == "ALLOW(live)");
    CHECK(asked(s) == "12");
    CHECK(s.time() == outlast::instant{150ms});
}

namespace {

/// The one endpoint refuses us over these tokens, with the other's breaker open meanwhile.
void is_refused(story& s, std::size_t endpoint, std::initializer_list<const char*> over) {
    s.api.breaker(1 - endpoint).set_mode(outlast::circuit_mode::isolated);
    s.server.otherwise = answers(401);
    for (const char* token : over)
        CHECK(s.request(token).calls == 1);
    s.api.breaker(1 - endpoint).set_mode(outlast::circuit_mode::normal);
}

} // namespace

TEST_CASE("endpoints: each has a latch of its own: who refuses us is passed over, the next asked") {
    story s{two_endpoints()};
    is_refused(s.at(0s), 0, {"t0", "t1", "t2"});
    CHECK(s.latch() == circuit_state::open);
    CHECK(s.api.latch(1).state(s.time()) == circuit_state::closed);
    s.server.asked.clear();
    s.server.otherwise = says(r_plus(3600));
    CHECK(s.at(1s).request("tokA") == "ALLOW(live), calls 1");
    CHECK(asked(s) == "2");
    // When its pause is over, it is tried again.
    CHECK(s.at(30s).request("tokB") == "ALLOW(live), calls 1");
    CHECK(s.request("tokC") == "ALLOW(live), calls 1");
    CHECK(asked(s) == "211");
    CHECK(s.latch() == circuit_state::closed);
}

TEST_CASE("endpoints: all latched: 503 without a call, until the first is tried again") {
    for (const bool stale_on_fault : {false, true}) {
        introspector_options o = two_endpoints();
        o.stale_on_fault = stale_on_fault;
        story s{std::move(o)};
        s.place("known", -70s, 3600);
        is_refused(s.at(0s), 0, {"t0", "t1", "t2"});
        is_refused(s.at(10s), 1, {"t0", "t1", "t2"});
        const told t = s.at(11s).request("tokA");
        CHECK(t == "503(19), calls 0");
        CHECK(t.d.because == reason::fault_latched);
        CHECK(s.request("known") ==
              (stale_on_fault ? "ALLOW(stale), calls 0" : "503(19), calls 0"));
        s.server.otherwise = says(r_plus(3600));
        CHECK(s.at(30s).request("tokA") == "ALLOW(live), calls 1");
    }
}

TEST_CASE("S8 a token over which both refuse us counts once in the row of each") {
    story s{two_endpoints(endpoint_order::round_robin)};
    s.server.otherwise = answers(404);
    for (int i = 0; i != 30; ++i)
        CHECK(s.at(2s * i).request("crafted") == "503(5), calls 1");
    for (const std::size_t i : {0U, 1U}) {
        CHECK(s.api.latch(i).state(s.time()) == circuit_state::closed);
        CHECK(s.api.latch(i).window(s.time()) == outlast::tally{.recorded = 1, .failed = 1});
    }
}

TEST_CASE("S25 an answer by a key that is newer than ours is no fault of its endpoint") {
    introspector_options o = two_endpoints();
    o.only_signed = {
        .issuer = "https://as.example", .audience = "rs", .verify = [](std::string_view) {
            return verified_claims{.json = {}, .why = reason::unknown_key};
        }};
    story s{std::move(o)};
    s.server.otherwise = answers(200, "x.y.z", "application/token-introspection+jwt");
    for (int i = 0; i != 30; ++i)
        CHECK(s.request("tok" + std::to_string(i)) == "503(5), calls 1");
    for (const std::size_t i : {0U, 1U})
        CHECK(s.api.breaker(i).window(s.time()) == outlast::tally{});
}
