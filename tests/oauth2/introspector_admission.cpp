// SPDX-License-Identifier: BSL-1.0
//
// Many tokens at once: who is let through to the server, and that made-up ones keep no known one waiting.
#include <outlast/oauth2/introspector.hpp>

#include "support/catch.hpp"
#include "support/story.hpp"

#include <algorithm>
#include <chrono>
#include <map>
#include <string>
#include <vector>

using namespace outlast::oauth2;
using namespace outlast_tests;
using namespace std::chrono_literals;

namespace {

/// What calls came to, with the time: "ALLOW(live) at 100 ms".
std::map<std::string, int> outcomes(story& s, const std::vector<call*>& all) {
    std::map<std::string, int> found;
    for (call* c : all) {
        const told t = s.tell(*c);
        ++found[t.words + " at " + words(t.finished)];
    }
    return found;
}

std::vector<call*> requests(story& s, const std::string& prefix, int from, int to) {
    std::vector<call*> all;
    for (int i = from; i != to; ++i)
        all.push_back(&s.begin(prefix + std::to_string(i)));
    return all;
}

using expected = std::map<std::string, int>;

} // namespace

TEST_CASE("O-65 many tokens at once") {
    story s;
    s.server.otherwise = says(r_plus(3600)).after(100ms);
    const auto all = requests(s.at(0s), "tok", 0, 1000);
    std::uint32_t most = 0;
    for (int i = 0; i <= 60; ++i) {
        most = std::max(most, s.at(10ms * i).api.door().counts().running);
        CHECK(s.api.door().counts().queued <= 1024);
    }
    CHECK(most == 32);
    expected came{{"ALLOW(live) at 100 ms", 32}, {"ALLOW(live) at 200 ms", 32},
                  {"ALLOW(live) at 300 ms", 32}, {"ALLOW(live) at 400 ms", 32},
                  {"ALLOW(live) at 500 ms", 32}, {"503(5) at 500 ms", 840}};
    // At that instant permits come back and the wait is over. Asio calls handlers first, and then timers.
    if (s.work_stays()) {
        came["ALLOW(live) at 600 ms"] = 32;
        came["503(5) at 500 ms"] -= 32;
    }
    CHECK(s.server.calls() == (s.work_stays() ? 192 : 160));
    CHECK(outcomes(s, all) == came);
    CHECK(s.breaker() == outlast::circuit_state::closed);
    CHECK(s.counted().failed == 0);
    // Nothing is remembered against those that were not let in.
    const auto again = requests(s.at(600ms), "tok", 500, 532);
    s.run();
    CHECK(outcomes(s, again) == expected{{"ALLOW(live) at 700 ms", 32}});
}

TEST_CASE("O-65 second run: a server that is quick") {
    story s;
    s.server.otherwise = says(r_plus(3600)).after(5ms);
    const auto all = requests(s.at(0s), "tok", 0, 1000);
    s.run();
    CHECK(s.server.calls() == 1000);
    for (call* c : all)
        CHECK(s.tell(*c).words == "ALLOW(live)");
    CHECK(s.time() == outlast::instant{160ms});
}

TEST_CASE("O-65 third run: the line is full") {
    story s;
    s.server.otherwise = says(r_plus(3600)).after(5ms);
    const auto all = requests(s.at(0s), "tok", 0, 1100);
    s.run();
    int at_once = 0;
    for (call* c : all) {
        const told t = s.tell(*c);
        at_once += t.words == "503(5)" && t.finished == outlast::instant{};
    }
    CHECK(at_once == 44);
    CHECK(s.server.calls() == 1056);
}

// The second of the flood in which the known tokens are renewed.
TEST_CASE("O-66 random-token flood beside real users") {
    story s;
    s.server.otherwise = says(r_minus).after(20ms);
    for (int i = 0; i != 100; ++i) {
        const std::string known = "known" + std::to_string(i);
        s.server.of[known] = {says(r_plus(3600)).after(20ms)};
        s.place(known, -59s - 10ms * i, 3600); // aged within a second from now
    }
    std::vector<call*> users, flood;
    std::uint32_t most = 0;
    for (int tick = 0; tick != 100; ++tick) {
        s.at(10ms * tick);
        for (int i = 0; i != 50; ++i)
            flood.push_back(&s.begin("x" + std::to_string(tick) + "-" + std::to_string(i)));
        for (int i = tick % 25; i < 100; i += 25) // each of them four times a second
            users.push_back(&s.begin("known" + std::to_string(i)));
        most = std::max(most, s.api.door().counts().running);
    }
    s.run();
    CHECK(most <= 64);
    CHECK(most > 32);
    CHECK(s.breaker() == outlast::circuit_state::closed);
    std::map<std::string, int> of_users, of_flood;
    for (call* c : users)
        ++of_users[s.tell(*c).words.substr(0, 5)];
    for (call* c : flood)
        ++of_flood[s.tell(*c).words];
    CHECK(of_users == expected{{"ALLOW", 400}});
    CHECK(of_flood.size() == 2);
    CHECK(of_flood["401-IT"] > 0);
    CHECK(of_flood["503(5)"] > 0);
    CHECK(of_flood["401-IT"] + of_flood["503(5)"] == 5000);
    int known = 0;
    for (int i = 0; i != 100; ++i)
        known += s.entry("known" + std::to_string(i)).starts_with("P fresh");
    CHECK(known == 100);
    CHECK(s.api.store().size() <= 100 + 4096);
}

TEST_CASE("introspector: who holds a stale verdict stands in no line") {
    auto o = profile_d();
    o.admission = {.permits = 1, .spare_permits = 1, .queue = 8, .wait = 500ms};
    story s{std::move(o)};
    s.server.otherwise = says(r_plus(3600)).after(200ms);
    s.place("old1", -70s, 3600);
    s.place("old2", -70s, 3600);
    auto& first = s.at(0s).begin("new1");
    auto& waits = s.begin("new2");
    auto& asks = s.begin("old1");
    auto& goes_on = s.begin("old2");
    s.run();
    CHECK(s.tell(first).words == "ALLOW(live)");
    CHECK(waits.finished_at() == outlast::instant{400ms});
    CHECK(s.tell(asks).words == "ALLOW(live)");
    CHECK(s.tell(goes_on).words == "ALLOW(stale)");
    CHECK(goes_on.finished_at() == outlast::instant{});
    CHECK(s.server.calls() == 3);
}
