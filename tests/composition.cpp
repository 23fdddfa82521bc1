// SPDX-License-Identifier: BSL-1.0
//
// Policies together: the recommended order in one story, and properties that hold for any pipeline,
// any script and any mishap.
#include <outlast/cache/memory.hpp>
#include <outlast/outlast.hpp>
#include <outlast/simulate.hpp>

#include "support/catch.hpp"
#include "support/print.hpp"
#include "support/script.hpp"
#include "support/unnamed.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <random>
#include <stdexcept>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

using namespace std::chrono_literals;
using outlast::duration;
using outlast::instant;
using outlast::lifetime;
using outlast::never;
using outlast::refusal;
using outlast::result;
using outlast::source;
using outlast::traced;
using outlast::verdict;
using outlast_tests::at;
using outlast_tests::times;

namespace {

const auto server_error = std::make_error_code(std::errc::io_error);

using shelf = outlast::memory<int, int, outlast::no_lock>;
using breaker = outlast::basic_circuit_breaker<>;

} // namespace

TEST_CASE("composition: an outage, seen through the recommended order") {
    shelf store;
    outlast::cache_aside remember{store, [](int k) { return k; },
                                  [](int) { return lifetime{.fresh_for = 1s, .stale_for = 10s}; }};
    breaker b{{.window = 4, .minimum_calls = 4, .open_for = 2s, .name = "origin"}};
    outlast::pipeline p{std::ref(remember), outlast::timeout{{.limit = 500ms, .name = "total"}},
                        outlast::retry{{.max_attempts = 2, .backoff = outlast::constant(100ms)}},
                        std::ref(b), outlast::timeout{{.limit = 200ms, .name = "attempt"}}};
    outlast::simulation sim;
    bool down = false;
    int calls = 0;
    const auto fetch = [&](int) -> result<int> {
        ++calls;
        sim.spend(down ? 1h : 10ms);
        return calls;
    };
    const auto ask = [&](int key) -> auto& {
        auto& c = sim.call(p, fetch, key);
        sim.run();
        return c;
    };
    CHECK(ask(1).result().value() == 1); // at 10
    down = true;
    sim.advance(1s);

    // 1010: stale after two attempts that time out, 200 + 100 + 200, which is the total limit too.
    auto& first = ask(1);
    CHECK(first.finished_at() == at(1510ms));
    CHECK(first.result().value() == 1);
    CHECK(first.facts().how == source::stale);
    CHECK(first.attempts() == 2);

    // Another key has nothing to fall back to. Its first attempt is the third failure of four
    // results and opens the breaker, which refuses the second.
    auto& other = ask(2);
    CHECK(other.finished_at() == at(1810ms));
    CHECK(other.attempts() == 1);
    CHECK(other.result().error().message() ==
          "circuit open for origin: 3 of the last 4 calls failed (last: timed out); next probe in "
          "1.9 s");

    // From now on stale at once, and nobody is called.
    const int before = calls;
    auto& open = ask(1);
    CHECK(open.result().value() == 1);
    CHECK(open.facts().how == source::stale);
    CHECK(open.facts().policy.view() == "cache");
    CHECK(open.facts().failed == 3); // what the breaker said is there too
    CHECK(open.finished_at() == at(1810ms));
    CHECK(ask(2).result().error().why() == refusal::circuit_open);
    CHECK(calls == before);

    // It comes back: one probe, and all is well.
    down = false;
    sim.advance(2s);
    CHECK(ask(1).facts().how == source::live);
    CHECK(ask(2).facts().how == source::live);
    CHECK(ask(2).facts().how == source::cached);
}

TEST_CASE("composition: whoever waits for a call that fails shares its failure, not its retries") {
    shelf store;
    outlast::cache_aside remember{store, [](int k) { return k; },
                                  [](int) { return lifetime{.fresh_for = 1s}; }};
    outlast::pipeline p{std::ref(remember),
                        outlast::retry{{.max_attempts = 3, .backoff = outlast::constant(10ms)}}};
    outlast::simulation sim;
    int calls = 0;
    const auto fails = [&](int) -> result<int> {
        ++calls;
        sim.spend(10ms);
        return server_error;
    };
    std::vector<const outlast::simulated*> all;
    for (int i = 0; i != 100; ++i)
        all.push_back(&sim.call(p, fails, 0));
    sim.run();
    CHECK(calls == 3);
    for (const auto* c : all)
        CHECK(c->finished_at() == at(50ms));
}

TEST_CASE("composition: a fallback outside of everything answers whatever happens") {
    breaker b{{.window = 2, .open_for = 1s}};
    outlast::pipeline p{outlast::fallback{-1}, outlast::timeout{100ms},
                        outlast::retry{{.max_attempts = 3, .backoff = outlast::constant(0ms)}},
                        std::ref(b), outlast::timeout{50ms}};
    outlast::simulation sim;
    for (const duration takes : {0ms, 50ms, 70ms, 1000ms}) {
        auto& c = sim.call(p, [&, takes]() -> result<int> {
            sim.spend(takes);
            return server_error;
        });
        sim.run();
        CHECK(c.result().value() == -1);
        CHECK(c.facts().how == source::fallback);
        sim.advance(300ms);
    }
    CHECK(sim.call(p, []() -> int { throw std::runtime_error("x"); }).result().value() == -1);
}

// --- properties ---

namespace {

/// A store that fails when it is told to, counted over all its operations.
struct faulty_shelf {
    using key_type = int;
    using value_type = int;
    using lock_type = outlast::no_lock;

    shelf behind{{.capacity = 2, .negative_capacity = 1}};
    int operations = 0;
    int fails_at = 0;

    void tick() {
        if (++operations == fails_at)
            throw std::runtime_error("store");
    }
    std::optional<outlast::entry<int>> find(int key) {
        tick();
        return behind.find(key);
    }
    void put(int key, outlast::entry<int> e, outlast::may_keep keep) {
        tick();
        behind.put(key, e, keep);
    }
    void erase(int key) {
        tick();
        behind.erase(key);
    }
};

struct life {
    lifetime operator()(int value) const {
        if (value % 5 == 0)
            return {}; // not to be kept
        return {.fresh_for = 40ms, .stale_for = 200ms, .negative = value % 7 == 0};
    }
    std::optional<int> recheck(int value, duration age) const {
        if (value % 3 == 0 && age >= 60ms)
            return value + 1'000'000 - value % 5 + 1;
        return std::nullopt;
    }
};

/// What the calls of one run share, and what happens to them.
struct town {
    std::mt19937_64 chance;
    faulty_shelf store{};
    outlast::cache_aside<faulty_shelf, int (*)(int), life> remember{
        store, [](int k) { return k; }, life{}, {.stale_wait = 30ms}};
    breaker b{
        {.window = 6, .minimum_calls = 3, .open_for = 100ms, .probes = 2, .probe_lease = 150ms}};
    int mishap_at = 0; // this run of the callable throws
    int calls = 0;
    int running = 0;
    std::vector<std::string> wrongs{};
    outlast::simulation sim{};

    explicit town(std::uint64_t seed) : chance(seed) {}

    // (Not std::uniform_int_distribution: it differs from library to library.)
    int draw(int n) { return static_cast<int>(chance() % static_cast<std::uint64_t>(n)); }
    template <std::size_t N>
    duration pick(const duration (&of)[N]) {
        return of[draw(static_cast<int>(N))];
    }

    result<int> fetch(int) {
        if (++calls == mishap_at)
            throw std::runtime_error("mishap");
        constexpr duration spans[] = {0ms, 1ms, 10ms, 50ms, 80ms, 1h};
        sim.spend(pick(spans));
        switch (draw(8)) {
        case 0:
        case 1:
            return server_error;
        case 2:
            return outlast::failure{server_error}.with_retry_after(20ms);
        case 3:
            return refusal::rate_limited;
        case 4:
            throw 7;
        default:
            return calls;
        }
    }

    outlast::retry again() {
        return outlast::retry{{.max_attempts = 3,
                               .backoff = outlast::exponential(5ms).with(outlast::jitter::full),
                               .retry_refusals = draw(2) == 0,
                               .seed = chance()}};
    }
};

/// Calls `f` with the pipeline of this number.
template <class F>
void with_pipeline(int number, town& t, F f) {
    const outlast::timeout attempt{{.limit = 50ms, .name = "attempt"}};
    const outlast::timeout total{{.limit = 120ms, .name = "total"}};
    const auto remember = std::ref(t.remember);
    const auto guard = std::ref(t.b);
    const outlast::fallback instead{-1};
    switch (number) {
    case 0: {
        outlast::pipeline p{remember, total, t.again(), guard, attempt};
        return f(p);
    }
    case 1: {
        outlast::pipeline p{total, remember, t.again(), guard, attempt};
        return f(p);
    }
    case 2: {
        outlast::pipeline p{instead, remember, guard, attempt};
        return f(p);
    }
    case 3: {
        outlast::pipeline p{outlast_tests::unnamed{t.again()}, remember, guard, attempt};
        return f(p);
    }
    case 4: {
        outlast::pipeline p{guard, remember, attempt};
        return f(p);
    }
    case 5: {
        outlast::pipeline inner{guard, outlast::pipeline{remember, attempt}};
        outlast::pipeline p{total, outlast_tests::unnamed{t.again()}, std::ref(inner)};
        return f(p);
    }
    default: {
        outlast::pipeline p{attempt, guard, t.again()};
        return f(p);
    }
    }
}
constexpr int pipelines = 7;

struct outcome_of_run {
    std::vector<std::vector<traced>> traces{};
    int calls = 0;
    int operations = 0;
    std::vector<std::string> wrongs{};
};

/// A dozen calls for two keys at random times, some with a deadline, some cancelled; then peace,
/// in which everything must work as if nothing had been.
outcome_of_run play(std::uint64_t seed, int number, int mishap_at = 0, int store_fails_at = 0) {
    town t{seed};
    t.mishap_at = mishap_at;
    t.store.fails_at = store_fails_at;
    outcome_of_run out;
    const auto wrong = [&](const char* what) { out.wrongs.emplace_back(what); };
    with_pipeline(number, t, [&](auto& p) {
        struct one {
            const outlast::simulated* call;
            instant begun;
            instant by;
        };
        std::vector<one> calls;
        for (int i = 0; i != 12; ++i) {
            constexpr duration pauses[] = {0ms, 0ms, 1ms, 20ms, 60ms, 200ms};
            t.sim.advance(t.pick(pauses));
            constexpr duration spans[] = {outlast::forever, outlast::forever, 10ms, 50ms, 100ms};
            const instant by = outlast::after(t.sim.time(), t.pick(spans));
            const instant begun = t.sim.time();
            auto& c = t.sim.call_by(by, p, [&t](int k) { return t.fetch(k); }, t.draw(2));
            calls.push_back({&c, begun, by});
            if (t.draw(3) == 0) {
                constexpr duration later[] = {0ms, 5ms, 50ms, 70ms};
                t.sim.at(outlast::after(t.sim.time(), t.pick(later)), [&c] { c.cancel(); });
            }
        }
        t.sim.run(); // throws if a call waits for nothing
        for (const one& c : calls) {
            if (!c.call->done())
                wrong("a call is not over");
            if (c.call->finished_at() > c.by)
                wrong("a call was answered after its caller's deadline");
            if (c.call->attempts() > 9)
                wrong("more attempts than three retries in one another could make");
            instant last = c.begun;
            for (const traced& s : c.call->trace()) {
                if (s.at < last)
                    wrong("a trace goes back in time");
                last = s.at;
                if (s.what.what != outlast::action::finish && s.what.at > c.by)
                    wrong("a step asked for more time than there was");
            }
            out.traces.push_back(c.call->trace());
        }
        out.calls = t.calls;
        out.operations = t.store.operations;
        t.sim.advance(1s);
        t.sim.call(p, [](int k) { return k; }, 99); // may be the result that opens the breaker
        t.sim.advance(1s);
        for (int key = 100; key != 104; ++key) { // two probes, and more
            auto& c = t.sim.call(p, [](int k) { return k; }, key);
            if (!c.done() || !c.result() || c.result().value() != key)
                wrong("a place is still taken: by a probe, or in a flight");
        }
        if (t.b.state(t.sim.time()) != outlast::circuit_state::closed)
            wrong("good probes do not close the breaker");
        for (const int key : {0, 1}) { // nobody is left in their flights
            t.store.behind.erase(key);
            auto& c = t.sim.call(p, [](int k) { return k; }, key);
            if (!c.done() || !c.result() || c.result().value() != key)
                wrong("a flight is still open");
        }
    });
    return out;
}

} // namespace

TEST_CASE("properties: any pipeline, any script: all ends, and nothing stays taken") {
    int calls = 0;
    std::size_t steps = 0;
    for (int number = 0; number != pipelines; ++number)
        for (std::uint64_t seed = 1; seed <= 150; ++seed) {
            CAPTURE(number, seed);
            outcome_of_run run;
            REQUIRE_NOTHROW(run = play(seed, number));
            REQUIRE(run.wrongs == std::vector<std::string>{});
            calls += run.calls;
            for (const auto& trace : run.traces)
                steps += trace.size();
        }
    CHECK(calls > 3000); // it is not that nothing happened
    CHECK(steps > 20000);
}

TEST_CASE("properties: the same seed gives the same history") {
    for (int number = 0; number != pipelines; ++number)
        for (std::uint64_t seed = 1; seed <= 10; ++seed) {
            CAPTURE(number, seed);
            const auto run = play(seed, number);
            REQUIRE(run.traces == play(seed, number).traces);
            REQUIRE(run.traces != play(seed + 1000, number).traces);
        }
}

TEST_CASE("properties: the callable throws at each of its runs in turn") {
    for (int number = 0; number != pipelines; ++number)
        for (std::uint64_t seed = 1; seed <= 4; ++seed) {
            const int runs = play(seed, number).calls;
            for (int k = 1; k <= runs; ++k) {
                CAPTURE(number, seed, k);
                REQUIRE(play(seed, number, k).wrongs == std::vector<std::string>{});
            }
        }
}

TEST_CASE("properties: the store throws at each of its operations in turn") {
    int injected = 0;
    for (int number = 0; number != pipelines; ++number)
        for (std::uint64_t seed = 1; seed <= 4; ++seed) {
            const int operations = play(seed, number).operations;
            for (int k = 1; k <= operations; ++k, ++injected) {
                CAPTURE(number, seed, k);
                REQUIRE(play(seed, number, 0, k).wrongs == std::vector<std::string>{});
            }
        }
    CHECK(injected > 200);
}

TEST_CASE("properties: a simulation that is dropped in the middle gives everything back") {
    for (int number = 0; number != pipelines; ++number)
        for (duration when = 0ms; when != 60ms; when += 5ms) {
            CAPTURE(number, when);
            town t{static_cast<std::uint64_t>(number) + 7};
            with_pipeline(number, t, [&](auto& p) {
                {
                    outlast::simulation other;
                    std::vector<const outlast::simulated*> calls;
                    const auto busy = [&](int k) -> result<int> {
                        other.spend(25ms);
                        if (k == 0)
                            return server_error;
                        return k;
                    };
                    for (int i = 0; i != 6; ++i)
                        calls.push_back(&other.call(p, busy, i % 2));
                    other.advance(when);
                }
                t.sim.advance(1s);
                for (int key = 100; key != 104; ++key) {
                    auto& c = t.sim.call(p, [](int k) { return k; }, key);
                    REQUIRE(c.done());
                    CHECK(c.result().value() == key);
                }
                auto& c = t.sim.call(p, [](int k) { return k; }, 0);
                REQUIRE(c.done());
                CHECK(c.result().value() == 0);
            });
        }
}
