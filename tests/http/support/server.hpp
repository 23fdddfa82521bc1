// SPDX-License-Identifier: BSL-1.0
//
// A TCP server on loopback inside the test, which does to each connection what a script says.
#ifndef OUTLAST_TESTS_HTTP_SUPPORT_SERVER_HPP
#define OUTLAST_TESTS_HTTP_SUPPORT_SERVER_HPP

#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/ssl.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdlib>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <thread>

namespace outlast_tests {

class server;

/// One accepted connection, in the hands of a script. When the script returns it is closed in good
/// order.
class connection {
public:
    connection(server& owner, int fd, int number) : owner_(owner), fd_(fd), number_(number) {}
    connection(const connection&) = delete;
    connection& operator=(const connection&) = delete;
    ~connection() {
        if (ssl_) {
            SSL_shutdown(ssl_.get());
            ssl_.reset();
        }
        close();
    }

    /// 1 for the first connection to this server.
    [[nodiscard]] int number() const { return number_; }

    /// A whole request with its body, or nothing when the client has gone.
    std::optional<std::string> read_request();

    bool send(std::string_view bytes);
    bool send_one_by_one(std::string_view bytes, std::chrono::milliseconds apart);

    /// Until the client goes or the server is destroyed: says nothing.
    void be_silent();

    /// Closes with RST.
    void reset() {
        const linger now{1, 0};
        ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &now, sizeof now);
        ssl_.reset();
        close();
    }

    /// Ends what is sent, and stays to listen.
    void half_close() { ::shutdown(fd_, SHUT_WR); }

    /// Closes the TCP connection without a word of TLS.
    void cut() {
        if (ssl_)
            SSL_set_quiet_shutdown(ssl_.get(), 1);
        ssl_.reset();
        close();
    }

private:
    friend class server;
    void close();
    long receive(char* into, std::size_t size) {
        return ssl_ ? SSL_read(ssl_.get(), into, static_cast<int>(size))
                    : ::recv(fd_, into, size, 0);
    }

    struct ssl_free {
        void operator()(SSL* ssl) const { SSL_free(ssl); }
    };
    server& owner_;
    int fd_;
    int number_;
    std::unique_ptr<SSL, ssl_free> ssl_;
    std::string unread_;
};

/// Listens on an ephemeral port of 127.0.0.1; each connection has a thread that runs the script.
class server {
public:
    using script = std::function<void(connection&)>;

    /// \param tls null: plain TCP; otherwise the handshake is made before the script is run
    explicit server(script play, std::shared_ptr<SSL_CTX> tls = nullptr)
        : play_(std::move(play)), tls_(std::move(tls)) {
        listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof address;
        auto* const any = reinterpret_cast<sockaddr*>(&address);
        if (listener_ < 0 || ::bind(listener_, any, size) != 0 || ::listen(listener_, 128) != 0 ||
            ::getsockname(listener_, any, &size) != 0) {
            throw std::system_error{errno, std::system_category(), "test server"};
        }
        port_ = ntohs(address.sin_port);
        acceptor_ = std::thread{[this] { accept(); }};
    }
    server(const server&) = delete;
    server& operator=(const server&) = delete;
    ~server() {
        stop_listening();
        {
            const std::lock_guard lock{mutex_};
            for (const int fd : open_)
                ::shutdown(fd, SHUT_RDWR);
        }
        for (std::thread& each : threads_)
            each.join();
    }

    /// Closes the listening socket: further connections are refused, the present ones stay.
    void stop_listening() {
        if (!acceptor_.joinable())
            return;
        {
            const std::lock_guard lock{mutex_};
            stopping_ = true;
        }
        changed_.notify_all();
        ::shutdown(listener_, SHUT_RDWR);
        acceptor_.join();
        ::close(listener_);
    }

    [[nodiscard]] int port() const { return port_; }
    [[nodiscard]] std::string url(std::string_view host = "127.0.0.1") const {
        return std::string{tls_ ? "https://" : "http://"}.append(host) + ":" +
               std::to_string(port_) + "/introspect";
    }

    [[nodiscard]] int connections() const { return connections_; }
    [[nodiscard]] int requests() const { return requests_; }

    /// Everything that all connections have received, after TLS.
    [[nodiscard]] std::string received() const {
        const std::lock_guard lock{mutex_};
        return received_;
    }

    /// Waits until a condition on this server holds. \return false after 10 s
    template <class Condition>
    bool eventually(Condition condition) {
        for (int i = 0; i < 1000; ++i) {
            if (condition())
                return true;
            std::this_thread::sleep_for(std::chrono::milliseconds{10});
        }
        return condition();
    }

private:
    friend class connection;

    void accept() {
        for (;;) {
            const int fd = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
            const std::lock_guard lock{mutex_};
            if (stopping_) {
                if (fd >= 0)
                    ::close(fd);
                return;
            }
            if (fd < 0)
                continue;
            const int number = ++connections_;
            open_.push_back(fd);
            threads_.emplace_back([this, fd, number] { serve(fd, number); });
        }
    }

    void serve(int fd, int number) {
        // SIGPIPE stays deadly for the client under test; only this thread is spared.
        sigset_t pipe;
        sigemptyset(&pipe);
        sigaddset(&pipe, SIGPIPE);
        ::pthread_sigmask(SIG_BLOCK, &pipe, nullptr);
        connection peer{*this, fd, number};
        if (tls_) {
            peer.ssl_.reset(SSL_new(tls_.get()));
            SSL_set_fd(peer.ssl_.get(), fd);
            if (SSL_accept(peer.ssl_.get()) != 1) {
                peer.ssl_.reset();
                // The alert must arrive: closing with bytes unread would send RST behind it.
                peer.half_close();
                char bytes[4096];
                while (::recv(fd, bytes, sizeof bytes, 0) > 0) {
                }
                return;
            }
        }
        play_(peer);
    }

    // Sleeps. \return false when the server is being destroyed
    bool pause(std::chrono::milliseconds time) {
        std::unique_lock lock{mutex_};
        return !changed_.wait_for(lock, time, [this] { return stopping_; });
    }

    script play_;
    std::shared_ptr<SSL_CTX> tls_;
    int listener_ = -1;
    int port_ = 0;
    std::thread acceptor_;
    std::atomic<int> connections_{0};
    std::atomic<int> requests_{0};

    mutable std::mutex mutex_; // guards what follows
    std::condition_variable changed_;
    bool stopping_ = false;
    std::list<int> open_;
    std::list<std::thread> threads_; // grows in accept(), joined when that has ended
    std::string received_;
};

inline std::optional<std::string> connection::read_request() {
    for (int i = 0; i < 100'000; ++i) {
        if (const std::size_t end = unread_.find("\r\n\r\n"); end != unread_.npos) {
            std::size_t size = end + 4;
            const std::string name = "\r\nContent-Length: ";
            if (const std::size_t at = unread_.find(name); at < end) {
                size += std::strtoul(unread_.c_str() + at + name.size(), nullptr, 10);
            }
            if (unread_.size() >= size) {
                std::string request = unread_.substr(0, size);
                unread_.erase(0, size);
                ++owner_.requests_;
                return request;
            }
        }
        char bytes[4096];
        const long n = receive(bytes, sizeof bytes);
        if (n <= 0)
            return std::nullopt;
        const std::string_view piece{bytes, static_cast<std::size_t>(n)};
        unread_ += piece;
        const std::lock_guard lock{owner_.mutex_};
        owner_.received_ += piece;
    }
    return std::nullopt;
}

inline bool connection::send(std::string_view bytes) {
    while (!bytes.empty()) {
        const long n = ssl_ ? SSL_write(ssl_.get(), bytes.data(), static_cast<int>(bytes.size()))
                            : ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (n <= 0)
            return false;
        bytes.remove_prefix(static_cast<std::size_t>(n));
    }
    return true;
}

inline bool connection::send_one_by_one(std::string_view bytes, std::chrono::milliseconds apart) {
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        if (!send(bytes.substr(i, 1)) || !owner_.pause(apart))
            return false;
    }
    return true;
}

inline void connection::be_silent() {
    char bytes[4096];
    for (;;) {
        const long n = receive(bytes, sizeof bytes);
        if (n <= 0)
            return;
        const std::lock_guard lock{owner_.mutex_};
        owner_.received_.append(bytes, static_cast<std::size_t>(n));
    }
}

inline void connection::close() {
    if (fd_ < 0)
        return;
    const std::lock_guard lock{owner_.mutex_};
    owner_.open_.remove(fd_); // before the number can belong to somebody else
    ::close(fd_);
    fd_ = -1;
}

/// `HTTP/1.1 200 OK` with a length and a body.
inline std::string ok(std::string_view body, std::string_view more_headers = "") {
    return std::string{"HTTP/1.1 200 OK\r\n"}.append(more_headers) +
           "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + std::string{body};
}

/// Answers each request of each connection with the same bytes.
inline server::script always(std::string answer) {
    return [answer = std::move(answer)](connection& peer) {
        while (peer.read_request()) {
            if (!peer.send(answer))
                return;
        }
    };
}

/// Answers the first request of each connection, and closes it.
inline server::script once(std::string answer) {
    return [answer = std::move(answer)](connection& peer) {
        if (peer.read_request())
            peer.send(answer);
    };
}

} // namespace outlast_tests

#endif // OUTLAST_TESTS_HTTP_SUPPORT_SERVER_HPP
