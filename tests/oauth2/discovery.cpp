// SPDX-License-Identifier: BSL-1.0
//
// The metadata of a server through its good and bad days, in virtual time.
#include <outlast/oauth2/discovery.hpp>

#include <outlast/simulate.hpp>

#include "support/catch.hpp"
#include "support/print.hpp"
#include "support/server.hpp"

#include <chrono>
#include <string>
#include <string_view>

namespace http = outlast::http;
using namespace outlast::oauth2;
using namespace outlast_tests;
using namespace std::chrono_literals;
using outlast::circuit_state;

namespace {

std::string metadata(std::string_view endpoint) {
    return R"({"issuer":"https://idp.example","introspection_endpoint":"https://idp.example/)" +
           std::string{endpoint} + R"("})";
}

discovery_options options() {
    return {.issuer = "https://idp.example",
            .retry = {.max_attempts = 2, .backoff = outlast::constant(100ms)}};
}

/// One that tells its story: "https://idp.example/i, calls 1".
struct told_discovery {
    scripted_server server{};
    outlast::simulation sim{};
    discovery<scripted_server> where;

    explicit told_discovery(discovery_options o = options()) : where(std::move(o), server) {
        server.world = &sim;
    }
    told_discovery& at(outlast::duration when) {
        if (const outlast::instant target{when}; target > sim.time())
            sim.advance(target - sim.time());
        return *this;
    }
    auto& begin() { return sim.call(where.policies(), where.work(), metadata_query{}); }
    std::string find() {
        const std::size_t before = server.calls();
        auto& c = begin();
        sim.run();
        return told(c) + ", calls " + std::to_string(server.calls() - before);
    }
    template <class Call>
    static std::string told(Call& c) {
        const auto& r = c.result();
        return r ? r.value()->introspection_endpoint : std::string{to_string(reason_of(r.error()))};
    }
    [[nodiscard]] circuit_state breaker() { return where.breaker().state(sim.time()); }
};

} // namespace

TEST_CASE("discovery: is lazy, and then knows for a day") {
    told_discovery d;
    CHECK(d.server.calls() == 0);
    d.server.otherwise = says(metadata("i"));
    CHECK(d.at(0s).find() == "https://idp.example/i, calls 1");
    CHECK(d.server.asked[0].url == "https://idp.example/.well-known/oauth-authorization-server");
    d.server.otherwise = says(metadata("j"));
    CHECK(d.at(24h - 1ns).find() == "https://idp.example/i, calls 0");
    CHECK(d.at(24h).find() == "https://idp.example/j, calls 1");
}

TEST_CASE("discovery: what is not found at the place of RFC 8414 is looked for at OpenID's") {
    told_discovery d;
    d.server.first = {answers(404)};
    d.server.otherwise = says(metadata("i"));
    CHECK(d.find() == "https://idp.example/i, calls 2");
    CHECK(d.server.asked[1].url == "https://idp.example/.well-known/openid-configuration");
    CHECK(d.breaker() == circuit_state::closed);
}

TEST_CASE("discovery: at the other place only if it is not found at the first") {
    for (const reply& wrong :
         {answers(500), answers(302), says("<html>"), says(R"({"issuer":"https://evil.example"})"),
          answers(403), fails(http::errc::certificate_expired)}) {
        INFO(wrong.answer.status << ' ' << wrong.answer.body);
        told_discovery d;
        d.server.otherwise = wrong;
        d.find();
        CHECK(d.server.calls() == 1);
    }
    told_discovery d;
    d.server.otherwise = answers(404);
    CHECK(d.find() == "not_found, calls 2");
}

TEST_CASE("discovery: what was refused or lost is tried once more, and then left alone") {
    told_discovery d;
    d.server.first = {refuses()};
    d.server.otherwise = says(metadata("i"));
    CHECK(d.at(0s).find() == "https://idp.example/i, calls 2");

    told_discovery down;
    down.server.otherwise = refuses();
    CHECK(down.at(0s).find() == "connection_refused, calls 2");
    CHECK(down.breaker() == circuit_state::open);
    CHECK(down.at(5s).find() == "circuit_open, calls 0");
    down.server.otherwise = says(metadata("i"));
    CHECK(down.at(11s).find() == "https://idp.example/i, calls 1");
    CHECK(down.breaker() == circuit_state::closed);
}

TEST_CASE(
    "discovery: the last good document stays while another cannot be had, at no cost of time") {
    for (const reply& wrong :
         {refuses(), answers(404), answers(500), says("{}"), hangs(),
          says(R"({"issuer":"https://evil.example"})"), says(R"({"issuer":"https://idp.example",
                                        "introspection_endpoint":"https://evil.example/i"})")}) {
        INFO(wrong.answer.status << ' ' << wrong.answer.body << wrong.lost.message());
        told_discovery d;
        d.server.otherwise = says(metadata("i"));
        d.at(0s).find();
        d.server.otherwise = wrong;
        CHECK(d.at(25h).find().starts_with("https://idp.example/i, "));
        CHECK(d.at(25h + 4s).find().starts_with("https://idp.example/i, "));
        CHECK(d.breaker() == circuit_state::open);
        const outlast::instant asked = d.sim.time();
        CHECK(d.find() == "https://idp.example/i, calls 0");
        CHECK(d.sim.time() == asked);
        CHECK(d.at(1000h).find().starts_with("https://idp.example/i, "));
        d.server.otherwise = says(metadata("j"));
        CHECK(d.at(2000h).find() == "https://idp.example/j, calls 1");
    }
}

TEST_CASE("discovery: stale_for ends that") {
    discovery_options o = options();
    o.stale_for = 1h;
    told_discovery d{std::move(o)};
    d.server.otherwise = says(metadata("i"));
    d.at(0s).find();
    d.server.otherwise = refuses();
    CHECK(d.at(25h - 1s).find() == "https://idp.example/i, calls 2");
    CHECK(d.at(25h + 20s).find() == "circuit_open, calls 1"); // its probe failed
}

TEST_CASE("discovery: callers who find nothing wait for one fetch; one who finds something stale "
          "does not") {
    told_discovery d;
    d.server.otherwise = says(metadata("i")).after(200ms);
    auto& a = d.begin();
    auto& b = d.begin();
    d.sim.run();
    CHECK(told_discovery::told(a) == "https://idp.example/i");
    CHECK(told_discovery::told(b) == "https://idp.example/i");
    CHECK(d.server.calls() == 1);

    d.at(25h);
    d.server.otherwise = says(metadata("j")).after(200ms);
    auto& leads = d.begin();
    auto& follows = d.begin();
    d.sim.run();
    CHECK(told_discovery::told(leads) == "https://idp.example/j");
    CHECK(told_discovery::told(follows) == "https://idp.example/i");
    CHECK(follows.finished_at() == outlast::instant{25h});
    CHECK(d.server.calls() == 2);
}

TEST_CASE("discovery: one that hangs costs an attempt a second, and all 1.5 s") {
    told_discovery d;
    d.server.otherwise = hangs();
    auto& c = d.begin();
    d.sim.run();
    CHECK_FALSE(c.result());
    CHECK(c.finished_at() <= outlast::instant{1500ms});
}

TEST_CASE("discovery: Retry-After is kept to and told on") {
    told_discovery d;
    d.server.otherwise = answers(503).with("Retry-After", "17");
    auto& c = d.begin();
    d.sim.run();
    CHECK(c.result().error().retry_after() == 17s);
    CHECK(d.server.calls() == 1);
    auto& after = d.begin();
    d.sim.run();
    CHECK(after.result().error().why() == outlast::refusal::circuit_open);
    CHECK(after.result().error().retry_after() == 17s);
    CHECK(d.server.calls() == 1);
}

TEST_CASE("discovery: what was forgotten is fetched anew") {
    told_discovery d;
    d.server.otherwise = says(metadata("i"));
    d.find();
    d.server.otherwise = says(metadata("j"));
    d.where.forget();
    CHECK(d.find() == "https://idp.example/j, calls 1");
}

TEST_CASE("discovery: on a thread") {
    scripted_server server{.otherwise = says(metadata("i"))};
    discovery where{options(), server};
    REQUIRE(where());
    CHECK(where().value()->introspection_endpoint == "https://idp.example/i");
    CHECK(server.calls() == 1);
    std::stop_source stop;
    stop.request_stop();
    where.forget();
    CHECK(where({.stop = stop.get_token()}).error().why() == outlast::refusal::cancelled);
}
