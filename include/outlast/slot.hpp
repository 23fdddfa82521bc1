// SPDX-License-Identifier: BSL-1.0
//
// A place for one value that is built there and may be missing.
#ifndef OUTLAST_SLOT_HPP
#define OUTLAST_SLOT_HPP

#include <outlast/config.hpp>

#include <new> // placement
#include <utility>

namespace outlast {

/// As `std::optional`, but what a function returns is built in it, and moved nowhere. Neither
/// copied nor moved itself.
template <class T>
class slot {
public:
    slot() noexcept {}
    slot(const slot&) = delete;
    slot& operator=(const slot&) = delete;
    ~slot() { clear(); }

    [[nodiscard]] bool filled() const noexcept { return filled_; }
    /// \pre filled()
    [[nodiscard]] T& operator*() noexcept { return value_; }
    [[nodiscard]] const T& operator*() const noexcept { return value_; }
    [[nodiscard]] T* operator->() noexcept { return &value_; }
    [[nodiscard]] const T* operator->() const noexcept { return &value_; }

    void clear() noexcept {
        if (filled_)
            value_.~T();
        filled_ = false;
    }

    /// What was in it is gone before `make` is called. If that throws, nothing is in it.
    template <class Make>
    OUTLAST_INLINE void fill(Make&& make) {
        clear();
        ::new (static_cast<void*>(&value_)) T(std::forward<Make>(make)());
        filled_ = true;
    }

private:
    union {
        T value_;
    };
    bool filled_ = false;
};

} // namespace outlast

#endif // OUTLAST_SLOT_HPP
