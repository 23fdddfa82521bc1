// SPDX-License-Identifier: BSL-1.0
#include <outlast/asio/brief_lock.hpp>

#include "support/catch.hpp"

#include <atomic>
#include <mutex>
#include <thread>
#include <vector>

using outlast::detail::brief_lock;

TEST_CASE("brief lock: one at a time, and nobody waits for ever") {
    brief_lock lock;
    int sum = 0; // plain
    constexpr int each = 20'000;
    std::vector<std::thread> threads;
    for (int i = 0; i != 4; ++i)
        threads.emplace_back([&] {
            for (int n = 0; n != each; ++n) {
                const std::lock_guard hold{lock};
                ++sum;
                if (n % 1000 == 0) // so that the others get to the slow path
                    std::this_thread::yield();
            }
        });
    for (auto& t : threads)
        t.join();
    const std::lock_guard hold{lock};
    CHECK(sum == 4 * each);
}

TEST_CASE("brief lock: all who wait for a long hold get it") {
    brief_lock lock;
    std::atomic<int> came = 0;
    int got = 0; // plain
    std::vector<std::thread> threads;
    lock.lock();
    for (int i = 0; i != 4; ++i)
        threads.emplace_back([&] {
            ++came;
            const std::lock_guard hold{lock};
            ++got;
        });
    while (came != 4)
        std::this_thread::yield();
    CHECK(got == 0);
    lock.unlock();
    for (auto& t : threads)
        t.join();
    CHECK(got == 4);
}
