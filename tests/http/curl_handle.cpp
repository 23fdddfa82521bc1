// SPDX-License-Identifier: BSL-1.0
#include "outlast/http/curl_handle.hpp"

#include "support/catch.hpp"
#include "support/server.hpp"

#include <chrono>
#include <string>

using namespace outlast::http;
using namespace std::chrono_literals;
using outlast_tests::always;
using outlast_tests::ok;
using outlast_tests::server;

TEST_CASE("curl handle: nothing of one call is left for the next") {
    server peer{always(ok("x"))};
    const curl_options options;
    const limits until{.by = std::chrono::steady_clock::now() + 60s};
    const auto handle = curl_handle::make();
    REQUIRE(handle);
    {
        const request first{.method = "PUT",
                            .url = peer.url(),
                            .headers = {{"Authorization", "Basic SECRET"}},
                            .body = "token=SECRET"};
        CHECK(handle->run(first, *read_target(first.url, false), options, until));
    }
    const std::size_t before = peer.received().size();
    const request second{.url = peer.url()};
    CHECK(handle->run(second, *read_target(second.url, false), options, until));
    const std::string seen = peer.received().substr(before);
    CHECK(seen.starts_with("GET /introspect HTTP/1.1\r\n"));
    CHECK(seen.find("SECRET") == seen.npos);
    CHECK(seen.find("Content-") == seen.npos);
    CHECK(peer.connections() == 1);
}

TEST_CASE("curl handle: limits that are over end a call before anything is opened") {
    server peer{always(ok("x"))};
    const curl_options options;
    const auto handle = curl_handle::make();
    REQUIRE(handle);
    const request asked{.url = peer.url()};
    const curl_target target = *read_target(asked.url, false);
    CHECK(handle->run(asked, target, options, {.by = {}}).error() == errc::deadline_passed);
    std::stop_source stop;
    stop.request_stop();
    CHECK(handle->run(asked, target, options, {.stop = stop.get_token()}).error() ==
          errc::cancelled);
    CHECK(peer.connections() == 0);
}
