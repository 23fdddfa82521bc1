// SPDX-License-Identifier: BSL-1.0
#include <outlast/loses_nothing.hpp>

#include <outlast/bulkhead.hpp>
#include <outlast/circuit_breaker.hpp>
#include <outlast/pipeline.hpp>
#include <outlast/retry.hpp>
#include <outlast/run.hpp>
#include <outlast/threads.hpp>
#include <outlast/timeout.hpp>
#include <outlast/worst_case.hpp>

#include "support/catch.hpp"

#include <chrono>
#include <functional>
#include <system_error>

using namespace std::chrono_literals;
using outlast::loses_nothing;
using outlast::refusal;

TEST_CASE("loses nothing: the result is that of the work") {
    outlast::pipeline p{loses_nothing{}};
    CHECK(p([] { return 7; }).value() == 7);
    CHECK(p([](int i) { return i; }, 8).value() == 8);
    const auto failed = [] {
        return outlast::result<int>{std::make_error_code(std::errc::io_error)};
    };
    CHECK(p(failed).error().code() == std::errc::io_error);
}

TEST_CASE("loses nothing: a breaker that holds others back lets it probe") {
    outlast::circuit_breaker breaker{{.probes = 1, .hold_back = 1h, .name = "orders"}};
    breaker.half_open(outlast::steady::now());
    outlast::pipeline client{std::ref(breaker)};
    CHECK(client([] { return 1; }).error().why() == refusal::circuit_open);
    outlast::pipeline probe{loses_nothing{}, outlast::timeout{1h}, std::ref(breaker)};
    CHECK(probe([] { return 1; }).value() == 1);
    CHECK(breaker.state(outlast::steady::now()) == outlast::circuit_state::closed);
}

TEST_CASE("loses nothing: of a bulkhead it gets a spare permit, and no other") {
    outlast::bulkhead door{
        {.permits = 1, .spare_permits = 1, .queue = 1, .wait = 1h, .name = "orders"}};
    outlast::pipeline client{std::ref(door)};
    outlast::pipeline background{loses_nothing{}, outlast::retry{{.max_attempts = 1}},
                                 std::ref(door)};
    const auto both = client([&] { return background([&] { return door.counts().running; }); });
    CHECK(both.value() == 2);
    const auto twice = background([&] {
        return background([] { return 1; }).error().why() == // no line for it, though there is one
               refusal::bulkhead_full;
    });
    CHECK(twice.value());
}

TEST_CASE("loses nothing: the worst case is that of what is inside") {
    const outlast::pipeline p{loses_nothing{}, outlast::timeout{5ms}};
    CHECK(worst_case(p).calls == 1);
    CHECK(worst_case(p).latency == 5ms);
}
