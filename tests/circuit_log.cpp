// SPDX-License-Identifier: BSL-1.0
#include <outlast/circuit_log.hpp>

#include "support/catch.hpp"
#include "support/print.hpp"

using outlast::circuit_cause;
using outlast::circuit_log;
using outlast::circuit_refusal;

TEST_CASE("circuit log: it counts") {
    circuit_log log;
    log.refused(circuit_refusal::held_back);
    log.refused(circuit_refusal::held_back);
    log.ended(false, true);
    log.ended(true, false);
    log.succeeded(5);
    log.late(2);
    log.neutral();
    CHECK(log.counters() == outlast::circuit_counters{.succeeded = 6,
                                                      .failed = 1,
                                                      .slow = 1,
                                                      .neutral = 1,
                                                      .late = 2,
                                                      .refused_by = {0, 0, 2, 0, 0}});
}

TEST_CASE("circuit log: what happened, in order, the newest four") {
    circuit_log log;
    CHECK_FALSE(log.take());
    for (const circuit_cause why :
         {circuit_cause::failures, circuit_cause::break_over, circuit_cause::probes_good,
          circuit_cause::slow_calls, circuit_cause::by_hand})
        log.tell({.why = why});
    for (const circuit_cause why : {circuit_cause::break_over, circuit_cause::probes_good,
                                    circuit_cause::slow_calls, circuit_cause::by_hand})
        CHECK(log.take()->why == why);
    CHECK_FALSE(log.take());
}
