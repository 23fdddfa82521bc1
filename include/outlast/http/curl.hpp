// SPDX-License-Identifier: BSL-1.0
//
// The blocking HTTP transport: a bounded pool of libcurl handles.
#ifndef OUTLAST_HTTP_CURL_HPP
#define OUTLAST_HTTP_CURL_HPP

#include "outlast/http/curl_handle.hpp"
#include "outlast/http/curl_options.hpp"
#include "outlast/http/curl_pool.hpp"
#include "outlast/http/curl_target.hpp"
#include "outlast/http/error.hpp"
#include "outlast/http/limits.hpp"
#include "outlast/http/message.hpp"
#include "outlast/http/request_check.hpp"

#include <curl/curl.h>

#include <memory>
#include <system_error>
#include <utility> // std::move

namespace outlast::http {

namespace detail {

// libcurl wants to be started once, before any other use. It is never shut down: another part of
// the program may use it too.
inline bool start_curl() noexcept {
    static const bool started = curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK;
    return started;
}

} // namespace detail

/// Sends a request and waits for the response, on the calling thread.
///
/// **Answers** every response with a status from 200: a redirection is handed over and never
/// followed. 1xx answers are skipped. A body without length and without chunks ends with its
/// connection, so that a cut one looks complete: a parser must say that it is not.
///
/// **Refusals** a code of `errc`, each a different state of the world (error.hpp). A request that
/// cannot be sent as it is (method, URL, a header that the transport owns, a line end in a value,
/// plain http to another host than loopback) is `bad_request` before anything is connected. No text
/// holds a URL, a header or a body. Nothing is thrown but `std::bad_alloc`.
///
/// **Time** ends at `limits::by`, also while it waits for a connection of the pool, a name, TCP or
/// TLS; no request leaves after it. Reads `steady_clock`. A name look-up that is stuck is left
/// behind on its thread until the resolver gives up (with glibc's defaults some 10 s), so a burst
/// of calls against a dead name service has as many threads: put a circuit breaker before it.
///
/// **Cancellation** a stop request ends the call from any thread, promptly, as `cancelled`.
///
/// **TLS** 1.2 or later; certificate chain and host name are verified on every new connection, and
/// nothing switches that off. Credentials are written only after the handshake is complete.
///
/// **Again** a kept connection that the server closed just then is replaced once by libcurl and the
/// request written again: a request whose second reading does harm (a `private_key_jwt` assertion)
/// wants `reuse_idle_for = 0s`.
///
/// **Sharing** thread-safe. Copies share one pool of at most `max_connections` connections, each
/// with one call at a time; the last copy closes them. A resting connection is let go when another
/// call ends after `reuse_idle_for`.
///
/// **Cost** one libcurl handle a connection (25 KB, with TLS at most 140 KB, and more with a long
/// list of authorities), some 40 options set a call, no copy of the body. Header lines are copied
/// and the copy wiped; libcurl's own buffers are not.
class curl_transport {
public:
    /// What a call comes to. \note a std::error_code of `outlast::http::error_category()`
    using result_type = detail::result<response>;

    /// \return `bad_setup` when an option is out of its bounds or names a file that cannot be
    /// read (`is_usable`), or libcurl cannot be started.
    [[nodiscard]] static detail::result<curl_transport> make(curl_options options) {
        if (!detail::start_curl() || !is_usable(options))
            return errc::bad_setup;
        return curl_transport{std::make_shared<curl_pool>(std::move(options))};
    }

    /// As `make`. Throws `std::system_error` with `bad_setup`.
    explicit curl_transport(curl_options options = {})
        : pool_(make(std::move(options)).value().pool_) {}

    /// One exchange. Both arguments are only looked at during the call.
    [[nodiscard]] result_type operator()(const request& asked, const limits& until = {}) const {
        if (!is_sendable(asked))
            return errc::bad_request;
        if (asked.method == "HEAD" && !asked.body.empty())
            return errc::bad_request;
        auto target = read_target(asked.url, pool_->options().allow_plain_http);
        if (!target)
            return errc::bad_request;

        auto taken = pool_->take(target->origin, until);
        if (!taken)
            return taken.error();
        loan in_use{*pool_, *target, std::move(taken).value()};
        return in_use.handle->run(asked, *target, pool_->options(), until);
    }

    [[nodiscard]] const curl_options& options() const noexcept { return pool_->options(); }

private:
    // A handle in use, which goes back however the call ends.
    struct loan {
        curl_pool& pool;
        curl_target& target;
        std::unique_ptr<curl_handle> handle;
        ~loan() { pool.give_back(std::move(handle), std::move(target.origin)); }
    };

    explicit curl_transport(std::shared_ptr<curl_pool> pool) noexcept : pool_(std::move(pool)) {}

    std::shared_ptr<curl_pool> pool_;
};

} // namespace outlast::http

#endif // OUTLAST_HTTP_CURL_HPP
