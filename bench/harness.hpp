// SPDX-License-Identifier: BSL-1.0
//
// Google Benchmark runs, repeats and interleaves; what a call costs is taken here, as each thread
// sees it.
#ifndef OUTLAST_BENCH_HARNESS_HPP
#define OUTLAST_BENCH_HARNESS_HPP

#include <benchmark/benchmark.h>
#include <sched.h>
#include <sys/resource.h>

#include <atomic>
#include <chrono>
#include <utility>

namespace bench {

/// What a program measures: it registers its benchmarks here. harness.cpp has the `main`.
void add_benchmarks();

/// Keeps this thread on a processor of its own for as long as it lives, if there is more than one
/// thread: two that take turns on one processor never get into each other's way.
class pinned {
public:
    explicit pinned(const benchmark::State& state) {
        sched_getaffinity(0, sizeof before_, &before_);
        if (state.threads() == 1)
            return;
        int passed = 0;
        for (int cpu = 0; cpu != CPU_SETSIZE; ++cpu)
            if (CPU_ISSET(cpu, &before_) && passed++ == state.thread_index()) {
                cpu_set_t one;
                CPU_ZERO(&one);
                CPU_SET(cpu, &one);
                sched_setaffinity(0, sizeof one, &one);
            }
    }
    ~pinned() { sched_setaffinity(0, sizeof before_, &before_); }
    pinned(const pinned&) = delete;
    pinned& operator=(const pinned&) = delete;

private:
    cpu_set_t before_{};
};

/// Returns in all threads of a benchmark at the same time: waking them takes longer than many calls
/// do.
inline void start_together(int threads) {
    static std::atomic<int> arrived{0};
    if (threads == 1)
        return;
    const int mine = arrived.fetch_add(1);
    const int all = (mine / threads + 1) * threads;
    while (arrived.load() < all) {
    }
}

/// How often this thread had to make room for another.
inline long preemptions() {
    rusage used{};
    getrusage(RUSAGE_THREAD, &used);
    return used.ru_nivcsw;
}

/// Calls `f` again and again. Counters: "ns", of one call as each thread sees it (a loop's 0.3 ns
/// included), and "preempted": a run where that is not 0 measured somebody else as well.
template <class F>
void measure(benchmark::State& state, F f) {
    using clock = std::chrono::steady_clock;
    double ns = 0;
    long preempted = 0;
    while (state.KeepRunningBatch(state.max_iterations)) {
        const pinned here{state};
        const long before = preemptions();
        start_together(state.threads());
        const auto start = clock::now();
        for (benchmark::IterationCount i = 0; i != state.max_iterations; ++i)
            f();
        const std::chrono::duration<double, std::nano> span = clock::now() - start;
        preempted = preemptions() - before;
        ns = span.count() / static_cast<double>(state.max_iterations);
        state.SetIterationTime(span.count() / 1e9);
    }
    state.counters["ns"] = {ns, benchmark::Counter::kAvgThreads};
    state.counters["preempted"] = static_cast<double>(preempted);
}

/// A benchmark of one statement, by one thread or by several at once.
template <class F>
void add(const char* name, F f, int threads = 1) {
    benchmark::RegisterBenchmark(name, [f](benchmark::State& state) { measure(state, f); })
        ->Threads(threads)
        ->UseManualTime();
}

/// The value of a result, used as a caller does.
template <class R>
void take(const R& r) {
    int value = r.has_value() ? r.assume_value() : -1;
    benchmark::DoNotOptimize(value);
}

} // namespace bench

#endif // OUTLAST_BENCH_HARNESS_HPP
