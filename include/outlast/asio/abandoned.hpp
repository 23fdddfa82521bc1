// SPDX-License-Identifier: BSL-1.0
//
// Work that goes on although nobody waits for it any more, and calls that do without their caller.
#ifndef OUTLAST_ASIO_ABANDONED_HPP
#define OUTLAST_ASIO_ABANDONED_HPP

#include <atomic>
#include <cstdint>

namespace outlast {

/// Operations of this process whose caller had its answer before they ended.
struct abandoned_work {
    std::uint64_t running = 0; ///< by now
    std::uint64_t ever = 0;    ///< since the start
};

/// Calls of this process that go on, policies and all, though their caller has its answer or has left:
/// refreshes ahead, and work for a key that others wait for.
struct detached_calls {
    std::uint64_t running = 0; ///< by now
    std::uint64_t ever = 0;    ///< since the start
};

namespace detail {

/// Counts one of those that `Counts` has, for as long as it lives.
template <class Counts>
class counted_as {
public:
    counted_as() noexcept {
        running_.fetch_add(1, std::memory_order_relaxed);
        ever_.fetch_add(1, std::memory_order_relaxed);
    }
    ~counted_as() { running_.fetch_sub(1, std::memory_order_relaxed); }
    counted_as(const counted_as&) = delete;
    counted_as& operator=(const counted_as&) = delete;

    [[nodiscard]] static Counts counts() noexcept {
        return {running_.load(std::memory_order_relaxed), ever_.load(std::memory_order_relaxed)};
    }

private:
    // Of the process, as an operation may outlive the context that it began on.
    static inline std::atomic<std::uint64_t> running_{0};
    static inline std::atomic<std::uint64_t> ever_{0};
};

} // namespace detail

/// How much work was abandoned: what ignores cancellation (a name lookup does) goes on to its end.
[[nodiscard]] inline abandoned_work abandoned() noexcept {
    return detail::counted_as<abandoned_work>::counts();
}

/// How many calls go on without their caller.
[[nodiscard]] inline detached_calls detached() noexcept {
    return detail::counted_as<detached_calls>::counts();
}

} // namespace outlast

#endif // OUTLAST_ASIO_ABANDONED_HPP
