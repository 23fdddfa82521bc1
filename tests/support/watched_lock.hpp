// SPDX-License-Identifier: BSL-1.0
//
// A lock that knows whether this thread holds it, for code that must not run under one.
#ifndef OUTLAST_TESTS_SUPPORT_WATCHED_LOCK_HPP
#define OUTLAST_TESTS_SUPPORT_WATCHED_LOCK_HPP

#include <mutex>

namespace outlast_tests {

class watched_lock {
public:
    void lock() {
        mutex_.lock();
        ++held_;
        ++taken;
    }
    void unlock() {
        --held_;
        mutex_.unlock();
    }

    /// How many of them this thread holds.
    [[nodiscard]] static int held() noexcept { return held_; }

    /// How often this thread took one: a test of what happens under it proves that it was used.
    static inline thread_local int taken = 0;

private:
    static inline thread_local int held_ = 0;
    std::mutex mutex_;
};

/// Counts the times that user code ran at all, and under a lock.
struct watch {
    int runs = 0;
    int locked = 0;
    void operator()() noexcept {
        ++runs;
        locked += watched_lock::held() != 0;
    }
};

} // namespace outlast_tests

#endif
