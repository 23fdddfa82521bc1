// SPDX-License-Identifier: BSL-1.0
//
// From the numbers of the kernel and of OpenSSL to the state of the world behind them.
#ifndef OUTLAST_HTTP_NETWORK_ERRORS_HPP
#define OUTLAST_HTTP_NETWORK_ERRORS_HPP

#include "outlast/http/error.hpp"

#include <cerrno>

namespace outlast::http {

/// Why there is no connection, by the kernel's number.
[[nodiscard]] constexpr errc connect_error(long os_errno) noexcept {
    switch (os_errno) {
    case ETIMEDOUT:
        return errc::connect_timeout;
    case EMFILE:
    case ENFILE:
    case ENOBUFS:
    case ENOMEM:
    case EADDRNOTAVAIL: // no local port left
    case EADDRINUSE:
    case EAGAIN:
        return errc::local_resources;
    case ENETUNREACH:
    case EHOSTUNREACH:
    case ENETDOWN:
    case EHOSTDOWN:
    case EACCES: // a firewall of this machine
    case EPERM:
    case EAFNOSUPPORT: // the host has only addresses of a kind that this machine has not
        return errc::unreachable;
    default:
        return errc::connection_refused;
    }
}

/// What is wrong with a certificate, by OpenSSL's number. Asked only when the handshake failed
/// because of the certificate.
[[nodiscard]] constexpr errc certificate_error(long verify_result) noexcept {
    switch (verify_result) {
    case 9:  // X509_V_ERR_CERT_NOT_YET_VALID
    case 10: // X509_V_ERR_CERT_HAS_EXPIRED
        return errc::certificate_expired;
    case 0:  // the chain is good: what failed is libcurl's own look at the host name
    case 1:  // X509_V_ERR_UNSPECIFIED, where libcurl leaves it before it has looked
    case 62: // X509_V_ERR_HOSTNAME_MISMATCH
    case 64: // X509_V_ERR_IP_ADDRESS_MISMATCH
        return errc::certificate_wrong_host;
    default: // 18 to 21 and the like: no chain to a trusted authority
        return errc::certificate_untrusted;
    }
}

} // namespace outlast::http

#endif // OUTLAST_HTTP_NETWORK_ERRORS_HPP
