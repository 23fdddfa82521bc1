// SPDX-License-Identifier: BSL-1.0
//
// What the introspector makes of answers that cannot be believed, and of error statuses.
#include <outlast/oauth2/introspector.hpp>

#include "support/catch.hpp"
#include "support/story.hpp"

#include <chrono>
#include <string>
#include <string_view>

using namespace outlast::oauth2;
using namespace outlast_tests;
using namespace std::chrono_literals;

namespace {

constexpr outlast::tally one_failure{.recorded = 1, .failed = 1};

/// «Cannot tell»: 503(5), one call, no entry, one failure counted; and a stale verdict stands in.
void cannot_tell(const reply& wrong, const introspector_options& like = profile_d()) {
    INFO(wrong.answer.status << ' ' << wrong.answer.body.substr(0, 80));
    const auto options = [&] {
        introspector_options o = profile_d();
        o.reading = like.reading;
        return o;
    };
    {
        story s{options()};
        s.server.otherwise = wrong;
        CHECK(s.at(0s).request("tokA") == "503(5), calls 1");
        CHECK(s.api.store().size() == 0);
        CHECK(s.counted() == one_failure);
        CHECK(s.latch() == outlast::circuit_state::closed);
    }
    story s{options()};
    s.place("tokA", -70s, 3600);
    s.server.otherwise = wrong;
    CHECK(s.at(0s).request("tokA") == "ALLOW(stale), calls 1");
    CHECK(s.api.store().size() == 1);
}

void cannot_tell(std::string_view body) { cannot_tell(says(body)); }

/// The first request of a new instance, answered so.
told first(const reply& r, introspector_options options = profile_d()) {
    story s{std::move(options)};
    s.server.otherwise = r;
    return s.at(0s).request("tokA");
}

} // namespace

// --- E. malformed answers ---

TEST_CASE("O-32 HTML with status 200") {
    cannot_tell(answers(200, "<html>maintenance</html>", "text/html"));
}

TEST_CASE("O-33 broken JSON") { cannot_tell(R"({"active":true)"); }

TEST_CASE("O-34 active is the string true") {
    cannot_tell(R"({"active":"true","exp":1700003600})");
}

TEST_CASE("O-35 active missing") {
    cannot_tell(R"({"sub":"u1","exp":1700003600})");
    cannot_tell("{}");
}

TEST_CASE("O-36 active is no boolean") {
    for (const std::string active : {"1", "null", "\"false\"", "[]", "{}"})
        cannot_tell(R"({"active":)" + active + R"(,"exp":1700003600,"aud":"api"})");
}

TEST_CASE("O-37 exp is a string") {
    const std::string_view body = R"({"active":true,"exp":"1700003600","aud":"api"})";
    cannot_tell(body);
    introspector_options lenient = profile_d();
    lenient.reading.lenient_numbers = true;
    story s{std::move(lenient)};
    s.server.otherwise = says(body);
    CHECK(s.at(0s).request("tokA") == "ALLOW(live), calls 1");
    CHECK(s.entry("tokA") == "P fresh until 60 s, stale until 360 s");
}

TEST_CASE("O-38 exp is fractional") {
    story s;
    s.server.otherwise = says(R"({"active":true,"exp":1700000030.9,"aud":"api"})");
    CHECK(s.at(0s).request("tokA") == "ALLOW(live), calls 1");
    CHECK(s.entry("tokA") == "P fresh until 30 s, stale until 30 s");
    CHECK(s.at(30s).request("tokA") == "401-IT, calls 0");
}

TEST_CASE("O-39 exp zero or negative") {
    cannot_tell(R"({"active":true,"exp":0,"aud":"api"})");
    cannot_tell(R"({"active":true,"exp":-1,"aud":"api"})");
}

TEST_CASE("O-40 exp in milliseconds or absurd") {
    cannot_tell(R"({"active":true,"exp":1700003600000,"aud":"api"})");
    cannot_tell(R"({"active":true,"exp":9223372036854775808,"aud":"api"})");
    cannot_tell(R"({"active":true,"exp":1e400,"aud":"api"})");
    // The last that is in range: no overflow on the way to its entry either.
    story s;
    s.server.otherwise = says(R"({"active":true,"exp":253402300799,"aud":"api"})");
    CHECK(s.at(0s).request("tokA") == "ALLOW(live), calls 1");
    CHECK(s.entry("tokA") == "P fresh until 60 s, stale until 360 s");
}

TEST_CASE("O-41 duplicate member") {
    cannot_tell(R"({"active":false,"active":true,"exp":1700003600,"aud":"api"})");
    cannot_tell(R"({"active":true,"active":false,"exp":1700003600,"aud":"api"})");
}

TEST_CASE("O-42 deep nesting") {
    const auto deep = [](std::size_t total) {
        return R"({"active":true,"exp":1700003600,"aud":"api","x":)" + std::string(total - 1, '[') +
               std::string(total - 1, ']') + "}";
    };
    CHECK(first(says(deep(16))) == "ALLOW(live), calls 1");
    cannot_tell(deep(17));
    cannot_tell(deep(30'000));
}

TEST_CASE("O-43 body too large") {
    std::string body = r_plus(3600);
    body.resize(65'536, ' ');
    CHECK(first(says(body)) == "ALLOW(live), calls 1");
    cannot_tell(body + " ");
    cannot_tell(fails(outlast::http::errc::too_large)); // so says a transport that stopped reading
}

TEST_CASE("O-45 wrong content type") {
    cannot_tell(answers(200, r_plus(3600), "text/plain"));
    cannot_tell(answers(200, r_plus(3600), ""));
    CHECK(first(answers(200, r_plus(3600), "application/vnd.x+json; charset=utf-8")) ==
          "ALLOW(live), calls 1");
}

TEST_CASE("O-46 redirect") {
    for (const int status : {302, 307}) {
        cannot_tell(answers(status, r_plus(3600)).with("Location", "http://e2/introspect"));
        story s;
        s.server.otherwise = answers(status).with("Location", "http://e2/introspect");
        s.request("tokA");
        for (const auto& asked : s.server.asked)
            CHECK(asked.url == "https://as.example/introspect");
    }
}

TEST_CASE("O-47 JSON but not an object") {
    for (const char* body : {"null", "true", "[]", "\"active\""})
        cannot_tell(body);
}

// --- F. error statuses ---

TEST_CASE("O-48 400 for one token") {
    story s;
    s.server.otherwise = says(r_plus(3600));
    s.server.of["tokJ"] = {answers(400, R"({"error":"unsupported_token_type"})")};
    s.server.of["tokK"] = {answers(400, R"({"error":"invalid_request"})")};
    for (int i = 0; i != 30; ++i) {
        CHECK(s.at(30ms * i).request("tokJ").words == "401-IT");
        CHECK(s.request("tokK").words == "503(5)");
    }
    CHECK(s.server.calls("tokK") == 1);
    CHECK(s.server.calls("tokJ") == 1);
    CHECK(s.entry("tokJ") == "N until 10 s");
    CHECK(s.entry("tokK") == "–");
    CHECK(s.breaker() == outlast::circuit_state::closed);
    CHECK(s.counted().failed == 0);
    CHECK(s.request("tokB") == "ALLOW(live), calls 1");
}

TEST_CASE("O-48 400 for one token that has a stale entry") {
    story s;
    s.place("tokK", -70s, 3600);
    s.server.otherwise = answers(400, R"({"error":"invalid_request"})");
    CHECK(s.at(0s).request("tokK") == "503(5), calls 1");
    CHECK(s.entry("tokK") == "P fresh until -10 s, stale until 290 s");
}

TEST_CASE("O-48 no other 4xx counts for anything either") {
    story s;
    for (const int status : {402, 406, 409, 410, 413, 414, 418, 422, 431, 451, 499}) {
        s.server.otherwise = answers(status, R"({"active":false})");
        CHECK(s.request("tok" + std::to_string(status)) == "503(5), calls 1");
    }
    CHECK(s.counted() == outlast::tally{});
    CHECK(s.api.latch().window(s.time()) == outlast::tally{});
    CHECK(s.api.store().size() == 0);
}

TEST_CASE("O-49 401 invalid_client must not become 401") {
    story s;
    s.server.otherwise = answers(401, R"({"error":"invalid_client"})");
    CHECK(s.at(0s).request("t0") == "503(5), calls 1");
    CHECK(s.at(1s).request("t1") == "503(5), calls 1");
    const told sets_it = s.at(2s).request("t2");
    CHECK(sets_it == "503(30), calls 1");
    CHECK(sets_it.d.because == reason::client_refused);
    const told latched = s.at(3s).request("t3");
    CHECK(latched == "503(29), calls 0");
    CHECK(latched.d.because == reason::fault_latched);
    CHECK(s.at(4s).request("t4") == "503(28), calls 0");
    CHECK(s.server.calls() == 3);
    CHECK(s.api.store().size() == 0);
    CHECK(s.counted() == outlast::tally{}); // the server is there
}

TEST_CASE("O-49 an answer in between breaks the row") {
    const reply refused = answers(401, R"({"error":"invalid_client"})");
    for (const reply& between : {says(r_plus(3600)), says(r_minus)}) {
        story s;
        s.server.first = {refused, refused, between, refused, refused};
        for (const char* token : {"t0", "t1", "t2", "t3", "t4"})
            CHECK(s.request(token).calls == 1);
        CHECK(s.server.calls() == 5);
        CHECK(s.latch() == outlast::circuit_state::closed);
    }
}

TEST_CASE("O-49 nothing but an answer breaks the row, and nothing else lengthens it") {
    const reply refused = answers(404);
    for (const reply& between :
         {answers(500), says("{}"), answers(400), answers(403), hangs(), answers(429)}) {
        story s;
        s.server.first = {refused, between, refused};
        for (const char* token : {"t0", "t1", "t2"})
            s.request(token);
        CHECK(s.latch() == outlast::circuit_state::closed);
        s.server.otherwise = refused;
        s.request("t3");
        CHECK(s.latch() == outlast::circuit_state::open);
    }
}

TEST_CASE("O-49 when the latch is over the next one decides") {
    story s;
    s.server.otherwise = answers(401);
    for (const char* token : {"t0", "t1", "t2"})
        s.request(token); // until 30 s
    CHECK(s.at(29999ms).request("t3") == "503(1), calls 0");
    CHECK(s.at(30s).request("t4").calls == 1);
    CHECK(s.at(31s).request("t5") == "503(29), calls 0");
    s.at(60s).server.otherwise = says(r_plus(3600));
    CHECK(s.request("t6") == "ALLOW(live), calls 1");
    s.server.otherwise = answers(401);
    CHECK(s.request("t7") == "503(5), calls 1");
    CHECK(s.request("t8") == "503(5), calls 1");
    CHECK(s.latch() == outlast::circuit_state::closed);
}

TEST_CASE("O-50 403") {
    story s;
    s.server.otherwise = answers(403);
    for (const char* token : {"t0", "t1", "t2", "t3", "t4"})
        CHECK(s.request(token) == "503(5), calls 1");
    CHECK(s.latch() == outlast::circuit_state::closed);
    CHECK(s.api.store().size() == 0);
}

TEST_CASE("O-51 429 with Retry-After 17") { // the breaker does not open by it yet
    const told t = first(answers(429).with("Retry-After", "17"));
    CHECK(t == "503(17), calls 1");
    CHECK(t.d.because == reason::too_many_requests);
}

TEST_CASE("O-52 500") {
    cannot_tell(answers(500));
    cannot_tell(answers(501));
}

TEST_CASE("O-53 502 then 200") {
    for (const int status : {502, 503, 504}) {
        story s;
        s.server.first = {answers(status)};
        s.server.otherwise = says(r_plus(3600));
        const told t = s.at(0s).request("tokA");
        CHECK(t == "ALLOW(live), calls 2");
        CHECK(t.finished == outlast::instant{100ms});
        CHECK(s.entry("tokA") == "P fresh until 60100 ms, stale until 360100 ms");
    }
}

TEST_CASE("O-54 503 with Retry-After 30") { // the breaker does not open by it yet
    CHECK(first(answers(503).with("Retry-After", "30")) == "503(30), calls 1");
    CHECK(first(answers(503).with("Retry-After", "Tue, 14 Nov 2023 22:13:50 GMT")) ==
          "503(30), calls 1");
    CHECK(first(answers(500).with("Retry-After", "100000")) == "503(120), calls 1");
    CHECK(first(answers(503).with("Retry-After", "0")) == "503(5), calls 2"); // of no use
}

TEST_CASE("O-55 404 and 405") {
    for (const int status : {404, 405, 415}) {
        story s;
        s.server.otherwise = answers(status);
        const told t = s.request("tokA");
        CHECK(t == "503(5), calls 1");
        CHECK(class_of(*t.d.because) == outcome_class::fault);
        CHECK(s.counted() == outlast::tally{});
    }
}
