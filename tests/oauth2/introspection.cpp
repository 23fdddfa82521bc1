// SPDX-License-Identifier: BSL-1.0
//
// What an answer comes to is tested through ask.cpp; here is what both forms of it share besides.
#include <outlast/oauth2/introspection.hpp>

#include "support/catch.hpp"
#include "support/server.hpp"

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <utility>

using namespace outlast::oauth2;
using namespace std::chrono_literals;
using outlast::instant;
using outlast_tests::answers;

namespace {

introspection like(client_auth auth = no_client_auth{}) {
    return introspection{{.endpoints = {"https://as.example/introspect"}, .auth = std::move(auth)}};
}

query about_token_a() {
    static std::size_t first;
    first = 0;
    return {.token = "tokA", .endpoint = &first};
}

/// An attempt that began at 100 s.
outlast::call until(instant by) { return {1, by, outlast::reading{instant{100s}}, {}}; }

std::chrono::steady_clock::time_point at(outlast::duration d) {
    return std::chrono::steady_clock::time_point{d};
}

} // namespace

TEST_CASE("introspection: the request is whole; without credentials there is none") {
    const auto asked =
        like(client_secret_post{"rs", secret{"s3cr3t"}}).request_for(about_token_a());
    REQUIRE(asked);
    CHECK(asked->method == "POST");
    CHECK(asked->url == "https://as.example/introspect");
    CHECK(asked->body ==
          "token=tokA&token_type_hint=access_token&client_id=rs&client_secret=s3cr3t");
    CHECK_FALSE(like(client_bearer{"rs", secret{}}).request_for(about_token_a()));
}

TEST_CASE(
    "introspection: a transport is to answer before an attempt with all its time is given up") {
    const introspection what = like(); // attempts of 2 s
    CHECK(what.answer_by(until(instant{102s})) == at(101'990ms));
    CHECK(what.answer_by(until(instant{101'995ms})) == at(101'985ms)); // begun a little late
    CHECK(what.answer_by(until(instant{101'980ms})) == at(101'980ms)); // others cut it short
    CHECK(what.answer_by(until(instant{100s})) == at(100s));
    CHECK(what.answer_by(until(outlast::never)) == std::chrono::steady_clock::time_point::max());
}

TEST_CASE("S8 a token that was answered about is under no suspicion any more") {
    introspection what = like();
    const outlast::call context = until(instant{102s});
    const auto repeated_by = [&](const outlast_tests::reply& r) {
        auto outcome = r.outcome();
        const auto learnt = what.learnt(outcome, introspection::subject{about_token_a()}, context);
        return !learnt && is_repeated(learnt.error().cause());
    };
    CHECK_FALSE(repeated_by(answers(500)));
    CHECK(repeated_by(answers(500)));
    CHECK_FALSE(repeated_by(outlast_tests::says(R"({"active":false})")));
    CHECK_FALSE(repeated_by(answers(500)));
}
