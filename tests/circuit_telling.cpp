// SPDX-License-Identifier: BSL-1.0
#include <outlast/circuit_telling.hpp>

#include "support/catch.hpp"
#include "support/print.hpp"
#include "support/script.hpp"

using namespace std::chrono_literals;
using outlast::circuit_cause;
using outlast::circuit_event;
using outlast::circuit_mode;
using outlast::circuit_state;
using outlast::event_kind;
using outlast::event_of;
using outlast::never;
using outlast_tests::at;

TEST_CASE("circuit_telling: each change has its word") {
    const auto kind = [](const circuit_event& e) { return event_of(e, never, {}, {}).what; };
    CHECK(kind({circuit_state::closed, circuit_state::open, circuit_mode::normal,
                circuit_cause::failures}) == event_kind::opened);
    CHECK(kind({circuit_state::open, circuit_state::half_open, circuit_mode::normal,
                circuit_cause::break_over}) == event_kind::half_opened);
    CHECK(kind({circuit_state::half_open, circuit_state::closed, circuit_mode::normal,
                circuit_cause::probes_good}) == event_kind::closed);
    CHECK(kind({circuit_state::closed, circuit_state::closed, circuit_mode::isolated,
                circuit_cause::by_hand}) == event_kind::opened);
    CHECK(kind({circuit_state::closed, circuit_state::closed, circuit_mode::normal,
                circuit_cause::by_hand}) == event_kind::closed);
    CHECK(kind({circuit_state::closed, circuit_state::closed, circuit_mode::shadow,
                circuit_cause::slow_calls}) == event_kind::would_open);
}

TEST_CASE("circuit_telling: a change of the mode says which it is now") {
    const auto told = [](circuit_state s, circuit_mode m) {
        return event_of({s, s, m, circuit_cause::by_hand}, never, {}, {});
    };
    CHECK(told(circuit_state::closed, circuit_mode::normal).why == "by_hand");
    CHECK(told(circuit_state::closed, circuit_mode::isolated).why == "isolated");
    CHECK(told(circuit_state::closed, circuit_mode::shadow).why == "shadow");
    CHECK(told(circuit_state::open, circuit_mode::disabled).why == "disabled");
    CHECK(told(circuit_state::open, circuit_mode::disabled).what == event_kind::closed);
}

TEST_CASE("circuit_telling: how long it is open, where that is known") {
    const circuit_event e{circuit_state::closed,   circuit_state::open, circuit_mode::normal,
                          circuit_cause::failures, {20, 12, 3},         at(5s)};
    CHECK(event_of(e, at(2s), "orders", "eu").span == 3s);
    CHECK(event_of(e, at(2s), "orders", "eu").name.view() == "orders");
    CHECK(event_of(e, at(2s), "orders", "eu").tags.view() == "eu");
    CHECK(event_of(e, at(2s), "orders", "eu").why == "failures");
    CHECK(event_of(e, at(2s), "orders", "eu").counts == outlast::tally{20, 12, 3});
    CHECK(event_of(e, never, {}, {}).span == outlast::verdict::no_hint);
}
