// SPDX-License-Identifier: BSL-1.0
//
// The single steps, each within its time: a name looked up, an address connected to, a request answered.
#pragma once

#include <outlast/http/beast_connection.hpp>
#include <outlast/http/message.hpp>
#include <outlast/http/name_resolver.hpp>
#include <outlast/http/phase_timer.hpp>
#include <outlast/http/result.hpp>

#include "certificate.hpp"
#include "plan.hpp"
#include "seen.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ssl/context.hpp>

#include <memory>
#include <vector>

namespace doctor {

using outlast::http::task;

class probe {
public:
    /// \throws usage_error when the files for TLS can't be used
    probe(boost::asio::io_context& where,
          const outlast::http::tls_options& tls,
          std::chrono::milliseconds timeout);

    /// Where the steps run.
    [[nodiscard]] outlast::http::lane lane() { return timer_->where(); }

    /// Tells of the look-up, unless the host is an address. \return none when it failed
    [[nodiscard]] task<outlast::http::address_list> look_up(const outlast::http::url_target& to,
                                                            std::vector<sight>& into);

    /// Tells of TCP and, for https, of TLS. \return null when one of them failed
    [[nodiscard]] task<std::unique_ptr<outlast::http::beast_connection>>
    connect(const outlast::http::url_target& to,
            const boost::asio::ip::address& address,
            std::vector<sight>& into);

    /// One request and its answer. Wipes the request. \pre is_sendable(asked)
    [[nodiscard]] task<outlast::http::detail::result<outlast::http::response>>
    exchange(outlast::http::beast_connection& over,
             const outlast::http::url_target& to,
             outlast::http::request asked);

private:
    [[nodiscard]] task<outlast::http::detail::result<outlast::http::response>> converse(
        outlast::http::beast_connection& over, const std::string& head, const std::string& body);

    [[nodiscard]] std::chrono::steady_clock::time_point limit() const {
        return std::chrono::steady_clock::now() + timeout_;
    }
    /// Why an operation failed whose socket the timer may have closed.
    [[nodiscard]] outlast::http::errc why(outlast::http::errc otherwise,
                                          outlast::http::errc timeout) const {
        return timer_->has_rung() ? timeout : otherwise;
    }

    boost::asio::io_context& context_;
    std::chrono::milliseconds timeout_;
    std::shared_ptr<outlast::http::phase_timer> timer_;
    std::shared_ptr<outlast::http::name_resolver> names_;
    boost::asio::ssl::context tls_;
    std::shared_ptr<handshake_seen> seen_;
};

} // namespace doctor
