// SPDX-License-Identifier: BSL-1.0
//
// A small HTTP/1.1 server: blocking, one thread a connection, keep-alive, loopback only.
#pragma once

#include "guard.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

namespace rehearsal {

struct http_request {
    std::string method;
    std::string target;
    std::string authorization; ///< the header's value, empty if there is none
    std::string body;
};

/// Listens on 127.0.0.1 as long as it lives.
class listener {
public:
    virtual ~listener() = default;
    [[nodiscard]] virtual std::uint16_t port() const = 0;
};

class http_server final : public listener {
public:
    using handler = std::function<reply(const http_request&)>;

    /// Listens on 127.0.0.1; port 0 takes a free one. Throws std::system_error when it cannot.
    http_server(std::uint16_t port, handler answer);

    /// Ends all connections and waits for the requests under way.
    ~http_server() override;

    http_server(const http_server&) = delete;
    http_server& operator=(const http_server&) = delete;

    [[nodiscard]] std::uint16_t port() const override;

private:
    struct state;
    std::unique_ptr<state> state_;
};

} // namespace rehearsal
