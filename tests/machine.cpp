// SPDX-License-Identifier: BSL-1.0
#include <outlast/machine.hpp>

#include "support/catch.hpp"
#include "support/print.hpp"
#include "support/script.hpp"
#include "support/told.hpp"

using namespace std::chrono_literals;
using outlast::instant;
using outlast::lane;
using outlast::leaf;
using outlast::machine;
using outlast::pass_through;
using outlast::reading;
using outlast::report;
using outlast::step;
using outlast::verdict;
using outlast_tests::at;

namespace {

struct smallest : pass_through {
    step begin(reading&, instant by, verdict&) { return step::call(outlast::work, by); }
    step settled(reading&, lane, verdict&) { return step::finish(); }
};

struct several : smallest {
    static constexpr lane lanes = 3;
    int keep(lane) noexcept { return 0; }
};

// Each lacks one thing, or has it in the wrong shape.
struct no_begin : pass_through {
    step settled(reading&, lane, verdict&) { return step::finish(); }
};
struct no_settled : pass_through {
    step begin(reading&, instant by, verdict&) { return step::call(outlast::work, by); }
};
struct abandons_loudly : smallest {
    void abandoned() {} // not noexcept
};
struct explains_by_change : smallest {
    void explain(outlast::failure_facts&) noexcept {} // not const
};
struct begins_with_nothing : smallest {
    void begin(reading&, instant, verdict&) {}
};
struct counts_nothing {
    [[maybe_unused]] static constexpr bool pinned = false;
    step begin(reading&, instant by, verdict&) { return step::call(outlast::work, by); }
    step settled(reading&, lane, verdict&) { return step::finish(); }
    step woke(reading&, lane, verdict&) { return step::finish(); }
    instant nudge() const noexcept { return outlast::never; }
    step nudged(reading&, verdict&) { return step::finish(); }
    bool plain_begin(reading&, instant&) { return false; }
    bool plain_success(reading&) const { return false; }
    void plain_end() noexcept {}
    bool plain_refusal(reading&, verdict&) { return false; }
    bool passes_refusals() noexcept { return false; }
    void credit(report&) const noexcept {}
    void abandoned() noexcept {}
    void explain(outlast::failure_facts&) const noexcept {}
};
struct counts_at_run_time : counts_nothing {
    int operations = 0;
};

} // namespace

TEST_CASE("machine: begin and settled on pass_through are enough") {
    STATIC_REQUIRE(machine<smallest>);
    STATIC_REQUIRE(machine<leaf>);
    STATIC_REQUIRE(machine<outlast_tests::tap::run>);
    STATIC_REQUIRE(outlast::check_machine<smallest>());
    STATIC_REQUIRE(smallest::operations == 0);
}

TEST_CASE("machine: what lacks one answer, or gives it in another shape, is none") {
    STATIC_REQUIRE(!machine<no_begin>);
    STATIC_REQUIRE(!machine<no_settled>);
    STATIC_REQUIRE(!machine<abandons_loudly>);
    STATIC_REQUIRE(!machine<explains_by_change>);
    STATIC_REQUIRE(!machine<begins_with_nothing>);
    STATIC_REQUIRE(!machine<counts_nothing>);
    STATIC_REQUIRE(!machine<counts_at_run_time>);
    STATIC_REQUIRE(!machine<int>);
}

TEST_CASE("machine: the leaf calls the work by the deadline, and its verdict is the outcome") {
    leaf l;
    reading now{at(1s)};
    CHECK(outlast_tests::begin(l, now, at(5s)) == step::call(outlast::work, at(5s)));
    CHECK(outlast_tests::settle(l, now, verdict::failure(3s)) ==
          outlast_tests::finished(verdict::failure(3s)));
    CHECK(outlast_tests::begin(l, now, outlast::never).at == outlast::never);
    report facts;
    l.explain(facts);
    CHECK(facts.policy.empty());
}

TEST_CASE("machine: one that does not say how many lanes it has has one") {
    struct without {};
    STATIC_REQUIRE(outlast::lanes_of<without> == 1);
    STATIC_REQUIRE(outlast::lanes_of<leaf> == 1);
    STATIC_REQUIRE(outlast::lanes_of<several> == 3);
    STATIC_REQUIRE(machine<several>);
    STATIC_REQUIRE(!outlast::keeps_for_work<leaf>);
    STATIC_REQUIRE(outlast::keeps_for_work<several>);
}
