// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "stage.hpp"
#include "tally.hpp"
#include "verdict.hpp"

#include <string>

namespace rehearsal {

/// All figures as one JSON document.
std::string figures_json(const record& happened, const figures& counted, const verdict& said);

} // namespace rehearsal
