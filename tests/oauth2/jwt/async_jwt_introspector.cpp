// SPDX-License-Identifier: BSL-1.0
//
// JWTs and opaque tokens at one API, without blocking a thread, in virtual time.
#include <outlast/oauth2/jwt/async_jwt_introspector.hpp>

#include "oauth2/support/issuer.hpp"
#include "oauth2/support/outcome_words.hpp"
#include "support/catch.hpp"

#include <boost/asio.hpp>

#include <array>
#include <chrono>
#include <deque>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace asio = boost::asio;
using namespace outlast::oauth2;
using namespace outlast_tests;
using namespace std::chrono_literals;
using outlast::forever;

namespace {

struct api {
    virtual_loop loop{};
    issuer server{};
    using check_type = async_jwt_introspector<issuer, hand_clock>;
    std::unique_ptr<check_type> check{};
    const requirements any{};

    explicit api(local_use use,
                 introspector_options o = introspection_at_issuer(),
                 bool signed_answers = false) {
        server.loop = &loop;
        check = std::make_unique<check_type>(std::move(o), jwt_for(use, signed_answers), server);
    }
    /// One check, and when it was answered.
    struct told {
        std::optional<decision> d{};
        outlast::duration after{};
    };
    told&
    begin(const std::string& token, outlast::limits until = {}, asio::cancellation_slot slot = {}) {
        told& t = told_.emplace_back();
        check->async_check("Bearer " + token, any, forever, until,
                           asio::bind_cancellation_slot(slot, [this, &t](decision d) {
                               CHECK_FALSE(t.d.has_value());
                               t.d = std::move(d);
                               t.after = loop.since_start();
                           }));
        CHECK_FALSE(t.d.has_value());
        return t;
    }
    std::string operator()(const std::string& token) {
        told& t = begin(token);
        loop.run_until([&] { return t.d.has_value(); });
        return words_of(*t.d);
    }

private:
    static jwt_options jwt_for(local_use use, bool signed_answers) {
        jwt_options jwt = jwt_of_issuer(use);
        jwt.signed_answers = signed_answers;
        return jwt;
    }
    std::deque<told> told_{};
};

} // namespace

TEST_CASE(
    "async jwt introspector: first, a JWT is allowed by its signature, and keys are fetched once") {
    api s{local_use::first};
    CHECK(s(access_token()) == "ALLOW(local)");
    CHECK(s(access_token({{"jti", "\"j2\""}})) == "ALLOW(local)");
    CHECK(s(forged_token()) == "401-IT");
    CHECK(s.server.calls() == "introspected 0, keys 1");
}

TEST_CASE("async jwt introspector: an opaque token is introspected and kept as ever") {
    api s{local_use::first};
    s.server.introspection.otherwise = says(r_plus(3600));
    CHECK(s("tokA") == "ALLOW(live)");
    s.loop.advance(1s);
    CHECK(s("tokA") == "ALLOW(cached)");
    CHECK(s.server.calls() == "introspected 1, keys 0");
}

TEST_CASE("async jwt introspector: fallback, the server's verdict counts while it can be had") {
    api s{local_use::fallback};
    const std::string good = access_token();
    const std::string revoked = access_token({{"jti", "\"j2\""}});
    s.server.introspection.otherwise = refuses();
    s.server.introspection.of[revoked] = {says(r_minus)};
    CHECK(s(revoked) == "401-IT");
    CHECK(s(good) == "ALLOW(local)");
    CHECK(s("opaque") == "503(5)");
    CHECK(s.server.calls() == "introspected 3, keys 1");
    s.server.introspection.otherwise = says(r_plus(3600));
    s.loop.advance(1s); // the memo of the failure
    CHECK(s(good) == "ALLOW(live)");
}

TEST_CASE("async jwt introspector: rotation, a new key is known at once") {
    api s{local_use::first};
    CHECK(s(access_token()) == "ALLOW(local)");
    s.server.jwks.otherwise = says_keys({jose_keys::p256, jose_keys::p384});
    s.loop.advance(31s);
    CHECK(s(access_token({}, jose_keys::p384)) == "ALLOW(local)");
    CHECK(s.server.calls() == "introspected 0, keys 2");
    s.server.introspection.otherwise = says(r_minus);
    CHECK(s(access_token({}, jose_keys::p521)) ==
          "401-IT"); // by the server: the key may be newer still
    CHECK(s.server.calls() == "introspected 1, keys 2");
}

TEST_CASE("async jwt introspector: keys of an issuer that is away are good for 12 h") {
    api s{local_use::fallback};
    s.server.introspection.otherwise = refuses();
    const std::string token = access_token({{"exp", std::to_string(t0 + 100'000)}});
    CHECK(s(token) == "ALLOW(local)");
    s.server.jwks.otherwise = refuses();
    s.loop.advance(12h - 1s);
    CHECK(s(token) == "ALLOW(local)");
    s.loop.advance(1s);
    CHECK(s(token).starts_with("503"));
}

TEST_CASE("async jwt introspector: what was revoked here stays refused") {
    api s{local_use::first};
    CHECK(s(access_token()) == "ALLOW(local)");
    const std::string token = access_token();
    s.check->revoke(token);
    CHECK(s(token) == "401-IT");
    s.check->revoke("opaque");
    CHECK(s("opaque") == "401-IT");
    CHECK(s.server.calls() == "introspected 0, keys 1");
}

TEST_CASE("async jwt introspector: requests without one good token are answered at once, and not "
          "from inside") {
    api s{local_use::first};
    std::string words;
    const std::array<std::string_view, 2> two = {"Bearer a", "Bearer b"};
    s.check->async_check(std::span<const std::string_view>{two}, s.any, forever, {},
                         [&](const decision& d) { words = words_of(d); });
    CHECK(words.empty());
    s.loop.run();
    CHECK(words == "400-IR");
    CHECK(s("a\"b") == "401-IT");
}

TEST_CASE("async jwt introspector: one deadline for all that is asked") {
    api s{local_use::first};
    s.server.jwks.otherwise = says_keys({jose_keys::p256}).after(1s);
    auto& t = s.begin(access_token(),
                      {.deadline = std::chrono::steady_clock::time_point{
                           (s.loop.now() + outlast::duration{300ms}).time_since_epoch()}});
    s.loop.run();
    REQUIRE(t.d.has_value());
    CHECK(t.after == 300ms);
    CHECK(words_of(*t.d).starts_with("503"));
}

TEST_CASE("async jwt introspector: cancelled, it asks nobody any more") {
    const auto how = GENERATE(asio::cancellation_type::terminal, asio::cancellation_type::total);
    api s{local_use::first};
    s.server.introspection.otherwise = says(r_plus(3600));
    s.server.jwks.otherwise = refuses().after(1s);
    asio::cancellation_signal stop;
    auto& t = s.begin(access_token(), {}, stop.slot());
    s.loop.advance(100ms);
    stop.emit(how);
    s.loop.run();
    REQUIRE(t.d.has_value());
    CHECK(words_of(*t.d) == "503(5)");
    CHECK(s.server.introspection.calls() == 0);
}

TEST_CASE("async jwt introspector: it may go while checks are under way") {
    api s{local_use::fallback};
    s.server.introspection.otherwise = refuses().after(1s);
    s.server.jwks.otherwise = says_keys({jose_keys::p256}).after(1s);
    auto& t = s.begin(access_token());
    s.check.reset();
    s.loop.run();
    REQUIRE(t.d.has_value());
    CHECK(words_of(*t.d) == "ALLOW(local)");
    CHECK(t.after == 2s);
}

TEST_CASE("async jwt introspector: a wall clock that throws decides nothing") {
    introspector_options o = introspection_at_issuer();
    o.wall = []() -> std::chrono::system_clock::time_point {
        throw std::runtime_error{"no clock"};
    };
    api s{local_use::first, std::move(o)};
    CHECK(s(access_token()) == "503(5)");
}

TEST_CASE("async jwt introspector: a coroutine, and a deferred check") {
    api s{local_use::first};
    std::string words;
    asio::co_spawn(
        s.loop.context(),
        [&]() -> asio::awaitable<void> {
            const std::string header = "Bearer " + access_token();
            words +=
                words_of(co_await s.check->async_check(header, s.any, asio::use_awaitable)) + ' ';
            auto later = s.check->async_check(header, s.any, forever, {}, asio::deferred);
            words += words_of(co_await std::move(later)(asio::use_awaitable));
        },
        asio::detached);
    s.loop.run();
    CHECK(words == "ALLOW(local) ALLOW(local)");
}

TEST_CASE("async jwt introspector: signed answers, asked for and believed") {
    api s{local_use::never, introspection_at_issuer(), true};
    s.server.introspection.otherwise = signed_answer(r_plus(3600));
    s.server.introspection.of["gone"] = {signed_answer(std::string{r_minus})};
    s.server.introspection.of["plain"] = {says(r_plus(3600))};
    CHECK(s("tokA") == "ALLOW(live)");
    CHECK(s.server.introspection.asked.back().headers.first("Accept") ==
          "application/token-introspection+jwt");
    CHECK(s("gone") == "401-IT");
    CHECK(s("plain") == "503(5)");
    CHECK(s.server.calls() == "introspected 3, keys 1");
}

TEST_CASE("async jwt introspector: signed answers, the server's new key is known at once") {
    api s{local_use::never, introspection_at_issuer(), true};
    s.server.introspection.otherwise = signed_answer(r_plus(3600));
    CHECK(s("tokA") == "ALLOW(live)");
    s.loop.advance(31s);
    s.server.jwks.otherwise = says_keys({jose_keys::p384});
    s.server.introspection.otherwise = signed_answer(r_plus(3600), {}, jose_keys::p384);
    CHECK(s("tokB") == "ALLOW(live)");
    CHECK(s("tokC") == "ALLOW(live)");
    CHECK(s.server.calls() == "introspected 4, keys 2");
}

TEST_CASE("async jwt introspector: what the server has said no to is not let in when it is away") {
    api s{local_use::fallback};
    const std::string token = access_token();
    s.server.introspection.otherwise = says(r_minus);
    CHECK(s(token) == "401-IT");
    const std::string forged = forged_token({{"jti", "\"j3\""}});
    CHECK(s(forged) == "401-IT");
    s.server.introspection.otherwise = refuses();
    s.loop.advance(11s); // a negative verdict is over
    CHECK(s(token) == "503(5)");
    CHECK(s(access_token({{"jti", "\"j2\""}})) == "ALLOW(local)");
    CHECK(s(forged) == "401-IT");
    s.server.introspection.otherwise = says(r_plus(3600));
    s.loop.advance(1s); // the memo of the failure
    CHECK(s(token) == "ALLOW(live)");
}
