// SPDX-License-Identifier: BSL-1.0
#include <outlast/thread_lock.hpp>

#include <outlast/success_lines.hpp>

#include "support/catch.hpp"
#include "support/together.hpp"

#include <array>
#include <atomic>
#include <cstddef>
#include <mutex>
#include <set>
#include <thread>

using outlast::thread_lock;

static_assert(outlast::knows_threads<thread_lock>);
static_assert(!outlast::knows_threads<std::mutex>);

TEST_CASE("thread lock: a thread has a line of its own as long as it lives") {
    std::array<std::size_t, 4> mine{};
    std::array<bool, 4> same{};
    outlast_tests::together([&](int t) {
        const auto i = static_cast<std::size_t>(t);
        const bool unknown = thread_lock::known_line() >= thread_lock::lines();
        mine[i] = thread_lock::line();
        same[i] = unknown && thread_lock::known_line() == mine[i] && thread_lock::line() == mine[i];
        static std::atomic<int> asked{0};
        for (++asked; asked % 4 != 0;) // all of them live until all have asked
            std::this_thread::yield();
    });
    CHECK(same == std::array{true, true, true, true});
    CHECK(std::set<std::size_t>(mine.begin(), mine.end()).size() == 4);
    CHECK(*std::set<std::size_t>(mine.begin(), mine.end()).rbegin() < thread_lock::lines());
}

TEST_CASE("thread lock: lines of threads that are gone are given again") {
    std::set<std::size_t> seen;
    for (int i = 0; i != 200; ++i)
        std::jthread{[&] { seen.insert(thread_lock::line()); }}.join();
    CHECK(seen.size() == 1);
}

TEST_CASE("thread lock: it locks") {
    thread_lock lock;
    int n = 0;
    outlast_tests::together([&](int) {
        for (int i = 0; i != 10'000; ++i) {
            const std::lock_guard held{lock};
            ++n;
        }
    });
    CHECK(n == 40'000);
}
