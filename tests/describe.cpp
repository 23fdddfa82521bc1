// SPDX-License-Identifier: BSL-1.0
#include <outlast/describe.hpp>

#include <outlast/cache/memory.hpp>
#include <outlast/cache_aside.hpp>
#include <outlast/circuit_breaker.hpp>
#include <outlast/circuit_control.hpp>
#include <outlast/fallback.hpp>
#include <outlast/keyed.hpp>
#include <outlast/pipeline.hpp>
#include <outlast/retry.hpp>
#include <outlast/threads.hpp>
#include <outlast/timeout.hpp>

#include "support/catch.hpp"
#include "support/fake_store.hpp"
#include "support/script.hpp"

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <utility>

using namespace std::chrono_literals;
using outlast::describe;
using outlast::pipeline;
using outlast::retry;
using outlast::timeout;

namespace {

/// Converts to whatever a member is.
struct anything {
    template <class T>
    operator T() const;
};

/// How many members an aggregate has.
template <class T, std::size_t... I>
consteval bool takes(std::index_sequence<I...>) {
    return requires { T{(static_cast<void>(I), anything{})...}; };
}
template <class T, std::size_t N = 1>
consteval std::size_t members() {
    if constexpr (takes<T>(std::make_index_sequence<N + 1>{}))
        return members<T, N + 1>();
    else
        return N;
}

template <class Options>
std::size_t told() {
    std::size_t n = 0;
    Options{}.each([&](auto&&...) { ++n; });
    return n;
}

template <class T>
std::string words(const T& value) {
    return outlast::detail::told(value);
}

struct speaks : outlast_tests::tap {
    static constexpr outlast::label kind = "speaker";
    template <class F>
    void each(F&& f) const {
        f("volume", 11U);
    }
};

int first(int n) { return n; }
auto an_hour(int) { return outlast::lifetime{.fresh_for = 1h}; }

bool has(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

} // namespace

TEST_CASE("describe: no option is left out") {
    static_assert(members<outlast::timeout_options>() == 6);
    CHECK(told<outlast::timeout_options>() == members<outlast::timeout_options>());
    CHECK(told<outlast::retry_options>() == members<outlast::retry_options>());
    CHECK(told<outlast::circuit_breaker_options>() == members<outlast::circuit_breaker_options>());
    CHECK(told<outlast::cache_aside_options>() == members<outlast::cache_aside_options>());
    CHECK(told<outlast::fallback_options>() == members<outlast::fallback_options>());
}

TEST_CASE("describe: a line for each policy, outermost first, with every default spelt out") {
    outlast::memory<int, int> store{{.capacity = 1, .negative_capacity = 1}};
    outlast::cache_aside remember{store, first, an_hour, {.wait = 1s, .name = "users"}};
    outlast::basic_circuit_breaker<> b{{.failure_ratio = outlast::ratio::of(0.125), .window = 30s}};
    pipeline inner{std::ref(b), timeout{{.limit = 250ms, .name = "attempt"}}};
    const pipeline p{outlast::fallback{0}, std::ref(remember), timeout{1500ms}, retry{},
                     std::ref(inner)};
    CHECK(
        describe(p) ==
        "pipeline\n"
        "  fallback: when everything that is no success, name \"fallback\", tags \"\", "
        "events told to nobody, counts none\n"
        "  cache (shared): stale_wait 500 ms, wait 1 s, stale_if all, refresh_ahead never, "
        "refresh_limit 250 ms, refresh_pause 1 s, store_limit 100 ms, seed its own, name "
        "\"users\", tags \"\", "
        "events told to nobody, store memory (capacity 1, negative_capacity 1, max_weight any, "
        "weigh nothing, tombstones 4096)\n"
        "  timeout: limit 1.5 s, keep_late no, name \"timeout\", tags \"\", events told to nobody, "
        "counts none\n"
        "  retry: max_attempts 3, backoff 100 ms ×2 (full jitter; 10 s at most), "
        "least_attempt 0, max_duration no limit, hint_cap 2 min, retry_if all, "
        "retry_refusals no, exhaustion_fails no, budget none, seed its own, name \"retry\", tags "
        "\"\", "
        "events told to nobody, counts none\n"
        "  pipeline (shared)\n"
        "    circuit breaker (shared): failure_ratio 12.5 %, window 30 s, minimum_calls 10, "
        "slow_from no limit, slow_ratio 50 %, open_on_hint no, open_for 10 s (no jitter; no cap), "
        "flap_memory 0, hint_cap 5 min, probes 1, deciding_probes 1, probe_lease 30 s, "
        "half_open_for no limit, hold_back 0, ramp_for 0, failure_if all, seed its own, "
        "name \"circuit breaker\", tags \"\", events told to nobody, control none\n"
        "    timeout: limit 250 ms, keep_late no, name \"attempt\", tags \"\", events told to "
        "nobody, counts none\n"
        "worst case: 3 calls, 2.5 s\n");
}

TEST_CASE("describe: what was set is told instead of the default") {
    const std::string said = describe(retry{{.max_attempts = 7,
                                             .backoff = outlast::linear(20ms),
                                             .retry_if = [](const auto& v) { return v.failed(); },
                                             .retry_refusals = true,
                                             .seed = 42}});
    CHECK(has(said, "retry: max_attempts 7, backoff 20 ms +20 ms (no jitter; no cap), "));
    CHECK(has(said,
              "retry_if yours, retry_refusals yes, exhaustion_fails no, budget none, seed 42, "));
    CHECK(has(describe(timeout{outlast::no_limit}), "limit no limit"));
    outlast::memory<int, int> store{{.capacity = 1, .negative_capacity = 1}};
    outlast::cache_aside remember{store, first, an_hour};
    CHECK(has(describe(remember), "wait until the call's deadline"));
}

TEST_CASE("describe: of a limit that is computed, that it is, and the most that it can be") {
    const auto pages = [](int n) { return n * 10ms; };
    CHECK(
        describe(pipeline{outlast::timeout_by{pages, {.limit = 1s, .name = "print"}}}) ==
        "pipeline\n"
        "  timeout: limit computed per call, at most 1 s, keep_late no, name \"print\", tags \"\", "
        "events told to nobody, counts none\n"
        "worst case: 1 call, 1 s\n");
    CHECK(describe(outlast::timeout_by{pages}) ==
          "timeout: limit computed per call, keep_late no, name \"timeout\", tags \"\", "
          "events told to nobody, counts none\n"
          "worst case: 1 call, for ever\n");
}

TEST_CASE("describe: what policies share with others is spelt out") {
    const auto with = [](const auto& rule) {
        outlast::budget b{rule};
        return describe(retry{{.budget = &b}});
    };
    CHECK(
        has(with(outlast::traffic_share{.share = outlast::ratio::of(0.125)}),
            ", budget (rule traffic_share, share 12.5 %, one_each 100 ms, most 100, at_start 10), "
            "seed"));
    CHECK(has(with(outlast::traffic_share{.one_each = outlast::no_limit}), "one_each no limit"));
    CHECK(has(with(outlast::failure_tokens{.most = 7}),
              "budget (rule failure_tokens, most 7, per_success 10 %), "));
    CHECK(has(with(outlast::running_share{.least = 5}),
              "budget (rule running_share, share 20 %, least 5), "));

    outlast::circuit_control maintenance;
    const outlast::basic_circuit_breaker<> b{{.control = &maintenance}};
    CHECK(has(describe(b), ", control (on_change told to nobody)\n"));
    int changes = 0;
    auto on_change = [&](bool) { ++changes; };
    outlast::circuit_control watched{on_change};
    const outlast::basic_circuit_breaker<> c{{.control = &watched}};
    CHECK(has(describe(c), ", control (on_change yours)\n"));

    outlast::retry_counts counts;
    CHECK(has(describe(retry{{.counts = &counts}}), ", counts yours\n"));
}

TEST_CASE("describe: of a cache's store its bounds, or that it is yours") {
    outlast::memory<int, int> store{
        {.capacity = 9, .max_weight = 100, .weigh = [](int) { return std::size_t{1}; }}};
    outlast::cache_aside remember{store, first, an_hour};
    CHECK(has(describe(remember), ", store memory (capacity 9, negative_capacity 4096, "
                                  "max_weight 100, weigh yours, tombstones 4096)\n"));
    outlast_tests::fake_store<int, int> own;
    outlast::cache_aside other{own, first, an_hour};
    CHECK(has(describe(other), ", store yours\n"));
}

TEST_CASE("describe: of failures in a row there is no share, and none of slow calls") {
    const outlast::basic_circuit_breaker<> b{{.window = outlast::consecutive(5)}};
    CHECK(has(describe(b), "circuit breaker: window 5 failures in a row, open_on_hint no, "));
    for (const char* const plays_no_part :
         {"failure_ratio", "minimum_calls", "slow_from", "slow_ratio"})
        CHECK_FALSE(has(describe(b), plays_no_part));
}

TEST_CASE("describe: values in the largest unit that takes them as they are") {
    using outlast::ratio;
    CHECK(words(ratio::of(0.5)) == "50 %");
    CHECK(words(ratio::of(1)) == "100 %");
    CHECK(words(ratio::of(0.333)) == "33.3 %");
    CHECK(words(ratio::of(0.000001)) == "0.0001 %");
    CHECK(words(ratio::of(0.1005)) == "10.05 %");
    CHECK(words(outlast::exponential(1s, 1.05)) == "1 s ×1.05 (no jitter; no cap)");
    CHECK(words(outlast::exponential(1s, 1.5).with(outlast::jitter::proportional).capped(3s)) ==
          "1 s ×1.5 (proportional jitter of 25 %; 3 s at most)");
    CHECK(words(outlast::constant(0ms).with(outlast::jitter::equal)) == "0 (equal jitter; no cap)");
    CHECK(words(outlast::window_span{20}) == "20 calls");
    CHECK(words(outlast::exactly(20, 10s)) == "20 calls of the last 10 s");
    CHECK(words(outlast::window_span{90s}) == "1.5 min");
}

TEST_CASE("describe: keyed policies by their kind, never by a key") {
    outlast::keyed breakers{
        [](const std::string& host) { return host; },
        [](const std::string&) { return std::make_shared<outlast::circuit_breaker>(); }};
    (void)breakers.at("secret.example");
    CHECK(describe(pipeline{std::ref(breakers), timeout{1s}}) ==
          "pipeline\n"
          "  keyed (shared): each \"circuit breaker\", capacity 1024\n"
          "  timeout: limit 1 s, keep_late no, name \"timeout\", tags \"\", events told to nobody, "
          "counts none\n"
          "worst case: 1 call, 1 s\n");
}

TEST_CASE("describe: a policy of somebody else's, with and without words of its own") {
    outlast_tests::tap silent;
    CHECK(describe(pipeline{std::ref(silent), timeout{1s}}) ==
          "pipeline\n"
          "  a policy of yours (shared)\n"
          "  timeout: limit 1 s, keep_late no, name \"timeout\", tags \"\", events told to nobody, "
          "counts none\n"
          "worst case: calls without number, for ever\n");
    CHECK(describe(speaks{}) == "speaker: volume 11\nworst case: calls without number, for ever\n");
}

TEST_CASE("describe: what is odd is said below the policies") {
    CHECK(
        describe(pipeline{timeout{1s}, retry{{.max_attempts = 2}}})
            .find(
                "\nnote: no timeout stands inside the retry: one attempt that hangs takes the time "
                "of all\nworst case: 2 calls, 1 s\n") != std::string::npos);
    CHECK(describe(pipeline<>{}) ==
          "pipeline\nnote: no timeout: a call that hangs is never given up\n"
          "worst case: 1 call, for ever\n");
}
