// SPDX-License-Identifier: BSL-1.0
//
// The loop of the Asio driver: tells a machine what happens and does what it answers. Knows no executor.
#ifndef OUTLAST_ASIO_MACHINE_LOOP_HPP
#define OUTLAST_ASIO_MACHINE_LOOP_HPP

#include <outlast/asio/attempts.hpp>
#include <outlast/machine.hpp>

#include <boost/asio/cancellation_type.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <stop_token>
#include <tuple>
#include <type_traits>
#include <utility>

namespace outlast::detail {

/// \tparam Call as that of `attempts`; it has, too: `listen()`, to cancellation from now on; and
///         `rearm()`, which comes back at `due()`
/// \tparam A what the arguments are kept as
template <class Call, class Clock, class Machine, class F, class... A>
class machine_loop
    : public attempts<Call, Clock, typename kept_by<Machine>::type, lanes_of<Machine>, F, A...> {
    using base = attempts<Call, Clock, typename kept_by<Machine>::type, lanes_of<Machine>, F, A...>;

public:
    using attempts_type = base;
    using typename base::place_type;
    using typename base::result_type;
    using cancellation = boost::asio::cancellation_type;

protected:
    machine_loop(const limits& limit, F&& callable, std::tuple<A...>&& arguments)
        : base(limit, std::move(callable), std::move(arguments)) {
        if (limit.deadline != std::chrono::steady_clock::time_point::max())
            deadline_ = instant{limit.deadline.time_since_epoch()};
    }
    ~machine_loop() = default;
    machine_loop(const machine_loop&) = delete;
    machine_loop& operator=(const machine_loop&) = delete;

    [[nodiscard]] bool over() const noexcept { return over_; }
    [[nodiscard]] const std::stop_token& stop() const noexcept { return asked().stop; }

    // --- what happens ---

    template <class Pipeline>
    void begin(Pipeline& policies) {
        tell([&](reading& now) {
            this->with_arguments(
                [&](const A&... a) { machine_.fill([&] { return policies.start(a...); }); });
            if (asked().facts != nullptr)
                begun_ = now.get();
            if (asked().stop.stop_requested())
                return finish_as(verdict::neutral(refusal::cancelled), now);
            if (deadline_ != never && now.get() >= deadline_)
                return finish_as(verdict::expired(), now);
            self().listen();
            if (begun_plainly(now))
                return;
            const step first = machine_->begin(now, terms{deadline_}, v_);
            if (now.known())
                begun_ = now.get();
            follow(first, now);
        });
    }

    void ended(place_type& a) {
        if (a.abandoned.filled() || over_ || a.orphaned)
            return a.forget();
        tell([&](reading& now) {
            if (arrive(a, now))
                follow(machine_->settled(now, a.on, v_), now);
        });
    }

    /// What came from elsewhere: cancellation, time, a waker.
    void signalled(cancellation stopped, bool expired, bool woke) {
        tell([&](reading& now) {
            if (stopped != cancellation::none)
                stop_by(stopped, now);
            if (expired)
                out_of_time(now);
            if (woke)
                woken(now);
        });
    }

    // --- for whoever carries it out ---

    /// When something is due next; `never` if nothing is, but somebody has to keep the call. Nothing:
    /// there is an operation that does, or an event on its way.
    [[nodiscard]] std::optional<instant> due() const {
        instant want = deadline_;
        bool idle = true;
        for (const in_lane& l : lanes_) {
            if (l.what == doing::nothing)
                continue;
            if (l.what == doing::calling) {
                if (!l.current->under_way())
                    return std::nullopt; // it has ended, which is next
                idle = false;
            }
            want = earlier(want, l.at);
        }
        if (may_nudge())
            want = earlier(want, machine_->nudge());
        if (want == never && !idle)
            return std::nullopt;
        return want;
    }

    /// Makes the answer. Leaves nothing of the policies behind, which may be gone soon. \pre over()
    void conclude() noexcept {
        if (plain_ == plainly::ended) // where it has arrived is the answer
            return machine_.clear();
        if (machine_.filled())
            base::conclude(won_, v_, *machine_, elapsed_);
        else
            base::conclude(won_, v_, leaf{}, elapsed_);
        machine_.clear();
    }
    /// \pre conclude()
    [[nodiscard]] result_type& answer() noexcept {
        return plain_ == plainly::ended ? *lanes_[0].own.arrived : base::answer();
    }

private:
    using base::asked;
    using base::in_hand;
    using base::read;
    using typename base::doing;
    using typename base::in_lane;

    static constexpr lane lanes = lanes_of<Machine>;
    static constexpr int most_nudges = 64; // at one event

    // The case in which the machine has nothing to decide: see machine.hpp.
    enum class plainly : std::uint8_t { no, begun, ended };

    [[nodiscard]] Call& self() noexcept { return static_cast<Call&>(*this); }

    // What the machine, a clock or a store throws is the end of the call.
    template <class Event>
    void tell(Event event) {
        reading now = read();
        try {
            event(now);
            if (!over_)
                settle_down(now);
        } catch (...) {
            v_ = in_hand(0).land(result_type{boost::outcome_v2::in_place_type<failure>, thrown()});
            won_ = 0;
            plain_ = plainly::no;
            over_ = true;
            abandon_all();
        }
    }

    bool begun_plainly(reading& now) {
        if constexpr (lanes == 1) {
            instant by = deadline_;
            if (!machine_->plain_begin(now, by) || (by != never && now.get() >= by))
                return false;
            if (now.known())
                begun_ = now.get();
            plain_ = plainly::begun;
            in_lane& l = lanes_[0];
            if (start(l, 0, by)) {
                reading then = read();
                if (arrive(*l.current, then))
                    follow(machine_->settled(then, 0, v_), then);
            }
            return true;
        } else {
            return false;
        }
    }

    // Of the attempt that began so: whether nothing else is left to do.
    [[nodiscard]] bool ended_plainly(reading& now) {
        if (!v_.ok() || stopping_ || asked().facts != nullptr || !machine_->plain_success(now) ||
            (deadline_ != never && now.get() >= deadline_))
            return false;
        machine_->plain_end();
        plain_ = plainly::ended;
        return over_ = true;
    }

    // Whether the machine is to be told.
    bool arrive(place_type& a, reading& now) {
        in_lane& l = lanes_[a.on];
        if (!a.arrived.filled()) {
            l.what = doing::lost; // there is its deadline still
            a.forget();
            return false;
        }
        l.what = doing::nothing;
        if (plain_ == plainly::begun) {
            v_ = this->judged(a);
            if (ended_plainly(now))
                return false;
            in_hand(0).adopt(std::move(*a.arrived));
        } else {
            v_ = in_hand(a.on).land(std::move(*a.arrived));
        }
        a.forget();
        if (!stopping_ || v_.ok())
            return true;
        finish_as(verdict::neutral(refusal::cancelled, v_.hint), now);
        return false;
    }

    // Does what the machine says until it has to wait for something.
    void follow(step s, reading& now) {
        plain_ = plainly::no;
        for (;;) {
            OUTLAST_ASSERT(s.on < lanes);
            won_ = s.on; // if it is the last word
            in_lane& l = lanes_[s.on];
            if (lanes > 1 && s.alone)
                abandon_all();
            else if (lanes > 1 && s.is_nothing())
                return;
            switch (s.what) {
            case action::call:
                if (s.callee != outlast::work) {
                    v_ = operate(*machine_, s.callee, now, in_hand(s.on));
                } else if (stopping_) {
                    return finish_as(verdict::neutral(refusal::cancelled, v_.hint), now);
                } else if (s.at != never && now.get() >= s.at) { // no work begins at its deadline
                    v_ = verdict::neutral(refusal::timed_out);
                } else {
                    in_hand(s.on).set_out();
                    if (!start(l, s.on, s.at))
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
        for (int nudges = 0; may_nudge() && nudges != most_nudges; ++nudges) {
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
        if (asked().facts != nullptr || (!v_.ok() && begun_ != never))
            elapsed_ = until(begun_, now.get());
        over_ = true;
        abandon_all();
    }

    void stop_by(cancellation type, reading& now) {
        stopping_ = true;
        bool goes_on = false;
        for (in_lane& l : lanes_)
            if (l.what == doing::calling && (type & cancellation::terminal) == cancellation::none) {
                goes_on = true;
                l.current->emit(type);
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
            abandon(l);
            in_hand(i).drop();
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

    // \return whether it has ended already
    bool start(in_lane& l, lane on, instant by) {
        place_type& a = self().place_for(l.own);
        a.prepare(on);
        if (lanes > 1)
            hold(a);
        l.what = doing::calling;
        l.at = by;
        l.current = &this->launch(a, by);
        if (!l.current->started())
            return false;
        self().handler_is_back();
        return true;
    }

    // What the machine wants held while work goes on. Of one lane it is still there when that is
    // given up; what decides several ends them all.
    void hold(place_type& a) {
        if constexpr (keeps_for_work<Machine>)
            a.kept.fill([&] { return machine_->keep(a.on); });
    }

    void abandon(in_lane& l) {
        const bool goes_on = l.what == doing::calling;
        l.what = doing::nothing;
        if (!goes_on)
            return;
        l.current->abandoned.fill([] { return counted_abandonment{}; });
        if (lanes == 1)
            hold(*l.current);
        l.current->emit(cancellation::all);
    }
    void abandon_all() {
        for (in_lane& l : lanes_)
            abandon(l);
    }

    instant deadline_ = never;
    instant begun_ = never;
    duration elapsed_{};
    bool woken_ = false;
    bool stopping_ = false;
    bool over_ = false;
    plainly plain_ = plainly::no;
    verdict v_{};
    in_lane lanes_[lanes]{};
    lane won_ = 0;            // whose value is the caller's
    slot<Machine> machine_{}; // while the caller waits
};

} // namespace outlast::detail

#endif // OUTLAST_ASIO_MACHINE_LOOP_HPP
