// SPDX-License-Identifier: BSL-1.0
#include <outlast/counts.hpp>

#include "support/catch.hpp"

#include <cstddef>
#include <string_view>

using outlast::stopped;

TEST_CASE("counts: why retries gave up, by each reason that there is") {
    outlast::retry_counts c;
    std::size_t reasons = 0;
    while (to_string(static_cast<stopped>(reasons)) != std::string_view{"unknown"})
        ++reasons;
    CHECK(c.gave_up_by.size() == reasons);
    c.gave_up_by[static_cast<std::size_t>(stopped::budget)].add();
    c.gave_up_by[static_cast<std::size_t>(stopped::attempts)].add();
    c.gave_up_by[static_cast<std::size_t>(stopped::attempts)].add();
    CHECK(c.gave_up(stopped::budget) == 1);
    CHECK(c.gave_up(stopped::attempts) == 2);
    CHECK(c.gave_up(stopped::deadline) == 0);
    CHECK(c.gave_up() == 3);
}

TEST_CASE("counts: a call is repeated once, however often it is") {
    outlast::retry_counts c;
    c.repeat(2);
    c.repeat(3);
    c.repeat(2);
    CHECK(c.repeated == 2);
    CHECK(c.repeats == 3);
}

TEST_CASE("counts: a call is taken beyond its first target once, however many it comes to") {
    outlast::failover_counts c;
    c.move(2);
    c.move(3);
    c.move(2);
    CHECK(c.moved == 2);
    CHECK(c.moves == 3);
}
