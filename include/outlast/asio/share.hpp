// SPDX-License-Identifier: BSL-1.0
//
// Shared ownership, counted in the object.
#ifndef OUTLAST_ASIO_SHARE_HPP
#define OUTLAST_ASIO_SHARE_HPP

#include <atomic>
#include <cstdint>
#include <utility>

namespace outlast::detail {

/// A count of who shares an object, which is told when there is nobody left.
template <class T>
class counted {
public:
    void keep() noexcept { owners_.fetch_add(1, std::memory_order_relaxed); }
    void release() noexcept {
        if (sole() || owners_.fetch_sub(1, std::memory_order_acq_rel) == 1)
            static_cast<T*>(this)->dispose();
    }
    /// Whether nobody but the caller has a share: then nobody can come by one, either.
    [[nodiscard]] bool sole() const noexcept {
        return owners_.load(std::memory_order_acquire) == 1;
    }

protected:
    counted() noexcept = default;
    ~counted() = default;

private:
    std::atomic<std::uint32_t> owners_{1};
};

/// A share in a counted object.
template <class T>
class share {
public:
    share() noexcept = default;
    /// Takes over a share that is counted already.
    explicit share(T* whole) noexcept : whole_(whole) {}
    [[nodiscard]] static share more(T& whole) noexcept {
        whole.keep();
        return share{&whole};
    }
    share(const share& other) noexcept : whole_(other.whole_) {
        if (whole_ != nullptr)
            whole_->keep();
    }
    share(share&& other) noexcept : whole_(std::exchange(other.whole_, nullptr)) {}
    share& operator=(share other) noexcept {
        std::swap(whole_, other.whole_);
        return *this;
    }
    ~share() {
        if (whole_ != nullptr)
            whole_->release();
    }

    [[nodiscard]] T* get() const noexcept { return whole_; }
    [[nodiscard]] T* let_go() noexcept { return std::exchange(whole_, nullptr); }
    T* operator->() const noexcept { return whole_; }
    T& operator*() const noexcept { return *whole_; }
    explicit operator bool() const noexcept { return whole_ != nullptr; }

private:
    T* whole_ = nullptr;
};

} // namespace outlast::detail

#endif // OUTLAST_ASIO_SHARE_HPP
