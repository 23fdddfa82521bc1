// SPDX-License-Identifier: BSL-1.0
#include <outlast/oauth2/secret.hpp>

#include "support/catch.hpp"

#include <cstring> // std::memcpy
#include <sstream>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

using outlast::oauth2::secret;

TEST_CASE("O-75 a secret in a stream is redacted, also when it is empty") {
    std::ostringstream out;
    out << secret{"s3cr3t"} << ' ' << secret{};
    CHECK(out.str() == "[redacted] [redacted]");
}

TEST_CASE("secret: converts to nothing and is copied by name only") {
    STATIC_REQUIRE_FALSE(std::is_convertible_v<secret, std::string_view>);
    STATIC_REQUIRE_FALSE(std::is_convertible_v<secret, std::string>);
    STATIC_REQUIRE_FALSE(std::is_constructible_v<std::string_view, secret>);
    STATIC_REQUIRE_FALSE(std::is_convertible_v<std::string_view, secret>);
    STATIC_REQUIRE_FALSE(std::is_copy_constructible_v<secret>);
    STATIC_REQUIRE_FALSE(std::is_copy_assignable_v<secret>);
    STATIC_REQUIRE(std::is_nothrow_move_constructible_v<secret>);
    STATIC_REQUIRE(std::is_nothrow_move_assignable_v<secret>);

    const secret one{"s3cr3t"};
    const secret two = one.clone();
    CHECK(two.expose() == "s3cr3t");
    CHECK(two.expose().data() != one.expose().data());
}

TEST_CASE("secret: a move hands the one buffer over") {
    secret one{"s3cr3t"};
    const char* const bytes = one.expose().data();
    secret two{std::move(one)};
    CHECK(two.expose().data() == bytes);
    CHECK(one.empty()); // documented by the move: nothing is left
    one = std::move(two);
    CHECK(one.expose() == "s3cr3t");
    CHECK(two.empty());
    auto& same = one;
    one = std::move(same);
    CHECK(one.expose() == "s3cr3t");
}

TEST_CASE("secret: equality looks at all bytes") {
    CHECK(secret{"abc"} == secret{"abc"});
    CHECK(secret{} == secret{""});
    CHECK_FALSE(secret{"abc"} == secret{"abd"});
    CHECK_FALSE(secret{"abc"} == secret{"xbc"});
    CHECK_FALSE(secret{"abc"} == secret{"abcd"});
    CHECK_FALSE(secret{"a\x01"} == secret{std::string_view{"a\x81"}});
    // Differences that cancel each other out under addition or xor of whole words.
    CHECK_FALSE(secret{"ab"} == secret{"ba"});
    using namespace std::string_view_literals;
    CHECK_FALSE(secret{"a\0b"sv} == secret{"a\0c"sv});
}

TEST_CASE("secret: take wipes the string it takes") {
    std::string text = "a password longer than any small-string buffer";
    const secret taken = secret::take(text);
    CHECK(taken.expose() == "a password longer than any small-string buffer");
    CHECK(text.empty());
}

TEST_CASE("wipe: overwrites what lies beyond the size as well") {
    std::string text = "0123456789abc"; // in the small-string buffer, where it can be looked at
    text.resize(2);
    const auto holds = [&text](std::string_view part) { // looks into the object itself
        std::string raw(sizeof text, ' ');
        std::memcpy(raw.data(), static_cast<void const*>(&text), sizeof text);
        return raw.find(part) != std::string::npos;
    };
    if (!holds("3456789abc"))
        OUTLAST_SKIP("this standard library keeps nothing beyond the size");
    outlast::oauth2::detail::wipe(text);
    CHECK(text.empty());
    CHECK_FALSE(holds("01"));
    CHECK_FALSE(holds("3456789abc"));
}

TEST_CASE("wipe: overwrites so many bytes and no more") {
    unsigned char bytes[4] = {1, 2, 3, 4};
    outlast::oauth2::detail::wipe(bytes, 3);
    CHECK(bytes[0] + bytes[1] + bytes[2] == 0);
    CHECK(bytes[3] == 4);
    outlast::oauth2::detail::wipe(nullptr, 0);
}
