// SPDX-License-Identifier: BSL-1.0
//
// A small HTTP/1.1 server on coroutines: one thread, keep-alive, loopback only.
#pragma once

#include "http_server.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>

#include <cstdint>
#include <functional>
#include <memory>

namespace rehearsal {

class coroutine_server final : public listener {
public:
    using handler = std::function<boost::asio::awaitable<reply>(http_request)>;

    /// Takes a free port, and runs the context on a thread of its own.
    coroutine_server(std::shared_ptr<boost::asio::io_context> where, handler answer);

    /// No further connections; waits until the clients have gone and all requests are answered.
    ~coroutine_server() override;

    coroutine_server(const coroutine_server&) = delete;
    coroutine_server& operator=(const coroutine_server&) = delete;

    [[nodiscard]] std::uint16_t port() const override;

private:
    struct state;
    std::unique_ptr<state> state_;
};

} // namespace rehearsal
