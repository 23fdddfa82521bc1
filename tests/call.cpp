// SPDX-License-Identifier: BSL-1.0
#include <outlast/call.hpp>

#include <outlast/pipeline.hpp>
#include <outlast/retry.hpp>
#include <outlast/run.hpp>
#include <outlast/simulate.hpp>
#include <outlast/timeout.hpp>

#include "support/catch.hpp"
#include "support/print.hpp"
#include "support/recorded.hpp"
#include "support/script.hpp"

#include <chrono>
#include <cstdint>
#include <stop_token>
#include <system_error>
#include <vector>

using namespace std::chrono_literals;
using outlast::duration;
using outlast::result;
using outlast_tests::at;
using outlast_tests::hand_clock;

namespace {

const auto server_error = std::make_error_code(std::errc::io_error);

} // namespace

TEST_CASE("call: attempt, deadline, what remains") {
    outlast::call c{3, at(100ms), outlast::reading{at(40ms)}, {}};
    CHECK(c.attempt() == 3);
    CHECK(c.time() == at(40ms));
    CHECK(c.deadline() == at(100ms));
    CHECK(c.steady_deadline().time_since_epoch() == 100ms);
    CHECK(c.remaining() == 60ms);
    CHECK(!c.stop_requested());
    CHECK(!c.stop_token().stop_possible());
}

TEST_CASE("call: what remains is never negative, and for ever without a deadline") {
    CHECK(outlast::call{1, at(100ms), outlast::reading{at(100ms)}, {}}.remaining() == 0ms);
    CHECK(outlast::call{1, at(100ms), outlast::reading{at(101ms)}, {}}.remaining() == 0ms);
    const outlast::call free{1, outlast::never, outlast::reading{at(101ms)}, {}};
    CHECK(free.remaining() == outlast::forever);
    CHECK(free.deadline() == outlast::never);
}

TEST_CASE("call: the clock is read each time that it is asked, and not before") {
    hand_clock::reset();
    const outlast::call c{
        1, outlast::after(hand_clock::zero, 100ms), outlast::detail::read_once<hand_clock>(), {}};
    CHECK(hand_clock::reads == 0);
    CHECK(c.remaining() == 100ms);
    hand_clock::advance(30ms);
    CHECK(c.remaining() == 70ms);
    CHECK(hand_clock::reads == 2);
    const outlast::call free{1, outlast::never, outlast::detail::read_once<hand_clock>(), {}};
    CHECK(free.remaining() == outlast::forever);
    CHECK(hand_clock::reads == 2);
}

TEST_CASE("call: the request to stop") {
    std::stop_source stop;
    const outlast::call c{1, outlast::never, outlast::reading{at(0ms)}, stop.get_token()};
    bool told = false;
    const std::stop_callback on_stop{c.stop_token(), [&] { told = true; }};
    CHECK(!c.stop_requested());
    stop.request_stop();
    CHECK(c.stop_requested());
    CHECK(told);
}

TEST_CASE("call: each attempt is told its number and its own deadline") {
    hand_clock::reset();
    outlast::pipeline p{outlast::timeout{100ms},
                        outlast::retry{{.max_attempts = 3, .backoff = outlast::constant(0ms)}},
                        outlast::timeout{40ms}};
    std::vector<std::uint32_t> numbers;
    std::vector<duration> left;
    const auto r = outlast::run<hand_clock>(p, [&](outlast::call& c) -> result<int> {
        numbers.push_back(c.attempt());
        left.push_back(c.remaining());
        hand_clock::advance(35ms);
        return server_error;
    });
    CHECK(numbers == std::vector<std::uint32_t>{1, 2, 3});
    CHECK(left == std::vector<duration>{40ms, 40ms, 30ms});
    CHECK(!r);
}

TEST_CASE("call: under the blocking driver the deadline is one of the steady clock") {
    outlast::pipeline p{outlast::timeout{1h}};
    const auto before = std::chrono::steady_clock::now();
    const auto given = p([](outlast::call& c) { return c.steady_deadline(); });
    const auto after = std::chrono::steady_clock::now();
    CHECK(given.value() >= before + 1h);
    CHECK(given.value() <= after + 1h);
}

TEST_CASE("call: in a simulation it is on the world's timeline") {
    outlast::simulation sim;
    outlast::pipeline p{outlast::timeout{50ms}};
    sim.advance(20ms);
    auto& c = sim.call(p, [](outlast::call& context) { return context.deadline(); });
    CHECK(c.result().value() == at(70ms));
    auto& left = sim.call(p, [](outlast::call& context) { return context.remaining(); });
    CHECK(left.result().value() == 50ms);
}
