// SPDX-License-Identifier: BSL-1.0
#include <outlast/circuit_gate.hpp>

#include <outlast/guarded.hpp>

#include "support/catch.hpp"
#include "support/print.hpp"
#include "support/script.hpp"

#include <cstdint>
#include <mutex>
#include <system_error>
#include <thread>

using namespace std::chrono_literals;
using outlast::call_result;
using outlast::circuit;
using outlast::circuit_gate;
using outlast::circuit_mode;
using outlast::consecutive;
using outlast::reading;
using outlast::ticket;
using outlast::verdict;
using outlast_tests::at;

namespace {

void record(circuit& c, outlast::instant when, bool failed) {
    reading now{when};
    REQUIRE(c.record(now, c.admit(now).with, {.failed = failed}));
}

} // namespace

TEST_CASE("circuit_gate: says what its circuit says") {
    circuit c{
        {.failure_ratio = outlast::ratio::of(1), .window = 3, .minimum_calls = 2, .open_for = 10s}};
    circuit_gate<outlast::no_lock> gate;
    gate.publish(c, {});
    CHECK(gate.read().all_pass());
    CHECK(gate.read().is_quiet());
    CHECK(!gate.read().is_uncounted());
    CHECK(!gate.read().is_sliced());
    CHECK(gate.read().generation() == c.generation());
    CHECK(!gate.read().is_refusing());

    record(c, at(0s), true);
    gate.publish(c, {});
    CHECK(gate.read().all_pass());
    CHECK(!gate.read().is_quiet());

    record(c, at(1s), true);
    const verdict last = verdict::failure(std::make_error_code(std::errc::timed_out));
    gate.publish(c, last);
    CHECK(!gate.read().all_pass());
    REQUIRE(gate.refusal(gate.read()));
    CHECK(gate.refusal(gate.read())->until == at(11s));
    CHECK(gate.refusal(gate.read())->tripped == outlast::tally{2, 2});
    CHECK(gate.refusal(gate.read())->code == last.code);
    CHECK(gate.refusal(gate.read())->domain == last.domain);

    c.set_mode(circuit_mode::isolated); // by hand there is no time to come back
    gate.publish(c, last);
    CHECK(!gate.read().all_pass());
    CHECK(!gate.read().is_refusing());

    CHECK(c.state(at(11s)) == outlast::circuit_state::open); // the mode is not normal
    c.set_mode(circuit_mode::normal);
    CHECK(c.state(at(11s)) == outlast::circuit_state::half_open);
    gate.publish(c, last);
    CHECK(!gate.read().all_pass());
    CHECK(!gate.read().is_refusing());
}

TEST_CASE("circuit_gate: what successes must be told to depends on the window") {
    const auto sign_of = [](outlast::window_span w) {
        circuit c{{.window = w}};
        circuit_gate<outlast::no_lock> gate;
        gate.publish(c, {});
        return gate.read();
    };
    CHECK(sign_of(consecutive(3)).is_uncounted());
    CHECK(sign_of(10s).is_sliced());
    CHECK(!sign_of(10s).is_uncounted());
    CHECK(!sign_of(10).is_sliced());
}

TEST_CASE("circuit_gate: the words of a refusal are never of two different ones") {
    circuit_gate<std::mutex> gate;
    std::jthread writer{[&](const std::stop_token& stop) {
        for (int i = 1; !stop.stop_requested(); i = i % 100 + 1) {
            circuit c{{.failure_ratio = outlast::ratio::of(0.000001),
                       .window = i,
                       .minimum_calls = 1,
                       .open_for = std::chrono::seconds{i}}};
            reading now{at(0s)};
            for (int n = 1; n < i && n < 3; ++n)
                (void)c.record(now, c.admit(now).with, {});
            (void)c.record(now, c.admit(now).with, {.failed = true});
            verdict last = verdict::failure();
            last.code = i;
            // As under the lock of a breaker, whose generations do not come again.
            c.restore(c.snapshot(at(0s)));
            for (int g = 0; g != i; ++g)
                c.restore(c.snapshot(at(0s)));
            gate.publish(c, last);
        }
    }};
    // Many different refusals must have been seen: one that is read often shows nothing.
    int changes = 0;
    std::int32_t before = 0;
    for (int tries = 0; changes < 200 && tries < 200'000'000; ++tries) {
        const auto sign = gate.read();
        if (!sign.is_refusing())
            continue;
        if (const auto n = gate.refusal(sign)) {
            changes += n->code != before;
            before = n->code;
            if (n->until != at(std::chrono::seconds{n->code}))
                FAIL("until " << outlast_tests::words(n->until) << " of " << n->code);
        }
    }
    CHECK(changes == 200);
}
