// SPDX-License-Identifier: BSL-1.0
//
// What only the blocking key source has. What both do: key_source_base.cpp.
#include <outlast/oauth2/jwt/key_source.hpp>

#include "oauth2/support/key_server.hpp"
#include "support/catch.hpp"

#include <chrono>
#include <memory>
#include <stop_token>

using namespace outlast::oauth2;
using namespace outlast_tests;
using namespace std::chrono_literals;

TEST_CASE("key source: by its call operator") {
    scripted_server server{.otherwise = says_keys({jose_keys::p256})};
    key_source source{keys_at_issuer(), server};
    CHECK(source.in_hand() == nullptr);
    const auto got = source();
    REQUIRE(got);
    CHECK(source.in_hand() == got.value());
    CHECK(source().value() == got.value());
    CHECK(source(30s).value() == got.value());
    CHECK(server.calls() == 1);
}

TEST_CASE("key source: a caller that has stopped makes no call") {
    scripted_server server{.otherwise = says_keys({jose_keys::p256})};
    key_source source{keys_at_issuer(), server};
    std::stop_source stop;
    stop.request_stop();
    CHECK_FALSE(source(outlast::forever, {.stop = stop.get_token()}).has_value());
    CHECK(server.calls() == 0);
    CHECK(source().has_value());
}
