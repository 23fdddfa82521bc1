// SPDX-License-Identifier: BSL-1.0
//
// Several threads that do something at the same time.
#ifndef OUTLAST_TESTS_SUPPORT_TOGETHER_HPP
#define OUTLAST_TESTS_SUPPORT_TOGETHER_HPP

#include <atomic>
#include <thread>
#include <vector>

namespace outlast_tests {

/// Runs `each(thread)` on four threads that start together.
template <class F>
void together(F each) {
    constexpr int n = 4;
    std::atomic<int> ready{0};
    std::vector<std::jthread> running;
    for (int t = 0; t != n; ++t)
        running.emplace_back([&ready, &each, t] {
            ++ready;
            while (ready != n)
                std::this_thread::yield();
            each(t);
        });
}

} // namespace outlast_tests

#endif // OUTLAST_TESTS_SUPPORT_TOGETHER_HPP
