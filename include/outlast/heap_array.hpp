// SPDX-License-Identifier: BSL-1.0
//
// A row of places whose number is fixed when it is made.
#ifndef OUTLAST_HEAP_ARRAY_HPP
#define OUTLAST_HEAP_ARRAY_HPP

#include <cstddef>
#include <utility> // std::exchange, std::swap

namespace outlast {

/// n places on the heap, each made by default. All that windows and counters need of a
/// `std::vector`, which alone would be a tenth of what this library takes to compile. Copied with
/// its places, where they can be; moved from, it has none.
template <class T>
class heap_array {
public:
    constexpr heap_array() noexcept = default;
    constexpr explicit heap_array(std::size_t n)
        : size_(n), places_(n != 0 ? new T[n]() : nullptr) {}
    constexpr heap_array(const heap_array& other) : heap_array(other.size_) {
        for (std::size_t i = 0; i != size_; ++i)
            places_[i] = other.places_[i];
    }
    constexpr heap_array(heap_array&& other) noexcept
        : size_(std::exchange(other.size_, 0)), places_(std::exchange(other.places_, nullptr)) {}
    constexpr heap_array& operator=(heap_array other) noexcept {
        std::swap(size_, other.size_);
        std::swap(places_, other.places_);
        return *this;
    }
    constexpr ~heap_array() { delete[] places_; }

    [[nodiscard]] constexpr std::size_t size() const noexcept { return size_; }
    [[nodiscard]] constexpr bool empty() const noexcept { return size_ == 0; }
    /// \pre i < size()
    [[nodiscard]] constexpr T& operator[](std::size_t i) noexcept { return places_[i]; }
    [[nodiscard]] constexpr const T& operator[](std::size_t i) const noexcept { return places_[i]; }
    [[nodiscard]] constexpr T* begin() noexcept { return places_; }
    [[nodiscard]] constexpr T* end() noexcept { return places_ + size_; }
    [[nodiscard]] constexpr const T* begin() const noexcept { return places_; }
    [[nodiscard]] constexpr const T* end() const noexcept { return places_ + size_; }

private:
    std::size_t size_ = 0;
    T* places_ = nullptr;
};

} // namespace outlast

#endif // OUTLAST_HEAP_ARRAY_HPP
