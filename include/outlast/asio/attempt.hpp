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
#include <memory>
#include <type_traits>
#include <utility>

namespace outlast::detail {

struct nothing_kept {};

/// An operation of a policy's own that ends later, and what it came to.
struct begun_operation {
    virtual ~begun_operation() = default;
    [[nodiscard]] virtual bool has_arrived() const noexcept = 0;
    /// The verdict on it, by its policy.
    virtual verdict land(reading& now) = 0;
};

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
    std::unique_ptr<begun_operation> of_policy{}; // instead of the user's work
    attempt* other = nullptr;                     // further ones of the call

    // Filled when nobody waits for it any more.
    slot<counted_as<abandoned_work>> abandoned{};
    [[no_unique_address]] slot<Kept> kept{};

    // What has happened to it, in bits. While it is `starting`, its end is its starter's to see.
    static constexpr std::uint8_t starting = 1, ended = 2, let_go = 4, thrown = 8;
    std::atomic<std::uint8_t> state{ended | let_go};
    bool over = true; // the call has seen its end

    [[nodiscard]] bool free() const noexcept {
        return over && (state.load(std::memory_order_acquire) & let_go) != 0;
    }
    [[nodiscard]] bool has_arrived() const noexcept {
        return arrived.filled() || (of_policy && of_policy->has_arrived());
    }
    [[nodiscard]] bool under_way() const noexcept {
        return (state.load(std::memory_order_acquire) & ended) == 0;
    }
    void prepare(lane in) noexcept {
        on = in;
        over = false;
        arrived.clear();
        of_policy.reset(); // not before: its handler may have been held all that time
        state.store(starting, std::memory_order_relaxed);
    }
    /// The starter is done. \return whether the attempt has ended by then
    bool started() noexcept {
        return (state.fetch_and(static_cast<std::uint8_t>(~starting), std::memory_order_acq_rel) &
                ended) != 0;
    }
    /// The starter threw. Whoever holds its handler still says nothing any more.
    void threw() {
        const std::uint8_t was = state.fetch_or(thrown | ended, std::memory_order_acq_rel);
        if ((was & ended) == 0 || !arrived.filled())
            arrived.fill([]() -> result<T> { return detail::thrown(); });
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
    /// \pre of_policy, and it has arrived
    [[nodiscard]] verdict landed_at_policy(reading& now) {
        if (!of_policy->has_arrived())
            return verdict::failure(); // it could not be begun
        try {
            return of_policy->land(now);
        } catch (...) {
            return verdict::failure();
        }
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
/// \tparam Operation an `asynchronous`
/// \tparam Into where the outcome goes, as its `arrived`: the place, or a policy's operation in it
template <class Call,
          class Operation = typename Call::operation_type,
          class Into = typename Call::place_type>
class attempt_handler {
public:
    using place_type = typename Call::place_type;
    using executor_type = typename Call::work_executor_type;
    using allocator_type = typename Call::allocator_type;
    using cancellation_slot_type = boost::asio::cancellation_slot;

    attempt_handler(share<Call> call, place_type& place) noexcept
        : call_(std::move(call)), place_(&place) {}
    /// \pre the place has an operation of this type
    [[nodiscard]] Into& into() const noexcept {
        if constexpr (std::is_same_v<Into, place_type>)
            return *place_;
        else
            return static_cast<Into&>(*place_->of_policy);
    }
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
    [[nodiscard]] auto& place() const noexcept { return into().arrived; }

    template <class... X>
    void operator()(X&&... completed) {
        share<Call> call{std::move(call_)};
        if (!call) // completed twice
            return;
        if constexpr (requires { Operation::lift(std::forward<X>(completed)...); }) {
            using result_type = decltype(Operation::lift(std::forward<X>(completed)...));
            place().fill([&]() -> result_type {
                try {
                    return Operation::lift(std::forward<X>(completed)...);
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
