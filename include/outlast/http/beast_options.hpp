// SPDX-License-Identifier: BSL-1.0
//
// What can be chosen about the asynchronous transport.
#ifndef OUTLAST_HTTP_BEAST_OPTIONS_HPP
#define OUTLAST_HTTP_BEAST_OPTIONS_HPP

#include "outlast/http/name_options.hpp"
#include "outlast/http/request_check.hpp" // is_header_value
#include "outlast/http/tls_context.hpp"

#include <chrono>
#include <cstddef>
#include <string>

namespace outlast::http {

/// Options of `beast_transport`. There is none that switches the verification of TLS off, follows a
/// redirection or takes a proxy from the environment. Each phase of a call has its own limit, at
/// least 1 ms, and none goes beyond the call's deadline.
struct beast_options {
    /// Waiting for the name service. Addresses that are known wait for nothing.
    std::chrono::milliseconds resolve_timeout{2000};

    /// For TCP, over all addresses.
    std::chrono::milliseconds connect_timeout{1000};

    /// How long an address is tried alone; then the next is tried beside it.
    std::chrono::milliseconds next_address_after{250};

    /// For the handshake of TLS.
    std::chrono::milliseconds handshake_timeout{1000};

    /// For writing the request.
    std::chrono::milliseconds write_timeout{5000};

    /// From the last byte of the request to the last of the headers.
    std::chrono::milliseconds headers_timeout{10'000};

    /// From there to the last byte of the body.
    std::chrono::milliseconds body_timeout{10'000};

    /// Most bytes of a response body. At least 1.
    std::size_t max_body = 65536;

    /// Most bytes of all header lines of an answer together, and most lines; those of 1xx answers
    /// and trailers count. At least 1.
    std::size_t max_headers = 16 * 1024;
    std::size_t max_header_lines = 128;

    /// Most calls at once, and most connections: in all, and to one origin. Further calls wait,
    /// until their deadline, and who is timed out here blames the server: let no fewer through than a
    /// bulkhead outside does. At least 1.
    std::size_t max_connections = 256;
    std::size_t max_connections_per_origin = 128;

    /// A connection that was idle for longer is not used again, because servers close theirs after
    /// some seconds and a request on a dying connection may be lost. Zero: each call connects anew.
    std::chrono::milliseconds reuse_idle_for{5000};

    /// A connection that is older is not used again, so that a change of name or certificate is
    /// seen under steady traffic too. At least 1 ms.
    std::chrono::milliseconds reconnect_after{300'000};

    /// A request that was written on a kept connection, which then ended without a byte of an
    /// answer, is written once more on a new one. True: whatever its method, which is right for an
    /// introspection and wrong for an order. False: only where a repetition is harmless by its
    /// method (GET, HEAD, OPTIONS, TRACE, PUT, DELETE).
    bool repeat_any_method = true;

    /// Sent as `User-Agent` unless the request has one. Empty: none is sent.
    std::string user_agent = "outlast";

    /// Plain http to other hosts than loopback. Whoever is on the way reads every token: for tests
    /// and for networks that encrypt by themselves.
    bool allow_plain_http = false;

    tls_options tls = {};
    name_options names = {};
};

/// Whether the numbers are inside their bounds. Whether the files can be used is known when they
/// have been read.
[[nodiscard]] inline bool is_usable(const beast_options& o) {
    using namespace std::chrono_literals;
    constexpr auto longest = std::chrono::hours{24 * 24};
    for (const auto limit :
         {o.resolve_timeout, o.connect_timeout, o.next_address_after, o.handshake_timeout,
          o.write_timeout, o.headers_timeout, o.body_timeout, o.reconnect_after}) {
        if (limit < 1ms || limit > longest)
            return false;
    }
    return o.reuse_idle_for >= 0ms && o.reuse_idle_for <= longest && o.max_body != 0 &&
           o.max_headers != 0 && o.max_header_lines != 0 && o.max_connections != 0 &&
           o.max_connections_per_origin != 0 && is_header_value(o.user_agent) && is_usable(o.names);
}

} // namespace outlast::http

#endif // OUTLAST_HTTP_BEAST_OPTIONS_HPP
