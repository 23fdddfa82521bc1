// SPDX-License-Identifier: BSL-1.0
#include "outlast/http/request_head.hpp"

#include "support/catch.hpp"

using namespace outlast::http;

namespace {

std::string head_of(const request& asked, std::string_view agent = "me", bool keep = true) {
    return request_head(asked, read_url(asked.url, true).value(), agent, keep);
}

} // namespace

TEST_CASE("request head: every line, and the empty one") {
    CHECK(head_of({.method = "POST",
                   .url = "https://a.b:444/c?d",
                   .headers = {{"Authorization", "Basic x"}, {"X-Empty", ""}},
                   .body = "12345"}) == "POST /c?d HTTP/1.1\r\n"
                                        "Host: a.b:444\r\n"
                                        "User-Agent: me\r\n"
                                        "Accept-Encoding: identity\r\n"
                                        "Authorization: Basic x\r\n"
                                        "X-Empty:\r\n"
                                        "Content-Length: 5\r\n\r\n");
}

TEST_CASE("request head: what the caller says is not said twice") {
    CHECK(head_of({.url = "https://[::1]",
                   .headers = {{"user-agent", "own"}, {"accept-encoding", "identity"}}}) ==
          "GET / HTTP/1.1\r\nHost: [::1]\r\nuser-agent: own\r\naccept-encoding: identity\r\n\r\n");
}

TEST_CASE("request head: a length where the method is about a body, and an end if there is one") {
    CHECK(head_of({.method = "PUT", .url = "http://a"}, "", false) ==
          "PUT / HTTP/1.1\r\nHost: a\r\nAccept-Encoding: identity\r\nConnection: close\r\n"
          "Content-Length: 0\r\n\r\n");
    CHECK(head_of({.method = "DELETE", .url = "http://a"}, "").find("Content-Length") ==
          std::string::npos);
}

TEST_CASE("request head: the text is not moved while it is written") {
    request asked{.url = "https://a/"};
    for (int i = 0; i < 50; ++i)
        asked.headers.add("Name-" + std::to_string(i), std::string(100, 'x'));
    asked.body.resize(123'456);
    const std::string head = head_of(asked, std::string(300, 'u'), false);
    // Room was made for all of it at once, and for little more.
    CHECK(head.capacity() < head.size() + 200);
}
