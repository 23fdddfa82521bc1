// SPDX-License-Identifier: BSL-1.0
#include "outlast/http/limits.hpp"

#include "support/catch.hpp"

using outlast::http::limits;

TEST_CASE("http limits: by default a call has no end and nobody can stop it") {
    const limits none;
    CHECK(none.by == std::chrono::steady_clock::time_point::max());
    CHECK_FALSE(none.stop.stop_possible());
    CHECK_FALSE(none.stop.stop_requested());
}
