// SPDX-License-Identifier: BSL-1.0
//
// Reasons as error codes: how the policies see what an introspection came to.
#ifndef OUTLAST_OAUTH2_ERROR_HPP
#define OUTLAST_OAUTH2_ERROR_HPP

#include <outlast/failure.hpp>
#include <outlast/http/error.hpp>
#include <outlast/oauth2/reason.hpp>
#include <outlast/step.hpp> // verdict

#include <optional>
#include <string>
#include <system_error>

namespace outlast::oauth2 {

/// The category of `reason` as a `std::error_code`. Its messages are the names of the reasons:
/// fixed texts, fit for logs.
inline const std::error_category& reason_category() noexcept {
    class category final : public std::error_category {
        const char* name() const noexcept override { return "outlast.oauth2"; }
        std::string message(int value) const override {
            return std::string{to_string(static_cast<reason>(value & 0xff))};
        }
    };
    static const category instance;
    return instance;
}

inline std::error_code make_error_code(reason why) noexcept {
    return {static_cast<int>(why), reason_category()};
}

namespace detail {
inline constexpr int repeated_mark = 0x100; // beside the reason, in the value of a code
}

/// The same reason, for a failure over a token that has been counted already (repeats.hpp).
[[nodiscard]] inline std::error_code repeated(reason why) noexcept {
    return {static_cast<int>(why) | detail::repeated_mark, reason_category()};
}
[[nodiscard]] inline bool is_repeated(const std::error_code& code) noexcept {
    return code.category() == reason_category() && (code.value() & detail::repeated_mark) != 0;
}

/// The reason behind a code that a policy or a failure carries; none for foreign codes.
[[nodiscard]] inline std::optional<reason> reason_in(const std::error_code& code) noexcept {
    if (code.category() != reason_category())
        return std::nullopt;
    return static_cast<reason>(code.value() & 0xff);
}

/// What a failure of the shipped transports means. Everything that is not named here is a lost
/// connection: no answer, and nothing known.
[[nodiscard]] inline reason reason_of_transport(const std::error_code& code) noexcept {
    if (code.category() == http::error_category()) {
        using enum http::errc;
        switch (static_cast<http::errc>(code.value())) {
        case name_not_found:
        case name_lookup_failed:
        case name_lookup_timeout:
            return reason::name_not_resolved;
        case connection_refused:
        case unreachable:
            return reason::connection_refused;
        case connect_timeout:
            return reason::connect_timed_out;
        case tls_timeout:
        case tls_failed:
        case certificate_expired:
        case certificate_wrong_host:
        case certificate_untrusted:
        case tls_broken:
            return reason::tls_failed;
        case answer_timeout:
        case deadline_passed:
            return reason::timed_out;
        case malformed:
            return reason::unexpected_status;
        case too_large:
            return reason::body_too_large;
        case bad_request:
        case bad_setup:
            return reason::misconfigured;
        case no_free_connection:
        case local_resources:
        case cancelled:
            return reason::shed;
        default:
            return reason::connection_lost;
        }
    }
    if (code == std::errc::timed_out)
        return reason::timed_out;
    if (code == std::errc::connection_refused || code == std::errc::host_unreachable)
        return reason::connection_refused;
    return reason::connection_lost;
}

/// Whether the same request, sent once more, may fare better at once: it was refused, lost, or answered 502, 503 or
/// 504, and nobody said when to come back. (After a timeout there is no time, and 500 is no accident.)
[[nodiscard]] inline bool is_worth_repeating(const verdict& v) noexcept {
    if (v.has_hint() || v.kind == verdict_kind::expired)
        return false;
    switch (reason_in(v.error()).value_or(reason::timed_out)) {
    case reason::name_not_resolved:
    case reason::connection_refused:
    case reason::connection_lost:
    case reason::server_unavailable:
        return true;
    default:
        return false;
    }
}

/// Why a whole call through the policies failed, as one of the closed list.
[[nodiscard]] inline reason reason_of(const failure& f) noexcept {
    const std::optional<reason> behind = reason_in(f.cause());
    switch (f.why()) {
    case refusal::circuit_open:
        return behind && class_of(*behind) == outcome_class::fault ? reason::fault_latched
                                                                   : reason::circuit_open;
    case refusal::none:
        return behind.value_or(reason::connection_lost);
    case refusal::timed_out:
        return reason::timed_out;
    case refusal::threw:
        return reason::connection_lost;
    default:
        return reason::shed;
    }
}

} // namespace outlast::oauth2

template <>
struct std::is_error_code_enum<outlast::oauth2::reason> : std::true_type {};

#endif // OUTLAST_OAUTH2_ERROR_HPP
