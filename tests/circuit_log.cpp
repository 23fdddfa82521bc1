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
    CHECK(log.counts() == outlast::circuit_counts{.succeeded = 6,
                                                  .failed = 1,
                                                  .slow = 1,
                                                  .neutral = 1,
                                                  .late = 2,
                                                  .refused_by = {0, 0, 2, 0, 0}});
}

TEST_CASE("circuit log: how long calls took, of those of which it is known") {
    using namespace std::chrono_literals;
    circuit_log log;
    CHECK(log.counts().mean() == 0s);
    log.ended(false, false);
    log.ended(false, false, 1s);
    log.ended(true, false, 2s);
    CHECK(log.counts().timed == 2);
    CHECK(log.counts().took == 3s);
    CHECK(log.counts().mean() == 1500ms);
    log.ended(true, false, outlast::forever);
    CHECK(log.counts().took == outlast::forever);
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
