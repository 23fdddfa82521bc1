// SPDX-License-Identifier: BSL-1.0
//
// What the tests of the transports ask, and until when.
#ifndef OUTLAST_TESTS_HTTP_SUPPORT_REQUEST_HPP
#define OUTLAST_TESTS_HTTP_SUPPORT_REQUEST_HPP

#include "outlast/http/limits.hpp"
#include "outlast/http/message.hpp"

#include <chrono>
#include <string>

namespace outlast_tests {

inline outlast::http::limits within(std::chrono::steady_clock::duration time) {
    return {.by = std::chrono::steady_clock::now() + time};
}

inline outlast::http::request post_to(const std::string& url) {
    return {.method = "POST",
            .url = url,
            .headers = {{"Authorization", "Basic SECRET"},
                        {"Content-Type", "application/x-www-form-urlencoded"}},
            .body = "token=SECRET"};
}

} // namespace outlast_tests

#endif // OUTLAST_TESTS_HTTP_SUPPORT_REQUEST_HPP
