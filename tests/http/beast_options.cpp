// SPDX-License-Identifier: BSL-1.0
#include "outlast/http/beast_options.hpp"

#include "support/catch.hpp"

using namespace outlast::http;
using namespace std::chrono_literals;

TEST_CASE("beast options: the bounds") {
    CHECK(is_usable(beast_options{}));
    CHECK(is_usable({.reuse_idle_for = 0ms}));
    for (const auto limit : {0ms, -1ms, std::chrono::milliseconds::max()}) {
        CAPTURE(limit.count());
        CHECK_FALSE(is_usable({.resolve_timeout = limit}));
        CHECK_FALSE(is_usable({.connect_timeout = limit}));
        CHECK_FALSE(is_usable({.next_address_after = limit}));
        CHECK_FALSE(is_usable({.handshake_timeout = limit}));
        CHECK_FALSE(is_usable({.write_timeout = limit}));
        CHECK_FALSE(is_usable({.headers_timeout = limit}));
        CHECK_FALSE(is_usable({.body_timeout = limit}));
        CHECK_FALSE(is_usable({.reconnect_after = limit}));
    }
    CHECK_FALSE(is_usable({.reuse_idle_for = -1ms}));
    CHECK_FALSE(is_usable({.max_body = 0}));
    CHECK_FALSE(is_usable({.max_headers = 0}));
    CHECK_FALSE(is_usable({.max_header_lines = 0}));
    CHECK_FALSE(is_usable({.max_connections = 0}));
    CHECK_FALSE(is_usable({.max_connections_per_origin = 0}));
    CHECK_FALSE(is_usable({.user_agent = "a\r\nb"}));
    CHECK_FALSE(is_usable({.names = {.max_threads = 0}}));
}
