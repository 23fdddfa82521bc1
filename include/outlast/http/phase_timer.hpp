// SPDX-License-Identifier: BSL-1.0
//
// What ends the waits of one asynchronous exchange: time, news from another thread, cancellation.
#ifndef OUTLAST_HTTP_PHASE_TIMER_HPP
#define OUTLAST_HTTP_PHASE_TIMER_HPP

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <chrono>
#include <memory>
#include <new>     // std::bad_alloc
#include <utility> // std::exchange

namespace outlast::http {

/// Where one exchange runs: its steps never at the same time, whatever threads there are.
using lane = boost::asio::strand<boost::asio::any_io_executor>;

/// A step of an exchange.
template <class T>
using task = boost::asio::awaitable<T, lane>;

/// The completion token of a step.
inline constexpr boost::asio::use_awaitable_t<lane> as_step{};

/// One timer for everything that an exchange waits for. It either waits itself, until it is woken,
/// or guards a socket, which it closes when time is up: an operation on a closed socket ends at
/// once. Cancellation ends whatever is at hand, and is not forgotten by what comes next.
///
/// **Sharing** `wake` and `cancel` may be called by any thread; everything else runs on the lane.
/// Held by a `shared_ptr`.
class phase_timer : public std::enable_shared_from_this<phase_timer> {
public:
    using clock = std::chrono::steady_clock;
    using socket = boost::asio::ip::tcp::socket;

    explicit phase_timer(lane where) : timer_(std::move(where)) {}

    [[nodiscard]] lane where() { return timer_.get_executor(); }

    /// Whether the exchange is to end. Stays.
    [[nodiscard]] bool is_cancelled() const noexcept { return is_cancelled_; }

    /// Whether the socket that was guarded last was closed because time was up.
    [[nodiscard]] bool has_rung() const noexcept { return has_rung_; }

    /// Until `by`, or earlier; so whoever waits looks at the time, and at what it waits for.
    [[nodiscard]] task<void> wait(clock::time_point by) {
        stand_down();
        if (std::exchange(was_woken_, false) || is_cancelled_)
            co_return;
        is_waiting_ = true;
        timer_.expires_at(by);
        boost::system::error_code ignored;
        co_await timer_.async_wait(boost::asio::redirect_error(as_step, ignored));
        is_waiting_ = was_woken_ = false;
    }

    /// Ends the present wait, or makes the next one short.
    void wake() noexcept {
        on_lane([](phase_timer& a) { a.wake_here(); });
    }

    /// The same, on the lane.
    void wake_here() {
        was_woken_ = true;
        if (is_waiting_)
            timer_.cancel();
    }

    /// From now on `watched` is closed at `by`, or when the exchange is cancelled. It outlives this
    /// guard, which ends with the next `guard`, `wait` or `stand_down`.
    void guard(socket& watched, clock::time_point by) {
        stand_down();
        has_rung_ = false;
        watched_ = &watched;
        if (is_cancelled_)
            return close();
        timer_.expires_at(by);
        timer_.async_wait([self = shared_from_this(), round = round_](const auto& error) {
            if (!error && round == self->round_) {
                self->has_rung_ = true;
                self->close();
            }
        });
    }

    /// Guards nothing any more.
    void stand_down() {
        ++round_; // what has run out already comes too late
        if (std::exchange(watched_, nullptr) != nullptr)
            timer_.cancel();
    }

    /// Ends the exchange, wherever it stands.
    void cancel() noexcept {
        on_lane([](phase_timer& a) {
            a.is_cancelled_ = true;
            a.wake_here();
            a.close();
        });
    }

private:
    void close() {
        boost::system::error_code ignored;
        if (watched_ != nullptr)
            watched_->close(ignored);
    }

    template <class F>
    void on_lane(F act) noexcept {
        try {
            boost::asio::post(timer_.get_executor(),
                              [self = shared_from_this(), act] { act(*self); });
        } catch (const std::bad_alloc&) { // then time ends the wait
        }
    }

    boost::asio::basic_waitable_timer<clock, boost::asio::wait_traits<clock>, lane> timer_;
    socket* watched_ = nullptr;
    unsigned round_ = 0;
    bool is_waiting_ = false;
    bool was_woken_ = false;
    bool is_cancelled_ = false;
    bool has_rung_ = false;
};

} // namespace outlast::http

#endif // OUTLAST_HTTP_PHASE_TIMER_HPP
