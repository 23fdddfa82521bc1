// SPDX-License-Identifier: BSL-1.0
#include <outlast/oauth2/decision.hpp>

#include "bodies.hpp"
#include "support/catch.hpp"
#include "support/outcome_words.hpp"

#include <chrono>
#include <memory>
#include <string>
#include <string_view>

using namespace outlast::oauth2;
using namespace std::chrono_literals;
using outlast::failure;
using outlast::refusal;
using outlast::report;
using outlast::result;
using outlast::source;
using outlast_tests::at;
using outlast_tests::r_plus;
using outlast_tests::words_of;

namespace {

const quoted realm = *quoted::make("r");
const requirements for_api{.audience = "api"};

knowledge active(std::string_view body = r_plus(3600)) {
    return {.what = knowledge::verdict::active, .said = outlast_tests::found(body).said};
}

report known(source how, outlast::duration age = {}) {
    report facts;
    facts.how = how;
    facts.age = age;
    return facts;
}

decision of(const result<knowledge>& k,
            const report& facts = {},
            const requirements& needed = for_api,
            double now = 0) {
    return decide(k, facts, needed, realm, at(now));
}

std::string refused(failure f) { return words_of(of(result<knowledge>{std::move(f)})); }

} // namespace

TEST_CASE("decision: a decision that nobody made is a 503, and allows nothing") {
    const decision d;
    CHECK(d.status == 503);
    CHECK_FALSE(d.allowed());
    CHECK(d.how == decision::assurance::none);
    CHECK_FALSE(d.who);
}

TEST_CASE("decision: an allow says how it is known, of whom, and how old it is") {
    const knowledge k = active();
    const decision live = of(k, known(source::live));
    CHECK(words_of(live) == "ALLOW(live)");
    CHECK(live.status == 200);
    CHECK(live.allowed());
    CHECK(live.who == k.said);
    CHECK(live.because == reason::active);
    CHECK(live.age == 0s);

    const decision cached = of(k, known(source::cached, 59s));
    CHECK(words_of(cached) == "ALLOW(cached)");
    CHECK(cached.age == 59s);

    const decision stale = of(k, known(source::stale, 61s));
    CHECK(words_of(stale) == "ALLOW(stale)");
    CHECK(stale.age == 61s);
}

TEST_CASE("decision: what was learnt after the request came is live, whoever asked") {
    CHECK(words_of(of(active(), known(source::cached, 0s))) == "ALLOW(live)");
    CHECK(words_of(of(active(), known(source::cached, 1ns))) == "ALLOW(cached)");
    CHECK(words_of(of(active(), known(source::stale, 0s))) == "ALLOW(stale)");
}

TEST_CASE("decision: a no is a 401, however it is known") {
    for (const source how : {source::live, source::cached, source::stale}) {
        const decision d = of(knowledge{}, known(how, 1s));
        CHECK(words_of(d) == "401-IT");
        CHECK(d.because == reason::inactive);
        CHECK_FALSE(d.who);
    }
    knowledge expired = active();
    expired.what = knowledge::verdict::expired;
    const decision d = of(expired, known(source::cached, 1s));
    CHECK(d.because == reason::expired);
    CHECK(words_of(d) == "401-IT");
    CHECK_FALSE(d.who);
}

TEST_CASE("O-12 a missing scope is a 403 that names what the route needs") {
    CHECK(words_of(of(active(), {}, {.scopes = {"write"}})) == "403-IS(write)");
    CHECK(words_of(of(active(), {}, {.scopes = {"read", "write"}})) == "403-IS(read write)");
    CHECK(words_of(of(active(), known(source::stale, 61s), {.scopes = {"write"}})) ==
          "403-IS(write)");
}

TEST_CASE(
    "decision: why an active token is refused is told to whoever runs the API, not to the client") {
    struct one {
        std::string body;
        requirements needed;
        ruling said;
    };
    const auto [body, needed, said] = GENERATE(values<one>({
        {r_plus(3600), for_api, ruling::ok},
        {r_plus(-11), for_api, ruling::expired},
        {R"({"active":true,"aud":"api","nbf":1700000020})", for_api, ruling::not_yet_valid},
        {R"({"active":true,"aud":"api"})", {.issuer = "https://as.example"}, ruling::wrong_issuer},
        {R"({"active":true})", for_api, ruling::wrong_audience},
        {R"({"active":true,"aud":"api","cnf":{"jkt":"x"}})", for_api, ruling::sender_constrained},
        {r_plus(3600), {.sender_constrained = true}, ruling::not_bound},
        {r_plus(3600), {.scopes = {"write"}}, ruling::insufficient_scope},
    }));
    CAPTURE(body);
    const decision d = of(active(body), {}, needed);
    CHECK(d.ruled == said);
    CHECK(d.allowed() == (said == ruling::ok));
    CHECK(decide_locally(active(body).said, {}, needed, realm, at(0)).ruled == said);
    CHECK_FALSE(of(knowledge{}).ruled);
    CHECK_FALSE(of(result<knowledge>{failure{reason::server_error}}).ruled);
    for (const auto& [name, value] : d.reply.headers)
        CHECK(value.find("audience") == value.npos);
}

TEST_CASE("decision: a scope name that is none cannot break out of the challenge") {
    CHECK(words_of(of(active(), {}, {.scopes = {"a\"b"}})) == R"(403-IS(a\"b))");
    CHECK(words_of(of(active(), {}, {.scopes = {"a\r\nSet-Cookie: x"}})) == "403-IS()");
}

TEST_CASE("O-13 O-14 audience and issuer are checked on every allow, cached ones too") {
    for (const source how : {source::live, source::cached, source::stale}) {
        const report facts = known(how, 1s);
        CHECK(words_of(of(active(R"({"active":true,"aud":["other","x"]})"), facts)) == "401-IT");
        CHECK(words_of(of(active(R"({"active":true})"), facts)) == "401-IT");
        CHECK(words_of(of(active(R"({"active":true,"iss":"https://as.example/"})"), facts,
                          {.issuer = "https://as.example"})) == "401-IT");
    }
}

TEST_CASE("O-16 exp has a leeway on live answers, none on cached ones") {
    const knowledge k = active(r_plus(0));
    CHECK(words_of(of(k, known(source::live), for_api, 9.999)) == "ALLOW(live)");
    CHECK(words_of(of(k, known(source::live), for_api, 10)) == "401-IT");
    for (const source how : {source::cached, source::stale}) {
        CHECK(words_of(of(k, known(how, 1s), for_api, -0.001)) ==
              "ALLOW(" + std::string{how == source::cached ? "cached" : "stale"} + ")");
        CHECK(words_of(of(k, known(how, 1s), for_api, 0)) == "401-IT");
    }
}

TEST_CASE("decision: nbf has the same leeway cached and live") {
    const knowledge k = active(R"({"active":true,"aud":"api","nbf":1700000020})");
    for (const source how : {source::live, source::cached, source::stale}) {
        CHECK(words_of(of(k, known(how, 1s), for_api, 9.999)) == "401-IT");
        CHECK(of(k, known(how, 1s), for_api, 10).allowed());
    }
}

TEST_CASE("S24 a token that is bound to a key is refused as a plain bearer token") {
    const knowledge k = active(R"({"active":true,"aud":"api","cnf":{"jkt":"x"}})");
    CHECK(words_of(of(k, known(source::stale, 61s))) == "401-IT");
}

TEST_CASE("decision: every failure is a 503, and none a challenge") {
    CHECK(refused(reason::server_error) == "503(5)");
    for (std::uint8_t i = 1; i != reason_count; ++i)
        CHECK(refused(static_cast<reason>(i)) == "503(5)");
    for (const refusal why :
         {refusal::none, refusal::timed_out, refusal::circuit_open, refusal::cancelled,
          refusal::rate_limited, refusal::bulkhead_full, refusal::unavailable, refusal::threw})
        CHECK(refused(why) == "503(5)");
    const decision d = of(result<knowledge>{failure{reason::client_refused}});
    CHECK(d.because == reason::client_refused);
    CHECK(d.how == decision::assurance::none);
    CHECK_FALSE(d.who);
}

TEST_CASE("decision: Retry-After is what is left of an open breaker, or the server's own") {
    const auto open = [](outlast::duration left) {
        return refused(failure{refusal::circuit_open}.with_retry_after(left));
    };
    CHECK(open(9500ms) == "503(10)");
    CHECK(open(10s) == "503(10)");
    CHECK(open(1ns) == "503(1)");
    CHECK(open(0s) == "503(1)");
    CHECK(open(300s) == "503(300)"); // our own word is not capped
    const auto asked = [](outlast::duration hint) {
        return refused(failure{reason::server_unavailable}.with_retry_after(hint));
    };
    CHECK(asked(17s) == "503(17)");
    CHECK(asked(120s) == "503(120)");
    CHECK(asked(1h) == "503(120)");
    CHECK(asked(outlast::forever) == "503(120)");
}

TEST_CASE("decision: a 401 or 403 of the server about us is not told on") {
    CHECK(refused(reason::client_refused) == "503(5)");
    CHECK(refused(reason::forbidden) == "503(5)");
    const decision latched =
        of(result<knowledge>{failure{refusal::circuit_open}.with_cause(reason::client_refused)});
    CHECK(latched.because == reason::fault_latched);
    CHECK(words_of(latched) == "503(5)");
}

TEST_CASE("decision: each assurance has a name") {
    using enum decision::assurance;
    CHECK(to_string(none) == "none");
    CHECK(to_string(live) == "live");
    CHECK(to_string(cached) == "cached");
    CHECK(to_string(stale) == "stale");
    CHECK(to_string(static_cast<decision::assurance>(99)) == "unknown");
}

TEST_CASE("decision: a token that was verified here is allowed as such, by the same policy") {
    const facts_ptr said = active().said; // aud api, scope read, exp in an hour
    const auto local = [&](const facts_ptr& f, const requirements& own, const requirements& wanted,
                           double now) {
        const decision d = decide_locally(f, own, wanted, realm, at(now));
        CHECK(d.how == decision::assurance::local);
        CHECK(d.age == 0s);
        return words_of(d);
    };
    CHECK(local(said, for_api, {}, 0) == "ALLOW(local)");
    CHECK(local(said, {}, for_api, 3599) == "ALLOW(local)");
    CHECK(local(said, {}, {}, 3600) == "401-IT"); // no leeway
    CHECK(local(said, {.audience = "other"}, {}, 0) == "401-IT");
    CHECK(local(said, {}, {.audience = "other"}, 0) == "401-IT");
    CHECK(local(said, {.issuer = "https://as.example"}, {}, 0) == "401-IT");
    CHECK(local(said, for_api, {.scopes = {"write"}}, 0) == "403-IS(write)");
    CHECK(local(nullptr, {}, {}, 0) == "401-IT");
    CHECK(decide_locally(nullptr, {}, {}, realm, at(0)).because == reason::inactive);
    CHECK(decide_locally(said, {}, {}, realm, at(0)).because == reason::active);
}
