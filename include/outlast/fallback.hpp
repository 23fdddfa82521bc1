// SPDX-License-Identifier: BSL-1.0
#ifndef OUTLAST_FALLBACK_HPP
#define OUTLAST_FALLBACK_HPP

#include <outlast/callback.hpp>
#include <outlast/counts.hpp>
#include <outlast/event.hpp>
#include <outlast/machine.hpp>

#include <type_traits>
#include <utility>

namespace outlast {

namespace detail {

struct has_call_operator {
    void operator()() const {}
};
template <class T>
struct call_operators : T, has_call_operator {};

/// Whether an answer is a callable, with whatever arguments: in a class that inherits another call
/// operator, the name is ambiguous. Of a final class it is not known, and taken for one.
template <class T>
inline constexpr bool callable_answer = std::is_function_v<std::remove_pointer_t<T>>;
template <class T>
    requires(std::is_class_v<T> && !std::is_final_v<T>)
inline constexpr bool callable_answer<T> = !requires { &call_operators<T>::operator(); };
template <class T>
    requires(std::is_class_v<T> && std::is_final_v<T>)
inline constexpr bool callable_answer<T> = true;

} // namespace detail

struct fallback_options {
    /// Which outcomes are replaced. Default: everything that is no success.
    callback<bool(const verdict&)> when{};
    label name = "fallback";
    label tags{};
    /// `fell_back` where it stood in for an outcome.
    sink events{};
    /// Where it counts what it does (see counts.hpp). Outlives the policy. Default: nowhere.
    fallback_counts* counts = nullptr;

    /// Every option, for `describe`.
    template <class F>
    constexpr void each(F&& f) const {
        f("when", when, "everything that is no success");
        f("name", name);
        f("tags", tags);
        f("events", events, "told to nobody");
        f("counts", counts);
    }
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
    static constexpr label kind = "fallback";
    static constexpr duty does = duty::replaces;
    static constexpr bool leaves_successes = true;

    /// \param answer a value; or a callable that takes the failure (with the facts that the caller would
    ///        get, but for the time elapsed) and the arguments of the call, either of them alone, or
    ///        nothing; before them, if it wants to, an `outlast::call&`: the deadline that it has to keep too, and how many runs of the work there were. After
    ///        the failure, if it wants to, a `const T*`: the value that is replaced, where `judged`
    ///        found it bad or it came too late, and null where there is none. (What can be called
    ///        without it is.) Such a T is moved once more. Under Asio it may be asynchronous, as the
    ///        work is: return an `awaitable`, or take the failure, the arguments or not, and a
    ///        completion token last
    constexpr explicit fallback(Answer answer, const fallback_options& options = {})
        : answer_(std::move(answer)), options_(options) {}

    [[nodiscard]] OUTLAST_INLINE constexpr run start() noexcept { return run{*this}; }
    [[nodiscard]] constexpr const fallback_options& options() const noexcept { return options_; }

    /// Whether no failure passes it: what stands outside of it sees successes only. (A callable may
    /// fail itself.)
    [[nodiscard]] constexpr bool hides_failures() const noexcept {
        return !options_.when && !detail::callable_answer<Answer>;
    }

    /// See worst_case.hpp: how long a callable of yours takes, nobody knows.
    template <class Inner>
    [[nodiscard]] constexpr auto worst_case(duration within, const Inner& inner) const {
        auto all = inner(within);
        if constexpr (detail::callable_answer<Answer>)
            all.latency = within;
        return all;
    }

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
        if (replacing_)
            tell(v.ok());
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
    constexpr instant prolong(lane, instant by) noexcept { return by_ = by; }

    OUTLAST_INLINE constexpr void explain(failure_facts& facts) const noexcept {
        if (!replacing_)
            return;
        facts.policy = "fallback";
        facts.name = shared_->options_.name;
        facts.limit = {}; // what stood inside has been replaced
        facts.failed = facts.recorded = facts.slow = 0;
        facts.why_refused = circuit_refusal::open;
        facts.why_opened = circuit_cause::none;
    }
    constexpr void credit(report& facts) const noexcept {
        if (replacing_)
            facts.how = source::fallback;
    }

    /// Carries out its operation for a driver; `hand` holds the value of the call.
    /// \param inside what it stands around: has more to say about the failure
    template <class Hand, class Inside = leaf>
    constexpr verdict act(operation, reading&, Hand& hand, const Inside& inside = {}) {
        return hand.replace(shared_->answer_, outcome_, by_, inside);
    }
    template <class Hand, class Begin, class Inside = leaf>
    bool act_later(operation what,
                   reading& now,
                   Hand& hand,
                   Begin& begin,
                   verdict& v,
                   const Inside& inside = {}) {
        if constexpr (Begin::template answers<Answer>) {
            begin.answer(shared_->answer_, hand, hand.failure_of(outcome_, inside));
            return false;
        } else {
            v = act(what, now, hand, inside);
            return true;
        }
    }

private:
    constexpr void tell(bool good) const {
        const fallback_options& options = shared_->options_;
        if (fallback_counts* const c = options.counts)
            (good ? c->fell_back : c->failed).add();
        if (good && options.events)
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
