// SPDX-License-Identifier: BSL-1.0
//
// Why an HTTP call has no response: each state of the world is told apart.
#ifndef OUTLAST_HTTP_ERROR_HPP
#define OUTLAST_HTTP_ERROR_HPP

#include <string>
#include <system_error>
#include <type_traits> // std::true_type

namespace outlast::http {

/// Why there is no response. A response of any status, a redirection included, is no error.
///
/// The first group holds what ended before any byte of the request was sent: the server cannot
/// have acted on it. After the others it may have.
enum class errc {
    // The caller's own side; nothing was sent.
    bad_request = 1,    ///< the request cannot be sent as it is: URL, scheme, method or header
    bad_setup,          ///< the transport's options cannot be used: CA file, client certificate
    local_resources,    ///< this process is out of descriptors, ports or memory of the kernel
    no_free_connection, ///< every connection of this transport stayed in use until the deadline
    deadline_passed,    ///< the deadline was over before the request could be sent

    // On the way to the server; nothing was sent.
    name_not_found,         ///< the name service says that there is no such host (authoritative)
    name_lookup_failed,     ///< the name service could not say (SERVFAIL, REFUSED, unreachable)
    name_lookup_timeout,    ///< the name service did not answer in time
    connection_refused,     ///< the host is there, and nothing listens on the port
    unreachable,            ///< no route to the host or network, or a firewall says no
    connect_timeout,        ///< no answer to the attempts to connect
    tls_timeout,            ///< connected, then silence during the TLS handshake
    tls_failed,             ///< the TLS handshake failed for another reason than the certificate
    certificate_expired,    ///< the server's certificate is not valid at this time
    certificate_wrong_host, ///< the certificate is good, and for another host
    certificate_untrusted,  ///< no trusted authority vouches for the certificate

    // The request, or a part of it, was sent.
    answer_timeout,   ///< connected and asked, and no complete answer in time
    connection_reset, ///< the connection broke before the answer was complete
    closed_early,     ///< the server closed in good order before the answer was complete
    tls_broken,       ///< TLS failed after the handshake: often a client certificate is missing
    malformed,        ///< the answer is not HTTP, or in a coding that was not asked for
    too_large,        ///< the answer is over the bound for headers or body

    cancelled, ///< the caller asked to stop; the request may or may not have been sent
};

} // namespace outlast::http

template <>
struct std::is_error_code_enum<outlast::http::errc> : std::true_type {};

namespace outlast::http {

/// Whether this failure came before any byte of the request was sent, so that the server cannot
/// have acted on it and the call may be repeated whatever its method. `cancelled` is not one.
[[nodiscard]] constexpr bool sent_nothing(errc e) noexcept {
    return e >= errc::bad_request && e <= errc::certificate_untrusted;
}

/// Whether time ran out: the deadline of the call, or the time allowed for connecting.
[[nodiscard]] constexpr bool is_timeout(errc e) noexcept {
    switch (e) {
    case errc::deadline_passed:
    case errc::name_lookup_timeout:
    case errc::connect_timeout:
    case errc::tls_timeout:
    case errc::answer_timeout:
        return true;
    default:
        return false;
    }
}

/// The sentence for each failure: what is the case, and what to look at. It never holds a URL, a
/// header or a body. Valid for ever.
[[nodiscard]] constexpr const char* describe(errc e) noexcept {
    switch (e) {
    case errc::bad_request:
        return "the request cannot be sent: look at its method, URL, scheme and headers "
               "(plain http is for loopback unless allowed)";
    case errc::bad_setup:
        return "the transport cannot be set up: look at its CA file, client certificate and key, "
               "at the bounds of its other options, and at the versions of its libraries";
    case errc::local_resources:
        return "this process is out of descriptors, local ports or kernel memory";
    case errc::no_free_connection:
        return "every connection of this transport was in use until the deadline: allow more, "
               "or fewer calls at once";
    case errc::deadline_passed:
        return "the deadline was over before the request could be sent";
    case errc::name_not_found:
        return "the name service knows no such host: check the host in the URL";
    case errc::name_lookup_failed:
        return "the name service could not look up the host: it may work later";
    case errc::name_lookup_timeout:
        return "the name service did not answer in time";
    case errc::connection_refused:
        return "the server refused the connection: nothing listens on that port";
    case errc::unreachable:
        return "the server cannot be reached: no route, or a firewall forbids it";
    case errc::connect_timeout:
        return "the server did not accept the connection in time";
    case errc::tls_timeout:
        return "the server accepted the connection and was silent during the TLS handshake";
    case errc::tls_failed:
        return "the TLS handshake failed: check that the port speaks TLS 1.2 or later, and which "
               "client certificate it wants";
    case errc::certificate_expired:
        return "the certificate of the server is not valid at this time: it has expired, or a "
               "clock is wrong";
    case errc::certificate_wrong_host:
        return "the certificate of the server is for another host";
    case errc::certificate_untrusted:
        return "the certificate of the server is not vouched for by a trusted authority: check "
               "the CA file";
    case errc::answer_timeout:
        return "the server took the request and did not answer completely in time";
    case errc::connection_reset:
        return "the connection broke before the answer was complete";
    case errc::closed_early:
        return "the server closed the connection before the answer was complete";
    case errc::tls_broken:
        return "TLS failed after the handshake: the server may want a client certificate, or "
               "refuse ours";
    case errc::malformed:
        return "the answer of the server is not valid HTTP, or in a coding that was not asked for";
    case errc::too_large:
        return "the answer of the server is larger than allowed";
    case errc::cancelled:
        return "the caller cancelled the call";
    }
    return "unknown HTTP failure";
}

/// The category of `errc`. Its name is `outlast.http`; where the standard has a word for the same
/// state, a code compares equal to it: `code == std::errc::timed_out`.
[[nodiscard]] inline const std::error_category& error_category() noexcept {
    class category final : public std::error_category {
    public:
        const char* name() const noexcept override { return "outlast.http"; }

        std::string message(int value) const override { return describe(static_cast<errc>(value)); }

        std::error_condition default_error_condition(int value) const noexcept override {
            const auto e = static_cast<errc>(value);
            if (is_timeout(e))
                return std::errc::timed_out;
            switch (e) {
            case errc::bad_request:
                return std::errc::invalid_argument;
            case errc::connection_refused:
                return std::errc::connection_refused;
            case errc::unreachable:
                return std::errc::host_unreachable;
            case errc::connection_reset:
            case errc::closed_early:
                return std::errc::connection_reset;
            case errc::malformed:
                return std::errc::bad_message;
            case errc::too_large:
                return std::errc::message_size;
            case errc::cancelled:
                return std::errc::operation_canceled;
            default:
                return {value, *this};
            }
        }
    };
    static const category instance;
    return instance;
}

[[nodiscard]] inline std::error_code make_error_code(errc e) noexcept {
    return {static_cast<int>(e), error_category()};
}

/// The same question of any code: false for a code of another category.
[[nodiscard]] inline bool sent_nothing(const std::error_code& code) noexcept {
    return code.category() == error_category() && sent_nothing(static_cast<errc>(code.value()));
}

/// The same question of any code: false for a code of another category.
[[nodiscard]] inline bool is_timeout(const std::error_code& code) noexcept {
    return code.category() == error_category() && is_timeout(static_cast<errc>(code.value()));
}

} // namespace outlast::http

#endif // OUTLAST_HTTP_ERROR_HPP
