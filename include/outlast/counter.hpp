// SPDX-License-Identifier: BSL-1.0
//
// A number that threads raise.
#ifndef OUTLAST_COUNTER_HPP
#define OUTLAST_COUNTER_HPP

#include <outlast/config.hpp>

#include <atomic>
#include <cstdint>
#include <type_traits> // std::is_constant_evaluated

namespace outlast {

/// Any thread may raise and read it at any time: one relaxed addition, and it orders nothing else.
/// Plain in constant expressions. Not copied: it is what is counted, where it was put.
class counter {
public:
    constexpr counter() noexcept = default;
    counter(const counter&) = delete;
    counter& operator=(const counter&) = delete;

    constexpr void add() noexcept {
        if (std::is_constant_evaluated())
            ++value_;
        else
            std::atomic_ref{value_}.fetch_add(1, std::memory_order_relaxed);
    }
    /// By its only writer: a plain addition in two halves.
    OUTLAST_INLINE void add_alone() noexcept {
        std::atomic_ref{value_}.store(value() + 1, std::memory_order_relaxed);
    }

    [[nodiscard]] constexpr std::uint64_t value() const noexcept {
        if (std::is_constant_evaluated())
            return value_;
        // atomic_ref takes no constant before C++26; this only reads.
        return std::atomic_ref{const_cast<std::uint64_t&>(value_)}.load(std::memory_order_relaxed);
    }
    constexpr operator std::uint64_t() const noexcept { return value(); }

private:
    alignas(std::atomic_ref<std::uint64_t>::required_alignment) std::uint64_t value_ = 0;
};

} // namespace outlast

#endif // OUTLAST_COUNTER_HPP
