// SPDX-License-Identifier: BSL-1.0
//
// The decision table for JWTs, without anybody who is really asked.
#include <outlast/oauth2/jwt/jwt_check.hpp>

#include <outlast/oauth2/token_key.hpp>

#include "oauth2/support/issuer.hpp"
#include "oauth2/support/outcome_words.hpp"
#include "support/catch.hpp"

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

using namespace outlast::oauth2;
using namespace outlast_tests;
using namespace std::chrono_literals;
using outlast::forever;

namespace {

/// Keys that are at hand at first, and those that a newer fetch brings; none: they cannot be had.
struct key_ring {
    jose::key_set_ptr first{};
    jose::key_set_ptr newer{};
};
jose::key_set_ptr keys_of(std::initializer_list<std::string_view> keys) {
    return std::make_shared<const jose::key_set>(jose::key_set::read(jwks_of(keys)).value());
}
const jose::key_set_ptr all = keys_of({jose_keys::p256});
const jose::key_set_ptr others = keys_of({jose_keys::rsa});

/// What the introspector decides: 200, 401, or 503 for this reason.
decision server_says(reason why) {
    const quoted realm = *quoted::make("r");
    if (why == reason::active)
        return decide(
            knowledge{.what = knowledge::verdict::active, .said = found(r_plus(3600)).said}, {}, {},
            realm, at(0));
    if (why == reason::inactive)
        return decide(knowledge{.what = knowledge::verdict::inactive}, {}, {}, realm, at(0));
    return decide(outlast::failure{why}, {}, {}, realm, at(0));
}

const token_keyer keyer{master_key::random().value(), {}};
const std::optional<token_digest> mark = keyer("the token");

/// `keys server: 503(5)`: who was asked, in this order, and the decision.
struct table {
    local_use use = local_use::first;
    std::string token = access_token();
    key_ring keys{.first = all, .newer = all};
    reason server = reason::connection_refused;
    requirements route{};
    outlast::duration max_age = forever;
    double now = 0;
    bool stale_on_fault = false;
    bool signed_answers = false;
    std::shared_ptr<revocations> marks =
        std::make_shared<revocations>(10); ///< of the server's noes
    reason server_again = reason::active;  ///< said when it is asked a second time

    std::string operator()() const {
        jwt_options jwt = jwt_of_issuer(use);
        jwt.signed_answers = signed_answers;
        const requirements own = jwt.tokens.own_requirements();
        introspector_options options = introspection_at_issuer();
        options.wall = [this] { return at(now); };
        options.stale_on_fault = stale_on_fault;
        const quoted realm = *quoted::make("r");
        jwt_check check{jwt, options, realm, own, *marks, mark, route, token, max_age};
        std::string asked;
        auto next = check.begin();
        while (next != jwt_check::step::done) {
            REQUIRE(asked.size() < 100);
            if (next == jwt_check::step::server) {
                const bool again = asked.find("server") != asked.npos;
                asked += "server ";
                next = check.on_server(server_says(again ? server_again : server));
                continue;
            }
            const bool newer = check.max_age() != forever;
            CHECK((!newer || check.max_age() == jwt.keys.unknown_after));
            asked += newer ? "newer-keys " : "keys ";
            const auto& got = newer ? keys.newer : keys.first;
            next = check.on_keys(got ? outlast::result<jose::key_set_ptr>{got}
                                     : outlast::failure{reason::connection_refused});
        }
        return asked + words_of(check.take());
    }
};

constexpr auto first = local_use::first;
constexpr auto fallback = local_use::fallback;

} // namespace

TEST_CASE("jwt check: first, the keys are all that is asked about a good or a bad token") {
    CHECK(table{.use = first}() == "keys ALLOW(local)");
    CHECK(table{.use = first, .server = reason::inactive}() == "keys ALLOW(local)");
    CHECK(table{.use = first, .token = forged_token(), .server = reason::active}() ==
          "keys 401-IT");
    CHECK(table{.use = first, .token = access_token({{"jti", ""}}), .server = reason::active}() ==
          "keys 401-IT");
    CHECK(table{.use = first,
                .token = access_token({{"iss", "\"x\""}}),
                .server = reason::active}() == "keys 401-IT");
    CHECK(table{.use = first,
                .token = access_token({{"aud", "\"x\""}}),
                .server = reason::active}() == "keys 401-IT");
    CHECK(table{.use = first, .server = reason::active, .now = 3600}() == "keys 401-IT");
    CHECK(table{.use = first, .route = {.scopes = {"read"}}}() == "keys ALLOW(local)");
    CHECK(table{.use = first, .route = {.scopes = {"write"}}}() == "keys 403-IS(write)");
    CHECK(table{.use = first, .route = {.audience = "other"}}() == "keys 401-IT");
}

TEST_CASE("jwt check: first, what cannot be judged here is asked of the server") {
    const key_ring none{};
    CHECK(table{.use = first, .keys = none, .server = reason::active}() ==
          "keys server ALLOW(live)");
    CHECK(table{.use = first, .keys = none, .server = reason::inactive}() ==
          "keys server keys 401-IT");
    CHECK(table{.use = first, .keys = none}() == "keys server 503(5)");
    CHECK(table{.use = first, .keys = {others, nullptr}, .server = reason::active}() ==
          "keys newer-keys server ALLOW(live)");
    CHECK(table{.use = first, .keys = {others, nullptr}}() == "keys newer-keys server 503(5)");
}

TEST_CASE("jwt check: a key that is not at hand is looked for once in newer keys") {
    CHECK(table{.use = first, .keys = {others, all}}() == "keys newer-keys ALLOW(local)");
    CHECK(table{.use = first, .keys = {others, others}, .server = reason::active}() ==
          "keys newer-keys server ALLOW(live)"); // it may be newer than those
    CHECK(table{.use = fallback, .keys = {others, all}}() == "server keys newer-keys ALLOW(local)");
    CHECK(table{.use = fallback, .keys = {others, others}}() == "server keys newer-keys 503(5)");
    CHECK(table{.use = fallback, .keys = {others, nullptr}}() == "server keys newer-keys 503(5)");
}

TEST_CASE("jwt check: an opaque token, and a JWT of another type, are the server's alone") {
    const std::string token = GENERATE(as<std::string>{}, "2YotnFZFEjr1zCsicMWpAA",
                                       signed_by(jose_keys::p256, token_claims(), "JWT"),
                                       compact(R"({"alg":"none","typ":"at+jwt"})", token_claims()));
    for (const local_use use : {first, fallback, local_use::never}) {
        CHECK(table{.use = use, .token = token, .server = reason::active}() ==
              "server ALLOW(live)");
        CHECK(table{.use = use, .token = token, .server = reason::inactive}() == "server 401-IT");
        CHECK(table{.use = use, .token = token}() == "server 503(5)");
    }
}

TEST_CASE("jwt check: a route that has a bound on age wants the server's own word") {
    const outlast::duration bound = GENERATE(outlast::duration{0}, outlast::duration{1h});
    for (const local_use use : {first, fallback}) {
        CHECK(table{.use = use, .server = reason::active, .max_age = bound}() ==
              "server ALLOW(live)");
        CHECK(table{.use = use, .max_age = bound}() == "server 503(5)");
    }
}

// The table of the design, by the class of each reason.
TEST_CASE("jwt check: fallback, a verdict of the server ends it, and DOWN and BAD do not") {
    for (std::uint8_t i = 0; i != reason_count; ++i) {
        const auto why = static_cast<reason>(i);
        if (why == reason::unsupported_token_type || why == reason::expired)
            continue; // is an inactive verdict by the time that it gets here; is no answer
        INFO(to_string(why));
        const std::string good = table{.use = fallback, .server = why}();
        const std::string forged = table{.use = fallback, .token = forged_token(), .server = why}();
        const std::string keyless = table{.use = fallback, .keys = {}, .server = why}();
        const std::string option = table{.use = fallback, .server = why, .stale_on_fault = true}();
        switch (class_of(why)) {
        case outcome_class::active:
            CHECK(good == "server ALLOW(live)");
            CHECK(forged == good);
            break;
        case outcome_class::inactive:
            CHECK(good == "server keys 401-IT");
            CHECK(forged == good);
            CHECK(keyless == good);
            break;
        case outcome_class::down:
        case outcome_class::bad:
            if (why == reason::shed || why == reason::no_credentials) { // it was not asked
                CHECK(good == "server 503(5)");
                CHECK(forged == good);
                break;
            }
            CHECK(good == "server keys ALLOW(local)");
            CHECK(option == good);
            CHECK(forged == "server keys 401-IT");
            CHECK(keyless == "server keys 503(5)");
            break;
        case outcome_class::fault:
            CHECK(good == "server 503(5)");
            CHECK(forged == good);
            CHECK(option == "server keys ALLOW(local)");
            break;
        case outcome_class::odd:
            CHECK(good == "server 503(5)");
            CHECK(option == good);
            CHECK(forged == good);
            break;
        }
    }
}

TEST_CASE("jwt check: fallback, an expired token is refused while the server is away") {
    CHECK(table{.use = fallback, .now = 3600}() == "server keys 401-IT");
}

// What introspection would have said yes to is no 401 because we look more closely than the server.
TEST_CASE("jwt check: fallback, what the server might take after all is a 503") {
    const claims odd = GENERATE(claims{{"jti", ""}}, claims{{"client_id", ""}},
                                claims{{"iat", std::to_string(t0 + 61)}}, claims{{"exp", "\"x\""}},
                                claims{{"iss", "\"x\""}}, claims{{"aud", "\"x\""}});
    CHECK(table{.use = fallback, .token = access_token(odd)}() == "server keys 503(5)");
    CHECK(table{.use = fallback, .token = access_token(odd), .server = reason::active}() ==
          "server ALLOW(live)");
    // A yes of the server's to which the route says no is a 401 there, and so it is here.
    CHECK(table{.use = fallback, .route = {.audience = "other"}}() == "server keys 401-IT");
}

TEST_CASE("jwt check: an odd token that the server refuses is marked: its signature is good") {
    table t{.use = fallback, .token = access_token({{"jti", ""}}), .server = reason::inactive};
    CHECK(t() == "server keys 401-IT");
    CHECK(t.marks->holds(*mark));
}

TEST_CASE("jwt check: without local use the keys are never asked") {
    CHECK(table{.use = local_use::never}() == "server 503(5)");
}

TEST_CASE("jwt check: signed answers, the keys are at hand before the server is asked") {
    for (const local_use use : {first, fallback, local_use::never}) {
        CHECK(table{.use = use,
                    .token = "opaque",
                    .server = reason::active,
                    .signed_answers = true}() == "keys server ALLOW(live)");
        CHECK(table{.use = use,
                    .token = "opaque",
                    .keys = {},
                    .server = reason::active,
                    .signed_answers = true}() == "keys server ALLOW(live)");
    }
    CHECK(table{.use = first, .server = reason::active, .signed_answers = true}() ==
          "keys ALLOW(local)");
    CHECK(table{.use = first, .keys = {}, .server = reason::active, .signed_answers = true}() ==
          "keys server ALLOW(live)");
    CHECK(table{.use = fallback, .signed_answers = true}() == "keys server keys ALLOW(local)");
}

TEST_CASE(
    "jwt check: signed answers, an answer by a key that is not at hand is asked for once more") {
    const table by_unknown{
        .use = fallback, .token = "opaque", .server = reason::unknown_key, .signed_answers = true};
    CHECK(by_unknown() == "keys server newer-keys server ALLOW(live)");
    table still = by_unknown;
    still.server_again = reason::unknown_key;
    CHECK(still() == "keys server newer-keys server 503(5)");
    still.token = access_token();
    CHECK(still() == "keys server newer-keys server keys ALLOW(local)");
    table forged = by_unknown;
    forged.server = reason::bad_signed_answer;
    CHECK(forged() == "keys server 503(5)");
}

TEST_CASE(
    "jwt check: about what the server has said no to, only the server is asked from then on") {
    table t{.use = fallback, .server = reason::inactive};
    const outlast::duration bound = GENERATE(outlast::duration{forever}, outlast::duration{0});
    t.max_age = bound;
    CHECK(t() == "server keys 401-IT");
    CHECK(t.marks->size() == 1);
    t.max_age = forever;
    CHECK(t() == "server 401-IT");
    for (const local_use use : {first, fallback}) {
        t.use = use;
        t.server = reason::connection_refused;
        CHECK(t() == "server 503(5)"); // the signature is no longer enough
        t.server = reason::active;
        CHECK(t() == "server ALLOW(live)");
    }
}

TEST_CASE("jwt check: a forged token leaves no mark, one that cannot be judged does") {
    const auto marks_after = [](const table& t) {
        CHECK(t().ends_with("401-IT"));
        return t.marks->size();
    };
    const reason no = reason::inactive;
    CHECK(marks_after({.use = fallback, .token = forged_token(), .server = no}) == 0);
    CHECK(marks_after({.use = fallback, .keys = {others, others}, .server = no}) == 0);
    CHECK(marks_after({.use = fallback, .token = "opaque", .server = no}) == 0);
    const auto until = [](std::int64_t exp) {
        return access_token({{"exp", std::to_string(exp)}});
    };
    CHECK(marks_after({.use = fallback, .token = until(t0), .server = no}) == 0); // it is over
    CHECK(marks_after({.use = fallback, .token = until(t0 + 1), .server = no}) == 1);
    CHECK(marks_after({.use = local_use::never, .server = no}) == 0);
    CHECK(marks_after({.use = fallback, .keys = {}, .server = no}) == 1);
    CHECK(marks_after({.use = fallback, .keys = {others, all}, .server = no}) == 1);
}
