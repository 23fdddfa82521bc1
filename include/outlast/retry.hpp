// SPDX-License-Identifier: BSL-1.0
#ifndef OUTLAST_RETRY_HPP
#define OUTLAST_RETRY_HPP

#include <outlast/backoff.hpp>
#include <outlast/callback.hpp>
#include <outlast/error.hpp>
#include <outlast/machine.hpp>
#include <outlast/random.hpp>

namespace outlast {

struct retry_options {
    /// Runs of the callable in total, the first included. 1 or more; 1 never repeats.
    std::uint32_t max_attempts = 3;
    /// The delays between attempts. Default: exponential from 100 ms, ×2, full jitter, 10 s at
    /// most.
    outlast::backoff backoff = exponential(std::chrono::milliseconds{100})
                                   .with(jitter::full)
                                   .capped(std::chrono::seconds{10});
    /// The time from which an attempt is of use: none is started with less left. Default 0.
    duration least_attempt{};
    /// What a Retry-After hint counts for at most. Default 2 min.
    duration hint_cap = std::chrono::minutes{2};
    /// Which failures are repeated. Asked only about a failure or an attempt's timeout. Default:
    /// all.
    callback<bool(const verdict&)> retry_if{};
    /// Whether a refusal that says when to come back (an open breaker inside) is waited for.
    bool retry_refusals = false;
    /// Of the jitter: the same seed gives the same delays. Default 0: one of its own for each policy.
    std::uint64_t seed = 0;

    /// What is wrong with these options, as a sentence; null if nothing is.
    [[nodiscard]] constexpr const char* problem() const noexcept {
        if (max_attempts == 0)
            return "retry: max_attempts counts the first attempt too: 1 or more";
        if (!backoff.valid())
            return "retry: a delay is negative, or the growth factor is less than 1 or no number";
        if (least_attempt < duration::zero() || hint_cap < duration::zero())
            return "retry: least_attempt and hint_cap are lengths of time: not negative";
        return nullptr;
    }

    /// Every option, for `describe`.
    template <class F>
    constexpr void each(F&& f) const {
        f("max_attempts", max_attempts);
        f("backoff", backoff);
        f("least_attempt", least_attempt);
        f("hint_cap", hint_cap);
        f("retry_if", retry_if, "all");
        f("retry_refusals", retry_refusals);
        f("seed", seed, std::uint64_t{0}, "its own");
    }
};

/// Runs the callable again after a failure, up to a number of attempts.
///
/// **Decides** from the verdict, the number of attempts made, the hint, and the deadline. Repeats a
/// failure and an attempt's own timeout; never a success, never what is neutral (refused here,
/// cancelled) unless `retry_refusals` and the refusal says when to come back.
/// **Answers** *call* at once; after a failure *wait* for max(backoff, hint), then *call*; *finish*
/// with the last verdict when it stops. A wait that leaves less than `least_attempt` before the
/// deadline is not begun: the failure is handed up at once, with its hint.
/// **Refusals** none of its own; `report::why_stopped` says why it gave up.
/// **Time** looks at it only after a failure. Waits are never early. A hint starts the series of
/// delays anew; a negative one means: do not try again.
/// **Sharing** the options and the random source, which threads may share. A dropped call gives
/// nothing back because nothing is held.
/// **Cost** no allocation, no lock; success reads no clock and writes nothing shared.
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
        : options_(options), random_(options.seed != 0 ? options.seed : arbitrary_seed()) {
        require_valid(options.problem());
    }

    [[nodiscard]] constexpr run start() noexcept;
    [[nodiscard]] constexpr const retry_options& options() const noexcept { return options_; }

    /// See worst_case.hpp.
    template <class Inner>
    [[nodiscard]] constexpr auto worst_case(duration within, const Inner& inner) const {
        const std::uint32_t n = attempts_within(within);
        return inner(within).times(n).after(options_.backoff.longest(n - 1, options_.hint_cap));
    }

private:
    // As many as can begin when each fails at once and every delay is as short as it may be.
    constexpr std::uint32_t attempts_within(duration within) const noexcept {
        const duration pause = options_.backoff.shortest();
        if (within == forever || pause == duration::zero())
            return options_.max_attempts;
        const duration room = within - options_.least_attempt;
        const auto more = room > duration::zero() ? (room - duration{1}) / pause : 0;
        return more < options_.max_attempts ? static_cast<std::uint32_t>(more) + 1
                                            : options_.max_attempts;
    }

    retry_options options_;
    random random_;
};

class retry::run : public pass_through {
public:
    OUTLAST_INLINE constexpr explicit run(retry& shared) noexcept : shared_(&shared) {}

    constexpr step begin(reading& now, instant by, verdict&) noexcept {
        (void)plain_begin(now, by);
        return step::call(work, by_);
    }

    constexpr step settled(reading& now, lane, verdict& v) {
        return v.ok() ? step::finish() : not_good(now, v);
    }

    OUTLAST_INLINE constexpr bool plain_begin(reading&, instant& by) noexcept {
        by_ = by;
        made_ = 1;
        plain_ = options().backoff.base;
        stopped_ = stopped::none;
        return true;
    }
    OUTLAST_INLINE constexpr bool plain_success(reading&) const noexcept { return true; }

    constexpr step woke(reading& now, lane, verdict&) {
        return now.get() >= by_ ? stop(stopped::deadline) : next();
    }

    constexpr void explain(report& facts) const noexcept {
        if (stopped_ != stopped::none)
            facts.why_stopped = stopped_;
    }

private:
    [[nodiscard]] constexpr const retry_options& options() const noexcept {
        return shared_->options_;
    }

    constexpr step not_good(reading& now, const verdict& v) {
        if (const stopped why = against(now, v); why != stopped::none)
            return stop(why);
        if (v.has_hint() && v.hint < duration::zero())
            return stop(stopped::told_not_to);
        if (made_ == options().max_attempts)
            return stop(stopped::attempts);
        const duration pause = delay(v);
        // An attempt that would begin at the deadline is no attempt.
        if (by_ != never && after(after(now.get(), pause), options().least_attempt) >= by_)
            return stop(stopped::deadline);
        return pause == duration::zero() && v.kind != verdict_kind::neutral
                   ? next()
                   : step::wait(after(now.get(), pause));
    }

    constexpr step next() noexcept {
        ++made_;
        return step::call(work, by_);
    }

    constexpr step stop(stopped why) noexcept {
        stopped_ = why;
        return step::finish();
    }

    // What speaks against repeating this outcome, whatever is left to repeat it with.
    constexpr stopped against(reading& now, const verdict& v) const {
        if (v.kind == verdict_kind::neutral) {
            if (options().retry_refusals && v.has_hint() && v.why != refusal::cancelled)
                return stopped::none;
            return v.why == refusal::timed_out ? stopped::deadline : stopped::not_retryable;
        }
        // An expired attempt can be repeated; an expired call cannot.
        if (v.kind == verdict_kind::expired && by_ != never && now.get() >= by_)
            return stopped::deadline;
        return !options().retry_if || options().retry_if(v) ? stopped::none
                                                            : stopped::not_retryable;
    }

    constexpr duration delay(const verdict& v) noexcept {
        const outlast::backoff& series = options().backoff;
        const fraction draw = series.chance == jitter::none ? 0 : shared_->random_();
        const duration own = series.drawn(plain_, draw);
        plain_ = series.grown(plain_);
        if (!v.has_hint())
            return own;
        plain_ = series.base;
        return std::max(own, std::min(v.hint, options().hint_cap));
    }

    retry* shared_;
    instant by_ = never;
    duration plain_{};
    std::uint32_t made_ = 0;
    stopped stopped_ = stopped::none;
};

OUTLAST_INLINE constexpr retry::run retry::start() noexcept { return run{*this}; }

} // namespace outlast

#endif // OUTLAST_RETRY_HPP
