// SPDX-License-Identifier: BSL-1.0
//
// After an outage: what became of the tokens that were served stale, and an endpoint that is back without
// a request.
#include <outlast/oauth2/introspector.hpp>

#include "support/catch.hpp"
#include "support/stale_words.hpp"
#include "support/story.hpp"

#include <chrono>
#include <set>
#include <string>
#include <string_view>
#include <utility>

using namespace outlast::oauth2;
using namespace outlast_tests;
using namespace std::chrono_literals;
using outlast::circuit_state;

namespace {

constexpr bool is_revoked(int n) { return n % 7 == 3; } // 7 of 50

std::string name(int n) { return "tok" + std::to_string(n); }

introspector_options keeping_tokens() {
    introspector_options o = profile_d();
    o.stale_ledger.keep_tokens = true;
    return o;
}

/// A server that is away, and so many tokens that are served stale once.
void outage(story& s, int tokens = 50) {
    s.server.otherwise = refuses();
    for (int n = 0; n != tokens; ++n) {
        s.place(name(n), -70s, 3600);
        CHECK(s.at(0s).request(name(n)).words == "ALLOW(stale)");
    }
}

/// It is back, and seven of fifty tokens have been revoked.
void back(story& s) {
    s.server.otherwise = says(r_plus(3600));
    for (int n = 0; n != 50; ++n)
        if (is_revoked(n))
            s.server.of[name(n)] = {says(r_minus)};
}

/// An outage that is over, and has left the breaker closed.
void outage_and_back(story& s, int tokens = 50) {
    outage(s, tokens);
    back(s);
    s.at(30s);
    s.api.breaker().close();
}

bool is_refused_by_breaker(const outlast::result<knowledge>& r) {
    return !r && r.error().why() == outlast::refusal::circuit_open;
}

} // namespace

TEST_CASE("O-73 verification after recovery") {
    story s;
    outage(s);
    CHECK(s.server.calls() == 10);
    CHECK(s.api.stale_tokens() == stale_counts{.served = 50, .waiting = 50});
    s.at(30s);
    back(s);
    s.at(31s);
    for (int n = 0; n != 50; ++n)
        CHECK(s.request(name(n)) == (is_revoked(n) ? "401-IT, calls 1" : "ALLOW(live), calls 1"));
    CHECK(s.server.calls() == 60);
    CHECK(s.breaker() == circuit_state::closed);
    CHECK(s.api.stale_tokens() == stale_counts{.served = 50, .active = 43, .inactive = 7});
}

TEST_CASE(
    "O-73 each token that was served stale is asked about again, one a step, without a request") {
    story s{keeping_tokens()};
    outage(s);
    back(s);
    CHECK_FALSE(s.at(31s).recheck()); // it is for clients and probes to close the breaker
    CHECK(s.breaker() == circuit_state::half_open);
    CHECK(s.request(name(0)) == "ALLOW(live), calls 1");
    CHECK(s.request(name(1)) == "ALLOW(live), calls 1");
    REQUIRE(s.breaker() == circuit_state::closed);
    for (int step = 0; step != 48; ++step) {
        const std::size_t before = s.server.calls();
        CHECK(s.recheck());
        CHECK(s.server.calls() == before + 1);
    }
    CHECK_FALSE(s.recheck());
    for (int n = 0; n != 50; ++n)
        CHECK(s.server.calls(name(n)) == (n < 5 ? 3 : 1)); // each of the first five twice in vain
    CHECK(s.api.stale_tokens() == stale_counts{.served = 50, .active = 43, .inactive = 7});
    // What was learnt is there for the requests.
    CHECK(s.at(32s).request(name(3)) == "401-IT, calls 0");
    CHECK(s.request(name(4)) == "ALLOW(cached), calls 0");
}

TEST_CASE("recheck: with the breaker open or half-open it asks nobody") {
    story s{keeping_tokens()};
    outage(s);
    REQUIRE(s.breaker() == circuit_state::open);
    const std::size_t before = s.server.calls();
    CHECK_FALSE(s.recheck());
    CHECK_FALSE(s.at(20s).recheck());
    CHECK(s.breaker() == circuit_state::half_open);
    s.api.breaker().close();
    s.api.latch().trip(s.time());
    CHECK_FALSE(s.recheck());
    CHECK(s.server.calls() == before);
    CHECK(s.api.stale_tokens() == stale_counts{.served = 50, .waiting = 50});
}

TEST_CASE("recheck: an outage that comes back stops it, and what was asked in vain waits on") {
    story s{keeping_tokens()};
    outage_and_back(s);
    CHECK(s.recheck());
    s.server.otherwise = refuses();
    int asked = 0;
    while (s.recheck())
        ++asked;
    CHECK(s.breaker() == circuit_state::open);
    CHECK(asked < 10);
    auto c = s.api.stale_tokens();
    CHECK(c.waiting + c.active + c.inactive == 50);
    CHECK(c.waiting > 40);
    s.at(60s);
    back(s);
    s.api.breaker().close();
    while (s.recheck())
        continue;
    CHECK(s.api.stale_tokens() == stale_counts{.served = 50, .active = 43, .inactive = 7});
}

TEST_CASE("recheck: a token that cannot be told is asked about once in its pause") {
    story s{keeping_tokens()};
    outage_and_back(s, 2);
    s.server.of[name(0)] = {answers(400), says(r_minus)};
    CHECK(s.recheck());
    CHECK(s.recheck());
    CHECK_FALSE(s.recheck());
    CHECK_FALSE(s.at(39s).recheck());
    CHECK(s.api.stale_tokens() == stale_counts{.served = 2, .active = 1, .waiting = 1});
    CHECK(s.at(41s).recheck());
    CHECK(s.api.stale_tokens() == stale_counts{.served = 2, .active = 1, .inactive = 1});
}

TEST_CASE("recheck: who has come by itself is not asked about, nor who has expired") {
    story s{keeping_tokens()};
    outage(s, 2);
    s.place("tokE", -70s, 40);
    CHECK(s.request("tokE").words == "ALLOW(stale)");
    s.server.otherwise = says(r_plus(3600));
    s.at(30s).api.breaker().close();
    CHECK(s.request(name(0)) == "ALLOW(live), calls 1");
    CHECK(s.at(40s).recheck());
    CHECK_FALSE(s.recheck());
    CHECK(s.server.asked.back().body.find("token=" + name(1)) == 0);
    CHECK(s.api.stale_tokens() == stale_counts{.served = 3, .active = 2, .expired = 1});
}

TEST_CASE("recheck: a verdict that another request has brought meanwhile will do") {
    story s{keeping_tokens()};
    outage_and_back(s, 1);
    s.place(name(0), 29s, 3600); // as of a call whose caller did not wait for it
    const std::size_t before = s.server.calls();
    CHECK(s.recheck());
    CHECK(s.server.calls() == before);
    CHECK(s.api.stale_tokens() == stale_counts{.served = 1, .active = 1});
}

TEST_CASE("recheck: a stale verdict that was refused for another reason was not served") {
    story s;
    s.server.otherwise = refuses();
    s.place("tokA", -70s, 3600);
    CHECK(s.at(0s).request("tokA", needs_scope("write")).words == "403-IS(write)");
    CHECK(s.api.stale_tokens() == stale_counts{});
}

TEST_CASE(
    "recheck: tokens that are not kept are counted as their clients come, and not asked about") {
    story s;
    outage_and_back(s, 4);
    CHECK_FALSE(s.recheck());
    CHECK(s.request(name(3)) == "401-IT, calls 1");
    CHECK(s.api.stale_tokens() == stale_counts{.served = 4, .inactive = 1, .waiting = 3});
}

TEST_CASE("recheck: a token that was served stale and is revoked here is settled by that") {
    story s{keeping_tokens()};
    outage_and_back(s, 2);
    s.api.revoke(name(0));
    CHECK(s.api.stale_tokens() == stale_counts{.served = 2, .inactive = 1, .waiting = 1});
    CHECK(s.recheck());
    CHECK_FALSE(s.recheck());
    CHECK(s.server.calls(name(1)) == 3);
}

TEST_CASE("recheck: beyond the capacity tokens are dropped, and counted as such") {
    introspector_options o = keeping_tokens();
    o.stale_ledger.capacity = 10;
    story s{std::move(o)};
    outage_and_back(s);
    CHECK(s.api.stale_tokens() == stale_counts{.served = 50, .dropped = 40, .waiting = 10});
    int asked = 0;
    while (s.recheck())
        ++asked;
    CHECK(asked == 10);
}

TEST_CASE("recheck: it takes no place from a request, and none that requests may wait for") {
    introspector_options o = keeping_tokens();
    o.admission = {.permits = 1, .spare_permits = 1, .name = "introspection"};
    story s{std::move(o)};
    outage_and_back(s, 1);
    s.api.store().erase(s.key(name(0))); // no stale verdict makes it a known one
    s.server.of["tokX"] = {says(r_plus(3600)).after(1s)};
    auto& request = s.begin("tokX");
    CHECK(s.recheck());
    CHECK(s.tell(request).words == "ALLOW(live)");
    CHECK(s.api.stale_tokens() == stale_counts{.served = 1, .active = 1});
}

TEST_CASE("recheck: of two endpoints the one that is well is asked") {
    introspector_options o = keeping_tokens();
    o.endpoints = {"https://a.example/i", "https://b.example/i"};
    story s{std::move(o)};
    outage(s, 1);
    s.server.otherwise = says(r_plus(3600));
    s.at(30s).api.breaker(0).trip(s.time());
    CHECK(s.recheck());
    CHECK(s.server.asked.back().url == "https://b.example/i");
    CHECK(s.api.stale_tokens() == stale_counts{.served = 1, .active = 1});
    s.api.breaker(1).trip(s.time());
    CHECK_FALSE(s.api.is_healthy(0, s.time()));
    CHECK_FALSE(s.api.is_healthy(1, s.time()));
}

TEST_CASE("probe: breakers close without a request") {
    story s;
    outage(s);
    s.server.otherwise = says(r_minus);
    CHECK(is_refused_by_breaker(s.at(5s).probe())); // not yet, and nothing is sent
    CHECK(s.server.calls() == 10);
    CHECK(s.at(10600ms).request("tokX").words == "503(1)"); // held back, as who is unknown may lose
    CHECK(s.server.calls() == 10);
    for (int n = 0; n != 2; ++n) {
        CHECK(s.breaker() == circuit_state::half_open);
        const auto said = s.probe(); // this is not
        REQUIRE(said.has_value());
        CHECK(said.assume_value().what == knowledge::verdict::inactive);
    }
    CHECK(s.breaker() == circuit_state::closed);
    std::set<std::string> tokens;
    for (std::size_t n = 10; n != s.server.calls(); ++n)
        tokens.insert(token_in(s.server.asked[n].body));
    CHECK(tokens.size() == 2);
    CHECK(tokens.begin()->starts_with("outlast-probe-"));
    CHECK(s.api.store().size() == 50); // nothing is kept of them
    CHECK(s.request(name(7)) == "401-IT, calls 1");
}

TEST_CASE("probe: one that fails opens the breaker again, and so does each after it") {
    story s;
    outage(s);
    for (const outlast::duration when : {11s, 40s, 100s}) { // open for 10 s, 20 s, 40 s
        s.at(when);
        CHECK(s.breaker() == circuit_state::half_open);
        s.server.otherwise = answers(503); // after the request was sent
        CHECK_FALSE(s.probe().has_value());
        if (s.breaker() == circuit_state::half_open)
            CHECK_FALSE(s.probe().has_value());
        CHECK(s.breaker() == circuit_state::open);
    }
}

TEST_CASE("probe: refusals of our own credentials set the latch, and their end closes it") {
    story s;
    s.server.otherwise = answers(401, R"({"error":"invalid_client"})");
    for (int n = 0; n != 3; ++n)
        CHECK_FALSE(s.at(1s).probe().has_value());
    CHECK(s.latch() == circuit_state::open);
    CHECK(is_refused_by_breaker(s.probe()));
    s.server.otherwise = says(r_minus);
    CHECK(s.at(32s).probe().has_value());
    CHECK(s.latch() == circuit_state::closed);
    CHECK(s.api.is_healthy(0, s.time()));
}

TEST_CASE("probe: an endpoint that hangs is given the time of an attempt") {
    story s;
    s.server.otherwise = hangs();
    const auto said = s.at(1s).probe();
    REQUIRE_FALSE(said.has_value());
    CHECK(reason_of(said.error()) == reason::timed_out);
    CHECK(s.time() == outlast::instant{3s});
}

#ifndef OUTLAST_TESTS_ASYNC

// What the stories put together, in one call.
TEST_CASE("introspector: recheck and probe on this thread") {
    scripted_server server;
    introspector_options o = keeping_tokens();
    o.lifetimes.fresh_for = 1ns;
    o.retry.max_attempts = 1;
    o.wall = [] { return at(0); };
    introspector api{std::move(o), server};
    CHECK_FALSE(api.recheck());
    server.otherwise = says(r_plus(3600));
    CHECK(words_of(api("Bearer tokA")) == "ALLOW(live)");
    server.otherwise = refuses();
    CHECK(words_of(api("Bearer tokA")) == "ALLOW(stale)");
    CHECK(api.stale_tokens() == stale_counts{.served = 1, .waiting = 1});
    server.otherwise = says(r_minus);
    api.breaker().half_open(outlast::steady::now());
    CHECK_FALSE(api.recheck());
    const auto said = api.probe();
    REQUIRE(said.has_value());
    CHECK(said.assume_value().what == knowledge::verdict::inactive);
    CHECK(api.probe().has_value());
    api.forget("tokA"); // also that it has failed a moment ago
    CHECK(api.recheck());
    CHECK_FALSE(api.recheck());
    CHECK(api.stale_tokens() == stale_counts{.served = 1, .inactive = 1});
    CHECK(words_of(api("Bearer tokA")) == "401-IT");
    std::stop_source stop;
    stop.request_stop();
    CHECK(api.probe(0, stop.get_token()).error().why() == outlast::refusal::cancelled);
}

#endif
