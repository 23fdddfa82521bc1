// SPDX-License-Identifier: BSL-1.0
#include "outlast/http/message.hpp"

#include "support/catch.hpp"

#include <sstream>
#include <string>

using namespace outlast::http;

namespace {

template <class T>
std::string printed(const T& value) {
    std::ostringstream out;
    out << value;
    return out.str();
}

} // namespace

TEST_CASE("http message: header names compare without case, and only in ASCII") {
    CHECK(same_name("Retry-After", "retry-AFTER"));
    CHECK_FALSE(same_name("Retry-After", "Retry-Afte"));
    CHECK_FALSE(same_name("Retry-After", "Retry_After"));
    CHECK_FALSE(same_name("\xC4", "\xE4")); // a letter in Latin-1, bytes here
    CHECK_FALSE(same_name("[", "{"));
    CHECK(same_name("", ""));
}

TEST_CASE("http message: repeated headers stay apart and in order") {
    header_list headers{{"Set-Cookie", "a"}, {"Date", "now"}};
    headers.add("set-cookie", "b");
    CHECK(headers.first("SET-COOKIE") == "a");
    CHECK(headers.count("set-cookie") == 2);
    CHECK(headers.all("Set-Cookie") == std::vector<std::string_view>{"a", "b"});
    CHECK(headers.first("Age") == std::nullopt);
    CHECK(headers.count("Age") == 0);
    CHECK(headers.all("Age").empty());
    CHECK(headers.size() == 3);
}

TEST_CASE("http message: an empty value is not an absent header") {
    const header_list headers{{"X", ""}};
    REQUIRE(headers.first("x").has_value());
    CHECK(headers.first("x")->empty());
}

TEST_CASE("http message: what is printed holds no value, query, user or body") {
    const request asked{.method = "POST",
                        .url = "https://me:SECRET@host.example/path?token=SECRET#SECRET",
                        .headers = {{"Authorization", "Basic SECRET"}, {"Accept", "SECRET"}},
                        .body = "token=SECRET"};
    CHECK(printed(asked) == "POST https://host.example/path?… [Authorization, Accept] 12 bytes");

    const response answer{.status = 200, .headers = {{"X-Token", "SECRET"}}, .body = "SECRET"};
    CHECK(printed(answer) == "200 [X-Token] 6 bytes");
    CHECK(printed(header{"Authorization", "SECRET"}) == "Authorization: …");
    CHECK(printed(header_list{}) == "[]");
}

TEST_CASE("http message: a URL is shown without what may be secret") {
    CHECK(shown_url("https://h/p") == "https://h/p");
    CHECK(shown_url("https://h/p@q") == "https://h/p@q");
    CHECK(shown_url("https://u@h") == "https://h");
    CHECK(shown_url("https://u:a@b@h/") == "https://h/");
    CHECK(shown_url("u:p@h/") == "h/");
    CHECK(shown_url("https://h?SECRET") == "https://h?…");
    CHECK(shown_url("") == "");
}
