// SPDX-License-Identifier: BSL-1.0
//
// From what Asio and OpenSSL report to the state of the world behind it.
#ifndef OUTLAST_HTTP_BEAST_ERRORS_HPP
#define OUTLAST_HTTP_BEAST_ERRORS_HPP

#include "outlast/http/error.hpp"
#include "outlast/http/network_errors.hpp"

#include <boost/asio/error.hpp>
#include <boost/asio/ssl/error.hpp>
#include <boost/system/error_code.hpp>

namespace outlast::http {

/// Why an attempt to connect failed. That the operation was aborted has another reason, which
/// whoever aborted it knows.
[[nodiscard]] inline errc connect_failure(const boost::system::error_code& error) noexcept {
    return connect_error(error.value());
}

/// Why a handshake failed. \param verify_result of `SSL_get_verify_result`: all certificates that
/// were refused look the same to Asio
[[nodiscard]] inline errc handshake_failure(const boost::system::error_code& error,
                                            long verify_result) noexcept {
    if (verify_result != 0 && error.category() == boost::asio::error::get_ssl_category())
        return certificate_error(verify_result);
    return errc::tls_failed;
}

/// Why writing or reading failed after the request was begun. The end of the connection, where it
/// is the end of the answer too, is no failure, and not asked about here.
[[nodiscard]] inline errc transfer_failure(const boost::system::error_code& error) noexcept {
    // Over TLS the end of a connection without the word for it: it may have been cut.
    if (error == boost::asio::error::eof || error == boost::asio::ssl::error::stream_truncated)
        return errc::closed_early;
    if (error.category() == boost::asio::error::get_ssl_category())
        return errc::tls_broken;
    // The kernel gave up sending again.
    return error == boost::asio::error::timed_out ? errc::answer_timeout : errc::connection_reset;
}

} // namespace outlast::http

#endif // OUTLAST_HTTP_BEAST_ERRORS_HPP
