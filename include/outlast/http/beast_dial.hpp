// SPDX-License-Identifier: BSL-1.0
//
// A TCP connection to the first of several addresses that answers.
#ifndef OUTLAST_HTTP_BEAST_DIAL_HPP
#define OUTLAST_HTTP_BEAST_DIAL_HPP

#include "outlast/http/beast_errors.hpp"
#include "outlast/http/error.hpp"
#include "outlast/http/phase_timer.hpp"
#include "outlast/http/result.hpp"
#include "outlast/http/system_lookup.hpp" // address_list

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/system/error_code.hpp>

#include <algorithm> // std::min
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility> // std::move
#include <vector>

namespace outlast::http {

namespace detail {

struct dial_attempt {
    explicit dial_attempt(const boost::asio::any_io_executor& where) : socket(where) {}
    boost::asio::ip::tcp::socket socket;
    bool is_done = false;
    boost::system::error_code error;
};

// Closes what was begun, however the race ends; the handlers then run by themselves.
class dial_race {
public:
    dial_race(boost::asio::any_io_executor where, std::uint16_t port, phase_timer& own)
        : where_(std::move(where)), port_(port), timer_(own.shared_from_this()) {}
    dial_race(const dial_race&) = delete;
    dial_race& operator=(const dial_race&) = delete;
    ~dial_race() {
        for (const auto& each : running_)
            close(*each);
    }

    void begin(const boost::asio::ip::address& to) {
        using boost::asio::ip::tcp;
        const tcp::endpoint there{to, port_};
        const auto made = running_.emplace_back(std::make_shared<dial_attempt>(where_));
        made->socket.open(there.protocol(), made->error); // here the lack of descriptors is seen
        if (made->error) {
            made->is_done = true;
            return;
        }
        made->socket.async_connect(
            there, boost::asio::bind_executor(timer_->where(), [made, own = timer_](auto error) {
                made->error = error;
                made->is_done = true;
                own->wake_here();
            }));
    }

    // One that is done, taken out; or null.
    [[nodiscard]] std::shared_ptr<dial_attempt> done() {
        for (auto at = running_.begin(); at != running_.end(); ++at) {
            if ((*at)->is_done) {
                auto found = std::move(*at);
                running_.erase(at);
                return found;
            }
        }
        return nullptr;
    }

    [[nodiscard]] bool is_idle() const noexcept { return running_.empty(); }

private:
    static void close(dial_attempt& attempt) noexcept {
        boost::system::error_code ignored;
        attempt.socket.close(ignored);
    }

    boost::asio::any_io_executor where_;
    std::uint16_t port_;
    std::shared_ptr<phase_timer> timer_;
    std::vector<std::shared_ptr<dial_attempt>> running_;
};

} // namespace detail

/// Tries the addresses in turn: the next one when one has failed, or when it has been tried for
/// `head_start`, and then beside it. The first to answer is taken, the others are let go.
///
/// \return the connection; `cancelled`; `connect_timeout` at `by`; or why the last address failed,
///         where `unreachable` tells less than anything else
[[nodiscard]] inline task<detail::result<boost::asio::ip::tcp::socket>>
dial(boost::asio::any_io_executor where,
     const address_list& addresses,
     std::uint16_t port,
     phase_timer& own,
     std::chrono::steady_clock::time_point by,
     std::chrono::steady_clock::duration head_start) {
    using clock = std::chrono::steady_clock;
    detail::dial_race race{std::move(where), port, own};
    errc failure = errc::unreachable;
    std::size_t begun = 0;
    clock::time_point next_at = clock::time_point::min(); // when the next address has its turn
    for (;;) {
        while (const auto attempt = race.done()) {
            if (own.is_cancelled())
                co_return errc::cancelled;
            if (!attempt->error)
                co_return std::move(attempt->socket);
            if (const errc why = connect_failure(attempt->error); why != errc::unreachable)
                failure = why;
            next_at = clock::time_point::min();
        }
        const auto now = clock::now();
        if (own.is_cancelled())
            co_return errc::cancelled;
        if (now >= by)
            co_return errc::connect_timeout;
        if (begun < addresses.size() && now >= next_at) {
            race.begin(addresses[begun++]);
            next_at = now + head_start;
            continue;
        }
        if (race.is_idle())
            co_return failure;
        co_await own.wait(begun < addresses.size() ? std::min(by, next_at) : by);
    }
}

} // namespace outlast::http

#endif // OUTLAST_HTTP_BEAST_DIAL_HPP
