// SPDX-License-Identifier: BSL-1.0
#include <outlast/worst_case.hpp>

#include <outlast/cache/memory.hpp>
#include <outlast/cache_aside.hpp>
#include <outlast/circuit_breaker.hpp>
#include <outlast/fallback.hpp>
#include <outlast/keyed.hpp>
#include <outlast/pipeline.hpp>
#include <outlast/retry.hpp>
#include <outlast/simulate.hpp>
#include <outlast/threads.hpp>
#include <outlast/timeout.hpp>

#include "support/catch.hpp"
#include "support/script.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <random>
#include <string>

using namespace std::chrono_literals;
using outlast::bounds;
using outlast::constant;
using outlast::duration;
using outlast::exponential;
using outlast::forever;
using outlast::jitter;
using outlast::pipeline;
using outlast::retry;
using outlast::retry_options;
using outlast::timeout;
using outlast::verdict;
using outlast::worst_case;
using outlast_tests::at;
using outlast_tests::end;
using outlast_tests::script;

namespace {

// As constants.
outlast::basic_circuit_breaker<> breaker;
constexpr pipeline usual{timeout{800ms}, retry{}, std::ref(breaker), timeout{250ms}};
static_assert(worst_case(usual) == bounds{3, 800ms});
static_assert(worst_case(usual, 300ms) == bounds{3, 300ms});
static_assert(worst_case(pipeline<>{}) == bounds{1, forever});
static_assert(worst_case(timeout{1s}) == bounds{1, 1s});

constexpr retry unhinted(std::uint32_t attempts, const outlast::backoff& series) {
    return retry{{.max_attempts = attempts, .backoff = series, .hint_cap = 0s}};
}

/// What a call comes to whose every attempt is as this script says.
template <class Policies>
bounds played(Policies& policies, const script& attempts, duration within = forever) {
    outlast::world w;
    auto& c = w.play(policies, attempts, outlast::after(w.time(), within));
    w.run();
    return {c.attempts(), end(c)};
}

/// Does all that could make a call long or costly, by chance.
class adversary {
public:
    adversary(std::uint64_t seed, duration hint)
        : chance_(seed), hint_(hint), mood_(chance_() % 8) {}

    outlast::scripted operator()(std::uint32_t, outlast::instant by) {
        const bool hangs_alone = by == outlast::never;
        // Most of the time it keeps to one way to be bad.
        switch (chance_() % 4 == 0 ? chance_() % 8 : mood_) {
        case 0:
            return {verdict::failure(), {}};
        case 1:
            return {verdict::failure(), hangs_alone ? 5ms : forever};
        case 2:
            return {verdict::failure(hint_), {}};
        case 3:
            return {verdict::failure(hint_), 1ms - 1ns};
        case 4:
            return {verdict::failure(0s), {}};
        case 5:
            return {verdict::failure(some(20ms)), some(20ms)};
        case 6:
            return {verdict::neutral(outlast::refusal::unavailable, hint_), {}};
        default:
            return {chance_() % 8 == 0 ? verdict::success() : verdict::failure(), some(30ms)};
        }
    }

private:
    duration some(duration most) {
        return duration{static_cast<std::int64_t>(chance_()) & 0xffffff} % most;
    }

    std::mt19937_64 chance_;
    duration hint_;
    std::uint64_t mood_;
};

} // namespace

TEST_CASE("worst_case: what simple pipelines come to at worst is what it says") {
    {
        pipeline p{timeout{50ms}};
        CHECK(played(p, script{}.hangs()) == worst_case(p));
        CHECK(worst_case(p) == bounds{1, 50ms});
    }
    {
        pipeline p{unhinted(4, constant(10ms)), timeout{50ms}};
        CHECK(played(p, script{}.hangs()) == worst_case(p));
        CHECK(worst_case(p) == bounds{4, 230ms});
    }
    {
        pipeline p{unhinted(5, exponential(10ms).capped(30ms)), timeout{50ms}};
        CHECK(played(p, script{}.hangs()) == worst_case(p));
        CHECK(worst_case(p) == bounds{5, 340ms});
    }
    {
        pipeline p{timeout{100ms}, unhinted(4, constant(10ms)), timeout{50ms}};
        CHECK(played(p, script{}.hangs()).latency == worst_case(p).latency);
        CHECK(worst_case(p) == bounds{4, 100ms});
    }
    {
        pipeline p{unhinted(2, constant(10ms)), unhinted(3, constant(1ms)), timeout{50ms}};
        CHECK(played(p, script{}.hangs()) == worst_case(p));
        CHECK(worst_case(p) == bounds{6, 314ms});
    }
}

TEST_CASE("worst_case: a deadline bounds the attempts too, if there are delays between them") {
    pipeline p{timeout{100ms}, unhinted(1'000, constant(10ms))};
    CHECK(worst_case(p) == bounds{10, 100ms});
    CHECK(played(p, script{}.fails()).calls == 10);
    pipeline longer{timeout{100ms + 1ns}, unhinted(1'000, constant(10ms))};
    CHECK(worst_case(longer).calls == 11);
    CHECK(played(longer, script{}.fails()).calls == 11);
    pipeline useful{timeout{100ms}, retry{{.max_attempts = 1'000,
                                           .backoff = constant(10ms),
                                           .least_attempt = 35ms,
                                           .hint_cap = 0s}}};
    CHECK(worst_case(useful).calls == 7);
    CHECK(played(useful, script{}.fails()).calls == 7);
    pipeline useless{timeout{100ms}, retry{{.backoff = constant(10ms), .least_attempt = 1s}}};
    CHECK(worst_case(useless) == bounds{1, 100ms});
    // The caller's own deadline counts like a timeout.
    pipeline bare{unhinted(1'000, constant(10ms))};
    CHECK(worst_case(bare, 100ms) == bounds{10, 100ms});
    CHECK(played(bare, script{}.fails(), 100ms).calls == 10);
}

TEST_CASE("worst_case: a server may order each wait up to the cap of its hints") {
    pipeline p{retry{{.max_attempts = 3, .backoff = constant(10ms), .hint_cap = 1s}},
               timeout{50ms}};
    CHECK(worst_case(p) == bounds{3, 2150ms});
    const auto ordered = script{}.with(verdict::failure(1h), 50ms - 1ns);
    CHECK(played(p, ordered) == bounds{3, 2150ms - 3ns});
    // The default cap is long.
    CHECK(worst_case(pipeline{retry{}, timeout{1s}}).latency == 4min + 3s);
}

TEST_CASE("worst_case: a follower in a cache waits, and then asks itself") {
    outlast::memory<int, int> store{{.capacity = 1, .negative_capacity = 1}};
    outlast::cache_aside remember{store,
                                  [](int n) { return n; },
                                  [](int) { return outlast::lifetime{.fresh_for = 1h}; },
                                  {.stale_wait = 20ms, .wait = 30ms}};
    pipeline p{std::ref(remember), timeout{50ms}};
    CHECK(worst_case(p) == bounds{1, 80ms});
    outlast::simulation sim;
    auto hang = [&](int) { return sim.spend(forever), 1; };
    auto& leader = sim.call(p, hang, 0);
    auto& follower = sim.call(p, hang, 0);
    sim.at(at(30ms - 1ns), [&] { leader.cancel(); });
    sim.run();
    CHECK(follower.attempts() == 1);
    CHECK(end(follower) == 80ms - 1ns);
    // By default it waits for as long as the other one takes.
    outlast::cache_aside patient{store, [](int n) { return n; },
                                 [](int) { return outlast::lifetime{.fresh_for = 1h}; }};
    CHECK(worst_case(pipeline{std::ref(patient), timeout{50ms}}) == bounds{1, forever});
    CHECK(worst_case(pipeline{timeout{1s}, std::ref(patient), timeout{50ms}}) == bounds{1, 1s});
}

TEST_CASE("worst_case: a limit that is computed is at most that of the options") {
    const auto says = [](outlast::duration limit, outlast::duration most) {
        return pipeline{unhinted(2, constant(0ms)),
                        outlast::timeout_by{[limit] { return limit; }, {.limit = most}}};
    };
    auto longest = says(1h, 50ms);
    CHECK(worst_case(longest) == bounds{2, 100ms});
    CHECK(played(longest, script{}.hangs()) == worst_case(longest));
    CHECK(worst_case(says(1ms, outlast::no_limit)) == bounds{2, forever});
    CHECK(worst_case(outlast::timeout_by{[] { return 1s; }}, 20ms) == bounds{1, 20ms});
}

TEST_CASE("worst_case: a fallback's value takes no time, a callable of yours any") {
    const auto callable = [](int) { return 0; };
    const auto generic = [](auto&&...) { return 0; };
    struct last final {
        int operator()() const { return 0; }
    };
    CHECK(worst_case(pipeline{outlast::fallback{0}, timeout{1s}}) == bounds{1, 1s});
    CHECK(worst_case(pipeline{outlast::fallback{std::string{}}, timeout{1s}}) == bounds{1, 1s});
    CHECK(worst_case(pipeline{outlast::fallback{callable}, timeout{1s}}) == bounds{1, forever});
    CHECK(worst_case(pipeline{outlast::fallback{generic}, timeout{1s}}) == bounds{1, forever});
    CHECK(worst_case(pipeline{outlast::fallback{last{}}, timeout{1s}}) == bounds{1, forever});
    CHECK(worst_case(pipeline{timeout{2s}, outlast::fallback{callable}}) == bounds{1, 2s});
}

TEST_CASE("worst_case: a breaker adds nothing, nor do breakers by key; other policies by key may") {
    outlast::keyed breakers{
        [](int) { return "a"; },
        [](const std::string&) { return std::make_shared<outlast::circuit_breaker>(); }};
    CHECK(worst_case(pipeline{std::ref(breakers), timeout{1s}}) == bounds{1, 1s});
    outlast::keyed retries{[](int) { return "a"; },
                           [](const std::string&) { return std::make_shared<retry>(); }};
    CHECK(worst_case(pipeline{std::ref(retries), timeout{1s}}) ==
          bounds{bounds::any_number, forever});
}

namespace {

struct twice : outlast_tests::tap {
    template <class Inner>
    constexpr bounds worst_case(duration within, const Inner& inner) const {
        return inner(within).times(2).after(1ms);
    }
};

} // namespace

TEST_CASE("worst_case: a policy of somebody else's takes part if it says how") {
    outlast_tests::tap silent;
    twice speaks;
    CHECK(worst_case(pipeline{std::ref(silent), timeout{1s}}) ==
          bounds{bounds::any_number, forever});
    CHECK(worst_case(pipeline{timeout{2s}, std::ref(silent)}) == bounds{bounds::any_number, 2s});
    CHECK(worst_case(pipeline{std::ref(speaks), timeout{1s}}) == bounds{2, 2001ms});
    // Through it the time that is left reaches what is inside.
    CHECK(worst_case(pipeline{timeout{100ms}, std::ref(speaks), unhinted(99, constant(10ms))}) ==
          bounds{20, 100ms});
}

TEST_CASE("worst_case: pipelines inside are as if their policies stood there") {
    pipeline inner{unhinted(4, constant(10ms)), timeout{50ms}};
    CHECK(worst_case(pipeline{timeout{1s}, std::ref(inner)}) ==
          worst_case(pipeline{timeout{1s}, unhinted(4, constant(10ms)), timeout{50ms}}));
    CHECK(worst_case(pipeline{pipeline{unhinted(4, constant(10ms))}, pipeline{timeout{50ms}}}) ==
          bounds{4, 230ms});
}

TEST_CASE("worst_case: sums and products saturate") {
    constexpr std::uint32_t most = UINT32_MAX;
    CHECK(worst_case(pipeline{unhinted(most, constant(0ms)), unhinted(most, constant(0ms)),
                              unhinted(most, constant(0ms)), timeout{1h}}) ==
          bounds{bounds::any_number, forever});
    CHECK(worst_case(pipeline{unhinted(most, exponential(1s)), timeout{1ns}}).latency == forever);
    CHECK(worst_case(pipeline{unhinted(most, constant(1s)), timeout{1s}}).latency ==
          std::int64_t{most} * 2s - 1s);
    CHECK(bounds{0, 1s}.times(most).calls == 0);
    CHECK(bounds{1, forever - 1ns}.after(1s).latency == forever);
}

TEST_CASE("worst_case: whatever pipeline and whatever happens, no call exceeds it") {
    std::mt19937_64 chance{20240607};
    const auto pick = [&](auto... of) {
        const duration all[] = {of...};
        return all[chance() % sizeof...(of)];
    };
    const auto limit = [&] {
        return timeout{pick(outlast::no_limit, 1ms, 7ms, 20ms, 50ms, 200ms)};
    };
    const auto again = [&] {
        return retry{{.max_attempts = static_cast<std::uint32_t>(1 + chance() % 5),
                      .backoff = {.base = pick(0ms, 1ms, 5ms, 20ms),
                                  .step = pick(0ms, 0ms, 3ms),
                                  .factor_millis = chance() % 2 == 0 ? 1000U : 2500U,
                                  .cap = pick(forever, 12ms, 0ms),
                                  .chance = static_cast<jitter>(chance() % 4)},
                      .least_attempt = pick(0ms, 0ms, 5ms),
                      .hint_cap = pick(0ms, 3ms, 50ms),
                      .retry_refusals = chance() % 2 == 0,
                      .seed = chance() | 1U}};
    };
    std::size_t reached_calls = 0;
    std::size_t near_latency = 0;
    std::size_t bounded = 0;
    constexpr std::size_t rounds = 4'000;
    for (std::size_t round = 0; round != rounds; ++round) {
        outlast::basic_circuit_breaker<> b{
            {.window = 3, .open_for = 10ms, .probe_lease = 15ms, .name = "b"}};
        pipeline innermost{std::ref(b), limit()};
        pipeline inner{limit(), again(), std::ref(innermost)};
        pipeline p{limit(), pipeline{again(), std::ref(inner)}};
        const duration within = pick(forever, forever, 30ms);
        const bounds worst = worst_case(p, within);
        bounds seen{0, {}};
        outlast::world w{chance()};
        for (int calls = 0; calls != 8; ++calls) {
            const auto begun = w.time();
            auto& c =
                w.play(p, adversary{chance(), pick(0ms, 3ms, 1h)}, outlast::after(begun, within));
            w.run();
            seen.calls = std::max<std::uint64_t>(seen.calls, c.attempts());
            seen.latency = std::max(seen.latency, c.finished_at() - begun);
            w.advance(10ms);
        }
        CAPTURE(round, worst.calls, worst.latency.count(), seen.calls, seen.latency.count());
        REQUIRE(seen.calls <= worst.calls);
        REQUIRE(seen.latency <= worst.latency);
        reached_calls += seen.calls == worst.calls;
        bounded += worst.latency != forever;
        near_latency += worst.latency != forever && seen.latency * 10 >= worst.latency * 9;
    }
    // It is no idle promise either.
    CHECK(reached_calls * 4 > rounds);
    CHECK(near_latency * 4 > bounded);
}
