// SPDX-License-Identifier: BSL-1.0
#include <outlast/oauth2/jose/base64url.hpp>

#include "support/catch.hpp"

#include <string>
#include <string_view>

using namespace outlast::oauth2::jose;

namespace {
std::string encoded(std::string_view bytes) {
    std::string text;
    append_base64url(text, bytes);
    return text;
}
} // namespace

TEST_CASE("base64url: the octets of RFC 7515 appendix C") {
    constexpr std::string_view bytes{"\x03\xec\xff\xe0\xc1", 5};
    CHECK(encoded(bytes) == "A-z_4ME");
    CHECK(decode_base64url("A-z_4ME") == std::string{bytes});
}

TEST_CASE("base64url: what is encoded is decoded, at each length") {
    std::string bytes;
    for (int i = 0; i != 70; ++i) {
        const std::string text = encoded(bytes);
        CHECK(text.find('=') == text.npos);
        CHECK(base64url_decoded_size(text.size()) == bytes.size());
        CHECK(decode_base64url(text) == bytes);
        bytes.push_back(static_cast<char>(i * 37 + 200));
    }
}

TEST_CASE("base64url: only what an encoder makes is taken") {
    const std::string_view text = GENERATE(as<std::string_view>{},
                                           "A",      // 6 bits are no byte
                                           "AAAAA",  //
                                           "AA==",   // padding
                                           "AAA=",   //
                                           "A+==",   // base64
                                           "A/8",    //
                                           "AB",     // bits left over: the same byte as "AA"
                                           "AAB",    //
                                           " AAAA",  //
                                           "AAAA\n", //
                                           "AA.A",   //
                                           "AA\xc3\xa9");
    CHECK_FALSE(is_base64url(text));
    CHECK_FALSE(decode_base64url(text).has_value());
}

TEST_CASE("base64url: no text, no bytes") {
    CHECK(decode_base64url("") == std::string{});
    CHECK(encoded("").empty());
}
