// SPDX-License-Identifier: BSL-1.0
//
// What was seen, for people and for machines.
#pragma once

#include "seen.hpp"
#include "verdict.hpp"

#include <string>
#include <vector>

namespace doctor {

/// A line a step, and the verdict at the end.
[[nodiscard]] std::string table(const std::vector<examination>& all, const asker& who);

/// The same as one JSON object; README.md tells its members.
[[nodiscard]] std::string json(const std::vector<examination>& all, const asker& who);

} // namespace doctor
