// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <string_view>

namespace gateway {

/// One HTML page without anything from elsewhere; it reads /status.json beside it.
inline constexpr std::string_view status_page =
#include "status_page.inc"
    ;

} // namespace gateway
