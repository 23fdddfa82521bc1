// SPDX-License-Identifier: BSL-1.0
#include "refusal.hpp"

#include <outlast/oauth2/bearer.hpp>

#include <utility>

namespace gateway {

namespace oauth2 = outlast::oauth2;

namespace {

constexpr std::array<std::string_view, refusal_reasons> names{"no_route",
                                                              "ambiguous_path",
                                                              "no_token",
                                                              "malformed_token",
                                                              "several_tokens",
                                                              "inactive",
                                                              "expired",
                                                              "not_yet_valid",
                                                              "wrong_issuer",
                                                              "wrong_audience",
                                                              "sender_constrained",
                                                              "not_bound",
                                                              "insufficient_scope",
                                                              "claims_too_long"};

refusal_reason reason_of(oauth2::ruling what) noexcept {
    switch (what) {
    case oauth2::ruling::expired:
        return refusal_reason::expired;
    case oauth2::ruling::not_yet_valid:
        return refusal_reason::not_yet_valid;
    case oauth2::ruling::wrong_issuer:
        return refusal_reason::wrong_issuer;
    case oauth2::ruling::wrong_audience:
        return refusal_reason::wrong_audience;
    case oauth2::ruling::sender_constrained:
        return refusal_reason::sender_constrained;
    case oauth2::ruling::not_bound:
        return refusal_reason::not_bound;
    case oauth2::ruling::insufficient_scope:
        return refusal_reason::insufficient_scope;
    case oauth2::ruling::ok:
        break;
    }
    return refusal_reason::inactive;
}

} // namespace

std::string_view to_string(refusal_reason why) noexcept {
    return names[static_cast<std::size_t>(why)];
}

refusal_reason reason_of(const oauth2::decision& d,
                         std::span<const std::string_view> authorization) noexcept {
    if (d.ruled)
        return reason_of(*d.ruled);
    if (d.because)
        return d.because == oauth2::reason::expired ? refusal_reason::expired
                                                    : refusal_reason::inactive;
    switch (oauth2::read_bearer(authorization).status) {
    case oauth2::bearer_status::none:
        return refusal_reason::no_token;
    case oauth2::bearer_status::several:
        return refusal_reason::several_tokens;
    default:
        return refusal_reason::malformed_token;
    }
}

std::string shown_path(std::string_view target) {
    constexpr std::size_t longest = 200;
    constexpr std::string_view digits = "0123456789ABCDEF";
    const std::string_view path = target.substr(0, target.find_first_of("?#;"));
    if (!path.starts_with('/')) // an absolute URL may have a user and a password
        return {};
    std::string shown;
    for (const char c : path.substr(0, longest)) {
        if (c > ' ' && c <= '~') {
            shown.push_back(c);
            continue;
        }
        const auto byte = static_cast<unsigned char>(c);
        shown.append({'%', digits[byte >> 4], digits[byte & 15]});
    }
    return path.size() > longest ? shown + "..." : shown;
}

std::uint64_t once_a_second::another(std::int64_t second) noexcept {
    ++unsaid_;
    return second == std::exchange(said_, second) ? 0 : std::exchange(unsaid_, 0);
}

} // namespace gateway
