// SPDX-License-Identifier: BSL-1.0
//
// One asynchronous HTTP exchange, phase by phase.
#ifndef OUTLAST_HTTP_BEAST_EXCHANGE_HPP
#define OUTLAST_HTTP_BEAST_EXCHANGE_HPP

#include "outlast/http/beast_connection.hpp"
#include "outlast/http/beast_dial.hpp"
#include "outlast/http/beast_errors.hpp"
#include "outlast/http/beast_options.hpp"
#include "outlast/http/beast_pool.hpp"
#include "outlast/http/beast_reply.hpp"
#include "outlast/http/error.hpp"
#include "outlast/http/message.hpp"
#include "outlast/http/name_resolver.hpp"
#include "outlast/http/phase_timer.hpp"
#include "outlast/http/request_check.hpp"
#include "outlast/http/request_head.hpp"
#include "outlast/http/result.hpp"
#include "outlast/http/url_target.hpp"
#include "outlast/http/wipe.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/strand.hpp>
#include <boost/system/error_code.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility> // std::move

namespace outlast::http {

/// What the exchanges of one transport share.
struct beast_shared {
    boost::asio::any_io_executor where;
    beast_options options;
    boost::asio::ssl::context tls;
    std::shared_ptr<name_resolver> names;
    std::shared_ptr<beast_pool> pool;
};

/// One request and what comes of it. Its phases run one after another on a lane of its own; the
/// task ends each at its limit, at the deadline, or when the call is cancelled.
class beast_exchange {
public:
    using clock = std::chrono::steady_clock;
    using result_type = detail::result<response>;

    beast_exchange(std::shared_ptr<beast_shared> own, request asked, clock::time_point by)
        : own_(std::move(own)),
          timer_(std::make_shared<phase_timer>(boost::asio::make_strand(own_->where))),
          asked_(std::move(asked)),
          by_(by) {}
    beast_exchange(const beast_exchange&) = delete;
    beast_exchange& operator=(const beast_exchange&) = delete;
    ~beast_exchange() {
        wipe(head_);
        wipe(asked_.body);
        for (header& line : asked_.headers)
            wipe(line.value);
    }

    [[nodiscard]] lane where() { return timer_->where(); }

    /// From any thread.
    void cancel() noexcept { timer_->cancel(); }

    /// Runs to the end on the lane. Throws nothing.
    [[nodiscard]] task<void> run() {
        try {
            outcome_ = co_await call();
        } catch (const std::exception&) { // no memory
            outcome_ = is_sent_ ? errc::connection_reset : errc::local_resources;
        }
        timer_->stand_down();
        if (timer_->is_cancelled())
            outcome_ = errc::cancelled;
    }

    /// \pre `run` has ended
    [[nodiscard]] result_type outcome() { return std::move(outcome_); }

private:
    using failed = std::optional<errc>; // or nothing

    task<result_type> call() {
        if (!is_sendable(asked_) || (asked_.method == "HEAD" && !asked_.body.empty()))
            co_return errc::bad_request;
        auto target = read_url(asked_.url, options().allow_plain_http);
        if (!target)
            co_return errc::bad_request;
        target_ = std::move(*target);
        if (const failed too_late = ended())
            co_return *too_late;

        auto place = co_await own_->pool->take(target_.origin(), *timer_, by_);
        if (!place)
            co_return place.error();
        // Outside of its place while it is in use: only what is known to be good goes back.
        auto link = std::move(place.value().connection());
        failed lost; // a kept connection, with the request on it
        for (;;) {
            const bool is_kept = link && link->is_quiet();
            if (!is_kept) {
                link.reset();
                if (const failed why = co_await connect(link))
                    co_return after(lost, *why);
            }
            if (const failed too_late = ended())
                co_return after(lost, *too_late);

            beast_reply reply{
                {options().max_headers, options().max_header_lines, options().max_body},
                asked_.method == "HEAD"};
            const failed why = co_await converse(*link, reply);
            timer_->stand_down();
            if (!why) {
                if (reply.may_keep())
                    place.value().connection() = std::move(link);
                co_return std::move(reply).result();
            }
            link.reset();
            const bool has_died = *why == errc::connection_reset || *why == errc::closed_early;
            if (!is_kept || lost || !has_died || reply.has_started() || !may_repeat())
                co_return *why;
            lost = why;
        }
    }

    // Name, TCP and TLS.
    task<failed> connect(std::unique_ptr<beast_connection>& into) {
        std::shared_ptr<const address_list> addresses;
        if (target_.is_literal) {
            addresses = std::make_shared<const address_list>(
                address_list{boost::asio::ip::make_address(target_.host)});
        } else {
            auto found = co_await own_->names->resolve(target_.host, *timer_,
                                                       limit(options().resolve_timeout));
            if (!found)
                co_return static_cast<errc>(found.error().value());
            addresses = std::move(found).value();
        }
        // The name was looked at before; these are the addresses that it led to.
        const bool is_local = std::all_of(addresses->begin(), addresses->end(),
                                          [](const auto& each) { return each.is_loopback(); });
        if (!target_.is_tls && !is_local && !options().allow_plain_http)
            co_return errc::bad_request;

        auto socket = co_await dial(own_->where, *addresses, target_.port, *timer_,
                                    limit(options().connect_timeout), options().next_address_after);
        if (!socket)
            co_return static_cast<errc>(socket.error().value());
        into = std::make_unique<beast_connection>(std::move(socket).value());
        if (!target_.is_tls)
            co_return std::nullopt;

        timer_->guard(into->socket(), limit(options().handshake_timeout));
        const failed why = co_await into->handshake(own_->tls, target_.host, target_.is_literal);
        timer_->stand_down();
        co_return why ? reason(*why, errc::tls_timeout) : why;
    }

    // The request out, the answer in.
    task<failed> converse(beast_connection& with, beast_reply& reply) {
        using boost::system::error_code;
        if (head_.empty()) {
            const bool keep = options().reuse_idle_for.count() != 0;
            head_ = request_head(asked_, target_, options().user_agent, keep);
        }
        is_sent_ = true;
        timer_->guard(with.socket(), limit(options().write_timeout));
        if (const error_code error = co_await with.write(head_, asked_.body))
            co_return reason(transfer_failure(error), errc::answer_timeout);

        timer_->guard(with.socket(), limit(options().headers_timeout));
        auto state = beast_reply::state::headers;
        while (state == beast_reply::state::headers || state == beast_reply::state::body) {
            error_code error;
            const std::size_t size = co_await with.read(reply.room(), error);
            if (error && error != boost::asio::error::eof)
                co_return reason(transfer_failure(error), errc::answer_timeout);
            const auto before = std::exchange(state, error ? reply.end() : reply.take(size));
            if (state == beast_reply::state::body && state != before)
                timer_->guard(with.socket(), limit(options().body_timeout));
        }
        if (state == beast_reply::state::wrong)
            co_return reply.failure();
        co_return std::nullopt;
    }

    [[nodiscard]] const beast_options& options() const noexcept { return own_->options; }

    // The end of a phase that begins now.
    [[nodiscard]] clock::time_point limit(clock::duration most) const {
        return std::min(by_, clock::now() + most);
    }

    // Whether the call has ended, before anything was sent.
    [[nodiscard]] failed ended() const {
        if (timer_->is_cancelled())
            return errc::cancelled;
        return clock::now() >= by_ ? failed{errc::deadline_passed} : std::nullopt;
    }

    // Why an operation failed whose socket the timer may have closed.
    [[nodiscard]] failed reason(errc otherwise, errc timeout) const noexcept {
        if (timer_->is_cancelled())
            return errc::cancelled;
        return timer_->has_rung() ? timeout : otherwise;
    }

    // Whether the server may see the request twice.
    [[nodiscard]] bool may_repeat() const noexcept {
        constexpr std::array<std::string_view, 6> harmless{"GET",   "HEAD", "OPTIONS",
                                                           "TRACE", "PUT",  "DELETE"};
        return options().repeat_any_method ||
               std::find(harmless.begin(), harmless.end(), asked_.method) != harmless.end();
    }

    // A request that was sent, on a connection that was lost, is not called unsent because there is
    // no replacement.
    [[nodiscard]] static errc after(const failed& lost, errc why) noexcept {
        if (!lost || why == errc::cancelled)
            return why;
        return is_timeout(why) ? errc::answer_timeout : *lost;
    }

    std::shared_ptr<beast_shared> own_;
    std::shared_ptr<phase_timer> timer_;
    request asked_;
    clock::time_point by_;
    url_target target_;
    std::string head_;
    bool is_sent_ = false;
    result_type outcome_ = errc::cancelled;
};

} // namespace outlast::http

#endif // OUTLAST_HTTP_BEAST_EXCHANGE_HPP
