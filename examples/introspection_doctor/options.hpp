// SPDX-License-Identifier: BSL-1.0
//
// The command line.
#pragma once

#include "plan.hpp"

#include <stdexcept>
#include <string>
#include <vector>

namespace doctor {

/// Bad arguments, in one sentence.
struct usage_error : std::runtime_error {
    using runtime_error::runtime_error;
};

/// \param arguments without the name of the program
/// \throws usage_error, also when a file or the environment lacks what it should have
[[nodiscard]] plan read_arguments(const std::vector<std::string>& arguments);

/// The text of --help.
extern const char* const usage;

} // namespace doctor
