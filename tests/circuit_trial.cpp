// SPDX-License-Identifier: BSL-1.0
#include <outlast/circuit_trial.hpp>

#include "support/catch.hpp"
#include "support/print.hpp"
#include "support/script.hpp"

using namespace std::chrono_literals;
using namespace outlast::literals;
using outlast::circuit_breaker_options;
using outlast::circuit_cause;
using outlast::circuit_refusal;
using outlast::circuit_trial;
using outlast::tally;
using outlast_tests::at;

namespace {

constexpr auto undecided = circuit_cause::none;

circuit_cause answer(circuit_trial& t, const outlast::call_result& r) {
    const auto a = t.admit(at(0s), false);
    REQUIRE(a.admitted);
    t.answer(a.place, r);
    return t.decide(at(0s), circuit_cause::probes_failed).why;
}

} // namespace

TEST_CASE("circuit trial: three run at once, two decide") {
    circuit_trial t{{.probes = 3, .deciding_probes = 2}};
    t.start(at(0s));
    const auto a = t.admit(at(0s), false);
    const auto b = t.admit(at(0s), false);
    CHECK(t.admit(at(0s), false).admitted);
    CHECK(t.admit(at(0s), false).why == circuit_refusal::probing);
    CHECK(t.admit(at(0s), false).come_back == at(30s));
    t.answer(b.place, {});
    CHECK(t.decide(at(1s), circuit_cause::probes_failed).why == undecided);
    t.answer(a.place, {});
    CHECK(t.decide(at(1s), circuit_cause::probes_failed).why == circuit_cause::probes_good);
}

TEST_CASE("circuit trial: one at a time, five decide, a share of them may fail") {
    circuit_trial t{{.failure_ratio = 40_percent, .probes = 1, .deciding_probes = 5}};
    t.start(at(0s));
    CHECK(answer(t, {}) == undecided);
    CHECK(answer(t, {.failed = true}) == undecided);
    CHECK(answer(t, {.failed = true}) == circuit_cause::probes_failed); // 2 of 5 whatever follows
}

TEST_CASE("circuit trial: where failures in a row open it, no probe may fail") {
    circuit_trial t{{.failure_ratio = 100_percent, .window = outlast::consecutive(3), .probes = 3}};
    t.start(at(0s));
    CHECK(answer(t, {}) == undecided);
    CHECK(answer(t, {.failed = true}) == circuit_cause::probes_failed);
}

TEST_CASE("circuit trial: slow probes") {
    circuit_trial t{{.slow_from = 4s, .slow_ratio = 50_percent, .probes = 4}};
    t.start(at(0s));
    CHECK(answer(t, {.took = 5s}) == undecided);
    CHECK(answer(t, {.took = 4s - 1ns}) == undecided);
    CHECK(answer(t, {.took = 4s}) == circuit_cause::probes_slow);
    CHECK(t.answers() == tally{3, 0, 2});
}

TEST_CASE("circuit trial: the limit counts from the first probe, or from an order") {
    circuit_trial t{{.half_open_for = 1s}};
    t.start(at(0s));
    CHECK(t.pass(at(1h)).why == undecided);
    const auto a = t.admit(at(1h), false);
    CHECK(t.admit(at(1h), false).come_back == at(1h + 1s)); // before the lease
    t.give_back(a.place);
    CHECK(t.admit(at(1h + 500ms), false).admitted);
    CHECK(t.over_at() == at(1h + 1s)); // as before
    CHECK(t.pass(at(1h + 1s) - 1ns).why == undecided);
    CHECK(t.pass(at(2h)).why == circuit_cause::stay_over);
    CHECK(t.pass(at(2h)).at == at(1h + 1s));

    t.start(at(0s));
    t.set_limit(at(5s));
    CHECK(t.pass(at(6s)).at == at(6s));
}

TEST_CASE("circuit trial: of a lease and a limit that end together, the lease comes first") {
    circuit_trial t{{.probe_lease = 1s, .half_open_for = 1s}};
    t.start(at(0s));
    (void)t.admit(at(0s), false);
    CHECK(t.pass(at(5s)).why == circuit_cause::lease_over);
    CHECK(t.pass(at(5s)).at == at(1s));
}

TEST_CASE("circuit trial: answers from before are taken over unless they would decide") {
    const circuit_breaker_options o{.probes = 3};
    circuit_trial t{o};
    t.start(at(0s));
    t.go_on_from({2, 0, 0}, at(9s));
    CHECK(t.over_at() == at(9s));
    CHECK(answer(t, {}) == circuit_cause::probes_good);
    t.start(at(0s));
    t.go_on_from({3, 1, 0}, outlast::never);
    CHECK(t.answers() == tally{});
    CHECK(answer(t, {}) == undecided);
}
