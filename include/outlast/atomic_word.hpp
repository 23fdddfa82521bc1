// SPDX-License-Identifier: BSL-1.0
//
// A word that any thread changes without a lock.
#ifndef OUTLAST_ATOMIC_WORD_HPP
#define OUTLAST_ATOMIC_WORD_HPP

#include <outlast/config.hpp>
#include <outlast/guarded.hpp>

#include <atomic>
#include <type_traits>

namespace outlast {

/// What a thread did before its change is seen by the one that changes the word after it. With
/// `no_lock` it is a plain value, also in constant expressions.
template <class T, class Lock>
class atomic_word {
    static_assert(std::is_trivially_copyable_v<T> && sizeof(T) <= sizeof(void*));
    static constexpr bool plain = std::is_same_v<Lock, no_lock>;

public:
    constexpr explicit atomic_word(T value = {}) noexcept : value_(value) {}

    [[nodiscard]] OUTLAST_INLINE constexpr T load() const noexcept {
        if constexpr (plain)
            return value_;
        else
            return value_.load(std::memory_order_acquire);
    }

    /// Lets `next(T&)` change it, as often as it takes until no other thread came in between. False,
    /// and it is as it was, where `next` says so.
    template <class F>
    OUTLAST_INLINE constexpr bool change(F&& next) noexcept {
        T seen = load();
        for (;;) {
            T wanted = seen;
            if (!next(wanted))
                return false;
            if (replace(seen, wanted))
                return true;
        }
    }

private:
    // False, with what is there now in `seen`, if another thread came in between.
    OUTLAST_INLINE constexpr bool replace(T& seen, T wanted) noexcept {
        if constexpr (plain) {
            value_ = wanted;
            return true;
        } else {
            return value_.compare_exchange_weak(seen, wanted, std::memory_order_acq_rel,
                                                std::memory_order_acquire);
        }
    }

    std::conditional_t<plain, T, std::atomic<T>> value_;
};

} // namespace outlast

#endif // OUTLAST_ATOMIC_WORD_HPP
