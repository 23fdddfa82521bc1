// SPDX-License-Identifier: BSL-1.0
#include <outlast/circuit_watch.hpp>

#include "support/catch.hpp"
#include "support/print.hpp"
#include "support/script.hpp"

using namespace std::chrono_literals;
using namespace outlast::literals;
using outlast::circuit_cause;
using outlast::circuit_watch;
using outlast::consecutive;
using outlast::duration;
using outlast::tally;
using outlast_tests::at;

TEST_CASE("circuit watch: failures come before slow calls") {
    circuit_watch w{{.window = 4, .minimum_calls = 2, .slow_from = 1s}};
    CHECK_FALSE(w.end(at(0s), w.begin(at(0s)), {.failed = true, .took = 0s}));
    CHECK(w.results(at(0s)).why == circuit_cause::none); // one decides nothing
    CHECK(w.end(at(0s), w.begin(at(0s)), {.took = 1s}));
    CHECK(w.results(at(0s)).why == circuit_cause::failures);
    CHECK(w.results(at(0s)).counts == tally{2, 1, 1});
    CHECK_FALSE(w.end(at(0s), w.begin(at(0s)), {.took = 0s}));
    CHECK(w.results(at(0s)).why == circuit_cause::none);
    CHECK(w.end(at(0s), w.begin(at(0s)), {.took = 2s}));
    CHECK(w.results(at(0s)).why == circuit_cause::slow_calls);
}

TEST_CASE("circuit watch: what is overdue displaces the oldest results, not more") {
    circuit_watch w{{.window = 4, .minimum_calls = 4, .slow_from = 1s, .slow_ratio = 75_percent}};
    CHECK(w.end(at(0s), outlast::running_calls::not_followed, {.took = 1s})); // the oldest
    for (int i = 0; i != 3; ++i)
        (void)w.end(at(0s), outlast::running_calls::not_followed, {.took = 0s});
    (void)w.begin(at(0s));
    const auto second = w.begin(at(0s));
    CHECK(w.overdue(at(1s)).why == circuit_cause::none); // 2 of 4: the slow one is gone by then
    const auto third = w.begin(at(1s));
    CHECK(w.overdue(at(2s) - 1ns).why == circuit_cause::none);
    CHECK(w.overdue(at(2s)).why == circuit_cause::slow_calls);
    CHECK(w.overdue(at(2s)).counts == tally{4, 0, 3});
    w.forget(third);
    CHECK(w.overdue(at(2s)).why == circuit_cause::none);
    // It is slow because it was overdue, though nobody says how long it took; and counted once.
    CHECK(w.end(at(2s), second, {}));
    CHECK(w.results(at(2s)).counts == tally{4, 0, 1});
    CHECK(w.overdue(at(2s)).why == circuit_cause::none);
    w.forget_running();
    CHECK(w.overdue(at(1h)).why == circuit_cause::none);
}

TEST_CASE("circuit watch: quiet says when a success changes nothing else") {
    SECTION("in a row: no failure before it") {
        circuit_watch w{{.window = consecutive(3)}};
        CHECK(w.quiet());
        (void)w.end(at(0s), 0, {.failed = true});
        CHECK_FALSE(w.quiet());
        w.add_successes(1, at(0s));
        CHECK(w.quiet());
    }
    SECTION("of calls: none failed, or there are enough") {
        circuit_watch w{{.window = 4, .minimum_calls = 2}};
        CHECK(w.quiet());
        (void)w.end(at(0s), 0, {.failed = true});
        CHECK_FALSE(w.quiet()); // a success would make it one of two
        (void)w.end(at(0s), 0, {});
        CHECK(w.quiet());
    }
    SECTION("of a span: none failed") {
        circuit_watch w{{.window = 1s, .minimum_calls = 1}};
        CHECK(w.quiet());
        (void)w.end(at(0s), 0, {.failed = true});
        CHECK_FALSE(w.quiet());
        (void)w.counts(at(1s));
        CHECK(w.quiet());
    }
    SECTION("never where slow calls matter: each must be told when it ends") {
        CHECK_FALSE(circuit_watch{{.slow_from = 1s}}.quiet());
    }
    SECTION("nor where each has its own instant") {
        CHECK_FALSE(circuit_watch{{.window = outlast::exactly(20, 1s)}}.quiet());
    }
}

TEST_CASE("circuit watch: it says when it must know the time, and what a result would do") {
    CHECK_FALSE(circuit_watch{{.window = 4}}.wants_time());
    CHECK_FALSE(circuit_watch{{.window = consecutive(4)}}.wants_time());
    CHECK(circuit_watch{{.window = 1s}}.wants_time());
    CHECK(circuit_watch{{.window = outlast::exactly(4, 1s)}}.wants_time());
    CHECK(circuit_watch{{.window = 4, .slow_from = 1s}}.wants_time());
    circuit_watch row{{.window = consecutive(2)}};
    CHECK(row.foreseen(true) == circuit_cause::none);
    (void)row.end(at(0s), 0, {.failed = true});
    CHECK(row.foreseen(true) == circuit_cause::failures);
    CHECK(row.foreseen(false) == circuit_cause::none);
}
