// SPDX-License-Identifier: BSL-1.0
//
// One call under Asio: the loop of this driver, and all that the call needs, in one place.
#ifndef OUTLAST_ASIO_RUNNING_CALL_HPP
#define OUTLAST_ASIO_RUNNING_CALL_HPP

#include <outlast/asio/attempt.hpp>
#include <outlast/asio/deadlines.hpp>
#include <outlast/asio/machine_loop.hpp>
#include <outlast/asio/recycled.hpp>
#include <outlast/asio/serial_executor.hpp>
#include <outlast/asio/share.hpp>
#include <outlast/run.hpp> // limits

#include <boost/asio/associated_allocator.hpp>
#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>

#include <atomic>
#include <cstddef>
#include <memory>
#include <optional>
#include <stop_token>
#include <tuple>
#include <type_traits>
#include <utility>

namespace outlast::detail {

template <class E>
inline constexpr bool is_strand = false;
template <class E>
inline constexpr bool is_strand<boost::asio::strand<E>> = true;

/// What the caller is told, and how.
template <class Handler, class Result>
struct answer {
    Result what;
    Handler handler;

    using allocator_type = boost::asio::associated_allocator_t<Handler>;
    [[nodiscard]] allocator_type get_allocator() const noexcept {
        return boost::asio::get_associated_allocator(handler);
    }
    void operator()() { std::move(handler)(std::move(what)); }
};

/// \tparam Clock see `steady`
/// \tparam A what the arguments are kept as
template <class Clock, class Machine, class F, class Handler, class Executor, class... A>
class running_call final
    : public counted<running_call<Clock, Machine, F, Handler, Executor, A...>>,
      public waker,
      public machine_loop<running_call<Clock, Machine, F, Handler, Executor, A...>,
                          Clock,
                          Machine,
                          F,
                          A...>,
      public deadlines<Clock>::entry,
      private turns::item {
    using loop = machine_loop<running_call, Clock, Machine, F, A...>;

public:
    using operation_type = typename loop::operation_type;
    using place_type = typename loop::place_type;
    using work_executor_type =
        std::conditional_t<is_strand<Executor>, Executor, serial_executor<Executor>>;
    using allocator_type = boost::asio::associated_allocator_t<Handler>;

    /// Starts a call. The handler is not called before this returns.
    template <class Pipeline>
    static void start(Pipeline& policies,
                      const limits& limit,
                      F callable,
                      Handler handler,
                      const Executor& executor,
                      std::tuple<A...> arguments) {
        auto mine = allocator_from<running_call>(boost::asio::get_associated_allocator(handler));
        running_call* const place = own_traits::allocate(mine, 1);
        share<running_call> self;
        try {
            self = share<running_call>{::new (static_cast<void*>(place)) running_call(
                limit, std::move(callable), std::move(handler), executor, std::move(arguments))};
        } catch (...) {
            own_traits::deallocate(mine, place, 1);
            throw;
        }
        self->begin(policies);
        turns& queue = self->queue_;
        bool inside = true;
        conclude(std::move(self), false, inside);
        if (inside)
            queue.hand_on(executor);
    }

    // --- for the attempts ---

    [[nodiscard]] work_executor_type work_executor() noexcept {
        if constexpr (is_strand<Executor>)
            return executor_;
        else
            return work_executor_type{executor_, queue_};
    }
    [[nodiscard]] const allocator_type& allocator() const noexcept { return allocator_; }

    /// Of an operation of a policy: see `attempt_handler`.
    template <class Operation, class Into>
    [[nodiscard]] auto handler_in(place_type& a) {
        return attempt_handler<running_call, Operation, Into>{share<running_call>::more(*this), a};
    }

    /// An attempt has ended. Any thread, in a turn of this call or not.
    static void end(share<running_call> self, place_type& a) {
        running_call* const call = self.let_go(); // to the item
        turns& queue = call->queue_;
        if (!queue.enter_or_leave(a))
            return;
        const Executor executor = call->executor_;
        bool inside = true;
        a.run(a, true, inside);
        if (inside)
            queue.work_off(executor);
    }

private:
    friend loop;
    friend typename loop::all; // what both of them ask for
    using answer_type = answer<Handler, typename loop::result_type>;
    using timers = deadlines<Clock>;
    using own_traits = std::allocator_traits<allocator_for<allocator_type, running_call>>;
    using place_traits = std::allocator_traits<allocator_for<allocator_type, place_type>>;
    using cancellation = boost::asio::cancellation_type;

    // What comes from elsewhere, as bits; those of Asio's cancellation types are the lowest.
    static constexpr std::uint32_t cancels = 7, expires = 8, wakes = 16, goes_on = 32;

    // What is posted. Not called, it gives its share back.
    struct poke {
        share<running_call> call;
        std::uint32_t why;
        void operator()() { raise(std::move(call), why, true); }
    };
    struct canceller {
        running_call* call;
        void operator()(cancellation type) const {
            raise(share<running_call>::more(*call), static_cast<std::uint32_t>(type) & cancels,
                  false);
        }
    };
    struct stopper {
        running_call* call;
        void operator()() const noexcept {
            boost::asio::post(call->executor_,
                              poke{share<running_call>::more(*call),
                                   static_cast<std::uint32_t>(cancellation::total)});
        }
    };

    running_call(const limits& limit,
                 F&& callable,
                 Handler&& handler,
                 const Executor& executor,
                 std::tuple<A...>&& arguments)
        : loop(limit, std::move(callable), std::move(arguments), *this),
          executor_(executor),
          allocator_(boost::asio::get_associated_allocator(handler)),
          handler_(std::in_place, std::move(handler)) {
        this->run = [](turns::item& i, bool wanted, bool& inside) {
            share<running_call> self{static_cast<running_call*>(&i)};
            if (wanted) {
                self->signalled();
                conclude(std::move(self), true, inside);
            }
        };
    }
    ~running_call() {
        while (more_ != nullptr) {
            place_type* const a = std::exchange(more_, more_->other);
            auto mine = allocator_from<place_type>(allocator_);
            std::destroy_at(a);
            place_traits::deallocate(mine, a, 1);
        }
        spare_turns::give(queue_);
    }
    friend class counted<running_call>;
    void dispose() noexcept {
        auto mine = allocator_from<running_call>(allocator_);
        this->~running_call();
        own_traits::deallocate(mine, this, 1);
    }

    // --- turns: all below happens in one ---

    // If the call is over, leaves, and answers. The call's memory is given back before the handler is
    // called, unless work that was abandoned goes on in it.
    // \param here whether the handler may be called: on the call's executor, and not inside something
    //             that was called from outside
    static void conclude(share<running_call> self, bool here, bool& inside) {
        if (!self->answered() || !self->handler_) {
            if (self->over() && !self->handler_)
                self->let_go();
            return;
        }
        turns& queue = self->queue_;
        const Executor executor = self->executor_;
        const auto work = std::move(self->work_);
        boost::asio::get_associated_cancellation_slot(*self->handler_).clear();
        self->work_.reset();
        answer_type a{self->outcome(), *std::move(self->handler_)};
        self->let_caller_go();
        if (self->over())
            self = {};
        inside = false;
        queue.hand_on(executor);
        if (!here)
            boost::asio::post(executor, std::move(a));
        if (self) // after the caller, if it can be helped
            boost::asio::post(executor, poke{std::move(self), goes_on});
        if (!here)
            return;
        if constexpr (requires { executor.running_in_this_thread(); })
            if (executor.running_in_this_thread())
                return a(); // as dispatch would, without moving it about
        boost::asio::dispatch(executor, std::move(a));
    }

    static void raise(share<running_call> self, std::uint32_t why, bool here) {
        if (self->signals_.fetch_or(why, std::memory_order_acq_rel) != 0)
            return;                               // it lies in the queue
        running_call* const call = self.let_go(); // to the item
        turns& queue = call->queue_;
        if (!queue.enter_or_leave(*call))
            return;
        self = share<running_call>{call};
        const Executor executor = call->executor_;
        bool inside = true;
        call->signalled();
        conclude(std::move(self), here, inside);
        if (inside && here)
            queue.work_off(executor);
        else if (inside)
            queue.hand_on(executor);
    }

    void signalled() {
        const std::uint32_t why = signals_.exchange(0, std::memory_order_acq_rel);
        if ((why & expires) != 0)
            armed_ = false;
        if ((why & goes_on) != 0)
            this->go_on();
        if (!this->over())
            loop::signalled(static_cast<cancellation>(why & cancels), (why & expires) != 0,
                            (why & wakes) != 0);
    }

    // --- what the loop asks for ---

    void listen() {
        auto slot = boost::asio::get_associated_cancellation_slot(*handler_);
        if (slot.is_connected())
            slot.template emplace<canceller>(this);
        if (this->stop().stop_possible())
            on_stop_.emplace(this->stop(), stopper{this});
    }

    [[nodiscard]] auto handler_for(place_type& a) {
        return attempt_handler<running_call>{share<running_call>::more(*this), a};
    }

    place_type& place_for(place_type& own) {
        place_type* a = &own;
        if (!a->free())
            for (a = more_; a != nullptr && !a->free(); a = a->other) {
            }
        if (a == nullptr) {
            auto mine = allocator_from<place_type>(allocator_);
            a = ::new (static_cast<void*>(place_traits::allocate(mine, 1))) place_type;
            a->other = std::exchange(more_, a);
        }
        a->home = this;
        a->run = [](turns::item& i, bool wanted, bool& inside) {
            auto& there = static_cast<place_type&>(i);
            share<running_call> self{static_cast<running_call*>(there.home)};
            if (wanted) {
                self->ended(there);
                conclude(std::move(self), true, inside);
            }
        };
        return *a;
    }

    // --- time ---

    void rearm() {
        if (!work_) // before the timer, which counts as nobody's
            work_.emplace(executor_);
        const std::optional<instant> want = this->due();
        if (!want)
            return;
        if (armed_) { // too early does no harm, and saves taking it out
            if (this->at() <= *want || !timers_->erase(*this))
                return;
            armed_ = false;
            this->release(); // there is the share of this turn
        }
        if (timers_ == nullptr)
            timers_ = &timers::of(executor_);
        auto mine = share<running_call>::more(*this);
        armed_ = timers_->insert(*this, *want);
        if (armed_)
            (void)mine.let_go();
    }
    void expired() noexcept override {
        boost::asio::post(executor_, poke{share<running_call>{this}, expires});
    }
    void dropped() noexcept override { this->release(); }
    void wake() noexcept override {
        boost::asio::post(executor_, poke{share<running_call>::more(*this), wakes});
    }

    // The caller has its answer.
    void let_caller_go() {
        handler_.reset();
        on_stop_.reset();
        if (this->over())
            let_go();
    }
    // Nothing is left to do.
    void let_go() {
        work_.reset();
        this->drop_policies();
        if (armed_ && timers_->erase(*this)) {
            armed_ = false;
            this->release();
        }
    }

    Executor executor_;
    turns& queue_ = spare_turns::take();
    [[no_unique_address]] allocator_type allocator_;
    timers* timers_ = nullptr;
    std::atomic<std::uint32_t> signals_{0};
    bool armed_ = false;
    place_type* more_ = nullptr;

    // While the caller waits.
    std::optional<Handler> handler_;
    std::optional<boost::asio::executor_work_guard<Executor>> work_;
    std::optional<std::stop_callback<stopper>> on_stop_{};
};

} // namespace outlast::detail

#endif // OUTLAST_ASIO_RUNNING_CALL_HPP
