// SPDX-License-Identifier: BSL-1.0
//
// What an introspection came to: six classes, and the closed list of reasons behind them.
#ifndef OUTLAST_OAUTH2_REASON_HPP
#define OUTLAST_OAUTH2_REASON_HPP

#include <cstdint>
#include <string_view>

namespace outlast::oauth2 {

/// The class decides: allow, refuse, or "cannot tell", and what a breaker counts.
enum class outcome_class : std::uint8_t {
    active,   ///< a definite yes; a success for the breaker
    inactive, ///< a definite no; a success for the breaker
    down,     ///< no answer of use: a failure for the breaker; a stale verdict may stand in
    bad,      ///< an answer that cannot be believed: likewise
    fault,    ///< our own credentials or configuration are refused: counts for the fault latch only
    odd,      ///< perhaps this very token: counts for nothing
};

/// Why. Each reason belongs to one class: see `class_of`. The list is closed, so that it can be the
/// label of a metric and nothing of an answer gets into a text.
enum class reason : std::uint8_t {
    // active
    active,
    // inactive
    inactive,
    expired,                ///< it was active, and its `exp` has come since: nobody was asked
    unsupported_token_type, ///< a 400 that says so: it knows no such token (RFC 7009 §2.2.1)
    // down: by the answer
    request_timeout,    ///< 408
    too_many_requests,  ///< 429
    server_error,       ///< 500 and other 5xx: it is there, and ails
    server_unavailable, ///< 502, 503, 504: it is away; worth another try
    // down: there was no answer, or no call (set by transports and policies)
    name_not_resolved,
    connection_refused,
    connect_timed_out,
    tls_failed,
    connection_lost, ///< reset, or ended early
    timed_out,
    circuit_open,
    shed,
    no_credentials, ///< the maker of client credentials had none
    not_discovered, ///< where to ask: the server's metadata cannot be had, or name no such endpoint
    // bad: the answer as a whole
    redirect,
    unexpected_status,
    not_json,         ///< the content type
    content_encoding, ///< other than identity, though nothing else was asked for
    body_too_large,
    // bad: the document
    malformed_json,
    duplicate_member,
    too_deep,
    too_many_members,
    not_an_object,
    active_missing,
    active_not_boolean,
    bad_time,       ///< exp, nbf or iat: not a number, or out of range
    bad_claim_type, ///< another known member of the wrong type
    wrong_issuer,   ///< metadata that are about another server
    bad_endpoint,   ///< they name an endpoint that is no https URL, or at another origin
    // bad: signatures
    bad_key_set,       ///< no JWK Set, or no key in it is of use
    not_signed,        ///< a plain answer where a signed one was demanded
    bad_signed_answer, ///< of another kind, issuer or audience, or the signature is wrong
    unknown_key,       ///< signed by a key that the keys at hand do not have
    // fault
    client_refused, ///< 401
    forbidden,      ///< 403
    not_found,      ///< 404
    method_refused, ///< 405
    media_refused,  ///< 415
    misconfigured,  ///< the request cannot even be sent: URL, certificate files
    fault_latched,  ///< set by the latch
    // odd
    bad_request, ///< 400
    refused,     ///< any other 4xx
};

inline constexpr std::uint8_t reason_count = static_cast<std::uint8_t>(reason::refused) + 1;

/// The class of a reason.
[[nodiscard]] constexpr outcome_class class_of(reason why) noexcept {
    if (why <= reason::active)
        return outcome_class::active;
    if (why <= reason::unsupported_token_type)
        return outcome_class::inactive;
    if (why <= reason::not_discovered)
        return outcome_class::down;
    if (why <= reason::unknown_key)
        return outcome_class::bad;
    if (why <= reason::fault_latched)
        return outcome_class::fault;
    return outcome_class::odd;
}

/// A fixed name in snake_case, fit for a metric label.
[[nodiscard]] constexpr std::string_view to_string(outcome_class outcome) noexcept {
    switch (outcome) {
    case outcome_class::active:
        return "active";
    case outcome_class::inactive:
        return "inactive";
    case outcome_class::down:
        return "down";
    case outcome_class::bad:
        return "bad";
    case outcome_class::fault:
        return "fault";
    case outcome_class::odd:
        return "odd";
    }
    return "unknown";
}

/// A fixed name in snake_case, fit for a metric label.
[[nodiscard]] constexpr std::string_view to_string(reason why) noexcept {
    switch (why) {
    case reason::active:
        return "active";
    case reason::inactive:
        return "inactive";
    case reason::expired:
        return "expired";
    case reason::unsupported_token_type:
        return "unsupported_token_type";
    case reason::request_timeout:
        return "request_timeout";
    case reason::too_many_requests:
        return "too_many_requests";
    case reason::server_error:
        return "server_error";
    case reason::server_unavailable:
        return "server_unavailable";
    case reason::name_not_resolved:
        return "name_not_resolved";
    case reason::connection_refused:
        return "connection_refused";
    case reason::connect_timed_out:
        return "connect_timed_out";
    case reason::tls_failed:
        return "tls_failed";
    case reason::connection_lost:
        return "connection_lost";
    case reason::timed_out:
        return "timed_out";
    case reason::circuit_open:
        return "circuit_open";
    case reason::shed:
        return "shed";
    case reason::no_credentials:
        return "no_credentials";
    case reason::not_discovered:
        return "not_discovered";
    case reason::redirect:
        return "redirect";
    case reason::unexpected_status:
        return "unexpected_status";
    case reason::not_json:
        return "not_json";
    case reason::content_encoding:
        return "content_encoding";
    case reason::body_too_large:
        return "body_too_large";
    case reason::malformed_json:
        return "malformed_json";
    case reason::duplicate_member:
        return "duplicate_member";
    case reason::too_deep:
        return "too_deep";
    case reason::too_many_members:
        return "too_many_members";
    case reason::not_an_object:
        return "not_an_object";
    case reason::active_missing:
        return "active_missing";
    case reason::active_not_boolean:
        return "active_not_boolean";
    case reason::bad_time:
        return "bad_time";
    case reason::bad_claim_type:
        return "bad_claim_type";
    case reason::wrong_issuer:
        return "wrong_issuer";
    case reason::bad_endpoint:
        return "bad_endpoint";
    case reason::bad_key_set:
        return "bad_key_set";
    case reason::not_signed:
        return "not_signed";
    case reason::bad_signed_answer:
        return "bad_signed_answer";
    case reason::unknown_key:
        return "unknown_key";
    case reason::client_refused:
        return "client_refused";
    case reason::forbidden:
        return "forbidden";
    case reason::not_found:
        return "not_found";
    case reason::method_refused:
        return "method_refused";
    case reason::media_refused:
        return "media_refused";
    case reason::misconfigured:
        return "misconfigured";
    case reason::fault_latched:
        return "fault_latched";
    case reason::bad_request:
        return "bad_request";
    case reason::refused:
        return "refused";
    }
    return "unknown";
}

} // namespace outlast::oauth2

#endif // OUTLAST_OAUTH2_REASON_HPP
