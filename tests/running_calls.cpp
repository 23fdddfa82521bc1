// SPDX-License-Identifier: BSL-1.0
#include <outlast/running_calls.hpp>

#include "support/catch.hpp"
#include "support/print.hpp"
#include "support/script.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <random>
#include <vector>

using namespace std::chrono_literals;
using outlast::duration;
using outlast::instant;
using outlast::running_calls;
using outlast_tests::at;

TEST_CASE("running calls: overdue at the limit, not before") {
    running_calls r{100ms, 4};
    const std::uint32_t a = r.begin(at(0ms));
    const std::uint32_t b = r.begin(at(50ms));
    CHECK(r.overdue(at(99ms)) == 0);
    CHECK(r.overdue(at(100ms)) == 1);
    CHECK(r.overdue(at(100ms)) == 1); // each at most once
    CHECK(r.end(a));
    CHECK(r.overdue(at(149ms)) == 0);
    CHECK_FALSE(r.end(b));
    CHECK(r.overdue(at(1h)) == 0);
}

TEST_CASE("running calls: without room one is not followed, until there is room again") {
    running_calls r{100ms, 2};
    const std::uint32_t a = r.begin(at(0ms));
    const std::uint32_t b = r.begin(at(0ms));
    CHECK(r.begin(at(0ms)) == running_calls::not_followed);
    CHECK_FALSE(r.end(running_calls::not_followed));
    CHECK_FALSE(r.end(b));
    CHECK(r.begin(at(0ms)) == running_calls::not_followed); // the oldest still runs
    CHECK_FALSE(r.end(a));
    CHECK(r.begin(at(0ms)) != running_calls::not_followed);
    CHECK(r.begin(at(100ms)) != running_calls::not_followed);
    CHECK(r.begin(at(100ms)) != running_calls::not_followed); // the first is overdue by now
    CHECK(r.overdue(at(100ms)) == 1);
    r.clear();
    CHECK(r.overdue(at(1h)) == 0);
    CHECK(r.begin(at(1h)) != running_calls::not_followed);
}

TEST_CASE("running calls: a limit without end") {
    running_calls r{outlast::no_limit, 1};
    (void)r.begin(at(1h));
    CHECK(r.overdue(outlast::never - 1ns) == 0);
}

TEST_CASE("running calls: against a plain list") {
    struct call {
        std::uint32_t number;
        instant start;
    };
    std::mt19937_64 chance{17};
    for (int round = 0; round != 20; ++round) {
        running_calls r{10ms, 1000}; // more room than they need
        std::vector<call> list;
        instant now = at(0s);
        for (int i = 0; i != 1000; ++i) {
            now += duration{chance() % 500'000};
            if (chance() % 3 != 0) {
                list.push_back({r.begin(now), now});
                REQUIRE(list.back().number != running_calls::not_followed);
            } else if (!list.empty()) {
                const auto it = list.begin() + static_cast<std::ptrdiff_t>(chance() % list.size());
                (void)r.overdue(now);
                REQUIRE(r.end(it->number) == (now - it->start >= 10ms));
                list.erase(it);
            }
            if (chance() % 50 == 0) {
                r.clear();
                list.clear();
            }
            REQUIRE(r.overdue(now) == std::ranges::count_if(list, [&](const call& c) {
                        return now - c.start >= 10ms;
                    }));
        }
    }
}
