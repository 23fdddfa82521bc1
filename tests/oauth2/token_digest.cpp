// SPDX-License-Identifier: BSL-1.0
#include <outlast/oauth2/token_digest.hpp>

#include "support/catch.hpp"

#include <functional>
#include <ostream>
#include <string>
#include <string_view>
#include <type_traits>

using outlast::oauth2::token_digest;
namespace detail = outlast::oauth2::detail;

namespace {

template <class T>
concept streamable = requires(std::ostream& out, T const& value) { out << value; };

std::string bytes_from_zero(int count) {
    std::string bytes;
    for (int i = 0; i != count; ++i)
        bytes.push_back(static_cast<char>(i));
    return bytes;
}

} // namespace

TEST_CASE("O-75 a digest cannot be written to a stream") {
    STATIC_REQUIRE(streamable<int>);
    STATIC_REQUIRE_FALSE(streamable<token_digest>);
}

TEST_CASE("token_digest: is 16 plain bytes") {
    STATIC_REQUIRE(sizeof(token_digest) == 16);
    STATIC_REQUIRE(std::is_trivially_copyable_v<token_digest>);
}

TEST_CASE("siphash_128: the reference vectors of SipHash-2-4-128") {
    const std::string key = bytes_from_zero(16);
    const token_digest none{{0xa3, 0x81, 0x7f, 0x04, 0xba, 0x25, 0xa8, 0xe6, 0x6d, 0xf6, 0x72, 0x14,
                             0xc7, 0x55, 0x02, 0x93}};
    const token_digest one{{0xda, 0x87, 0xc1, 0xd8, 0x6b, 0x99, 0xaf, 0x44, 0x34, 0x76, 0x59, 0x11,
                            0x9b, 0x22, 0xfc, 0x45}};
    const token_digest fifteen{{0x54, 0x93, 0xe9, 0x99, 0x33, 0xb0, 0xa8, 0x11, 0x7e, 0x08, 0xec,
                                0x0f, 0x97, 0xcf, 0xc3, 0xd9}};
    CHECK((detail::siphash_128(key, "") == none));
    CHECK((detail::siphash_128(key, bytes_from_zero(1)) == one));
    CHECK((detail::siphash_128(key, bytes_from_zero(15)) == fifteen));
    CHECK((detail::siphash_128(key, "") == none)); // nothing is left of the calls between
}

TEST_CASE("siphash_128: without a key of 16 bytes there is no digest") {
    CHECK(detail::siphash_128(bytes_from_zero(16), "x").has_value());
    CHECK_FALSE(detail::siphash_128({}, "x").has_value());
    CHECK_FALSE(detail::siphash_128(bytes_from_zero(15), "x").has_value());
}

TEST_CASE("token_digest: the hash is its first eight bytes") {
    token_digest a, b;
    a.bytes[8] = 1;
    CHECK_FALSE((a == b));
    CHECK(std::hash<token_digest>{}(a) == std::hash<token_digest>{}(b));
    b.bytes[7] = 1;
    CHECK(std::hash<token_digest>{}(a) != std::hash<token_digest>{}(b));
}
