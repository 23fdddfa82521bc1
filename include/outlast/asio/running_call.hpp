// SPDX-License-Identifier: BSL-1.0
//
// One call under Asio: the loop of this driver, and all that the call needs, in one place.
#ifndef OUTLAST_ASIO_RUNNING_CALL_HPP
#define OUTLAST_ASIO_RUNNING_CALL_HPP

#include <outlast/asio/attempt.hpp>
#include <outlast/asio/deadlines.hpp>
#include <outlast/asio/operation.hpp>
#include <outlast/asio/recycled.hpp>
#include <outlast/asio/serial_executor.hpp>
#include <outlast/asio/share.hpp>
#include <outlast/hand.hpp>
#include <outlast/machine.hpp>
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

template <class Machine>
inline constexpr std::size_t lanes_of = 1;
template <class Machine>
    requires requires { Machine::lanes; }
inline constexpr std::size_t lanes_of<Machine> = Machine::lanes;

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

template <class E>
inline constexpr bool is_strand = false;
template <class E>
inline constexpr bool is_strand<boost::asio::strand<E>> = true;

/// What `hand` sees of an operation whose outcome arrives later.
template <class F, class T>
struct arriving {
    template <class... A>
    result<T> operator()(const A&...) const; // never called
    template <class V>
        requires judges<F, V>
    verdict judge_value(const V& value) {
        return callable.judge_value(value);
    }
    F& callable;
};

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
class running_call final : public counted<running_call<Clock, Machine, F, Handler, Executor, A...>>,
                           public waker,
                           public deadlines<Clock>::entry,
                           private turns::item {
public:
    using operation_type = asynchronous<F, const A&...>;
    using value_type = typename operation_type::value_type;
    using place_type = attempt<value_type, typename kept_by<Machine>::type>;
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
        if (self->over_)
            return (void)conclude(std::move(self), false);
        self->queue_.hand_on(executor);
    }

    // --- for the attempts ---

    [[nodiscard]] work_executor_type work_executor() noexcept {
        if constexpr (is_strand<Executor>)
            return executor_;
        else
            return work_executor_type{executor_, queue_};
    }
    [[nodiscard]] const allocator_type& allocator() const noexcept { return allocator_; }

    /// An attempt has ended. Any thread, in a turn of this call or not.
    static void end(share<running_call> self, place_type& a) {
        running_call* const call = self.let_go(); // to the item
        turns& queue = call->queue_;
        if (!queue.enter_or_leave(a))
            return;
        const Executor executor = call->executor_;
        if (a.run(a, true))
            queue.work_off(executor);
    }

private:
    using hand_type = hand<arriving<F, value_type>, A...>;
    using result_type = result<value_type>;
    using answer_type = answer<Handler, result_type>;
    using timers = deadlines<Clock>;
    using own_traits = std::allocator_traits<allocator_for<allocator_type, running_call>>;
    using place_traits = std::allocator_traits<allocator_for<allocator_type, place_type>>;
    using cancellation = boost::asio::cancellation_type;
    static constexpr std::size_t lanes = lanes_of<Machine>;
    static constexpr int most_nudges = 64; // at one event

    // What comes from elsewhere, as bits; those of Asio's cancellation types are the lowest.
    static constexpr std::uint32_t cancels = 7, expires = 8, wakes = 16;

    enum class doing : std::uint8_t {
        nothing,
        calling,
        lost, // the operation is gone without an answer
        waiting,
        parked,
    };
    struct in_lane {
        doing what = doing::nothing;
        instant at = never;
        place_type* current = nullptr;
        place_type own{};
    };

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
        : executor_(executor),
          allocator_(boost::asio::get_associated_allocator(handler)),
          callable_(std::move(callable)),
          arguments_(std::move(arguments)),
          limit_(limit),
          handler_(std::in_place, std::move(handler)) {
        this->run = [](turns::item& i, bool wanted) {
            return turn(share<running_call>{static_cast<running_call*>(&i)}, wanted, true,
                        [](running_call& c) { c.signalled(); });
        };
        if (limit.deadline != std::chrono::steady_clock::time_point::max())
            deadline_ = instant{limit.deadline.time_since_epoch()};
        std::apply([&](const A&... a) { hand_.fill([&] { return hand_type{later_, *this, a...}; }); },
                   arguments_);
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
    [[nodiscard]] static reading read() noexcept {
        return {[](void*) { return Clock::now(); }, nullptr};
    }

    // --- turns: all below happens in one ---

    // \param here whether the handler may be called: on the call's executor, and not inside something
    //             that was called from outside
    // \return whether this is still inside
    template <class Event>
    static bool turn(share<running_call> self, bool wanted, bool here, Event event) {
        if (!wanted)
            return true;
        event(*self);
        return conclude(std::move(self), here);
    }

    // If the call is over, leaves, and answers. The call's memory is given back before the handler is
    // called, unless work that was abandoned goes on in it.
    static bool conclude(share<running_call> self, bool here) {
        if (!self->over_ || !self->handler_)
            return true;
        turns& queue = self->queue_;
        const Executor executor = self->executor_;
        const auto work = std::move(self->work_);
        boost::asio::get_associated_cancellation_slot(*self->handler_).clear();
        answer_type a{self->outcome(), *std::move(self->handler_)};
        self->let_caller_go();
        self = {};
        queue.hand_on(executor);
        if (here)
            boost::asio::dispatch(executor, std::move(a));
        else
            boost::asio::post(executor, std::move(a));
        return false;
    }

    static void raise(share<running_call> self, std::uint32_t why, bool here) {
        if (self->signals_.fetch_or(why, std::memory_order_acq_rel) != 0)
            return; // it lies in the queue
        running_call* const call = self.let_go(); // to the item
        turns& queue = call->queue_;
        if (!queue.enter_or_leave(*call))
            return;
        const Executor executor = call->executor_;
        if (!turn(share<running_call>{call}, true, here, [](running_call& c) { c.signalled(); }))
            return;
        if (here)
            queue.work_off(executor);
        else
            queue.hand_on(executor);
    }

    // --- the loop ---

    // What the machine, a clock or a store throws is the end of the call.
    template <class Event>
    void tell(Event event) {
        reading now = read();
        try {
            event(now);
            if (!over_)
                settle_down(now);
        } catch (...) {
            v_ = hand_->land(result_type{boost::outcome_v2::in_place_type<failure>, thrown()});
            over_ = true;
            abandon_all(cancellation::all);
        }
    }

    template <class Pipeline>
    void begin(Pipeline& policies) {
        tell([&](reading& now) {
            std::apply([&](const A&... a) { machine_.fill([&] { return policies.start(a...); }); },
                       arguments_);
            if (limit_.facts != nullptr)
                begun_ = now.get();
            if (limit_.stop.stop_requested())
                return finish_as(verdict::neutral(refusal::cancelled), now);
            if (deadline_ != never && now.get() >= deadline_)
                return finish_as(verdict::expired(), now);
            auto slot = boost::asio::get_associated_cancellation_slot(*handler_);
            if (slot.is_connected())
                slot.template emplace<canceller>(this);
            if (limit_.stop.stop_possible())
                on_stop_.emplace(limit_.stop, stopper{this});
            const step first = machine_->begin(now, terms{deadline_}, v_);
            if (now.known())
                begun_ = now.get();
            follow(first, now);
        });
    }

    void signalled() {
        const std::uint32_t why = signals_.exchange(0, std::memory_order_acq_rel);
        if ((why & expires) != 0)
            armed_ = false;
        if (over_)
            return;
        tell([&](reading& now) {
            if ((why & cancels) != 0)
                stop_by(why & cancels, now);
            if ((why & expires) != 0)
                out_of_time(now);
            if ((why & wakes) != 0)
                woken(now);
        });
    }

    void ended(place_type& a) {
        if (a.abandoned.filled() || over_)
            return a.forget();
        tell([&](reading& now) {
            if (arrive(a, now))
                follow(machine_->settled(now, a.on, v_), now);
        });
    }

    // Whether the machine is to be told.
    bool arrive(place_type& a, reading& now) {
        in_lane& l = lanes_[a.on];
        if (!a.arrived.filled()) {
            l.what = doing::lost; // there is its deadline still
            return false;
        }
        l.what = doing::nothing;
        v_ = hand_->land(std::move(*a.arrived));
        a.forget();
        if (!stopping_ || v_.ok())
            return true;
        finish_as(verdict::neutral(refusal::cancelled, v_.hint), now);
        return false;
    }

    // Does what the machine says until it has to wait for something.
    void follow(step s, reading& now) {
        for (;;) {
            OUTLAST_ASSERT(s.on < lanes);
            in_lane& l = lanes_[s.on];
            switch (s.what) {
            case action::call:
                if (s.callee != outlast::work) {
                    v_ = operate(*machine_, s.callee, now, *hand_);
                } else if (stopping_) {
                    return finish_as(verdict::neutral(refusal::cancelled, v_.hint), now);
                } else if (s.at != never && now.get() >= s.at) { // no work begins at its deadline
                    v_ = verdict::neutral(refusal::timed_out);
                } else if (start(l, s)) { // and it has ended already
                    now = read();
                    if (!arrive(*l.current, now))
                        return;
                } else {
                    return;
                }
                s = machine_->settled(now, s.on, v_);
                continue;
            case action::park:
                if (woken_) {
                    woken_ = false;
                    s = machine_->woke(now, s.on, v_);
                    continue;
                }
                [[fallthrough]];
            case action::wait:
                l.what = s.what == action::park ? doing::parked : doing::waiting;
                l.at = s.at;
                return;
            case action::finish:
                return finish(now);
            }
        }
    }

    // After every event: whether the machine wants to be asked, and when next something is due.
    void settle_down(reading& now) {
        for (int asked = 0; may_nudge() && asked != most_nudges; ++asked) {
            const instant at = machine_->nudge();
            if (at == never || now.get() < at)
                break;
            const step s = machine_->nudged(now, v_);
            if (s.what == action::finish) {
                hand_->drop();
                if (v_.ok())
                    v_ = verdict::neutral(refusal::unavailable); // there is no value
                return finish(now);
            }
            if (lanes > 1 && !(s.what == action::wait && s.at == never))
                follow(s, now);
            if (over_)
                return;
        }
        rearm();
    }
    [[nodiscard]] bool may_nudge() const noexcept {
        return lanes > 1 || lanes_[0].what == doing::calling;
    }

    void finish_as(const verdict& v, reading& now) {
        v_ = v;
        finish(now);
    }
    void finish(reading& now) {
        // The caller's deadline is outside all others, and wins over them and a value.
        if (deadline_ != never && v_.why != refusal::cancelled && now.get() >= deadline_) {
            const duration hint = v_.hint;
            v_ = stopping_ ? verdict::neutral(refusal::cancelled) : verdict::expired();
            v_.hint = hint;
        }
        if (limit_.facts != nullptr || (!v_.ok() && begun_ != never))
            elapsed_ = until(begun_, now.get());
        over_ = true;
        abandon_all(cancellation::all);
    }

    // --- what happens to a call ---

    void stop_by(std::uint32_t types, reading& now) {
        stopping_ = true;
        const auto type = static_cast<cancellation>(types);
        bool goes_on = false;
        for (in_lane& l : lanes_)
            if (l.what == doing::calling && (type & cancellation::terminal) == cancellation::none) {
                goes_on = true;
                emit(*l.current, type);
            }
        if (!goes_on)
            finish_as(verdict::neutral(refusal::cancelled), now);
    }

    void out_of_time(reading& now) {
        for (std::size_t i = 0; i != lanes && !over_; ++i) {
            in_lane& l = lanes_[i];
            const auto on = static_cast<lane>(i);
            if (l.what == doing::nothing || l.at == never || now.get() < l.at)
                continue;
            const doing was = l.what;
            if (was == doing::waiting || was == doing::parked) {
                l.what = doing::nothing;
                follow(machine_->woke(now, on, v_), now);
                continue;
            }
            abandon(l, cancellation::all);
            hand_->drop();
            v_ = stopping_ ? verdict::neutral(refusal::cancelled) : verdict::expired();
            if (stopping_)
                return finish(now);
            follow(machine_->settled(now, on, v_), now);
        }
        if (!over_ && deadline_ != never && now.get() >= deadline_)
            finish_as(verdict::expired(), now);
    }

    void woken(reading& now) {
        woken_ = true;
        for (std::size_t i = 0; i != lanes && !over_; ++i)
            if (lanes_[i].what == doing::parked) {
                woken_ = false;
                lanes_[i].what = doing::nothing;
                follow(machine_->woke(now, static_cast<lane>(i), v_), now);
            }
    }

    // --- attempts ---

    // \return whether it has ended already
    bool start(in_lane& l, const step& s) {
        place_type& a = free_place(l.own);
        a.prepare(s.on);
        a.told.fill([&] { return call{++attempts_, s.at, read(), limit_.stop}; });
        hand_->set_out();
        l.what = doing::calling;
        l.at = s.at;
        l.current = &a;
        try {
            std::apply(
                [&](const A&... given) {
                    operation_type::begin(
                        callable_, *a.told, given...,
                        attempt_handler<running_call>{share<running_call>::more(*this), a});
                },
                arguments_);
        } catch (...) {
            // Whoever holds its handler still says nothing any more.
            const std::uint8_t was = a.state.fetch_or(place_type::thrown | place_type::ended,
                                                      std::memory_order_acq_rel);
            if ((was & place_type::ended) == 0 || !a.arrived.filled())
                a.arrived.fill([]() -> result_type { return thrown(); });
        }
        return a.started();
    }

    place_type& free_place(place_type& own) {
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
        a->run = [](turns::item& i, bool wanted) {
            auto& there = static_cast<place_type&>(i);
            return turn(share<running_call>{static_cast<running_call*>(there.home)}, wanted, true,
                        [&](running_call& c) { c.ended(there); });
        };
        return *a;
    }

    // Total first: what it can undo, it may undo.
    static void emit(place_type& a, cancellation type) {
        if (!a.under_way())
            return;
        if (type == cancellation::all) {
            a.stop.emit(cancellation::total);
            type = cancellation::terminal;
        }
        a.stop.emit(type);
    }

    void abandon(in_lane& l, cancellation type) {
        const bool goes_on = l.what == doing::calling;
        l.what = doing::nothing;
        if (!goes_on)
            return;
        place_type& a = *l.current;
        a.abandoned.fill([] { return counted_abandonment{}; });
        if constexpr (!std::is_same_v<typename kept_by<Machine>::type, nothing_kept>)
            a.kept.fill([&] { return machine_->keep(a.on); });
        emit(a, type);
    }
    void abandon_all(cancellation type) {
        for (in_lane& l : lanes_)
            abandon(l, type);
    }

    // --- time ---

    void rearm() {
        if (!work_) // before the timer, which counts as nobody's
            work_.emplace(executor_);
        instant want = deadline_;
        bool idle = true;
        for (const in_lane& l : lanes_) {
            if (l.what == doing::nothing)
                continue;
            if (l.what == doing::calling) {
                if (!l.current->under_way())
                    return; // it has ended, which is next
                idle = false;
            }
            want = earlier(want, l.at);
        }
        if (may_nudge())
            want = earlier(want, machine_->nudge());
        if (want == never && !idle)
            return;
        if (armed_) { // too early does no harm, and saves taking it out
            if (this->at() <= want || !timers_->erase(*this))
                return;
            armed_ = false;
            this->release(); // there is the share of this turn
        }
        if (timers_ == nullptr)
            timers_ = &timers::of(executor_);
        auto mine = share<running_call>::more(*this);
        armed_ = timers_->insert(*this, want);
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

    // --- the end ---

    [[nodiscard]] result_type outcome() noexcept {
        try {
            if (!machine_.filled())
                return hand_->conclude(v_, leaf{}, elapsed_, limit_.facts);
            return hand_->conclude(v_, *machine_, elapsed_, limit_.facts);
        } catch (...) {
            return thrown(); // the value can't be moved
        }
    }
    // The policies may be gone soon, and the caller's memory.
    void let_caller_go() {
        handler_.reset();
        work_.reset();
        on_stop_.reset();
        machine_.clear();
        hand_.clear();
        if (armed_ && timers_->erase(*this)) {
            armed_ = false;
            this->release();
        }
    }

    Executor executor_;
    turns& queue_ = spare_turns::take();
    [[no_unique_address]] allocator_type allocator_;
    F callable_;
    std::tuple<A...> arguments_;
    limits limit_;
    instant deadline_ = never;
    instant begun_ = never;
    duration elapsed_{};
    timers* timers_ = nullptr;
    std::atomic<std::uint32_t> signals_{0};
    std::uint32_t attempts_ = 0;
    bool armed_ = false;
    bool woken_ = false;
    bool stopping_ = false;
    bool over_ = false;
    verdict v_{};
    in_lane lanes_[lanes]{};
    place_type* more_ = nullptr;
    arriving<F, value_type> later_{callable_};

    // While the caller waits.
    slot<hand_type> hand_{};
    slot<Machine> machine_{};
    std::optional<Handler> handler_;
    std::optional<boost::asio::executor_work_guard<Executor>> work_;
    std::optional<std::stop_callback<stopper>> on_stop_{};
};

} // namespace outlast::detail

#endif // OUTLAST_ASIO_RUNNING_CALL_HPP
