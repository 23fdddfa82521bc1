// SPDX-License-Identifier: BSL-1.0
#include <outlast/oauth2/answer_view.hpp>

#include "support/catch.hpp"

using namespace outlast::oauth2;

TEST_CASE("answer_view: shows what is looked at, whatever the case of the names") {
    const outlast::http::response answer{.status = 503,
                                         .headers = {{"CONTENT-TYPE", "application/json"},
                                                     {"Content-Encoding", "gzip"},
                                                     {"retry-after", "17"},
                                                     {"Date", "now"}},
                                         .body = "{}"};
    const response_view v = view_of(answer);
    CHECK(v.status == 503);
    CHECK(v.content_type == "application/json");
    CHECK(v.content_encoding == "gzip");
    CHECK(v.retry_after == "17");
    CHECK(v.date == "now");
    CHECK(v.body == "{}");
    CHECK_FALSE(v.body_cut);
    CHECK(view_of({}).content_type.empty());
}

TEST_CASE("answer_view: a header that came twice is none that could be believed") {
    const outlast::http::response answer{
        .status = 200,
        .headers = {{"Content-Type", "application/json"}, {"content-type", "application/json"}},
        .body = "{}"};
    CHECK(view_of(answer).content_type == ",");
}
