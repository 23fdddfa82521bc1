// SPDX-License-Identifier: BSL-1.0
//
// Work that goes on although nobody waits for it any more.
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

namespace detail {

/// Counts one of them for as long as it lives.
class counted_abandonment {
public:
    counted_abandonment() noexcept {
        running.fetch_add(1, std::memory_order_relaxed);
        ever.fetch_add(1, std::memory_order_relaxed);
    }
    ~counted_abandonment() { running.fetch_sub(1, std::memory_order_relaxed); }
    counted_abandonment(const counted_abandonment&) = delete;
    counted_abandonment& operator=(const counted_abandonment&) = delete;

    // Of the process, as an operation may outlive the context that it began on.
    static inline std::atomic<std::uint64_t> running{0};
    static inline std::atomic<std::uint64_t> ever{0};
};

} // namespace detail

/// How much work was abandoned: what ignores cancellation (a name lookup does) goes on to its end.
[[nodiscard]] inline abandoned_work abandoned() noexcept {
    return {detail::counted_abandonment::running.load(std::memory_order_relaxed),
            detail::counted_abandonment::ever.load(std::memory_order_relaxed)};
}

} // namespace outlast

#endif // OUTLAST_ASIO_ABANDONED_HPP
