// SPDX-License-Identifier: BSL-1.0
#include <outlast/oauth2/bearer.hpp>

#include "support/catch.hpp"

#include <array>
#include <string>
#include <string_view>

using namespace outlast::oauth2;

namespace {

bearer_reading read_one(std::string_view value, bearer_options options = {}) {
    return read_bearer(std::array{value}, options);
}

bearer_status status_of(std::string_view value) { return read_one(value).status; }

} // namespace

TEST_CASE("O-01 the scheme is read without regard to case") {
    for (const std::string_view scheme : {"Bearer", "bearer", "BEARER", "bEaReR"}) {
        const std::string value = std::string{scheme} + " tokA";
        const bearer_reading reading = read_one(value);
        CHECK(reading.status == bearer_status::token);
        CHECK(reading.token == "tokA");
        CHECK(reading.token.data() == value.data() + 7); // a view into the input, not a copy
    }
}

TEST_CASE("O-08 no Authorization header, or another scheme: no token") {
    CHECK(read_bearer({}).status == bearer_status::none);
    for (const std::string_view value : {"Basic eDp5", "DPoP abc", "Bearertoken", "Bearers x",
                                         "Bear er", "", "  ", "\"Bearer\" x"})
        CHECK(status_of(value) == bearer_status::none);
}

TEST_CASE("bearer: the scheme DPoP is taken when it is asked for") {
    const bearer_options both{.dpop_algorithms = "ES256"};
    for (const std::string_view value : {"DPoP abc", "dpop abc"}) {
        const bearer_reading reading = read_one(value, both);
        CHECK(reading.status == bearer_status::token);
        CHECK(reading.token == "abc");
        CHECK(reading.scheme == auth_scheme::dpop);
        CHECK(read_one(value).status == bearer_status::none);
    }
    CHECK(read_one("Bearer abc", both).scheme == auth_scheme::bearer);
    CHECK(read_one("DPoP", both).status == bearer_status::malformed);
    CHECK(read_one("DPoP a b", both).scheme == auth_scheme::dpop);
    CHECK(read_one("DPoPs abc", both).status == bearer_status::none);
}

TEST_CASE("O-09 two Authorization headers, different or equal: several") {
    const auto status = [](std::string_view a, std::string_view b) {
        const bearer_reading reading = read_bearer(std::array{a, b});
        CHECK(reading.token.empty());
        return reading.status;
    };
    CHECK(status("Bearer tokA", "Bearer tokB") == bearer_status::several);
    CHECK(status("Bearer tokA", "Bearer tokA") == bearer_status::several);
    CHECK(status("Basic eDp5", "Bearer tokA") == bearer_status::several);
    CHECK(status("Basic eDp5", "Basic eDp5") == bearer_status::several);
    // The two joined by a proxy: a comma is in no token.
    CHECK(status_of("Bearer tokA, Bearer tokB") == bearer_status::malformed);
}

TEST_CASE("O-10 illegal characters, or nothing after the scheme: malformed") {
    using namespace std::string_view_literals;
    for (const std::string_view value :
         {"Bearer abc\"def"sv, "Bearer abc def"sv, "Bearer abc\tdef"sv, "Bearer abc\x01"sv,
          "Bearer abc\0def"sv, "Bearer abc\x7f"sv, "Bearer abc\xc3\xa9"sv, "Bearer"sv, "Bearer "sv,
          "bearer   "sv, "Bearer ="sv, "Bearer =="sv, "Bearer a=b"sv, "Bearer abc,"sv,
          "Bearer\tabc"sv, "Bearer=abc"sv, "Bearer abc%20"sv, "Bearer \tabc"sv}) {
        INFO(value);
        CHECK(status_of(value) == bearer_status::malformed);
        CHECK(read_one(value).token.empty());
    }
}

TEST_CASE("O-10 exactly the characters of RFC 6750 make a token") {
    int legal = 0;
    for (int code = 0; code != 256; ++code) {
        const std::string value = std::string{"Bearer a"} + static_cast<char>(code) + "b";
        legal += status_of(value) == bearer_status::token ? 1 : 0;
    }
    CHECK(legal == 26 + 26 + 10 + 6); // "=" stands at the end only
    CHECK(read_one("Bearer x.y-z_~+/==").token == "x.y-z_~+/==");
    CHECK(read_one("Bearer   tokA \t").token == "tokA"); // 1*SP before, OWS after
}

TEST_CASE("O-11 a token of 4097 bytes is malformed, one of 4096 is read") {
    CHECK(status_of("Bearer " + std::string(4097, 'a')) == bearer_status::malformed);
    CHECK(read_one("Bearer " + std::string(4096, 'a')).token.size() == 4096);
    CHECK(read_one("Bearer abc", {.max_length = 2}).status == bearer_status::malformed);
}

TEST_CASE("bearer: can be read at compile time") {
    constexpr std::array<std::string_view, 1> headers{"Bearer tokA"};
    STATIC_REQUIRE(read_bearer(headers).token == "tokA");
}
