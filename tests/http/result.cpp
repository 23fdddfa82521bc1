// SPDX-License-Identifier: BSL-1.0
#include "outlast/http/result.hpp"

#include "support/catch.hpp"

using namespace outlast::http;

TEST_CASE("result: a value, or a code of errc") {
    const detail::result<int> good = 7;
    const detail::result<int> bad = errc::malformed;
    CHECK(good.value() == 7);
    REQUIRE_FALSE(bad);
    CHECK(bad.error() == errc::malformed);
    CHECK(bad.error().category() == error_category());
}
