// SPDX-License-Identifier: BSL-1.0
#include "outlast/http/beast_reply.hpp"

#include "support/catch.hpp"

#include <cstring>
#include <string>

using namespace outlast::http;
using state = beast_reply::state;

namespace {

constexpr reply_bounds usual{.max_headers = 16384, .max_header_lines = 128, .max_body = 65536};

// Feeds it piece by piece, and then the end of the connection if it wants more.
state feed(beast_reply& reply, std::string_view bytes, std::size_t piece = 100'000) {
    state at = state::headers;
    while (!bytes.empty() && (at == state::headers || at == state::body)) {
        const auto room = reply.room();
        REQUIRE(room.size() != 0);
        const std::size_t size = std::min({bytes.size(), piece, room.size()});
        std::memcpy(room.data(), bytes.data(), size);
        bytes.remove_prefix(size);
        at = reply.take(size);
    }
    return at == state::headers || at == state::body ? reply.end() : at;
}

std::optional<errc>
failure_of(std::string_view bytes, reply_bounds bounds = usual, std::size_t piece = 100'000) {
    beast_reply reply{bounds, false};
    return feed(reply, bytes, piece) == state::wrong ? std::optional{reply.failure()}
                                                     : std::nullopt;
}

const std::string chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";

} // namespace

TEST_CASE("beast reply: the same answer however it is cut") {
    const std::string bytes = "HTTP/1.1 103 Early Hints\r\nX: no\r\n\r\n"
                              "HTTP/1.1 404 No\r\nContent-Type: text/plain\r\nX:  1 \r\nX: 2\r\n"
                              "Transfer-Encoding: chunked\r\n\r\n"
                              "3\r\nabc\r\n4;ext=1\r\ndefg\r\n0\r\nTrailer: no\r\n\r\n";
    for (std::size_t piece = 1; piece <= bytes.size(); ++piece) {
        CAPTURE(piece);
        beast_reply reply{usual, false};
        CHECK_FALSE(reply.has_started());
        REQUIRE(feed(reply, bytes, piece) == state::complete);
        CHECK(reply.has_started());
        CHECK(reply.may_keep());
        CHECK(std::move(reply).result() == response{.status = 404,
                                                    .headers = {{"Content-Type", "text/plain"},
                                                                {"X", "1"},
                                                                {"X", "2"},
                                                                {"Transfer-Encoding", "chunked"}},
                                                    .body = "abcdefg"});
    }
}

TEST_CASE("beast reply: a chunked body that is empty, however it is cut") {
    for (const std::string& bytes :
         {chunked + "0\r\n\r\n", chunked + "0\r\nX: no\r\n\r\n", chunked + "1\r\na\r\n0\r\n\r\n"})
        for (std::size_t piece = 1; piece <= bytes.size(); ++piece) {
            CAPTURE(bytes, piece);
            beast_reply reply{usual, false};
            REQUIRE(feed(reply, bytes, piece) == state::complete);
            CHECK(reply.may_keep());
        }
    for (std::size_t piece = 1; piece <= 7; ++piece) {
        CAPTURE(piece);
        CHECK(failure_of(chunked + "0\r\nabc\r\n\r\n", usual, piece) == errc::malformed);
        CHECK(failure_of(chunked + "0\r\n", usual, piece) == errc::closed_early);
    }
}

TEST_CASE("beast reply: where a body ends") {
    const auto body_of = [](std::string_view bytes, bool without_body = false) {
        beast_reply reply{usual, without_body};
        REQUIRE(feed(reply, bytes) == state::complete);
        return std::move(reply).result().body;
    };
    CHECK(body_of("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nab") == "ab");
    CHECK(body_of("HTTP/1.1 200 OK\r\n\r\nall of it") == "all of it");
    CHECK(body_of("HTTP/1.1 200 OK\r\n\r\n") == "");
    CHECK(body_of("HTTP/1.1 204 No Content\r\n\r\n") == "");
    CHECK(body_of("HTTP/1.1 304 Same\r\nContent-Length: 5\r\n\r\n") == "");
    CHECK(body_of("HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\n", true) == "");
}

TEST_CASE("beast reply: whether the connection is good for another question") {
    const auto may_keep = [](std::string_view bytes) {
        beast_reply reply{usual, false};
        REQUIRE(feed(reply, bytes) == state::complete);
        return reply.may_keep();
    };
    CHECK(may_keep("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nab"));
    CHECK_FALSE(may_keep("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nabHTTP/1.1 200 OK"));
    CHECK_FALSE(may_keep("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"));
    CHECK_FALSE(may_keep("HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n"));
    CHECK(may_keep("HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 0\r\n\r\n"));
    CHECK_FALSE(may_keep("HTTP/1.1 200 OK\r\n\r\nto the end"));
}

TEST_CASE("beast reply: not HTTP, however it is cut") {
    for (const std::string& bytes : std::initializer_list<std::string>{
             "SSH-2.0-OpenSSH_9.2\r\n", "\x15\x03\x01", "{}", "HTTP/2 200\r\n\r\n", "HTTPS",
             "HTTP/1.1 099 No\r\n\r\n", "HTTP/1.1 101 Switch\r\n\r\n",
             "HTTP/1.1 200 OK\r\nA b: c\r\n\r\n", "HTTP/1.1 200 OK\r\n: c\r\n\r\n",
             "HTTP/1.1 200 OK\r\nContent-Length: 1, 2\r\n\r\n",
             "HTTP/1.1 200 OK\r\nContent-Length: +1\r\n\r\na",
             "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
             "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\n",
             "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n",
             "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked, chunked\r\n\r\n",
             "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n", chunked + "g\r\n",
             chunked + "1\r\nab\r\n0\r\n\r\n", chunked + "1\r\na\r\n0\r\nbad trailer\r\n\r\n"}) {
        for (const std::size_t piece : {1U, 2U, 100000U}) {
            CAPTURE(bytes, piece);
            CHECK(failure_of(bytes, usual, piece) == errc::malformed);
        }
    }
}

TEST_CASE("beast reply: every answer that is cut is known for it") {
    const std::string with_length = "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc";
    const std::string in_chunks = chunked + "3\r\nabc\r\n0\r\nA: b\r\n\r\n";
    for (const std::string& whole : {with_length, in_chunks}) {
        for (std::size_t size = 0; size < whole.size(); ++size) {
            CAPTURE(whole.substr(0, size));
            CHECK(failure_of(whole.substr(0, size)) == errc::closed_early);
        }
        CHECK(failure_of(whole) == std::nullopt);
    }
}

TEST_CASE(
    "beast reply: bytes of headers, lines of headers, and those of 1xx answers and trailers") {
    const auto with_line = [](std::size_t size) { // a line of so many bytes
        return "HTTP/1.1 200 \r\nX: " + std::string(size - 5, 'x') + "\r\n\r\n";
    };
    const reply_bounds small{.max_headers = 100, .max_header_lines = 3, .max_body = 10};
    CHECK(failure_of(with_line(85), small) == std::nullopt);
    CHECK(failure_of(with_line(86), small) == errc::too_large);
    for (const std::size_t piece : {1U, 7U, 100000U})
        CHECK(failure_of(with_line(50'000), small, piece) == errc::too_large);

    const std::string status = "HTTP/1.1 200 OK\r\n";
    CHECK(failure_of(status + "A:\r\nA:\r\nA:\r\n\r\n", small) == std::nullopt);
    CHECK(failure_of(status + "A:\r\nA:\r\nA:\r\nA:\r\n\r\n", small) == errc::too_large);
    const std::string early = "HTTP/1.1 103 E\r\nA:\r\nA:\r\n\r\n";
    CHECK(failure_of(early + status + "A:\r\n\r\n", small) == std::nullopt);
    CHECK(failure_of(early + status + "A:\r\nA:\r\n\r\n", small) == errc::too_large);
    const std::string three = chunked + "0\r\nA:\r\nA:\r\n\r\n";
    CHECK(failure_of(three, small) == std::nullopt);
    CHECK(failure_of(chunked + "0\r\nA:\r\nA:\r\nA:\r\n\r\n", small) == errc::too_large);

    std::string forever;
    for (int i = 0; i < 100; ++i)
        forever += "HTTP/1.1 102 \r\n\r\n";
    CHECK(failure_of(forever, small) == errc::too_large);
}

TEST_CASE("beast reply: what cannot be understood yet is bounded") {
    const reply_bounds small{.max_headers = 100, .max_header_lines = 3, .max_body = 10};
    CHECK(failure_of("HTTP/1.1 200 " + std::string(100'000, 'x'), small) == errc::too_large);
    CHECK(failure_of(chunked + "1;" + std::string(100'000, 'x'), small) == errc::too_large);
    CHECK(failure_of(chunked + "0\r\nA: " + std::string(100'000, 'x'), small) == errc::too_large);
}

TEST_CASE("beast reply: the body, one byte over the bound") {
    const reply_bounds small{.max_headers = 1000, .max_header_lines = 9, .max_body = 5};
    const std::string head = "HTTP/1.1 200 OK\r\n";
    CHECK(failure_of(head + "Content-Length: 5\r\n\r\n12345", small) == std::nullopt);
    CHECK(failure_of(head + "Content-Length: 6\r\n\r\n", small) == errc::too_large);
    CHECK(failure_of(head + "\r\n12345", small) == std::nullopt);
    CHECK(failure_of(head + "\r\n123456", small) == errc::too_large);
    CHECK(failure_of(head + "\r\n123456", small, 1) == errc::too_large);
    CHECK(failure_of(chunked + "3\r\n123\r\n2\r\n45\r\n0\r\n\r\n", small) == std::nullopt);
    CHECK(failure_of(chunked + "3\r\n123\r\n3\r\n", small) == errc::too_large);
}
