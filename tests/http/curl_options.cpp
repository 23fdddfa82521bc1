// SPDX-License-Identifier: BSL-1.0
#include "outlast/http/curl_options.hpp"

#include "support/catch.hpp"

using namespace outlast::http;
using namespace std::chrono_literals;

TEST_CASE("curl options: the defaults are the documented ones") {
    const curl_options o;
    CHECK(is_usable(o));
    CHECK(o.connect_timeout == 1s);
    CHECK(o.max_body == 65536);
    CHECK(o.max_headers == 16384);
    CHECK(o.max_connections == 128);
    CHECK(o.reuse_idle_for == 5s);
    CHECK(o.reconnect_after == 300s);
    CHECK(o.user_agent == "outlast");
    CHECK_FALSE(o.allow_plain_http);
}

TEST_CASE("curl options: the edges of each number") {
    CHECK(is_usable({.connect_timeout = 1ms}));
    CHECK_FALSE(is_usable({.connect_timeout = 0ms}));
    CHECK_FALSE(is_usable({.connect_timeout = -1ms}));
    CHECK_FALSE(is_usable({.connect_timeout = std::chrono::milliseconds::max()}));
    CHECK(is_usable({.max_body = 1}));
    CHECK_FALSE(is_usable({.max_body = 0}));
    CHECK_FALSE(is_usable({.max_headers = 0}));
    CHECK(is_usable({.max_connections = 1}));
    CHECK_FALSE(is_usable({.max_connections = 0}));
    CHECK(is_usable({.reuse_idle_for = 0s}));
    CHECK_FALSE(is_usable({.reuse_idle_for = -1s}));
    CHECK_FALSE(is_usable({.reuse_idle_for = std::chrono::seconds::max()}));
    CHECK(is_usable({.reconnect_after = 1s}));
    CHECK_FALSE(is_usable({.reconnect_after = 0s}));
    CHECK_FALSE(is_usable({.reconnect_after = std::chrono::seconds::max()}));
}

TEST_CASE("curl options: a file that is named must be there") {
    CHECK(is_usable({.ca_file = "/dev/null"}));
    CHECK_FALSE(is_usable({.ca_file = "/does/not/exist"}));
    CHECK(is_usable({.ca_path = "/"}));
    CHECK_FALSE(is_usable({.ca_path = "/does/not/exist"}));
    CHECK(is_usable({.client_certificate = "/dev/null", .client_key = "/dev/null"}));
    CHECK_FALSE(is_usable({.client_certificate = "/dev/null", .client_key = "/does/not/exist"}));
    CHECK_FALSE(is_usable({.client_certificate = "/dev/null"}));
    CHECK_FALSE(is_usable({.client_key = "/dev/null"}));
}

TEST_CASE("curl options: the user agent is one header value") {
    CHECK(is_usable({.user_agent = ""}));
    CHECK(is_usable({.user_agent = "api/1.0 (x)"}));
    CHECK_FALSE(is_usable({.user_agent = "a\r\nX: 1"}));
}
