// SPDX-License-Identifier: BSL-1.0
#include <outlast/step.hpp>

#include "support/catch.hpp"
#include "support/print.hpp"
#include "support/script.hpp"

#include <system_error>
#include <type_traits>

using namespace std::chrono_literals;
using outlast::action;
using outlast::refusal;
using outlast::step;
using outlast::verdict;
using outlast::verdict_kind;
using outlast_tests::at;

TEST_CASE("step: the four verdicts, and whom they blame") {
    CHECK(verdict::success().ok());
    CHECK_FALSE(verdict::success().failed());
    CHECK_FALSE(verdict::failure().ok());
    CHECK(verdict::failure().failed());
    CHECK(verdict::expired().failed());
    CHECK(verdict::expired().why == refusal::timed_out);
    CHECK_FALSE(verdict::expired().late);
    CHECK_FALSE(verdict::neutral(refusal::cancelled).ok());
    CHECK_FALSE(verdict::neutral(refusal::cancelled).failed());
    CHECK(verdict{} == verdict::success());
}

TEST_CASE("step: a hint is there, absent, or negative") {
    CHECK_FALSE(verdict::failure().has_hint());
    CHECK(verdict::failure(0s).has_hint());
    CHECK(verdict::failure(5s).hint == 5s);
    CHECK(verdict::failure(-1ns).has_hint());
    CHECK_FALSE(verdict::neutral(refusal::circuit_open).has_hint());
    CHECK(verdict::neutral(refusal::circuit_open, 2s).hint == 2s);
    CHECK(verdict::failure(5s) != verdict::failure());
}

TEST_CASE("step: a failure keeps the error code behind it") {
    const auto code = std::make_error_code(std::errc::connection_refused);
    const verdict v = verdict::failure(code, 3s);
    CHECK(v.kind == verdict_kind::failure);
    CHECK(v.error() == code);
    CHECK(v.error() == std::errc::connection_refused);
    CHECK(v.hint == 3s);
    CHECK_FALSE(verdict::failure().error());
    CHECK_FALSE(verdict::success().error());
    CHECK(verdict::expired().error() == std::errc::timed_out);
    CHECK(verdict::neutral(refusal::circuit_open).error() == refusal::circuit_open);
}

TEST_CASE("step: the four answers") {
    const step work = step::call(outlast::work, at(5s));
    CHECK(work.what == action::call);
    CHECK(work.calls_work());
    CHECK(work.at == at(5s));
    CHECK_FALSE(step::call(1, outlast::never).calls_work());

    CHECK(step::wait(at(5s)).what == action::wait);
    CHECK(step::wait(at(5s)).at == at(5s));
    CHECK_FALSE(step::wait(at(5s)).calls_work());
    CHECK(step::park(outlast::never).what == action::park);
    CHECK(step::park(at(1s)).at == at(1s));

    const step end = step::finish();
    CHECK(end.what == action::finish);
    CHECK_FALSE(end.calls_work());
    CHECK(work != end);
    CHECK(step::wait(at(5s)) != step::park(at(5s)));
}

TEST_CASE("step: verdicts and steps are plain values") {
    STATIC_REQUIRE(std::is_trivially_copyable_v<verdict>);
    STATIC_REQUIRE(std::is_trivially_copyable_v<step>);
    STATIC_REQUIRE(sizeof(step) <= 16); // in registers
    STATIC_REQUIRE(step::call(outlast::work, outlast::never).calls_work());
    STATIC_REQUIRE(verdict::neutral(refusal::cancelled) != verdict::success());
}

TEST_CASE("step: one of a lane says where, and nothing is a wait without an end") {
    constexpr step there = step::call(outlast::work, outlast::never).in(2);
    STATIC_REQUIRE(there.on == 2);
    STATIC_REQUIRE(there.calls_work());
    STATIC_REQUIRE(step::call(outlast::work, outlast::never).on == 0);
    STATIC_REQUIRE(!there.alone);
    STATIC_REQUIRE(step::nothing().is_nothing());
    STATIC_REQUIRE(!step::park(outlast::never).is_nothing());
    STATIC_REQUIRE(!step::wait(outlast::instant{}).is_nothing());
    STATIC_REQUIRE(!step::finish().is_nothing());
    STATIC_REQUIRE(sizeof(step) == 16);
}
