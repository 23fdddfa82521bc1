// SPDX-License-Identifier: BSL-1.0
//
// Virtual time: machines driven by a script, any number at once, on one thread, repeatable.
#ifndef OUTLAST_WORLD_HPP
#define OUTLAST_WORLD_HPP

#include <outlast/config.hpp>
#include <outlast/machine.hpp>
#include <outlast/random.hpp>

#include <array>
#include <cstddef>
#include <utility>
#include <vector>

#if OUTLAST_EXCEPTIONS
#include <stdexcept> // std::logic_error
#else
#include <cstdlib> // std::abort
#endif

namespace outlast {

/// What one attempt of a scripted call comes to, and how long it takes. Still running at its
/// deadline it is told to stop, and does.
struct scripted {
    verdict outcome{};
    duration takes{}; ///< `forever`: hangs until it is told to stop
};

/// A step, when it was answered, and of *finish* the verdict.
struct traced {
    instant at{};
    step what{};
    verdict outcome{};
    friend constexpr bool operator==(const traced&, const traced&) = default;
};

class world;

/// One call in a simulation. Belongs to the simulation.
class simulated : public waker {
public:
    [[nodiscard]] constexpr bool done() const noexcept { return done_; }
    /// When it was over. \pre done()
    [[nodiscard]] constexpr instant finished_at() const noexcept { return due_; }
    /// What it came to. \pre done()
    [[nodiscard]] constexpr const verdict& outcome() const noexcept { return outcome_; }
    /// Every step that its machine answered.
    [[nodiscard]] constexpr const std::vector<traced>& trace() const noexcept { return trace_; }
    /// Runs of the work.
    [[nodiscard]] constexpr std::uint32_t attempts() const noexcept { return attempts_; }
    /// The caller asks to stop: at this instant, whatever is under way.
    constexpr void cancel();

    constexpr virtual ~simulated() = default;

protected:
    constexpr explicit simulated(world& w) noexcept : world_(w) {}

private:
    friend class world;
    template <class Machine, class Work>
    friend class simulated_run;

    constexpr virtual void happen() = 0; // what was due has come
    constexpr virtual void stop(const verdict& v) = 0;

    world& world_;
    instant due_ = never;   // when something happens to it next
    std::size_t order_ = 0; // of two that are due at once, who was told so first
    bool done_ = false;
    verdict outcome_{};
    std::uint32_t attempts_ = 0;
    std::vector<traced> trace_{};
};

/// A world with its own time, which stands still while anything runs and moves only by `advance`
/// and `run`. The same seed and the same calls give the same history. Policies outlive it.
///
/// A call that can never end ("nothing left to happen") is an error: `run` throws, and a constant
/// expression does not compile.
class world {
public:
    constexpr explicit world(std::uint64_t seed = 1) : chance_(seed) {}
    world(const world&) = delete;
    world& operator=(const world&) = delete;
    constexpr ~world() {
        for (const simulated* c : calls_)
            delete c;
        for (const action_at* a : actions_)
            delete a;
    }

    [[nodiscard]] constexpr instant time() const noexcept { return now_; }
    /// The world's own source of chance, for scripts.
    [[nodiscard]] constexpr random& chance() noexcept { return chance_; }

    /// Starts a call whose attempts are scripted, now: `script(attempt, deadline)` gives a
    /// `scripted`. Needs no value, so it works in constant expressions. (What keeps values, a cache,
    /// does not compile here.)
    template <class Policies, class Script>
    constexpr simulated& play(Policies& policies, Script script, instant deadline = never);

    /// Said by a callable: what I do takes so long. `forever`: until I am told to stop.
    constexpr void spend(duration span) noexcept {
        spent_ = spent_ > forever - span ? forever : spent_ + span;
    }

    /// Does something at a later instant, before whatever else happens then.
    template <class F>
    constexpr void at(instant when, F what) {
        actions_.push_back(new action_of<F>{when, std::move(what)});
    }

    /// Lets time pass. What is due at the target instant happens.
    constexpr void advance(duration span) {
        const instant target = after(now_, span);
        while (next_due() <= target)
            happen_next();
        now_ = target;
    }

    /// Lets time pass until every call is over.
    constexpr void run() {
        while (running() != 0) {
            if (next_due() == never)
                stuck();
            happen_next();
        }
    }

    /// How many calls are not over.
    [[nodiscard]] constexpr std::size_t running() const noexcept {
        std::size_t n = 0;
        for (const simulated* c : calls_)
            n += !c->done();
        return n;
    }

protected:
    template <class Call>
    constexpr Call& adopt(Call* c) {
        calls_.push_back(c);
        c->start();
        return *c;
    }

private:
    friend class simulated;
    template <class Machine, class Work>
    friend class simulated_run;

    struct action_at {
        instant when{};
        constexpr explicit action_at(instant w) : when(w) {}
        constexpr virtual void go() = 0;
        constexpr virtual ~action_at() = default;
    };
    template <class F>
    struct action_of final : action_at {
        F what;
        constexpr action_of(instant w, F f) : action_at(w), what(std::move(f)) {}
        constexpr ~action_of() override {} // GCC 12, as below
        constexpr void go() override { what(); }
    };

    [[nodiscard]] constexpr instant next_due() const noexcept {
        instant first = never;
        for (const simulated* c : calls_)
            if (!c->done())
                first = earlier(first, c->due_);
        for (const action_at* a : actions_)
            first = earlier(first, a->when);
        return first;
    }

    constexpr void happen_next() {
        if (++happened_ > most_events)
            stuck();
        now_ = later(now_, next_due());
        for (std::size_t i = 0; i != actions_.size(); ++i)
            if (actions_[i]->when <= now_) {
                action_at* const a = actions_[i];
                actions_.erase(actions_.begin() + static_cast<std::ptrdiff_t>(i));
                a->go();
                delete a;
                return;
            }
        simulated* next = nullptr;
        for (simulated* c : calls_)
            if (!c->done() && c->due_ <= now_ && (next == nullptr || c->order_ < next->order_))
                next = c;
        if (next != nullptr)
            next->happen();
    }

    [[noreturn]] static void stuck() {
#if OUTLAST_EXCEPTIONS
        throw std::logic_error("outlast: calls are waiting for something, but nothing "
                               "more will happen (or it happens for ever)");
#else
        std::abort();
#endif
    }

    constexpr void due(simulated& c, instant when) noexcept {
        c.due_ = when;
        c.order_ = ++orders_;
    }

    static constexpr std::size_t most_events = 10'000'000;

    instant now_{};
    random chance_;
    duration spent_{};
    std::size_t orders_ = 0;
    std::size_t happened_ = 0;
    std::vector<simulated*> calls_{};
    std::vector<action_at*> actions_{};
};

constexpr void simulated::cancel() {
    if (!done_)
        stop(verdict::neutral(refusal::cancelled));
}

/// The loop of this driver. `Work` knows what an attempt is: it starts one in a lane, and can be told
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
        follow(machine_.begin(now, deadline_, in_hand_));
    }

    constexpr void wake() noexcept override {
        bool parked = false;
        for (in_lane& l : lanes_) {
            l.woken = true;
            parked = parked || l.under_way.what == action::park;
        }
        if (parked && !done_)
            world_.due(*this, world_.now_);
    }

private:
    static constexpr lane count = lanes_of<Machine>;

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
                if (done_)
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
                if (deadline_ <= world_.now_) {
                    const duration hint = in_hand_.hint;
                    in_hand_ = verdict::expired();
                    in_hand_.hint = hint;
                }
                return over(in_hand_);
            }
        }
    }

    constexpr void stop(const verdict& v) override {
        end_lanes();
        over(v);
    }

    constexpr void over(const verdict& v) {
        done_ = true;
        outcome_ = v;
        due_ = world_.now_;
        work_.conclude(last_, v, machine_, until(begun_, world_.now_));
        machine_.abandoned(); // what it held is free from here on, not when the world ends
    }

    instant deadline_;
    instant begun_{};
    Machine machine_;
    Work work_;
    std::array<in_lane, count> lanes_{};
    lane last_ = 0; // that settled: where the value is
    verdict in_hand_{};
};

namespace detail {

/// What the operations of policies are given where there is no value: as much of `hand` as those
/// need that can do without.
class empty_hand {
public:
    constexpr explicit empty_hand(waker& w) noexcept : waiter_(w) {}
    [[nodiscard]] constexpr waker& waiter() noexcept { return waiter_; }
    template <class Answer>
    constexpr verdict replace(Answer&, const verdict&) noexcept {
        return verdict::success();
    }

private:
    waker& waiter_;
};

/// Attempts that are a script: no value, and of the operations of policies those that need none.
template <class Script>
struct scripted_work {
    Script script;
    waker& waiter;
    constexpr scripted_work(Script s, waker& w) : script(std::move(s)), waiter(w) {}
    constexpr scripted attempt(lane, std::uint32_t n, instant by, instant) { return script(n, by); }
    constexpr void cut(lane) noexcept {}
    template <class Machine>
    constexpr verdict operate(Machine& machine, lane, operation what, reading& now) {
        if constexpr (Machine::operations > 0) {
            empty_hand none{waiter};
            return machine.act(what, now, none);
        } else {
            return verdict::success();
        }
    }
    template <class Machine>
    constexpr void conclude(lane, const verdict&, const Machine&, duration) noexcept {}
};

} // namespace detail

template <class Policies, class Script>
constexpr simulated& world::play(Policies& policies, Script script, instant deadline) {
    using machine = decltype(policies.start());
    using call_type = simulated_run<machine, detail::scripted_work<Script>>;
    return adopt(new call_type(*this, deadline, policies.start(), std::move(script)));
}

} // namespace outlast

#endif // OUTLAST_WORLD_HPP
