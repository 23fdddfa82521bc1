// SPDX-License-Identifier: BSL-1.0
//
// A port of loopback on which nobody listens.
#ifndef OUTLAST_TESTS_HTTP_SUPPORT_CLOSED_PORT_HPP
#define OUTLAST_TESTS_HTTP_SUPPORT_CLOSED_PORT_HPP

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

namespace outlast_tests {

/// Refuses connections, and is nobody else's while this lives.
class closed_port {
public:
    explicit closed_port(in_addr_t at = INADDR_LOOPBACK, int port = 0)
        : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        address_.sin_family = AF_INET;
        address_.sin_addr.s_addr = htonl(at);
        address_.sin_port = htons(static_cast<in_port_t>(port));
        socklen_t size = sizeof address_;
        if (::bind(fd_, any(), size) != 0 || ::getsockname(fd_, any(), &size) != 0)
            throw std::system_error{errno, std::system_category(), "test port"};
    }
    closed_port(const closed_port&) = delete;
    closed_port& operator=(const closed_port&) = delete;
    ~closed_port() {
        for (const int fd : waiting_)
            ::close(fd);
        for (const int fd : accepted_)
            ::close(fd);
        ::close(fd_);
    }

    [[nodiscard]] int port() const { return ntohs(address_.sin_port); }
    [[nodiscard]] std::string url(std::string_view host = "127.0.0.1") const {
        return "http://" + std::string{host} + ":" + std::to_string(port()) + "/";
    }

    /// From now on it neither refuses nor accepts: the line in front of accept() is full.
    void be_full() {
        if (::listen(fd_, 0) != 0)
            throw std::system_error{errno, std::system_category(), "test port"};
        for (int i = 0; i < 4; ++i) {
            waiting_.push_back(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
            ::connect(waiting_.back(), any(), sizeof address_);
        }
    }

    /// Accepts those who wait in front, so that whoever comes after them is in too.
    void let_in() {
        for (std::size_t i = 0; i < waiting_.size() / 2; ++i)
            accepted_.push_back(::accept4(fd_, nullptr, nullptr, SOCK_CLOEXEC));
    }

private:
    sockaddr* any() { return reinterpret_cast<sockaddr*>(&address_); }

    int fd_;
    sockaddr_in address_{};
    std::vector<int> waiting_;
    std::vector<int> accepted_;
};

} // namespace outlast_tests

#endif // OUTLAST_TESTS_HTTP_SUPPORT_CLOSED_PORT_HPP
