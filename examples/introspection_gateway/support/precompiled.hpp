// SPDX-License-Identifier: BSL-1.0
//
// What most of its files include of Boost's, compiled once.
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <boost/json.hpp>
#include <boost/outcome/std_result.hpp>

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>
