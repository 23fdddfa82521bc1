// SPDX-License-Identifier: BSL-1.0
#include "outlast/http/curl.hpp"

#define TRANSPORT "curl"
using client = outlast::http::curl_transport;
using client_options = outlast::http::curl_options;
#include "support/exchanges.hpp"

TEST_CASE("curl: stopped before it began") {
    server peer{always(ok("x"))};
    const curl_transport send;
    std::stop_source stop;
    stop.request_stop();
    CHECK(send(post_to(peer.url()), {.stop = stop.get_token()}).error() == errc::cancelled);
    // Cancellation wins over a deadline of the same instant.
    CHECK(send(post_to(peer.url()), {.by = {}, .stop = stop.get_token()}).error() ==
          errc::cancelled);
    CHECK(peer.connections() == 0);
}

TEST_CASE("curl: options that make no sense are refused") {
    const auto made = curl_transport::make({.max_body = 0});
    REQUIRE_FALSE(made);
    CHECK(made.error() == errc::bad_setup);
    CHECK(curl_transport::make({}));
    CHECK_THROWS_AS(curl_transport({.max_body = 0}), std::system_error);
}
