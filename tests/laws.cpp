// SPDX-License-Identifier: BSL-1.0
//
// What holds for every policy and every composition of them: few reads of the clock, the same steps
// under every driver, no user code under a lock, and refusals that blame nobody.
#include <outlast/basic_keyed.hpp>
#include <outlast/bulkhead.hpp>
#include <outlast/cache/memory.hpp>
#include <outlast/outlast.hpp>
#include <outlast/simulate.hpp>

#include "support/bad_day.hpp"
#include "support/catch.hpp"
#include "support/print.hpp"
#include "support/recorded.hpp"
#include "support/script.hpp"
#include "support/watched_lock.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <functional>
#include <latch>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

using namespace std::chrono_literals;
using outlast::duration;
using outlast::lifetime;
using outlast::refusal;
using outlast::result;
using outlast::step;
using outlast::traced;
using outlast::verdict;
using outlast_tests::a_bad_day;
using outlast_tests::at;
using outlast_tests::hand_clock;
using outlast_tests::history;
using outlast_tests::outcome_of;
using outlast_tests::player;
using outlast_tests::recorded;
using outlast_tests::script;
using outlast_tests::shipped;
using outlast_tests::visit;
using outlast_tests::watched_lock;
using outlast_tests::without_cache;

namespace {

const auto server_error = std::make_error_code(std::errc::io_error);

lifetime an_hour(int) { return {.fresh_for = 1h, .stale_for = 1h}; }

// --- law 4: how often the clock is read ---

template <class Pipeline, class F>
int reads(Pipeline& p, F f) {
    hand_clock::reads = 0;
    (void)outlast::run<hand_clock>(p, f);
    return hand_clock::reads;
}

int good() { return 1; }
result<int> bad() { return server_error; }

} // namespace

TEST_CASE("law 4: without a policy that needs time the clock is not read") {
    hand_clock::reset();
    outlast::basic_circuit_breaker<> breaker{{.window = 100}};
    outlast::pipeline p{outlast::fallback{0}, outlast::retry{{.backoff = outlast::constant(0ms)}},
                        std::ref(breaker)};
    CHECK(reads(p, good) == 0);
    outlast::pipeline<> nothing;
    CHECK(reads(nothing, good) == 0);
    CHECK(reads(nothing, bad) == 0);
    outlast::pipeline no_limit{outlast::timeout{outlast::no_limit}};
    CHECK(reads(no_limit, good) == 0);
    // A failure that only counts needs none either.
    outlast::pipeline counting{std::ref(breaker)};
    CHECK(reads(counting, bad) == 0);
}

TEST_CASE("law 4: a guarded success reads the clock twice, before and after") {
    hand_clock::reset();
    outlast::basic_circuit_breaker<> breaker{{.window = 100}};
    outlast::pipeline p{outlast::fallback{0}, outlast::timeout{3s},
                        outlast::retry{{.backoff = outlast::constant(0ms)}}, std::ref(breaker),
                        outlast::timeout{250ms}};
    CHECK(reads(p, good) == 2);
    outlast::pipeline one{outlast::fallback{0}, outlast::retry{{.backoff = outlast::constant(0ms)}},
                          std::ref(breaker), outlast::timeout{250ms}};
    CHECK(reads(one, good) == 2);
    // Each attempt is one event more.
    CHECK(reads(one, bad) == 4);
    // By a window of time: the result alone.
    outlast::basic_circuit_breaker<> by_time{{.window = 10s}};
    outlast::pipeline q{std::ref(by_time)};
    CHECK(reads(q, good) == 1);
}

TEST_CASE("law 4: a cache hit reads the clock once, a refusal at most once") {
    hand_clock::reset();
    outlast::memory<int, int> store;
    outlast::cache_aside remember{store, [] { return 0; }, an_hour};
    outlast::pipeline p{std::ref(remember), outlast::timeout{1s}};
    CHECK(reads(p, good) == 3); // the end of the lookup is an event of its own
    CHECK(reads(p, good) == 1);
    outlast::basic_circuit_breaker<> breaker{{.window = 1, .open_for = 1s}};
    outlast::pipeline q{std::ref(breaker), outlast::timeout{1s}};
    CHECK(reads(q, bad) == 2);
    CHECK(reads(q, good) == 1); // open
    breaker.set_mode(outlast::circuit_mode::isolated);
    CHECK(reads(q, good) == 0);
}

TEST_CASE("law 4: a deadline of the caller's is an event of its own") {
    hand_clock::reset();
    outlast::pipeline<> p;
    const outlast::limits by{.deadline = std::chrono::steady_clock::time_point{
                                 (hand_clock::zero + 1s).time_since_epoch()}};
    hand_clock::reads = 0;
    CHECK(outlast::run<hand_clock>(p, by, good).value() == 1);
    CHECK(hand_clock::reads == 2);
}

TEST_CASE("law 4: all policies of an event are told the same time") {
    struct watchmaker { // whenever it is read, time has moved on
        static outlast::instant now() {
            hand_clock::advance(1ms);
            return hand_clock::now();
        }
    };
    hand_clock::reset();
    outlast_tests::tap outer;
    outlast_tests::tap inner;
    outlast::pipeline p{std::ref(outer), outlast::timeout{1s}, std::ref(inner)};
    CHECK(outlast::run<watchmaker>(p, good).value() == 1);
    CHECK(outer.begun == inner.begun);
    CHECK(outer.ended.front().when == inner.ended.front().when);
    CHECK(outer.begun.front() != outer.ended.front().when);
}

// --- the drivers are equals ---

namespace {

using outlast_tests::breaker;

template <class Policies>
history under_simulation(const std::vector<visit>& visits) {
    Policies policies;
    outlast::simulation sim;
    history h;
    for (const visit& v : visits) {
        sim.advance(v.pause);
        auto& c = sim.call_by(outlast::after(sim.time(), v.within), policies.p,
                              player{v.lines, [&](duration d) { sim.spend(d); }});
        sim.run();
        h.steps.push_back(c.trace());
        h.outcomes.push_back(outcome_of(c.result()));
    }
    return h;
}

constexpr auto simulated = []<class Policies>(const std::vector<visit>& visits) {
    return under_simulation<Policies>(visits);
};

} // namespace

TEST_CASE("the drivers are equals: the same steps and outcomes, for every policy") {
    outlast_tests::every_policy_agrees(simulated);
}

TEST_CASE("the drivers are equals: the same steps and outcomes, for compositions") {
    outlast_tests::compositions_agree(simulated);
}

TEST_CASE("the drivers are equals: the day tries what there is to try") {
    // A comparison of traces in which nothing happens proves nothing.
    const history h = under_simulation<shipped>(a_bad_day);
    int waits = 0;
    int operations = 0;
    int works = 0;
    for (const auto& steps : h.steps)
        for (const traced& t : steps) {
            waits += t.what.what == outlast::action::wait;
            works += t.what.calls_work();
            operations += t.what.what == outlast::action::call && !t.what.calls_work();
        }
    CHECK(waits > 3);
    CHECK(works > 15);
    CHECK(operations > 25);
    const history plain = under_simulation<without_cache>(a_bad_day);
    const auto some = [&](const char* text) {
        return std::ranges::any_of(plain.outcomes, [&](const std::string& o) {
            return o.find(text) != std::string::npos;
        });
    };
    CHECK(some("circuit open"));
    CHECK(some("the deadline of the call passed"));
    CHECK(some("Input/output error"));
}

TEST_CASE("the drivers are equals: a call that waits for another one") {
    using store = outlast::memory<int, int>;
    const auto key = [] { return 0; };
    const auto expected = [&] {
        store s;
        outlast::cache_aside c{s, key, an_hour};
        outlast::pipeline p{std::ref(c)};
        outlast::simulation sim;
        sim.call(p, [&] { return sim.spend(50ms), 7; });
        auto& follower = sim.call(p, [] { return 8; });
        sim.run();
        std::vector<step> steps;
        for (const traced& t : follower.trace())
            steps.push_back(t.what);
        return steps;
    }();
    REQUIRE(expected.size() == 4);
    CHECK(expected[1].what == outlast::action::park);

    store s;
    outlast::cache_aside c{s, key, an_hour};
    outlast::pipeline p{std::ref(c)};
    std::latch leading{1};
    std::latch parked{1};
    recorded noted{p};
    noted.on_step = [&](const step& answered) {
        if (answered.what == outlast::action::park)
            parked.count_down();
    };
    std::thread leader{[&] {
        (void)p([&] {
            leading.count_down();
            parked.wait();
            return 7;
        });
    }};
    leading.wait();
    const auto r = outlast::run(noted, [] { return 8; });
    leader.join();
    std::vector<step> steps;
    for (const traced& t : noted.trace())
        steps.push_back(t.what);
    CHECK(r.value() == 7);
    CHECK(steps == expected);
}

// --- law 5: no user code under a lock ---

TEST_CASE("law 5: user code never runs under a lock of the library's") {
    watched_lock::taken = 0;
    outlast_tests::watch seen_key;
    outlast_tests::watch seen_life;
    outlast_tests::watch seen_recheck;
    outlast_tests::watch seen_copy;
    outlast_tests::watch seen_work;
    outlast_tests::watch seen_make;
    outlast_tests::watch seen_failure_if;
    outlast_tests::watch seen_retry_if;
    outlast_tests::watch seen_stale_if;
    outlast_tests::watch seen_fallback;
    static thread_local outlast_tests::watch seen_clock;
    static thread_local outlast_tests::watch seen_end;
    seen_clock = {};
    seen_end = {};
    struct watched_clock {
        static outlast::instant now() {
            seen_clock();
            return hand_clock::now();
        }
    };
    hand_clock::reset();

    struct value {
        outlast_tests::watch* copies;
        explicit value(outlast_tests::watch& w) : copies(&w) {}
        value(const value& other) : copies(other.copies) { (*copies)(); }
        value(value&&) noexcept = default;
        value& operator=(const value&) = delete;
        ~value() { seen_end(); }
    };
    struct life {
        outlast_tests::watch* asked;
        outlast_tests::watch* rechecked;
        lifetime operator()(const value&) const {
            (*asked)();
            return {.fresh_for = 100ms, .stale_for = 1h};
        }
        std::optional<value> recheck(const value& v, duration age) const {
            (*rechecked)();
            if (age == 50ms)
                return v;
            return std::nullopt;
        }
    };
    auto stale_if = [&](const verdict&) { return seen_stale_if(), true; };
    auto retry_if = [&](const verdict&) { return seen_retry_if(), true; };
    auto failure_if = [&](const verdict&) { return seen_failure_if(), true; };
    using watched_breaker = outlast::basic_circuit_breaker<watched_lock>;
    const auto make = [&](int) {
        seen_make();
        return std::make_shared<watched_breaker>(outlast::circuit_breaker_options{
            .window = 2, .open_for = 1s, .failure_if = failure_if});
    };
    const auto key = [&](int k) { return seen_key(), k; };

    outlast::memory<int, value, watched_lock> store{{.capacity = 2}};
    outlast::cache_aside remember{
        store, key, life{&seen_life, &seen_recheck}, {.stale_if = stale_if}};
    outlast::basic_keyed<watched_lock, decltype(key), decltype(make), int> breakers{key, make, 2};
    watched_breaker one{
        {.window = 10s, .minimum_calls = 1, .open_for = 1s, .failure_if = failure_if}};
    outlast::pipeline p{
        outlast::fallback{[&](const outlast::failure&) {
            seen_fallback();
            return value{seen_copy};
        }},
        std::ref(remember),
        outlast::retry{
            {.max_attempts = 2, .backoff = outlast::constant(0ms), .retry_if = retry_if}},
        std::ref(breakers),
        std::ref(one),
        outlast::timeout{1s}};
    bool down = false;
    const auto work = [&](int) -> result<value> {
        seen_work();
        hand_clock::advance(1ms);
        if (down)
            return server_error;
        return value{seen_copy};
    };
    const auto call = [&](int k) { return outlast::run<watched_clock>(p, work, k); };
    for (const int k : {1, 2, 3, 1, 1}) // displaced, hits, policies forgotten
        CHECK(call(k).has_value());
    hand_clock::advance(48ms);
    for (int i = 0; i != 4; ++i) { // one of them is replaced by its recheck
        CHECK(call(1).has_value());
        hand_clock::advance(1ms);
    }
    hand_clock::advance(200ms);
    down = true;
    for (int i = 0; i != 3; ++i) {
        CHECK(call(1).has_value()); // stale
        CHECK(call(9).has_value()); // the fallback
    }
    hand_clock::advance(2s);
    down = false;
    CHECK(call(1).has_value()); // probes
    store.erase(1);
    store.clear();

    // The breakers look first where nothing outside them has looked.
    outlast::pipeline bare{std::ref(breakers), std::ref(one)};
    down = true;
    for (int i = 0; i != 4; ++i) { // opens, refuses, probes
        (void)outlast::run<watched_clock>(bare, work, 1);
        (void)outlast::run<watched_clock>(bare, work, 1);
        hand_clock::advance(1s);
    }

    for (const auto* w : {&seen_key, &seen_life, &seen_recheck, &seen_copy, &seen_work, &seen_make,
                          &seen_failure_if, &seen_retry_if, &seen_stale_if, &seen_fallback,
                          &seen_clock, &seen_end}) {
        CHECK(w->runs > 0);
        CHECK(w->locked == 0);
    }
    CHECK(watched_lock::taken > 50);
    CHECK(watched_lock::held() == 0);
}

TEST_CASE("law 5: what a driver does is called under no lock but its own") {
    // A waker may be called under the lock of the flights: it must not call back, and the blocking
    // driver's does not. Under simulation it changes a due time and nothing else.
    outlast::memory<int, int, watched_lock> store;
    outlast::cache_aside remember{store, [] { return 0; }, an_hour};
    outlast::pipeline p{std::ref(remember)};
    outlast::simulation sim;
    outlast_tests::watch work;
    auto& a = sim.call(p, [&] { return work(), sim.spend(10ms), 1; });
    auto& b = sim.call(p, [&] { return work(), sim.spend(10ms), 2; });
    sim.advance(5ms);
    a.cancel(); // wakes b
    sim.run();
    CHECK(b.result().value() == 2);
    CHECK(work.runs == 2);
    CHECK(work.locked == 0);
}

// --- law 8: neutral is neutral everywhere ---

TEST_CASE("law 8: a refusal inside never trips a breaker outside") {
    breaker outer{{.window = 1, .minimum_calls = 1}};
    breaker inner{{.name = "inner"}};
    inner.set_mode(outlast::circuit_mode::isolated);
    int calls = 0;
    const auto count = [&] { return ++calls; };
    const auto stays_closed = [&](auto& p) {
        for (int i = 0; i != 5; ++i) {
            const auto r = p(count);
            CHECK(r.error().why() == refusal::circuit_open);
            CHECK(r.error().facts().name.view() == "inner");
        }
        CHECK(outer.state(at(0ms)) == outlast::circuit_state::closed);
        CHECK(outer.window(at(0ms)).recorded == 0);
    };
    outlast::pipeline p{std::ref(outer), std::ref(inner)};
    stays_closed(p);
    // Nor one of a pipeline that the callable calls.
    outlast::pipeline guarded{std::ref(inner)};
    outlast::pipeline around{std::ref(outer)};
    for (int i = 0; i != 5; ++i)
        CHECK(around([&] { return guarded(count); }).error().why() == refusal::circuit_open);
    CHECK(outer.window(at(0ms)).recorded == 0);
    CHECK(calls == 0);
}

TEST_CASE("law 8: a refusal is not retried, unless asked for and with a time to come back") {
    breaker inner{{.window = 1, .open_for = 1s}};
    outlast_tests::tap rounds;
    const auto rounds_of = [&](bool retry_refusals, auto prepare) {
        inner.close();
        rounds = {};
        outlast::world w;
        outlast::pipeline p{outlast::retry{{.max_attempts = 3,
                                            .backoff = outlast::constant(0ms),
                                            .retry_refusals = retry_refusals}},
                            std::ref(rounds), std::ref(inner)};
        prepare(w);
        auto& c = w.play(p, script{}.succeeds());
        w.run();
        CHECK(c.done());
        return rounds.begun.size();
    };
    outlast::pipeline trip{std::ref(inner)};
    const auto open = [&](outlast::world& w) { w.play(trip, script{}.fails()); };
    const auto isolated = [&](outlast::world&) { inner.set_mode(outlast::circuit_mode::isolated); };
    CHECK(rounds_of(false, open) == 1);
    CHECK(rounds_of(true, open) == 2); // waits for the probe
    CHECK(rounds_of(true, isolated) == 1);
}

TEST_CASE("law 8: a cancelled call and a refused one take nothing from the cache") {
    using store = outlast::memory<int, int, outlast::no_lock>;
    store s;
    outlast::cache_aside c{s, [] { return 0; },
                           [](int) { return lifetime{.fresh_for = 1s, .stale_for = 1h}; }};
    breaker inner;
    outlast::pipeline p{std::ref(c), std::ref(inner)};
    outlast::simulation sim;
    sim.call(p, [] { return 1; });
    sim.advance(2s);
    inner.set_mode(outlast::circuit_mode::isolated);
    sim.call(p, [] { return 2; });
    inner.close();
    auto& cancelled = sim.call(p, [&] { return sim.spend(1s), 3; });
    sim.advance(1ms);
    cancelled.cancel();
    CHECK(s.size() == 1);
    CHECK(s.find(0)->value == 1);
}

// --- law 11: ties ---

TEST_CASE(
    "law 11: at the same instant the deadline beats the result, the outer one the inner one") {
    outlast::simulation sim;
    const auto slow = [&] { return sim.spend(50ms), 1; };
    SECTION("deadline and result") {
        outlast::pipeline p{outlast::timeout{50ms}};
        auto& c = sim.call(p, slow);
        sim.run();
        CHECK(c.result().error().why() == refusal::timed_out);
    }
    SECTION("outer and inner") {
        outlast::pipeline p{outlast::timeout{{.limit = 50ms, .name = "outer"}},
                            outlast::timeout{{.limit = 50ms, .name = "inner"}}};
        auto& c = sim.call(p, [&] { return sim.spend(60ms), 1; });
        sim.run();
        CHECK(c.result().error().facts().name.view() == "outer");
    }
    SECTION("outer, where the inner one would have waited") {
        outlast::pipeline p{outlast::timeout{{.limit = 50ms, .name = "outer"}},
                            outlast::pipeline{outlast::timeout{{.limit = 100ms, .name = "inner"}}}};
        auto& c = sim.call(p, [&] { return sim.spend(60ms), 1; });
        sim.run();
        CHECK(c.result().error().facts().name.view() == "outer");
        CHECK(c.finished_at() == at(50ms));
    }
    SECTION("the caller's and a timeout's") {
        outlast::pipeline p{outlast::timeout{{.limit = 50ms, .name = "outer"}}};
        auto& c = sim.call_by(at(50ms), p, slow);
        sim.run();
        CHECK(c.result().error().message() == "timed out: the deadline of the call passed");
    }
    SECTION("the caller's cancellation over both") {
        outlast::pipeline p{outlast::timeout{50ms}};
        auto& c = sim.call_by(at(50ms), p, slow);
        sim.at(at(50ms), [&] { c.cancel(); });
        sim.run();
        CHECK(c.result().error().why() == refusal::cancelled);
    }
}

TEST_CASE(
    "law 11: cancelled as a good result arrives: an order to end wins, a wish to stop does not") {
    outlast::pipeline p{outlast::retry{{.backoff = outlast::constant(0ms)}}};
    SECTION("blocking: asked while the callable runs") {
        std::stop_source stop;
        const auto r = p(outlast::limits{.stop = stop.get_token()}, [&](outlast::call& c) {
            stop.request_stop();
            return c.stop_requested() ? 1 : 0;
        });
        CHECK(r.value() == 1);
        CHECK(p(outlast::limits{.stop = stop.get_token()}, [] { return 2; }).error().why() ==
              refusal::cancelled);
    }
    SECTION("simulated: ordered at the instant of the result, and just after it") {
        for (const duration when : {50ms, 51ms}) {
            outlast::simulation sim;
            auto& c = sim.call(p, [&] { return sim.spend(50ms), 1; });
            sim.at(at(when), [&] { c.cancel(); });
            sim.advance(1s);
            CHECK(c.finished_at() == at(50ms));
            CHECK(c.result().has_value() == (when > 50ms));
        }
    }
}

TEST_CASE("law 11: a limit is reached at the limit") {
    outlast::simulation sim;
    breaker b{{.window = 2, .open_for = 1s, .probe_lease = 500ms}};
    outlast::pipeline p{std::ref(b)};
    sim.call(p, bad), sim.call(p, bad); // 2 of 2 is 100 %
    CHECK(b.state(at(999ms)) == outlast::circuit_state::open);
    sim.advance(1s);
    CHECK(b.state(at(1s)) == outlast::circuit_state::half_open);
    auto& probe = sim.call(p, [&] { return sim.spend(500ms), 1; });
    sim.run();
    CHECK(probe.result().value() == 1); // its caller has its answer, but the lease was over
    CHECK(b.state(at(1500ms)) == outlast::circuit_state::open);
    CHECK(b.state(at(2500ms)) == outlast::circuit_state::half_open);
}

// --- law 2: what is dropped is given back ---

TEST_CASE("law 2: a call that is dropped at any instant leaves nothing taken") {
    struct everything : outlast_tests::only_cache {
        breaker b{{.window = 1, .open_for = 1s, .probe_lease = 1h}};
        outlast::pipeline<std::reference_wrapper<cache>,
                          outlast::retry,
                          std::reference_wrapper<breaker>,
                          outlast::timeout>
            p{std::ref(c), outlast::retry{{.max_attempts = 3, .backoff = outlast::constant(1s)}},
              std::ref(b), outlast::timeout{300ms}};
    };
    for (duration when = 0ms; when <= 4s; when += 50ms) {
        CAPTURE(when);
        everything e;
        outlast::simulation sim;
        const auto failing = [&]() -> result<int> {
            sim.spend(250ms);
            return server_error;
        };
        auto& leader = sim.call(e.p, failing);
        auto& follower = sim.call(e.p, [] { return 5; });
        sim.at(at(when), [&] { leader.cancel(); });
        sim.run();
        CHECK(leader.done());
        CHECK(follower.done());
        sim.advance(10s);
        auto& next = sim.call(e.p, [] { return 6; });
        REQUIRE(next.done());
        CHECK(next.result().value() == 6);
        CHECK(e.b.state(sim.time()) == outlast::circuit_state::closed);
    }
}
