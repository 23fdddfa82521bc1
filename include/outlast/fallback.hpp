// SPDX-License-Identifier: BSL-1.0
#ifndef OUTLAST_FALLBACK_HPP
#define OUTLAST_FALLBACK_HPP

#include <outlast/callback.hpp>
#include <outlast/event.hpp>
#include <outlast/machine.hpp>

#include <utility>

namespace outlast {

struct fallback_options {
    /// Which outcomes are replaced. Default: everything that is no success.
    callback<bool(const verdict&)> when{};
    label name = "fallback";
    label tags{};
    /// `fell_back` where it stood in for an outcome.
    sink events{};
};

/// When all is spent, answers with something else: a value, or what a callable gives.
///
/// **Decides** from the verdict: what `when` takes is replaced, all else passes.
/// **Answers** *call* the work; after a verdict that it replaces, *call* the fallback once, then
/// *finish* with the fallback's own verdict.
/// **Refusals** none. A fallback that fails is the failure of the call, and keeps the failure that
/// it was to replace as `failure::origin`.
/// **Time** none of its own. A cancelled call is not replaced: its caller has left.
/// **Sharing** the value or callable, which threads may use at once; nothing is locked.
/// **Cost** nothing on success.
/// **Example**
///
///     outlast::pipeline p{outlast::fallback{[](const outlast::failure&) { return 0; }}};
///     auto r = p([]() -> outlast::result<int> {
///         return std::make_error_code(std::errc::host_unreachable);
///     });
///     std::cout << r.value();   // 0
template <class Answer>
class fallback {
public:
    class run;

    /// \param answer a value; or a callable that takes the failure and the arguments of the call,
    ///        either of them alone, or nothing
    constexpr explicit fallback(Answer answer, const fallback_options& options = {})
        : answer_(std::move(answer)), options_(options) {}

    [[nodiscard]] OUTLAST_INLINE constexpr run start() noexcept { return run{*this}; }

private:
    Answer answer_;
    fallback_options options_;
};

template <class Answer>
class fallback<Answer>::run : public pass_through {
public:
    static constexpr operation operations = 1;

    OUTLAST_INLINE constexpr explicit run(fallback& shared) noexcept : shared_(&shared) {}

    constexpr step begin(reading& now, instant by, verdict&) noexcept {
        (void)plain_begin(now, by);
        return step::call(work, by);
    }

    constexpr step settled(reading&, lane, verdict& v) {
        const auto& when = shared_->options_.when;
        if (replacing_ && v.ok())
            tell();
        if (replacing_ || v.ok() || v.why == refusal::cancelled || (when && !when(v)))
            return step::finish();
        replacing_ = true;
        outcome_ = v;
        return step::call(1, by_);
    }

    OUTLAST_INLINE constexpr bool plain_begin(reading&, instant& by) noexcept {
        by_ = by;
        replacing_ = false;
        return true;
    }
    OUTLAST_INLINE constexpr bool plain_success(reading&) const noexcept { return true; }

    constexpr void explain(report& facts) const noexcept {
        if (!replacing_)
            return;
        facts.policy = "fallback";
        facts.name = shared_->options_.name;
        facts.how = source::fallback;
    }

    /// Carries out its operation for a driver; `hand` holds the value of the call.
    template <class Hand>
    constexpr verdict act(operation, reading&, Hand& hand) {
        return hand.replace(shared_->answer_, outcome_);
    }

private:
    constexpr void tell() const {
        const fallback_options& options = shared_->options_;
        if (options.events)
            options.events({.what = event_kind::fell_back,
                            .policy = "fallback",
                            .name = options.name,
                            .tags = options.tags,
                            .outcome = outcome_});
    }

    fallback* shared_;
    instant by_ = never;
    bool replacing_ = false;
    verdict outcome_{};
};

} // namespace outlast

#endif // OUTLAST_FALLBACK_HPP
