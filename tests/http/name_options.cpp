// SPDX-License-Identifier: BSL-1.0
#include "outlast/http/name_options.hpp"

#include "support/catch.hpp"

using namespace outlast::http;
using namespace std::chrono_literals;

TEST_CASE("name options: the bounds") {
    CHECK(is_usable(name_options{}));
    CHECK(is_usable({.fresh_for = 1ms, .refresh_before = 0ns, .stale_for = 0ns}));
    CHECK_FALSE(is_usable({.fresh_for = 999us}));
    CHECK_FALSE(is_usable({.fresh_for = outlast::forever}));
    CHECK_FALSE(is_usable({.refresh_before = -1ns}));
    CHECK_FALSE(is_usable({.stale_for = -1ns}));
    CHECK_FALSE(is_usable({.stale_after = -1ns}));
    CHECK_FALSE(is_usable({.pause = outlast::forever}));
    CHECK_FALSE(is_usable({.max_threads = 0}));
    CHECK_FALSE(is_usable({.max_names = 0}));
    CHECK_FALSE(is_usable({.lookup = nullptr}));
}
