// SPDX-License-Identifier: BSL-1.0
//
// Forms, Basic credentials, bearer headers and random tokens: text in, text out.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace rehearsal {

std::string form_encode(std::string_view text);

/// One field of a form, decoded; nothing if it is not there.
std::optional<std::string> form_field(std::string_view form, std::string_view name);

/// Id and secret of `Basic …`, each form-decoded (RFC 6749 §2.3.1).
std::optional<std::pair<std::string, std::string>> basic_credentials(std::string_view header);

/// The token of `Bearer …`.
std::optional<std::string> bearer_token(std::string_view header);

/// 256 random bits, base64url without padding (43 characters).
std::string random_token();

} // namespace rehearsal
