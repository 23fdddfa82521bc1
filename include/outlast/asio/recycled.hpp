// SPDX-License-Identifier: BSL-1.0
//
// Memory of calls, used again by the calls after them.
#ifndef OUTLAST_ASIO_RECYCLED_HPP
#define OUTLAST_ASIO_RECYCLED_HPP

#include <outlast/config.hpp>

#include <boost/asio/any_completion_handler.hpp>

#include <cstddef>
#include <memory> // std::allocator
#include <new>
#include <type_traits>
#include <utility>

namespace outlast::detail {

/// What a thread has at hand: a few pieces of each size. (Asio's own keeps two, of 1 kB at most,
/// which the machine of a cache inside a retry exceeds.)
class spare_memory {
public:
    static void* take(std::size_t bytes) {
        const std::size_t c = class_of(bytes);
        if (c < classes && here_.kept[c] != nullptr) {
            --here_.count[c];
            return std::exchange(here_.kept[c], here_.kept[c]->next);
        }
        return ::operator new(c < classes ? (c + 1) * step : bytes);
    }
    static void give(void* p, std::size_t bytes) noexcept {
        const std::size_t c = class_of(bytes);
        if (c >= classes || (here_.count[c] >= here_.most && !open())) {
            ::operator delete(p);
            return;
        }
        ++here_.count[c];
        here_.kept[c] = ::new (p) piece{here_.kept[c]};
    }

private:
    static constexpr std::size_t step = 256, classes = 16;
    static constexpr unsigned char most = 8;

    struct piece {
        piece* next;
    };
    struct pieces {
        piece* kept[classes];
        unsigned char count[classes];
        unsigned char most; // 0: not used yet, or not any more
        bool closed;
    };
    struct closer {
        closer() noexcept = default;
        ~closer() {
            here_.closed = true;
            here_.most = 0;
            for (piece*& list : here_.kept)
                while (list != nullptr)
                    ::operator delete(std::exchange(list, list->next));
        }
    };
    // Whether there is room only now.
    OUTLAST_COLD static bool open() noexcept {
        if (here_.closed || here_.most != 0)
            return false;
        (void)&at_exit_; // made once there is something to free
        here_.most = most;
        return true;
    }
    static std::size_t class_of(std::size_t bytes) noexcept { return (bytes - 1) / step; }

    static inline thread_local constinit pieces here_{};
    static inline thread_local closer at_exit_{};
};

/// The allocator of calls whose handler has none of its own, and of their operations.
template <class T>
struct recycled {
    using value_type = T;
    recycled() noexcept = default;
    template <class U>
    recycled(const recycled<U>&) noexcept {}

    T* allocate(std::size_t n) {
        if constexpr (alignof(T) > __STDCPP_DEFAULT_NEW_ALIGNMENT__)
            return std::allocator<T>{}.allocate(n);
        else
            return static_cast<T*>(spare_memory::take(n * sizeof(T)));
    }
    void deallocate(T* p, std::size_t n) noexcept {
        if constexpr (alignof(T) > __STDCPP_DEFAULT_NEW_ALIGNMENT__)
            std::allocator<T>{}.deallocate(p, n);
        else
            spare_memory::give(p, n * sizeof(T));
    }
    template <class U>
    friend bool operator==(const recycled&, const recycled<U>&) noexcept {
        return true;
    }
};

template <class Allocator>
inline constexpr bool is_everybodys = false;
template <class T>
inline constexpr bool is_everybodys<std::allocator<T>> = true;
// It points into its handler, which is gone before work that was abandoned gives its memory back.
template <class... T>
inline constexpr bool is_everybodys<boost::asio::any_completion_handler_allocator<T...>> = true;

/// `Allocator` for `T`, unless it is everybody's.
template <class Allocator, class T>
using allocator_for =
    std::conditional_t<is_everybodys<Allocator>,
                       recycled<T>,
                       typename std::allocator_traits<Allocator>::template rebind_alloc<T>>;

/// The allocator of a handler for `T`.
template <class T, class Allocator>
[[nodiscard]] allocator_for<Allocator, T> allocator_from(const Allocator& a) noexcept {
    if constexpr (is_everybodys<Allocator>)
        return {};
    else
        return allocator_for<Allocator, T>{a};
}

} // namespace outlast::detail

#endif // OUTLAST_ASIO_RECYCLED_HPP
