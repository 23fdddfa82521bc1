// SPDX-License-Identifier: BSL-1.0
//
// The same done by hand, as it is ordinarily done: a mutex, a loop, the standard containers.
#ifndef OUTLAST_BENCH_ORDINARY_HPP
#define OUTLAST_BENCH_ORDINARY_HPP

#include <chrono>
#include <cstddef>
#include <exception>
#include <mutex>
#include <thread>

namespace bench::ordinary {

/// Opens after so many failures in a row, for a while.
class breaker {
public:
    bool admits() {
        const std::lock_guard hold{mutex_};
        return failures_ < 5 || std::chrono::steady_clock::now() >= open_until_;
    }
    void record(bool good) {
        const std::lock_guard hold{mutex_};
        if (good) {
            failures_ = 0;
        } else if (++failures_ >= 5) {
            open_until_ = std::chrono::steady_clock::now() + std::chrono::seconds{10};
        }
    }

private:
    std::mutex mutex_;
    int failures_ = 0;
    std::chrono::steady_clock::time_point open_until_{};
};

/// Fallback, retry, breaker and timeout around work that throws when it fails.
class guard {
public:
    template <class F, class... A>
    int operator()(F& f, const A&... arguments) {
        constexpr int instead = -1;
        auto pause = std::chrono::milliseconds{100};
        for (int attempt = 1;; ++attempt) {
            if (!breaker_.admits())
                return instead;
            try {
                const auto begun = std::chrono::steady_clock::now();
                const int value = f(arguments...);
                const auto took = std::chrono::steady_clock::now() - begun;
                const bool in_time = took < std::chrono::milliseconds{250};
                breaker_.record(in_time);
                if (in_time)
                    return value;
            } catch (const std::exception&) {
                breaker_.record(false);
            }
            if (attempt == 3)
                return instead;
            std::this_thread::sleep_for(pause);
            pause *= 2;
        }
    }

private:
    breaker breaker_;
};

} // namespace bench::ordinary

#endif // OUTLAST_BENCH_ORDINARY_HPP
