// SPDX-License-Identifier: BSL-1.0
#include "text.hpp"

#include <iomanip>
#include <sstream>

namespace rehearsal {

std::string text(std::uint64_t number) { return std::to_string(number); }

std::string text(double number, int decimals) {
    std::ostringstream out;
    out << std::fixed << std::setprecision(decimals) << number;
    return out.str();
}

std::string text(const std::optional<double>& number, int decimals) {
    return number ? text(*number, decimals) : "-";
}

std::string right(const std::string& cell, std::size_t width) {
    return cell.size() < width ? std::string(width - cell.size(), ' ') + cell : cell;
}

std::string left(const std::string& cell, std::size_t width) {
    return cell.size() < width ? cell + std::string(width - cell.size(), ' ') : cell;
}

} // namespace rehearsal
