// SPDX-License-Identifier: BSL-1.0
//
// What the rehearsal asks of a guard: a function from the Authorization header to an answer, and
// two probes for the display. The bare API and the outlast API differ in nothing else.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace rehearsal {

/// One HTTP answer. `how` says what it rests on, also for a 401:
///   live      a verdict of the authorization server, fetched for this request
///   cached    a verdict remembered and still fresh (that the token is inactive, too)
///   stale     a verdict past its fresh time, used because the server could not be asked
///   refused   no verdict at all: the server could not be asked, or there was nothing to ask
struct reply {
    int status = 0;
    std::vector<std::pair<std::string, std::string>> headers;
    std::string body;
    std::string how;
};

/// Answers one request; called from many threads at once. Status 200 lets the request through.
using guard = std::function<reply(std::string_view authorization_header)>;

/// The same for an API on coroutines.
using async_guard = std::function<boost::asio::awaitable<reply>(std::string authorization_header)>;

/// A guard and what the display asks of it. Both probes are called from another thread.
struct guarded {
    guard answer;
    async_guard answer_later{};                       ///< instead of `answer`; then the API runs on
    std::shared_ptr<boost::asio::io_context> where{}; ///< this, by one thread
    std::function<std::string()> breaker;        ///< closed, open, half-open; empty: it has none
    std::function<std::uint64_t()> server_calls; ///< introspection requests sent so far
};

/// What both guards are told.
struct guard_settings {
    std::string introspection_endpoint;
    std::string client_id;
    std::string client_secret;
    std::string issuer;   ///< empty: not checked
    std::string audience; ///< empty: not checked
    std::string realm = "orders";
    std::chrono::milliseconds attempt_timeout{500};

    // Only outlast has these. They are shorter than a service would choose, so that half a minute
    // shows a verdict grow stale and a breaker open and close again.
    std::chrono::milliseconds fresh_for{2000};
    std::chrono::seconds stale_for{300};
    std::chrono::milliseconds open_for{1000};
};

/// Asks the authorization server once for each request, and knows two answers: 200 and 401.
guarded bare_guard(const guard_settings& settings);

/// Asks through outlast, on the thread of the request.
guarded outlast_guard(const guard_settings& settings);

/// The same for coroutines, over the asynchronous transport.
guarded async_outlast_guard(const guard_settings& settings);

} // namespace rehearsal
