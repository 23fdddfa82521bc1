// SPDX-License-Identifier: BSL-1.0
//
// Numbers that threads raise without a shared write: each thread in a line of its own.
#ifndef OUTLAST_COUNTER_LINES_HPP
#define OUTLAST_COUNTER_LINES_HPP

#include <outlast/config.hpp>
#include <outlast/counter.hpp>
#include <outlast/guarded.hpp>
#include <outlast/heap_array.hpp>
#include <outlast/success_lines.hpp> // knows_threads

#include <array>
#include <cstddef>
#include <cstdint>

namespace outlast {

/// N numbers, raised and read by any thread at any time without a lock. With a lock that does not
/// know threads apart they are shared, and each addition is one; with `no_lock` they are plain.
template <class Lock, std::size_t N>
class counter_lines {
public:
    void add(std::size_t i) noexcept { all_[i].add(); }
    [[nodiscard]] std::uint64_t sum(std::size_t i) const noexcept { return all_[i]; }

private:
    std::array<counter, N> all_;
};

template <std::size_t N>
class counter_lines<no_lock, N> {
public:
    constexpr void add(std::size_t i) noexcept { ++all_[i]; }
    [[nodiscard]] constexpr std::uint64_t sum(std::size_t i) const noexcept { return all_[i]; }

private:
    std::array<std::uint64_t, N> all_{};
};

template <knows_threads Lock, std::size_t N>
class counter_lines<Lock, N> {
public:
    counter_lines() : lines_(Lock::lines()) {}

    OUTLAST_INLINE void add(std::size_t i) noexcept {
        if (const std::size_t mine = Lock::line(); mine < lines_.size()) [[likely]]
            lines_[mine].n[i].add_alone();
        else
            others_[i].add();
    }
    [[nodiscard]] std::uint64_t sum(std::size_t i) const noexcept {
        std::uint64_t all = others_[i];
        for (const line& l : lines_)
            all += l.n[i];
        return all;
    }

private:
    struct alignas(64) line {
        std::array<counter, N> n;
    };

    heap_array<line> lines_;
    std::array<counter, N> others_; // of threads without a line
};

} // namespace outlast

#endif // OUTLAST_COUNTER_LINES_HPP
