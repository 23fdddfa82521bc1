// SPDX-License-Identifier: BSL-1.0
//
// What libcurl tells us during one exchange, and what we tell it.
#ifndef OUTLAST_HTTP_CURL_EXCHANGE_HPP
#define OUTLAST_HTTP_CURL_EXCHANGE_HPP

#include "outlast/http/curl_errors.hpp"
#include "outlast/http/curl_options.hpp"
#include "outlast/http/curl_target.hpp"
#include "outlast/http/error.hpp"
#include "outlast/http/limits.hpp"
#include "outlast/http/message.hpp"
#include "outlast/http/network_errors.hpp"
#include "outlast/http/reply_reader.hpp"

#include <curl/curl.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <new> // std::bad_alloc
#include <optional>

namespace outlast::http {

/// The state that the callbacks of one call share, and the callbacks. A callback that refuses to
/// go on writes its reason here, because libcurl reports only that one of them did.
///
/// Refers to the arguments of the call and is not moved: libcurl has its address.
struct curl_exchange {
    curl_exchange(const request& r, const curl_target& t, const curl_options& o, const limits& u)
        : asked(r),
          target(t),
          options(o),
          until(u),
          reader(o.max_headers, o.max_body, r.method == "HEAD") {}
    curl_exchange(const curl_exchange&) = delete;
    curl_exchange& operator=(const curl_exchange&) = delete;

    const request& asked;
    const curl_target& target;
    const curl_options& options;
    const limits& until;
    reply_reader reader;
    std::optional<errc> refusal; ///< of a callback
    int times_sent = 0;          ///< 2 when a kept connection was found dead
    bool has_address = false;    ///< the name was looked up
    bool has_tcp = false;        ///< and TLS has begun
    bool out_of_memory = false;  ///< to be thrown outside of libcurl
    std::array<char, CURL_ERROR_SIZE> text{};

    /// Makes the socket: here a process out of descriptors is seen for what it is.
    static curl_socket_t on_open_socket(void* data, curlsocktype, curl_sockaddr* address) noexcept {
        curl_exchange& call = *static_cast<curl_exchange*>(data);
        call.has_address = true;
        // The name was looked at before; this is the address that it led to.
        if (!call.target.is_tls && !call.options.allow_plain_http && !is_loopback(address->addr)) {
            call.refusal = errc::bad_request;
            return CURL_SOCKET_BAD;
        }
        const int fd =
            ::socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
        if (fd >= 0)
            return fd;
        if (connect_error(errno) == errc::local_resources) {
            call.refusal = call.times_sent != 0 ? errc::closed_early : errc::local_resources;
        }
        return CURL_SOCKET_BAD;
    }

    /// TCP is there, and the handshake begins: libcurl measures only the two together.
    static CURLcode on_handshake(CURL*, void*, void* data) noexcept {
        static_cast<curl_exchange*>(data)->has_tcp = true;
        return CURLE_OK;
    }

    /// Connected, TLS included, and about to write the request: the last moment not to.
    static int on_connected(void* data, char*, char*, int, int) noexcept {
        curl_exchange& call = *static_cast<curl_exchange*>(data);
        if (call.until.stop.stop_requested()) {
            call.refusal = errc::cancelled;
        } else if (std::chrono::steady_clock::now() >= call.until.by) {
            call.refusal = call.times_sent != 0 ? errc::answer_timeout : errc::deadline_passed;
        } else if (call.times_sent == 2) {
            call.refusal = errc::closed_early;
        } else {
            ++call.times_sent;
            return CURL_PREREQFUNC_OK;
        }
        return CURL_PREREQFUNC_ABORT;
    }

    static std::size_t on_header(char* bytes, std::size_t, std::size_t size, void* data) noexcept {
        return feed(data, size, [&](reply_reader& r) { return r.line({bytes, size}); });
    }

    static std::size_t on_body(char* bytes, std::size_t, std::size_t size, void* data) noexcept {
        return feed(data, size, [&](reply_reader& r) { return r.body({bytes, size}); });
    }

private:
    // No exception may cross libcurl, which is C. Any other count than `size` ends the transfer.
    template <class Take>
    static std::size_t feed(void* data, std::size_t size, Take take) noexcept {
        curl_exchange& call = *static_cast<curl_exchange*>(data);
        const std::size_t stop = size == 0 ? 1 : 0;
        try {
            return take(call.reader) ? size : stop;
        } catch (const std::bad_alloc&) {
            call.out_of_memory = true;
            return stop;
        }
    }
};

} // namespace outlast::http

#endif // OUTLAST_HTTP_CURL_EXCHANGE_HPP
