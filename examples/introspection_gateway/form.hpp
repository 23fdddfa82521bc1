// SPDX-License-Identifier: BSL-1.0
//
// The body of a form.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace gateway {

/// Of application/x-www-form-urlencoded. \return none if no parameter of that name is there, or more than one, or its
/// value is not escaped as it should be
[[nodiscard]] std::optional<std::string> form_value(std::string_view body, std::string_view name);

} // namespace gateway
