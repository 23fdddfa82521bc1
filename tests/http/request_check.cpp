// SPDX-License-Identifier: BSL-1.0
#include "outlast/http/request_check.hpp"

#include "support/catch.hpp"

#include <string>

using namespace outlast::http;
using namespace std::string_literals;

namespace {

bool sendable(header line) {
    return is_sendable({.url = "https://h/", .headers = {std::move(line)}});
}

} // namespace

TEST_CASE("http request check: a value that would add a line is refused") {
    CHECK(sendable({"X", "plain"}));
    CHECK(sendable({"X", ""}));
    CHECK(sendable({"X", "tab\tand \xC3\xA9"}));
    CHECK_FALSE(sendable({"X", "a\r\nAuthorization: Basic x"}));
    CHECK_FALSE(sendable({"X", "a\n"}));
    CHECK_FALSE(sendable({"X", "a\rb"}));
    CHECK_FALSE(sendable({"X", "a\0b"s}));
    CHECK_FALSE(sendable({"X", "\x7f"}));
}

TEST_CASE("http request check: a name is a token") {
    CHECK(sendable({"X-y_z.1", "v"}));
    CHECK_FALSE(sendable({"", "v"}));
    CHECK_FALSE(sendable({"X:", "v"}));
    CHECK_FALSE(sendable({"X Y", "v"}));
    CHECK_FALSE(sendable({"X\r\nY", "v"}));
    CHECK_FALSE(sendable({"\xC3\xA9", "v"}));
}

TEST_CASE("http request check: headers that frame the message are the transport's") {
    for (const char* const name :
         {"Host", "content-length", "TRANSFER-ENCODING", "Connection", "Upgrade", "Expect", "TE",
          "Trailer", "Keep-Alive", "Proxy-Connection"}) {
        CAPTURE(name);
        CHECK_FALSE(sendable({name, "v"}));
    }
    CHECK(sendable({"Content-Type", "application/x-www-form-urlencoded"}));
    CHECK(sendable({"Authorization", "Basic x"}));
}

TEST_CASE("http request check: method and URL are plain bytes") {
    const auto good = [](std::string method, std::string url) {
        return is_sendable({.method = std::move(method), .url = std::move(url)});
    };
    CHECK(good("GET", "https://h/"));
    CHECK(good("M-SEARCH", "https://h/"));
    CHECK_FALSE(good("", "https://h/"));
    CHECK_FALSE(good("GET ", "https://h/"));
    CHECK_FALSE(good("GET /x HTTP/1.1\r\nX:", "https://h/"));
    CHECK_FALSE(good("CONNECT", "https://h/"));
    CHECK_FALSE(good("GET", ""));
    CHECK_FALSE(good("GET", "https://h/ x"));
    CHECK_FALSE(good("GET", "https://h/\r\nX: y"));
    CHECK_FALSE(good("GET", "https://h/\xC3\xA9"));
    CHECK_FALSE(good("GET", "https://h/\0"s));
}

TEST_CASE("http request check: no coding may be asked for but none") {
    CHECK(sendable({"Accept-Encoding", "identity"}));
    CHECK_FALSE(sendable({"Accept-Encoding", "gzip"}));
    CHECK_FALSE(sendable({"accept-encoding", "identity, gzip"}));
    CHECK_FALSE(sendable({"Accept-Encoding", ""}));
}
