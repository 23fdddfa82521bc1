// SPDX-License-Identifier: BSL-1.0
#include "outlast/http/url_target.hpp"

#include "support/catch.hpp"

using namespace outlast::http;

namespace {

bool is_read(std::string_view url) { return read_url(url, true).has_value(); }

} // namespace

TEST_CASE("url: taken apart") {
    const auto full = read_url("https://Auth.Example.com:8443/a/b?c=d#part", false);
    REQUIRE(full);
    CHECK(full->is_tls);
    CHECK_FALSE(full->is_literal);
    CHECK_FALSE(full->is_local);
    CHECK(full->host == "auth.example.com");
    CHECK(full->port == 8443);
    CHECK(full->authority == "auth.example.com:8443");
    CHECK(full->path == "/a/b?c=d");
    CHECK(full->origin() == "https://auth.example.com:8443");

    const auto shortest = read_url("HTTPS://a", false);
    REQUIRE(shortest);
    CHECK(shortest->port == 443);
    CHECK(shortest->authority == "a");
    CHECK(shortest->path == "/");
    CHECK(shortest->origin() == "https://a:443");

    CHECK(read_url("https://a?x=1", false)->path == "/?x=1");
    CHECK(read_url("https://a#x", false)->path == "/");
    CHECK(read_url("https://a:/", false)->port == 443);
    CHECK(read_url("https://a:443/", false)->authority == "a");
    CHECK(read_url("https://a/b:c@d", false)->path == "/b:c@d");
}

TEST_CASE("url: addresses") {
    const auto four = read_url("https://192.0.2.1/", false);
    REQUIRE(four);
    CHECK(four->is_literal);
    CHECK_FALSE(four->is_local);
    const auto six = read_url("https://[2001:DB8::1]:444/", false);
    REQUIRE(six);
    CHECK(six->is_literal);
    CHECK(six->host == "2001:db8::1");
    CHECK(six->authority == "[2001:db8::1]:444");
    CHECK(read_url("http://[::1]/", false)->is_local);
    CHECK(read_url("http://127.9.8.7/", false)->is_local);
}

TEST_CASE("url: plain http is for loopback unless allowed") {
    CHECK(read_url("http://localhost/", false));
    CHECK(read_url("http://127.0.0.1/", false));
    for (const char* const url :
         {"http://example.com/", "http://192.0.2.1/", "http://[2001:db8::1]/",
          "http://localhost.a/", "http://alocalhost/", "http://128.0.0.1/"}) {
        CAPTURE(url);
        CHECK_FALSE(read_url(url, false));
        CHECK(read_url(url, true));
    }
}

TEST_CASE("url: what is not read") {
    for (const char* const url : {"",
                                  "https://",
                                  "https:///a",
                                  "https:/a",
                                  "https:a",
                                  "//a/",
                                  "a/b",
                                  "ftp://a/",
                                  "https://:1/",
                                  "https://user@a/",
                                  "https://user:secret@a/",
                                  "https://@a/",
                                  "https://a:0/",
                                  "https://a:65536/",
                                  "https://a:+1/",
                                  "https://a:1x/",
                                  "https://a:-1/",
                                  "https://a b/",
                                  "https://a\r\n/",
                                  "https://a%2e/",
                                  "https://a\\b/",
                                  "https://a?b\\c\n",
                                  "https://[::1",
                                  "https://[::1]x/",
                                  "https://[::g]/",
                                  "https://[1.2.3.4]/",
                                  "https://[fe80::1%25lo]/",
                                  "https://::1/",
                                  "https://a..b/",
                                  "https://.a/",
                                  "https://a./",
                                  "https://1/",
                                  "https://127.1/",
                                  "https://0x7f000001/",
                                  "https://0177.0.0.1/",
                                  "https://1.2.3.4.5/",
                                  "https://256.1.1.1/",
                                  "https://a.1/",
                                  "https://\xc3\xa4.de/"}) {
        CAPTURE(url);
        CHECK_FALSE(is_read(url));
    }
    CHECK(is_read("https://" + std::string(253, 'a') + "/"));
    CHECK_FALSE(is_read("https://" + std::string(254, 'a') + "/"));
    CHECK(is_read("https://a-b_c.d1/"));
}
