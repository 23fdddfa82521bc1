// SPDX-License-Identifier: BSL-1.0
#include <outlast/counter_lines.hpp>

#include <outlast/thread_lock.hpp>

#include "support/catch.hpp"
#include "support/together.hpp"

#include <cstddef>
#include <mutex>
#include <thread>

using outlast::counter_lines;
using outlast::no_lock;
using outlast::thread_lock;

namespace {

constexpr bool counts() {
    counter_lines<no_lock, 2> c;
    c.add(0);
    c.add(1);
    c.add(1);
    return c.sum(0) == 1 && c.sum(1) == 2;
}
static_assert(counts());

/// Knows two threads and no more.
struct two_lines {
    static constexpr std::size_t lines() noexcept { return 2; }
    static std::size_t line() noexcept { return mine; }
    static std::size_t known_line() noexcept { return mine; }
    static inline thread_local std::size_t mine = 7;
};

template <class Lock>
void counts_all() {
    counter_lines<Lock, 3> c;
    outlast_tests::together([&](int t) {
        for (int i = 0; i != 10'000; ++i)
            c.add(static_cast<std::size_t>(t) % 2);
    });
    CHECK(c.sum(0) == 20'000);
    CHECK(c.sum(1) == 20'000);
    CHECK(c.sum(2) == 0);
}

} // namespace

TEST_CASE("counter lines: nothing that threads add at once is lost, whatever the lock knows") {
    counts_all<std::mutex>();
    counts_all<thread_lock>();
    counts_all<two_lines>();
}

TEST_CASE("counter lines: threads without a line are counted beside those with one") {
    counter_lines<two_lines, 1> c;
    outlast_tests::together([&](int t) {
        two_lines::mine = static_cast<std::size_t>(t); // of two of them there is none
        for (int i = 0; i != 10'000; ++i)
            c.add(0);
    });
    CHECK(c.sum(0) == 40'000);
}

TEST_CASE("counter lines: what threads counted that are gone stays") {
    counter_lines<thread_lock, 1> c;
    for (int i = 0; i != 100; ++i)
        std::jthread{[&] { c.add(0); }}.join();
    CHECK(c.sum(0) == 100);
}
