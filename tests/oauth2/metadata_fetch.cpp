// SPDX-License-Identifier: BSL-1.0
#include <outlast/oauth2/metadata_fetch.hpp>

#include "bodies.hpp"
#include "support/catch.hpp"
#include "support/server.hpp"

#include <chrono>
#include <optional>

namespace http = outlast::http;
using namespace outlast::oauth2;
using namespace outlast_tests;
using namespace std::chrono_literals;

namespace {

const metadata_fetch fetch{{.issuer = "https://idp.example/a", .wall = [] { return at(0); }}};

outlast::result<metadata_ptr> read(const reply& r) {
    auto answered = r.outcome();
    return fetch.read(answered);
}
std::optional<reason> why(const reply& r) {
    const auto got = read(r);
    return got ? std::nullopt : reason_in(got.error().code());
}

} // namespace

TEST_CASE("metadata: a request has no secret, and wants no coding") {
    const metadata_query q;
    http::request asked = fetch.request_for(q);
    CHECK(asked.method == "GET");
    CHECK(asked.url == "https://idp.example/.well-known/oauth-authorization-server/a");
    CHECK(asked.headers.first("Accept") == "application/json");
    CHECK(asked.headers.first("Accept-Encoding") == "identity");
    CHECK(asked.headers.count("Authorization") == 0);
    CHECK(asked.body.empty());
    *q.place = 1;
    CHECK(fetch.request_for(q).url == "https://idp.example/a/.well-known/openid-configuration");
}

TEST_CASE("metadata: what may be believed is a value, all else a failure with its reason") {
    const auto good = read(says(
        R"({"issuer":"https://idp.example/a","introspection_endpoint":"https://idp.example/i"})"));
    REQUIRE(good);
    CHECK(good.value()->introspection_endpoint == "https://idp.example/i");
    CHECK(why(says(R"({"issuer":"https://idp.example"})")) == reason::wrong_issuer);
    CHECK(why(says(
              R"({"issuer":"https://idp.example/a","introspection_endpoint":"https://evil/i"})")) ==
          reason::bad_endpoint);
    CHECK(why(says("{}").with("Content-Type", "text/html")) == reason::not_json);
    CHECK(why(answers(404)) == reason::not_found);
    CHECK(why(fails(http::errc::certificate_expired)) == reason::tls_failed);
    CHECK(why(fails(http::errc::no_free_connection)) == reason::shed);
}

TEST_CASE("metadata: Retry-After is told on, up to two minutes") {
    CHECK(read(answers(503).with("Retry-After", "17")).error().retry_after() == 17s);
    CHECK(read(answers(429).with("Retry-After", "4000")).error().retry_after() == 120s);
    CHECK(read(answers(503)).error().retry_after() == std::nullopt);
}
