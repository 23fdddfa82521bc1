// SPDX-License-Identifier: BSL-1.0
#include <outlast/error.hpp>

#include "support/catch.hpp"

#include <stdexcept>

TEST_CASE("error: bad options are refused with their sentence") {
    CHECK_NOTHROW(outlast::require_valid(nullptr));
    CHECK_THROWS_MATCHES(outlast::require_valid("spoon: there is none"), std::invalid_argument,
                         Catch::Matchers::Message("spoon: there is none"));
}
