// SPDX-License-Identifier: BSL-1.0
#include <outlast/circuit_facts.hpp>

#include "support/catch.hpp"
#include "support/print.hpp"
#include "support/script.hpp"

using namespace std::chrono_literals;
using outlast::circuit_counts;
using outlast::circuit_refusal;
using outlast::circuit_snapshot;
using outlast_tests::at;

TEST_CASE("circuit facts: refusals by reason and in all") {
    circuit_counts c;
    c.refused_by[static_cast<std::size_t>(circuit_refusal::open)] = 3;
    c.refused_by[static_cast<std::size_t>(circuit_refusal::isolated)] = 4;
    CHECK(c.refused(circuit_refusal::open) == 3);
    CHECK(c.refused(circuit_refusal::probing) == 0);
    CHECK(c.refused(circuit_refusal::isolated) == 4);
    CHECK(c.refused() == 7);
}

TEST_CASE("circuit facts: a snapshot moves with all its instants") {
    circuit_snapshot s{.taken = at(100s), .open_until = at(110s), .closed_since = at(40s)};
    s.ramping.from = at(95s);
    s.window.slices[9].from = at(99s);
    const circuit_snapshot later = s.moved_to(at(7s));
    CHECK(later.taken == at(7s));
    CHECK(later.open_until == at(17s));
    CHECK(later.closed_since == at(-53s));
    CHECK(later.ramping.from == at(2s));
    CHECK(later.window.slices[9].from == at(6s));
    CHECK(later.trial_over_at == outlast::never); // no limit stays none
}
