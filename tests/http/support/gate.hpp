// SPDX-License-Identifier: BSL-1.0
//
// Where a thread of a test is stuck until it is let go.
#ifndef OUTLAST_TESTS_HTTP_SUPPORT_GATE_HPP
#define OUTLAST_TESTS_HTTP_SUPPORT_GATE_HPP

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>

namespace outlast_tests {

/// Shut until it is opened, and then open for good.
class gate {
public:
    void pass() {
        std::unique_lock lock{mutex_};
        ++waiting_;
        opened_.wait(lock, [this] { return is_open_; });
        --waiting_;
    }
    void open() {
        const std::lock_guard lock{mutex_};
        is_open_ = true;
        opened_.notify_all();
    }
    [[nodiscard]] int waiting() {
        const std::lock_guard lock{mutex_};
        return waiting_;
    }

private:
    std::mutex mutex_;
    std::condition_variable opened_;
    bool is_open_ = false;
    int waiting_ = 0;
};

/// Waits until a condition holds. \return false after 20 s
template <class Condition>
[[nodiscard]] bool eventually(Condition condition) {
    for (int i = 0; i < 4000 && !condition(); ++i)
        std::this_thread::sleep_for(std::chrono::milliseconds{5});
    return condition();
}

} // namespace outlast_tests

#endif // OUTLAST_TESTS_HTTP_SUPPORT_GATE_HPP
