// SPDX-License-Identifier: BSL-1.0
#include <outlast/oauth2/jwt/key_fetch.hpp>

#include "oauth2/support/key_server.hpp"
#include "support/catch.hpp"

#include <chrono>
#include <optional>

using namespace outlast::oauth2;
using namespace outlast_tests;
using namespace std::chrono_literals;

namespace {
keys_result learnt(const reply& r) {
    const key_fetch what{"https://as.example/jwks", keys_at_issuer().wall};
    auto answered = r.outcome();
    return what.learnt(answered);
}
} // namespace

TEST_CASE("key fetch: keys by either media type") {
    CHECK(learnt(says_keys({jose_keys::p256})).has_value());
    CHECK(learnt(answers(200, jwks_of({jose_keys::p256}), "application/json; charset=utf-8"))
              .has_value());
    CHECK_FALSE(learnt(answers(200, jwks_of({jose_keys::p256}), "")).has_value());
}

TEST_CASE("key fetch: Retry-After counts where the server ails, and nowhere else") {
    CHECK(learnt(answers(503).with("Retry-After", "7")).error().retry_after() ==
          outlast::duration{7s});
    CHECK(learnt(answers(429).with("Retry-After", "7")).error().retry_after() ==
          outlast::duration{7s});
    CHECK_FALSE(learnt(answers(404).with("Retry-After", "7")).error().retry_after().has_value());
    CHECK_FALSE(learnt(answers(503)).error().retry_after().has_value());
}

TEST_CASE("key fetch: what was not sent is shed") {
    outlast::result<outlast::http::response> refused =
        outlast::failure{outlast::refusal::bulkhead_full};
    const key_fetch what{"https://as.example/jwks", keys_at_issuer().wall};
    CHECK(reason_of(what.learnt(refused).error()) == reason::shed);
}
