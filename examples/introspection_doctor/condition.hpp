// SPDX-License-Identifier: BSL-1.0
//
// What kind of trouble: the exit code, and fixed names for machines.
#pragma once

#include "seen.hpp"

#include <string_view>

namespace doctor {

/// The values are the exit codes.
enum class condition {
    well = 0,
    name = 3,
    connection = 4,
    tls = 5,
    server = 6,       ///< it ails, is overloaded or slow
    refused = 7,      ///< our credentials or configuration
    unbelievable = 8, ///< what it answers
};

[[nodiscard]] condition condition_of(const problem& wrong);

/// In snake_case, each of a closed list.
[[nodiscard]] std::string_view to_string(condition c);
[[nodiscard]] std::string_view to_string(step s);
[[nodiscard]] std::string_view to_string(const problem& wrong); ///< "ok" for none

} // namespace doctor
