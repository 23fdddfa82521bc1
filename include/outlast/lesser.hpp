// SPDX-License-Identifier: BSL-1.0
//
// The lesser and the greater of two numbers. Times have words of their own (time.hpp).
#ifndef OUTLAST_LESSER_HPP
#define OUTLAST_LESSER_HPP

#include <type_traits>

namespace outlast {

// By value, and without <algorithm>, which costs more to include than the core of this library.
template <class T>
[[nodiscard]] constexpr T lesser(T a, std::type_identity_t<T> b) noexcept {
    return b < a ? b : a;
}
template <class T>
[[nodiscard]] constexpr T greater(T a, std::type_identity_t<T> b) noexcept {
    return a < b ? b : a;
}

} // namespace outlast

#endif // OUTLAST_LESSER_HPP
