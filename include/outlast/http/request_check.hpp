// SPDX-License-Identifier: BSL-1.0
//
// Whether a request may be put on a wire as it is. No socket, no URL parser: bytes only.
#ifndef OUTLAST_HTTP_REQUEST_CHECK_HPP
#define OUTLAST_HTTP_REQUEST_CHECK_HPP

#include "outlast/http/message.hpp"

#include <algorithm> // std::all_of, std::any_of
#include <array>
#include <string_view>

namespace outlast::http {

/// A token of RFC 9110 §5.6.2: what a method and the name of a header are made of.
[[nodiscard]] constexpr bool is_token(std::string_view text) noexcept {
    constexpr std::string_view marks = "!#$%&'*+-.^_`|~";
    return !text.empty() && std::all_of(text.begin(), text.end(), [=](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               marks.find(c) != marks.npos;
    });
}

/// Whether the text can be the value of a header: no line end, no NUL, no other control character
/// but the tab. Otherwise whoever chose the value could add headers, or a second request.
[[nodiscard]] constexpr bool is_header_value(std::string_view text) noexcept {
    return std::all_of(text.begin(), text.end(), [](char c) {
        const auto byte = static_cast<unsigned char>(c);
        return byte == '\t' || (byte >= 0x20 && byte != 0x7f);
    });
}

/// Whether the text has only the bytes that a URL may have: visible ASCII.
[[nodiscard]] constexpr bool is_url_text(std::string_view text) noexcept {
    return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
        const auto byte = static_cast<unsigned char>(c);
        return byte > 0x20 && byte < 0x7f;
    });
}

/// Headers that say where a message ends, to whom it goes or how it is coded. They are the
/// transport's own: a caller that could set them could make one request look like two.
[[nodiscard]] constexpr bool is_transport_header(std::string_view name) noexcept {
    constexpr std::array<std::string_view, 11> own{
        "Host",    "Content-Length", "Transfer-Encoding", "Connection", "Keep-Alive",     "TE",
        "Trailer", "Upgrade",        "Proxy-Connection",  "Expect",     "HTTP2-Settings",
    };
    return std::any_of(own.begin(), own.end(),
                       [=](std::string_view each) { return same_name(each, name); });
}

/// Whether the length of the body is announced: always for a method that is about a body, so that
/// an empty one is told from none.
[[nodiscard]] inline bool has_body(const request& asked) noexcept {
    return !asked.body.empty() || asked.method == "POST" || asked.method == "PUT" ||
           asked.method == "PATCH";
}

/// Whether method, headers and the bytes of the URL can be sent. What the URL means is looked at
/// by the transport.
[[nodiscard]] inline bool is_sendable(const request& asked) noexcept {
    return is_token(asked.method) && asked.method != "CONNECT" && is_url_text(asked.url) &&
           std::all_of(asked.headers.begin(), asked.headers.end(), [](const header& line) {
               return is_token(line.name) && !is_transport_header(line.name) &&
                      is_header_value(line.value) &&
                      // No coding is undone here, so none may be asked for.
                      (!same_name(line.name, "Accept-Encoding") || line.value == "identity");
           });
}

} // namespace outlast::http

#endif // OUTLAST_HTTP_REQUEST_CHECK_HPP
