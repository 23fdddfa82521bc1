// SPDX-License-Identifier: BSL-1.0
//
// How long a blocking HTTP call may go on.
#ifndef OUTLAST_HTTP_LIMITS_HPP
#define OUTLAST_HTTP_LIMITS_HPP

#include <chrono>
#include <stop_token>

namespace outlast::http {

/// The two ways in which a caller ends a call early. Both are looked at before anything else, while
/// the call waits, and once more in the instant before the request is sent.
struct limits {
    /// The end of the whole call: waiting for a connection, name, TCP, TLS, request and answer.
    /// Default: no end.
    std::chrono::steady_clock::time_point by = std::chrono::steady_clock::time_point::max();

    /// Ends the call as `cancelled` when a stop is requested, from any thread. Default: never.
    std::stop_token stop = {};
};

} // namespace outlast::http

#endif // OUTLAST_HTTP_LIMITS_HPP
