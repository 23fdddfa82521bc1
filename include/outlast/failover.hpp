// SPDX-License-Identifier: BSL-1.0
#ifndef OUTLAST_FAILOVER_HPP
#define OUTLAST_FAILOVER_HPP

#include <outlast/callback.hpp>
#include <outlast/counts.hpp>
#include <outlast/error.hpp>
#include <outlast/event.hpp>
#include <outlast/invoke.hpp>
#include <outlast/machine.hpp>
#include <outlast/worst_case.hpp>

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <functional> // std::reference_wrapper
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

namespace outlast {

struct failover_options {
    /// Which failures of one target are taken to the next. Asked about a failure or a timeout.
    /// Default: all.
    callback<bool(const verdict&)> next_if{};
    label name = "failover";
    label tags{};
    /// `failed_over` for each target beyond the first; and `gave_up`, if a failure is the answer
    /// because each had its turn ("targets"), there is no time for another ("deadline"), or `next_if`
    /// did not name it ("next_if").
    sink events{};
    failover_counts* counts = nullptr;

    /// Every option, for `describe`.
    template <class F>
    constexpr void each(F&& f) const {
        f("next_if", next_if, "all");
        f("name", name);
        f("tags", tags);
        f("events", events, "told to nobody");
        f("counts", counts);
    }
};

/// Several targets that are as good as each other, a policy (a breaker) for each: what one of them
/// fails to do, or refuses to try, is taken to the next.
///
/// **Decides** by the verdict and the deadline. Each call keeps a place of its own for the number of
/// its target, which its callable reads: `place_of(arguments…)` gives it, as a `std::size_t&`. What
/// stands there when the call begins is the first target; then come those after it, round to the one
/// before it.
/// **Answers** *call* as long as there are targets; *finish* with a success, with what is neutral, with
/// a failure that is not to be taken on, and with the last target's.
/// **Refusals** those of the last target, if it refused. The Retry-After of a failure is the earliest of
/// all targets; none if one of them said nothing.
/// **Time** that of the policies; after a failure the deadline, at which no target is begun.
/// **Sharing** the policies, which outlive it. Thread-safe as they are.
/// **Cost** that of one of the policies, as long as the first target will do.
/// **Example**
///
///     outlast::circuit_breaker a{{.name = "a"}}, b{{.name = "b"}};
///     outlast::failover servers{std::vector{std::ref(a), std::ref(b)},
///                               [](std::size_t* at) -> std::size_t& { return *at; }};
///     outlast::pipeline p{std::ref(servers)};
///     auto get = [](std::size_t* at) -> outlast::result<std::size_t> {
///         if (*at == 0) return std::make_error_code(std::errc::connection_refused);
///         return *at;
///     };
///     std::size_t at = 0;
///     std::cout << p(get, &at).value();   // 1
template <class Policy, class PlaceOf>
class failover {
public:
    using policy_type = Policy;
    class run;
    static constexpr label kind = "failover";
    static constexpr duty does = duty::repeats;

    /// \param targets one or more
    /// \param place_of from the arguments of a call to a place that stays where it is for the call:
    ///        not in an argument itself, which drivers move before the call begins
    constexpr failover(std::vector<std::reference_wrapper<Policy>> targets,
                       PlaceOf place_of,
                       const failover_options& options = {})
        : targets_(std::move(targets)), place_of_(std::move(place_of)), options_(options) {
        require_valid(problem(targets_, place_of_, options_));
    }

    /// What is wrong with these, as a sentence; null if nothing is.
    [[nodiscard]] static constexpr const char*
    problem(const std::vector<std::reference_wrapper<Policy>>& targets,
            const PlaceOf&,
            const failover_options& = {}) noexcept {
        return targets.empty() ? "failover: there is one target or more" : nullptr;
    }

    template <class... A>
        requires std::invocable<const PlaceOf&, const A&...>
    [[nodiscard]] constexpr run start(const A&... arguments) {
        static_assert(std::same_as<std::invoke_result_t<const PlaceOf&, const A&...>, std::size_t&>,
                      "outlast::failover: its second argument is called with the arguments of the "
                      "call and gives a std::size_t&, where the callable finds its target.");
        return run{*this, detail::invoke(place_of_, arguments...)};
    }

    [[nodiscard]] constexpr const failover_options& options() const noexcept { return options_; }
    [[nodiscard]] constexpr std::size_t size() const noexcept { return targets_.size(); }
    /// The policy of one target. \pre i < size()
    [[nodiscard]] constexpr Policy& operator[](std::size_t i) const noexcept { return targets_[i]; }

    /// For `describe`.
    template <class F>
    constexpr void each(F&& f) const {
        if constexpr (requires { Policy::kind; })
            f("each", Policy::kind);
        f("targets", size());
        options_.each(f);
    }

    /// See worst_case.hpp: that of all targets, one after another.
    template <class Inner>
    [[nodiscard]] constexpr bounds worst_case(duration within, const Inner& inner) const {
        bounds worst{.calls = 0, .latency = duration::zero()};
        for (const Policy& target : targets_) {
            const bounds more = detail::worst_through(target, within, inner);
            worst = worst.after(more.latency);
            worst.calls = more.calls > more.any_number - worst.calls ? more.any_number
                                                                     : worst.calls + more.calls;
        }
        return worst;
    }

private:
    std::vector<std::reference_wrapper<Policy>> targets_;
    PlaceOf place_of_;
    failover_options options_;
};

template <class Policy, class PlaceOf>
class failover<Policy, PlaceOf>::run {
    using inner = decltype(std::declval<Policy&>().start());

public:
    static constexpr operation operations = inner::operations;
    static constexpr bool pinned = inner::pinned;
    static constexpr lane lanes = 1;
    static_assert(
        lanes_of<inner> == 1,
        "outlast::failover: a hedge runs several calls at once, and a call has one target: "
        "put the hedge elsewhere.");

    constexpr run(failover& shared, std::size_t& place)
        : shared_(&shared), place_(&place), first_(place % shared.size()) {
        place = first_;
        aim();
    }

    constexpr step begin(reading& now, terms t, verdict& v) {
        terms_ = t;
        tried_ = 1;
        least_ = forever;
        silent_ = false;
        aim();
        return attempt(now, v);
    }
    constexpr step settled(reading& now, lane, verdict& v) {
        // What was no refusal when it came in, and is one now, this target has refused.
        const bool own = v.kind != verdict_kind::neutral;
        return heard(now, run_->settled(now, 0, v), v, own);
    }
    constexpr step woke(reading& now, lane, verdict& v) {
        return heard(now, run_->woke(now, 0, v), v, true);
    }
    constexpr instant nudge() const noexcept { return run_->nudge(); }
    constexpr step nudged(reading& now, verdict& v) { return run_->nudged(now, v); }

    OUTLAST_INLINE constexpr bool plain_begin(reading& now, instant& by) {
        terms_ = by;
        return run_->plain_begin(now, by);
    }
    OUTLAST_INLINE constexpr bool plain_success(reading& now) const {
        return run_->plain_success(now);
    }
    OUTLAST_INLINE constexpr void plain_end() noexcept { run_->plain_end(); }
    constexpr bool plain_refusal(reading&, verdict&) noexcept { return false; }
    constexpr bool passes_refusals() noexcept { return false; }

    constexpr void abandoned() noexcept { run_->abandoned(); }
    constexpr instant prolong(lane on, instant by) noexcept
        requires prolongs<inner>
    {
        terms_.by = by;
        return run_->prolong(on, by);
    }

    constexpr void explain(failure_facts& facts) const noexcept {
        run_->explain(facts);
        if (tried_ > 1)
            facts.retry_after = hint_of_all();
    }
    constexpr void credit(report& facts) const noexcept { run_->credit(facts); }

    constexpr auto keep(lane on) noexcept
        requires keeps_for_work<inner>
    {
        return run_->keep(on);
    }
    template <class Hand>
    constexpr verdict act(operation what, reading& now, Hand& hand) {
        return run_->act(what, now, hand);
    }

private:
    // What the run before had is given back.
    constexpr void aim() {
        *place_ = (first_ + tried_ - 1) % shared_->size();
        run_.reset();
        run_.emplace((*shared_)[*place_].start());
    }

    constexpr step attempt(reading& now, verdict& v) {
        return heard(now, run_->begin(now, terms_, v), v, true);
    }

    /// \param refused if it has finished with a refusal: its own, not that of the work
    constexpr step heard(reading& now, step s, verdict& v, bool refused) {
        if (s.what != action::finish)
            return s;
        if (v.ok()) {
            if (tried_ > 1 && options().counts != nullptr)
                options().counts->recovered.add();
            return s;
        }
        note(v);
        if (v.kind == verdict_kind::neutral && !says_no(v, refused))
            return stop(v);
        if (!is_for_the_next(v))
            return give_up("next_if", v);
        if (tried_ == shared_->size())
            return give_up("targets", v);
        if (terms_.by != never && now.get() >= terms_.by)
            return give_up("deadline", v);
        tell(event_kind::failed_over, v);
        ++tried_;
        if (options().counts != nullptr)
            options().counts->move(tried_);
        aim();
        return attempt(now, v);
    }

    constexpr step give_up(std::string_view why, verdict& v) {
        tell(event_kind::gave_up, v, why);
        if (options().counts != nullptr && why != "next_if")
            options().counts->gave_up.add();
        return stop(v);
    }
    constexpr step stop(verdict& v) const noexcept {
        if (tried_ > 1)
            v.hint = hint_of_all();
        return step::finish();
    }

    constexpr void tell(event_kind what, const verdict& v, std::string_view why = {}) const {
        if (options().events)
            options().events({.what = what,
                              .policy = "failover",
                              .name = options().name,
                              .tags = options().tags,
                              .attempt = tried_,
                              .outcome = v,
                              .why = why});
    }

    // When this target is to be tried again, by its own account.
    constexpr void note(const verdict& v) noexcept {
        failure_facts facts;
        facts.retry_after = v.hint;
        run_->explain(facts);
        if (facts.retry_after == verdict::no_hint)
            silent_ = true;
        else if (facts.retry_after >= duration::zero())
            least_ = std::min(least_, facts.retry_after);
    }
    // "Not again" counts when each says so.
    [[nodiscard]] constexpr duration hint_of_all() const noexcept {
        if (silent_)
            return verdict::no_hint;
        return least_ != forever ? least_ : duration{-1};
    }

    [[nodiscard]] constexpr const failover_options& options() const noexcept {
        return shared_->options_;
    }
    // Whether what is neutral is a target's own refusal, which another one need not share.
    [[nodiscard]] static constexpr bool says_no(const verdict& v, bool refused) noexcept {
        return refused && v.why != refusal::timed_out && v.why != refusal::cancelled;
    }
    [[nodiscard]] constexpr bool is_for_the_next(const verdict& v) const {
        return v.kind == verdict_kind::neutral || !options().next_if || options().next_if(v);
    }

    failover* shared_;
    std::size_t* place_;
    std::size_t first_;
    std::uint32_t tried_ = 1;
    terms terms_{never};
    duration least_ = forever; // until one of those that said it may be tried again
    bool silent_ = false;      // one of them said nothing
    std::optional<inner> run_{};
};

} // namespace outlast

#endif // OUTLAST_FAILOVER_HPP
