// SPDX-License-Identifier: BSL-1.0
//
// The loop of the Asio driver: tells a machine what happens and does what it answers. Knows no executor.
#ifndef OUTLAST_ASIO_MACHINE_LOOP_HPP
#define OUTLAST_ASIO_MACHINE_LOOP_HPP

#include <outlast/asio/call_lanes.hpp>
#include <outlast/asio/under_way.hpp>
#include <outlast/hand.hpp>
#include <outlast/machine.hpp>
#include <outlast/run.hpp> // limits

#include <boost/asio/cancellation_type.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <new>
#include <optional>
#include <stop_token>
#include <tuple>
#include <type_traits>
#include <utility>

namespace outlast::detail {

/// \tparam Call derives from it, and has what `call_lanes` asks for; and `listen()`, to cancellation
///         from now on, and `rearm()`, which comes back at `due()`
template <class Call, class Clock, class Machine, class F, class... A>
class machine_loop : public call_lanes<Call, Clock, Machine, F, A...> {
public:
    using all = call_lanes<Call, Clock, Machine, F, A...>;
    using typename all::place_type;
    using typename all::result_type;
    using cancellation = boost::asio::cancellation_type;

protected:
    machine_loop(const limits& limit, F&& callable, std::tuple<A...>&& arguments)
        : all(limit, std::move(callable), std::move(arguments)) {
        if (limit.deadline != std::chrono::steady_clock::time_point::max())
            deadline_ = instant{limit.deadline.time_since_epoch()};
    }
    ~machine_loop() = default;
    machine_loop(const machine_loop&) = delete;
    machine_loop& operator=(const machine_loop&) = delete;

    [[nodiscard]] bool over() const noexcept { return over_; }
    [[nodiscard]] bool answered() const noexcept { return over_ || apart_.begun; }
    [[nodiscard]] const std::stop_token& stop() const noexcept { return limit_.stop; }

    // --- what happens ---

    template <class Pipeline>
    OUTLAST_INLINE void begin(Pipeline& policies) {
        tell([&](reading& now) {
            std::apply([&](const A&... a) { machine_.fill([&] { return policies.start(a...); }); },
                       arguments_);
            if (limit_.facts != nullptr)
                begun_ = now.get();
            if (limit_.stop.stop_requested())
                return finish_as(verdict::neutral(refusal::cancelled), now);
            if (deadline_ != never && now.get() >= deadline_)
                return finish_as(verdict::expired(), now);
            self().listen();
            if (begun_plainly(now))
                return;
            const step first = machine_->begin(now, terms{deadline_, false, stays}, v_);
            if (now.known())
                begun_ = now.get();
            follow(first, now);
        });
    }

    void ended(place_type& a) {
        if (a.abandoned.filled() || over_ || a.orphaned) {
            if (!a.orphaned)
                this->offer(a);
            return a.forget();
        }
        tell([&](reading& now) {
            if (arrive(a, now))
                follow(machine_->settled(now, a.on, v_), now);
        });
    }

    /// What came from elsewhere: cancellation, time, a waker.
    void signalled(cancellation stopped, bool expired, bool woke) {
        tell([&](reading& now) {
            woken_ = woken_ || woke;
            if (stopped != cancellation::none && !apart_.begun)
                stop_by(stopped, now);
            if (expired && !pauses())
                out_of_time(now);
            if (woken_ && !pauses())
                woken(now);
        });
    }

    /// The caller has its answer, and the call goes on without it.
    void go_on() {
        if constexpr (stays)
            tell([&](reading& now) {
                apart_.ready = true;
                if (over_)
                    return;
                if (std::exchange(apart_.has_more, false))
                    follow(machine_->go_on(now, v_), now);
                else if (woken_)
                    woken(now);
            });
    }

    // --- for whoever carries it out ---

    /// When something is due next; `never` if nothing is, but somebody has to keep the call. Nothing:
    /// there is an operation that does, or an event on its way.
    [[nodiscard]] std::optional<instant> due() const { return all::due(deadline_); }

    /// Makes the answer. After it, nothing of the caller's is looked at. \pre answered()
    OUTLAST_INLINE void conclude() noexcept {
        if (plain_ == plainly::ended) // where it has arrived is the answer
            return;
        all::conclude(won_, v_, elapsed_);
        if constexpr (stays) {
            v_ = apart_.in_hand;
            deadline_ = never;
            limit_ = {};
        }
    }
    /// \pre conclude()
    [[nodiscard]] result_type& answer() noexcept {
        return plain_ == plainly::ended ? *lanes_[0].own.arrived : all::answer();
    }
    /// Leaves nothing of the policies behind, which may be gone soon. \pre over()
    void drop_policies() noexcept {
        all::drop_policies();
        if constexpr (stays)
            apart_.counted.clear();
    }

private:
    using all::abandon_all;
    using all::arguments_;
    using all::in_hand;
    using all::lanes;
    using all::lanes_;
    using all::limit_;
    using all::machine_;
    using all::may_nudge;
    using all::read;
    using all::self;
    using typename all::lane_type;
    static constexpr bool stays = outlives_caller<Machine>;
    static constexpr int most_nudges = 64; // at one event

    // The case in which the machine has nothing to decide: see machine.hpp.
    enum class plainly : std::uint8_t { no, begun, ended };

    // The caller is to have its answer before anything else happens.
    [[nodiscard]] bool pauses() const noexcept { return !apart_.ready; }

    // What the machine, a clock or a store throws is the end of the call.
    template <class Event>
    OUTLAST_INLINE void tell(Event event) {
        reading now = read();
        try {
            event(now);
            if (!over_ && !pauses())
                settle_down(now);
        } catch (...) {
            v_ = in_hand(0).land(result_type{boost::outcome_v2::in_place_type<failure>, thrown()});
            won_ = 0;
            plain_ = plainly::no;
            over_ = true;
            abandon_all();
        }
    }

    OUTLAST_INLINE bool begun_plainly(reading& now) {
        if constexpr (lanes == 1 && !stays) {
            instant by = deadline_;
            if (!machine_->plain_begin(now, by) || (by != never && now.get() >= by))
                return false;
            if (now.known())
                begun_ = now.get();
            plain_ = plainly::begun;
            if (this->start(0, by)) {
                reading then = read();
                if (arrive(*lanes_[0].current, then))
                    follow(machine_->settled(then, 0, v_), then);
            }
            return true;
        } else {
            return false;
        }
    }
    // Of the attempt that began so: whether nothing else is left to do.
    [[nodiscard]] OUTLAST_INLINE bool ended_plainly(reading& now) {
        if (!v_.ok() || stopping_ || limit_.facts != nullptr || !machine_->plain_success(now) ||
            (deadline_ != never && now.get() >= deadline_))
            return false;
        machine_->plain_end();
        plain_ = plainly::ended;
        return over_ = true;
    }

    // Whether the machine is to be told.
    OUTLAST_INLINE bool arrive(place_type& a, reading& now) {
        lane_type& l = lanes_[a.on];
        if (!a.has_arrived()) {
            l.what = doing::lost; // there is its deadline still
            a.forget();
            return false;
        }
        l.what = doing::nothing;
        if (a.of_policy)
            v_ = a.landed_at_policy(now);
        else if (plain_ == plainly::begun) {
            // In place: a copy would wait for bytes that are still being written.
            ::new (static_cast<void*>(&v_)) verdict(this->judged(a));
            if (ended_plainly(now))
                return false;
            in_hand(0).adopt(std::move(*a.arrived));
        } else
            ::new (static_cast<void*>(&v_)) verdict(in_hand(a.on).land(std::move(*a.arrived)));
        a.forget();
        if (!stopping_ || v_.ok() || a.of_policy)
            return true;
        finish_as(verdict::neutral(refusal::cancelled, v_.hint), now);
        return false;
    }

    // Does what the machine says until it has to wait for something.
    void follow(step s, reading& now) {
        if (plain_ != plainly::no) // an answer may be under way that reads it
            plain_ = plainly::no;
        for (;;) {
            OUTLAST_ASSERT(s.on < lanes);
            won_ = s.on; // if it is the last word
            lane_type& l = lanes_[s.on];
            if (lanes > 1 && s.alone)
                abandon_all();
            else if (lanes > 1 && s.is_nothing())
                return;
            switch (s.what) {
            case action::call:
                if (s.callee != outlast::work) {
                    const bool is_over = this->operate(s, now, v_);
                    if (!is_over && !this->has_ended(s.on))
                        return;
                    now = read(); // a store, a fallback take their time
                    if (!is_over && !arrive(*l.current, now))
                        return;
                } else if (stopping_) {
                    return finish_as(verdict::neutral(refusal::cancelled, v_.hint), now);
                } else if (s.at != never && now.get() >= s.at) { // no work begins at its deadline
                    v_ = verdict::neutral(refusal::timed_out);
                } else {
                    in_hand(s.on).set_out();
                    if (!this->start(s.on, s.at))
                        return;
                    now = read(); // it has ended already
                    if (!arrive(*l.current, now))
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
            if (s.what == action::finish || lanes > 1)
                follow(s, now);
            if (over_)
                return;
        }
        self().rearm();
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
        if constexpr (stays)
            if (!apart_.begun && machine_.filled() && machine_->has_more())
                return apart_.begin(v_, true);
        over_ = true;
        abandon_all();
    }
    // Whether the caller can leave now, with this answer, and others have what is under way.
    bool leave(const verdict& v, reading& now) {
        if constexpr (stays) {
            if (apart_.begun || stopping_ || !machine_->leave(now))
                return false;
            apart_.begin(v_, false);
            v_ = v;
            if (limit_.facts != nullptr || begun_ != never)
                elapsed_ = until(begun_, now.get());
            for (std::size_t i = 0; i != lanes; ++i)
                if (lanes_[i].what == doing::calling)
                    lanes_[i].at = machine_->over_by(static_cast<lane>(i));
            return true;
        }
        return false;
    }

    void stop_by(cancellation type, reading& now) {
        if (leave(verdict::neutral(refusal::cancelled), now))
            return;
        stopping_ = true;
        bool goes_on = false;
        for (lane_type& l : lanes_)
            if (l.what == doing::calling && (type & cancellation::terminal) == cancellation::none) {
                goes_on = true;
                l.current->emit(type);
            }
        if (!goes_on)
            finish_as(verdict::neutral(refusal::cancelled), now);
    }

    void out_of_time(reading& now) {
        if (deadline_ != never && now.get() >= deadline_ && leave(verdict::expired(), now))
            return;
        for (std::size_t i = 0; i != lanes && !over_; ++i) {
            lane_type& l = lanes_[i];
            const auto on = static_cast<lane>(i);
            if (l.what == doing::nothing || l.at == never || now.get() < l.at)
                continue;
            const doing was = l.what;
            if (was == doing::waiting || was == doing::parked) {
                l.what = doing::nothing;
                follow(machine_->woke(now, on, v_), now);
                continue;
            }
            if (!(l.what == doing::calling && l.current->of_policy))
                in_hand(on).drop();
            l.abandon(machine_);
            v_ = stopping_ ? verdict::neutral(refusal::cancelled) : verdict::expired();
            if (stopping_)
                return finish(now);
            follow(machine_->settled(now, on, v_), now);
        }
        if (!over_ && deadline_ != never && now.get() >= deadline_)
            finish_as(verdict::expired(), now);
    }

    void woken(reading& now) {
        for (std::size_t i = 0; i != lanes && !over_; ++i)
            if (lanes_[i].what == doing::parked) {
                woken_ = false;
                lanes_[i].what = doing::nothing;
                follow(machine_->woke(now, static_cast<lane>(i), v_), now);
            }
    }

    instant deadline_ = never;
    instant begun_ = never;
    duration elapsed_{};
    bool woken_ = false;
    bool stopping_ = false;
    bool over_ = false;
    plainly plain_ = plainly::no;
    verdict v_{};
    [[no_unique_address]] without_caller<Machine> apart_{};
    lane won_ = 0; // whose value is the caller's
};

} // namespace outlast::detail

#endif // OUTLAST_ASIO_MACHINE_LOOP_HPP
