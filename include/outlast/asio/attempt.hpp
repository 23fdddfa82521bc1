// SPDX-License-Identifier: BSL-1.0
//
// One run of an asynchronous operation: what it is told, how it is stopped, what it comes to.
#ifndef OUTLAST_ASIO_ATTEMPT_HPP
#define OUTLAST_ASIO_ATTEMPT_HPP

#include <outlast/asio/abandoned.hpp>
#include <outlast/asio/share.hpp>
#include <outlast/asio/turns.hpp>
#include <outlast/call.hpp>
#include <outlast/hand.hpp> // thrown
#include <outlast/result.hpp>
#include <outlast/slot.hpp>
#include <outlast/step.hpp>

#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/cancellation_type.hpp>

#include <atomic>
#include <cstdint>
#include <utility>

namespace outlast::detail {

struct nothing_kept {};

/// What a machine wants held for as long as abandoned work goes on: `keep(lane)`, if it has one.
template <class Machine>
struct kept_by {
    using type = nothing_kept;
};
template <class Machine>
    requires requires(Machine& m, lane on) { m.keep(on); }
struct kept_by<Machine> {
    using type = decltype(std::declval<Machine&>().keep(lane{}));
};

/// The place of an attempt in its call, used again once it has ended and its handler is gone.
/// \tparam T the value of the operation
/// \tparam Kept what the machine wants held until work that was abandoned ends
template <class T, class Kept>
struct attempt : turns::item {
    attempt() noexcept = default;

    void* home = nullptr; // the call
    lane on = 0;
    slot<call> told{};
    boost::asio::cancellation_signal stop{};
    slot<result<T>> arrived{};
    attempt* other = nullptr; // further ones of the call

    // Filled when nobody waits for it any more.
    slot<counted_abandonment> abandoned{};
    [[no_unique_address]] slot<Kept> kept{};

    // What has happened to it, in bits. While it is `starting`, its end is its starter's to see.
    static constexpr std::uint8_t starting = 1, ended = 2, let_go = 4, thrown = 8;
    std::atomic<std::uint8_t> state{ended | let_go};
    bool over = true; // the call has seen its end

    [[nodiscard]] bool free() const noexcept {
        return over && (state.load(std::memory_order_acquire) & let_go) != 0;
    }
    [[nodiscard]] bool under_way() const noexcept {
        return (state.load(std::memory_order_acquire) & ended) == 0;
    }
    void prepare(lane in) noexcept {
        on = in;
        over = false;
        arrived.clear();
        state.store(starting, std::memory_order_relaxed);
    }
    /// The starter is done. \return whether the attempt has ended by then
    bool started() noexcept {
        return (state.fetch_and(static_cast<std::uint8_t>(~starting), std::memory_order_acq_rel) &
                ended) != 0;
    }
    /// The handler is done: called, or destroyed. \return whether the call is to be told
    bool end() noexcept {
        const std::uint8_t was = state.fetch_or(ended | let_go, std::memory_order_acq_rel);
        return (was & (starting | thrown)) == 0;
    }
    /// Total first: what it can undo, it may undo.
    void emit(boost::asio::cancellation_type type) {
        using cancellation = boost::asio::cancellation_type;
        if (!under_way())
            return;
        if (type == cancellation::all) {
            stop.emit(cancellation::total);
            type = cancellation::terminal;
        }
        stop.emit(type);
    }
    void forget() noexcept {
        arrived.clear();
        abandoned.clear();
        kept.clear();
        over = true;
    }
};

/// The completion handler of an attempt. Keeps the call.
/// \tparam Call the `running_call`
template <class Call>
class attempt_handler {
public:
    using place_type = typename Call::place_type;
    using executor_type = typename Call::work_executor_type;
    using allocator_type = typename Call::allocator_type;
    using cancellation_slot_type = boost::asio::cancellation_slot;

    attempt_handler(share<Call> call, place_type& place) noexcept
        : call_(std::move(call)), place_(&place) {}
    attempt_handler(attempt_handler&&) noexcept = default;
    attempt_handler& operator=(attempt_handler&&) = delete;
    ~attempt_handler() {
        // Destroyed with its context, or forgotten by the operation: no answer will come.
        if (call_ && place_->end())
            Call::end(std::move(call_), *place_);
    }

    [[nodiscard]] executor_type get_executor() const noexcept { return call_->work_executor(); }
    [[nodiscard]] allocator_type get_allocator() const noexcept { return call_->allocator(); }
    [[nodiscard]] cancellation_slot_type get_cancellation_slot() const noexcept {
        return place_->stop.slot();
    }
    [[nodiscard]] auto& place() const noexcept { return place_->arrived; }

    template <class... X>
    void operator()(X&&... completed) {
        share<Call> call{std::move(call_)};
        if (!call) // completed twice
            return;
        using operation = typename Call::operation_type;
        if constexpr (requires { operation::lift(std::forward<X>(completed)...); }) {
            using result_type = decltype(operation::lift(std::forward<X>(completed)...));
            place_->arrived.fill([&]() -> result_type {
                try {
                    return operation::lift(std::forward<X>(completed)...);
                } catch (...) {
                    return detail::thrown();
                }
            });
        }
        if (place_->end())
            Call::end(std::move(call), *place_);
    }

private:
    share<Call> call_;
    place_type* place_;
};

} // namespace outlast::detail

#endif // OUTLAST_ASIO_ATTEMPT_HPP
