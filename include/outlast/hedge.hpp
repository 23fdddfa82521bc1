// SPDX-License-Identifier: BSL-1.0
#ifndef OUTLAST_HEDGE_HPP
#define OUTLAST_HEDGE_HPP

#include <outlast/atomic_word.hpp>
#include <outlast/error.hpp>
#include <outlast/guarded.hpp>
#include <outlast/hedge_options.hpp>
#include <outlast/latencies.hpp>
#include <outlast/machine.hpp>
#include <outlast/shared_word.hpp>

#include <array>
#include <cstdint>
#include <string_view>

namespace outlast {

/// What a hedge did in its whole life.
struct hedge_counts {
    std::uint64_t hedged = 0; ///< lanes started beside the first
    std::uint64_t won = 0;    ///< of these, the ones that gave the answer

    friend constexpr bool operator==(const hedge_counts&, const hedge_counts&) = default;
};

/// Runs a call that is slow a second time beside the first, and takes what answers first. For work
/// that may safely run several times at once, which its options have to say.
///
/// **Decides** from the time since the last lane was started, the verdicts, the budget, the
/// deadline. The first success is the answer. A failure starts the next lane at once; one that
/// `hedge_if` does not take is the answer at once. What is neutral (refused here) starts none, and
/// no lane begins after it: the next one would be refused too. If none succeeds, what the first lane
/// came to is the answer.
/// **Answers** *call* in lane 0; when it is nudged, or after a failure, *call* in the next lane;
/// *finish* in the lane whose value counts. The other lanes are then ended.
/// **Refusals** none of its own. Where the budget is spent, no lane is started, and the others go on.
/// **Time** a delay that would end at the deadline or later starts no lane; of what happens at one
/// instant, a result comes before a further lane. A percentile is one of calls that succeeded; one
/// that was cut off counts as one that takes at least that long, what failed not at all. Until
/// enough are known, only failures start lanes.
/// **Sharing** one hedge for all calls to one dependency, if it is to learn: pass it by `std::ref`.
/// What it learns is under `Lock`. Each lane has policies of its own inside, as far as they are of a
/// call: a breaker inside sees every lane.
/// **Cost** each call has room for 4 lanes; two looks at the clock; a percentile: the lock once for
/// each success, and a few hundred bytes moved. No allocation. Not for the blocking driver, which
/// has one thread.
/// **Example** (`outlast::hedge` is this with a mutex: threads.hpp. Included by itself, not by
/// outlast.hpp)
///
///     outlast::hedge twice{{.idempotent = true, .delay = 50ms}};
///     outlast::pipeline p{std::ref(twice)};
///     outlast::simulation sim;
///     auto& c = sim.call(p, [&](outlast::call& self) {
///         sim.spend(self.attempt() == 1 ? 9s : 20ms);
///         return self.attempt();
///     });
///     sim.run();
///     std::cout << c.result().value() << " after " << c.finished_at().time_since_epoch() / 1ms;
///     // 2 after 70
template <class Lock = no_lock>
class basic_hedge {
public:
    class run;
    static constexpr label kind = "hedge";
    static constexpr duty does = duty::races;

    constexpr explicit basic_hedge(const hedge_options& options)
        : options_((require_valid(options.problem()), options)),
          delay_(options.delay.is_learnt() ? unknown : options.delay.fixed.count()) {}

    [[nodiscard]] constexpr run start() noexcept { return run{*this}; }
    [[nodiscard]] constexpr const hedge_options& options() const noexcept { return options_; }
    [[nodiscard]] constexpr hedge_counts counts() const noexcept {
        return {hedged_.load(), won_.load()};
    }
    /// The delay that holds now; `no_limit` as long as a percentile is not known.
    [[nodiscard]] constexpr duration delay() const noexcept { return duration{delay_.load()}; }

    /// See worst_case.hpp: the next lane begins when one fails, or after the delay.
    template <class Inner>
    [[nodiscard]] constexpr auto worst_case(duration within, const Inner& inner) const {
        auto all = inner(within);
        const hedge_delay& d = options_.delay;
        const duration pause = shorter(all.latency, d.is_learnt() ? no_limit : d.fixed);
        const duration one = all.latency;
        all = all.times(options_.max_lanes);
        all.latency = one;
        return all.after(scaled(pause, options_.max_lanes - 1, 1));
    }

private:
    static constexpr duration::rep unknown = no_limit.count();
    static constexpr auto one_more = [](std::uint64_t& n) { return ++n, true; };

    constexpr void learn(duration took, bool cut_off) {
        const hedge_delay& d = options_.delay;
        if (!d.is_learnt())
            return;
        known_.with([&](latencies& known) {
            known.add(took, cut_off);
            if (known.count() >= d.samples)
                delay_.store(longer(d.least, shorter(d.most, known.percentile(d.share))).count());
        });
    }

    hedge_options options_;
    shared_word<duration::rep, Lock> delay_;
    guarded<latencies, Lock> known_{};
    atomic_word<std::uint64_t, Lock> hedged_{};
    atomic_word<std::uint64_t, Lock> won_{};
};

template <class Lock>
class basic_hedge<Lock>::run : public pass_through {
public:
    static constexpr lane lanes = 4;

    constexpr explicit run(basic_hedge& shared) noexcept : shared_(&shared) {}

    constexpr step begin(reading& now, instant by, verdict&) {
        by_ = by;
        begun_ = now.get();
        first_ = {};
        begun_lanes_ = 0;
        abandoned();
        refused_ = false;
        if (outlast::budget* const b = options().budget)
            if (b->counts_running() && !options().budget_is_told)
                lanes_[0].seat.take(*b);
        return start(now.get());
    }

    constexpr step settled(reading& now, lane on, verdict& v) {
        lanes_[on].running = false;
        settle_account(on, v);
        if (on == 0)
            first_ = v;
        if (v.ok() || v.why == refusal::cancelled || is_final(v))
            return end(now.get(), on, v);
        if (v.kind == verdict_kind::expired)
            shared_->learn(until(lanes_[on].since, now.get()), true);
        refused_ = refused_ || !v.failed();
        if (const step s = another(now.get(), "failure"); !s.is_nothing())
            return s;
        if (running())
            return step::nothing();
        v = first_;
        abandoned();
        return step::finish();
    }

    constexpr void abandoned() noexcept {
        for (in_lane& l : lanes_) {
            l.running = false;
            l.seat.leave();
        }
    }

    constexpr instant prolong(lane, instant by) noexcept { return by_ = by; }

    /// Only what failed may leave nothing to wait for.
    constexpr instant nudge() const noexcept { return running() ? next_ : never; }

    constexpr step nudged(reading& now, verdict&) {
        return now.get() < next_ ? step::nothing() : another(now.get(), "delay");
    }

private:
    struct in_lane {
        instant since{};
        bool running = false;
        outlast::budget::seat seat{}; // the first one's is the call's
    };

    [[nodiscard]] constexpr const hedge_options& options() const noexcept {
        return shared_->options_;
    }

    [[nodiscard]] constexpr bool running() const noexcept {
        for (const in_lane& l : lanes_)
            if (l.running)
                return true;
        return false;
    }

    [[nodiscard]] constexpr bool is_final(const verdict& v) const {
        return v.failed() && options().hedge_if && !options().hedge_if(v);
    }

    // The budget counts what was sent. Whether a cancelled lane was, nobody knows.
    constexpr void settle_account(lane on, const verdict& v) noexcept {
        outlast::budget* const budget = options().budget;
        if (budget == nullptr)
            return;
        const bool refused = v.kind == verdict_kind::neutral && v.why != refusal::none &&
                             v.why != refusal::cancelled && v.why != refusal::timed_out;
        lanes_[on].seat.settle(!refused);
        if (options().budget_is_told)
            return;
        if (v.ok())
            budget->succeeded();
        else if (v.failed())
            budget->failed();
    }

    constexpr step start(instant now) {
        const lane l = begun_lanes_++;
        lanes_[l].since = now;
        lanes_[l].running = true;
        const instant due = after(now, shared_->delay());
        next_ = begun_lanes_ != options().max_lanes && due < by_ ? due : never;
        return step::call(work, by_).in(l);
    }

    // Starts the next lane, if there is to be one.
    constexpr step another(instant now, std::string_view why) {
        next_ = never;
        if (begun_lanes_ == options().max_lanes || refused_ || now >= by_)
            return step::nothing();
        if (options().budget != nullptr && !lanes_[begun_lanes_].seat.pay(*options().budget, now))
            return step::nothing();
        shared_->hedged_.change(one_more);
        if (options().events)
            options().events({.what = event_kind::hedged,
                              .policy = "hedge",
                              .name = options().name,
                              .tags = options().tags,
                              .attempt = begun_lanes_ + 1U,
                              .span = until(begun_, now),
                              .why = why});
        return start(now);
    }

    // This lane has the answer. The others would have taken longer than they did.
    constexpr step end(instant now, lane on, const verdict& v) {
        if (v.ok()) {
            shared_->learn(until(lanes_[on].since, now), false);
            if (on != 0)
                shared_->won_.change(one_more);
        }
        for (const in_lane& l : lanes_)
            if (l.running)
                shared_->learn(until(l.since, now), true);
        abandoned();
        return step::finish().in(on);
    }

    basic_hedge* shared_;
    instant by_ = never;
    instant begun_{};
    instant next_ = never; // when another lane is due
    verdict first_{};      // what lane 0 came to
    std::array<in_lane, lanes> lanes_{};
    lane begun_lanes_ = 0;
    bool refused_ = false; // one of them, on this side of the wire
};

} // namespace outlast

#endif // OUTLAST_HEDGE_HPP
