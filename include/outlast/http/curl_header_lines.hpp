// SPDX-License-Identifier: BSL-1.0
//
// Header lines in the form that libcurl takes, wiped after use.
#ifndef OUTLAST_HTTP_CURL_HEADER_LINES_HPP
#define OUTLAST_HTTP_CURL_HEADER_LINES_HPP

#include "outlast/http/message.hpp"
#include "outlast/http/wipe.hpp"

#include <curl/curl.h>

#include <cstddef>
#include <string>
#include <vector>

namespace outlast::http {

/// The header lines in the form that libcurl takes. libcurl keeps a pointer and no copy, so the
/// lines live here during the call and are wiped after it: one of them may be `Authorization`.
class curl_header_lines {
public:
    curl_header_lines(const request& asked, bool has_body) {
        lines_.reserve(asked.headers.size() + 3);
        for (const header& line : asked.headers) {
            // "Name:" alone would remove the header; an empty one is written "Name;".
            const bool blank = line.value.find_first_not_of(" \t") == line.value.npos;
            std::string& text = lines_.emplace_back();
            text.reserve(line.name.size() + 2 + line.value.size()); // no copy left in old memory
            text.append(line.name).append(blank ? ";" : ": ").append(blank ? "" : line.value);
        }
        if (!asked.headers.first("Accept-Encoding"))
            lines_.emplace_back("Accept-Encoding: identity");
        lines_.emplace_back("Expect:"); // no 100-continue: it costs a round trip, or a second
        if (has_body && !asked.headers.first("Content-Type"))
            lines_.emplace_back("Content-Type:");
        nodes_.resize(lines_.size());
        for (std::size_t i = 0; i < nodes_.size(); ++i) {
            nodes_[i] = {lines_[i].data(), i + 1 < nodes_.size() ? &nodes_[i + 1] : nullptr};
        }
    }
    curl_header_lines(const curl_header_lines&) = delete;
    curl_header_lines& operator=(const curl_header_lines&) = delete;
    ~curl_header_lines() {
        for (std::string& line : lines_)
            wipe(line);
    }

    [[nodiscard]] curl_slist* list() noexcept { return nodes_.data(); }

private:
    std::vector<std::string> lines_;
    std::vector<curl_slist> nodes_;
};

} // namespace outlast::http

#endif // OUTLAST_HTTP_CURL_HEADER_LINES_HPP
