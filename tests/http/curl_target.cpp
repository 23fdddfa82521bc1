// SPDX-License-Identifier: BSL-1.0
#include "outlast/http/curl_target.hpp"

#include "support/catch.hpp"

using namespace outlast::http;

TEST_CASE("curl target: the origin is what connections are kept by") {
    CHECK(read_target("https://Auth.example/x?y", false)->origin ==
          read_target("HTTPS://Auth.example:443/", false)->origin);
    CHECK(read_target("https://a/", false)->origin !=
          read_target("https://a:8443/", false)->origin);
    CHECK(read_target("https://localhost/", false)->origin !=
          read_target("http://localhost:443/", false)->origin);
    const auto six = read_target("https://[2001:db8::1]:8443/x", false);
    REQUIRE(six);
    CHECK(six->host == "2001:db8::1");
    CHECK(six->is_literal);
    CHECK_FALSE(six->is_local);
    CHECK(six->is_tls);
    CHECK_FALSE(read_target("https://example.com", false)->is_literal);
}

TEST_CASE("curl target: plain http is for loopback") {
    for (const char* const url : {"http://localhost/", "http://LOCALHOST:8080/", "http://127.0.0.1",
                                  "http://127.9.8.7/x", "http://[::1]:80/", "http://127.1/"}) {
        CAPTURE(url);
        CHECK(read_target(url, false).has_value());
    }
    for (const char* const url :
         {"http://example.com/", "http://10.0.0.1/", "http://[::2]/", "http://128.0.0.1/",
          "http://localhost.example.com/", "http://127.0.0.1.example.com/", "http://0.0.0.0/",
          "http://[::ffff:10.0.0.1]/"}) {
        CAPTURE(url);
        CHECK_FALSE(read_target(url, false).has_value());
        CHECK(read_target(url, true).has_value());
    }
}

TEST_CASE("curl target: what is not a web address is refused") {
    for (const char* const url :
         {"", "/x", "example.com", "ftp://h/", "file:///etc/passwd", "gopher://h/", "https://",
          "https:///x", "https:/x", "https:x", "https:/x?://", "https://u:p@h/", "https://u@h/",
          "https://h:0/", "https://h:99999/", "https://[::1/", "javascript:x", "http2://h/",
          "https://h :1/"}) {
        CAPTURE(url);
        CHECK_FALSE(read_target(url, true).has_value());
    }
}
