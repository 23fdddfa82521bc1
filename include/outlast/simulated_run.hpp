// SPDX-License-Identifier: BSL-1.0
//
// The loop of the simulation driver.
#ifndef OUTLAST_SIMULATED_RUN_HPP
#define OUTLAST_SIMULATED_RUN_HPP

#include <outlast/machine.hpp>
#include <outlast/virtual_time.hpp>

#include <array>
#include <utility>

namespace outlast {

/// One call: does what its machine says, in virtual time. `Work` knows what an attempt is: it starts one in a lane, and can be told
/// that the attempt there was cut off.
template <class Machine, class Work>
class simulated_run : public simulated {
public:
    template <class... W>
    constexpr simulated_run(world& home, instant deadline, Machine machine, W&&... w)
        : simulated(home),
          deadline_(deadline),
          machine_(std::move(machine)),
          work_(std::forward<W>(w)..., static_cast<waker&>(*this)) {}
    constexpr ~simulated_run() override {} // GCC 12 finds no defaulted one in a constant expression

    [[nodiscard]] constexpr Work& work() noexcept { return work_; }
    [[nodiscard]] constexpr const Machine& machine() const noexcept { return machine_; }

    constexpr void start() {
        begun_ = world_.now_;
        if (deadline_ <= world_.now_)
            return over(verdict::expired());
        reading now{world_.now_};
        follow(machine_.begin(now, terms{deadline_, false, stays && world_.stays_}, in_hand_));
    }

    constexpr void wake() noexcept override {
        bool parked = false;
        for (in_lane& l : lanes_) {
            l.woken = true;
            parked = parked || l.under_way.what == action::park;
        }
        if (parked && active())
            world_.due(*this, world_.now_);
    }

private:
    static constexpr lane count = lanes_of<Machine>;
    static constexpr bool stays = outlives_caller<Machine>;

    struct in_lane {
        step under_way{}; // *finish*: nothing is
        instant ends = never;
        verdict pending{}; // of the attempt that is under way
        bool woken = false;

        [[nodiscard]] constexpr bool calls() const noexcept {
            return under_way.what == action::call;
        }
        // When something happens here.
        [[nodiscard]] constexpr instant due(instant now) const noexcept {
            switch (under_way.what) {
            case action::call:
                return earlier(ends, under_way.at);
            case action::park:
                return woken ? now : under_way.at;
            case action::wait:
                return under_way.at;
            case action::finish:
                break;
            }
            return never;
        }
    };

    constexpr void happen() override {
        reading now{world_.now_};
        if (!done_ && deadline_ <= world_.now_ && leave(verdict::expired()))
            return;
        for (lane l = 0; l != count; ++l)
            if (lanes_[l].due(world_.now_) <= world_.now_)
                return tell(now, l);
        // Asked again while attempts go on: they may be finished with, else they go on.
        const step s = machine_.nudged(now, in_hand_);
        if (count == 1 ? s.what != action::finish : s.is_nothing() && !s.alone)
            return go_on();
        follow(s);
    }

    constexpr void tell(reading& now, lane on) {
        in_lane& l = lanes_[on];
        if (!l.calls()) {
            l.under_way = {};
            l.woken = false;
            return follow(machine_.woke(now, on, in_hand_));
        }
        // A result that arrives at the deadline is handed in: whose deadline it is decides.
        const bool cut = world_.now_ < l.ends;
        if (cut)
            work_.cut(on);
        in_hand_ = cut ? verdict::expired() : l.pending;
        follow(settle(now, on));
    }

    constexpr step settle(reading& now, lane on) {
        lanes_[on].under_way = {};
        last_ = on;
        return machine_.settled(now, on, in_hand_);
    }

    // Until the next thing happens in some lane, or the machine wants to be asked.
    constexpr void go_on() noexcept {
        instant next = never;
        bool calls = false;
        for (const in_lane& l : lanes_) {
            next = earlier(next, l.due(world_.now_));
            calls = calls || l.calls();
        }
        if (calls || count > 1)
            next = earlier(next, later(machine_.nudge(), world_.now_));
        world_.due(*this, next);
    }

    constexpr void end_lanes() noexcept {
        for (lane l = 0; l != count; ++l) {
            if (lanes_[l].calls())
                work_.cut(l);
            lanes_[l].under_way = {};
        }
    }

    constexpr void follow(step s) {
        for (;;) {
            if (s.alone || s.what == action::finish)
                end_lanes();
            if (count > 1 && s.is_nothing())
                return go_on();
            trace_.push_back({world_.now_, s, s.what == action::finish ? in_hand_ : verdict{}});
            in_lane& l = lanes_[s.on];
            l.under_way = s;
            switch (s.what) {
            case action::call: {
                reading now{world_.now_};
                if (s.callee != outlast::work) {
                    in_hand_ = work_.operate(machine_, s.on, s.callee, now);
                    s = settle(now, s.on);
                    continue;
                }
                if (s.at <= world_.now_) { // no work begins at its deadline
                    in_hand_ = verdict::neutral(refusal::timed_out);
                    s = settle(now, s.on);
                    continue;
                }
                ++attempts_;
                world_.spent_ = {};
                l.ends = never;
                const scripted attempt = work_.attempt(s.on, attempts_, s.at, world_.now_);
                if (!active())
                    return; // it was cancelled from within
                l.pending = attempt.outcome;
                l.ends = after(world_.now_, longer(attempt.takes, world_.spent_));
                if (l.ends > world_.now_)
                    return go_on();
                in_hand_ = l.pending;
                s = settle(now, s.on);
                continue;
            }
            case action::wait:
            case action::park:
                return go_on();
            case action::finish:
                last_ = s.on;
                if (!done_ && deadline_ <= world_.now_) {
                    const duration hint = in_hand_.hint;
                    in_hand_ = verdict::expired();
                    in_hand_.hint = hint;
                }
                return over(in_hand_);
            }
        }
    }

    constexpr void stop(const verdict& v) override {
        if (leave(v))
            return;
        end_lanes();
        over(v);
    }

    // The caller leaves with this answer; true: others have what is under way.
    constexpr bool leave(const verdict& v) {
        if constexpr (stays) {
            reading now{world_.now_};
            if (!machine_.leave(now))
                return false;
            answer(v);
            goes_on_ = true;
            for (lane l = 0; l != count; ++l)
                if (lanes_[l].calls())
                    lanes_[l].under_way.at = machine_.over_by(l);
            go_on();
            return true;
        }
        return false;
    }

    constexpr void over(const verdict& v) {
        if (!done_) {
            answer(v);
            if constexpr (stays)
                if (machine_.has_more()) {
                    goes_on_ = true;
                    reading now{world_.now_};
                    return follow(machine_.go_on(now, in_hand_));
                }
        }
        goes_on_ = false;
        machine_.abandoned(); // what it held is free from here on, not when the world ends
    }

    constexpr void answer(const verdict& v) {
        done_ = true;
        outcome_ = v;
        finished_ = world_.now_;
        deadline_ = never;
        work_.conclude(last_, v, machine_, until(begun_, world_.now_));
    }

    instant deadline_;
    instant begun_{};
    Machine machine_;
    Work work_;
    std::array<in_lane, count> lanes_{};
    lane last_ = 0; // that settled: where the value is
    verdict in_hand_{};
};

} // namespace outlast

#endif // OUTLAST_SIMULATED_RUN_HPP
