// SPDX-License-Identifier: BSL-1.0
#include <outlast/lesser.hpp>

#include "support/catch.hpp"

#include <cstdint>

TEST_CASE("lesser: of two numbers, in the type of the first") {
    using outlast::greater;
    using outlast::lesser;
    CHECK(lesser(1, 2) == 1);
    CHECK(lesser(2, 1) == 1);
    CHECK(greater(1, 2) == 2);
    CHECK(greater(2, 1) == 2);
    CHECK(lesser(UINT32_MAX, 7U) == 7);
    CHECK(greater<std::uint64_t>(1, UINT32_MAX) == UINT32_MAX);
    STATIC_REQUIRE(lesser(std::int64_t{-1}, 1) == -1);
}
