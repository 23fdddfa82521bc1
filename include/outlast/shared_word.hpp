// SPDX-License-Identifier: BSL-1.0
//
// A word that is written under a lock and read without one.
#ifndef OUTLAST_SHARED_WORD_HPP
#define OUTLAST_SHARED_WORD_HPP

#include <outlast/config.hpp>
#include <outlast/guarded.hpp>

#include <atomic>
#include <type_traits>

namespace outlast {

/// Written by whoever holds the `Lock` beside it, read by anybody at any time. What was written
/// before a `store` is seen after a `load` that sees its value. With `no_lock` it is a plain value,
/// also in constant expressions.
template <class T, class Lock>
class shared_word {
    static_assert(std::is_trivially_copyable_v<T> && sizeof(T) <= sizeof(void*));

public:
    constexpr explicit shared_word(T value = {}) noexcept : value_(value) {}

    [[nodiscard]] OUTLAST_INLINE constexpr T load() const noexcept {
        if constexpr (std::is_same_v<Lock, no_lock>)
            return value_;
        else
            return value_.load(std::memory_order_acquire);
    }

    constexpr void store(T value) noexcept {
        if constexpr (std::is_same_v<Lock, no_lock>)
            value_ = value;
        else
            value_.store(value, std::memory_order_release);
    }

private:
    std::conditional_t<std::is_same_v<Lock, no_lock>, T, std::atomic<T>> value_;
};

} // namespace outlast

#endif // OUTLAST_SHARED_WORD_HPP
