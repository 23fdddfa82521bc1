// SPDX-License-Identifier: BSL-1.0
#include <outlast/oauth2/detail/ascii.hpp>

#include "support/catch.hpp"

using namespace outlast::oauth2::detail;

TEST_CASE("ascii: a tchar is what RFC 9110 says and nothing else") {
    int count = 0;
    for (int code = -128; code != 128; ++code)
        count += is_tchar(static_cast<char>(code)) ? 1 : 0;
    CHECK(count == 26 + 26 + 10 + 15);
    for (const char c : std::string_view{"()<>@,;:\\\"/[]?={} \t\r\n\x7f\x80\0", 24})
        CHECK_FALSE(is_tchar(c));
}

TEST_CASE("ascii: case is ignored for letters only") {
    CHECK(equal_ignoring_case("BeArEr", "bEaReR"));
    CHECK_FALSE(equal_ignoring_case("Bearer", "Bearer "));
    CHECK_FALSE(equal_ignoring_case("@", "`")); // they differ by the bit that letters differ by
    CHECK_FALSE(equal_ignoring_case("\xc4", "\xe4"));
}

TEST_CASE("ascii: blanks and tabs are trimmed at the ends, nothing else is") {
    CHECK(trimmed(" \t a b\t ") == "a b");
    CHECK(trimmed("\n a") == "\n a");
    CHECK(trimmed(" \t").empty());
}
