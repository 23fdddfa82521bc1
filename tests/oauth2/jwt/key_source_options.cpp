// SPDX-License-Identifier: BSL-1.0
#include <outlast/oauth2/jwt/key_source_options.hpp>

#include "support/catch.hpp"

#include <chrono>

using namespace std::chrono_literals;

TEST_CASE("key source options: the defaults are those of the design") {
    const outlast::oauth2::key_source_options o{.url = "https://as.example/jwks"};
    CHECK(o.problem() == nullptr);
    CHECK(o.fresh_for == 10min);
    CHECK(o.usable_for == 12h);
    CHECK(o.unknown_after == 30s);
    CHECK(o.pause == 30s);
}

TEST_CASE("key source options: without an address there is a problem") {
    CHECK(outlast::oauth2::key_source_options{}.problem() != nullptr);
}
