// SPDX-License-Identifier: BSL-1.0
//
// What a proxy or the monitoring asks, and what it is told.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/string_body.hpp>

#include <functional>

namespace gateway {

using request = boost::beast::http::request<boost::beast::http::string_body>;
using response = boost::beast::http::response<boost::beast::http::string_body>;

/// Answers a request, which lives until then.
using answerer = std::function<boost::asio::awaitable<response>(const request&)>;

} // namespace gateway
