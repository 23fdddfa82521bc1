// SPDX-License-Identifier: BSL-1.0
#include <outlast/cache_options.hpp>

#include "support/catch.hpp"

using namespace std::chrono_literals;
using namespace outlast::literals;
using options = outlast::cache_aside_options;

TEST_CASE("cache_options: the defaults are good, and what they say they are") {
    constexpr options o;
    STATIC_REQUIRE(o.problem() == nullptr);
    CHECK(o.stale_wait == 500ms);
    CHECK(o.wait == outlast::no_limit);
    CHECK(o.refresh_ahead == outlast::ratio{}); // off
    CHECK(o.refresh_limit == 250ms);
    CHECK(o.refresh_pause == 1s);
    CHECK(o.seed == 0);
    CHECK(o.name.view() == "cache");
    CHECK(o.tags.empty());
    CHECK(!o.events);
    CHECK(outlast::wanted<int>{7}.max_age == outlast::forever);
}

TEST_CASE("cache_options: what is wrong with them is said in a sentence") {
    CHECK(options{.stale_wait = 0s, .wait = 0s, .refresh_pause = 0s}.problem() == nullptr);
    CHECK(options{.refresh_ahead = 100_percent, .refresh_limit = 1ns}.problem() == nullptr);
    for (const options& bad :
         {options{.stale_wait = -1ns}, options{.wait = -1ns}, options{.refresh_limit = 0s},
          options{.refresh_limit = -1ns}, options{.refresh_pause = -1ns},
          options{.refresh_ahead = outlast::ratio::of(1.1)}})
        CHECK(bad.problem() != nullptr);
}
