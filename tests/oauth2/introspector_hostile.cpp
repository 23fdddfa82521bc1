// SPDX-License-Identifier: BSL-1.0
//
// Somebody tries to break the introspector: by tokens, by answers, by clocks, by a bad transport.
#include <outlast/oauth2/introspector.hpp>

#include "support/catch.hpp"
#include "support/story.hpp"

#include <chrono>
#include <functional>
#include <optional>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

namespace http = outlast::http;
using namespace outlast::oauth2;
using namespace outlast_tests;
using namespace std::chrono_literals;
using Catch::Matchers::ContainsSubstring;

// --- tokens ---

TEST_CASE("hostile: tokens of any legal length are each their own") {
    story s;
    s.server.otherwise = says(r_minus);
    s.server.of["a"] = {says(r_plus(3600))};
    CHECK(s.request("a") == "ALLOW(live), calls 1");
    for (const std::size_t size : {2U, 7U, 8U, 9U, 15U, 16U, 17U, 63U, 64U, 65U, 4095U, 4096U})
        CHECK(s.request(std::string(size, 'a')) == "401-IT, calls 1");
    CHECK(s.request("a=") == "401-IT, calls 1");
    CHECK(s.request("A") == "401-IT, calls 1");
    CHECK(s.at(1s).request("a") == "ALLOW(cached), calls 0");
}

TEST_CASE("S6 a flood of wrong tokens displaces no right one") {
    introspector_options options = profile_d();
    options.cache = {.capacity = 2, .negative_capacity = 8};
    story s{std::move(options)};
    s.server.otherwise = says(r_minus);
    s.server.of["good"] = {says(r_plus(3600))};
    s.request("good");
    for (int i = 0; i != 1000; ++i)
        s.request("tok" + std::to_string(i));
    CHECK(s.at(1s).request("good") == "ALLOW(cached), calls 0");
    CHECK(s.api.store().size() == 9);
    CHECK(s.breaker() == outlast::circuit_state::closed);
}

TEST_CASE("hostile: two introspectors on one transport share neither verdicts nor breakers") {
    scripted_server server{.otherwise = says(r_plus(3600))};
    const auto options = [] {
        introspector_options o = profile_d();
        o.wall = [] { return at(0); };
        o.retry.max_attempts = 1;
        return o;
    };
    direct_api one{options(), server};
    direct_api other{options(), server};
    CHECK(words_of(one("Bearer tokA")) == "ALLOW(live)");
    CHECK(words_of(other("Bearer tokA")) == "ALLOW(live)");
    server.otherwise = refuses();
    for (int i = 0; i != 20; ++i)
        (void)one("Bearer t" + std::to_string(i));
    server.otherwise = says(r_plus(3600));
    CHECK(words_of(one("Bearer tokB")) == "503(10)");
    CHECK(words_of(other("Bearer tokB")) == "ALLOW(live)");
}

// --- answers ---

TEST_CASE("hostile: exp at the border, live and cached") {
    struct border {
        std::int64_t exp;
        const char* words;
        const char* entry;
    };
    for (const auto& [exp, words, entry] :
         {border{-10, "401-IT, calls 1", "–"}, border{-9, "ALLOW(live), calls 1", "–"},
          border{0, "ALLOW(live), calls 1", "–"},
          border{1, "ALLOW(live), calls 1", "P fresh until 1 s, stale until 1 s"},
          border{59, "ALLOW(live), calls 1", "P fresh until 59 s, stale until 59 s"},
          border{60, "ALLOW(live), calls 1", "P fresh until 60 s, stale until 60 s"},
          border{61, "ALLOW(live), calls 1", "P fresh until 60 s, stale until 61 s"},
          border{360, "ALLOW(live), calls 1", "P fresh until 60 s, stale until 360 s"},
          border{361, "ALLOW(live), calls 1", "P fresh until 60 s, stale until 360 s"}}) {
        CAPTURE(exp);
        story s;
        s.server.otherwise = says(r_plus(exp));
        CHECK(s.at(0s).request("tokA") == words);
        CHECK(s.entry("tokA") == entry);
    }
}

TEST_CASE("hostile: one nanosecond before exp is before, exp is after") {
    story s;
    s.server.otherwise = says(r_plus(30));
    s.at(0s).request("tokA");
    CHECK(s.at(30s - 1ns).request("tokA") == "ALLOW(cached), calls 0");
    CHECK(s.at(30s).request("tokA") == "401-IT, calls 0");
}

TEST_CASE("S3 a Date that lies shortens a life, and never lengthens one") {
    const auto entry = [](const char* date) {
        story s;
        s.server.otherwise = says(r_plus(100)).with("Date", date);
        CHECK(s.at(0s).request("tokA") == "ALLOW(live), calls 1");
        return s.entry("tokA");
    };
    CHECK(entry("Thu, 01 Jan 1970 00:00:01 GMT") == "P fresh until 60 s, stale until 100 s");
    CHECK(entry("Tue, 14 Nov 2023 22:13:50 GMT") == "P fresh until 60 s, stale until 70 s");
    CHECK(entry("Tue, 14 Nov 2023 22:14:59 GMT") == "P fresh until 1 s, stale until 1 s");
    CHECK(entry("Tue, 14 Nov 2023 22:15:00 GMT") == "–"); // exp, by its own clock
    CHECK(entry("Fri, 31 Dec 9999 23:59:59 GMT") == "–");
}

TEST_CASE("hostile: an inactive answer cannot be talked into anything") {
    story s;
    s.server.otherwise = says(R"({"active":false,"exp":1700099999,"aud":"api","scope":"read"})")
                             .with("Retry-After", "100")
                             .with("Date", "Fri, 31 Dec 9999 23:59:59 GMT");
    CHECK(s.request("tokA") == "401-IT, calls 1");
    CHECK(s.entry("tokA") == "N until 10 s");
}

TEST_CASE("hostile: nothing that the server says gets into the answer to the client") {
    story s;
    for (const reply& r :
         {answers(401, R"({"error":"x\r\nSet-Cookie: evil"})")
              .with("WWW-Authenticate", "Bearer evil"),
          answers(503, "evil").with("Retry-After", "7\r\nSet-Cookie: evil"),
          says(R"({"active":false,"error_description":"evil"})"), answers(302, "evil"),
          says(R"({"active":true,"aud":"evil","scope":"evil"})")}) {
        s.server.otherwise = r;
        const told t = s.request("tok" + std::to_string(s.server.calls()));
        CHECK_FALSE(t.d.allowed());
        for (const auto& [name, value] : t.d.reply.headers)
            CHECK(value.find("evil") == std::string::npos);
        CHECK(t.d.reply.body.find("evil") == std::string::npos);
    }
}

// --- configuration ---

TEST_CASE("hostile: a realm with quotes stays inside its quotes") {
    scripted_server server;
    introspector_options o = profile_d();
    o.realm = R"(a", error="x\)";
    direct_api api{std::move(o), server};
    const decision d = api(std::string_view{});
    REQUIRE(d.reply.headers.size() == 1);
    CHECK(d.reply.headers[0].second == R"(Bearer realm="a\", error=\"x\\")");
}

// --- transports ---

namespace {

/// Ends each attempt by an exception that says too much.
struct throwing_server {
    std::function<void()> thrower{};
    outlast::result<http::response> operator()(const http::request&, const http::limits&) {
        thrower();
        return http::response{};
    }
};

decision thrown(std::function<void()> thrower, std::uint32_t counted) {
    throwing_server server{std::move(thrower)};
    introspector_options o = profile_d();
    o.retry.max_attempts = 1;
    direct_api api{std::move(o), server};
    const decision d = api("Bearer tokA");
    CHECK(api.breaker().window({}) == outlast::tally{.recorded = counted, .failed = counted});
    CHECK(api.store().size() == 0);
    return d;
}

} // namespace

TEST_CASE("hostile: a transport that throws is one that failed") {
    const auto no_code = [] { throw std::runtime_error{"tokA s3cr3t"}; };
    CHECK(words_of(thrown(no_code, 0)) == "503(5)"); // who knows whose fault that was
    CHECK(thrown(no_code, 0).because == reason::connection_lost);
    CHECK(words_of(thrown([] { throw 7; }, 0)) == "503(5)");
    const auto with_code = [] {
        throw std::system_error{std::make_error_code(std::errc::connection_reset), "tokA"};
    };
    CHECK(words_of(thrown(with_code, 1)) == "503(5)");
    CHECK(thrown(with_code, 1).because == reason::connection_lost);
}

TEST_CASE("hostile: a transport that throws holds no permit, and no seat") {
    throwing_server server{[] { throw std::runtime_error{"once more"}; }};
    introspector_options o = profile_d();
    o.breaker.open_for = 1ns;
    direct_api api{std::move(o), server};
    for (int i = 0; i != 50; ++i) // one token: a seat left behind would make it wait for ever
        CHECK(api("Bearer tokA").status == 503);
}

TEST_CASE("hostile: statuses that are none decide nothing") {
    for (const int status : {-1, 0, 1, 100, 101, 199, 299, 600, 999, 2'000'000'000}) {
        story s;
        s.server.otherwise = answers(status, r_plus(3600)).with("Retry-After", "100");
        CHECK(s.request("tokA") == "503(5), calls 1");
        CHECK(s.api.store().size() == 0);
    }
}

TEST_CASE("hostile: absurd values of Retry-After") {
    for (const char* value : {"-17", "0x20", "1e3", " ", "17;", "99999999999999999999999999999",
                              "Fri, 31 Dec 9999 23:59:59 GMT", "Mon, 01 Jan 0001 00:00:00 GMT"}) {
        story s;
        s.server.otherwise = answers(429).with("Retry-After", value);
        const told t = s.request("tokA");
        CHECK((t == "503(5), calls 1" || t == "503(120), calls 1"));
    }
}

// --- clocks ---

namespace {

struct broken_wall {
    bool broken = false;
    std::chrono::system_clock::time_point operator()() const {
        if (broken)
            throw std::runtime_error{"no clock"};
        return at(0);
    }
};

/// The blocking form throws; the other cannot tell.
template <class Api>
bool is_allowed(Api& api, std::string_view authorization) {
    try {
        return api(authorization).status != 503;
    } catch (const std::runtime_error&) {
        return false;
    }
}

} // namespace

TEST_CASE("hostile: without a wall clock nothing is allowed, and nothing is left in the way") {
    scripted_server server{.otherwise = says(r_plus(3600))};
    broken_wall wall;
    introspector_options o = profile_d();
    o.wall = std::ref(wall);
    direct_api api{std::move(o), server};
    CHECK(words_of(api("Bearer tokA")) == "ALLOW(live)");
    wall.broken = true;
    CHECK_FALSE(is_allowed(api, "Bearer tokA")); // fresh, and still exp cannot be looked at
    CHECK_FALSE(is_allowed(api, "Bearer tokB"));
    wall.broken = false;
    CHECK(words_of(api("Bearer tokA")) == "ALLOW(cached)");
    CHECK(words_of(api("Bearer tokB")) == "ALLOW(live)");
}

TEST_CASE("hostile: a wall clock at the ends of time") {
    for (const auto now :
         {std::chrono::system_clock::time_point::min(), std::chrono::system_clock::time_point{},
          std::chrono::system_clock::time_point::max()}) {
        scripted_server server{.otherwise =
                                   says(R"({"active":true,"exp":1700003600,"nbf":1700000000})")};
        introspector_options o = profile_d();
        o.wall = [now] { return now; };
        direct_api api{std::move(o), server};
        CHECK(words_of(api("Bearer tokA")) == "401-IT"); // not yet valid, or expired
        server.otherwise = answers(503).with("Retry-After", "Fri, 31 Dec 9999 23:59:59 GMT");
        CHECK(api("Bearer tokB").status == 503);
    }
}

// --- O-75 redaction ---

TEST_CASE("O-75 no decision or name holds a token, the secret or a body") {
    constexpr std::string_view token = "this-is-the-token";
    constexpr std::string_view body = R"({"error":"this-is-the-body"})";
    const auto clean = [&](std::string_view text) {
        INFO(text);
        for (const std::string_view forbidden :
             {token, std::string_view{"s3cr3t"}, std::string_view{"cnM6czNjcjN0"}, // Basic
              std::string_view{"this-is-the-body"}})
            CHECK(text.find(forbidden) == std::string_view::npos);
    };
    story s;
    s.place(token, -70s, 3600);
    const std::vector<reply> all{says(r_plus(3600)),
                                 says(r_minus),
                                 says(body),
                                 answers(400, body),
                                 answers(401, body),
                                 answers(500, body),
                                 answers(503, body).with("Retry-After", "17"),
                                 refuses(),
                                 hangs()};
    for (int round = 0; round != 3; ++round) // the last with latch and breaker open
        for (const reply& r : all) {
            s.server.otherwise = r;
            for (const told& t : {s.strict(token), s.request(token)}) {
                clean(t.d.reply.body);
                for (const auto& [name, value] : t.d.reply.headers)
                    clean(value);
                if (t.d.because)
                    clean(to_string(*t.d.because));
            }
        }
    clean(s.api.breaker().options().name.view());
    clean(s.api.latch().options().name.view());
    REQUIRE(!s.server.asked.empty());
    std::ostringstream shown;
    shown << s.server.asked.front();
    clean(shown.str());
}

TEST_CASE("S8 one token whose answers cannot be read opens the breaker for nobody") {
    story s;
    s.server.otherwise = says(r_plus(3600));
    s.server.of["evil"] = {says(R"({"active":true,"exp":0})")};
    for (int i = 0; i != 30; ++i)
        CHECK(s.request("evil").words == "503(5)");
    CHECK(s.breaker() == outlast::circuit_state::closed);
    CHECK(s.request("good") == "ALLOW(live), calls 1");
}

TEST_CASE("S8 an outage that comes back opens the breaker as soon as the first one did") {
    introspector_options o = profile_d();
    o.breaker.open_for = 1s;
    story s{std::move(o)};
    const auto calls_until_open = [&] {
        s.server.otherwise = answers(500);
        std::size_t calls = 0;
        for (int n = 0; n != 40 && s.breaker() == outlast::circuit_state::closed; ++n)
            calls += s.request("tok" + std::to_string(n % 12)).calls;
        return calls;
    };
    CHECK(calls_until_open() == 10);
    s.server.otherwise = says(r_plus(3600));
    s.at(s.time() - outlast::instant{} + 2s);
    s.request("new1");
    s.request("new2");
    REQUIRE(s.breaker() == outlast::circuit_state::closed);
    CHECK(calls_until_open() == 10); // the same tokens, less than 10 s after they were counted
}

TEST_CASE("S8 one token that is answered as if we were misconfigured sets the latch for nobody") {
    for (const int status : {401, 404, 405, 415}) {
        story s;
        s.server.otherwise = says(r_plus(3600));
        s.server.of["evil"] = {answers(status)};
        for (int i = 0; i != 30; ++i)
            CHECK(s.at(i * 20s).request("evil") == "503(5), calls 1");
        CHECK(s.latch() == outlast::circuit_state::closed);
        CHECK(s.request("good") == "ALLOW(live), calls 1");
    }
}

TEST_CASE("S8 two such tokens do not set it either; three do") {
    story s;
    s.server.otherwise = says(r_plus(3600));
    for (const char* token : {"evil", "worse", "worst"})
        s.server.of[token] = {answers(404)};
    for (int i = 0; i != 10; ++i) {
        CHECK(s.at(2s * i).request("evil") == "503(5), calls 1");
        CHECK(s.request("worse") == "503(5), calls 1");
    }
    CHECK(s.latch() == outlast::circuit_state::closed);
    // An answer in between: each of them counts again, once.
    CHECK(s.request("good") == "ALLOW(live), calls 1");
    for (const outlast::duration when : {20s, 22s})
        for (const char* token : {"evil", "worse"})
            CHECK(s.at(when).request(token) == "503(5), calls 1");
    CHECK(s.latch() == outlast::circuit_state::closed);
    CHECK(s.request("worst") == "503(30), calls 1");
    CHECK(s.latch() == outlast::circuit_state::open);
}

TEST_CASE("S8 when the latch is over, one such token sets it again once, not for good") {
    story s;
    s.server.otherwise = answers(401);
    s.server.of["evil"] = {answers(404)};
    for (const char* token : {"t0", "t1", "t2"})
        s.request(token);
    s.server.otherwise = says(r_plus(3600)); // put right
    CHECK(s.at(30s).request("evil") == "503(30), calls 1");
    CHECK(s.at(31s).request("good") == "503(29), calls 0");
    CHECK(s.at(60s).request("evil") == "503(5), calls 1");
    CHECK(s.request("good") == "ALLOW(live), calls 1");
    CHECK(s.latch() == outlast::circuit_state::closed);
}
