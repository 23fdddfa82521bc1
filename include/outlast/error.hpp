// SPDX-License-Identifier: BSL-1.0
//
// What a constructor does with options that make no sense.
#ifndef OUTLAST_ERROR_HPP
#define OUTLAST_ERROR_HPP

#include <outlast/config.hpp>
#include <outlast/refusal.hpp>

#if OUTLAST_EXCEPTIONS
#include <stdexcept> // std::invalid_argument
#else
#include <cstdlib> // std::abort
#endif

namespace outlast {

/// What a constructor does with options that make no sense: throws `std::invalid_argument` with
/// the sentence, stops the program where exceptions are off, and does not compile in a constant
/// expression, where the compiler's error shows the sentence. `problem` is null when all is well.
constexpr void require_valid(const char* problem) {
    if (problem == nullptr)
        return;
    OUTLAST_NO_CONSTANT(problem);
#if OUTLAST_EXCEPTIONS
    throw std::invalid_argument(problem);
#else
    std::abort();
#endif
}

} // namespace outlast

#endif // OUTLAST_ERROR_HPP
