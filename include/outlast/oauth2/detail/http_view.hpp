// SPDX-License-Identifier: BSL-1.0
//
// What is looked at of a transport's answer.
#ifndef OUTLAST_OAUTH2_DETAIL_HTTP_VIEW_HPP
#define OUTLAST_OAUTH2_DETAIL_HTTP_VIEW_HPP

#include <outlast/http/message.hpp>
#include <outlast/oauth2/response.hpp>

#include <string_view>

namespace outlast::oauth2::detail {

/// Refers to `answer`. A header that came twice is not believed: its two values would have to be joined, and no
/// joined value of these is a good one.
[[nodiscard]] inline response_view view_of(const http::response& answer) {
    const auto only = [&](std::string_view name) -> std::string_view {
        if (answer.headers.count(name) > 1)
            return ",";
        return answer.headers.first(name).value_or(std::string_view{});
    };
    return {.status = answer.status,
            .content_type = only("content-type"),
            .content_encoding = only("content-encoding"),
            .retry_after = only("retry-after"),
            .date = only("date"),
            .body = answer.body};
}

} // namespace outlast::oauth2::detail

#endif // OUTLAST_OAUTH2_DETAIL_HTTP_VIEW_HPP
