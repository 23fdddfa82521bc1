// SPDX-License-Identifier: BSL-1.0
//
// What both key sources do, in virtual time.
#include <outlast/oauth2/jwt/key_source_base.hpp>

#include "oauth2/support/key_server.hpp"
#include "support/catch.hpp"

#include <chrono>
#include <stdexcept>
#include <string>
#include <vector>

using namespace outlast::oauth2;
using namespace outlast_tests;
using namespace std::chrono_literals;
namespace keys = outlast_tests::jose_keys;

namespace {

std::optional<reason> why(const keys_result& r) {
    return r ? std::nullopt : std::optional{reason_of(r.error())};
}

} // namespace

TEMPLATE_TEST_CASE("key source: one GET, accepting no coding", "", blocking_keys, async_keys) {
    TestType s;
    s.server.otherwise = says_keys({keys::p256, keys::rsa});
    const auto got = s.get();
    REQUIRE(got);
    CHECK(got.value()->size() == 2);
    REQUIRE(s.server.calls() == 1);
    const outlast::http::request& sent = s.server.asked.front();
    CHECK(sent.method == "GET");
    CHECK(sent.url == "https://as.example/jwks");
    CHECK(sent.body.empty());
    CHECK(sent.headers.first("Accept") == "application/jwk-set+json, application/json");
    CHECK(sent.headers.first("Accept-Encoding") == "identity");
    CHECK(sent.headers.size() == 2);
}

TEMPLATE_TEST_CASE("key source: fresh for 10 min", "", blocking_keys, async_keys) {
    TestType s;
    s.server.otherwise = says_keys({keys::p256});
    REQUIRE(s.get());
    s.advance(10min - 1ns);
    REQUIRE(s.get());
    CHECK(s.server.calls() == 1);
    s.advance(1ns);
    REQUIRE(s.get());
    CHECK(s.server.calls() == 2);
}

TEMPLATE_TEST_CASE("key source: rotation, the new set takes the place of the old one",
                   "",
                   blocking_keys,
                   async_keys) {
    TestType s;
    s.server.first = {says_keys({keys::p256})};
    s.server.otherwise = says_keys({keys::rsa, keys::p384});
    CHECK(s.get().value()->size() == 1);
    s.advance(10min);
    CHECK(s.get().value()->size() == 2);
    CHECK(s.in_hand()->size() == 2);
}

TEMPLATE_TEST_CASE(
    "key source: an outage is lived through for 12 h from the last fetch, and no longer",
    "",
    blocking_keys,
    async_keys) {
    TestType s;
    s.server.first = {says_keys({keys::p256})};
    s.server.otherwise = refuses();
    REQUIRE(s.get());
    s.advance(6h);
    CHECK(s.get().has_value());
    CHECK(s.in_hand() != nullptr);
    s.advance(6h - 1s);
    CHECK(s.get().has_value());
    s.advance(1s);
    const auto late = s.get();
    CHECK_FALSE(late.has_value());
    CHECK(s.in_hand() == nullptr);
    s.server.otherwise = says_keys({keys::p384});
    s.advance(30s);
    CHECK(s.get().has_value());
}

TEMPLATE_TEST_CASE("key source: an answer that is no key set of use keeps the old keys",
                   "",
                   blocking_keys,
                   async_keys) {
    TestType s;
    s.server.first = {says_keys({keys::p256})};
    REQUIRE(s.get());
    s.server.otherwise =
        GENERATE(answers(200, R"({"keys":[]})"), answers(200, "<html>"),
                 answers(200, jwks_of({keys::rsa}), "text/html"),
                 answers(200, jwks_of({keys::weak_rsa})), answers(404), answers(400), answers(302),
                 answers(201), answers(200, jwks_of({keys::rsa})).with("Content-Encoding", "gzip"),
                 answers(200, std::string(70'000, ' ')));
    s.advance(10min);
    const auto got = s.get();
    REQUIRE(got);
    CHECK(s.server.calls() == 2);
    CHECK(got.value()->size() == 1);
}

TEMPLATE_TEST_CASE("key source: why there are no keys", "", blocking_keys, async_keys) {
    struct row {
        reply r;
        reason why;
    };
    const auto [answer, expected] = GENERATE(
        row{refuses(), reason::connection_refused},
        row{fails(outlast::http::errc::tls_failed), reason::tls_failed},
        row{answers(500), reason::server_error}, row{answers(503), reason::server_unavailable},
        row{answers(404), reason::not_found}, row{answers(400), reason::bad_request},
        row{answers(302), reason::redirect}, row{answers(204), reason::unexpected_status},
        row{answers(200, "{}", "text/html"), reason::not_json},
        row{answers(200, "{}"), reason::bad_key_set});
    TestType s;
    s.server.otherwise = answer;
    CHECK(why(s.get()) == expected);
    CHECK(why(s.get()) == (class_of(expected) == outcome_class::fault ? reason::fault_latched
                                                                      : reason::circuit_open));
}

TEMPLATE_TEST_CASE(
    "key source: after a fetch that failed none is made for 30 s, or as long as the server says",
    "",
    blocking_keys,
    async_keys) {
    TestType s;
    s.server.otherwise = answers(500);
    CHECK_FALSE(s.get().has_value());
    for (int i = 0; i != 29; ++i) {
        s.advance(1s);
        CHECK_FALSE(s.get().has_value());
    }
    CHECK(s.server.calls() == 1);
    s.advance(1s);
    s.server.otherwise = answers(503).with("Retry-After", "100");
    CHECK_FALSE(s.get().has_value());
    CHECK(s.server.calls() == 2); // not repeated, as it said when
    s.advance(99s);
    const auto early = s.get();
    CHECK_FALSE(early.has_value());
    CHECK(s.server.calls() == 2);
    s.server.otherwise = says_keys({keys::p256});
    s.advance(1s);
    CHECK(s.get().has_value());
}

TEMPLATE_TEST_CASE("key source: what was lost is asked for once more at once",
                   "",
                   blocking_keys,
                   async_keys) {
    TestType s;
    s.server.first = {refuses()};
    s.server.otherwise = says_keys({keys::p256});
    CHECK(s.get().has_value());
    CHECK(s.server.calls() == 2);
}

TEMPLATE_TEST_CASE("key source: for unknown keys one fetch each 30 s, whatever comes",
                   "",
                   blocking_keys,
                   async_keys) {
    TestType s;
    s.server.otherwise = says_keys({keys::p256});
    const auto unknown = s.source.options().unknown_after;
    REQUIRE(s.get());
    // A flood for five minutes, ten a second.
    for (int i = 0; i != 3000; ++i) {
        CHECK(s.get(unknown).has_value());
        s.advance(100ms);
    }
    CHECK(s.server.calls() <= 1 + 300 / 30);
    CHECK(s.server.calls() >= 1 + 300 / 31);
}

TEMPLATE_TEST_CASE(
    "key source: the flood is as quiet while the keys cannot be had, and the old ones stay",
    "",
    blocking_keys,
    async_keys) {
    TestType s;
    s.server.first = {says_keys({keys::p256})};
    s.server.otherwise = answers(500);
    REQUIRE(s.get());
    s.advance(1min);
    for (int i = 0; i != 600; ++i) {
        CHECK_FALSE(s.get(30s).has_value());
        CHECK(s.get().has_value()); // what is known needs no call
        s.advance(100ms);
    }
    CHECK(s.server.calls() == 1 + 2);
}

TEMPLATE_TEST_CASE("key source: many at once make one fetch", "", blocking_keys, async_keys) {
    TestType s;
    s.server.otherwise = says_keys({keys::p256}).after(1s);
    std::vector<std::size_t> calls;
    for (int i = 0; i != 100; ++i)
        calls.push_back(s.begin(i % 2 == 0 ? outlast::forever : outlast::duration{30s}));
    s.run();
    for (const std::size_t c : calls) {
        REQUIRE(s.told(c).has_value());
        CHECK(s.told(c)->has_value());
    }
    CHECK(s.server.calls() == 1);
}

TEMPLATE_TEST_CASE("key source: with old keys in hand nobody waits long for another's fetch",
                   "",
                   blocking_keys,
                   async_keys) {
    TestType s;
    s.server.first = {says_keys({keys::p256})};
    s.server.otherwise = says_keys({keys::rsa}).after(1s);
    REQUIRE(s.get());
    s.advance(10min);
    (void)s.begin();
    const std::size_t follower = s.begin();
    s.advance(500ms);
    REQUIRE(s.told(follower).has_value());
    CHECK(s.told(follower)->has_value());
    s.run();
    CHECK(s.server.calls() == 2);
}

TEST_CASE("key source: options that cannot be meant are refused with a sentence") {
    scripted_server server;
    const auto refused = [&](auto change) {
        key_source_options o = keys_at_issuer();
        change(o);
        try {
            const key_source s{std::move(o), server};
        } catch (const std::invalid_argument& e) {
            return std::string{e.what()}.starts_with("key source: ") ? std::string{"refused"}
                                                                     : e.what();
        }
        return std::string{};
    };
    CHECK(refused([](auto&) {}).empty());
    CHECK(refused([](auto& o) { o.url = ""; }) == "refused");
    CHECK(refused([](auto& o) { o.url = "https://me:secret@as.example/"; }) == "refused");
    CHECK(refused([](auto& o) { o.fresh_for = 0s; }) == "refused");
    CHECK(refused([](auto& o) { o.usable_for = 9min; }) == "refused");
    CHECK(refused([](auto& o) { o.unknown_after = 0s; }) == "refused");
    CHECK(refused([](auto& o) { o.pause = 0s; }) == "refused");
    CHECK(refused([](auto& o) { o.stale_wait = -1s; }) == "refused");
    CHECK(refused([](auto& o) { o.attempt_timeout = 0s; }) == "refused");
    CHECK(refused([](auto& o) { o.overall_timeout = 1s; }) == "refused");
    CHECK(refused([](auto& o) { o.wall = nullptr; }) == "refused");
}
