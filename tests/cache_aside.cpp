// SPDX-License-Identifier: BSL-1.0
#include <outlast/cache_aside.hpp>

#include <outlast/cache/memory.hpp>
#include <outlast/circuit_breaker.hpp>
#include <outlast/event.hpp>
#include <outlast/pipeline.hpp>
#include <outlast/retry.hpp>
#include <outlast/run.hpp>
#include <outlast/simulate.hpp>
#include <outlast/thread_lock.hpp>
#include <outlast/timeout.hpp>

#include "support/catch.hpp"
#include "support/fake_store.hpp"
#include "support/print.hpp"
#include "support/recorded.hpp"
#include "support/script.hpp"
#include "support/together.hpp"
#include "support/unnamed.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <barrier>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <latch>
#include <memory>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

using namespace std::chrono_literals;
using namespace outlast::literals;
using outlast::duration;
using outlast::lifetime;
using outlast::refusal;
using outlast::result;
using outlast::source;
using outlast_tests::at;

namespace {

using shelf = outlast::memory<int, int, outlast::no_lock>;

const auto first_argument = [](int key) { return key; };

/// Keeps every value so long; what is less than 0 is a "no".
auto keep(duration fresh, duration stale = {}) {
    return [=](int value) {
        return lifetime{.fresh_for = fresh, .stale_for = stale, .negative = value < 0};
    };
}

const std::error_code server_error = std::make_error_code(std::errc::io_error);

/// Answers with the number of the call, or fails; takes its time in a simulation.
struct origin {
    outlast::simulation* world = nullptr;
    duration takes{};
    bool down = false;
    int calls = 0;

    auto ask() {
        return [this](int) -> result<int> {
            ++calls;
            if (world != nullptr)
                world->spend(takes);
            if (down)
                return server_error;
            return calls;
        };
    }
};

template <class Call>
bool is_stale(Call& c, int value, duration age) {
    return c.done() && c.result() && c.result().value() == value &&
           c.facts().how == source::stale && c.facts().age == age;
}

template <class Call>
bool is_cached(Call& c, int value) {
    return c.done() && c.result() && c.result().value() == value && c.facts().how == source::cached;
}

template <class Call>
bool is_live(Call& c, int value) {
    return c.done() && c.result() && c.result().value() == value && c.facts().how == source::live;
}

/// Takes down what a cache tells.
struct told {
    std::vector<outlast::event> events{};
    void operator()(const outlast::event& e) { events.push_back(e); }
    [[nodiscard]] int count(outlast::event_kind k) const {
        return static_cast<int>(std::count_if(events.begin(), events.end(),
                                              [&](const auto& e) { return e.what == k; }));
    }
    [[nodiscard]] int hits() const { return count(outlast::event_kind::hit); }
    [[nodiscard]] int misses() const { return count(outlast::event_kind::missed); }
    [[nodiscard]] int stales() const { return count(outlast::event_kind::stale); }
    [[nodiscard]] int stores() const { return count(outlast::event_kind::stored); }
    [[nodiscard]] int broken() const { return count(outlast::event_kind::store_failed); }
};

template <class Call>
bool failed_with(Call& c, std::error_code code) {
    return c.done() && !c.outcome().ok() && !c.result() && c.result().error().code() == code;
}

} // namespace

TEST_CASE("CA-01 miss, hit, no key") {
    shelf store;
    told t;
    const auto named = [](const std::string& name) {
        return name.empty() ? std::nullopt : std::optional{1};
    };
    outlast::cache_aside remember{store, named, keep(1h), {.events = t}};
    outlast::pipeline p{std::ref(remember)};
    outlast::simulation sim;
    int calls = 0;
    const auto bar = [&](const std::string&) { return ++calls, 17; };
    SECTION("a key") {
        auto& miss = sim.call(p, bar, std::string{"foo"});
        CHECK(is_live(miss, 17));
        CHECK(calls == 1);
        CHECK(store.size() == 1);
        CHECK(t.stores() == 1);
        CHECK(t.misses() == 1);
        auto& hit = sim.call(p, bar, std::string{"foo"});
        CHECK(is_cached(hit, 17));
        CHECK(calls == 1);
        CHECK(hit.attempts() == 0);
        CHECK(t.hits() == 1);
        CHECK(t.misses() == 1);
    }
    SECTION("no key") {
        for (int i = 1; i <= 2; ++i) {
            CHECK(is_live(sim.call(p, bar, std::string{}), 17));
            CHECK(calls == i);
            CHECK(t.misses() == i);
        }
        CHECK(t.hits() == 0);
        CHECK(t.stores() == 0);
        CHECK(store.size() == 0);
    }
    SECTION("no key, and how old an answer may be") {
        const auto none = [](const std::string&) { return std::optional<outlast::wanted<int>>{}; };
        outlast::cache_aside past{store, none, keep(1h)};
        outlast::pipeline q{std::ref(past)};
        CHECK(is_live(sim.call(q, bar, std::string{}), 17));
        CHECK(is_live(sim.call(q, bar, std::string{}), 17));
        CHECK(calls == 2);
        CHECK(store.size() == 0);
    }
}

TEST_CASE("CA-02 what has a lifetime of 0 is delivered, not stored; errors neither") {
    shelf store;
    constexpr int bar = 1;
    told t;
    outlast::cache_aside remember{
        store,
        first_argument,
        [](int value) { return lifetime{.fresh_for = value == bar ? 1h : 0h}; },
        {.events = t}};
    outlast::pipeline p{std::ref(remember)};
    outlast::simulation sim;
    CHECK(is_live(sim.call(p, [](int) { return 2; }, 0), 2));
    CHECK(store.size() == 0);
    CHECK(t.misses() == 1);
    CHECK(
        failed_with(sim.call(p, [](int) -> result<int> { return server_error; }, 0), server_error));
    CHECK(store.size() == 0);
    CHECK(t.misses() == 2);
    CHECK(t.stores() == 0);
    CHECK(is_live(sim.call(p, [](int) { return bar; }, 0), bar));
    CHECK(store.size() == 1);
    CHECK(t.stores() == 1);
    // A lifetime below 0 is none either, and what is not kept is dropped.
    outlast::cache_aside never{store, first_argument, keep(-1s)};
    outlast::pipeline q{outlast::pipeline{std::ref(never)}};
    store.erase(0);
    CHECK(is_live(sim.call(q, [](int) { return 5; }, 0), 5));
    CHECK(store.size() == 0);
}

TEST_CASE("cache_aside: a live answer that is not to be kept drops the older one") {
    shelf store;
    duration fresh = 1s;
    outlast::cache_aside remember{
        store, first_argument, [&](int) { return lifetime{.fresh_for = fresh, .stale_for = 1h}; }};
    outlast::pipeline p{std::ref(remember)};
    outlast::simulation sim;
    origin o;
    sim.call(p, o.ask(), 0);
    sim.advance(2s);
    fresh = 0s;
    CHECK(is_live(sim.call(p, o.ask(), 0), 2));
    CHECK(store.size() == 0);
    o.down = true;
    CHECK(failed_with(sim.call(p, o.ask(), 0), server_error));
}

TEST_CASE("CA-03 TTL: at 99 a hit, at 100 a miss") {
    shelf store;
    told t;
    outlast::cache_aside remember{store, first_argument, keep(100ms), {.events = t}};
    outlast::pipeline p{std::ref(remember)};
    outlast::simulation sim;
    origin o;
    CHECK(is_live(sim.call(p, o.ask(), 0), 1));
    sim.advance(99ms);
    CHECK(is_cached(sim.call(p, o.ask(), 0), 1));
    sim.advance(1ms);
    CHECK(is_live(sim.call(p, o.ask(), 0), 2));
    CHECK(o.calls == 2);
    CHECK(t.hits() == 1);
    CHECK(t.misses() == 2);
}

TEST_CASE("CA-04 three at once: one call, two join it") {
    shelf store;
    told t;
    outlast::cache_aside remember{store, first_argument, keep(200ms), {.events = t}};
    outlast::pipeline p{std::ref(remember)};
    outlast::simulation sim;
    origin o{.world = &sim, .takes = 50ms};
    auto& a = sim.call(p, o.ask(), 0);
    auto& b = sim.call(p, o.ask(), 0);
    auto& c = sim.call(p, o.ask(), 0);
    sim.advance(49ms);
    CHECK(sim.running() == 3);
    sim.run();
    CHECK(o.calls == 1);
    CHECK(is_live(a, 1));
    for (auto* joined : {&b, &c}) {
        CHECK(is_cached(*joined, 1));
        CHECK(joined->attempts() == 0);
        CHECK(joined->trace()[1].what == outlast::step::park(outlast::never));
    }
    for (auto* all : {&a, &b, &c})
        CHECK(all->finished_at() == at(50ms));
    CHECK(t.misses() == 1);
    CHECK(t.hits() == 2); // those who joined were answered with what was kept
    sim.advance(10ms);
    auto& later = sim.call(p, o.ask(), 0);
    CHECK(is_cached(later, 1));
    CHECK(later.facts().age == 10ms);
    CHECK(later.trace().size() == 2); // looked up, finished: no join
    CHECK(t.hits() == 3);
}

TEST_CASE("CA-05 capacity ten, first in first out") {
    shelf store{{.capacity = 10}};
    outlast::cache_aside remember{store, first_argument, keep(10s)};
    outlast::pipeline p{std::ref(remember)};
    outlast::simulation sim;
    const auto self = [](int key) { return key; };
    for (int key = 1; key <= 10; ++key)
        sim.call(p, self, key);
    CHECK(store.size() == 10);
    sim.advance(10s); // all stale: who asks, asks anew
    sim.call(p, self, 100);
    CHECK(store.size() == 10);
    CHECK(!store.find(1));
    CHECK(is_live(sim.call(p, self, 2), 2)); // overwritten
    CHECK(store.size() == 10);
    CHECK(store.counts().evicted == 1);
    CHECK(store.find(2)->times.since == sim.time()); // no eviction, its age is renewed
    sim.call(p, self, 200);
    CHECK(store.size() == 10);
    CHECK(!store.find(3));
    CHECK(store.find(2));
}

TEST_CASE("CA-06 lifetime border") {
    shelf store;
    outlast::cache_aside remember{store, first_argument, keep(2s)};
    outlast::pipeline p{std::ref(remember)};
    outlast::simulation sim;
    origin o;
    CHECK(is_live(sim.call(p, o.ask(), 0), 1));
    o.down = true;
    for (const duration when : {0ms, 1000ms, 1999ms}) {
        sim.advance(when - sim.time().time_since_epoch());
        CHECK(is_cached(sim.call(p, o.ask(), 0), 1));
    }
    for (const duration when : {2s, 3s}) {
        sim.advance(when - sim.time().time_since_epoch());
        CHECK(failed_with(sim.call(p, o.ask(), 0), server_error));
    }
}

TEST_CASE("CA-07 stale when the source fails") {
    shelf store;
    outlast::cache_aside remember{store, first_argument, keep(1000ms, 10000ms)};
    outlast::pipeline p{std::ref(remember)};
    outlast::simulation sim;
    origin o;
    sim.call(p, o.ask(), 0);
    o.down = true;
    sim.advance(1500ms);
    auto& stale = sim.call(p, o.ask(), 0);
    CHECK(is_stale(stale, 1, 1500ms));
    CHECK(stale.facts().because.error() == server_error);
    CHECK(stale.facts().because.why == refusal::none);
    CHECK(stale.facts().retry_after == outlast::verdict::no_hint);
    CHECK(o.calls == 2); // it was asked
    sim.advance(10999ms - 1500ms);
    CHECK(is_stale(sim.call(p, o.ask(), 0), 1, 10999ms));
    sim.advance(1ms);
    CHECK(failed_with(sim.call(p, o.ask(), 0), server_error));
    // A stale answer does not renew itself, and the first good one ends it.
    o.down = false;
    CHECK(is_live(sim.call(p, o.ask(), 0), 5));
    auto& fresh = sim.call(p, o.ask(), 0);
    CHECK(is_cached(fresh, 5));
    CHECK(fresh.facts().because == outlast::verdict::success());
}

TEST_CASE("CA-08 leader cancelled") {
    shelf store;
    outlast::cache_aside remember{store, first_argument, keep(1h)};
    outlast_tests::tap inside; // the cache, where the source is called
    outlast::pipeline p{std::ref(remember), std::ref(inside)};
    outlast::simulation sim;
    origin o{.world = &sim, .takes = 100ms};
    auto& a = sim.call(p, o.ask(), 0);
    auto& b = sim.call(p, o.ask(), 0);
    auto& c = sim.call(p, o.ask(), 0);
    sim.advance(40ms);
    CHECK(inside.abandoned == 0);
    a.cancel();
    CHECK(inside.abandoned == 1); // told at once; and no other one is running yet
    CHECK(inside.begun == std::vector{at(0ms)});
    CHECK(failed_with(a, refusal::cancelled));
    CHECK(a.finished_at() == at(40ms));
    sim.advance(0ms);
    CHECK(o.calls == 2);
    CHECK(inside.begun == std::vector{at(0ms), at(40ms)});
    CHECK(outlast_tests::starts(b) == outlast_tests::times{40ms});
    sim.run();
    CHECK(inside.ended.size() == 1);
    CHECK(inside.abandoned == 1);
    CHECK(o.calls == 2);
    CHECK(is_live(b, 2));
    CHECK(is_cached(c, 2));
    CHECK(b.finished_at() == at(140ms));
    CHECK(c.finished_at() == at(140ms));
}

TEST_CASE("CA-09 open breaker, stale value, no attempt") {
    shelf store;
    outlast::cache_aside remember{store, first_argument, keep(1000ms, 10000ms)};
    outlast::basic_circuit_breaker<> breaker{{.name = "origin"}};
    outlast::pipeline p{std::ref(remember), std::ref(breaker)};
    outlast::simulation sim;
    origin o;
    sim.call(p, o.ask(), 0);
    sim.advance(500ms);
    breaker.set_mode(outlast::circuit_mode::isolated);
    sim.advance(100ms);
    auto& fresh = sim.call(p, o.ask(), 0);
    CHECK(is_cached(fresh, 1));
    CHECK(fresh.facts().why_refused == outlast::circuit_refusal::open); // nobody inside was asked
    sim.advance(600ms);
    auto& stale = sim.call(p, o.ask(), 0);
    CHECK(is_stale(stale, 1, 1200ms));
    CHECK(stale.facts().policy.view() == "cache");
    CHECK(stale.facts().because.why == refusal::circuit_open);
    CHECK(stale.facts().why_refused ==
          outlast::circuit_refusal::isolated); // what the breaker inside said
    CHECK(stale.attempts() == 0);
    sim.advance(10800ms);
    auto& gone = sim.call(p, o.ask(), 0);
    CHECK(failed_with(gone, refusal::circuit_open));
    CHECK(gone.result().error().message() == "circuit open for origin: isolated by hand");
    CHECK(o.calls == 1);
}

TEST_CASE("CO-07 cache outside retry") {
    outlast::memory<std::string, std::string, outlast::no_lock> store;
    outlast::cache_aside remember{store, [] { return std::string{"k"}; },
                                  [](const std::string&) { return lifetime{.fresh_for = 1h}; }};
    outlast::pipeline p{
        std::ref(remember),
        outlast::retry{{.max_attempts = 3, .backoff = outlast::constant(duration{})}}};
    outlast::simulation sim;
    int calls = 0;
    const auto third = [&]() -> result<std::string> {
        if (++calls < 3)
            return server_error;
        return std::string{"bar"};
    };
    auto& c = sim.call(p, third);
    CHECK(c.result().value() == "bar");
    CHECK(calls == 3);
    CHECK(store.size() == 1);
    auto& again = sim.call(p, third);
    CHECK(again.result().value() == "bar");
    CHECK(again.facts().how == source::cached);
    CHECK(calls == 3);
}

TEST_CASE("cache_aside: each key is its own") {
    shelf store;
    outlast::cache_aside remember{store, first_argument, keep(1h)};
    outlast::pipeline p{std::ref(remember)};
    outlast::simulation sim;
    origin o{.world = &sim, .takes = 50ms};
    auto& a = sim.call(p, o.ask(), 1);
    auto& b = sim.call(p, o.ask(), 2);
    sim.run();
    CHECK(o.calls == 2);
    CHECK(is_live(a, 1));
    CHECK(is_live(b, 2));
    CHECK(is_cached(sim.call(p, o.ask(), 1), 1));
    CHECK(is_cached(sim.call(p, o.ask(), 2), 2));
}

TEST_CASE("cache_aside: entries are bounded, a flood of noes displaces no yes") {
    shelf store{{.capacity = 2, .negative_capacity = 2}};
    outlast::cache_aside remember{store, first_argument, keep(1h)};
    outlast::pipeline p{std::ref(remember)};
    outlast::simulation sim;
    int calls = 0;
    const auto self = [&](int key) { return ++calls, key; };
    sim.call(p, self, 1), sim.call(p, self, 2);
    sim.call(p, self, 1); // a hit: 2 is the oldest now
    for (int key = -1; key != -50; --key)
        CHECK(is_live(sim.call(p, self, key), key));
    CHECK(store.size() == 4);
    CHECK(is_cached(sim.call(p, self, -49), -49)); // a no is an answer
    sim.call(p, self, 3);
    CHECK(is_cached(sim.call(p, self, 1), 1));
    CHECK(is_cached(sim.call(p, self, 3), 3));
    CHECK(is_live(sim.call(p, self, 2), 2));
    CHECK(calls == 3 + 49 + 1);
}

namespace {

/// A pass that says itself until when it is good.
struct pass {
    int id = 0;
    duration expires_after{};
    bool expired = false;
    friend bool operator==(const pass&, const pass&) = default;
};

struct pass_life {
    duration fresh_for = 1000ms;
    lifetime operator()(const pass& p) const {
        if (p.expired)
            return {.fresh_for = 10s, .negative = true};
        return {.fresh_for = fresh_for, .stale_for = 1h};
    }
    std::optional<pass> recheck(const pass& p, duration age) const {
        if (p.expired || age < p.expires_after)
            return std::nullopt;
        return pass{.id = p.id, .expired = true};
    }
};

struct pass_office {
    outlast::memory<int, pass, outlast::no_lock> store{};
    outlast::cache_aside<decltype(store), int (*)(int), pass_life> remember{
        store, [](int key) { return key; }, pass_life{}, {.stale_wait = 100ms}};
    outlast::pipeline<std::reference_wrapper<decltype(remember)>> p{std::ref(remember)};
    int calls = 0;
    bool down = false;
    outlast::simulation sim{};

    auto ask(duration expires_after, duration takes = {}) {
        return [this, expires_after, takes](int key) -> result<pass> {
            ++calls;
            sim.spend(takes);
            if (down)
                return server_error;
            return pass{key, expires_after};
        };
    }
};

} // namespace

TEST_CASE("cache_aside: recheck bounds a fresh entry and replaces it") {
    pass_office office;
    auto& [store, remember, p, calls, down, sim] = office;
    sim.call(p, office.ask(500ms), 7);
    sim.advance(499ms);
    CHECK(!sim.call(p, office.ask(500ms), 7).result().value().expired);
    sim.advance(1ms); // at the limit
    auto& c = sim.call(p, office.ask(500ms), 7);
    CHECK(c.result().value() == pass{.id = 7, .expired = true});
    CHECK(c.attempts() == 0);
    CHECK(c.facts().how == source::cached);
    // What replaced it is kept, as its own life says: 10 s from then on, as a no.
    CHECK(store.find(7)->negative);
    sim.advance(9999ms);
    CHECK(sim.call(p, office.ask(500ms), 7).result().value().expired);
    CHECK(calls == 1);
    sim.advance(1ms);
    CHECK(!sim.call(p, office.ask(500ms), 7).result().value().expired);
    CHECK(calls == 2);
}

TEST_CASE("cache_aside: recheck bounds a stale entry, whatever the window says") {
    pass_office office;
    auto& [store, remember, p, calls, down, sim] = office;
    sim.call(p, office.ask(1500ms), 7);
    down = true;
    sim.advance(1499ms);
    auto& stale = sim.call(p, office.ask(1500ms), 7);
    CHECK(stale.result().value() == pass{.id = 7, .expires_after = 1500ms});
    CHECK(stale.facts().how == source::stale);
    sim.advance(1ms);
    const int before = calls;
    CHECK(sim.call(p, office.ask(1500ms), 7).result().value().expired);
    CHECK(calls == before); // nobody is asked about what has expired
}

TEST_CASE("cache_aside: recheck once more when a stale answer is given after a call that failed") {
    pass_office office;
    auto& [store, remember, p, calls, down, sim] = office;
    sim.call(p, office.ask(1500ms), 7);
    down = true;
    sim.advance(1400ms);
    auto& before = sim.call(p, office.ask(1500ms, 99ms), 7);
    sim.run();
    CHECK(before.result().value() == pass{.id = 7, .expires_after = 1500ms});
    auto& after = sim.call(p, office.ask(1500ms, 1ms), 7); // good at 1499, expired at 1500
    sim.run();
    CHECK(after.finished_at() == at(1500ms));
    CHECK(after.result().value().expired);
    CHECK(calls == 3);
}

TEST_CASE("cache_aside: recheck once more when a stale answer is given after a wait") {
    pass_office office;
    auto& [store, remember, p, calls, down, sim] = office;
    sim.call(p, office.ask(1500ms), 7);
    down = true;
    sim.advance(1350ms);
    sim.call(p, office.ask(1500ms, 1h), 7); // leads, and takes long
    auto& in_time = sim.call(p, office.ask(1500ms), 7);
    sim.advance(100ms);
    CHECK(in_time.result().value() == pass{.id = 7, .expires_after = 1500ms});
    CHECK(in_time.facts().how == source::stale);
    auto& too_late = sim.call(p, office.ask(1500ms), 7); // 1450 + 100
    sim.advance(99ms);
    CHECK(!too_late.done());
    sim.advance(1ms);
    REQUIRE(too_late.done());
    CHECK(too_late.result().value().expired);
    CHECK(calls == 2);
}

TEST_CASE("cache_aside: what a recheck makes of an entry is no live answer, unless it is a no") {
    struct ageing {
        lifetime operator()(int v) const { return {.fresh_for = 1h, .negative = v < 0}; }
        std::optional<int> recheck(int v, duration age) const {
            if (age < 1s || v < 0)
                return std::nullopt;
            return v == 1 ? 1000 : -1;
        }
    };
    shelf store;
    outlast::cache_aside remember{
        store, [](int key, duration max_age) { return outlast::wanted<int>{key, max_age}; },
        ageing{}};
    outlast::pipeline p{std::ref(remember)};
    outlast::simulation sim;
    int calls = 0;
    const auto fetch = [&](int, duration) { return ++calls; };
    const auto ask = [&](duration max_age) -> auto& { return sim.call(p, fetch, 0, max_age); };
    CHECK(is_live(ask(0s), 1));
    sim.advance(1s);
    CHECK(is_cached(ask(outlast::forever), 1000)); // from 1
    store.clear();
    calls = 0;
    CHECK(is_live(ask(0s), 1));
    sim.advance(1s);
    CHECK(is_live(ask(0s), 2)); // not 1000
    sim.advance(1s);
    CHECK(is_cached(ask(0s), -1)); // from 2
    CHECK(calls == 2);
}

TEST_CASE("cache_aside: a demand for a live answer") {
    shelf store;
    const auto key_and_age = [](int key, duration max_age) {
        return outlast::wanted<int>{key, max_age};
    };
    outlast::cache_aside remember{store, key_and_age, keep(1000ms, 1000ms)};
    outlast::pipeline p{std::ref(remember)};
    outlast::simulation sim;
    origin o{.world = &sim};
    const auto fetch = [&](int key, duration) { return o.ask()(key); };
    const auto ask = [&](duration max_age) -> auto& { return sim.call(p, fetch, 0, max_age); };

    SECTION("0: a fresh entry is not enough, a live answer is kept for the others") {
        CHECK(is_live(ask(0s), 1));
        CHECK(is_live(ask(0s), 2));
        CHECK(is_cached(ask(1h), 2));
    }
    SECTION("0: nothing stands in for a live answer") {
        ask(0s);
        o.down = true;
        CHECK(failed_with(ask(0s), server_error));
        CHECK(is_cached(ask(1h), 1)); // and the failure took nothing away
        sim.advance(1500ms);
        CHECK(failed_with(ask(0s), server_error));
        CHECK(is_stale(ask(1h), 1, 1500ms));
    }
    SECTION("n: an entry as old as that is taken, an older one is not, fresh or stale") {
        ask(0s);
        sim.advance(300ms);
        CHECK(is_cached(ask(300ms), 1));
        CHECK(is_live(ask(299ms), 2));
        o.down = true;
        sim.advance(1200ms);
        CHECK(is_stale(ask(1200ms), 2, 1200ms));
        CHECK(failed_with(ask(1199ms), server_error));
    }
    SECTION("0: joins a call that is under way, and takes what that learns") {
        ask(1h);
        o.takes = 50ms;
        auto& a = ask(0s);
        auto& b = ask(0s);
        sim.run();
        CHECK(is_live(a, 2));
        CHECK(is_cached(b, 2));
        CHECK(b.facts().age == 0s); // learnt after it asked
        CHECK(o.calls == 2);
    }
}

TEST_CASE("cache_aside: which failures a stale answer stands in for") {
    const auto not_found = [](const outlast::verdict& v) {
        return v.error() != std::errc::no_such_file_or_directory;
    };
    shelf store;
    outlast::cache_aside remember{store, first_argument, keep(1s, 1h), {.stale_if = not_found}};
    outlast::pipeline p{std::ref(remember)};
    outlast::simulation sim;
    origin o{.world = &sim};
    sim.call(p, o.ask(), 0);
    sim.advance(2s);
    o.down = true;
    CHECK(is_stale(sim.call(p, o.ask(), 0), 1, 2s));
    const auto gone = [](int) -> result<int> {
        return std::make_error_code(std::errc::no_such_file_or_directory);
    };
    CHECK(failed_with(sim.call(p, gone, 0),
                      std::make_error_code(std::errc::no_such_file_or_directory)));
    // One who gives up gets no answer either.
    o.takes = 1s;
    auto& c = sim.call(p, o.ask(), 0);
    sim.advance(500ms);
    c.cancel();
    CHECK(failed_with(c, refusal::cancelled));
    const auto cancelled_inside = [](int) -> result<int> { return refusal::cancelled; };
    CHECK(failed_with(sim.call(p, cancelled_inside, 0), refusal::cancelled));
}

TEST_CASE("cache_aside: an entry that was erased or became too old meanwhile is not served") {
    shelf store;
    outlast::cache_aside remember{store, first_argument, keep(1000ms, 10000ms)};
    outlast::pipeline p{std::ref(remember)};
    outlast::simulation sim;
    origin o{.world = &sim};
    sim.call(p, o.ask(), 0);
    o.down = true;
    o.takes = 100ms;
    SECTION("erased") {
        sim.advance(1500ms);
        auto& c = sim.call(p, o.ask(), 0);
        sim.advance(50ms);
        store.erase(0);
        sim.run();
        CHECK(failed_with(c, server_error));
    }
    SECTION("too old at the moment of the answer") {
        sim.advance(10899ms);
        auto& in_time = sim.call(p, o.ask(), 0);
        sim.run();
        CHECK(in_time.finished_at() == at(10999ms));
        CHECK(in_time.result().value() == 1);
        auto& too_late = sim.call(p, o.ask(), 0);
        sim.run();
        CHECK(failed_with(too_late, server_error));
    }
    SECTION("erased while its reader waits for another's call") {
        sim.advance(1500ms);
        sim.call(p, o.ask(), 0);
        outlast::cache_aside impatient{
            store, first_argument, keep(1000ms, 10000ms), {.stale_wait = 20ms}};
        outlast::pipeline q{std::ref(impatient)};
        sim.call(q, o.ask(), 0);
        auto& waiting = sim.call(q, o.ask(), 0);
        sim.advance(10ms);
        store.erase(0);
        sim.advance(10ms);
        CHECK(failed_with(waiting, refusal::unavailable));
        CHECK(waiting.finished_at() == at(1520ms));
        sim.run(); // before its policies go
    }
}

TEST_CASE("cache_aside: what is forgotten is not learnt by a call that was under way") {
    shelf store;
    bool keeps = true;
    outlast::cache_aside remember{store, first_argument,
                                  [&](int) { return lifetime{.fresh_for = keeps ? 1h : 0h}; }};
    outlast::pipeline p{std::ref(remember)};
    outlast::simulation sim;
    origin o{.world = &sim, .takes = 50ms};
    const auto nothing_is_kept = [&] { return store.size() == 0; };
    SECTION("an entry") {
        sim.call(p, o.ask(), 0), sim.call(p, o.ask(), 1);
        sim.run();
        remember.forget(0);
        CHECK(store.size() == 1);
        CHECK(is_cached(sim.call(p, o.ask(), 1), 2));
    }
    SECTION("by the call that leads; the next one asks anew, at once") {
        auto& a = sim.call(p, o.ask(), 0);
        sim.advance(20ms);
        remember.forget(0);
        auto& b = sim.call(p, o.ask(), 0);
        sim.advance(30ms);
        CHECK(is_live(a, 1));
        CHECK(nothing_is_kept());
        sim.run();
        CHECK(is_live(b, 2));
        CHECK(b.finished_at() == at(70ms));
        CHECK(is_cached(sim.call(p, o.ask(), 0), 2));
    }
    SECTION("by those who wait for it: they go alone") {
        sim.call(p, o.ask(), 0);
        auto& b = sim.call(p, o.ask(), 0);
        sim.advance(20ms);
        remember.forget(0);
        sim.run();
        CHECK(is_live(b, 2));
        CHECK(b.finished_at() == at(100ms));
        CHECK(store.find(0)->value == 2); // asked after it was forgotten
    }
    SECTION("by a call that goes alone") {
        keeps = false;
        sim.call(p, o.ask(), 0);
        sim.call(p, o.ask(), 0);
        sim.advance(75ms); // the first one's answer was not to be kept: alone since 50
        keeps = true;
        remember.forget(0);
        sim.run();
        CHECK(o.calls == 2);
        CHECK(nothing_is_kept());
    }
    SECTION("by a follower that has become the leader") {
        auto& a = sim.call(p, o.ask(), 0);
        auto& b = sim.call(p, o.ask(), 0);
        sim.advance(10ms);
        remember.forget(0);
        sim.call(p, o.ask(), 0); // another flight
        a.cancel();
        sim.advance(10ms);
        CHECK(b.attempts() == 1);
        remember.forget(0); // reaches both
        sim.run();
        CHECK(o.calls == 3);
        CHECK(nothing_is_kept());
    }
    SECTION("while it is being kept") {
        int kept = 0;
        std::function<void()> meanwhile = [] {};
        outlast::cache_aside slow{store, first_argument, [&](int) {
                                      ++kept;
                                      meanwhile(); // another thread, say
                                      return lifetime{.fresh_for = 1h};
                                  }};
        outlast::pipeline q{std::ref(slow)};
        meanwhile = [&] { slow.forget(0); };
        sim.call(q, o.ask(), 0);
        sim.run();
        CHECK(kept == 1);
        CHECK(nothing_is_kept());
    }
    SECTION("and does not drop what was learnt since") {
        sim.call(p, o.ask(), 0);
        sim.advance(20ms);
        remember.forget(0);
        o.takes = 10ms;
        sim.call(p, o.ask(), 0); // over before the first
        sim.run();
        CHECK(o.calls == 2);
        CHECK(is_cached(sim.call(p, o.ask(), 0), 2));
    }
    SECTION("a stale answer is not given after it was forgotten") {
        outlast::cache_aside stale{store, first_argument, keep(1s, 1h)};
        outlast::pipeline q{std::ref(stale)};
        sim.call(q, o.ask(), 0);
        sim.run();
        sim.advance(2s);
        o.down = true;
        auto& c = sim.call(q, o.ask(), 0);
        sim.advance(10ms);
        stale.forget(0);
        sim.run();
        CHECK(failed_with(c, server_error));
    }
}

TEST_CASE("cache_aside: a call without an answer waits for another one as long as it is told to") {
    for (const duration wait : {duration{0}, duration{20ms}}) {
        CAPTURE(wait);
        shelf store;
        outlast::cache_aside remember{store, first_argument, keep(1h), {.wait = wait}};
        outlast::pipeline p{std::ref(remember)};
        outlast::simulation sim;
        origin o{.world = &sim, .takes = 50ms};
        auto& a = sim.call(p, o.ask(), 0);
        auto& b = sim.call(p, o.ask(), 0);
        auto& c = sim.call_by(at(10ms), p, o.ask(), 0);
        sim.run();
        CHECK(is_live(a, 1));
        CHECK(failed_with(b, refusal::unavailable));
        CHECK(b.finished_at() == at(wait));
        CHECK(failed_with(c, wait < 10ms ? refusal::unavailable : refusal::timed_out));
        CHECK(o.calls == 1);
    }
    CHECK(outlast::cache_aside_options{}.wait == outlast::no_limit);
    CHECK(outlast::cache_aside_options{.wait = -1ns}.problem() != nullptr);
}

TEST_CASE("cache_aside: who becomes the leader at its own deadline calls nobody") {
    shelf store;
    outlast::cache_aside remember{store, first_argument, keep(1h)};
    outlast::pipeline p{std::ref(remember)};
    outlast::simulation sim;
    origin o{.world = &sim, .takes = 100ms};
    auto& a = sim.call(p, o.ask(), 0);
    auto& b = sim.call_by(at(50ms), p, o.ask(), 0);
    auto& c = sim.call(p, o.ask(), 0);
    sim.at(at(50ms), [&] { a.cancel(); });
    sim.run();
    CHECK(failed_with(b, refusal::timed_out));
    CHECK(b.attempts() == 0);
    CHECK(is_live(c, 2)); // its turn, after all
    CHECK(o.calls == 2);
}

TEST_CASE("cache_aside: a follower's failure has a code, whatever its leader's was without") {
    shelf store;
    outlast::cache_aside cache{store, first_argument, keep(1min)};
    outlast::pipeline p{std::ref(cache)};
    outlast::simulation sim;
    const auto throws = [&](int) -> result<int> {
        sim.spend(1s);
        throw std::runtime_error("x");
    };
    const auto takes = [&](int) { return sim.spend(1s), 5; };
    const outlast::judged useless{takes,
                                  [](int) { return outlast::verdict::failure(std::error_code{}); }};
    auto& leader = sim.call(p, throws, 1);
    auto& follower = sim.call(p, throws, 1);
    auto& judged_leader = sim.call(p, useless, 2);
    auto& judged_follower = sim.call(p, useless, 2);
    sim.run();
    CHECK(leader.result().error().why() == refusal::threw);
    CHECK(follower.attempts() == 0);
    CHECK(follower.result().error().code() == refusal::threw);
    CHECK(follower.result().error().thrown() == nullptr); // that is its leader's
    CHECK(follower.result().error().message() == "the callable threw");
    CHECK(judged_leader.result().value() == 5); // the last value is returned as it is
    CHECK(judged_follower.result().error().code() == refusal::unavailable);
}

TEST_CASE("cache_aside: an old row does not stand in for the answer that there is none") {
    shelf store;
    outlast::cache_aside rows{store, first_argument, keep(1s, 1h)};
    outlast::pipeline p{std::ref(rows)};
    outlast::simulation sim;
    origin o;
    outlast::judged find{o.ask(), [](const outlast::failure& f) {
                             return f.code() == server_error ? outlast::verdict::success()
                                                             : outlast::verdict::failure();
                         }};
    CHECK(is_live(sim.call(p, find, 1), 1));
    sim.advance(2s);
    o.down = true;
    CHECK(failed_with(sim.call(p, find, 1), server_error));
    SECTION("unless somebody wants it to") {
        outlast::cache_aside lenient{store,
                                     first_argument,
                                     keep(1s, 1h),
                                     {.stale_if = [](const outlast::verdict&) { return true; }}};
        outlast::pipeline q{std::ref(lenient)};
        CHECK(is_stale(sim.call(q, find, 1), 1, 2s));
    }
}

TEST_CASE("cache_aside: the last reply is the answer, too, when what could stand in is gone") {
    shelf store;
    outlast::cache_aside cache{store, first_argument, keep(1s, 1h)};
    outlast::pipeline p{std::ref(cache)};
    outlast::simulation sim;
    CHECK(is_live(sim.call(p, [](int) { return 200; }, 1), 200));
    sim.advance(2s);
    const auto down = [&](int key) { return cache.forget(key), 503; };
    auto& c = sim.call(p, outlast::judged{down, [](int status) { return status < 500; }}, 1);
    REQUIRE(c.result().has_value());
    CHECK(c.result().value() == 503);
    CHECK(c.facts().how == source::live);
}

TEST_CASE("cache_aside: a stale no is no answer to who demands a live one") {
    shelf store;
    const auto wants = [](int key, duration oldest) { return outlast::wanted<int>{key, oldest}; };
    outlast::cache_aside cache{store, wants, keep(1s, 1h)};
    outlast::pipeline p{std::ref(cache)};
    outlast::simulation sim;
    bool down = false;
    const auto ask = [&](int, duration) -> result<int> {
        if (down)
            return server_error;
        return -1;
    };
    CHECK(is_live(sim.call(p, ask, 1, duration{0}), -1));
    CHECK(is_cached(sim.call(p, ask, 1, duration{0}), -1)); // a fresh one is safe to believe
    sim.advance(2s);
    down = true;
    CHECK(failed_with(sim.call(p, ask, 1, duration{0}), server_error));
    CHECK(is_stale(sim.call(p, ask, 1, duration{1h}), -1, 2s));
}

TEST_CASE("cache_aside: followers share a failure, with what stale answer each may have") {
    shelf store;
    outlast::cache_aside remember{store, first_argument, keep(1000ms, 10000ms)};
    outlast::pipeline p{std::ref(remember)};
    outlast::simulation sim;
    origin o{.world = &sim, .takes = 50ms, .down = true};
    SECTION("no entry") {
        auto& a = sim.call(p, o.ask(), 0);
        auto& b = sim.call(p, o.ask(), 0);
        sim.advance(30ms);
        auto& c = sim.call(p, o.ask(), 0);
        sim.run();
        for (auto* each : {&a, &b, &c}) {
            CHECK(failed_with(*each, server_error));
            CHECK(each->finished_at() == at(50ms));
        }
        CHECK(o.calls == 1);
        CHECK(a.result().error().attempts() == 1);
        CHECK(b.result().error().attempts() == 0);
    }
    SECTION("a stale one") {
        o.down = false;
        sim.call(p, o.ask(), 0);
        sim.run();
        o.down = true;
        sim.advance(1500ms);
        auto& a = sim.call(p, o.ask(), 0);
        auto& b = sim.call(p, o.ask(), 0);
        sim.run();
        CHECK(is_stale(a, 1, 1500ms));
        CHECK(is_stale(b, 1, 1500ms));
        CHECK(o.calls == 2);
        CHECK(b.finished_at() == at(1600ms));
    }
    SECTION("the hint travels along") {
        const auto busy = [&](int) -> result<int> {
            sim.spend(10ms);
            return outlast::failure{server_error}.with_retry_after(3s);
        };
        auto& a = sim.call(p, busy, 0);
        auto& b = sim.call(p, busy, 0);
        sim.run();
        CHECK(a.result().error().retry_after() == 3s);
        CHECK(b.result().error().retry_after() == 3s);
    }
}

TEST_CASE("cache_aside: followers go alone when the good answer was not to be kept") {
    shelf store;
    outlast::cache_aside remember{store, first_argument, keep(0s)};
    outlast::pipeline p{std::ref(remember)};
    outlast::simulation sim;
    origin o{.world = &sim, .takes = 50ms};
    auto& a = sim.call(p, o.ask(), 0);
    auto& b = sim.call(p, o.ask(), 0);
    auto& c = sim.call(p, o.ask(), 0);
    sim.run();
    CHECK(o.calls == 3);
    CHECK(is_live(a, 1));
    CHECK(a.finished_at() == at(50ms));
    for (auto* alone : {&b, &c}) {
        CHECK(alone->facts().how == source::live);
        CHECK(alone->finished_at() == at(100ms)); // at once, not one after the other
    }
}

TEST_CASE("cache_aside: a follower with a stale answer waits for so long, then gives it") {
    for (const duration wait : {duration{0}, duration{20ms}, duration{500ms}}) {
        CAPTURE(wait);
        shelf store;
        outlast::cache_aside remember{
            store, first_argument, keep(1000ms, 1h), {.stale_wait = wait}};
        outlast::pipeline p{std::ref(remember)};
        outlast::simulation sim;
        origin o{.world = &sim};
        sim.call(p, o.ask(), 0);
        sim.advance(1500ms);
        o.takes = 10s;
        auto& leader = sim.call(p, o.ask(), 0);
        auto& waiting = sim.call(p, o.ask(), 0);
        sim.advance(1s);
        CHECK(is_stale(waiting, 1, 1500ms));
        CHECK(waiting.finished_at() == at(1500ms + wait));
        CHECK(!leader.done());
        sim.run();
        CHECK(is_live(leader, 2));
    }
    CHECK(outlast::cache_aside_options{}.stale_wait == 500ms);
}

TEST_CASE("cache_aside: a follower with a stale answer takes the new one if it comes in time") {
    shelf store;
    outlast::cache_aside remember{store, first_argument, keep(1000ms, 1h)};
    outlast::pipeline p{std::ref(remember)};
    outlast::simulation sim;
    origin o{.world = &sim};
    sim.call(p, o.ask(), 0);
    sim.advance(1500ms);
    o.takes = 499ms;
    sim.call(p, o.ask(), 0);
    auto& waiting = sim.call(p, o.ask(), 0);
    sim.run();
    CHECK(is_cached(waiting, 2));
    CHECK(waiting.finished_at() == at(1999ms));
}

TEST_CASE("cache_aside: a leader whose time is over makes a follower the leader") {
    shelf store;
    outlast::cache_aside remember{store, first_argument, keep(1h)};
    outlast::pipeline p{outlast::timeout{50ms}, std::ref(remember)};
    outlast::simulation sim;
    origin o{.world = &sim, .takes = 60ms};
    auto& a = sim.call(p, o.ask(), 0);
    sim.advance(10ms);
    auto& b = sim.call(p, o.ask(), 0);
    auto& c = sim.call_by(at(45ms), p, o.ask(), 0);
    sim.advance(35ms);
    CHECK(failed_with(c, refusal::timed_out)); // each keeps its own deadline
    CHECK(c.finished_at() == at(45ms));
    o.takes = 5ms;
    sim.run();
    CHECK(failed_with(a, refusal::timed_out));
    CHECK(a.finished_at() == at(50ms));
    CHECK(is_live(b, 2));
    CHECK(b.finished_at() == at(55ms));
    CHECK(o.calls == 2);
}

TEST_CASE("cache_aside: a timeout of the work alone is a failure that all share") {
    shelf store;
    outlast::cache_aside remember{store, first_argument, keep(1h)};
    outlast::pipeline p{std::ref(remember), outlast::timeout{50ms}};
    outlast::simulation sim;
    origin o{.world = &sim, .takes = 60ms};
    auto& a = sim.call(p, o.ask(), 0);
    auto& b = sim.call(p, o.ask(), 0);
    sim.run();
    CHECK(o.calls == 1);
    for (auto* each : {&a, &b}) {
        CHECK(failed_with(*each, refusal::timed_out));
        CHECK(each->finished_at() == at(50ms));
    }
}

TEST_CASE("cache_aside: a follower waits no longer than its own deadline") {
    shelf store;
    outlast::cache_aside remember{store, first_argument, keep(1s, 1h)};
    outlast::pipeline p{std::ref(remember)};
    outlast::simulation sim;
    origin o{.world = &sim, .takes = 1s};
    auto& leader = sim.call(p, o.ask(), 0);
    auto& hurried = sim.call_by(at(30ms), p, o.ask(), 0);
    sim.advance(30ms);
    CHECK(failed_with(hurried, refusal::timed_out));
    sim.run();
    CHECK(is_live(leader, 1));
    // Nor does a stale answer in hand help: the deadline wins over it.
    sim.advance(2s);
    sim.call(p, o.ask(), 0);
    auto& stale = sim.call_by(outlast::after(sim.time(), 30ms), p, o.ask(), 0);
    sim.run();
    CHECK(failed_with(stale, refusal::timed_out));
}

TEST_CASE("cache_aside: a good value that came too late is kept, its caller has timed out") {
    shelf store;
    outlast::cache_aside remember{store, first_argument, keep(1h)};
    outlast::simulation sim;
    origin o{.world = &sim, .takes = 50ms};
    SECTION("late for a timeout inside") {
        outlast::pipeline p{std::ref(remember), outlast::timeout{50ms}};
        auto& a = sim.call(p, o.ask(), 0);
        auto& b = sim.call(p, o.ask(), 0);
        sim.run();
        CHECK(failed_with(a, refusal::timed_out));
        CHECK(is_cached(b, 1)); // it had no deadline of its own
        CHECK(is_cached(sim.call(p, o.ask(), 0), 1));
    }
    SECTION("late for a timeout outside") {
        outlast::pipeline p{outlast::timeout{50ms}, std::ref(remember)};
        CHECK(!sim.call(p, o.ask(), 0).done());
        sim.run();
        CHECK(is_cached(sim.call(p, o.ask(), 0), 1));
    }
    CHECK(o.calls == 1);
}

TEST_CASE(
    "cache_aside: with a stale answer in hand a call fares no worse when the new one is late") {
    shelf store;
    outlast::cache_aside remember{store, first_argument, keep(1s, 1h)};
    outlast::pipeline p{std::ref(remember), outlast::timeout{50ms}};
    outlast::simulation sim;
    origin o{.world = &sim};
    sim.call(p, o.ask(), 0);
    sim.advance(2s);
    o.takes = 50ms;
    auto& late = sim.call(p, o.ask(), 0);
    sim.run();
    // The late value was kept a moment before, and is the better stand-in.
    CHECK(is_cached(late, 2));
    CHECK(is_cached(sim.call(p, o.ask(), 0), 2));
    o.takes = 51ms;
    sim.advance(2s);
    auto& cut = sim.call(p, o.ask(), 0);
    sim.run();
    CHECK(cut.result().value() == 2);
    CHECK(cut.facts().how == source::stale);
}

namespace {

/// Notes on what terms calls come in.
struct terms_noted {
    std::vector<bool> spares{};
    struct run : outlast::leaf {
        terms_noted* notes;
        explicit run(terms_noted& n) : notes(&n) {}
        outlast::step begin(outlast::reading&, outlast::terms t, outlast::verdict&) {
            notes->spares.push_back(t.spare);
            return outlast::step::call(outlast::work, t.by);
        }
    };
    run start() { return run{*this}; }
};

} // namespace

TEST_CASE("cache_aside: a call that holds a stale answer says inwards that it loses nothing") {
    shelf store;
    outlast::cache_aside remember{store, first_argument, keep(1s, 10s)};
    terms_noted notes;
    outlast::pipeline p{std::ref(remember), std::ref(notes)};
    outlast::simulation sim;
    origin o;
    sim.call(p, o.ask(), 0); // no entry
    sim.advance(2s);
    sim.call(p, o.ask(), 0); // a stale one
    sim.advance(11s);
    sim.call(p, o.ask(), 0); // too old
    CHECK(notes.spares == std::vector<bool>{false, true, false});
}

TEST_CASE("cache_aside: a no is taken while it is fresh, however live an answer is demanded") {
    shelf store;
    const auto live = [](int key) { return outlast::wanted<int>{key, duration{0}}; };
    outlast::cache_aside remember{store, live, keep(1s, 1s)};
    outlast::pipeline p{std::ref(remember)};
    outlast::simulation sim;
    int calls = 0;
    const auto no = [&](int) { return ++calls, -1; };
    CHECK(is_live(sim.call(p, no, 0), -1));
    CHECK(is_cached(sim.call(p, no, 0), -1));
    sim.advance(1s);
    CHECK(is_live(sim.call(p, no, 0), -1));
    CHECK(calls == 2);
}

namespace {

using broken_store = outlast_tests::fake_store<int, int>;
static_assert(outlast::store<broken_store>);

} // namespace

TEST_CASE("cache_aside: a store that throws fails no call, and no wait") {
    broken_store store;
    duration fresh = 1s;
    outlast::cache_aside remember{
        store, first_argument, [&](int) { return lifetime{.fresh_for = fresh, .stale_for = 1h}; }};
    outlast::pipeline p{std::ref(remember)};
    outlast::simulation sim;
    origin o{.world = &sim, .takes = 50ms};
    SECTION("find") {
        store.find_throws = true;
        auto& a = sim.call(p, o.ask(), 0);
        auto& b = sim.call(p, o.ask(), 0);
        sim.run();
        CHECK(is_live(a, 1));
        CHECK(is_live(b, 2));
        store.find_throws = false;
        CHECK(is_cached(sim.call(p, o.ask(), 0), 2)); // it was kept all the same
    }
    SECTION("find, where a stale answer was hoped for") {
        sim.call(p, o.ask(), 0);
        sim.run();
        sim.advance(2s);
        o.down = true;
        auto& a = sim.call(p, o.ask(), 0);
        auto& b = sim.call(p, o.ask(), 0);
        store.find_throws = true;
        sim.run();
        CHECK(failed_with(a, server_error));
        CHECK(failed_with(b, server_error));
    }
    SECTION("put") {
        store.put_throws = true;
        auto& a = sim.call(p, o.ask(), 0);
        auto& b = sim.call(p, o.ask(), 0);
        sim.run();
        CHECK(is_live(a, 1));
        CHECK(is_live(b, 2)); // nothing was kept: alone
        CHECK(store.size() == 0);
    }
    SECTION("erase") {
        store.erase_throws = true;
        fresh = 0s;
        auto& a = sim.call(p, o.ask(), 0);
        auto& b = sim.call(p, o.ask(), 0);
        sim.run();
        CHECK(is_live(a, 1));
        CHECK(is_live(b, 2));
    }
    SECTION("and afterwards nobody waits for a flight that is no more") {
        store.find_throws = store.put_throws = store.erase_throws = true;
        sim.call(p, o.ask(), 0);
        sim.run();
        store.find_throws = store.put_throws = store.erase_throws = false;
        auto& c = sim.call(p, o.ask(), 0);
        sim.run();
        CHECK(is_live(c, 2));
    }
}

TEST_CASE("cache_aside: followers of a call whose answer is not to be found go at once, alone") {
    constexpr int followers = 5;
    broken_store store;
    const auto heavy = [](const int&) -> std::size_t { return 2; };
    shelf too_small{{.max_weight = 1, .weigh = heavy}};
    outlast::simulation sim;
    origin o{.world = &sim, .takes = 50ms};
    const auto all_at_once = [&](auto& shelf) {
        outlast::cache_aside remember{shelf, first_argument, keep(1h)};
        outlast::pipeline p{std::ref(remember)};
        auto& leader = sim.call(p, o.ask(), 0);
        std::vector<decltype(&leader)> calls;
        for (int i = 0; i != followers; ++i)
            calls.push_back(&sim.call(p, o.ask(), 0));
        const auto begun = sim.time();
        sim.run();
        CHECK(leader.finished_at() == outlast::after(begun, 50ms));
        for (auto* c : calls) {
            CHECK(c->facts().how == source::live);
            CHECK(c->finished_at() == outlast::after(begun, 100ms)); // not one after the other
        }
        CHECK(o.calls == 1 + followers);
    };
    SECTION("the store throws") {
        store.find_throws = true;
        all_at_once(store);
    }
    SECTION("the store does not keep it") { all_at_once(too_small); }
    SECTION("the store loses it at once") {
        store.now = [&] { return outlast::never; };
        all_at_once(store);
    }
}

TEST_CASE("cache_aside: a store that looks at the time to live is as good as one that does not") {
    broken_store store;
    outlast::simulation sim;
    store.now = [&] { return sim.time(); };
    outlast::cache_aside remember{store, first_argument, keep(1s, 10s)};
    outlast::pipeline p{std::ref(remember)};
    origin o;
    sim.call(p, o.ask(), 0);
    CHECK(is_cached(sim.call(p, o.ask(), 0), 1));
    o.down = true;
    sim.advance(10999ms);
    CHECK(is_stale(sim.call(p, o.ask(), 0), 1, 10999ms));
    CHECK(store.size() == 1);
    sim.advance(1ms);
    CHECK(failed_with(sim.call(p, o.ask(), 0), server_error));
    CHECK(store.size() == 0);
    CHECK(store.began.put == 1);
    CHECK(store.began.find ==
          5); // a hit is one; a stale answer is looked up again when it is given
}

TEST_CASE("cache_aside: what is forgotten while a store dawdles does not come back") {
    using operation = broken_store::operation;
    broken_store store;
    outlast::simulation sim;
    origin o;
    int forgets = 0;
    SECTION("with the keeping of what a call has learnt") {
        outlast::cache_aside remember{store, first_argument, keep(1h)};
        outlast::pipeline p{std::ref(remember)};
        store.before = [&](operation what) {
            if (what == operation::put && forgets++ == 0)
                remember.forget(0); // by another thread, say, after the last look at the flight
        };
        CHECK(is_live(sim.call(p, o.ask(), 0), 1));
        CHECK(forgets == 1);
        CHECK(store.size() == 0);
    }
    SECTION("with the keeping of what a recheck has made of it") {
        struct ageing {
            lifetime operator()(int) const { return {.fresh_for = 1h}; }
            std::optional<int> recheck(int v, duration age) const {
                return age >= 1s ? std::optional{v + 100} : std::nullopt;
            }
        };
        outlast::cache_aside remember{store, first_argument, ageing{}};
        outlast::pipeline p{std::ref(remember)};
        CHECK(is_live(sim.call(p, o.ask(), 0), 1));
        sim.advance(1s);
        CHECK(is_cached(sim.call(p, o.ask(), 0), 101));
        CHECK(store.find(0)->value == 101);
        sim.advance(1s);
        bool learns = false;
        store.before = [&](operation what) {
            if (what != operation::put || forgets++ != 0)
                return;
            remember.forget(0);
            if (learns)
                store.put(0, {7, {.since = sim.time(), .fresh_until = outlast::never}, false});
        };
        SECTION("which is gone") {
            CHECK(is_cached(sim.call(p, o.ask(), 0), 201)); // it began before it was forgotten
            CHECK(store.size() == 0);
        }
        SECTION("or was learnt anew meanwhile") {
            learns = true;
            CHECK(is_cached(sim.call(p, o.ask(), 0), 201));
            CHECK(store.find(0)->value == 7);
        }
        CHECK(forgets > 0);
    }
}

TEST_CASE("cache_aside: a life that throws, a value that cannot be copied, fail no call") {
    bool throws = true;
    shelf store;
    outlast::cache_aside remember{store, first_argument, [&](int) {
                                      if (throws)
                                          throw std::runtime_error("life");
                                      return lifetime{.fresh_for = 1h};
                                  }};
    outlast::pipeline p{std::ref(remember)};
    outlast::simulation sim;
    origin o{.world = &sim, .takes = 50ms};
    auto& a = sim.call(p, o.ask(), 0);
    auto& b = sim.call(p, o.ask(), 0);
    sim.run();
    CHECK(is_live(a, 1));
    CHECK(is_live(b, 2));

    struct brittle {
        int value = 0;
        bool* copies;
        brittle(int v, bool& c) : value(v), copies(&c) {}
        brittle(const brittle& other) : value(other.value), copies(other.copies) {
            if (!*copies)
                throw std::runtime_error("copy");
        }
        brittle(brittle&&) = default;
    };
    bool copies = true;
    outlast::memory<int, brittle, outlast::no_lock> shelf2;
    outlast::cache_aside keep_brittle{shelf2, first_argument,
                                      [](const brittle&) { return lifetime{.fresh_for = 1h}; }};
    outlast::pipeline q{std::ref(keep_brittle)};
    int calls = 0;
    const auto make = [&](int) { return brittle{++calls, copies}; };
    CHECK(q(make, 0).value().value == 1);
    CHECK(q(make, 0).value().value == 1); // a hit
    copies = false;
    CHECK(q(make, 0).value().value == 2); // it cannot be had from the cache
}

TEST_CASE("cache_aside: bad options are refused") {
    CHECK(outlast::cache_aside_options{}.problem() == nullptr);
    CHECK(outlast::cache_aside_options{.stale_wait = 0s}.problem() == nullptr);
    CHECK(outlast::cache_aside_options{.stale_wait = -1ns}.problem() != nullptr);
    shelf store;
    using cache = outlast::cache_aside<shelf, decltype(first_argument), decltype(keep(1s))>;
    CHECK_THROWS_AS(cache(store, first_argument, keep(1s), {.stale_wait = -1ns}),
                    std::invalid_argument);
    const cache good{store, first_argument, keep(1s), {.stale_wait = 7ms}};
    CHECK(good.options().stale_wait == 7ms);
}

TEST_CASE("cache_aside: inside a retry each round looks anew") {
    shelf store;
    outlast::cache_aside remember{store, first_argument, keep(1s, 10s)};
    outlast::pipeline p{
        outlast_tests::unnamed{outlast::retry{{.backoff = outlast::constant(100ms)}}},
        std::ref(remember)};
    outlast::simulation sim;
    origin o{.world = &sim, .down = true};
    auto& c = sim.call(p, o.ask(), 0);
    sim.advance(50ms);
    store.put(0, {42, outlast::freshness::from(sim.time(), {1s}), false});
    sim.run();
    CHECK(is_cached(c, 42));
    CHECK(c.finished_at() == at(100ms));
    CHECK(c.facts().age == 50ms);
    CHECK(o.calls == 1);
}

// --- why a stale answer was given ---

TEST_CASE("cache_aside: a report says what a stale answer stands in for, and when to ask again") {
    shelf store;
    outlast::cache_aside remember{store, first_argument, keep(1s, 1h)};
    outlast::simulation sim;
    origin o{.world = &sim};
    SECTION("the source's own hint") {
        outlast::pipeline p{std::ref(remember)};
        sim.call(p, o.ask(), 0);
        sim.advance(2s);
        const auto busy = [](int) -> result<int> {
            return outlast::failure{server_error}.with_retry_after(7s);
        };
        auto& c = sim.call(p, busy, 0);
        CHECK(is_stale(c, 1, 2s));
        CHECK(c.facts().because.error() == server_error);
        CHECK(c.facts().retry_after == 7s);
    }
    SECTION("a breaker that has opened") {
        outlast::basic_circuit_breaker<> breaker{
            {.failure_ratio = 1_percent, .window = 1, .minimum_calls = 1, .open_for = 10s}};
        outlast::pipeline p{std::ref(remember), std::ref(breaker)};
        sim.call(p, o.ask(), 0);
        sim.advance(2s);
        o.down = true;
        sim.call(p, o.ask(), 0);
        sim.advance(4s);
        auto& c = sim.call(p, o.ask(), 0);
        CHECK(is_stale(c, 1, 6s));
        CHECK(o.calls == 2);
        CHECK(c.facts().because.why == refusal::circuit_open);
        CHECK(c.facts().because.error() == server_error); // what had opened it
        CHECK(c.facts().retry_after == 6s);
    }
    SECTION("another's failure, a timeout, a wait that was long enough") {
        outlast::pipeline p{std::ref(remember), outlast::timeout{600ms}};
        sim.call(p, o.ask(), 0);
        sim.advance(2s);
        o.takes = 100ms;
        o.down = true;
        sim.call(p, o.ask(), 0);
        auto& told_so = sim.call(p, o.ask(), 0);
        sim.run();
        CHECK(told_so.facts().because.error() == server_error);
        o.takes = 1s;
        auto& cut = sim.call(p, o.ask(), 0);
        auto& waited = sim.call(p, o.ask(), 0);
        sim.run();
        CHECK(is_stale(waited, 1, 2100ms));
        CHECK(waited.facts().because.why == refusal::unavailable);
        CHECK(is_stale(cut, 1, 2100ms));
        CHECK(cut.facts().because.why == refusal::timed_out);
    }
}

// --- refresh ahead ---

namespace {

/// Entries live 1000 ms, and are due between 800 and 900; a refresh may take 50 ms.
constexpr outlast::cache_aside_options eager{.refresh_ahead = 20_percent, .refresh_limit = 50ms};

struct refreshing {
    outlast::simulation sim{};
    origin o{.world = &sim};
    told t{};
    shelf store{};
    decltype(keep(1s)) life = keep(1000ms, 1h);
    outlast::cache_aside<shelf, decltype(first_argument), decltype(life)> remember{
        store, first_argument, life, options()};

    outlast::cache_aside_options options() {
        outlast::cache_aside_options all = eager;
        all.events = t;
        return all;
    }
};

} // namespace

TEST_CASE("refresh ahead: one caller near the end asks, all others are answered from the cache") {
    refreshing w;
    auto& [sim, o, t, store, life, remember] = w;
    outlast::pipeline p{std::ref(remember)};
    sim.call(p, o.ask(), 0);
    o.takes = 30ms;
    sim.advance(799ms);
    CHECK(is_cached(sim.call(p, o.ask(), 0), 1)); // not yet
    sim.advance(101ms);
    auto& one = sim.call(p, o.ask(), 0);
    for (int i = 0; i != 3; ++i) {
        auto& other = sim.call(p, o.ask(), 0);
        CHECK(is_cached(other, 1));
        CHECK(other.finished_at() == at(900ms)); // no wait
    }
    sim.run();
    CHECK(is_live(one, 2));
    CHECK(one.finished_at() == at(930ms));
    CHECK(o.calls == 2);
    CHECK(t.stores() == 2);
    CHECK(t.count(outlast::event_kind::refreshed) == 1);
    CHECK(t.misses() == 1); // the first of all
    CHECK(t.hits() == 4);
    // Its life begins anew.
    sim.advance(799ms);
    CHECK(is_cached(sim.call(p, o.ask(), 0), 2));
    CHECK(o.calls == 2);
}

TEST_CASE(
    "refresh ahead: what fails, is refused or takes too long is answered with the fresh entry") {
    refreshing w;
    auto& [sim, o, t, store, life, remember] = w;
    SECTION("it fails: none is tried for a while") {
        outlast::pipeline p{std::ref(remember)};
        sim.call(p, o.ask(), 0), sim.call(p, o.ask(), 1);
        sim.advance(900ms);
        o.down = true;
        o.takes = 20ms;
        auto& c = sim.call(p, o.ask(), 0);
        sim.run();
        CHECK(is_cached(c, 1));
        CHECK(c.facts().age == 900ms);
        CHECK(c.attempts() == 1);
        CHECK(c.finished_at() == at(920ms));
        for (int key : {0, 1}) {
            auto& next = sim.call(p, o.ask(), key);
            CHECK(is_cached(next, key + 1));
            CHECK(next.attempts() == 0);
        }
        CHECK(o.calls == 3);
        CHECK(t.hits() == 3);
        CHECK(t.misses() == 2);
    }
    SECTION("a breaker refuses it: none is tried until that makes sense") {
        outlast::basic_circuit_breaker<> breaker{{.failure_ratio = 1_percent,
                                                  .window = 1,
                                                  .minimum_calls = 1,
                                                  .open_for = 1500ms,
                                                  .probes = 1}};
        outlast::pipeline p{std::ref(remember), std::ref(breaker)};
        sim.call(p, o.ask(), 0);
        sim.advance(850ms);
        o.down = true;
        sim.call(p, o.ask(), 2); // opens it until 2350
        sim.advance(50ms);
        auto& c = sim.call(p, o.ask(), 0);
        CHECK(is_cached(c, 1));
        CHECK(c.attempts() == 0);
        CHECK(o.calls == 2);
        store.put(0, {7, outlast::freshness::from(at(1440ms), {1000ms}), false});
        sim.advance(1449ms); // 2349: nobody asks the breaker
        CHECK(sim.call(p, o.ask(), 0).trace().size() == 2);
        o.down = false;
        sim.advance(1ms); // a refresh is a good probe: it loses nothing
        CHECK(is_live(sim.call(p, o.ask(), 0), 3));
        CHECK(breaker.state(sim.time()) == outlast::circuit_state::closed);
    }
    SECTION("it takes longer than the limit") {
        outlast::pipeline p{std::ref(remember)};
        sim.call(p, o.ask(), 0);
        sim.advance(900ms);
        o.takes = 51ms;
        auto& c = sim.call(p, o.ask(), 0);
        sim.run();
        CHECK(is_cached(c, 1));
        CHECK(c.finished_at() == at(950ms));
    }
    SECTION("it comes too late: what it brought is kept, and given") {
        outlast::pipeline p{std::ref(remember), outlast::timeout{20ms}};
        sim.call(p, o.ask(), 0);
        sim.advance(900ms);
        o.takes = 20ms;
        auto& c = sim.call(p, o.ask(), 0);
        sim.run();
        CHECK(is_cached(c, 2));
        CHECK(c.facts().age == 0ms);
    }
    SECTION("stale_if has no say: the entry is fresh") {
        outlast::cache_aside_options strict = eager;
        strict.stale_if = [](const outlast::verdict&) { return false; };
        outlast::cache_aside other{store, first_argument, life, strict};
        outlast::pipeline p{std::ref(other)};
        sim.call(p, o.ask(), 0);
        sim.advance(900ms);
        o.down = true;
        CHECK(is_cached(sim.call(p, o.ask(), 0), 1));
        CHECK(o.calls == 2);
    }
    SECTION("and if the entry has gone meanwhile, the call is like any other") {
        outlast::pipeline p{std::ref(remember)};
        sim.call(p, o.ask(), 0);
        sim.advance(900ms);
        o.takes = 10ms;
        o.down = true;
        auto& c = sim.call(p, o.ask(), 0);
        sim.advance(5ms);
        remember.forget(0);
        o.down = false;
        sim.run();
        CHECK(is_live(c, 3));
        CHECK(c.finished_at() == at(920ms));
    }
}

TEST_CASE("refresh ahead: when none is made") {
    refreshing w;
    auto& [sim, o, t, store, life, remember] = w;
    outlast::pipeline p{std::ref(remember)};
    SECTION("too little time: of the caller's, or of the entry's") {
        sim.call(p, o.ask(), 0);
        sim.advance(900ms);
        CHECK(is_cached(sim.call_by(at(950ms), p, o.ask(), 0), 1));
        sim.advance(50ms);
        CHECK(is_cached(sim.call(p, o.ask(), 0), 1));
        CHECK(o.calls == 1);
    }
    SECTION("of a no") {
        const auto no = [&](int) { return ++o.calls, -1; };
        sim.call(p, no, 0);
        sim.advance(900ms);
        CHECK(is_cached(sim.call(p, no, 0), -1));
        CHECK(o.calls == 1);
    }
    SECTION("while another call asks for the key") {
        store.put(0, {1, outlast::freshness::from(at(0ms), {1000ms}), false});
        outlast::cache_aside strict{
            store, [](int key, duration age) { return outlast::wanted<int>{key, age}; }, life,
            eager};
        outlast::pipeline q{std::ref(strict)};
        const auto fetch = [&](int key, duration) { return o.ask()(key); };
        sim.advance(900ms);
        o.takes = 30ms;
        auto& live = sim.call(q, fetch, 0, duration{0});
        CHECK(is_cached(sim.call(q, fetch, 0, outlast::forever), 1));
        sim.run();
        CHECK(o.calls == 1);
        CHECK(is_live(live, 1));
    }
    SECTION("by default") {
        outlast::cache_aside plain{store, first_argument, life};
        outlast::pipeline q{std::ref(plain)};
        sim.call(q, o.ask(), 0);
        sim.advance(740ms); // 260 ms left
        CHECK(is_cached(sim.call(q, o.ask(), 0), 1));
    }
}

TEST_CASE("refresh ahead: it holds a stand-in, is dropped with its caller, and reaches followers") {
    refreshing w;
    auto& [sim, o, t, store, life, remember] = w;
    SECTION("spare") {
        terms_noted notes;
        outlast::pipeline p{std::ref(remember), std::ref(notes)};
        sim.call(p, o.ask(), 0);
        sim.advance(900ms);
        CHECK(is_live(sim.call(p, o.ask(), 0), 2));
        CHECK(notes.spares == std::vector<bool>{false, true});
    }
    SECTION("cancelled: the next one asks") {
        outlast::pipeline p{std::ref(remember)};
        sim.call(p, o.ask(), 0);
        sim.advance(900ms);
        o.takes = 30ms;
        auto& c = sim.call(p, o.ask(), 0);
        sim.advance(10ms);
        c.cancel();
        CHECK(failed_with(c, refusal::cancelled));
        auto& d = sim.call(p, o.ask(), 0);
        sim.run();
        CHECK(is_live(d, 3));
    }
    SECTION("a strict caller joins it, and goes on where it stops") {
        outlast::cache_aside strict{
            store, [](int key, duration age) { return outlast::wanted<int>{key, age}; }, life,
            eager};
        outlast::pipeline q{std::ref(strict)};
        const auto fetch = [&](int key, duration) { return o.ask()(key); };
        sim.call(q, fetch, 0, outlast::forever);
        sim.advance(900ms);
        o.takes = 70ms;
        auto& refresher = sim.call(q, fetch, 0, outlast::forever);
        auto& live = sim.call(q, fetch, 0, duration{0});
        sim.run();
        CHECK(is_cached(refresher, 1));
        CHECK(refresher.finished_at() == at(950ms));
        CHECK(is_live(live, 3));
        CHECK(live.finished_at() == at(1020ms));
    }
    SECTION("forgotten meanwhile: what it learns is not kept") {
        outlast::pipeline p{std::ref(remember)};
        sim.call(p, o.ask(), 0);
        sim.advance(900ms);
        o.takes = 30ms;
        auto& c = sim.call(p, o.ask(), 0);
        sim.advance(10ms);
        remember.forget(0);
        sim.run();
        CHECK(is_live(c, 2));
        CHECK(store.size() == 0);
    }
}

// --- what was learnt supersedes what was known ---

TEST_CASE("cache_aside: a no that cannot be kept does not leave the older yes") {
    broken_store store;
    told t;
    bool life_throws = false;
    outlast::cache_aside remember{store,
                                  first_argument,
                                  [&](int v) {
                                      if (life_throws)
                                          throw std::runtime_error("life");
                                      return keep(1s, 1h)(v);
                                  },
                                  {.events = t}};
    outlast::pipeline p{std::ref(remember)};
    outlast::simulation sim;
    const auto no = [](int) { return -1; };
    const auto down = [](int) -> result<int> { return server_error; };
    CHECK(is_live(sim.call(p, [](int) { return 1; }, 0), 1));
    sim.advance(2s);
    const bool at_put = GENERATE(true, false);
    store.put_throws = at_put;
    life_throws = !at_put;
    CHECK(is_live(sim.call(p, no, 0), -1));
    CHECK(store.size() == 0);
    CHECK(t.broken() == 1);
    CHECK(failed_with(sim.call(p, down, 0), server_error)); // and not 1
}

TEST_CASE("cache_aside: what cannot be kept drops nothing that was learnt since it was forgotten") {
    broken_store store;
    outlast::cache_aside remember{store, first_argument, keep(1h)};
    outlast::pipeline p{std::ref(remember)};
    outlast::simulation sim;
    origin o{.world = &sim, .takes = 50ms};
    sim.call(p, o.ask(), 0);
    sim.advance(20ms);
    remember.forget(0);
    o.takes = 10ms;
    sim.call(p, o.ask(), 0);
    sim.advance(10ms);
    CHECK(store.find(0)->value == 2);
    store.put_throws = true;
    sim.run();
    CHECK(store.find(0)->value == 2);
}

TEST_CASE("cache_aside: two caches over one store: forgotten when both have forgotten it") {
    shelf store;
    outlast::cache_aside one{store, first_argument, keep(1h)};
    outlast::cache_aside two{store, first_argument, keep(1h)};
    outlast::pipeline p{std::ref(one)};
    outlast::pipeline q{std::ref(two)};
    outlast::simulation sim;
    origin o{.world = &sim, .takes = 50ms};
    sim.call(p, o.ask(), 0);
    sim.call(q, o.ask(), 0); // each asks for itself
    CHECK(o.calls == 2);
    SECTION("before either has answered") {
        sim.advance(10ms);
        one.forget(0), two.forget(0);
        sim.run();
        CHECK(store.size() == 0);
    }
    SECTION("one of them does not reach the calls of the other") {
        sim.advance(10ms);
        one.forget(0);
        sim.run();
        CHECK(store.size() == 1);
        two.forget(0);
        CHECK(store.size() == 0);
    }
    SECTION("a call of the other that answers in between is undone by the second") {
        one.forget(0);
        sim.run();
        two.forget(0);
        CHECK(is_live(sim.call(p, [](int) { return 9; }, 0), 9));
        CHECK(is_cached(sim.call(q, o.ask(), 0), 9));
    }
}

TEMPLATE_TEST_CASE("cache_aside: a tombstone keeps what was asked before it from coming back",
                   "",
                   shelf,
                   (outlast_tests::fake_store<int, int>)) {
    TestType store;
    outlast::cache_aside one{store, first_argument, keep(1h)};
    outlast::cache_aside two{store, first_argument, keep(1h)};
    outlast::pipeline p{std::ref(one)};
    outlast::pipeline q{std::ref(two)};
    outlast::simulation sim;
    origin slow{.world = &sim, .takes = 50ms};
    const auto six = [](int) { return 6; };
    sim.advance(1s);
    auto& late = sim.call(q, slow.ask(), 0); // of another cache: `one` does not reach it
    sim.advance(10ms);
    SECTION("learnt within the span: told to its caller, and not kept") {
        one.forget(0, sim.time(), 1s);
        sim.run();
        CHECK(is_live(late, 1));
        CHECK(store.size() == 0);
        CHECK(two.counts().stored == 0);
        SECTION("what is asked after it is kept") {
            CHECK(is_live(sim.call(p, six, 0), 6));
            CHECK(is_cached(sim.call(q, slow.ask(), 0), 6));
        }
    }
    SECTION("not even in the place of what was learnt since") {
        one.forget(0, sim.time(), 1s);
        sim.advance(10ms);
        CHECK(is_live(sim.call(p, six, 0), 6));
        sim.run();
        CHECK(is_live(late, 1));
        CHECK(is_cached(sim.call(p, slow.ask(), 0), 6));
    }
    SECTION("a call that drops the entry does not take it away") {
        one.forget(0, sim.time(), 1s);
        outlast::cache_aside three{store, first_argument, keep(0s)};
        outlast::pipeline r{std::ref(three)};
        CHECK(is_live(sim.call(r, six, 0), 6)); // not to be kept: erases
        sim.run();
        CHECK(is_live(late, 1));
        CHECK(store.size() == 0);
    }
    SECTION("what comes after the span is kept: it is to be longer than any call") {
        one.forget(0, sim.time(), 39ms);
        sim.run();
        CHECK(store.size() == 1);
    }
    SECTION("other keys have none") {
        one.forget(1, sim.time(), 1s);
        sim.run();
        CHECK(store.size() == 1);
    }
    SECTION("forgotten twice, the later end counts") {
        one.forget(0, sim.time(), 1s);
        one.forget(0, sim.time(), 1ms);
        sim.run();
        CHECK(store.size() == 0);
    }
}

// --- a leader with less time than its followers ---

TEST_CASE("cache_aside: a leader that failed for want of its own time fails nobody else") {
    shelf store;
    outlast::cache_aside remember{store, first_argument, keep(1h)};
    outlast::simulation sim;
    origin o{.world = &sim};
    SECTION("its deadline cut the attempt short, further in") {
        outlast::pipeline p{std::ref(remember), outlast::timeout{200ms}};
        o.takes = 100ms;
        auto& a = sim.call_by(at(50ms), p, o.ask(), 0);
        auto& b = sim.call(p, o.ask(), 0);
        sim.run();
        CHECK(failed_with(a, refusal::timed_out));
        CHECK(is_live(b, 2));
        CHECK(b.finished_at() == at(150ms));
    }
    SECTION("the callable kept its distance from the deadline") {
        outlast::pipeline p{std::ref(remember)};
        const auto careful = [&](outlast::call& c, int) -> result<int> {
            ++o.calls;
            const duration can = c.remaining() == outlast::forever ? 1h : c.remaining() - 2ms;
            sim.spend(std::min<duration>(100ms, can));
            if (can < 100ms)
                return std::make_error_code(std::errc::timed_out);
            return 7;
        };
        auto& a = sim.call_by(at(50ms), p, careful, 0);
        auto& b = sim.call(p, careful, 0);
        sim.run();
        CHECK(failed_with(a, std::make_error_code(std::errc::timed_out)));
        CHECK(a.finished_at() == at(48ms));
        CHECK(is_live(b, 7));
        CHECK(b.finished_at() == at(148ms));
    }
    SECTION("its retry had no time for another attempt") {
        outlast::pipeline p{
            std::ref(remember), outlast::timeout{1s},
            outlast::retry{{.max_attempts = 3, .backoff = outlast::constant(100ms)}}};
        const auto recovers = [&](int) -> result<int> {
            sim.spend(10ms);
            if (++o.calls < 3)
                return server_error;
            return o.calls;
        };
        auto& a = sim.call_by(at(50ms), p, recovers, 0);
        auto& as_short = sim.call_by(at(89ms), p, recovers, 0);
        auto& longer = sim.call_by(at(500ms), p, recovers, 0);
        auto& longest = sim.call(p, recovers, 0);
        sim.run();
        CHECK(failed_with(a, server_error));
        CHECK(a.finished_at() == at(10ms)); // 40 ms before its deadline
        CHECK(a.facts().why_stopped == outlast::stopped::deadline);
        CHECK(failed_with(as_short, server_error)); // has hardly more time than that
        CHECK(as_short.finished_at() == at(10ms));
        CHECK(is_live(longer, 3)); // asks at 10 and at 120
        CHECK(longer.finished_at() == at(130ms));
        CHECK(longest.finished_at() == at(130ms)); // joined that
        CHECK(longest.attempts() == 0);
        CHECK(o.calls == 3);
    }
    SECTION("but a retry that a timeout inside left no time is everybody's, and so is a hint") {
        outlast::pipeline limited{
            std::ref(remember), outlast::timeout{50ms},
            outlast::retry{{.max_attempts = 3, .backoff = outlast::constant(100ms)}}};
        outlast::pipeline p{
            std::ref(remember),
            outlast::retry{{.max_attempts = 3, .backoff = outlast::constant(10ms)}}};
        const auto dead = [&](int) -> result<int> {
            sim.spend(10ms);
            return ++o.calls, server_error;
        };
        const auto told_so = [&](int) -> result<int> {
            sim.spend(10ms);
            return ++o.calls, outlast::failure{server_error}.with_retry_after(1s);
        };
        auto& a = sim.call_by(at(100ms), limited, dead, 0);
        auto& b = sim.call(limited, dead, 0);
        sim.run();
        CHECK(failed_with(a, server_error));
        CHECK(failed_with(b, server_error));
        CHECK(b.finished_at() == at(10ms));
        CHECK(o.calls == 1);
        auto& c = sim.call_by(at(100ms), p, told_so, 1);
        auto& d = sim.call(p, told_so, 1);
        sim.run();
        CHECK(failed_with(c, server_error));
        CHECK(failed_with(d, server_error));
        CHECK(d.finished_at() == at(20ms));
        CHECK(o.calls == 2);
    }
    SECTION("but a timeout that comes long before its deadline is the server's, and shared") {
        outlast::pipeline p{std::ref(remember)};
        const auto dead = [&](int) -> result<int> {
            ++o.calls;
            sim.spend(10ms);
            return std::make_error_code(std::errc::timed_out);
        };
        auto& a = sim.call_by(at(50ms), p, dead, 0);
        auto& b = sim.call(p, dead, 0);
        sim.run();
        CHECK(failed_with(a, std::make_error_code(std::errc::timed_out)));
        CHECK(b.finished_at() == at(10ms));
        CHECK(o.calls == 1);
    }
}

// --- events ---

TEST_CASE("cache_aside: each call is told once, with the cache's name and tags") {
    broken_store store;
    told t;
    outlast::cache_aside remember{
        store, first_argument, keep(1s, 1h), {.name = "users", .tags = "eu", .events = t}};
    outlast::pipeline p{std::ref(remember)};
    outlast::simulation sim;
    origin o;
    using kind = outlast::event_kind;
    const auto last = [&] { return t.events.back(); };
    sim.call(p, o.ask(), 0);
    REQUIRE(t.events.size() == 2);
    CHECK(t.events[0].what == kind::stored);
    CHECK(t.events[0].span == 1s);
    CHECK(t.events[1].what == kind::missed);
    CHECK(t.events[1].outcome.ok());
    sim.advance(400ms);
    sim.call(p, o.ask(), 0);
    CHECK(last().what == kind::hit);
    CHECK(last().span == 400ms);
    sim.advance(1s);
    o.down = true;
    sim.call(p, o.ask(), 0);
    CHECK(last().what == kind::stale);
    CHECK(last().span == 1400ms);
    CHECK(last().outcome.ok());
    sim.call(p, o.ask(), 1);
    CHECK(last().what == kind::missed);
    CHECK(last().outcome.error() == server_error);
    CHECK(t.events.size() == 5);
    o.down = false;
    store.find_throws = store.put_throws = store.erase_throws = true;
    sim.call(p, o.ask(), 0);
    CHECK(t.broken() == 3);
    CHECK(last().what == kind::missed);
    CHECK(t.stores() == 1);
    for (const outlast::event& e : t.events) {
        CHECK(e.policy.view() == "cache");
        CHECK(e.name.view() == "users");
        CHECK(e.tags.view() == "eu");
    }
}

// --- real threads ---

namespace {

using threaded_shelf = outlast::memory<int, int>;

} // namespace

TEST_CASE("cache_aside: a thousand calls from eight threads, and the callable runs once") {
    constexpr int threads = 8;
    constexpr int calls_each = 125;
    threaded_shelf store;
    outlast::cache_aside remember{store, first_argument, keep(24h)};
    outlast::pipeline p{std::ref(remember)};
    std::atomic<int> calls = 0;
    std::atomic<int> right = 0;
    std::latch all_here{threads};
    std::latch asking{threads}; // counted down by each thread before its first call
    const auto slow = [&](int) {
        ++calls;
        asking.wait();
        return 99;
    };
    const auto ask = [&] {
        all_here.arrive_and_wait();
        asking.count_down();
        for (int i = 0; i != calls_each; ++i) {
            const auto r = outlast::run(p, slow, 5);
            right += r && r.value() == 99;
        }
    };
    std::vector<std::thread> pool;
    for (int t = 0; t != threads; ++t)
        pool.emplace_back(ask);
    for (std::thread& t : pool)
        t.join();
    CHECK(calls == 1);
    CHECK(right == threads * calls_each);
}

namespace {

/// A call that counts down a latch when it parks.
template <class Policies>
struct parking : outlast_tests::recorded<Policies> {
    explicit parking(Policies& p, std::latch& parked) : outlast_tests::recorded<Policies>(p) {
        this->on_step = [&](const outlast::step& s) {
            if (s.what == outlast::action::park)
                parked.count_down();
        };
    }
};

} // namespace

TEST_CASE("cache_aside: threads: a leader that is stopped makes a waiting thread the leader") {
    threaded_shelf store;
    outlast::cache_aside remember{store, first_argument, keep(24h)};
    outlast::pipeline p{std::ref(remember)};
    std::stop_source stop;
    std::latch leading{1};
    std::atomic<int> calls = 0;
    result<int> first = 0;
    result<int> second = 0;
    std::thread leader{[&] {
        first = outlast::run(
            p, {.stop = stop.get_token()},
            [&](outlast::call& c, int) -> result<int> {
                ++calls;
                std::latch stopped{1};
                const std::stop_callback on_stop{c.stop_token(), [&] { stopped.count_down(); }};
                leading.count_down();
                stopped.wait();
                return server_error;
            },
            1);
    }};
    leading.wait();
    std::latch parked{1};
    std::thread follower{[&] {
        parking noted{p, parked};
        second = outlast::run(noted, [&](int) { return ++calls; }, 1);
    }};
    parked.wait();
    stop.request_stop();
    leader.join();
    follower.join();
    REQUIRE(!first);
    CHECK(first.error().code() == refusal::cancelled);
    CHECK(first.error().cause() == server_error);
    CHECK(second.value() == 2);
    CHECK(calls == 2);
}

TEST_CASE("cache_aside: threads: each waits as long as it wants to") {
    threaded_shelf store;
    outlast::cache_aside remember{store, first_argument, keep(24h)};
    outlast::pipeline p{std::ref(remember)};
    std::latch leading{1};
    std::latch release{1};
    std::stop_source stop;
    result<int> led = 0;
    result<int> stopped = 0;
    result<int> told = 0;
    const auto never_run = [](int) { return -1; };
    std::thread leader{[&] {
        led = outlast::run(
            p,
            [&](int) {
                leading.count_down();
                release.wait();
                return 7;
            },
            1);
    }};
    leading.wait();
    std::latch parked{2};
    std::thread gives_up{[&] {
        parking noted{p, parked};
        stopped = outlast::run(noted, {.stop = stop.get_token()}, never_run, 1);
    }};
    std::thread waits{[&] {
        parking noted{p, parked};
        told = outlast::run(noted, never_run, 1);
    }};
    // With a deadline of its own, by which nothing has happened.
    const auto hurried = outlast::run(p, outlast::within(5ms), never_run, 1);
    REQUIRE(!hurried);
    CHECK(hurried.error().code() == refusal::timed_out);
    parked.wait();
    stop.request_stop();
    gives_up.join();
    REQUIRE(!stopped);
    CHECK(stopped.error().code() == refusal::cancelled);
    release.count_down();
    leader.join();
    waits.join();
    CHECK(led.value() == 7);
    CHECK(told.value() == 7);
}

TEST_CASE(
    "cache_aside: forget reaches a call under way: nothing is kept, the next call asks anew") {
    outlast::memory<int, int> store;
    outlast::cache_aside remember{store, [](int k) { return k; },
                                  [](int) { return outlast::lifetime{1h, 1h}; }};
    outlast::pipeline p{std::ref(remember)};
    outlast::simulation sim;
    int calls = 0;
    const auto ask = [&](int) {
        ++calls;
        sim.spend(100ms);
        return calls;
    };
    auto& old = sim.call(p, ask, 7);
    sim.advance(50ms);
    remember.forget(7);
    auto& fresh = sim.call(p, ask, 7); // joins nobody
    sim.advance(50ms);
    CHECK(old.result().value() == 1);
    CHECK(store.size() == 0); // what the old call learnt is not kept
    sim.run();
    CHECK(fresh.result().value() == 2);
    CHECK(calls == 2);
    CHECK(sim.call(p, ask, 7).result().value() == 2); // kept by the new one
}

TEST_CASE("cache_aside: a follower waits no longer than `wait`") {
    outlast::memory<int, int> store;
    outlast::cache_aside remember{store,
                                  [](int k) { return k; },
                                  [](int) { return outlast::lifetime{1h, 1h}; },
                                  {.wait = 200ms}};
    outlast::pipeline p{std::ref(remember)};
    outlast::simulation sim;
    const auto slow = [&](int) {
        sim.spend(10s);
        return 1;
    };
    auto& leader = sim.call(p, slow, 7);
    auto& follower = sim.call(p, slow, 7);
    sim.advance(199ms);
    CHECK_FALSE(follower.done());
    sim.advance(1ms);
    REQUIRE(follower.done());
    CHECK(follower.result().error().why() == outlast::refusal::unavailable);
    sim.run();
    CHECK(leader.result().value() == 1);
}

TEST_CASE("cache_aside: threads: what was forgotten is not remembered by the calls under way") {
    constexpr int threads = 4;
    constexpr int rounds = 500;
    threaded_shelf store;
    outlast::cache_aside remember{store, first_argument, [](int version) {
                                      return lifetime{.fresh_for = version % 3 == 0 ? 0h : 24h};
                                  }};
    outlast::pipeline p{std::ref(remember)};
    std::atomic<int> version = 0;
    std::barrier together{threads + 1};
    std::atomic<int> failed = 0;
    const auto look = [&](int) {
        const int seen = version;
        std::this_thread::yield(); // so that it is under way when it is forgotten
        return seen;
    };
    std::vector<std::thread> pool;
    for (int t = 0; t != threads; ++t)
        pool.emplace_back([&] {
            for (int i = 0; i != rounds; ++i) {
                together.arrive_and_wait();
                failed += !outlast::run(p, look, 1);
                failed += !outlast::run(p, look, 1);
                together.arrive_and_wait();
            }
        });
    int outdated = 0;
    for (int v = 1; v <= rounds; ++v) {
        together.arrive_and_wait();
        version = v;
        remember.forget(1);
        together.arrive_and_wait();
        outdated += outlast::run(p, look, 1).value() != v;
        store.clear();
    }
    for (std::thread& t : pool)
        t.join();
    CHECK(outdated == 0);
    CHECK(failed == 0);
}

namespace {

/// Whatever a cache can do, done once or twice. \return what it counted
outlast::cache_counts eventful(const outlast::sink& events) {
    outlast_tests::fake_store<int, int> store;
    outlast::cache_aside remember{store,
                                  first_argument,
                                  keep(100s, 1h),
                                  {.refresh_ahead = 20_percent, .seed = 1, .events = events}};
    outlast::pipeline p{std::ref(remember)};
    outlast::simulation sim;
    bool down = false;
    const auto ask = [&](int key) {
        auto& c = sim.call(
            p,
            [&](int k) -> result<int> {
                sim.spend(10ms);
                if (down)
                    return server_error;
                return k;
            },
            key);
        return &c;
    };
    const auto asked = [&](int key) {
        ask(key);
        sim.run();
    };
    asked(1); // missed, stored
    asked(1); // hit
    ask(2);   // missed, stored
    ask(2);   // hit by what the other learnt
    sim.run();
    asked(-1); // missed, stored: a "no"
    asked(-1); // hit by it
    sim.advance(95s);
    asked(1); // refreshed, stored
    sim.advance(101s);
    down = true;
    asked(1); // stale
    ask(3);   // missed
    ask(3);   // the same, by another's failure
    sim.run();
    store.find_throws = true;
    asked(1); // the store failed, and missed
    return remember.counts();
}

} // namespace

TEST_CASE("cache: counts how its calls were answered, whether or not anybody listens") {
    const outlast::cache_counts expected{.hits = 3,
                                         .negative = 1,
                                         .stale = 1,
                                         .missed = 6,
                                         .refreshed = 1,
                                         .joined = 2,
                                         .stored = 4,
                                         .store_failed = 1};
    const outlast::cache_counts silent = eventful({});
    CHECK(silent == expected);
    told t;
    CHECK(eventful(t) == expected);
    CHECK(t.hits() == 3);
    CHECK(t.misses() == 6);
    CHECK(t.stales() == 1);
    CHECK(t.stores() == 4);
    CHECK(t.broken() == 1);
    CHECK(t.count(outlast::event_kind::refreshed) == 1);
}

TEST_CASE("cache: threads lose no hit, in a store of the default lock and in one of a mutex") {
    const auto counts = []<class Lock>(Lock*) {
        outlast::memory<int, int, Lock> store{{.capacity = 4, .negative_capacity = 4}};
        outlast::cache_aside remember{store, first_argument, keep(1h)};
        outlast::pipeline p{std::ref(remember)};
        auto work = [](int n) { return n; };
        (void)p(work, 1), (void)p(work, -1);
        outlast_tests::together([&](int t) {
            for (int i = 0; i != 2'000; ++i)
                (void)p(work, t % 2 == 0 ? 1 : -1);
        });
        return remember.counts();
    };
    const outlast::cache_counts expected{
        .hits = 8'000, .negative = 4'000, .missed = 2, .stored = 2};
    CHECK(counts(static_cast<outlast::thread_lock*>(nullptr)) == expected);
    CHECK(counts(static_cast<std::mutex*>(nullptr)) == expected);
}

TEST_CASE(
    "cache: threads: what two caches of a store forgot for a span stays so, and counts add up") {
    constexpr int keys = 3;
    using versions = std::array<std::atomic<int>, keys>;
    threaded_shelf store;
    outlast::cache_aside left{store, first_argument, keep(24h)};
    outlast::cache_aside right{store, first_argument, keep(24h)};
    outlast::pipeline asks_left{std::ref(left)};
    outlast::pipeline asks_right{std::ref(right)};
    versions truth{};
    versions forgotten{}; // all before this one, by both caches
    std::atomic<int> outdated = 0;
    std::atomic<std::uint64_t> calls = 0;
    std::atomic<std::uint64_t> runs = 0;
    const auto read = [&](int key) {
        ++runs;
        const int seen = truth[static_cast<std::size_t>(key)];
        if (seen % 4 == 0)
            std::this_thread::yield(); // so that it is under way when it is forgotten
        return seen;
    };
    outlast_tests::together([&](int t) {
        for (int i = 0; i != 4'000; ++i) {
            const int key = (i / 5 + t) % keys;
            auto& known = forgotten[static_cast<std::size_t>(key)];
            if (i % 16 == t) {
                const int v = ++truth[static_cast<std::size_t>(key)];
                const outlast::instant now = outlast::steady::now();
                left.forget(key, now, 1h);
                right.forget(key, now, 1h);
                for (int before = known; before < v && !known.compare_exchange_weak(before, v);) {
                }
            }
            const int at_least = known;
            ++calls;
            outdated += (i % 2 == 0 ? asks_left : asks_right)(read, key).value() < at_least;
        }
    });
    CHECK(outdated == 0);
    const outlast::cache_counts l = left.counts();
    const outlast::cache_counts r = right.counts();
    CHECK(l.hits + l.missed + r.hits + r.missed == calls);
    CHECK(l.missed + r.missed == runs);
    CHECK(l.stored + r.stored <= runs);
    CHECK(l.stored + r.stored > 0);
    CHECK(l.stale + l.refreshed + l.store_failed == 0);
    CHECK(r.stale + r.refreshed + r.store_failed == 0);
}
