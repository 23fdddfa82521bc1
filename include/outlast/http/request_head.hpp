// SPDX-License-Identifier: BSL-1.0
//
// The head of a request as it is put on the wire.
#ifndef OUTLAST_HTTP_REQUEST_HEAD_HPP
#define OUTLAST_HTTP_REQUEST_HEAD_HPP

#include "outlast/http/message.hpp"
#include "outlast/http/request_check.hpp" // has_body
#include "outlast/http/url_target.hpp"

#include <cstddef>
#include <string>
#include <string_view>

namespace outlast::http {

/// The request line and all header lines, with the empty line that ends them. It holds whatever
/// secrets the headers hold: wipe it.
///
/// \pre `is_sendable(asked)`; `target` was read from `asked.url`
/// \param user_agent is written unless the request has one, or it is empty
/// \param keep whether the connection is to be used again
[[nodiscard]] inline std::string request_head(const request& asked,
                                              const url_target& target,
                                              std::string_view user_agent,
                                              bool keep) {
    std::size_t size = asked.method.size() + target.path.size() + target.authority.size() +
                       user_agent.size() + 160; // of the words below
    for (const header& line : asked.headers)
        size += line.name.size() + line.value.size() + 4;
    std::string head;
    head.reserve(size); // no copy left in old memory
    const auto line = [&](std::string_view name, std::string_view value) {
        head.append(name).append(value.empty() ? ":" : ": ").append(value).append("\r\n");
    };

    head.append(asked.method).append(" ").append(target.path).append(" HTTP/1.1\r\n");
    line("Host", target.authority);
    if (!user_agent.empty() && !asked.headers.first("User-Agent"))
        line("User-Agent", user_agent);
    if (!asked.headers.first("Accept-Encoding"))
        line("Accept-Encoding", "identity");
    for (const header& each : asked.headers)
        line(each.name, each.value);
    if (!keep)
        line("Connection", "close");
    if (has_body(asked))
        line("Content-Length", std::to_string(asked.body.size()));
    head.append("\r\n");
    return head;
}

} // namespace outlast::http

#endif // OUTLAST_HTTP_REQUEST_HEAD_HPP
