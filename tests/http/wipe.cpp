// SPDX-License-Identifier: BSL-1.0
#include "outlast/http/wipe.hpp"

#include "support/catch.hpp"

#include <algorithm>
#include <string>

TEST_CASE("wipe: the bytes are gone, and the text is empty") {
    std::string text(100, 's');
    const char* const bytes = text.data();
    outlast::http::wipe(text);
    CHECK(text.empty());
    text.resize(100, '\0'); // the same memory, and no part of it written anew but for the zeros
    CHECK(text.data() == bytes);
    CHECK(std::count(text.begin(), text.end(), 's') == 0);
}
