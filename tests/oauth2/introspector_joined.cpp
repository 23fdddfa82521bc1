// SPDX-License-Identifier: BSL-1.0
//
// Many requests at once with one token: one call, and what each of them is told.
#include <outlast/oauth2/introspector.hpp>

#include "support/catch.hpp"
#include "support/story.hpp"

#include <chrono>
#include <map>
#include <string>
#include <vector>

using namespace outlast::oauth2;
using namespace outlast_tests;
using namespace std::chrono_literals;

namespace {

/// A thousand requests for tokA within 10 ms, and how often each outcome came.
std::map<std::string, int> thousand(story& s, std::string_view token = "tokA") {
    std::vector<call*> all;
    for (int i = 0; i != 1000; ++i)
        all.push_back(&s.at(10us * i).begin(token));
    s.run();
    std::map<std::string, int> outcomes;
    for (call* c : all)
        ++outcomes[s.tell(*c).words];
    return outcomes;
}

} // namespace

TEST_CASE("O-63 1000 at once, one token") {
    story s;
    s.server.otherwise = says(r_plus(3600)).after(200ms);
    CHECK(thousand(s) == std::map<std::string, int>{{"ALLOW(live)", 1000}});
    CHECK(s.server.calls() == 1);
    CHECK(s.api.store().size() == 1);
    CHECK(s.time() == outlast::instant{200ms});
}

TEST_CASE("O-64 1000 at once, one token, the server fails") {
    story s;
    s.server.otherwise = answers(500).after(200ms);
    CHECK(thousand(s) == std::map<std::string, int>{{"503(5)", 1000}});
    CHECK(s.server.calls() == 1);
    CHECK(s.counted() == outlast::tally{.recorded = 1, .failed = 1});
    CHECK(s.at(1s).request("tokA") == "503(5), calls 0"); // the memo lasts until 1.2 s
    CHECK(s.at(2s).request("tokA") == "503(5), calls 1");
}

TEST_CASE("introspector: a no, and a Retry-After, are shared by all who wait") {
    story s;
    s.server.of["tokA"] = {says(r_minus).after(200ms)};
    s.server.of["tokB"] = {answers(503).with("Retry-After", "17").after(200ms)};
    CHECK(thousand(s, "tokA") == std::map<std::string, int>{{"401-IT", 1000}});
    CHECK(s.server.calls() == 1);
    CHECK(thousand(s, "tokB") == std::map<std::string, int>{{"503(17)", 1000}});
    CHECK(s.server.calls() == 2);
}

TEST_CASE("introspector: strict requests join the call under way, each gets the live answer") {
    story s;
    s.server.otherwise = says(r_plus(3600)).after(200ms);
    auto& first = s.at(0s).begin("tokA");
    auto& second = s.at(100ms).begin("tokA", 0s);
    s.run();
    CHECK(s.tell(first).words == "ALLOW(live)");
    CHECK(s.tell(second).words == "ALLOW(live)");
    CHECK(s.server.calls() == 1);
    CHECK(s.strict("tokA").calls == 1); // afterwards it is old
}

TEST_CASE("introspector: other tokens do not wait for each other") {
    story s;
    s.server.of["tokA"] = {hangs()};
    s.server.otherwise = says(r_plus(3600));
    auto& slow = s.at(0s).begin("tokA");
    CHECK(s.tell(s.begin("tokB")).words == "ALLOW(live)");
    CHECK(!slow.done());
    s.run();
}

TEST_CASE("introspector: who waits with a stale verdict waits 500 ms, then takes it") {
    story s;
    s.place("tokA", -70s, 3600);
    s.server.otherwise = says(r_plus(3600)).after(1s);
    auto& asks = s.at(0s).begin("tokA");
    auto& waits = s.at(100ms).begin("tokA");
    auto& strict = s.begin("tokA", 0s);
    s.run();
    CHECK(s.tell(asks).words == "ALLOW(live)");
    CHECK(s.tell(waits).words == "ALLOW(stale)");
    CHECK(waits.finished_at() == outlast::instant{600ms});
    CHECK(s.tell(waits).d.age == 70100ms);
    CHECK(s.tell(strict).words == "ALLOW(live)");
    CHECK(s.server.calls() == 1);
}

TEST_CASE("introspector: exp is looked at when a stale verdict is given after the wait") {
    story s;
    s.place("tokA", -70s, 100);
    s.server.otherwise = hangs();
    auto& asks = s.at(99'700ms).begin("tokA");
    auto& in_time = s.begin("tokA", outlast::forever, outlast::never);
    auto& too_late = s.at(99'800ms).begin("tokA");
    s.run();
    CHECK(s.tell(in_time).words == "401-IT"); // asked at 99.7, given at 100.2
    CHECK(s.tell(too_late).words == "401-IT");
    CHECK(s.tell(asks).words == "401-IT");
    CHECK(s.server.calls() == 1);
    CHECK(s.entry("tokA") == "expired until 110200 ms");
}

TEST_CASE("introspector: a no that came while others wait is not outvoted by the stale verdict") {
    story s;
    s.place("tokA", -70s, 3600);
    s.server.otherwise = says(r_minus).after(400ms);
    auto& asks = s.at(0s).begin("tokA");
    auto& waits = s.begin("tokA");
    s.run();
    CHECK(s.tell(asks).words == "401-IT");
    CHECK(s.tell(waits).words == "401-IT");
    CHECK(s.request("tokA") == "401-IT, calls 0");
}

TEST_CASE(
    "introspector: who waits shares the class of the failure, with its stale verdict or not") {
    struct expected {
        reply wrong;
        const char* words;
    };
    for (const auto& [wrong, words] :
         {expected{answers(500), "ALLOW(stale)"}, expected{says("{}"), "ALLOW(stale)"},
          expected{answers(401), "503(5)"}, expected{answers(400), "503(5)"}}) {
        story s;
        s.place("tokA", -70s, 3600);
        s.server.otherwise = wrong.after(100ms);
        auto& asks = s.at(0s).begin("tokA");
        auto& waits = s.begin("tokA");
        s.run();
        CHECK(s.tell(asks).words == words);
        CHECK(s.tell(waits).words == words);
        CHECK(s.server.calls() == 1);
    }
}

TEST_CASE("introspector: what a call under way learns about a forgotten token is not kept") {
    story s;
    s.server.otherwise = says(r_plus(3600)).after(200ms);
    auto& asks = s.at(0s).begin("tokA");
    s.at(100ms).api.forget("tokA");
    auto& after = s.begin("tokA");
    s.run();
    CHECK(asks.done());
    CHECK(s.server.calls() == 2);
    CHECK(after.finished_at() == outlast::instant{300ms});
    CHECK(s.tell(after).words == "ALLOW(live)");
    CHECK(s.entry("tokA") == "P fresh until 60300 ms, stale until 360300 ms");
}

TEST_CASE("introspector: a request that leaves takes nobody's answer with it") {
    story s;
    s.server.first = {says(r_plus(3600)).after(400ms)};
    s.server.otherwise = says(r_plus(3600)).after(200ms);
    auto& leader = s.at(0s).begin("tokA");
    auto& waits = s.begin("tokA");
    auto& impatient = s.begin("tokA", outlast::forever, outlast::instant{150ms});
    s.at(100ms);
    leader.cancel();
    s.run();
    CHECK(s.tell(leader).words == "503(5)");
    CHECK(s.tell(leader).d.because == reason::shed);
    CHECK(s.tell(waits).words == "ALLOW(live)");
    CHECK(waits.finished_at() == outlast::instant{s.work_stays() ? 400ms : 300ms});
    CHECK(s.tell(impatient).words == "503(5)");
    CHECK(impatient.finished_at() == outlast::instant{150ms});
    CHECK(s.server.calls() == (s.work_stays() ? 1 : 2));
    CHECK(s.counted().failed == 0);
}
