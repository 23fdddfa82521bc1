// SPDX-License-Identifier: BSL-1.0
//
// What holds of a cache whatever happens: generated histories, against a plain model where there is
// one, and against what was promised. (Case by case: cache_aside.cpp.)
#include <outlast/cache_run.hpp>

#include <outlast/cache/memory.hpp>
#include <outlast/cache_aside.hpp>
#include <outlast/pipeline.hpp>
#include <outlast/run.hpp>
#include <outlast/simulate.hpp>
#include <outlast/timeout.hpp>

#include "support/catch.hpp"
#include "support/fake_store.hpp"
#include "support/print.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <functional>
#include <map>
#include <optional>
#include <random>
#include <system_error>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

using namespace std::chrono_literals;
using namespace outlast::literals;
using outlast::duration;
using outlast::lifetime;
using outlast::result;
using outlast::source;
using outlast::wanted;

namespace {

const std::error_code server_error = std::make_error_code(std::errc::io_error);

/// By its last digit a value is a "no", or not to be kept, or lives for a while.
lifetime life_of(int value) {
    switch (value % 10) {
    case 0:
        return {.fresh_for = 300ms, .negative = true};
    case 1:
        return {};
    default:
        return {.fresh_for = (value % 10) * 100ms, .stale_for = (value % 10 - 2) * 200ms};
    }
}

/// What a cache is, where nothing takes any time: a dozen lines.
class model {
public:
    struct answer {
        std::optional<int> value{};
        source how = source::live;
        duration age{};
        bool asked = false;
        friend bool operator==(const answer&, const answer&) = default;
    };

    /// \param live what the work would come to \param keeps whether the store does what it is told
    answer call(duration now, int key, duration max_age, std::optional<int> live, bool keeps) {
        const auto it = known_.find(key);
        std::optional<item> had;
        if (it != known_.end())
            had = it->second;
        if (had && !life_of(had->value).negative && (max_age == 0ms || now - had->at > max_age))
            had.reset();
        if (had && now - had->at < life_of(had->value).fresh_for)
            return {had->value, source::cached, now - had->at, false};
        if (live) {
            known_.erase(key);
            if (keeps && life_of(*live).fresh_for > 0ms)
                known_[key] = {*live, now};
            return {live, source::live, {}, true};
        }
        if (had && now - had->at < life_of(had->value).fresh_for + life_of(had->value).stale_for)
            return {had->value, source::stale, now - had->at, true};
        return {{}, source::live, {}, true};
    }
    void forget(int key) { known_.erase(key); }

private:
    struct item {
        int value = 0;
        duration at{};
    };
    std::map<int, item> known_{};
};

} // namespace

TEST_CASE("cache_run: generated histories without haste are those of the model") {
    for (unsigned seed = 1; seed <= 200; ++seed) {
        CAPTURE(seed);
        std::mt19937 chance{seed};
        const auto one_of = [&](unsigned n) { return static_cast<int>(chance() % n); };
        outlast_tests::fake_store<int, int> store;
        outlast::cache_aside remember{
            store, [](int key, duration max_age) { return wanted<int>{key, max_age}; }, life_of};
        outlast::pipeline p{std::ref(remember)};
        outlast::simulation sim;
        model plain;
        for (int i = 0; i != 120; ++i) {
            sim.advance(one_of(4) * 50ms);
            const int key = one_of(3);
            if (one_of(12) == 0) {
                remember.forget(key);
                plain.forget(key);
                continue;
            }
            const std::array ages{outlast::forever, outlast::forever, duration{0}, duration{400ms}};
            const duration max_age = ages[chance() % 4];
            const auto live = one_of(3) == 0 ? std::nullopt : std::optional{one_of(1000)};
            store.put_throws = one_of(8) == 0;
            auto& c = sim.call(
                p,
                [&](int, duration) -> result<int> {
                    if (!live)
                        return server_error;
                    return *live;
                },
                key, max_age);
            REQUIRE(c.done());
            const model::answer got{c.result() ? std::optional{c.result().value()} : std::nullopt,
                                    c.facts().how, c.facts().age, c.attempts() != 0};
            const auto now = sim.time().time_since_epoch();
            CAPTURE(i, key);
            REQUIRE(got == plain.call(now, key, max_age, live, !store.put_throws));
        }
    }
}

TEST_CASE(
    "cache_run: generated histories in haste: every promise, with any number of calls at once") {
    struct asked {
        int key = 0;
        int version = 0; // of the world when the call began
        bool was_fresh = false;
        int forgotten = 0;
        bool cancelled = false;
        outlast::instant by{};
    };
    const auto script = [](unsigned seed, bool forgets) {
        CAPTURE(seed, forgets);
        std::mt19937 chance{seed};
        const auto one_of = [&](unsigned n) { return static_cast<int>(chance() % n); };
        outlast::memory<int, int, outlast::no_lock> store;
        outlast::cache_aside remember{
            store,
            [](int key) { return key; },
            [](int) { return lifetime{.fresh_for = 200ms, .stale_for = 300ms}; },
            {.stale_wait = one_of(3) * 20ms,
             .refresh_ahead = outlast::ratio::of(0.25 * one_of(4)),
             .refresh_limit = 20ms,
             .refresh_pause = 30ms,
             .seed = seed}};
        outlast::pipeline p{std::ref(remember)};
        outlast::simulation sim;
        std::array<int, 2> version{};
        std::array<int, 2> forgotten{};
        std::array<outlast::instant, 2> busy_until{};
        int together = 0;
        // What is known is as new as the world was when the work began.
        const auto work = [&](outlast::call& c, int key) -> result<int> {
            const auto i = static_cast<std::size_t>(key);
            const int seen = version[i];
            const duration takes = std::min<duration>(one_of(5) * 9ms, c.remaining());
            together += sim.time() < busy_until[i];
            busy_until[i] = sim.time() + takes;
            sim.spend(takes);
            if (one_of(4) == 0)
                return server_error;
            return seen;
        };
        using call_type = std::remove_reference_t<decltype(sim.call(p, work, 0))>;
        std::vector<std::pair<call_type*, asked>> calls;
        for (int n = 0; n != 150; ++n) {
            sim.advance(one_of(4) * 6ms);
            const int key = one_of(2);
            const auto i = static_cast<std::size_t>(key);
            if (forgets && one_of(10) == 0) {
                ++version[i];
                ++forgotten[i];
                remember.forget(key);
            } else if (forgets && one_of(15) == 0 && !calls.empty()) {
                auto& [c, a] = calls[chance() % calls.size()];
                a.cancelled = a.cancelled || !c->done();
                c->cancel();
            } else {
                const auto there = store.find(key);
                const bool fresh = there && there->times.at(sim.time()) == outlast::grade::fresh;
                const auto by =
                    forgets && one_of(4) == 0 ? outlast::after(sim.time(), 25ms) : outlast::never;
                const asked a{key, version[i], fresh, forgotten[i], false, by};
                calls.emplace_back(&sim.call_by(by, p, work, key), a);
            }
        }
        sim.run(); // every wait ends
        for (auto& [c, a] : calls) {
            const outlast::report& facts = c->facts();
            if (c->result()) {
                // What was forgotten before it began is not known to it.
                REQUIRE(c->result().value() >= a.version);
                REQUIRE(facts.age < 500ms);
                REQUIRE((facts.how == source::stale) == !facts.because.ok());
            }
            REQUIRE(c->finished_at() <= a.by);
            // Nobody who found a fresh answer is left without one, refresh or not.
            const bool same = forgotten[static_cast<std::size_t>(a.key)] == a.forgotten;
            if (a.was_fresh && same && !a.cancelled)
                REQUIRE(c->result());
        }
        if (!forgets)
            REQUIRE(together == 0); // one call a key at a time
    };
    for (unsigned seed = 1; seed <= 150; ++seed) {
        script(seed, false);
        script(seed, true);
    }
}

TEST_CASE("cache_run: threads: refreshed, forgotten and told of at once, nothing comes back") {
    constexpr int threads = 4;
    constexpr int calls_each = 2000;
    outlast::memory<int, int> store;
    std::atomic<int> events = 0;
    const auto count = [&](const outlast::event& e) {
        events += e.what == outlast::event_kind::hit || e.what == outlast::event_kind::stale ||
                  e.what == outlast::event_kind::missed || e.what == outlast::event_kind::refreshed;
    };
    outlast::cache_aside remember{
        store,
        [](int key) { return key; },
        [](int) { return lifetime{.fresh_for = 300us, .stale_for = 1ms}; },
        {.refresh_ahead = 90_percent, .refresh_limit = 1us, .refresh_pause = 0s, .events = count}};
    outlast::pipeline p{std::ref(remember)};
    std::array<std::atomic<int>, 3> version{};
    std::array<std::atomic<int>, 3> least{}; // what every call that begins now must know
    std::atomic<int> outdated = 0;
    std::atomic<int> running = threads;
    const auto work = [&](int key) -> result<int> {
        const int seen = version[static_cast<std::size_t>(key)];
        std::this_thread::yield();
        if (seen % 7 == 3)
            return server_error;
        return seen;
    };
    std::vector<std::thread> pool;
    for (int t = 0; t != threads; ++t)
        pool.emplace_back([&, t] {
            for (int i = 0; i != calls_each; ++i) {
                const int key = (i + t) % 3;
                const int floor = least[static_cast<std::size_t>(key)];
                const auto r = outlast::run(p, work, key);
                outdated += r && r.value() < floor;
            }
            --running;
        });
    for (int i = 0; running != 0; ++i) {
        const auto key = static_cast<std::size_t>(i % 3);
        const int next = ++version[key];
        remember.forget(i % 3);
        least[key] = next;
        std::this_thread::yield();
    }
    for (std::thread& t : pool)
        t.join();
    CHECK(outdated == 0);
    CHECK(events == threads * calls_each);
}
