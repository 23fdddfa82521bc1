// SPDX-License-Identifier: BSL-1.0
namespace {
int broken = 0;
}
// Sent elsewhere, as config.hpp allows; the only header of the library here.
#define OUTLAST_ASSERT(condition) ((condition) ? void() : void(++broken))
#include <outlast/config.hpp>

#include "support/catch.hpp"

TEST_CASE("config: a broken precondition goes where the user sends it") {
    OUTLAST_ASSERT(1 + 1 == 2);
    CHECK(broken == 0);
    OUTLAST_ASSERT(1 + 1 == 3);
    CHECK(broken == 1);
}

TEST_CASE("config: the version has three parts, and exceptions are seen") {
    CHECK(OUTLAST_VERSION_MAJOR >= 0);
    CHECK(OUTLAST_VERSION_MINOR >= 0);
    CHECK(OUTLAST_VERSION_PATCH >= 0);
    CHECK(OUTLAST_EXCEPTIONS == 1); // the tests are built with them
}
