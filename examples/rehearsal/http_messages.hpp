// SPDX-License-Identifier: BSL-1.0
//
// Between Beast's messages and those of the rehearsal, for both servers.
#pragma once

#include "http_server.hpp"

#include <boost/beast/http.hpp>

#include <cstdint>
#include <string>
#include <utility>

namespace rehearsal {

inline constexpr std::uint64_t largest_body = 64 * 1024;

using beast_request = boost::beast::http::request<boost::beast::http::string_body>;
using beast_response = boost::beast::http::response<boost::beast::http::string_body>;

inline http_request taken(const beast_request& in) {
    namespace http = boost::beast::http;
    return {.method = std::string{in.method_string()},
            .target = std::string{in.target()},
            .authorization = std::string{in[http::field::authorization]},
            .body = in.body()};
}

inline beast_response written(reply out, const beast_request& to) {
    beast_response made{static_cast<boost::beast::http::status>(out.status), to.version()};
    for (const auto& [name, value] : out.headers) {
        made.insert(name, value);
    }
    made.body() = std::move(out.body);
    made.keep_alive(to.keep_alive());
    made.prepare_payload();
    return made;
}

} // namespace rehearsal
