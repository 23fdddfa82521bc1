// SPDX-License-Identifier: BSL-1.0
//
// What can be chosen about the blocking transport.
#ifndef OUTLAST_HTTP_CURL_OPTIONS_HPP
#define OUTLAST_HTTP_CURL_OPTIONS_HPP

#include "outlast/http/request_check.hpp" // is_header_value

#include <chrono>
#include <cstddef>
#include <cstdio> // std::fopen: a file that cannot be opened is known by trying
#include <memory>
#include <string>

namespace outlast::http {

/// Options of `curl_transport`. There is none that switches the verification of TLS off, follows a
/// redirection or takes a proxy from the environment.
struct curl_options {
    /// For name, TCP and TLS together, on each new connection; never beyond the call's deadline.
    /// At least 1 ms.
    std::chrono::milliseconds connect_timeout{1000};

    /// Most bytes of a response body. At least 1.
    std::size_t max_body = 65536;

    /// Most bytes of all header lines of an answer together. At least 1.
    std::size_t max_headers = 16 * 1024;

    /// Most calls at once, and most connections. Further calls wait, until their deadline, and who is
    /// timed out here blames the server: let no fewer through than a bulkhead outside does. At least 1.
    std::size_t max_connections = 128;

    /// A connection that was idle for longer is not used again, because servers close theirs after
    /// some seconds and a request on a dying connection may be lost. Zero: each call connects anew.
    std::chrono::seconds reuse_idle_for{5};

    /// A connection that is older is not used again, so that a change of name or certificate is
    /// seen under steady traffic too. At least 1 s.
    std::chrono::seconds reconnect_after{300};

    /// The authorities to trust: a file of PEM certificates, a folder as made by `c_rehash`, or
    /// both. As soon as one is named the system's own are not trusted. Both empty: the system's.
    std::string ca_file = {};
    std::string ca_path = {};

    /// A certificate for the server to ask for, and its key, in PEM. Both or neither.
    std::string client_certificate = {};
    std::string client_key = {};
    std::string client_key_password = {}; ///< empty: the key is not encrypted

    /// Sent as `User-Agent` unless the request has one. Empty: none is sent.
    std::string user_agent = "outlast";

    /// Plain http to other hosts than loopback. Whoever is on the way reads every token: for tests
    /// and for networks that encrypt by themselves.
    bool allow_plain_http = false;
};

/// Whether a transport can be built from these options: numbers inside their bounds, key beside
/// certificate, and each file readable now.
[[nodiscard]] inline bool is_usable(const curl_options& o) {
    const auto readable = [](const std::string& path) {
        if (path.empty())
            return true;
        const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file{std::fopen(path.c_str(), "rb"),
                                                                   &std::fclose};
        return file != nullptr;
    };
    using namespace std::chrono_literals;
    constexpr auto longest = std::chrono::hours{24 * 24}; // in ms it fits 31 bits, as libcurl needs
    return o.connect_timeout >= 1ms && o.connect_timeout <= longest && o.max_body != 0 &&
           o.max_headers != 0 && o.max_connections != 0 && o.reuse_idle_for >= 0s &&
           o.reuse_idle_for <= longest && o.reconnect_after >= 1s && o.reconnect_after <= longest &&
           o.client_certificate.empty() == o.client_key.empty() && is_header_value(o.user_agent) &&
           readable(o.ca_file) && readable(o.ca_path) && readable(o.client_certificate) &&
           readable(o.client_key);
}

} // namespace outlast::http

#endif // OUTLAST_HTTP_CURL_OPTIONS_HPP
