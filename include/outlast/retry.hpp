// SPDX-License-Identifier: BSL-1.0
#ifndef OUTLAST_RETRY_HPP
#define OUTLAST_RETRY_HPP

#include <outlast/backoff.hpp>
#include <outlast/budget.hpp>
#include <outlast/callback.hpp>
#include <outlast/counts.hpp>
#include <outlast/error.hpp>
#include <outlast/event.hpp>
#include <outlast/machine.hpp>
#include <outlast/random.hpp>

#include <concepts>
#include <cstddef>
#include <string_view>

namespace outlast {

/// What an attempt came to, and which one it was.
struct attempted : verdict {
    std::uint32_t attempt = 1; ///< the first is 1
};

/// Whether to repeat an attempt, and when: `false`; `true`, after the backoff's delay; or a delay
/// of its own, which is cut to the backoff's cap (a negative one is no opinion: the backoff's).
class again {
public:
    constexpr again(std::same_as<bool> auto yes) noexcept : yes_(yes) {}
    template <class Rep, class Period>
    constexpr again(std::chrono::duration<Rep, Period> after) noexcept
        : yes_(true), after_(after) {}

    [[nodiscard]] constexpr bool yes() const noexcept { return yes_; }
    [[nodiscard]] constexpr duration after() const noexcept { return after_; }

private:
    bool yes_;
    duration after_{-1};
};

/// A callable of yours that says `again`, as an option: see `callback`.
class retry_rule : public callback<again(const attempted&)> {
public:
    constexpr retry_rule() noexcept = default;
    template <class F>
        requires(!std::same_as<std::remove_cvref_t<F>, retry_rule> &&
                 std::is_invocable_r_v<again, F&, const attempted&>)
    constexpr retry_rule(F&& f) noexcept
        : callback(std::forward<F>(f)),
          delays_(!std::same_as<std::invoke_result_t<F&, const attempted&>, bool>) {}

    /// Whether it may choose a delay of its own.
    [[nodiscard]] constexpr bool delays() const noexcept { return delays_; }

private:
    bool delays_ = false;
};

struct retry_options {
    /// Runs of the callable in total, the first included. 1 or more; 1 never repeats.
    std::uint32_t max_attempts = 3;
    /// The delays between attempts. Default: exponential from 100 ms, ×2, full jitter, 10 s at
    /// most.
    outlast::backoff backoff = exponential(std::chrono::milliseconds{100})
                                   .with(jitter::full)
                                   .capped(std::chrono::seconds{10});
    /// From the first attempt on: none starts so late or later. Cuts no attempt. Default: no limit.
    duration max_duration = no_limit;
    /// The time from which an attempt is of use: none is started with less left. Default 0.
    duration least_attempt{};
    /// What a Retry-After hint counts for at most. Default 2 min.
    duration hint_cap = std::chrono::minutes{2};
    /// Which failures are repeated, and when. Asked only about a failure or an attempt's timeout;
    /// may take a `const verdict&` alone and give a bool. Default: all, as the backoff says.
    retry_rule retry_if{};
    /// Whether a refusal that says when to come back (an open breaker inside) is waited for.
    bool retry_refusals = false;
    /// Whether a value that was judged bad (see `judged`) is an error once it is final: `exhausted`,
    /// which keeps it as `failure::last_value`. Default: it is returned as it is.
    bool exhaustion_fails = false;
    /// What repeats cost, and whether there are any left. Outlives the policy. Default: none.
    outlast::budget* budget = nullptr;
    /// Of the jitter: the same seed gives the same delays. Default 0: one of its own a policy.
    std::uint64_t seed = 0;
    label name = "retry";
    label tags{};
    /// `retrying` for each repeat, `gave_up` where a failure is final, with the reason.
    sink events{};
    /// Where it counts what it does (see counts.hpp). Outlives the policy. Default: nowhere.
    retry_counts* counts = nullptr;

    /// What is wrong with these options, as a sentence; null if nothing is.
    [[nodiscard]] constexpr const char* problem() const noexcept {
        if (max_attempts == 0)
            return "retry: max_attempts counts the first attempt too: 1 or more";
        if (!backoff.valid())
            return "retry: a delay is negative, the growth factor is less than 1 or no number, the "
                   "spread is no share, or a decorrelated or smooth series is told to grow as well";
        if (max_duration < duration::zero() || least_attempt < duration::zero() ||
            hint_cap < duration::zero())
            return "retry: max_duration, least_attempt and hint_cap are lengths of time: not "
                   "negative";
        return nullptr;
    }

    /// Every option, for `describe`.
    template <class F>
    constexpr void each(F&& f) const {
        f("max_attempts", max_attempts);
        f("backoff", backoff);
        f("least_attempt", least_attempt);
        f("max_duration", max_duration);
        f("hint_cap", hint_cap);
        f("retry_if", retry_if, "all");
        f("retry_refusals", retry_refusals);
        f("exhaustion_fails", exhaustion_fails);
        f("budget", budget);
        f("seed", seed, std::uint64_t{0}, "its own");
        f("name", name);
        f("tags", tags);
        f("events", events, "told to nobody");
        f("counts", counts);
    }
};

/// Runs the callable again after a failure, up to a number of attempts.
///
/// **Decides** from the verdict, the number of attempts made, the hint, the deadline, the budget.
/// Repeats a failure and an attempt's own timeout; never a success, never what is neutral (refused
/// here, cancelled) unless `retry_refusals` and the refusal says when to come back.
/// **Answers** *call* at once; after a failure *wait* for max(delay, hint), then *call*; *finish*
/// with the last verdict when it stops. A wait that leaves less than `least_attempt` before the
/// deadline is not begun: the failure is handed up at once, with its hint.
/// **Refusals** `exhausted`, with `exhaustion_fails`, else none of its own; `report::why_stopped` and the event say why it gave up.
/// **Time** looks at it only after a failure, and at the beginning if there is a `max_duration`.
/// Waits are never early. A hint starts the series of delays anew; a negative one means: do not try
/// again.
/// **Sharing** the options, the random source and the budget, which threads may share. The budget
/// is asked before a wait and charged after it, as the repeat begins, so that a call dropped while
/// it waits holds nothing; what the policies inside refuse to send costs nothing. `events` is called
/// under no lock.
/// **Cost** no allocation, no lock; success reads no clock and writes nothing shared but a budget.
/// **Example**
///
///     outlast::pipeline p{outlast::retry{{.max_attempts = 3}}};
///     int n = 0;
///     outlast::result<int> r = p([&]() -> outlast::result<int> {
///         if (++n < 3) return std::make_error_code(std::errc::connection_refused);
///         return n;
///     });
///     std::cout << r.value();   // 3
class retry {
public:
    class run;
    static constexpr label kind = "retry";
    static constexpr duty does = duty::repeats;

    constexpr explicit retry(const retry_options& options = {})
        : options_((require_valid(options.problem()), options)),
          random_(options.seed != 0 ? options.seed : own_seed),
          only_counts_(counts_only(options)) {}

    [[nodiscard]] constexpr run start() noexcept;
    [[nodiscard]] constexpr const retry_options& options() const noexcept { return options_; }

    /// See worst_case.hpp.
    template <class Inner>
    [[nodiscard]] constexpr auto worst_case(duration within, const Inner& inner) const {
        const std::uint32_t n = attempts_within(within);
        duration waits = options_.backoff.longest(n - 1, options_.hint_cap);
        if (options_.retry_if.delays())
            waits = longer(waits, scaled(options_.backoff.cap, n - 1, 1));
        return inner(within).times(n).after(waits);
    }

private:
    // As many as can begin when each fails at once and every delay is as short as it may be.
    constexpr std::uint32_t attempts_within(duration within) const noexcept {
        const duration pause =
            options_.retry_if.delays() ? duration::zero() : options_.backoff.shortest();
        if (within == forever || pause == duration::zero())
            return options_.max_attempts;
        const duration room = within - options_.least_attempt;
        const auto more = room > duration::zero() ? (room - duration{1}) / pause : 0;
        return more < options_.max_attempts ? static_cast<std::uint32_t>(more) + 1
                                            : options_.max_attempts;
    }

    // Whether a failure is repeated at once, unless it says otherwise, as long as there are attempts.
    static constexpr bool counts_only(const retry_options& o) noexcept {
        return o.budget == nullptr && !o.retry_if && o.max_duration == no_limit && !o.events &&
               o.counts == nullptr &&
               o.backoff.longest(o.max_attempts - 1, duration::zero()) == duration::zero();
    }

    retry_options options_;
    random random_;
    bool only_counts_;
};

class retry::run : public pass_through {
public:
    OUTLAST_INLINE constexpr explicit run(retry& shared) noexcept : shared_(&shared) {}
    OUTLAST_INLINE constexpr run(run&& other) noexcept = default;
    OUTLAST_INLINE constexpr ~run() = default;

    constexpr step begin(reading& now, instant by, verdict&) {
        seat_.leave();
        if (!plain_begin(now, by))
            seat_.take(*options().budget);
        return step::call(work, by_);
    }

    OUTLAST_INLINE constexpr step settled(reading& now, lane, verdict& v) {
        // As `not_good` would, without the questions that nobody asked.
        if (shared_->only_counts_ && v.kind == verdict_kind::failure && !v.has_hint() &&
            by_ == never && made_ < options().max_attempts) {
            ++made_;
            return step::call(work, by_);
        }
        return v.ok() ? good(v) : not_good(now, v);
    }

    OUTLAST_INLINE constexpr bool plain_begin(const reading& now, instant& by) {
        by_ = by;
        // Of a copy: whoever asks after it need not find out whether the time is known.
        if (options().max_duration != no_limit) [[unlikely]]
            begun_ = reading{now}.get();
        series_.given = 0;
        made_ = 1;
        stopped_ = stopped::none;
        sent_ = false;
        return options().budget == nullptr || !options().budget->counts_running();
    }
    OUTLAST_INLINE constexpr bool plain_success(reading&) const noexcept { return true; }
    OUTLAST_INLINE constexpr void plain_end() noexcept {
        if (outlast::budget* const shared = options().budget) [[unlikely]]
            shared->succeeded();
    }

    OUTLAST_INLINE constexpr bool passes_refusals() noexcept {
        stopped_ = stopped::not_retryable;
        return !options().retry_refusals && !options().events && options().counts == nullptr;
    }

    constexpr step woke(reading& now, lane, verdict& v) {
        const stopped why = too_late(now, duration::zero());
        return why == stopped::none ? next(now, v) : stop(why, v);
    }

    constexpr void abandoned() noexcept { seat_.leave(); }
    constexpr instant prolong(lane, instant by) noexcept { return by_ = by; }

    OUTLAST_INLINE constexpr void explain(failure_facts& facts) const noexcept {
        if (stopped_ != stopped::none)
            facts.why_stopped = stopped_;
    }

private:
    [[nodiscard]] constexpr const retry_options& options() const noexcept {
        return shared_->options_;
    }

    OUTLAST_COLD constexpr step good(const verdict& v) {
        if (options().budget != nullptr) [[unlikely]]
            settle_account(v);
        if (made_ > 1 && options().counts != nullptr) [[unlikely]]
            options().counts->recovered.add();
        plain_end();
        seat_.leave();
        return step::finish();
    }

    OUTLAST_COLD constexpr step not_good(reading& now, verdict& v) {
        outlast::budget* const budget = options().budget;
        if (budget != nullptr) [[unlikely]]
            settle_account(v);
        again choice = true;
        if (v.kind != verdict_kind::failure || options().retry_if) [[unlikely]]
            if (const stopped why = against(now, v, choice); why != stopped::none)
                return stop(why, v);
        if (budget != nullptr && v.failed()) [[unlikely]]
            budget->failed();
        if (v.has_hint() && v.hint < duration::zero()) [[unlikely]]
            return stop(stopped::told_not_to, v);
        if (made_ == options().max_attempts) [[unlikely]]
            return stop(stopped::attempts, v);
        const duration pause = delay(v, choice);
        if (by_ != never || options().max_duration != no_limit)
            if (const stopped why = too_late(now, pause); why != stopped::none)
                return stop(why, v);
        if (budget != nullptr && sent_ && !budget->allows(now.get())) [[unlikely]]
            return stop(stopped::budget, v);
        if (options().events) [[unlikely]]
            tell(event_kind::retrying, v, pause);
        return pause == duration::zero() && v.kind != verdict_kind::neutral
                   ? next(now, v)
                   : step::wait(after(now.get(), pause));
    }

    // The budget counts what was sent. Whether a cancelled attempt was, nobody knows. \pre there is one
    constexpr void settle_account(const verdict& v) noexcept {
        const bool refused = v.kind == verdict_kind::neutral && v.why != refusal::none &&
                             v.why != refusal::cancelled && v.why != refusal::timed_out;
        if (!refused)
            sent_ = true;
        seat_.settle(!refused);
    }

    OUTLAST_INLINE constexpr step next(reading& now, verdict& v) {
        if (options().budget != nullptr && sent_ && !seat_.pay(*options().budget, now.get()))
            return stop(stopped::budget, v);
        ++made_;
        if (options().counts != nullptr) [[unlikely]]
            options().counts->repeat(made_);
        return step::call(work, by_);
    }

    constexpr step stop(stopped why, verdict& v) {
        stopped_ = why;
        v.hurried = why == stopped::deadline && v.failed();
        v.spent = v.spent || (options().exhaustion_fails && v.kind == verdict_kind::failure);
        seat_.leave();
        if (options().counts != nullptr)
            options().counts->gave_up_by[static_cast<std::size_t>(why)].add();
        if (options().events)
            tell(event_kind::gave_up, v, duration::zero());
        return step::finish();
    }

    OUTLAST_COLD constexpr void tell(event_kind what, const verdict& v, duration pause) const {
        options().events(
            {.what = what,
             .policy = "retry",
             .name = options().name,
             .tags = options().tags,
             .attempt = made_,
             .span = pause,
             .outcome = v,
             .why = stopped_ == stopped::none ? std::string_view{} : to_string(stopped_)});
    }

    // What speaks against repeating this outcome, whatever is left to repeat it with.
    OUTLAST_COLD constexpr stopped against(reading& now, const verdict& v, again& choice) const {
        if (v.kind == verdict_kind::neutral) {
            if (options().retry_refusals && v.has_hint() && v.why != refusal::cancelled &&
                v.why != refusal::none)
                return stopped::none;
            return v.why == refusal::timed_out ? stopped::deadline : stopped::not_retryable;
        }
        // An expired attempt can be repeated; an expired call cannot.
        if (v.kind == verdict_kind::expired && by_ != never && now.get() >= by_)
            return stopped::deadline;
        if (options().retry_if)
            choice = options().retry_if({v, made_});
        return choice.yes() ? stopped::none : stopped::not_retryable;
    }

    // What speaks against an attempt after this pause. One that begins at the deadline is none.
    OUTLAST_COLD constexpr stopped too_late(reading& now, duration pause) const {
        const duration most = options().max_duration;
        if (by_ != never && after(after(now.get(), pause), options().least_attempt) >= by_)
            return stopped::deadline;
        return most != no_limit && after(now.get(), pause) >= after(begun_, most)
                   ? stopped::max_duration
                   : stopped::none;
    }

    OUTLAST_INLINE constexpr duration delay(const verdict& v, const again& choice) noexcept {
        const outlast::backoff& series = options().backoff;
        const duration own = choice.after() >= duration::zero()
                                 ? shorter(choice.after(), series.cap)
                                 : series.next(series_, shared_->random_);
        if (!v.has_hint() || v.hint == duration::zero()) [[likely]] // "at once" is no order to wait
            return own;
        series_ = {};
        return longer(own, shorter(v.hint, options().hint_cap));
    }

    retry* shared_;
    instant by_ = never;
    instant begun_{}; // where there is a max_duration
    backoff::progress series_{};
    std::uint32_t made_ = 0;
    stopped stopped_ = stopped::none;
    bool sent_ = false; // an attempt was
    outlast::budget::seat seat_{};
};

OUTLAST_INLINE constexpr retry::run retry::start() noexcept { return run{*this}; }

} // namespace outlast

#endif // OUTLAST_RETRY_HPP
