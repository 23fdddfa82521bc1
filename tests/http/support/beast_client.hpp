// SPDX-License-Identifier: BSL-1.0
//
// The asynchronous transport behind a blocking face, so that a test reads as one of the blocking
// transport. Compiled once: what is behind it costs seconds.
#ifndef OUTLAST_TESTS_HTTP_SUPPORT_BEAST_CLIENT_HPP
#define OUTLAST_TESTS_HTTP_SUPPORT_BEAST_CLIENT_HPP

#include "outlast/http/beast_options.hpp"
#include "outlast/http/limits.hpp"
#include "outlast/http/message.hpp"
#include "outlast/http/result.hpp"

#include <future>
#include <memory>

namespace outlast_tests {

/// A transport, an execution context and the threads that run it. Copies share them; the last one
/// waits until every call has ended.
class beast_client {
public:
    using result_type = outlast::http::detail::result<outlast::http::response>;

    explicit beast_client(outlast::http::beast_options options = {}, int threads = 1);
    /// Waits for the answer. A stop request becomes a cancellation.
    result_type operator()(outlast::http::request asked,
                           const outlast::http::limits& until = {}) const;

    /// Begins, and waits for nothing.
    [[nodiscard]] std::future<result_type> begin(outlast::http::request asked,
                                                 const outlast::http::limits& until = {}) const;

private:
    struct parts;
    std::shared_ptr<const parts> parts_;
};

} // namespace outlast_tests

#endif // OUTLAST_TESTS_HTTP_SUPPORT_BEAST_CLIENT_HPP
