// SPDX-License-Identifier: BSL-1.0
#include <outlast/hedge.hpp>

#include <outlast/bulkhead.hpp>
#include <outlast/cache/memory.hpp>
#include <outlast/cache_aside.hpp>
#include <outlast/circuit_breaker.hpp>
#include <outlast/describe.hpp>
#include <outlast/fallback.hpp>
#include <outlast/make.hpp>
#include <outlast/outcome.hpp>
#include <outlast/pipeline.hpp>
#include <outlast/retry.hpp>
#include <outlast/simulate.hpp>
#include <outlast/threads.hpp>
#include <outlast/timeout.hpp>

#include "support/callable.hpp"
#include "support/catch.hpp"
#include "support/print.hpp"
#include "support/script.hpp"
#include "support/watched_lock.hpp"

#include <algorithm>
#include <functional>
#include <stdexcept>
#include <string>
#include <thread>
#include <type_traits>
#include <vector>

using namespace std::chrono_literals;
using namespace outlast::literals;
using outlast::hedge_counts;
using outlast::hedge_options;
using outlast::no_limit;
using outlast::refusal;
using outlast::verdict;
using outlast_tests::acted;
using outlast_tests::at;
using outlast_tests::end;
using outlast_tests::refused;
using outlast_tests::script;
using outlast_tests::starts;
using outlast_tests::tap;
using outlast_tests::times;
using outlast_tests::watched_lock;

namespace {

using hedge = outlast::basic_hedge<>;

const auto bad = verdict::failure(std::make_error_code(std::errc::connection_refused));
const auto worse = verdict::failure(std::make_error_code(std::errc::io_error));

// A hedge around a tap, which counts the lanes that are ended; and what a test asks of them.
struct scene {
    tap inside{};
    hedge h;
    outlast::pipeline<std::reference_wrapper<hedge>, std::reference_wrapper<tap>> p{
        std::ref(h), std::ref(inside)};
    outlast::simulation sim{};

    explicit scene(const hedge_options& o) : h(o) {}

    auto& play(script lines, outlast::instant by = outlast::never) {
        return sim.play(p, lines, by);
    }
    auto& call(script lines) { return sim.call(p, acted(sim, lines)); }
};

constexpr bool works_in_a_constant() {
    hedge h{{.idempotent = true, .max_lanes = 3, .delay = 10ms}};
    outlast::pipeline p{std::ref(h)};
    outlast::world w;
    auto& c = w.play(p, script{}.succeeds(100ms));
    w.run();
    return starts(c) == times{0ms, 10ms, 20ms} && end(c) == 100ms && c.outcome().ok();
}

} // namespace

TEST_CASE("HG-01 slow primary still wins") {
    scene s{{.idempotent = true, .max_lanes = 3, .delay = 10ms}};
    auto& c = s.call(script{}.succeeds(100ms));
    s.sim.run();
    CHECK(starts(c) == times{0ms, 10ms, 20ms});
    CHECK(c.result().value() == 1);
    CHECK(end(c) == 100ms);
    CHECK(s.inside.abandoned == 2);
    CHECK(s.inside.ended.size() == 1);
    CHECK(c.attempts() == 3);
    CHECK(c.facts().attempts == 3);
    CHECK(s.h.counts() == hedge_counts{.hedged = 2, .won = 0});
}

TEST_CASE("HG-02 hedge wins") {
    scene s{{.idempotent = true, .max_lanes = 2, .delay = 10ms}};
    auto& c = s.call(script{}.succeeds(200ms).succeeds(1ms));
    s.sim.run();
    CHECK(c.result().value() == 2);
    CHECK(end(c) == 11ms);
    CHECK(s.inside.abandoned == 1);
    CHECK(s.h.counts() == hedge_counts{.hedged = 1, .won = 1});
}

TEST_CASE("HG-03 overall limit") {
    tap inside;
    hedge h{{.idempotent = true, .max_lanes = 3, .delay = 10ms}};
    outlast::pipeline p{outlast::timeout{50ms}, std::ref(h), std::ref(inside)};
    outlast::simulation sim;
    auto& c = sim.call(p, acted(sim, script{}.succeeds(100ms)));
    sim.run();
    CHECK(starts(c) == times{0ms, 10ms, 20ms});
    CHECK(end(c) == 50ms);
    CHECK(c.outcome().kind == outlast::verdict_kind::expired);
    CHECK(c.result().error().message() == "timed out after 50 ms (timeout) (after 3 attempts)");
    CHECK(inside.timeouts() == times{50ms, 50ms, 50ms});
}

TEST_CASE("HG-04 all attempts used, first result wins") {
    std::vector<std::string> seen;
    auto note = [&](const outlast::event& e) {
        seen.push_back(std::string(to_string(e.what)) + " " + std::to_string(e.attempt) + " " +
                       outlast::in_full(e.span) + " " + std::string(e.why));
    };
    scene s{{.idempotent = true, .max_lanes = 3, .delay = 20ms, .events = note}};
    auto& c = s.call(script{}.succeeds(100ms));
    s.sim.run();
    CHECK(starts(c) == times{0ms, 20ms, 40ms});
    CHECK(c.result().value() == 1);
    CHECK(end(c) == 100ms);
    // Which of them are hedges: all but the first.
    CHECK(seen == std::vector<std::string>{"hedged 2 20 ms delay", "hedged 3 40 ms delay"});
}

TEST_CASE("HG-05 nothing hedged during warm-up") {
    scene s{{.idempotent = true, .delay = outlast::percentile(95_percent).after_samples(21)}};
    const auto after_some = [&](int calls) {
        for (int i = 0; i != calls; ++i) {
            s.call(script{}.succeeds(5ms));
            s.sim.run();
        }
    };
    after_some(20);
    CHECK(s.h.delay() == no_limit);
    CHECK(s.h.counts().hedged == 0);
    after_some(5);
    CHECK(s.h.delay() == 5ms);
    CHECK(s.h.counts().hedged == 0);
    const auto before = s.sim.time();
    auto& c = s.call(script{}.succeeds(200ms).succeeds(1ms));
    s.sim.run();
    CHECK(c.result().value() == 2);
    CHECK(starts(c) == times{(before + 0ms).time_since_epoch(), (before + 5ms).time_since_epoch()});
    CHECK(c.finished_at() == before + 6ms);
    CHECK(s.h.counts() == hedge_counts{.hedged = 1, .won = 1});
}

TEST_CASE("HG-06 all fail: the primary's outcome") {
    scene s{{.idempotent = true, .max_lanes = 4, .delay = 1000ms}};
    auto& c = s.play(script{}.with(bad, 100'000ms).with(worse, 10ms));
    s.sim.run();
    CHECK(starts(c) == times{0ms, 1000ms, 1010ms, 1020ms});
    CHECK(c.outcome() == bad);
    CHECK(end(c) == 100'000ms);
}

TEST_CASE("HG-06 all fail: the primary's outcome, when it is not the last") {
    scene s{{.idempotent = true, .max_lanes = 2, .delay = 10ms}};
    outlast::simulation& sim = s.sim;
    auto& c = sim.call(s.p, [&](outlast::call& self) -> outlast::result<int> {
        sim.spend(self.attempt() == 1 ? 20ms : 50ms);
        return std::make_error_code(self.attempt() == 1 ? std::errc::connection_refused
                                                        : std::errc::io_error);
    });
    sim.run();
    CHECK(end(c) == 60ms);
    CHECK(c.result().error().code() == std::errc::connection_refused);
}

TEST_CASE("HG-07 zero delay") {
    scene s{{.idempotent = true, .max_lanes = 4, .delay = 0ms}};
    auto& c = s.play(script{}.succeeds(10ms));
    s.sim.advance(0ms);
    CHECK(starts(c) == times{0ms, 0ms, 0ms, 0ms});
    CHECK(s.inside.ended.empty());
    s.sim.run();
    CHECK(end(c) == 10ms);
}

TEST_CASE("HG-08 timeline of a hedged call") {
    SECTION("all hang, and the caller cancels") {
        scene s{{.idempotent = true, .max_lanes = 4, .delay = 500ms}};
        auto& c = s.play(script{}.hangs());
        s.sim.at(at(5000ms), [&] { c.cancel(); });
        s.sim.run();
        CHECK(starts(c) == times{0ms, 500ms, 1000ms, 1500ms});
        CHECK(c.outcome() == verdict::neutral(refusal::cancelled));
        CHECK(end(c) == 5000ms);
        CHECK(s.inside.abandoned == 4);
    }
    SECTION("the first one fails early, and the timer starts anew") {
        scene s{{.idempotent = true, .max_lanes = 4, .delay = 500ms}};
        auto& c = s.play(script{}.fails(250ms).hangs());
        s.sim.at(at(5000ms), [&] { c.cancel(); });
        s.sim.run();
        CHECK(starts(c) == times{0ms, 250ms, 750ms, 1250ms});
    }
    SECTION("the second one fails in a way that is final") {
        auto handled = [](const verdict& v) { return v.error() != std::errc::io_error; };
        scene s{{.idempotent = true, .max_lanes = 4, .delay = 500ms, .hedge_if = handled}};
        auto& c = s.play(script{}.hangs().with(worse, 100ms));
        s.sim.run();
        CHECK(starts(c) == times{0ms, 500ms});
        CHECK(c.outcome() == worse);
        CHECK(end(c) == 600ms);
        CHECK(s.inside.abandoned == 1);
    }
}

TEST_CASE("hedge: CO-08 impossible options are refused, no delay is legal") {
    CHECK(hedge_options{.idempotent = true}.problem() == nullptr);
    CHECK(hedge_options{.idempotent = true, .max_lanes = 1, .delay = 0ms}.problem() == nullptr);
    CHECK(hedge_options{.idempotent = true, .delay = no_limit}.problem() == nullptr);
    for (const hedge_options& wrong :
         {hedge_options{.idempotent = false}, hedge_options{.idempotent = true, .max_lanes = 0},
          hedge_options{.idempotent = true, .max_lanes = 5},
          hedge_options{.idempotent = true, .delay = -1ms}}) {
        const auto made = outlast::make<hedge>(wrong);
        CHECK(!made);
        CHECK(made.error().message() == wrong.problem());
        CHECK_THROWS_AS(hedge{wrong}, std::invalid_argument);
    }
}

TEST_CASE("hedge: it works in a constant expression, and is what threads.hpp names") {
    STATIC_REQUIRE(works_in_a_constant());
    STATIC_REQUIRE(std::is_same_v<outlast::hedge, outlast::basic_hedge<outlast::thread_lock>>);
}

TEST_CASE("hedge: a call that is quick has one lane") {
    scene s{{.idempotent = true, .max_lanes = 4, .delay = 10ms}};
    auto& c = s.call(script{}.succeeds(10ms)); // a result at the very instant wins
    s.sim.run();
    CHECK(c.result().value() == 1);
    CHECK(c.attempts() == 1);
    auto& at_once = s.call(script{});
    CHECK(at_once.result().value() == 1);
    scene one{{.idempotent = true, .max_lanes = 1, .delay = 0ms}};
    auto& alone = one.call(script{}.fails(10ms));
    one.sim.run();
    CHECK(alone.attempts() == 1);
    CHECK(!alone.result());
}

TEST_CASE("hedge: a delay that ends at the deadline starts nothing, a failure does") {
    scene s{{.idempotent = true, .max_lanes = 2, .delay = 10ms}};
    auto& too_late = s.play(script{}.hangs(), at(10ms));
    s.sim.run();
    CHECK(starts(too_late) == times{0ms});
    auto& in_time = s.play(script{}.hangs(), at(21ms));
    s.sim.run();
    CHECK(starts(in_time) == times{10ms, 20ms});
    auto& fails = s.play(script{}.fails(1ms).succeeds(1ms), at(30ms));
    s.sim.run();
    CHECK(starts(fails) == times{21ms, 22ms});
    CHECK(fails.outcome().ok());
    // At its deadline there is no time for another one.
    auto& over = s.play(script{}.fails(7ms), at(30ms));
    s.sim.run();
    CHECK(over.attempts() == 1);
}

TEST_CASE("hedge: a refusal inside starts no lane, now or later") {
    // The first lane hangs, the second is refused: the third would be, too.
    hedge h{{.idempotent = true, .max_lanes = 4, .delay = 10ms}};
    outlast::basic_bulkhead<> door{{.permits = 1}};
    outlast::pipeline p{std::ref(h), std::ref(door)};
    outlast::world w;
    auto& c = w.play(p, script{}.succeeds(100ms));
    w.run();
    CHECK(starts(c) == times{0ms});
    CHECK(c.outcome().ok());
    CHECK(h.counts().hedged == 1);
    CHECK(door.counts().refused == 1);
    CHECK(door.counts().running == 0);
    // Refused in the first lane, it is over at once.
    outlast::basic_circuit_breaker<> breaker;
    breaker.set_mode(outlast::circuit_mode::isolated);
    outlast::pipeline q{std::ref(h), std::ref(breaker)};
    auto& r = w.play(q, script{});
    CHECK(r.outcome() == verdict::neutral(refusal::circuit_open));
    CHECK(breaker.counts().refused() == 1);
}

TEST_CASE(
    "hedge: the budget is charged for each further lane, and has it back if it was not sent") {
    outlast::budget budget{outlast::traffic_share{
        .share = 0_percent, .one_each = no_limit, .most = 10, .at_start = 2}};
    scene s{{.idempotent = true, .max_lanes = 4, .delay = 10ms, .budget = &budget}};
    auto& c = s.play(script{}.succeeds(100ms));
    s.sim.run();
    CHECK(starts(c) == times{0ms, 10ms, 20ms}); // and then there is none left
    CHECK(c.outcome().ok());
    CHECK(budget.tokens() == 0);

    outlast::budget other{outlast::traffic_share{
        .share = 0_percent, .one_each = no_limit, .most = 10, .at_start = 2}};
    hedge h{{.idempotent = true, .max_lanes = 2, .delay = 10ms, .budget = &other}};
    outlast::basic_bulkhead<> door{{.permits = 1}};
    outlast::pipeline p{std::ref(h), std::ref(door)};
    outlast::world w;
    w.play(p, script{}.succeeds(100ms));
    w.run();
    CHECK(h.counts().hedged == 1);
    CHECK(other.tokens() == 2);
}

TEST_CASE("hedge: of a share of what runs, calls and lanes leave when they are over") {
    outlast::budget running{outlast::running_share{.share = outlast::ratio::of(0.5), .least = 1}};
    scene s{{.idempotent = true, .max_lanes = 4, .delay = 10ms, .budget = &running}};
    s.play(script{}.succeeds(30ms).succeeds(100ms).succeeds(100ms).succeeds(100ms));
    s.sim.advance(15ms);
    CHECK(running.running() == outlast::budget::in_progress{1, 1}); // 2 of 3 would be too many
    s.sim.advance(10ms);
    CHECK(running.running() == outlast::budget::in_progress{1, 1});
    s.sim.run();
    CHECK(running.running() == outlast::budget::in_progress{});
    s.play(script{}.fails().fails());
    s.sim.run();
    CHECK(running.running() == outlast::budget::in_progress{});
}

TEST_CASE("hedge: an empty budget leaves a failure as it is") {
    outlast::budget budget{outlast::traffic_share{
        .share = 0_percent, .one_each = no_limit, .most = 10, .at_start = 0}};
    scene s{{.idempotent = true, .max_lanes = 2, .budget = &budget}};
    auto& c = s.play(script{}.with(bad, 5ms));
    s.sim.run();
    CHECK(c.outcome() == bad);
    CHECK(end(c) == 5ms);
}

TEST_CASE("hedge: the budget is told what succeeds and fails, if nobody else does") {
    const outlast::traffic_share rule{
        .share = 100_percent, .one_each = no_limit, .most = 10, .at_start = 0};
    outlast::budget told{rule};
    outlast::budget not_told{rule};
    outlast::budget failing{outlast::failure_tokens{.most = 10}};
    const auto play = [](const hedge_options& o, const script& lines) {
        scene s{o};
        s.play(lines);
        s.sim.run();
    };
    play({.idempotent = true, .budget = &told}, script{});
    CHECK(told.tokens() == 1);
    play({.idempotent = true, .budget = &not_told, .budget_is_told = true}, script{});
    CHECK(not_told.tokens() == 0);
    play({.idempotent = true, .max_lanes = 2, .budget = &failing}, script{}.fails());
    CHECK(failing.tokens() == 8);
}

TEST_CASE("hedge: what it learns is how long calls take, not how long it let them") {
    // Odd calls take 100, even ones 5: a hedge after 10 cuts each slow one off. If those counted as
    // calls of 15, or not at all, the delay would fall.
    scene s{{.idempotent = true, .delay = outlast::percentile(60_percent).after_samples(2)}};
    s.call(script{}.succeeds(100ms));
    s.sim.run();
    s.call(script{}.succeeds(10ms));
    s.sim.run();
    CHECK(s.h.delay() == 100ms);
    for (int i = 0; i != 8; ++i) {
        s.call(script{}.succeeds(10ms));
        s.sim.run();
    }
    CHECK(s.h.delay() == 10ms);
    // Slow first lanes from now on, of which only a least is known.
    for (int i = 0; i != 20; ++i) {
        s.call(script{}.succeeds(1s).succeeds(2ms));
        s.sim.run();
    }
    // 20 of 2 ms, 9 of 10 ms, 20 of at least 12 ms, one of 100 ms.
    CHECK(s.h.delay() == 100ms);
}

TEST_CASE("hedge: failures teach it nothing, what expires teaches it a least") {
    scene s{{.idempotent = true,
             .max_lanes = 1,
             .delay = outlast::percentile(50_percent).after_samples(1)}};
    s.call(script{}.fails(1ms));
    s.sim.run();
    CHECK(s.h.delay() == no_limit);
    hedge h{{.idempotent = true,
             .max_lanes = 1,
             .delay = outlast::percentile(50_percent).after_samples(1)}};
    outlast::pipeline p{std::ref(h), outlast::timeout{30ms}};
    outlast::world w;
    w.play(p, script{}.hangs());
    w.run();
    CHECK(h.delay() == 30ms);
    scene bounded{{.idempotent = true,
                   .delay = outlast::percentile(50_percent).after_samples(1).between(20ms, 40ms)}};
    bounded.call(script{}.succeeds(1ms));
    bounded.sim.run();
    CHECK(bounded.h.delay() == 20ms);
    bounded.call(script{}.succeeds(70ms));
    bounded.call(script{}.succeeds(80ms));
    bounded.sim.run();
    CHECK(bounded.h.delay() == 40ms);
}

TEST_CASE("hedge: in the recommended order, each lane has machines of its own") {
    outlast::memory<int, int, outlast::no_lock> store;
    outlast::cache_aside remember{store, [] { return 0; },
                                  [](int) { return outlast::lifetime{.fresh_for = 1h}; }};
    outlast::basic_circuit_breaker<> breaker;
    outlast::basic_bulkhead<> door{{.permits = 3}};
    hedge h{{.idempotent = true, .max_lanes = 3, .delay = 10ms}};
    outlast::pipeline p{std::ref(remember),
                        outlast::timeout{1s},
                        outlast::retry{{.backoff = outlast::constant(50ms)}},
                        std::ref(h),
                        std::ref(breaker),
                        std::ref(door),
                        outlast::timeout{40ms}};
    outlast::simulation sim;
    SECTION("a lane that wins gives its value to the cache") {
        auto& c = sim.call(p, acted(sim, script{}.hangs().fails(5ms).succeeds(2ms)));
        sim.advance(12ms);
        CHECK(door.counts().running == 2);
        sim.run();
        CHECK(c.result().value() == 3);
        CHECK(end(c) == 17ms); // 10, 15 (a failure), 17
        CHECK(door.counts().running == 0);
        CHECK(breaker.window(sim.time()) == outlast::tally{.recorded = 2, .failed = 1});
        auto& hit = sim.call(p, [] { return 9; });
        CHECK(hit.result().value() == 3);
    }
    SECTION("a round that fails in all lanes is repeated") {
        auto& c =
            sim.call(p, acted(sim, script{}.fails(1ms).fails(1ms).fails(1ms).hangs().succeeds()));
        sim.run();
        CHECK(starts(c) == times{0ms, 1ms, 2ms, 53ms, 63ms});
        CHECK(c.result().value() == 5);
        CHECK(c.facts().attempts == 5);
        CHECK(end(c) == 63ms);
    }
    SECTION("each lane has the time of an attempt") {
        auto& c = sim.call(p, acted(sim, script{}.hangs()));
        sim.advance(61ms);
        // 40 after its own beginning each: 40, 50, 60.
        CHECK(starts(c) == times{0ms, 10ms, 20ms});
        CHECK(door.counts().running == 0);
        sim.run();
        CHECK(end(c) < 1s);
        CHECK(c.attempts() == 9);
        CHECK(!c.result());
    }
    SECTION("dropped at any instant it leaves nothing taken") {
        for (outlast::duration when = 0ms; when != 130ms; when += 5ms) {
            CAPTURE(when);
            auto& c = sim.call(p, acted(sim, script{}.hangs()));
            sim.advance(when);
            c.cancel();
            CHECK(door.counts().running == 0);
            sim.advance(1h);
        }
    }
}

TEST_CASE("hedge: lanes wait in the line of a bulkhead, and leave it") {
    hedge h{{.idempotent = true, .max_lanes = 3, .delay = 10ms}};
    outlast::basic_bulkhead<> door{{.permits = 1, .queue = 8, .wait = no_limit}};
    outlast::pipeline p{std::ref(h), std::ref(door)};
    outlast::pipeline alone{std::ref(door)};
    outlast::simulation sim;
    SECTION("the others are over with the first that succeeds") {
        auto& c = sim.call(p, acted(sim, script{}.succeeds(100ms)));
        sim.advance(30ms);
        CHECK(door.counts().queued == 2);
        sim.run();
        CHECK(c.result().value() == 1);
        CHECK(end(c) == 100ms);
        CHECK(door.counts() == outlast::bulkhead_counts{});
    }
    SECTION("a permit that comes back wakes the lane that it is for") {
        sim.call(alone, [&] { return sim.spend(25ms), 0; });
        auto& c = sim.call(p, acted(sim, script{}.succeeds(100ms).succeeds(1ms)));
        sim.advance(24ms);
        CHECK(door.counts().queued == 3);
        sim.run();
        CHECK(starts(c) == times{25ms});
        CHECK(end(c) == 125ms);
        CHECK(door.counts().running == 0);
        CHECK(door.counts().waited == 1);
    }
    SECTION("a deadline ends them all") {
        outlast::pipeline q{outlast::timeout{50ms}, std::ref(h), std::ref(door)};
        auto& holder = sim.call(alone, [&] { return sim.spend(1s), 0; });
        auto& c = sim.call(q, acted(sim, script{}));
        sim.run();
        CHECK(end(c) == 50ms);
        CHECK(c.attempts() == 0);
        CHECK(c.result().error().why() == refusal::timed_out);
        CHECK(holder.done());
    }
}

TEST_CASE("hedge: a fallback outside replaces what all lanes came to") {
    hedge h{{.idempotent = true, .max_lanes = 2, .delay = 10ms}};
    std::error_code seen;
    outlast::pipeline p{outlast::fallback{[&](const outlast::failure& f) {
                            seen = f.code();
                            return -1;
                        }},
                        std::ref(h)};
    outlast::simulation sim;
    auto& c = sim.call(p, acted(sim, script{}.fails(20ms)));
    sim.run();
    CHECK(c.result().value() == -1);
    CHECK(seen == refused);
    auto& good = sim.call(p, acted(sim, script{}.hangs().succeeds(1ms)));
    sim.run();
    CHECK(good.result().value() == 2);
}

TEST_CASE("hedge: a hedge in a pipeline inside a pipeline has lanes all the same") {
    tap inside;
    hedge h{{.idempotent = true, .max_lanes = 2, .delay = 10ms}};
    outlast::pipeline hedged{outlast::timeout{1s}, std::ref(h)};
    outlast::pipeline p{outlast::retry{}, std::ref(hedged), std::ref(inside),
                        outlast::timeout{30ms}};
    outlast::simulation sim;
    auto& c = sim.call(p, acted(sim, script{}.hangs().succeeds(5ms)));
    sim.run();
    CHECK(c.result().value() == 2);
    CHECK(end(c) == 15ms);
    CHECK(inside.abandoned == 1);
}

TEST_CASE("hedge: nothing of the user's runs under its lock") {
    watched_lock::taken = 0;
    outlast_tests::watch seen;
    auto note = [&](const outlast::event&) { seen(); };
    auto all = [&](const verdict&) { return seen(), true; };
    outlast::basic_hedge<watched_lock> h{{.idempotent = true,
                                          .delay = outlast::percentile(50_percent).after_samples(1),
                                          .hedge_if = all,
                                          .events = note}};
    outlast::pipeline p{std::ref(h)};
    outlast::world w;
    w.play(p, script{}.succeeds(5ms));
    w.run();
    w.play(p, script{}.hangs().fails(1ms), at(1s));
    w.run();
    CHECK(seen.runs == 3); // hedged, and asked about the failure and the timeout
    CHECK(seen.locked == 0);
    CHECK(watched_lock::taken > 0);
}

TEST_CASE("hedge: in words, and at worst") {
    hedge h{{.idempotent = true, .max_lanes = 3, .delay = 50ms, .name = "orders"}};
    outlast::pipeline p{outlast::timeout{1s}, std::ref(h), outlast::timeout{200ms}};
    CHECK(outlast::describe(p) ==
          "pipeline\n"
          "  timeout: limit 1 s, keep_late no, name \"timeout\", tags \"\", events told to nobody, "
          "counts none\n"
          "  hedge (shared): idempotent yes, max_lanes 3, delay 50 ms, hedge_if all, budget none, "
          "budget_is_told no, "
          "name \"orders\", tags \"\", events told to nobody\n"
          "  timeout: limit 200 ms, keep_late no, name \"timeout\", tags \"\", events told to "
          "nobody, counts none\n"
          "worst case: 3 calls, 300 ms\n");
    // At worst each one fails as late as it can and the next is no sooner.
    STATIC_REQUIRE(
        outlast::worst_case(hedge{{.idempotent = true, .delay = no_limit}}, 1s).latency == 1s);
    constexpr outlast::pipeline slow{outlast::retry{{.max_attempts = 1}}, outlast::timeout{100ms}};
    CHECK(outlast::worst_case(h, 1s).calls == 3);
    hedge by_failure{{.idempotent = true, .max_lanes = 2, .delay = no_limit}};
    outlast::pipeline q{std::ref(by_failure), outlast::timeout{100ms}};
    CHECK(outlast::worst_case(q).latency == 200ms);
    CHECK(outlast::worst_case(slow).calls == 1);
    const auto notes = outlast::notes(outlast::pipeline{outlast::timeout{1s}, std::ref(h),
                                                        outlast::retry{}, outlast::timeout{100ms}});
    CHECK(notes == std::vector<std::string>{
                       "a hedge stands outside a retry: its calls multiply the attempts"});
    outlast::basic_circuit_breaker<> breaker;
    CHECK(outlast::notes(outlast::pipeline{outlast::timeout{1s}, std::ref(breaker), std::ref(h)}) ==
          std::vector<std::string>{"a bulkhead or a breaker stands outside a hedge: it counts one "
                                   "call where there are several"});
}

TEST_CASE("hedge: the worst case is one that can happen") {
    hedge h{{.idempotent = true, .max_lanes = 3, .delay = 50ms}};
    outlast::pipeline p{std::ref(h), outlast::timeout{200ms}};
    outlast::world w;
    auto& c = w.play(p, script{}.hangs());
    w.run();
    CHECK(end(c) == outlast::worst_case(p).latency);
    CHECK(c.attempts() == outlast::worst_case(p).calls);
}

TEST_CASE("hedge: worlds on several threads share what one hedge learns") {
    outlast::hedge h{{.idempotent = true, .delay = outlast::percentile(95_percent)}};
    {
        std::vector<std::jthread> threads;
        for (int t = 0; t != 4; ++t)
            threads.emplace_back([&] {
                outlast::pipeline p{std::ref(h)};
                for (int i = 0; i != 200; ++i) {
                    outlast::world w;
                    w.play(p, script{}.succeeds(5ms));
                    w.run();
                }
            });
    }
    CHECK(h.delay() == 5ms);
    CHECK(h.counts().won == 0);
}
