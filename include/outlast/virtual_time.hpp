// SPDX-License-Identifier: BSL-1.0
//
// A world with its own time, and the calls in it.
#ifndef OUTLAST_VIRTUAL_TIME_HPP
#define OUTLAST_VIRTUAL_TIME_HPP

#include <outlast/config.hpp>
#include <outlast/random.hpp>
#include <outlast/step.hpp>

#include <cstddef>
#include <cstdint>
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
    [[nodiscard]] constexpr instant finished_at() const noexcept { return finished_; }
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

    [[nodiscard]] constexpr bool active() const noexcept { return !done_ || goes_on_; }
    constexpr virtual void happen() = 0; // what was due has come
    constexpr virtual void stop(const verdict& v) = 0;

    world& world_;
    instant due_ = never;   // when something happens to it next
    std::size_t order_ = 0; // of two that are due at once, who was told so first
    bool done_ = false;
    bool goes_on_ = false; // done, but for what goes on without the caller
    instant finished_{};
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

    /// Calls that begin from now on are driven as by Asio, which can go on without a caller: see
    /// `outlives_caller`. Until then as on a thread, which cannot.
    constexpr void outlive_callers() noexcept { stays_ = true; }

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
        while (next_due() <= target && next_due() != never)
            happen_next();
        now_ = target;
    }

    /// Lets time pass until every call is over, and what goes on without its caller.
    constexpr void run() {
        while (running() != 0) {
            if (next_due() == never)
                stuck();
            happen_next();
        }
    }

    /// How many calls are not over, or go on without their caller.
    [[nodiscard]] constexpr std::size_t running() const noexcept {
        std::size_t n = 0;
        for (const simulated* c : calls_)
            n += c->active();
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
            if (c->active())
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
            if (c->active() && c->due_ <= now_ && (next == nullptr || c->order_ < next->order_))
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
    bool stays_ = false;
    std::size_t orders_ = 0;
    std::size_t happened_ = 0;
    std::vector<simulated*> calls_{};
    std::vector<action_at*> actions_{};
};

constexpr void simulated::cancel() {
    if (!done_)
        stop(verdict::neutral(refusal::cancelled));
}

} // namespace outlast

#endif // OUTLAST_VIRTUAL_TIME_HPP
