// SPDX-License-Identifier: BSL-1.0
//
// Why a request may not pass: for metrics and the log, never for its client.
#pragma once

#include <outlast/oauth2/decision.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace gateway {

enum class refusal_reason : unsigned char {
    no_route,       ///< in the configuration: 404
    ambiguous_path, ///< two programs might read it differently: 404
    no_token,
    malformed_token,
    several_tokens, ///< more than one Authorization header: 400
    inactive,       ///< says the server, now or not long ago
    expired,        ///< by what is remembered, or by the route's check
    // What the route demands of an active token (outlast::oauth2::ruling):
    not_yet_valid,
    wrong_issuer,
    wrong_audience,
    sender_constrained,
    not_bound,
    insufficient_scope, ///< 403
    claims_too_long     ///< for headers: 500
};
inline constexpr auto refusal_reasons =
    static_cast<std::size_t>(refusal_reason::claims_too_long) + 1;

/// A fixed name, fit for a metric label.
[[nodiscard]] std::string_view to_string(refusal_reason why) noexcept;

/// \param d a 400, 401 or 403
/// \param authorization the headers that it is about
[[nodiscard]] refusal_reason reason_of(const outlast::oauth2::decision& d,
                                       std::span<const std::string_view> authorization) noexcept;

/// What may be shown of a request's target: its path as far as no secret is looked for there, without query and
/// parameters, escaped and not longer than a line bears; empty if it is no path.
[[nodiscard]] std::string shown_path(std::string_view target);

/// For lines of the log about what may happen with each request: one a second says how often it did.
class once_a_second {
public:
    /// One more. \return how many there were since the last line, if this second has none yet; else 0
    [[nodiscard]] std::uint64_t another(std::int64_t second) noexcept;

private:
    std::int64_t said_ = -1;
    std::uint64_t unsaid_ = 0;
};

} // namespace gateway
