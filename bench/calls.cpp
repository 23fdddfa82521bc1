// SPDX-License-Identifier: BSL-1.0
//
// What a guarded call costs, beside what cannot be had for less: a call, a reading of a clock, a lock.
#include "harness.hpp"
#include "least.hpp"
#include "ordinary.hpp"
#include "subjects.hpp"

#include <chrono>
#include <mutex>
#include <utility>

namespace bench {
namespace {

template <class Clock, class Pipeline>
auto through(Pipeline& p) {
    return [&p] { take(outlast::run<Clock>(p, call_work, 7)); };
}

auto after_failures(int failures) {
    return [failures] {
        int left = failures;
        take(outlast::run(retry_at_once, [&left] { return work_after(left); }));
    };
}

void add_floors() {
    for (const int threads : {1, 2})
        add("call", [] { benchmark::DoNotOptimize(work(7)); }, threads);
    add("clock", [] { benchmark::DoNotOptimize(std::chrono::steady_clock::now()); });
    add("coarse_clock", [] { benchmark::DoNotOptimize(coarse::now()); });
    static std::mutex mutex;
    add("mutex", [] { const std::lock_guard hold{mutex}; });
}

// What is left when nothing is asked that the answer does not need: a bar that is not kept is measured
// against these.
void add_least() {
    static least::circuit circuit;
    circuit.trip(std::make_error_code(std::errc::connection_refused), coarse::now() + 24h);
    for (auto [name, failures] :
         {std::pair{"least_no_failure", 0}, {"least_failures", most_failures}})
        add(name, [most = failures] {
            int left = most;
            take(least::retry(most_failures + 1, [&left] { return work_after(left); }));
        });
    add("least_rejected", [] { take(circuit.refuse<outlast::steady>()); });
    add("least_rejected_coarse", [] { take(circuit.refuse<coarse>()); });
}

void add_single_policies() {
    using outlast::steady;
    add("empty", through<steady>(empty));
    add("retry", through<steady>(retry_alone));
    add("fallback", through<steady>(fallback_alone));
    add("timeout", through<steady>(timeout_alone));
    add("timeout_coarse", through<coarse>(timeout_alone));
    add("keyed", through<steady>(keyed_alone));
    for (const int threads : {1, 2}) {
        add("breaker_consecutive", through<steady>(consecutive_alone), threads);
        add("breaker_calls", through<steady>(of_calls_alone), threads);
        add("breaker_window", through<steady>(of_time_alone), threads);
        add("breaker_window_coarse", through<coarse>(of_time_alone), threads);
    }
}

// What two threads cost each other where they share nothing: on a processor of which they have half each, as on
// one that two machines share, more than nothing.
void add_breakers_apart() {
    const auto run = [](benchmark::State& state) {
        outlast::circuit_breaker own{{.window = in_a_row(), .name = "own"}};
        outlast::circuit_breaker* hidden = &own; // whose options the compiler does not know
        benchmark::DoNotOptimize(hidden);
        outlast::pipeline alone{std::ref(*hidden)};
        measure(state, through<outlast::steady>(alone));
    };
    benchmark::RegisterBenchmark("breaker_consecutive_apart", run)->Threads(2)->UseManualTime();
}

void add_composed() {
    using outlast::steady;
    static ordinary::guard by_hand;
    for (const int threads : {1, 2}) {
        add("composed", through<steady>(composed), threads);
        add("composed_coarse", through<coarse>(composed), threads);
        add("composed_window", through<steady>(composed_window), threads);
        add("composed_window_coarse", through<coarse>(composed_window), threads);
        add("composed_timeless", through<steady>(composed_timeless), threads);
        add("ordinary", [] { benchmark::DoNotOptimize(by_hand(call_work, 7)); }, threads);
    }
}

void add_refusals_and_failures() {
    using outlast::steady;
    for (const int threads : {1, 2}) {
        add("rejected", through<steady>(refused), threads);
        add("rejected_coarse", through<coarse>(refused), threads);
    }
    add("composed_rejected", through<steady>(composed_refused));
    add("no_failure", after_failures(0));
    add("failures", after_failures(most_failures));
}

} // namespace

void add_benchmarks() {
    open_the_breaker();
    add_floors();
    add_least();
    add_single_policies();
    add_breakers_apart();
    add_composed();
    add_refusals_and_failures();
}

} // namespace bench
