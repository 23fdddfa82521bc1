// SPDX-License-Identifier: BSL-1.0
//
// A mutex that knows threads apart.
#ifndef OUTLAST_THREAD_LOCK_HPP
#define OUTLAST_THREAD_LOCK_HPP

#include <outlast/config.hpp>
#include <outlast/lesser.hpp>

#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <thread>

namespace outlast {

namespace detail {

/// A number for each thread that is alive, the lowest that is free; threads beyond the 64th have
/// none of their own.
class thread_number {
public:
    static constexpr std::size_t none = 64;

    [[nodiscard]] static std::size_t mine() noexcept {
        const std::size_t n = mine_;
        return n != unknown ? n : claim();
    }
    /// The same, but `unknown` until this thread has asked for the first time.
    [[nodiscard]] OUTLAST_INLINE static std::size_t known() noexcept { return mine_; }
    static constexpr std::size_t unknown = SIZE_MAX;

private:
    static inline thread_local std::size_t mine_ = unknown;
    static inline std::atomic<std::uint64_t> taken_{0};

    struct claimed {
        std::size_t number = none;
        claimed() noexcept {
            std::uint64_t seen = taken_.load(std::memory_order_relaxed);
            while (~seen != 0) {
                const auto free = static_cast<std::size_t>(std::countr_one(seen));
                // What the thread before did with its number is seen by the one after it.
                if (taken_.compare_exchange_weak(seen, seen | std::uint64_t{1} << free,
                                                 std::memory_order_acq_rel)) {
                    number = free;
                    return;
                }
            }
        }
        ~claimed() {
            mine_ = none; // destructors that run after this one have none
            if (number != none)
                taken_.fetch_and(~(std::uint64_t{1} << number), std::memory_order_acq_rel);
        }
        claimed(const claimed&) = delete;
        claimed& operator=(const claimed&) = delete;
    };

    OUTLAST_COLD static std::size_t claim() noexcept {
        static thread_local const claimed here;
        return mine_ = here.number;
    }
};

} // namespace detail

/// What threads share a policy by: a mutex, and for each thread a line to count in.
class thread_lock {
public:
    void lock() { mutex_.lock(); }
    void unlock() { mutex_.unlock(); }

    /// Twice the processors, 8 to 64; 64 bytes each, in every policy that counts.
    [[nodiscard]] static std::size_t lines() noexcept {
        static const std::size_t n = lesser<std::size_t>(
            greater<std::size_t>(2 * std::thread::hardware_concurrency(), 8), 64);
        return n;
    }
    [[nodiscard]] static std::size_t line() noexcept { return detail::thread_number::mine(); }
    [[nodiscard]] OUTLAST_INLINE static std::size_t known_line() noexcept {
        return detail::thread_number::known();
    }

private:
    std::mutex mutex_;
};

} // namespace outlast

#endif // OUTLAST_THREAD_LOCK_HPP
