// SPDX-License-Identifier: BSL-1.0
#include <outlast/circuit_options.hpp>

#include "support/catch.hpp"
#include "support/print.hpp"

#include <string>

using namespace std::chrono_literals;
using namespace outlast::literals;
using outlast::circuit_breaker_options;
using outlast::consecutive;
using outlast::constant;

TEST_CASE("circuit options: the documented defaults") {
    const circuit_breaker_options o;
    CHECK(o.problem() == nullptr);
    CHECK(o.failure_ratio == 50_percent);
    CHECK(o.window == outlast::window_span{100});
    CHECK(o.minimum() == 10);
    CHECK_FALSE(o.watches_slow());
    CHECK(o.slow_ratio == 50_percent);
    CHECK_FALSE(o.open_on_hint);
    CHECK(o.open_for == 10s);
    CHECK(o.flap_memory == 0s);
    CHECK(o.hint_cap == 5min);
    CHECK(o.probes == 1);
    CHECK(o.deciding() == 1);
    CHECK(o.probe_lease == 30s);
    CHECK(o.half_open_for == outlast::no_limit);
    CHECK(o.hold_back == 0s);
    CHECK(o.ramp_for == 0s);
    CHECK_FALSE(o.failure_if);
    CHECK(o.name.view() == "circuit breaker");
}

TEST_CASE("circuit options: what makes no sense is said in a sentence") {
    struct row {
        void (*spoil)(circuit_breaker_options&);
        const char* says;
    };
    for (const row& r : {
             row{[](auto& o) { o.failure_ratio = 0_percent; }, "failure_ratio"},
             row{[](auto& o) { o.failure_ratio = 101_percent; }, "failure_ratio"},
             row{[](auto& o) { o.window = 0s; }, "window is"},
             row{[](auto& o) { o.window = consecutive(0); }, "window is"},
             row{[](auto& o) { o.minimum_calls = 101; }, "minimum_calls"},
             row{[](auto& o) { o.slow_from = 0s; }, "slow_from"},
             row{[](auto& o) { o.slow_ratio = 0_percent; }, "slow_ratio"},
             row{[](auto& o) { o.window = consecutive(3), o.slow_from = 1s; }, "consecutive"},
             row{[](auto& o) { o.open_for = 0s; }, "open_for"},
             row{[](auto& o) { o.open_for = constant(1s).capped(0s); }, "open_for"},
             row{[](auto& o) { o.flap_memory = -1s; }, "flap_memory"},
             row{[](auto& o) { o.hint_cap = -1s; }, "hint_cap"},
             row{[](auto& o) { o.probes = 0; }, "probes"},
             row{[](auto& o) { o.probes = 10'001; }, "probes"},
             row{[](auto& o) { o.deciding_probes = 10'001; }, "deciding_probes"},
             row{[](auto& o) { o.hold_back = -1s; }, "hold_back"},
             row{[](auto& o) { o.probe_lease = 0s; }, "probe_lease"},
             row{[](auto& o) { o.half_open_for = 0s; }, "half_open_for"},
             row{[](auto& o) { o.ramp_for = -1s; }, "ramp_for"},
             row{[](auto& o) { o.ramp_for = outlast::forever; }, "ramp_for"},
         }) {
        circuit_breaker_options o;
        r.spoil(o);
        INFO(r.says);
        REQUIRE(o.problem() != nullptr);
        CHECK_THAT(o.problem(), Catch::Matchers::ContainsSubstring(r.says));
    }
}

TEST_CASE("circuit options: numbers that follow from others") {
    CHECK(circuit_breaker_options{.window = 4}.minimum() == 4);
    CHECK(circuit_breaker_options{.window = 4, .minimum_calls = 2}.minimum() == 2);
    CHECK(circuit_breaker_options{.window = 1s}.minimum() == 10);
    CHECK(circuit_breaker_options{.window = consecutive(3), .minimum_calls = 7}.problem() ==
          nullptr); // plays no part
    CHECK(circuit_breaker_options{.probes = 3}.deciding() == 3);
    CHECK(circuit_breaker_options{.probes = 3, .deciding_probes = 2}.deciding() == 2);
    const circuit_breaker_options slow{.slow_from = 1s};
    CHECK(slow.is_slow({.took = 1s}));
    CHECK_FALSE(slow.is_slow({.took = 1s - 1ns}));
    CHECK_FALSE(slow.is_slow({}));
    CHECK_FALSE(circuit_breaker_options{}.is_slow({.took = outlast::forever}));
}
