// SPDX-License-Identifier: BSL-1.0
#include "outlast/http/reply_reader.hpp"

#include "support/catch.hpp"

#include <initializer_list>
#include <optional>
#include <string>
#include <utility>

using namespace outlast::http;

namespace {

reply_reader reader(std::size_t headers = 1000, std::size_t body = 10, bool without_body = false) {
    return {headers, body, without_body};
}

// Feeds lines until one is refused. \return why, or nothing
std::optional<errc> read(reply_reader& r, std::initializer_list<const char*> lines) {
    for (const char* const each : lines) {
        if (!r.line(std::string{each} + "\r\n"))
            return r.failure();
    }
    return std::nullopt;
}

std::optional<errc> head(std::initializer_list<const char*> lines) {
    reply_reader r = reader();
    return read(r, lines);
}

} // namespace

TEST_CASE("http reply: status, headers and body") {
    reply_reader r = reader();
    CHECK_FALSE(r.started());
    CHECK(read(r, {"HTTP/1.1 200 OK", "A: 1", "a:\t 2 ", "B:", ""}) == std::nullopt);
    CHECK(r.started());
    CHECK(r.has_headers());
    CHECK(r.body("01234"));
    CHECK(r.body("56789"));
    const response got = std::move(r).take();
    CHECK(got == response{.status = 200,
                          .headers = {{"A", "1"}, {"a", "2"}, {"B", ""}},
                          .body = "0123456789"});
}

TEST_CASE("http reply: the body is bounded as it comes") {
    reply_reader r = reader();
    CHECK(read(r, {"HTTP/1.1 200 OK", ""}) == std::nullopt);
    CHECK(r.body("0123456789"));
    CHECK_FALSE(r.body("x"));
    CHECK(r.failure() == errc::too_large);
}

TEST_CASE("http reply: a length over the bound is refused when the headers end") {
    CHECK(head({"HTTP/1.1 200 OK", "Content-Length: 10", ""}) == std::nullopt);
    CHECK(head({"HTTP/1.1 200 OK", "Content-Length: 11", ""}) == errc::too_large);
    CHECK(head({"HTTP/1.1 200 OK", "Content-Length: 99999999999999999999999", ""}) ==
          errc::too_large);
    reply_reader after_head = reader(1000, 10, true);
    CHECK(read(after_head, {"HTTP/1.1 200 OK", "Content-Length: 11", ""}) == std::nullopt);
    CHECK(head({"HTTP/1.1 304 Not Modified", "Content-Length: 11", ""}) == std::nullopt);
}

TEST_CASE("http reply: a length that is no number, or two, is malformed") {
    for (const char* const line :
         {"Content-Length:", "Content-Length: -1", "Content-Length: +1", "Content-Length: 1, 1",
          "Content-Length: 0x1", "Content-Length: 1.0", "Content-Length: one"}) {
        CAPTURE(line);
        CHECK(head({"HTTP/1.1 200 OK", line, ""}) == errc::malformed);
    }
    CHECK(head({"HTTP/1.1 200 OK", "Content-Length: 1", "Content-Length: 2", ""}) ==
          errc::malformed);
    CHECK(head({"HTTP/1.1 200 OK", "Content-Length: 1", "Content-Length: 1", ""}) == std::nullopt);
}

TEST_CASE("http reply: header bytes are bounded, those of 1xx and trailers too") {
    reply_reader one = reader(40);
    CHECK(read(one, {"HTTP/1.1 200 OK", "A: 012345678901234567890123456789"}) == errc::too_large);

    reply_reader many = reader(200);
    std::optional<errc> end;
    for (int i = 0; i < 100 && !end; ++i)
        end = read(many, {"HTTP/1.1 100 Continue", ""});
    CHECK(end == errc::too_large);

    reply_reader trailers = reader(60);
    REQUIRE(read(trailers, {"HTTP/1.1 200 OK", ""}) == std::nullopt);
    for (int i = 0; i < 100 && !end; ++i)
        end = read(trailers, {"T: 1"});
    CHECK(end == errc::too_large);
}

TEST_CASE("http reply: 1xx answers leave no trace, and 101 is not asked for") {
    reply_reader r = reader();
    CHECK(read(r, {"HTTP/1.1 100 Continue", "A: 1", "", "HTTP/1.1 103 Early Hints", "B: 1", "",
                   "HTTP/1.1 204 No Content", "C: 1", ""}) == std::nullopt);
    CHECK(std::move(r).take() == response{.status = 204, .headers = {{"C", "1"}}, .body = ""});
    CHECK(head({"HTTP/1.1 101 Switching Protocols", "Upgrade: h2c", ""}) == errc::malformed);
}

TEST_CASE("http reply: a trailer is no header") {
    reply_reader r = reader();
    REQUIRE(read(r, {"HTTP/1.1 200 OK", ""}) == std::nullopt);
    CHECK(r.body("x"));
    CHECK(read(r, {"Retry-After: 1", ""}) == std::nullopt);
    CHECK(std::move(r).take().headers.empty());
}

TEST_CASE("http reply: a continued line is joined by one blank") {
    reply_reader r = reader();
    CHECK(read(r, {"HTTP/1.1 200 OK", "A: 1", " \t2", ""}) == std::nullopt);
    CHECK(std::move(r).take().headers.first("A") == "1 2");
    CHECK(head({"HTTP/1.1 200 OK", " A: 1"}) == errc::malformed);
}

TEST_CASE("http reply: what is not HTTP/1 is malformed") {
    for (const char* const line :
         {"", "SSH-2.0-x", "HTTP/2 200", "HTTP/2.0 200 OK", "HTTP/1.2 200 OK", "HTTP/1.1 20 OK",
          "HTTP/1.1 2000 OK", "HTTP/1.1 099 X", "HTTP/1.1 +20 OK", "HTTP/1.1  200 OK",
          "HTTP/1.1 abc", "ICY 200 OK", "http/1.1 200 OK"}) {
        CAPTURE(line);
        CHECK(head({line}) == errc::malformed);
    }
    CHECK(head({"HTTP/1.0 200 OK", ""}) == std::nullopt);
    CHECK(head({"HTTP/1.1 200", ""}) == std::nullopt);
    for (const char* const line : {"no colon", ": no name", "A : 1", "A\v: 1"}) {
        CAPTURE(line);
        CHECK(head({"HTTP/1.1 200 OK", line}) == errc::malformed);
    }
    reply_reader early = reader();
    CHECK_FALSE(early.body("x"));
    CHECK(early.failure() == errc::malformed);
}

TEST_CASE("http reply: no coding but identity and chunked") {
    CHECK(head({"HTTP/1.1 200 OK", "Content-Encoding: identity", ""}) == std::nullopt);
    CHECK(head({"HTTP/1.1 200 OK", "Transfer-Encoding: Chunked", ""}) == std::nullopt);
    CHECK(head({"HTTP/1.1 200 OK", "Content-Encoding: gzip", ""}) == errc::malformed);
    CHECK(head({"HTTP/1.1 200 OK", "content-encoding: identity", "Content-Encoding: br", ""}) ==
          errc::malformed);
    CHECK(head({"HTTP/1.1 200 OK", "Transfer-Encoding: gzip, chunked", ""}) == errc::malformed);
}
