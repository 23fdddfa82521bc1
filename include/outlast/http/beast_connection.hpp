// SPDX-License-Identifier: BSL-1.0
//
// A TCP connection, with or without TLS over it.
#ifndef OUTLAST_HTTP_BEAST_CONNECTION_HPP
#define OUTLAST_HTTP_BEAST_CONNECTION_HPP

#include "outlast/http/beast_errors.hpp"
#include "outlast/http/error.hpp"
#include "outlast/http/phase_timer.hpp" // task
#include "outlast/http/tls_context.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/write.hpp>
#include <boost/system/error_code.hpp>

#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility> // std::move

namespace outlast::http {

/// A connection that is up. One exchange at a time uses it; who guards its socket with a `phase_timer`
/// ends whatever it does. Destroying it closes it without a word: an answer says itself where it
/// ends, so nobody takes that for one.
class beast_connection {
public:
    using socket_type = boost::asio::ip::tcp::socket;
    using clock = std::chrono::steady_clock;

    explicit beast_connection(socket_type connected)
        : socket_(std::move(connected)), opened_(clock::now()) {
        boost::system::error_code ignored;
        socket_.set_option(boost::asio::ip::tcp::no_delay{true}, ignored); // head, then body
    }
    beast_connection(const beast_connection&) = delete;
    beast_connection& operator=(const beast_connection&) = delete;

    [[nodiscard]] socket_type& socket() noexcept { return socket_; }
    [[nodiscard]] clock::time_point opened() const noexcept { return opened_; }

    /// Puts TLS over it. \return why not, or nothing. Nothing of ours is sent before it is done.
    [[nodiscard]] task<std::optional<errc>>
    handshake(boost::asio::ssl::context& context, const std::string& host, bool is_literal) {
        tls_.emplace(socket_, context);
        if (!expect_host(tls_->native_handle(), host, is_literal))
            co_return errc::local_resources;
        boost::system::error_code error;
        co_await tls_->async_handshake(boost::asio::ssl::stream_base::client,
                                       boost::asio::redirect_error(as_step, error));
        if (error)
            co_return handshake_failure(error, SSL_get_verify_result(tls_->native_handle()));
        co_return std::nullopt;
    }

    /// Writes both parts, neither of them copied as a whole.
    [[nodiscard]] task<boost::system::error_code> write(std::string_view head,
                                                        std::string_view body) {
        const std::array parts{boost::asio::buffer(head), boost::asio::buffer(body)};
        boost::system::error_code error;
        if (tls_)
            co_await boost::asio::async_write(*tls_, parts,
                                              boost::asio::redirect_error(as_step, error));
        else
            co_await boost::asio::async_write(socket_, parts,
                                              boost::asio::redirect_error(as_step, error));
        co_return error;
    }

    /// Some bytes, as soon as there are any. `eof` is the end in good order.
    [[nodiscard]] task<std::size_t> read(boost::asio::mutable_buffer into,
                                         boost::system::error_code& error) {
        if (tls_)
            co_return co_await tls_->async_read_some(into,
                                                     boost::asio::redirect_error(as_step, error));
        co_return co_await socket_.async_read_some(into,
                                                   boost::asio::redirect_error(as_step, error));
    }

    /// Whether the other side has said nothing since: a server that has closed the connection has,
    /// and one that talks without being asked can't be trusted with another question.
    [[nodiscard]] bool is_quiet() {
        char byte = 0;
        const auto got = ::recv(socket_.native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
        const bool nothing = got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
        return nothing && (!tls_ || SSL_has_pending(tls_->native_handle()) == 0);
    }

private:
    socket_type socket_;
    clock::time_point opened_;
    std::optional<boost::asio::ssl::stream<socket_type&>> tls_;
};

} // namespace outlast::http

#endif // OUTLAST_HTTP_BEAST_CONNECTION_HPP
