// SPDX-License-Identifier: BSL-1.0
#include <outlast/cache/hazard.hpp>

#include "support/catch.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <deque>
#include <latch>
#include <memory>
#include <thread>
#include <vector>

using outlast::hazard;

TEST_CASE("hazard: what is held is held until the reader goes, or holds another") {
    int a = 0;
    int b = 0;
    CHECK_FALSE(hazard<>::is_held(&a));
    {
        hazard<> reading;
        CHECK_FALSE(hazard<>::is_held(&a));
        CHECK(reading.hold(&a));
        CHECK(hazard<>::is_held(&a));
        CHECK(reading.hold(&b));
        CHECK_FALSE(hazard<>::is_held(&a));
        CHECK(hazard<>::is_held(&b));
    }
    CHECK_FALSE(hazard<>::is_held(&b));
}

TEST_CASE("hazard: a read inside a read holds another; too deep it is refused, and says so") {
    std::array<int, hazard<>::depth> all{};
    std::deque<hazard<>> readers;
    for (int& one : all)
        CHECK(readers.emplace_back().hold(&one));
    int beyond = 0;
    {
        hazard<> too_deep;
        CHECK_FALSE(too_deep.hold(&beyond));
        CHECK_FALSE(hazard<>::is_held(&beyond));
    }
    for (const int& one : all)
        CHECK(hazard<>::is_held(&one));
    while (!readers.empty())
        readers.pop_back();
    hazard<> again;
    CHECK(again.hold(&beyond));
}

TEST_CASE("hazard: without threads the same") {
    int a = 0;
    hazard<false> reading;
    CHECK(reading.hold(&a));
    CHECK(hazard<false>::is_held(&a));
    CHECK_FALSE(hazard<true>::is_held(&a)); // apart
}

TEST_CASE("hazard: threads: another's is seen, and ends with its read") {
    int a = 0;
    std::latch holds{1};
    std::latch seen{1};
    std::thread reader{[&] {
        hazard<> reading;
        (void)reading.hold(&a);
        holds.count_down();
        seen.wait();
    }};
    holds.wait();
    CHECK(hazard<>::is_held(&a));
    seen.count_down();
    reader.join();
    CHECK_FALSE(hazard<>::is_held(&a));
}

TEST_CASE("hazard: threads: nothing is destroyed while it is read") {
    struct thing {
        std::atomic<int> alive = 1;
        ~thing() { alive = 0; }
    };
    // Things are only marked as destroyed, so that a reader that is betrayed can tell.
    constexpr int rounds = 20'000;
    std::vector<std::unique_ptr<thing>> all;
    for (int i = 0; i != rounds + 1; ++i)
        all.push_back(std::make_unique<thing>());
    std::atomic<thing*> shared = all[0].get();
    std::atomic<bool> done = false;
    std::atomic<int> betrayed = 0;
    std::atomic<int> reads = 0;
    const auto read = [&] {
        while (!done) {
            hazard<> reading;
            thing* const t = shared.load();
            if (reading.hold(t) && shared.load() == t) {
                betrayed += t->alive.load(std::memory_order_relaxed) == 0;
                ++reads;
            }
        }
    };
    std::thread one{read};
    std::thread two{read};
    while (reads == 0)
        std::this_thread::yield();
    std::vector<thing*> held;
    std::size_t most = 0;
    for (int i = 1; i <= rounds; ++i) {
        held.push_back(shared.exchange(all[static_cast<std::size_t>(i)].get()));
        std::erase_if(held, [](thing* t) {
            if (hazard<>::is_held(t))
                return false;
            t->alive.store(0, std::memory_order_relaxed);
            return true;
        });
        most = std::max(most, held.size());
    }
    done = true;
    one.join();
    two.join();
    CHECK(betrayed == 0);
    CHECK(most <= 2); // one a reader
}

TEST_CASE("hazard: threads: what reads while its thread ends gives its line back") {
    struct late_reader {
        int* read;
        ~late_reader() {
            outlast::hazard<true> mine;
            *read += mine.hold(read);
        }
    };
    int read = 0;
    for (int i = 0; i != 3; ++i)
        std::thread{[&read] {
            thread_local const late_reader last{&read}; // made first, so it goes last
            (void)last;
            outlast::hazard<true> early;
            CHECK(early.hold(&read));
        }}.join();
    CHECK(read == 3);
    CHECK_FALSE(outlast::hazard<true>::is_held(&read));
}
