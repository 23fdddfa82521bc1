// SPDX-License-Identifier: BSL-1.0
//
// One run of an asynchronous operation: what it is told, how it is stopped, what it comes to.
#ifndef OUTLAST_ASIO_ATTEMPT_HPP
#define OUTLAST_ASIO_ATTEMPT_HPP

#include <outlast/asio/abandoned.hpp>
#include <outlast/asio/completion.hpp>
#include <outlast/asio/turns.hpp>
#include <outlast/call.hpp>
#include <outlast/config.hpp>
#include <outlast/result.hpp>
#include <outlast/slot.hpp>
#include <outlast/step.hpp>

#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/cancellation_type.hpp>

#include <atomic>
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

/// The place of an attempt in its call, used again once its handler is gone. What happens to it
/// happens in turns of the call, but for the end of its handler, which may come from any thread.
/// \tparam T the value of the operation
/// \tparam Kept what the machine wants held until work that was abandoned ends
template <class T, class Kept>
struct attempt : turns::item {
    attempt() noexcept {} // not the compiler's, which would clear the places of values, too

    void* home = nullptr; // the call
    lane on = 0;
    bool free = true;
    bool orphaned = false; // its starter threw, and somebody has its handler still
    slot<call> told{};
    boost::asio::cancellation_signal stop{};
    slot<result<T>> arrived{};
    std::unique_ptr<begun_operation> of_policy{}; // instead of the user's work
    attempt* other = nullptr;                     // further ones of the call

    // Filled when nobody waits for it any more.
    slot<counted_as<abandoned_work>> abandoned{};
    [[no_unique_address]] slot<Kept> kept{};

    [[nodiscard]] bool has_arrived() const noexcept {
        return arrived.filled() || (of_policy && of_policy->has_arrived());
    }
    [[nodiscard]] bool under_way() const noexcept {
        return !ended_.load(std::memory_order_acquire);
    }
    /// It is being started, by this thread.
    void prepare(lane in) noexcept {
        on = in;
        free = false;
        orphaned = false;
        arrived.clear();
        of_policy.reset(); // not before: its handler may have been held all that time
        ended_.store(false, std::memory_order_relaxed);
        starter_.store(this_thread(), std::memory_order_relaxed);
    }
    [[nodiscard]] bool ended_in_start() const noexcept { return ended_in_start_; }
    /// The starter is done. \return whether the attempt has ended, on its way
    bool started() noexcept {
        starter_.store(nullptr, std::memory_order_relaxed);
        return std::exchange(ended_in_start_, false);
    }
    /// The handler is done: called, or destroyed. \return whether the call is to be told: else its
    /// starter sees it
    bool end() noexcept {
        const bool starting = starter_.load(std::memory_order_relaxed) == this_thread();
        if (starting)
            ended_in_start_ = true;
        ended_.store(true, std::memory_order_release);
        return !starting;
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
        free = true;
    }

private:
    std::atomic<bool> ended_{true};
    bool ended_in_start_ = false;
    std::atomic<const void*> starter_{nullptr};
};

/// The completion handler of an attempt. The call stays for as long as it is there.
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

    explicit attempt_handler(place_type& place) noexcept : place_(&place) {}
    attempt_handler(attempt_handler&& other) noexcept
        : place_(std::exchange(other.place_, nullptr)) {}
    attempt_handler& operator=(attempt_handler&&) = delete;
    ~attempt_handler() {
        if (place_ != nullptr) [[unlikely]]
            forgotten(*place_);
    }

    [[nodiscard]] executor_type get_executor() const noexcept { return call().work_executor(); }
    [[nodiscard]] allocator_type get_allocator() const noexcept { return call().allocator(); }
    [[nodiscard]] cancellation_slot_type get_cancellation_slot() const noexcept {
        return place_->stop.slot();
    }
    /// Where a coroutine puts its outcome itself.
    [[nodiscard]] auto& place() const noexcept { return into(*place_).arrived; }

    template <class... X>
    void operator()(X&&... completed) {
        place_type* const place = std::exchange(place_, nullptr);
        if (place == nullptr) // completed twice
            return;
        if constexpr (requires { Operation::lift(std::forward<X>(completed)...); }) {
            using result_type = decltype(Operation::lift(std::forward<X>(completed)...));
            into(*place).arrived.fill([&]() -> result_type {
                try {
                    return Operation::lift(std::forward<X>(completed)...);
                } catch (...) {
                    return thrown_under_asio();
                }
            });
        }
        end(*place);
    }

private:
    // \pre the place has an operation of this type
    [[nodiscard]] static Into& into(place_type& place) noexcept {
        if constexpr (std::is_same_v<Into, place_type>)
            return place;
        else
            return static_cast<Into&>(*place.of_policy);
    }
    [[nodiscard]] Call& call() const noexcept { return *static_cast<Call*>(place_->home); }
    static void end(place_type& place) {
        if (place.end())
            Call::end(place);
    }
    // By the operation, or destroyed with its context: no answer will come.
    OUTLAST_COLD static void forgotten(place_type& place) { end(place); }

    place_type* place_;
};

} // namespace outlast::detail

#endif // OUTLAST_ASIO_ATTEMPT_HPP
