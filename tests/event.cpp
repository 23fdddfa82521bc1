// SPDX-License-Identifier: BSL-1.0
#include <outlast/event.hpp>

#include "support/catch.hpp"

#include <cstddef>
#include <string_view>

using outlast::event_kind;

TEST_CASE("event: every kind is called what its enumerator is called") {
    std::size_t value = 0;
    for (const std::string_view name :
         {"retrying", "gave_up", "timed_out", "late_value", "refused", "opened", "half_opened",
          "closed", "would_open", "hit", "stale", "missed", "stored", "store_failed", "fell_back"})
        CHECK(to_string(static_cast<event_kind>(value++)) == name);
    CHECK(to_string(static_cast<event_kind>(value)) == "unknown");
}

TEST_CASE("event: an empty sink is false, a full one is told") {
    CHECK_FALSE(outlast::sink{});
    event_kind heard = event_kind::closed;
    auto listen = [&](const outlast::event& e) { heard = e.what; };
    const outlast::sink events{listen};
    REQUIRE(events);
    events({.what = event_kind::hit, .policy = "cache"});
    CHECK(heard == event_kind::hit);
}
