// SPDX-License-Identifier: BSL-1.0
//
// An introspector that is told the issuer alone, and has to find out where to ask.
#include "support/catch.hpp"
#include "support/story.hpp"

#include <chrono>
#include <string>
#include <string_view>
#include <utility>

namespace http = outlast::http;
using namespace outlast::oauth2;
using namespace outlast_tests;
using namespace std::chrono_literals;
using outlast::circuit_state;

namespace {

constexpr std::string_view metadata =
    R"({"issuer":"https://as.example","introspection_endpoint":"https://as.example/found"})";

introspector_options by_issuer() {
    introspector_options o = profile_d();
    o.endpoints.clear();
    o.discover = discovery_options{.issuer = "https://as.example", .retry = {.max_attempts = 1}};
    return o;
}

/// Metadata are asked for without a token.
void tells(story& s, const reply& said) { s.server.of[""] = {said}; }

} // namespace

TEST_CASE("discovered: the endpoint is found with the first token, and then known") {
    story s{by_issuer()};
    tells(s, says(metadata));
    s.server.otherwise = says(r_plus(3600));
    CHECK(s.at(0s).request("tokA") == "ALLOW(live), calls 2");
    CHECK(s.server.asked[0].method == "GET");
    CHECK(s.server.asked[0].url == "https://as.example/.well-known/oauth-authorization-server");
    CHECK(s.server.asked[0].headers.count("Authorization") == 0);
    CHECK(s.server.asked[1].url == "https://as.example/found");
    CHECK(s.server.asked[1].body.starts_with("token=tokA&"));
    CHECK(s.server.asked[1].headers.count("Authorization") == 1);
    CHECK(s.request("tokB") == "ALLOW(live), calls 1");
    CHECK(s.at(1s).request("tokA") == "ALLOW(cached), calls 0");
}

TEST_CASE("discovered: while nothing can be discovered it is 503, never 401") {
    for (
        const reply& wrong :
        {refuses(), fails(http::errc::name_not_found), fails(http::errc::certificate_expired),
         answers(404), answers(401), answers(403), answers(500), answers(302), says("<html>"),
         says("{}"),
         says(
             R"({"issuer":"https://as.example/","introspection_endpoint":"https://as.example/i"})"),
         says(
             R"({"issuer":"https://as.example","introspection_endpoint":"https://evil.example/i"})"),
         says(R"({"issuer":"https://as.example","introspection_endpoint":"http://as.example/i"})"),
         says(R"({"issuer":"https://as.example"})")}) {
        INFO(wrong.answer.status << ' ' << wrong.answer.body << wrong.lost.message());
        story s{by_issuer()};
        tells(s, wrong);
        s.server.otherwise = says(r_plus(3600));
        for (const char* token : {"tokA", "tokB", "tokC", "tokD"}) {
            const told t = s.request(token);
            CHECK(t.words.starts_with("503("));
            CHECK(t.d.because == reason::not_discovered);
        }
        for (const http::request& asked : s.server.asked) {
            CHECK(asked.method == "GET"); // no token went anywhere
            CHECK(asked.url.starts_with("https://as.example/.well-known/"));
        }
        CHECK(s.breaker() == circuit_state::closed); // and nobody else is blamed
        CHECK(s.latch() == circuit_state::closed);
        CHECK(s.counted() == outlast::tally{});
    }
}

TEST_CASE("discovered: the 503 says when discovery is tried again") {
    story s{by_issuer()};
    tells(s, answers(503).with("Retry-After", "17"));
    CHECK(s.at(0s).request("tokA") == "503(17), calls 1");
    CHECK(s.at(7s).request("tokA") == "503(10), calls 0");
    tells(s, says(metadata));
    s.server.otherwise = says(r_plus(3600));
    CHECK(s.at(17s).request("tokA") == "ALLOW(live), calls 2");
}

TEST_CASE("discovered: what is cached needs no discovery, and what is stale stands in for it") {
    story s{by_issuer()};
    tells(s, refuses());
    s.place("tokA", 0s, 3600);
    CHECK(s.at(10s).request("tokA") == "ALLOW(cached), calls 0");
    CHECK(s.at(100s).request("tokA").words == "ALLOW(stale)");
    CHECK(s.strict("tokA").words.starts_with("503("));
    CHECK(s.at(361s).request("tokA").words.starts_with("503("));
}

TEST_CASE("discovered: a discovery that hangs is no fault of the endpoint's") {
    story s{by_issuer()};
    // A blocking transport keeps its limits by itself.
    tells(s, s.work_stays() ? hangs() : fails(http::errc::answer_timeout).after(1s));
    const told t = s.at(0s).request("tokA");
    CHECK(t.words.starts_with("503("));
    CHECK(s.counted() == outlast::tally{});
    CHECK(s.time() < outlast::instant{3s});
}

TEST_CASE(
    "discovered: an outage of the endpoint is the endpoint's, and discovery is not asked again") {
    story s{by_issuer()};
    tells(s, says(metadata));
    s.server.otherwise = refuses();
    CHECK(s.at(0s).request("tokA").words.starts_with("503("));
    CHECK(s.counted().failed == 2);
    CHECK(s.server.calls("") == 1);
}

TEST_CASE("discovered: an endpoint that has moved is found again, and asked for once in 30 s") {
    const reply gone = GENERATE(answers(404), answers(405), fails(http::errc::name_not_found));
    story s{by_issuer()};
    tells(s, says(metadata));
    s.server.otherwise = says(r_plus(3600));
    CHECK(s.at(0s).request("tokA") == "ALLOW(live), calls 2");
    s.server.otherwise = gone;
    s.at(10s).request("tokB"); // too soon: they may as well be wrong again
    CHECK(s.server.calls("") == 1);
    tells(s, says(R"({"issuer":"https://as.example",)"
                  R"("introspection_endpoint":"https://as.example/moved"})"));
    s.at(40s).request("tokC"); // learns that it is gone
    s.server.otherwise = says(r_plus(3600));
    CHECK(s.at(42s).request("tokD").words == "ALLOW(live)");
    CHECK(s.server.asked.back().url == "https://as.example/moved");
    CHECK(s.server.calls("") == 2);
}

TEST_CASE("discovered: doubted metadata serve on while others cannot be had") {
    story s{by_issuer()};
    tells(s, says(metadata));
    s.server.otherwise = says(r_plus(3600));
    CHECK(s.at(0s).request("tokA") == "ALLOW(live), calls 2");
    s.server.otherwise = answers(404);
    s.at(40s).request("tokB");
    tells(s, answers(503));
    s.server.otherwise = says(r_plus(3600));
    CHECK(s.at(42s).request("tokC") == "ALLOW(live), calls 2");
}

TEST_CASE("discovered: metadata without an endpoint are asked for again after a minute") {
    story s{by_issuer()};
    tells(s, says(R"({"issuer":"https://as.example"})"));
    s.server.otherwise = says(r_plus(3600));
    CHECK(s.at(0s).request("tokA").words.starts_with("503("));
    tells(s, says(metadata));
    CHECK(s.at(59s).request("tokA") == "503(5), calls 0");
    CHECK(s.at(61s).request("tokA") == "ALLOW(live), calls 2");
}

TEST_CASE("discovered: keys belong to the issuer") {
    story s{by_issuer()};
    story fixed;
    introspector_options other = by_issuer();
    other.discover->issuer = "https://as2.example";
    story elsewhere{std::move(other)};
    CHECK(s.key("tokA") != fixed.key("tokA"));
    CHECK(s.key("tokA") != elsewhere.key("tokA"));
}
