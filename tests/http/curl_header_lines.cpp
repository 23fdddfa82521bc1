// SPDX-License-Identifier: BSL-1.0
#include "outlast/http/curl_header_lines.hpp"

#include "support/catch.hpp"

#include <string>
#include <vector>

using namespace outlast::http;

namespace {

std::vector<std::string> lines_of(const request& asked, bool has_body) {
    curl_header_lines lines{asked, has_body};
    std::vector<std::string> texts;
    for (const curl_slist* node = lines.list(); node != nullptr; node = node->next)
        texts.emplace_back(node->data);
    return texts;
}

using strings = std::vector<std::string>;

} // namespace

TEST_CASE("curl header lines: the caller's in order, then the transport's") {
    CHECK(lines_of({.url = "https://h/", .headers = {{"A", "1"}, {"B", "2"}, {"A", "3"}}}, false) ==
          strings{"A: 1", "B: 2", "A: 3", "Accept-Encoding: identity", "Expect:"});
}

TEST_CASE("curl header lines: an empty value is sent, not taken for a removal") {
    CHECK(lines_of({.headers = {{"A", ""}, {"B", " \t"}}}, false) ==
          strings{"A;", "B;", "Accept-Encoding: identity", "Expect:"});
}

TEST_CASE("curl header lines: no type is made up for a body") {
    CHECK(lines_of({}, true) == strings{"Accept-Encoding: identity", "Expect:", "Content-Type:"});
    CHECK(lines_of({.headers = {{"content-type", "text/plain"}}}, true) ==
          strings{"content-type: text/plain", "Accept-Encoding: identity", "Expect:"});
}

TEST_CASE("curl header lines: the coding is said once") {
    CHECK(lines_of({.headers = {{"accept-encoding", "identity"}}}, false) ==
          strings{"accept-encoding: identity", "Expect:"});
}

TEST_CASE("curl header lines: what was wiped is zero") {
    for (std::string text : {std::string("short"), std::string(100, 's')}) {
        const char* const bytes = text.data();
        const std::size_t size = text.size();
        wipe(text);
        CHECK(text.empty());
        // The bytes are still the string's own: clearing keeps its memory.
        CHECK(std::string(bytes, size) == std::string(size, '\0'));
    }
}
