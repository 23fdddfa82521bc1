// SPDX-License-Identifier: BSL-1.0
#include <outlast/oauth2/jose/error.hpp>

#include "support/catch.hpp"

#include <set>
#include <string>
#include <system_error>

using namespace outlast::oauth2::jose;

TEST_CASE("jose error: each has a text of its own, in a category of its own") {
    std::set<std::string> texts;
    for (int i = 1; i <= static_cast<int>(errc::crypto_failed); ++i) {
        const std::error_code code = static_cast<errc>(i);
        CHECK(&code.category() == &error_category());
        texts.insert(code.message());
    }
    CHECK(texts.size() == static_cast<std::size_t>(errc::crypto_failed));
    CHECK(texts.count("unknown error of JOSE") == 0);
    CHECK(std::error_code{static_cast<errc>(99)}.message() == "unknown error of JOSE");
    CHECK(std::string{error_category().name()} == "outlast.oauth2.jose");
}

TEST_CASE("jose error: a result is a value or one of them") {
    const result<int> bad = errc::weak_key;
    REQUIRE(bad.has_error());
    CHECK(bad.error() == errc::weak_key);
}
