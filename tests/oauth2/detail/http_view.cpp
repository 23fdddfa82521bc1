// SPDX-License-Identifier: BSL-1.0
#include <outlast/oauth2/detail/http_view.hpp>

#include "support/catch.hpp"

using outlast::oauth2::detail::view_of;

TEST_CASE("http view: the headers that matter, under any case of their names") {
    const outlast::http::response answer{.status = 429,
                                         .headers = {{"CONTENT-type", "application/json"},
                                                     {"Content-Encoding", "br"},
                                                     {"retry-AFTER", "7"},
                                                     {"Date", "today"},
                                                     {"X-Other", "x"}},
                                         .body = "{}"};
    const auto view = view_of(answer);
    CHECK(view.status == 429);
    CHECK(view.content_type == "application/json");
    CHECK(view.content_encoding == "br");
    CHECK(view.retry_after == "7");
    CHECK(view.date == "today");
    CHECK(view.body == "{}");
    CHECK_FALSE(view.body_cut);
}

TEST_CASE("http view: a header that came twice is no good value, one that did not come none") {
    const outlast::http::response answer{
        .status = 200,
        .headers = {{"Content-Type", "application/json"}, {"content-type", "application/json"}}};
    CHECK(view_of(answer).content_type == ",");
    CHECK(view_of(answer).retry_after.empty());
}
