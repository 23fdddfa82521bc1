// SPDX-License-Identifier: BSL-1.0
#include <outlast/simulate.hpp>

#include <outlast/cache/memory.hpp>
#include <outlast/cache_aside.hpp>
#include <outlast/fallback.hpp>
#include <outlast/pipeline.hpp>
#include <outlast/retry.hpp>
#include <outlast/timeout.hpp>

#include "support/catch.hpp"
#include "support/print.hpp"
#include "support/script.hpp"
#include "support/zoo.hpp"

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <system_error>
#include <utility>

using namespace std::chrono_literals;
using outlast::refusal;
using outlast::result;
using outlast_tests::at;

namespace {

const auto server_error = std::make_error_code(std::errc::io_error);

} // namespace

TEST_CASE("simulate: a callable says how long it takes") {
    outlast::simulation sim;
    outlast::pipeline guarded{outlast::timeout{1s}};
    auto& c = sim.call(guarded, [&] {
        sim.spend(50ms);
        return 7;
    });
    CHECK(!c.done());
    sim.run();
    CHECK(c.result().value() == 7);
    CHECK(c.finished_at() == outlast::instant{50ms});
    CHECK(c.facts().attempts == 1);
    CHECK(c.facts().elapsed == 50ms);
}

TEST_CASE("simulate: the result of a call that is not over is an error") {
    outlast::simulation sim;
    outlast::pipeline<> p;
    auto& c = sim.call(p, [&] { return sim.spend(50ms), 7; });
    CHECK_THROWS_AS(c.result(), std::logic_error);
    sim.run();
    CHECK(c.result().value() == 7);
}

TEST_CASE("simulate: one that is cut off at its deadline leaves no value") {
    outlast::simulation sim;
    outlast::pipeline p{outlast::timeout{50ms}};
    auto alive = std::make_shared<int>(1);
    const std::weak_ptr<int> watch = alive;
    auto& c = sim.call(p, [&, alive = std::move(alive)] {
        sim.spend(51ms);
        return std::make_shared<int>(*alive);
    });
    sim.run();
    CHECK(c.result().error().why() == refusal::timed_out);
    CHECK(c.result().error().facts().limit == 50ms);
    CHECK(!watch.expired()); // the callable stays as long as the simulation
}

TEST_CASE("simulate: a deadline of the caller's") {
    outlast::simulation sim;
    outlast::pipeline<> p;
    auto& c = sim.call_by(at(50ms), p, [&](outlast::call& context) {
        sim.spend(60ms);
        return context.remaining();
    });
    sim.run();
    CHECK(c.result().error().why() == refusal::timed_out);
    CHECK(c.finished_at() == at(50ms));
    CHECK(sim.call_by(at(50ms), p, [] { return 1; }).result().error().why() == refusal::timed_out);
    CHECK(sim.call_by(at(51ms), p, [](outlast::call& context) { return context.remaining(); })
              .result()
              .value() == 1ms);
}

TEST_CASE("simulate: cancelled, with the last failure underneath") {
    outlast::simulation sim;
    outlast::pipeline p{outlast::retry{{.backoff = outlast::constant(100ms)}}};
    auto& c = sim.call(p, [&]() -> result<int> {
        sim.spend(10ms);
        return server_error;
    });
    sim.advance(50ms); // it waits
    c.cancel();
    CHECK(c.result().error().code() == refusal::cancelled);
    CHECK(c.result().error().cause() == server_error);
    CHECK(c.result().error().attempts() == 1);
    CHECK(c.facts().elapsed == 50ms);
}

TEST_CASE("RT-07 cancelled while waiting") {
    outlast::simulation sim;
    outlast::pipeline p{outlast::retry{{.max_attempts = 4, .backoff = outlast::constant(10000ms)}}};
    int calls = 0;
    auto& c = sim.call(p, [&]() -> result<int> { return ++calls, server_error; });
    sim.advance(4000ms);
    c.cancel();
    CHECK(c.finished_at() == at(4000ms));
    CHECK(c.result().error().code() == refusal::cancelled);
    CHECK(c.result().error().cause() == server_error);
    CHECK(calls == 1);
    CHECK(sim.running() == 0);
}

TEST_CASE("simulate: callables, arguments and values that can only be moved") {
    outlast::simulation sim;
    outlast::pipeline p{outlast::fallback{[] { return outlast_tests::move_only{0}; }}};
    auto& c = sim.call(
        p,
        [own = std::make_unique<int>(3)](const std::unique_ptr<int>& given) {
            return outlast_tests::move_only{*own + *given};
        },
        std::make_unique<int>(4));
    CHECK(*c.result().value().value == 7);
    auto moved = std::move(c.result());
    CHECK(*moved.value().value == 7);
}

TEST_CASE("simulate: many at once, each with its own attempts") {
    outlast::simulation sim;
    outlast::pipeline p{outlast::retry{{.max_attempts = 3, .backoff = outlast::constant(100ms)}}};
    const auto good_at = [&](std::uint32_t n) -> auto& {
        return sim.call(p, [&sim, n](outlast::call& c) -> result<std::uint32_t> {
            sim.spend(10ms);
            if (c.attempt() < n)
                return server_error;
            return c.attempt();
        });
    };
    auto& a = good_at(3);
    auto& b = good_at(1);
    auto& c = good_at(4);
    sim.run();
    CHECK(a.result().value() == 3);
    CHECK(a.finished_at() == at(230ms));
    CHECK(b.result().value() == 1);
    CHECK(b.finished_at() == at(10ms));
    CHECK(c.result().error().attempts() == 3);
    CHECK(c.facts().why_stopped == outlast::stopped::attempts);
}

TEST_CASE("simulate: a call may start another one") {
    outlast::simulation sim;
    outlast::pipeline p{outlast::timeout{1s}};
    bool inner_done = false;
    sim.at(at(10ms), [&] {
        auto& c = sim.call(p, [] { return 1; });
        inner_done = c.done();
    });
    auto& c = sim.call(p, [&] { return sim.spend(50ms), 2; });
    sim.run();
    CHECK(inner_done);
    CHECK(c.result().value() == 2);
}

namespace {

struct remembering {
    outlast::memory<int, int, outlast::no_lock> store{};
    outlast::cache_aside<outlast::memory<int, int, outlast::no_lock>,
                         int (*)(),
                         outlast::lifetime (*)(int)>
        cache{store,
              [] { return 0; },
              [](int) { return outlast::lifetime{.fresh_for = 1s}; },
              {.refresh_ahead = outlast::ratio::of(0.2), .refresh_limit = 50ms, .seed = 1}};
    outlast::pipeline<std::reference_wrapper<decltype(cache)>, outlast::timeout> p{
        std::ref(cache), outlast::timeout{10s}};
};

} // namespace

TEST_CASE("CA-08 leader cancelled, where its work goes on for those who wait: one start") {
    outlast::simulation sim;
    sim.outlive_callers();
    remembering r;
    int starts = 0;
    const auto ask = [&] { return ++starts, sim.spend(100ms), 7; };
    auto& a = sim.call(r.p, ask);
    auto& b = sim.call(r.p, ask);
    auto& c = sim.call_by(at(90ms), r.p, ask);
    sim.at(at(40ms), [&] { a.cancel(); });
    sim.run();
    CHECK(starts == 1);
    CHECK(a.outcome().why == refusal::cancelled);
    CHECK(a.finished_at() == at(40ms));
    CHECK(b.result().value() == 7);
    CHECK(b.finished_at() == at(100ms));
    CHECK(c.outcome().why == refusal::timed_out);
    CHECK(c.finished_at() == at(90ms));
}

TEST_CASE(
    "simulate: a leader whose deadline comes leaves its work; a refresh costs no caller a wait") {
    outlast::simulation sim;
    sim.outlive_callers();
    remembering r;
    int starts = 0;
    outlast::duration takes = 100ms;
    const auto ask = [&] { return sim.spend(takes), ++starts; };
    auto& leader = sim.call_by(at(40ms), r.p, ask);
    auto& other = sim.call_by(at(200ms), r.p, ask);
    sim.run();
    CHECK(leader.outcome().why == refusal::timed_out);
    CHECK(leader.finished_at() == at(40ms));
    CHECK(other.result().value() == 1);
    CHECK(other.finished_at() == at(100ms));
    sim.advance(920ms);
    takes = 30ms;
    auto& early = sim.call_by(at(1030ms), r.p, ask);
    CHECK(early.done());
    CHECK(early.result().value() == 1);
    CHECK(early.finished_at() == at(1020ms));
    CHECK(sim.running() == 1); // the refresh
    sim.run();
    CHECK(sim.time() == at(1050ms));
    CHECK(starts == 2);
    CHECK(sim.call(r.p, ask).result().value() == 2);
}
