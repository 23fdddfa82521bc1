// SPDX-License-Identifier: BSL-1.0
//
// One at a time, without a lock: who finds the place taken leaves what is to be done.
#ifndef OUTLAST_ASIO_TURNS_HPP
#define OUTLAST_ASIO_TURNS_HPP

#include <outlast/config.hpp>

#include <atomic>
#include <utility> // std::exchange

namespace outlast::detail {

/// The queue of one call. Any thread may come with an item; the one that finds nobody inside is
/// inside until it has taken everything that was left meanwhile. First come, first served.
class turns {
public:
    struct item {
        item* next = nullptr;
        /// Does what is to be done; if not `wanted`, only frees what it holds.
        void (*run)(item&, bool wanted) = nullptr;
    };

    /// Whoever makes it is inside.
    turns() noexcept : left_(&inside_) {}
    turns(const turns&) = delete;
    turns& operator=(const turns&) = delete;

    /// True: the caller is inside.
    [[nodiscard]] bool enter() noexcept {
        item* nobody = nullptr;
        return left_.compare_exchange_strong(nobody, &inside_, std::memory_order_acquire,
                                             std::memory_order_relaxed);
    }

    /// True: the caller is inside, and is to run `i` itself. False: somebody else will.
    [[nodiscard]] bool enter_or_leave(item& i) noexcept {
        item* seen = left_.load(std::memory_order_relaxed);
        for (;;) {
            if (seen == nullptr) {
                if (left_.compare_exchange_weak(seen, &inside_, std::memory_order_acquire,
                                                std::memory_order_relaxed))
                    return true;
            } else {
                i.next = seen == &inside_ ? nullptr : seen;
                if (left_.compare_exchange_weak(seen, &i, std::memory_order_release,
                                                std::memory_order_relaxed))
                    return false;
            }
        }
    }

    /// The next one, or null: there was none, and the caller is outside now. \pre inside
    [[nodiscard]] item* next_or_leave() noexcept {
        if (batch_ == nullptr) {
            item* seen = &inside_;
            if (left_.compare_exchange_strong(seen, nullptr, std::memory_order_release,
                                              std::memory_order_relaxed))
                return nullptr;
            item* last = left_.exchange(&inside_, std::memory_order_acquire);
            while (last != nullptr) { // they lie the last one first
                item* const before = std::exchange(last->next, batch_);
                batch_ = last;
                last = before;
            }
        }
        return std::exchange(batch_, batch_->next);
    }

    /// Leaves it for a later turn of whoever is inside. \pre inside; the item was just taken
    void put_back(item& i) noexcept {
        i.next = batch_;
        batch_ = &i;
    }

private:
    item inside_{};
    std::atomic<item*> left_; // null: nobody is inside; `inside_`: nothing was left
    item* batch_ = nullptr;   // of who is inside
};

} // namespace outlast::detail

#endif // OUTLAST_ASIO_TURNS_HPP
