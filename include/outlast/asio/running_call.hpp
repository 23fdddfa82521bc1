// SPDX-License-Identifier: BSL-1.0
//
// One call under Asio: the loop of this driver, and all that the call needs, in one place.
#ifndef OUTLAST_ASIO_RUNNING_CALL_HPP
#define OUTLAST_ASIO_RUNNING_CALL_HPP

#include <outlast/asio/answer.hpp>
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
    using work_executor_type = serial_executor_for<Executor>;
    using allocator_type = allocator_for<boost::asio::associated_allocator_t<Handler>, void>;

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
        try {
            ::new (static_cast<void*>(place)) running_call(
                limit, std::move(callable), std::move(handler), executor, std::move(arguments));
        } catch (...) {
            own_traits::deallocate(mine, place, 1);
            throw;
        }
        turns& queue = *place->queue_;
        place->begin(policies);
        bool inside = true;
        conclude(*place, {}, false, inside);
        if (inside)
            queue.hand_on(executor);
    }

    // --- for the attempts ---

    [[nodiscard]] work_executor_type work_executor() noexcept {
        if constexpr (is_strand<Executor>)
            return executor_;
        else
            return work_executor_type{executor_, queue_->show()};
    }
    [[nodiscard]] const allocator_type& allocator() const noexcept { return allocator_; }

    /// Of an operation of a policy: see `attempt_handler`.
    template <class Operation, class Into>
    [[nodiscard]] auto handler_in(place_type& a) {
        ++under_way_;
        return attempt_handler<running_call, Operation, Into>{a};
    }

    /// An attempt has ended. Any thread, in a turn of this call or not.
    static void end(place_type& a) {
        running_call& call = *static_cast<running_call*>(a.home);
        turns& queue = *call.queue_;
        if (!queue.enter_or_leave(a))
            return;
        const Executor executor = call.executor_;
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
    static constexpr std::uint32_t cancels = 7, expires = 8, wakes = 16, goes_on = 32, drops = 64;

    // What is posted.
    struct poke {
        share<running_call> call;
        std::uint32_t why;

        poke(running_call& c, std::uint32_t what) noexcept
            : call(share<running_call>::more(c)), why(what) {}
        poke(poke&&) noexcept = default;
        ~poke() { // never called: the context is gone
            if (call && why == expires)
                raise(std::move(call), drops, false);
        }
        void operator()() { raise(std::move(call), why, true); }
    };
    // The answer, posted; it waits in the call.
    struct last_turn {
        share<running_call> call;
        using allocator_type = running_call::allocator_type;
        [[nodiscard]] allocator_type get_allocator() const noexcept { return call->allocator(); }
        void operator()() {
            answer_type a = call->taken();
            call = {};
            a();
        }
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
                              poke{*call, static_cast<std::uint32_t>(cancellation::total)});
        }
    };

    running_call(const limits& limit,
                 F&& callable,
                 Handler&& handler,
                 const Executor& executor,
                 std::tuple<A...>&& arguments)
        : loop(limit, std::move(callable), std::move(arguments)),
          executor_(executor),
          allocator_(allocator_from<void>(boost::asio::get_associated_allocator(handler))),
          handler_(std::in_place, std::move(handler)) {
        this->run = [](turns::item& i, bool wanted, bool& inside) {
            auto& self = static_cast<running_call&>(i);
            share<running_call> of_signal{&self};
            self.signalled(wanted);
            if (wanted)
                conclude(self, std::move(of_signal), true, inside);
            else
                (void)self.settle();
        };
    }
    ~running_call() {
        while (more_ != nullptr) {
            place_type* const a = std::exchange(more_, more_->other);
            auto mine = allocator_from<place_type>(allocator_);
            std::destroy_at(a);
            place_traits::deallocate(mine, a, 1);
        }
        if (inside_)
            queue_->end_inside();
    }
    friend class counted<running_call>;
    void dispose() noexcept {
        auto mine = allocator_from<running_call>(allocator_);
        this->~running_call();
        own_traits::deallocate(mine, this, 1);
    }

    // --- turns: all below happens in one ---

    // At the end of each. If the call is over, leaves, and answers; nothing is to touch the call then.
    // Its memory is given back before the handler is called, unless work that was abandoned goes on
    // in it.
    // \param held given back with it
    // \param here whether the handler may be called: on the call's executor, and not inside something
    //             that was called from outside
    static void conclude(running_call& call, share<running_call> held, bool here, bool& inside) {
        if (!call.answered() || call.told_) {
            if (call.over() && call.told_)
                call.let_go();
            return (void)call.settle();
        }
        turns& queue = *call.queue_;
        const Executor executor = call.executor_;
        const bool direct = here && runs_on(executor);
        const auto work = direct ? std::nullopt : std::exchange(call.work_, std::nullopt);
        call.work_.reset();
        call.loop::conclude();
        call.let_caller_go();
        std::optional<poke> rest; // after the caller, if it can be helped
        if (!call.over())
            rest.emplace(call, goes_on);
        if (direct) {
            answer_type a = call.taken();
            (void)call.settle();
            held = {};
            inside = false;
            queue.hand_on(executor);
            if (rest)
                boost::asio::post(executor, *std::move(rest));
            return a();
        }
        last_turn last{call.settle()};
        if (!last.call)
            last.call = held ? std::move(held) : share<running_call>::more(call);
        inside = false;
        if (call.sole() && !queue.shown())
            call.inside_ = true; // nobody else will come, until another call takes it over
        else
            queue.hand_on(executor);
        if (here)
            boost::asio::dispatch(executor, std::move(last));
        else
            boost::asio::post(executor, std::move(last));
        if (rest)
            boost::asio::post(executor, *std::move(rest));
    }
    // Whether `dispatch` would call at once.
    static bool runs_on(const Executor& executor) noexcept {
        if constexpr (requires { executor.running_in_this_thread(); })
            return executor.running_in_this_thread();
        else
            return false;
    }
    // The call stays for as long as something will come back to it. \return its own share, if it is
    // needed no more
    share<running_call> settle() noexcept {
        const bool needed = under_way_ != 0 || armed_;
        if (needed == kept_)
            return {};
        kept_ = needed;
        if (!needed)
            return share<running_call>{this};
        this->keep();
        return {};
    }

    static void raise(share<running_call> self, std::uint32_t why, bool here) {
        if (self->signals_.fetch_or(why, std::memory_order_acq_rel) != 0)
            return;                               // it lies in the queue
        running_call* const call = self.let_go(); // to the item
        turns& queue = *call->queue_;
        if (!queue.enter_or_leave(*call))
            return;
        self = share<running_call>{call};
        const Executor executor = call->executor_;
        bool inside = true;
        call->signalled(true);
        conclude(*call, std::move(self), here, inside);
        if (inside && here)
            queue.work_off(executor);
        else if (inside)
            queue.hand_on(executor);
    }

    void signalled(bool wanted) {
        const std::uint32_t why = signals_.exchange(0, std::memory_order_acq_rel);
        if ((why & (expires | drops)) != 0)
            armed_ = false;
        timeless_ = timeless_ || (why & drops) != 0;
        if (wanted && (why & goes_on) != 0)
            this->go_on();
        if (wanted && why != drops && !this->over())
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
        ++under_way_;
        return attempt_handler<running_call>{a};
    }
    void handler_is_back() noexcept { --under_way_; }

    place_type& place_for(place_type& own) {
        place_type* a = &own;
        if (!a->free)
            for (a = more_; a != nullptr && !a->free; a = a->other) {
            }
        if (a == nullptr) {
            auto mine = allocator_from<place_type>(allocator_);
            a = ::new (static_cast<void*>(place_traits::allocate(mine, 1))) place_type;
            a->other = std::exchange(more_, a);
        }
        a->home = this;
        a->run = [](turns::item& i, bool wanted, bool& inside) {
            auto& there = static_cast<place_type&>(i);
            auto& self = *static_cast<running_call*>(there.home);
            self.handler_is_back();
            if (wanted) {
                self.ended(there);
                conclude(self, {}, true, inside);
            } else {
                (void)self.settle();
            }
        };
        return *a;
    }

    // --- time ---

    void rearm() {
        if (!work_) // before the timer, which counts as nobody's
            work_.emplace(executor_);
        const std::optional<instant> want = this->due();
        if (!want || timeless_)
            return;
        if (armed_) { // too early does no harm, and saves taking it out
            if (this->at() <= *want || !timers_->erase(*this))
                return;
            armed_ = false;
        }
        if (timers_ == nullptr)
            timers_ = &timers::of(executor_);
        armed_ = timers_->insert(*this, *want);
    }
    void expired() noexcept override { boost::asio::post(executor_, poke{*this, expires}); }
    void dropped() noexcept override { raise(share<running_call>::more(*this), drops, false); }
    void wake() noexcept override { boost::asio::post(executor_, poke{*this, wakes}); }

    [[nodiscard]] answer_type taken() {
        answer_type a{std::move(this->answer()), *std::move(handler_)};
        handler_.reset();
        return a;
    }
    OUTLAST_INLINE void let_caller_go() {
        told_ = true;
        boost::asio::get_associated_cancellation_slot(*handler_).clear();
        on_stop_.reset();
        if (this->over())
            let_go();
    }
    // Nothing is left to do.
    OUTLAST_INLINE void let_go() noexcept {
        work_.reset();
        this->drop_policies();
        if (armed_ && timers_->erase(*this))
            armed_ = false;
    }

    Executor executor_;
    share<turns> queue_ = spare_turns::take();
    [[no_unique_address]] allocator_type allocator_;
    timers* timers_ = nullptr;
    std::atomic<std::uint32_t> signals_{0};
    std::uint32_t under_way_ = 0; // handlers that will come back
    bool armed_ = false;
    bool timeless_ = false; // the context is gone, and its timers are
    bool kept_ = true;      // by itself
    bool told_ = false;     // the caller is
    bool inside_ = false;   // to the end
    place_type* more_ = nullptr;

    // While the caller waits.
    std::optional<Handler> handler_;
    std::optional<boost::asio::executor_work_guard<Executor>> work_;
    std::optional<std::stop_callback<stopper>> on_stop_{};
};

} // namespace outlast::detail

#endif // OUTLAST_ASIO_RUNNING_CALL_HPP
