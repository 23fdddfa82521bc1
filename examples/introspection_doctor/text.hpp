// SPDX-License-Identifier: BSL-1.0
//
// Foreign text, fit to be shown.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace doctor {

/// What a server or a certificate says: cut at 200 bytes, other than printable ASCII as '?', so that it can't steer a
/// terminal, and each of `hidden` as "[hidden]", in whatever case.
/// \param hidden a token, a secret
[[nodiscard]] std::string fit(std::string_view said,
                              const std::vector<std::string_view>& hidden = {});

} // namespace doctor
