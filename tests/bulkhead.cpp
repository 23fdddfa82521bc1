// SPDX-License-Identifier: BSL-1.0
#include <outlast/bulkhead.hpp>

#include <outlast/circuit_breaker.hpp>
#include <outlast/describe.hpp>
#include <outlast/keyed.hpp>
#include <outlast/make.hpp>
#include <outlast/outcome.hpp>
#include <outlast/pipeline.hpp>
#include <outlast/retry.hpp>
#include <outlast/run.hpp>
#include <outlast/simulate.hpp>
#include <outlast/threads.hpp>
#include <outlast/timeout.hpp>

#include "support/callable.hpp"
#include "support/catch.hpp"
#include "support/print.hpp"
#include "support/recorded.hpp"
#include "support/script.hpp"
#include "support/told.hpp"
#include "support/watched_lock.hpp"

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

using namespace std::chrono_literals;
using outlast::bulkhead_counts;
using outlast::bulkhead_options;
using outlast::event_kind;
using outlast::no_limit;
using outlast::refusal;
using outlast::step;
using outlast::verdict;
using outlast_tests::at;
using outlast_tests::end;
using outlast_tests::hand_clock;
using outlast_tests::script;
using outlast_tests::starts;
using outlast_tests::times;
using outlast_tests::watched_lock;

namespace {

using bulkhead = outlast::basic_bulkhead<>;

constexpr auto full = verdict::neutral(refusal::bulkhead_full);

// Counts what comes in, in words: "refused full 50 ms".
struct told {
    std::vector<std::string> all{};
    void operator()(const outlast::event& e) {
        CHECK(e.policy.view() == "bulkhead");
        std::string s{to_string(e.what)};
        if (!e.why.empty())
            s += " " + std::string(e.why);
        all.push_back(s + " " + outlast::in_full(e.span));
    }
};

constexpr bool works_in_a_constant() {
    bulkhead door{{.permits = 1, .queue = 1, .wait = 50ms}};
    outlast::pipeline p{std::ref(door)};
    outlast::world w;
    auto& a = w.play(p, script{}.succeeds(20ms));
    auto& b = w.play(p, script{});
    auto& c = w.play(p, script{});
    w.run();
    return end(a) == 20ms && end(b) == 20ms && c.outcome() == full && end(c) == 0ms;
}

} // namespace

TEST_CASE("BK-01 permit, reject, finish") {
    told events;
    bulkhead door{{.permits = 2, .events = events}};
    auto a = door.start();
    auto b = door.start();
    auto c = door.start();
    auto d = door.start();
    outlast::reading now{at(0ms)};
    const auto available = [&] { return door.options().permits - door.counts().running; };
    const auto call = step::call(outlast::work, outlast::never);
    CHECK(outlast_tests::begin(a, now, outlast::never) == call);
    CHECK(available() == 1);
    CHECK(outlast_tests::begin(b, now, outlast::never) == call);
    CHECK(available() == 0);
    CHECK(outlast_tests::begin(c, now, outlast::never) == outlast_tests::finished(full));
    CHECK(events.all == std::vector<std::string>{"refused full 0"});
    CHECK(outlast_tests::settle(a, now, {}) == outlast_tests::finished({}));
    CHECK(available() == 1);
    CHECK(outlast_tests::settle(b, now, {}) == outlast_tests::finished({}));
    CHECK(available() == 2);
    CHECK(outlast_tests::begin(d, now, outlast::never) == call);
    CHECK(available() == 1);
    CHECK(events.all.size() == 1);
    CHECK(door.counts() == bulkhead_counts{.running = 1, .refused = 1});
}

TEST_CASE("BK-02 zero limit") {
    bulkhead door{{.permits = 0}};
    outlast::pipeline p{std::ref(door)};
    outlast::world w;
    CHECK(w.play(p, script{}).outcome() == full);
    CHECK(w.play(p, script{}).outcome() == full);
    door.reconfigure({.permits = 1});
    auto& in = w.play(p, script{}.hangs());
    CHECK(!in.done());
    CHECK(w.play(p, script{}).outcome() == full);
    in.cancel();
}

TEST_CASE("BK-03 wait limit") {
    told events;
    bulkhead door{{.permits = 1, .queue = 1, .wait = 50ms, .events = events}};
    outlast::pipeline p{std::ref(door)};
    outlast::world w;
    auto& running = w.play(p, script{}.hangs());
    auto& waits = w.play(p, script{});
    w.advance(49ms);
    CHECK(!waits.done());
    CHECK(door.counts().queued == 1);
    w.advance(10ms);
    CHECK(waits.outcome() == full);
    CHECK(end(waits) == 50ms);
    CHECK(waits.attempts() == 0);
    CHECK(door.counts() == bulkhead_counts{.running = 1, .refused = 1});
    CHECK(events.all == std::vector<std::string>{"refused wait_over 50 ms"});
    running.cancel();
}

TEST_CASE("BK-04 queue order and overflow") {
    bulkhead door{{.permits = 2, .queue = 2, .wait = no_limit}};
    outlast::pipeline p{std::ref(door)};
    outlast::simulation sim;
    std::vector<std::string> order;
    const auto work = [&](int i) {
        order.push_back("enter " + std::to_string(i));
        const auto takes = std::chrono::milliseconds{2 * i + 2};
        sim.spend(takes);
        // Before whatever else happens then.
        sim.at(sim.time() + takes, [&order, i] { order.push_back("exit " + std::to_string(i)); });
        return i;
    };
    outlast::simulated* last = nullptr;
    for (int i = 0; i != 5; ++i)
        last = &sim.call(p, work, i);
    CHECK(last->done());
    CHECK(last->outcome() == full);
    CHECK(door.counts().queued == 2);
    sim.run();
    // 0 ends at 2, 1 at 4, 2 (6 long) at 8, 3 (8 long) at 12.
    CHECK(order == std::vector<std::string>{"enter 0", "enter 1", "exit 0", "enter 2", "exit 1",
                                            "enter 3", "exit 2", "exit 3"});
    CHECK(door.counts() == bulkhead_counts{.waited = 2, .refused = 1});
}

TEST_CASE("BK-05 a tiny wait limit still takes a free permit") {
    bulkhead door{{.permits = 1, .queue = 1, .wait = 1ns}};
    outlast::pipeline p{std::ref(door)};
    outlast::world w;
    auto& first = w.play(p, script{}.hangs());
    auto& second = w.play(p, script{});
    w.advance(1ms);
    CHECK(starts(first) == times{0ms});
    CHECK(second.outcome() == full);
    CHECK(end(second) == 1ns);
    first.cancel();
}

TEST_CASE("bulkhead: CO-08 impossible options are refused, a closed door and no wait are legal") {
    CHECK(bulkhead_options{}.problem() == nullptr);
    CHECK(bulkhead_options{.permits = 0}.problem() == nullptr);
    CHECK(bulkhead_options{.queue = 1, .wait = 1ns}.problem() == nullptr);
    for (const bulkhead_options& wrong :
         {bulkhead_options{.permits = 1'000'000'001}, bulkhead_options{.queue = 1},
          bulkhead_options{.wait = 1s}, bulkhead_options{.queue = 1, .wait = -1ns}}) {
        const auto made = outlast::make<bulkhead>(wrong);
        CHECK(!made);
        CHECK(made.error().message() == wrong.problem());
        CHECK_THROWS_AS(bulkhead{wrong}, std::invalid_argument);
    }
    CHECK(outlast::make<bulkhead>(bulkhead_options{}).has_value());
}

TEST_CASE("bulkhead: it works in a constant expression, and is what threads.hpp names") {
    STATIC_REQUIRE(works_in_a_constant());
    STATIC_REQUIRE(
        std::is_same_v<outlast::bulkhead, outlast::basic_bulkhead<outlast::thread_lock>>);
    STATIC_REQUIRE(outlast::keeps_for_work<bulkhead::run>);
}

TEST_CASE("bulkhead: a permit that is there when the wait ends is taken") {
    bulkhead door{{.permits = 1, .queue = 1, .wait = 50ms}};
    outlast::pipeline p{std::ref(door)};
    outlast::world w;
    w.play(p, script{}.succeeds(50ms));
    auto& waits = w.play(p, script{}.succeeds(1ms));
    w.run();
    CHECK(waits.outcome().ok());
    CHECK(starts(waits) == times{50ms});
}

TEST_CASE("bulkhead: a deadline that passes in the line is no attempt, and blames nobody") {
    SECTION("that of a timeout outside, with a breaker between them") {
        outlast::basic_circuit_breaker<> breaker{{.window = 1}};
        bulkhead door{{.permits = 1, .queue = 1, .wait = no_limit}};
        outlast::pipeline p{outlast::timeout{{.limit = 30ms, .name = "total"}}, std::ref(breaker),
                            std::ref(door)};
        outlast::pipeline holds{std::ref(door)};
        outlast::simulation sim;
        auto& running = sim.call(holds, [&] { return sim.spend(outlast::forever), 1; });
        auto& waits = sim.call(p, [] { return 1; });
        sim.advance(1s);
        CHECK(end(waits) == 30ms);
        CHECK(waits.attempts() == 0);
        CHECK(waits.result().error().message() == "timed out after 30 ms (total)");
        CHECK(breaker.window(sim.time()) == outlast::tally{});
        CHECK(door.counts().queued == 0);
        running.cancel();
    }
    SECTION("that of a timeout between a breaker and it") {
        outlast::basic_circuit_breaker<> breaker{{.window = outlast::consecutive(1)}};
        bulkhead door{{.permits = 0, .queue = 1, .wait = no_limit}};
        outlast::pipeline p{std::ref(breaker), outlast::timeout{{.limit = 30ms, .name = "attempt"}},
                            std::ref(door)};
        outlast::simulation sim;
        auto& waits = sim.call(p, [] { return 1; });
        sim.run();
        CHECK(waits.result().error().message() == "timed out after 30 ms (attempt)");
        CHECK(breaker.state(sim.time()) == outlast::circuit_state::closed);
    }
    SECTION("the caller's, as the bulkhead itself sees it; the same as the end of the wait") {
        told events;
        bulkhead door{{.permits = 0, .queue = 1, .wait = 30ms, .events = events}};
        outlast::pipeline p{std::ref(door)};
        outlast::world w;
        auto& waits = w.play(p, script{}, at(30ms));
        w.run();
        CHECK(waits.outcome() == verdict::expired());
        CHECK(end(waits) == 30ms);
        CHECK(events.all == std::vector<std::string>{"refused deadline 30 ms"});
        CHECK(waits.trace().back().what == step::finish());
    }
    SECTION("and a permit that comes at that instant is passed on") {
        bulkhead door{{.permits = 1, .queue = 2, .wait = no_limit}};
        outlast::pipeline p{std::ref(door)};
        outlast::world w;
        w.play(p, script{}.succeeds(30ms));
        auto& late = w.play(p, script{}, at(30ms));
        auto& next = w.play(p, script{});
        w.run();
        CHECK(late.attempts() == 0);
        CHECK(late.outcome() == verdict::expired());
        CHECK(next.outcome().ok());
        CHECK(end(next) == 30ms);
        CHECK(door.counts() == bulkhead_counts{.waited = 1, .refused = 1});
    }
}

TEST_CASE("bulkhead: cancelled in the line it leaves, and the others move up") {
    bulkhead door{{.permits = 1, .queue = 2, .wait = no_limit}};
    outlast::pipeline p{std::ref(door)};
    outlast::world w;
    w.play(p, script{}.succeeds(30ms));
    auto& first = w.play(p, script{});
    auto& second = w.play(p, script{});
    CHECK(w.play(p, script{}).outcome() == full);
    w.at(at(10ms), [&] { first.cancel(); });
    w.advance(20ms);
    CHECK(first.outcome() == verdict::neutral(refusal::cancelled));
    CHECK(door.counts().queued == 1);
    auto& third = w.play(p, script{});
    w.run();
    CHECK(end(second) == 30ms);
    CHECK(end(third) == 30ms);
    CHECK(door.counts() == bulkhead_counts{.waited = 2, .refused = 1});
}

TEST_CASE("bulkhead: who waits is not overtaken by who comes at the instant of the release") {
    bulkhead door{{.permits = 1, .queue = 8, .wait = no_limit}};
    outlast::pipeline p{std::ref(door)};
    outlast::simulation sim;
    std::vector<int> order;
    const auto work = [&](int i) { return sim.spend(10ms), order.push_back(i), i; };
    sim.call(p, work, 0);
    sim.call(p, work, 1);
    sim.call(p, work, 2);
    sim.at(at(10ms), [&] { sim.call(p, work, 3); }); // before the release
    sim.advance(10ms);
    sim.call(p, work, 4); // after it
    sim.run();
    CHECK(order == std::vector{0, 1, 2, 3, 4});
}

TEST_CASE("bulkhead: a permit comes back however the work ends") {
    bulkhead door{{.permits = 1}};
    outlast::pipeline p{outlast::timeout{20ms}, std::ref(door)};
    outlast::simulation sim;
    const auto is_free = [&] { return door.counts().running == 0; };
    CHECK(sim.call(p, [] { return 1; }).result().value() == 1);
    CHECK(is_free());
    CHECK(!sim.call(p, []() -> int { throw std::runtime_error("no"); }).result());
    CHECK(is_free());
    sim.call(p, [&] { return sim.spend(1s), 1; });
    CHECK(!is_free());
    sim.run(); // cut off by the timeout
    CHECK(is_free());
    auto& dropped = sim.call(p, [&] { return sim.spend(1s), 1; });
    dropped.cancel();
    CHECK(is_free());
    {
        auto machine = p.start();
        outlast::reading now{at(0ms)};
        (void)outlast_tests::begin(machine, now, outlast::never);
        CHECK(!is_free());
    }
    CHECK(is_free());
}

TEST_CASE("bulkhead: work that goes on without its call keeps its permit until it ends") {
    bulkhead door{{.permits = 1}};
    outlast::pipeline p{outlast::timeout{20ms}, outlast::retry{}, std::ref(door)};
    outlast::reading now{at(0ms)};
    auto machine = p.start();
    (void)outlast_tests::begin(machine, now, outlast::never);
    {
        const auto left_behind = machine.keep(0);
        now = outlast::reading{at(20ms)};
        CHECK(outlast_tests::settle(machine, now, verdict::expired()).what ==
              outlast::action::finish);
        machine.abandoned();
        CHECK(door.counts().running == 1);
    }
    CHECK(door.counts().running == 0);
}

TEST_CASE("bulkhead: it is neutral for a breaker outside, and not retried") {
    outlast::basic_circuit_breaker<> breaker{{.window = 1}};
    bulkhead door{{.permits = 0, .name = "orders"}};
    outlast::pipeline p{outlast::retry{{.max_attempts = 3, .retry_refusals = true}},
                        std::ref(breaker), std::ref(door)};
    outlast::simulation sim;
    const auto& r = sim.call(p, [] { return 1; }).result();
    CHECK(r.error().why() == refusal::bulkhead_full);
    CHECK(r.error().message() == "too many calls at once for orders");
    CHECK(r.error().facts().policy.view() == "bulkhead");
    CHECK(!r.error().retry_after());
    CHECK(door.counts().refused == 1);
    CHECK(breaker.window(sim.time()) == outlast::tally{});
}

TEST_CASE("bulkhead: other permits, a longer line, another wait at run time") {
    bulkhead door{{.permits = 1, .queue = 4, .wait = 100ms, .name = "a"}};
    outlast::pipeline p{std::ref(door)};
    outlast::world w;
    auto& a = w.play(p, script{}.succeeds(40ms));
    auto& b = w.play(p, script{}.succeeds(40ms));
    auto& c = w.play(p, script{}.succeeds(10ms));
    w.advance(10ms);
    door.reconfigure({.permits = 2, .queue = 4, .wait = 5ms, .name = "b"});
    CHECK(door.options().name.view() == "a");
    CHECK(door.counts() == bulkhead_counts{.running = 2, .queued = 1});
    w.advance(1ms);
    CHECK(starts(b) == times{10ms});
    // One less: the next that ends takes its permit along. Who waits keeps its time.
    door.reconfigure({.permits = 1, .queue = 1, .wait = 5ms});
    CHECK(w.play(p, script{}).outcome() == full);
    w.run();
    CHECK(end(a) == 40ms);
    CHECK(end(b) == 50ms);
    CHECK(starts(c) == times{50ms});
    CHECK(door.counts() == bulkhead_counts{.waited = 2, .refused = 1});
    CHECK_THROWS_AS(door.reconfigure({.queue = 1}), std::invalid_argument);
}

TEST_CASE("bulkhead: as a policy of keyed, which lives as long as its permits") {
    outlast::basic_keyed<outlast::no_lock, int (*)(int), std::shared_ptr<bulkhead> (*)(int), int>
        doors{[](int key) { return key; },
              [](int) { return std::make_shared<bulkhead>(bulkhead_options{.permits = 1}); }, 1};
    outlast::pipeline p{std::ref(doors)};
    outlast::reading now{at(0ms)};
    std::weak_ptr<bulkhead> seen = doors.at(7);
    std::optional machine{p.start(7)};
    (void)outlast_tests::begin(*machine, now, outlast::never);
    {
        const auto left_behind = machine->keep(0);
        machine.reset();
        (void)doors.at(8); // pushes the other one out
        CHECK(!seen.expired());
        CHECK(seen.lock()->counts().running == 1);
    }
    CHECK(seen.expired());
}

TEST_CASE("bulkhead: the cost of a call that passes: no lock, no look at the clock") {
    watched_lock::taken = 0;
    hand_clock::reset();
    outlast::basic_bulkhead<watched_lock> door{{.permits = 1, .queue = 1, .wait = 1s}};
    outlast::pipeline p{std::ref(door)};
    CHECK(outlast::run<hand_clock>(p, [] { return 1; }).value() == 1);
    CHECK(!outlast::run<hand_clock>(
        p, []() -> outlast::result<int> { return std::make_error_code(std::errc::io_error); }));
    CHECK(watched_lock::taken == 0);
    CHECK(hand_clock::reads == 0);
    // Nor has a refusal, where nobody may wait.
    door.reconfigure({.permits = 0});
    watched_lock::taken = 0;
    CHECK(!outlast::run<hand_clock>(p, [] { return 1; }));
    CHECK(watched_lock::taken == 0);
    CHECK(hand_clock::reads == 0);
}

TEST_CASE("bulkhead: events and wakes: nothing of the user's runs under the lock") {
    watched_lock::taken = 0;
    outlast_tests::watch seen;
    auto note = [&](const outlast::event&) { seen(); };
    outlast::basic_bulkhead<watched_lock> door{
        {.permits = 1, .queue = 1, .wait = 10ms, .events = note}};
    outlast::pipeline p{std::ref(door)};
    outlast::world w;
    w.play(p, script{}.succeeds(5ms));
    w.play(p, script{}.succeeds(50ms)); // waits
    w.play(p, script{});                // finds the line full
    w.advance(6ms);
    w.play(p, script{}); // waits in vain
    w.run();
    CHECK(seen.runs == 3);
    CHECK(seen.locked == 0);
    CHECK(watched_lock::taken > 0);
}

TEST_CASE(
    "bulkhead: calls with something in hand have permits of their own, and stand in no line") {
    bulkhead door{{.permits = 1, .spare_permits = 1, .queue = 8, .wait = 1s}};
    auto plain = door.start();
    auto spare = door.start();
    auto second = door.start();
    outlast::reading now{at(0ms)};
    const outlast::terms in_hand{at(2s), true};
    const auto call = step::call(outlast::work, at(2s));
    CHECK(outlast_tests::begin(spare, now, in_hand) == call);
    CHECK(outlast_tests::begin(plain, now, outlast::terms{at(2s)}) ==
          call); // its place is not taken
    CHECK(outlast_tests::begin(second, now, in_hand) == outlast_tests::finished(full));
    CHECK(door.counts() == bulkhead_counts{.running = 2, .refused = 1});
    CHECK(outlast_tests::settle(spare, now, {}) == outlast_tests::finished({}));
    CHECK(outlast_tests::begin(second, now, in_hand) == call);
    {
        const auto kept = second.keep(0); // as for work that goes on without its call
        CHECK(door.counts().running == 2);
    }
    CHECK(outlast_tests::settle(plain, now, {}) == outlast_tests::finished({}));
    CHECK(door.counts().running == 0);
    CHECK(door.options().spare_permits == 1);
    door.reconfigure({.permits = 1, .queue = 8, .wait = 1s});
    auto as_others = door.start();
    CHECK(outlast_tests::begin(as_others, now, in_hand) == call);
    CHECK(door.counts().running == 1);
}

TEST_CASE("bulkhead: in words, and at worst") {
    bulkhead door{{.permits = 4, .queue = 2, .wait = 50ms, .name = "orders"}};
    outlast::pipeline p{outlast::timeout{1s}, std::ref(door), outlast::timeout{200ms}};
    CHECK(outlast::describe(p) ==
          "pipeline\n"
          "  timeout: limit 1 s, keep_late no, name \"timeout\", tags \"\", events told to nobody, "
          "counts none\n"
          "  bulkhead (shared): permits 4, spare_permits 0, queue 2, wait 50 ms, name \"orders\", "
          "tags \"\", events "
          "told to nobody\n"
          "  timeout: limit 200 ms, keep_late no, name \"timeout\", tags \"\", events told to "
          "nobody, counts none\n"
          "worst case: 1 call, 250 ms\n");
    STATIC_REQUIRE(outlast::worst_case(bulkhead{}, 1s).latency == 1s);
    bulkhead patient{{.queue = 1, .wait = no_limit}};
    CHECK(
        outlast::notes(outlast::pipeline{std::ref(patient), outlast::timeout{1s}}) ==
        std::vector<std::string>{"a call may wait in the bulkhead for a permit without limit: set "
                                 "`wait`, or a timeout outside"});
    CHECK(outlast::notes(outlast::pipeline{outlast::timeout{5s}, std::ref(door), outlast::retry{},
                                           outlast::timeout{1s}}) ==
          std::vector<std::string>{"a bulkhead stands outside a retry: a call keeps its permit "
                                   "while it waits between attempts"});
}

TEST_CASE("bulkhead: threads that wait are served, never too many at once") {
    outlast::bulkhead door{{.permits = 2, .queue = 64, .wait = 1min}};
    outlast::pipeline p{std::ref(door)};
    std::atomic<int> inside{0};
    std::atomic<int> most{0};
    std::atomic<int> good{0};
    {
        std::vector<std::jthread> threads;
        for (int t = 0; t != 6; ++t)
            threads.emplace_back([&] {
                for (int i = 0; i != 300; ++i) {
                    const auto r = p([&] {
                        const int now = ++inside;
                        for (int seen = most;
                             now > seen && !most.compare_exchange_weak(seen, now);) {
                        }
                        std::this_thread::yield();
                        return --inside;
                    });
                    good += r.has_value();
                }
            });
    }
    CHECK(good == 1800);
    CHECK(most <= 2);
    const auto counts = door.counts();
    CHECK(counts.running == 0);
    CHECK(counts.queued == 0);
    CHECK(counts.refused == 0);
}

TEST_CASE("bulkhead: a thread that is asked to stop leaves the line while it is being woken") {
    outlast::bulkhead door{{.permits = 1, .queue = 64, .wait = 1min}};
    outlast::pipeline p{std::ref(door)};
    std::atomic<int> served{0};
    std::atomic<int> stopped{0};
    {
        std::vector<std::jthread> threads;
        for (int t = 0; t != 4; ++t)
            threads.emplace_back([&] {
                for (int i = 0; i != 200; ++i) {
                    std::stop_source stop;
                    std::jthread ends{[&] { stop.request_stop(); }};
                    const auto r = p(outlast::limits{.stop = stop.get_token()}, [] { return 1; });
                    served += r.has_value();
                    stopped += !r && r.error().why() == refusal::cancelled;
                }
            });
    }
    CHECK(served + stopped == 800);
    CHECK(door.counts().running == 0);
    CHECK(door.counts().queued == 0);
}
