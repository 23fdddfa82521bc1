// SPDX-License-Identifier: BSL-1.0
//
// The whole examination, in its order.
#pragma once

#include "plan.hpp"
#include "seen.hpp"

#include <vector>

namespace doctor {

/// Discovery if it is wanted, then each endpoint. Takes as long as the steps take, each at most `timeout`.
/// \throws usage_error when the files for TLS can't be used
[[nodiscard]] std::vector<examination> examine(const plan& what);

} // namespace doctor
