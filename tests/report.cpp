// SPDX-License-Identifier: BSL-1.0
#include <outlast/report.hpp>

#include "support/catch.hpp"
#include "support/print.hpp"

#include <type_traits>

TEST_CASE("report: nothing known is said as nothing known") {
    constexpr outlast::report r;
    CHECK(r.policy.empty());
    CHECK(r.name.empty());
    CHECK(r.attempts == 0);
    CHECK(r.elapsed == outlast::duration::zero());
    CHECK(r.retry_after == outlast::verdict::no_hint);
    CHECK(r.why_stopped == outlast::stopped::none);
    CHECK(r.how == outlast::source::live);
    CHECK(r.limit == outlast::duration::zero());
    CHECK(r.why_refused == outlast::circuit_refusal::open);
}

TEST_CASE("report: plain numbers, which may be kept and copied anywhere") {
    STATIC_REQUIRE(std::is_trivially_copyable_v<outlast::report>);
    STATIC_REQUIRE(std::is_aggregate_v<outlast::report>);
}
