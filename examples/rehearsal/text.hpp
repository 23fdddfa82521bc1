// SPDX-License-Identifier: BSL-1.0
//
// Numbers as words, and columns.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

namespace rehearsal {

std::string text(std::uint64_t number);
std::string text(double number, int decimals);
std::string text(const std::optional<double>& number, int decimals); ///< "-" if there is none

/// In the last, or the first, of `width` columns.
std::string right(const std::string& cell, std::size_t width);
std::string left(const std::string& cell, std::size_t width);

} // namespace rehearsal
