// SPDX-License-Identifier: BSL-1.0
//
// Successes and refusals counted without a shared write: each thread in a line of its own.
#ifndef OUTLAST_SUCCESS_LINES_HPP
#define OUTLAST_SUCCESS_LINES_HPP

#include <outlast/config.hpp>
#include <outlast/counter.hpp>
#include <outlast/heap_array.hpp>
#include <outlast/time.hpp>

#include <concepts>
#include <cstddef>
#include <cstdint>

namespace outlast {

/// A lock that also knows threads apart: how many lines there are, and which one is the calling
/// thread's alone while it lives (one that is not below `lines()`: it has none). `known_line` is
/// `line` once that was asked for on this thread, and none before: it costs a load.
template <class Lock>
concept knows_threads = requires {
    { Lock::lines() } noexcept -> std::convertible_to<std::size_t>;
    { Lock::line() } noexcept -> std::convertible_to<std::size_t>;
    { Lock::known_line() } noexcept -> std::convertible_to<std::size_t>;
};

/// While nothing fails, the order of successes does not matter, only their number in each slice of
/// time. So each thread counts its own, in a cache line that nobody else writes, and they are
/// collected under the lock when somebody needs the sum.
///
/// With a lock that does not know threads apart there are no lines: each success is recorded under
/// the lock.
template <class Lock>
class success_lines {
public:
    constexpr success_lines() noexcept = default;

    /// Whether this thread's line counts for that generation, now.
    /// \param by_time whether there are slices, so that the time must be known
    [[nodiscard]] constexpr bool counts(std::uint64_t, bool, reading&) const noexcept {
        return false;
    }
    /// Counts a success. \pre `counts` has just said so
    constexpr void count() noexcept {}
    /// Counts a refusal. False: this thread has no line.
    constexpr bool refuse() noexcept { return false; }
    template <class Collect>
    constexpr void collect(std::uint64_t, Collect&&) noexcept {}
    constexpr std::uint64_t refusals() noexcept { return 0; }
    constexpr void begin(std::uint64_t, instant) noexcept {}
    /// This thread may have a line from now on.
    constexpr void join() noexcept {}
};

template <knows_threads Lock>
class success_lines<Lock> {
public:
    success_lines() : lines_(Lock::lines()) {}

    [[nodiscard]] OUTLAST_INLINE bool
    counts(std::uint64_t generation, bool by_time, reading& now) const {
        const std::size_t mine = Lock::known_line();
        if (mine >= lines_.size())
            return false;
        const line& l = lines_[mine];
        return l.generation == generation && (!by_time || now.get() < l.end);
    }

    OUTLAST_INLINE void count() noexcept {
        // Looked at again: whether this thread has one may not have been asked.
        if (const std::size_t mine = Lock::known_line(); mine < lines_.size())
            lines_[mine].counted.add_alone();
    }

    OUTLAST_INLINE bool refuse() noexcept {
        const std::size_t mine = Lock::known_line();
        if (mine >= lines_.size())
            return false;
        lines_[mine].refused.add_alone();
        return true;
    }

    static void join() noexcept { (void)Lock::line(); }

    // --- under the lock ---

    /// Tells what has been counted in this generation since the last time: `take(n, slice_end)`.
    template <class Take>
    void collect(std::uint64_t generation, Take&& take) {
        for (line& l : lines_) {
            const std::uint64_t n = l.counted.value();
            if (l.generation == generation && n != l.taken)
                take(n - l.taken, l.end);
            l.taken = n;
        }
    }

    /// How many refusals have been counted since the last time.
    std::uint64_t refusals() noexcept {
        std::uint64_t sum = 0;
        for (line& l : lines_) {
            const std::uint64_t n = l.refused.value();
            sum += n - l.refused_taken;
            l.refused_taken = n;
        }
        return sum;
    }

    /// From here on this thread counts in its line, until `end` (`never`: there are no slices).
    void begin(std::uint64_t generation, instant end) noexcept {
        const std::size_t mine = Lock::line();
        if (mine >= lines_.size())
            return;
        line& l = lines_[mine];
        if (l.generation != generation) // what it holds belongs to the time before
            l.taken = l.counted.value();
        l.generation = generation;
        l.end = end;
    }

private:
    // What is no atomic is written by its thread under the lock: that thread reads it without, all
    // others under it.
    struct alignas(64) line {
        std::uint64_t generation = UINT64_MAX;
        instant end = never;
        counter counted;
        std::uint64_t taken = 0; // of `counted`; only under the lock
        counter refused;
        std::uint64_t refused_taken = 0;
    };

    heap_array<line> lines_;
};

} // namespace outlast

#endif // OUTLAST_SUCCESS_LINES_HPP
