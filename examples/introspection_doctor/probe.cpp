// SPDX-License-Identifier: BSL-1.0
#include "probe.hpp"

#include <outlast/http/beast_dial.hpp>
#include <outlast/http/beast_reply.hpp>
#include <outlast/http/request_head.hpp>
#include <outlast/http/wipe.hpp>

#include "options.hpp" // usage_error

#include <boost/asio/strand.hpp>

#include <utility>

namespace doctor {

namespace {

namespace asio = boost::asio;
namespace http = outlast::http;
using std::chrono::steady_clock;

asio::ssl::context usable(const http::tls_options& options) {
    auto made = http::make_tls_context(options);
    if (!made)
        throw usage_error{
            "the CA file (or the client's certificate and key) cannot be read as PEM"};
    return std::move(made).value();
}

http::name_options one_look_up() {
    http::name_options o;
    o.refresh_before = {};
    return o;
}

/// Until the scope is left, which wipes what was sent.
struct wiped {
    http::request& asked;
    std::string& head;
    ~wiped() {
        http::wipe(head);
        http::wipe(asked.body);
        for (http::header& line : asked.headers)
            http::wipe(line.value);
    }
};

} // namespace

probe::probe(asio::io_context& where,
             const http::tls_options& tls,
             std::chrono::milliseconds timeout)
    : context_(where),
      timeout_(timeout),
      timer_(std::make_shared<http::phase_timer>(
          asio::make_strand(asio::any_io_executor{where.get_executor()}))),
      names_(std::make_shared<http::name_resolver>(one_look_up())),
      tls_(usable(tls)),
      seen_(watch_handshakes(tls_)) {
    asio::use_service<http::context_end>(where).add(names_);
}

task<http::address_list> probe::look_up(const http::url_target& to, std::vector<sight>& into) {
    if (to.is_literal)
        co_return http::address_list{asio::ip::make_address(to.host)};
    const auto begun = steady_clock::now();
    const auto found = co_await names_->resolve(to.host, *timer_, limit());
    sight seen{.what = step::name, .where = to.host, .took = steady_clock::now() - begun};
    http::address_list addresses;
    if (found)
        addresses = *found.value();
    else
        seen.wrong = static_cast<http::errc>(found.error().value());
    for (const auto& each : addresses)
        seen.addresses.push_back(each.to_string());
    into.push_back(std::move(seen));
    co_return addresses;
}

task<std::unique_ptr<http::beast_connection>> probe::connect(const http::url_target& to,
                                                             const asio::ip::address& address,
                                                             std::vector<sight>& into) {
    auto begun = steady_clock::now();
    const http::address_list alone(1, address);
    auto socket =
        co_await http::dial(context_.get_executor(), alone, to.port, *timer_, limit(), timeout_);
    sight tcp{.what = step::connection,
              .where = address.to_string(),
              .took = steady_clock::now() - begun};
    if (!socket)
        tcp.wrong = static_cast<http::errc>(socket.error().value());
    into.push_back(tcp);
    if (!socket)
        co_return nullptr;
    auto made = std::make_unique<http::beast_connection>(std::move(socket).value());
    if (!to.is_tls)
        co_return made;

    *seen_ = {};
    begun = steady_clock::now();
    timer_->guard(made->socket(), limit());
    const auto failed = co_await made->handshake(tls_, to.host, to.is_literal);
    timer_->stand_down();
    sight tls{.what = step::tls,
              .where = tcp.where,
              .took = steady_clock::now() - begun,
              .shown = seen_->shown};
    if (failed)
        tls.wrong = why(*failed, http::errc::tls_timeout);
    into.push_back(std::move(tls));
    if (failed)
        co_return nullptr;
    co_return made;
}

task<http::detail::result<http::response>>
probe::exchange(http::beast_connection& over, const http::url_target& to, http::request asked) {
    std::string head = http::request_head(asked, to, "outlast-introspection-doctor", false);
    const wiped at_the_end{asked, head};
    timer_->guard(over.socket(), limit());
    auto answered = co_await converse(over, head, asked.body);
    timer_->stand_down();
    // In TLS 1.3 a server that misses our certificate says so when the request is on its way already, and its word may
    // be lost when it closes the connection with the request unread.
    const bool has_gone =
        answered.has_error() && (answered.error() == http::errc::connection_reset ||
                                 answered.error() == http::errc::closed_early);
    if (has_gone && to.is_tls && seen_->misses_ours)
        co_return http::errc::tls_broken;
    co_return answered;
}

task<http::detail::result<http::response>>
probe::converse(http::beast_connection& over, const std::string& head, const std::string& body) {
    if (const auto error = co_await over.write(head, body))
        co_return why(http::transfer_failure(error), http::errc::answer_timeout);
    const http::reply_bounds bounds{
        .max_headers = 16 * 1024, .max_header_lines = 128, .max_body = 65'536};
    http::beast_reply reply{bounds, false};
    for (;;) {
        boost::system::error_code error;
        const std::size_t size = co_await over.read(reply.room(), error);
        if (error && error != asio::error::eof)
            co_return why(http::transfer_failure(error), http::errc::answer_timeout);
        const auto state = error ? reply.end() : reply.take(size);
        if (state == http::beast_reply::state::wrong)
            co_return reply.failure();
        if (state == http::beast_reply::state::complete)
            co_return std::move(reply).result();
    }
}

} // namespace doctor
