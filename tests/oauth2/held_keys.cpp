// SPDX-License-Identifier: BSL-1.0
#include <outlast/oauth2/held_keys.hpp>

#include "support/catch.hpp"

#include <string>
#include <string_view>

using namespace outlast::oauth2;

namespace {
// RFC 8705 §3.1.
constexpr std::string_view example = "bwcK0esc3ACC3DB2Y5_lESsXE8o9ltc05O89jdN-dg2";
// Of the empty text.
constexpr std::string_view of_nothing = "47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU";
} // namespace

TEST_CASE("thumbprint: the base64url of 32 bytes, or nothing") {
    const auto good = thumbprint::from_text(of_nothing);
    REQUIRE(good);
    CHECK(good->text() == of_nothing);
    CHECK(good->is(of_nothing));
    std::string text{of_nothing};
    for (const char bad : {'=', '+', '/', '\0', ' ', 'B'}) { // 'B' at the end would be 258 bits
        text.back() = bad;
        CHECK_FALSE(thumbprint::from_text(text));
    }
    CHECK_FALSE(thumbprint::from_text(of_nothing.substr(1)));
    CHECK_FALSE(thumbprint::from_text(std::string{of_nothing} + "A"));
    CHECK_FALSE(thumbprint::from_text(""));
    CHECK_FALSE(thumbprint::from_text(example)); // that of the RFC ends in '2': it is no thumbprint
}

TEST_CASE("thumbprint: none is equal to no text") {
    const thumbprint none;
    CHECK(none.empty());
    CHECK(none.text().empty());
    CHECK_FALSE(none.is(""));
    CHECK_FALSE(none.is(std::string(thumbprint::size, '\0')));
    CHECK_FALSE(thumbprint::from_text(of_nothing)->is(""));
}
