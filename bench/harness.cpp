// SPDX-License-Identifier: BSL-1.0
#include "harness.hpp"

#include <condition_variable>
#include <mutex>
#include <stop_token>
#include <thread>

int main(int count, char** arguments) {
    benchmark::Initialize(&count, arguments);
    if (benchmark::ReportUnrecognizedArguments(count, arguments))
        return 2;
    // Without a second thread the C library leaves locks and atomics out.
    const std::jthread parked{[](const std::stop_token& stop) {
        std::mutex mutex;
        std::condition_variable_any never;
        std::unique_lock hold{mutex};
        never.wait(hold, stop, [] { return false; });
    }};
    bench::add_benchmarks();
    benchmark::RunSpecifiedBenchmarks();
}
