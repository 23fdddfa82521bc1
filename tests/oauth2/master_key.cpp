// SPDX-License-Identifier: BSL-1.0
#include <outlast/oauth2/master_key.hpp>

#include "support/catch.hpp"

#include <string>
#include <system_error>

using namespace outlast::oauth2;

TEST_CASE("master_key: a configured key needs 32 bytes") {
    CHECK(master_key::configured(secret{std::string(32, 'k')}).has_value());
    const auto refused = master_key::configured(secret{std::string(31, 'k')});
    REQUIRE(refused.has_error());
    CHECK(refused.error() == key_error::key_too_short);
    CHECK(refused.error().message() == "the configured token key has fewer than 32 bytes");
}

TEST_CASE("master_key: random keys can be had") {
    CHECK(master_key::random().has_value());
    CHECK(master_key::of_this_process().has_value());
}

TEST_CASE("key_error: each has a sentence of its own") {
    for (const key_error error :
         {key_error::no_randomness, key_error::key_too_short, key_error::no_hmac}) {
        const std::error_code code = error;
        CHECK(code);
        CHECK(std::string{code.category().name()} == "outlast.oauth2.token_key");
        CHECK(code.message() != "unknown error of the token key");
    }
    CHECK(std::error_code(99, key_category()).message() == "unknown error of the token key");
}
