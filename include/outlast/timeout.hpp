// SPDX-License-Identifier: BSL-1.0
#ifndef OUTLAST_TIMEOUT_HPP
#define OUTLAST_TIMEOUT_HPP

#include <outlast/counts.hpp>
#include <outlast/error.hpp>
#include <outlast/event.hpp>
#include <outlast/machine.hpp>

#include <concepts>
#include <string_view>
#include <utility>

namespace outlast {

struct timeout_options {
    /// The longest that what is inside may take. More than 0, or `no_limit`. Default: no limit.
    duration limit = no_limit;
    /// Whether a good value that comes after the limit, from a callable that cannot be interrupted, is
    /// the answer after all, and a success for all that stands outside. The deadline outside is kept.
    /// Default: it is a timeout, and the value is marked late (see late_value.hpp).
    bool keep_late = false;
    label name = "timeout";
    label tags{};
    /// `timed_out` where it fires, and `late_value` if what came too late was good.
    sink events{};
    /// Where it counts what it does (see counts.hpp). Outlives the policy. Default: nowhere.
    timeout_counts* counts = nullptr;

    /// What is wrong with these options, as a sentence; null if nothing is.
    [[nodiscard]] constexpr const char* problem() const noexcept {
        return limit > duration::zero()
                   ? nullptr
                   : "timeout: a limit of zero or less fails every call; write no_limit for none";
    }

    /// Every option, for `describe`.
    /// \param computed in words, where the limit is the most that another one can be
    template <class F>
    constexpr void each(F&& f, std::string_view computed = {}) const {
        if (!computed.empty())
            f("limit", computed);
        if (computed.empty() || limit != no_limit)
            f(computed.empty() ? "limit" : "at most", limit);
        f("keep_late", keep_late);
        f("name", name);
        f("tags", tags);
        f("events", events, "told to nobody");
        f("counts", counts);
    }
};

/// Gives what is inside it a deadline: the whole call when it stands outside a retry, each attempt
/// when it stands inside.
///
/// **Decides** from its limit and the deadline outside: the earlier one holds, and the outer one at
/// a tie.
/// **Answers** *call* by that deadline. What settles at or after it has expired, even a success:
/// the value is then marked late, a cache or a `late_value` outside may still keep it, and an event
/// tells; with `keep_late` it is the answer. An attempt that failed because the *outer* deadline left it less than its limit is neutral: it says nothing
/// about the server.
/// **Refusals** `timed_out`; at once, without a call, when no time is left. `report::limit` and
/// `name` say which timeout fired.
/// **Time** one look when the call starts, one when it ends. A blocking callable is not
/// interrupted: it receives the deadline and is expected to keep it; one that returns late has
/// timed out.
/// **Sharing** nothing. `events` is called under no lock.
/// **Cost** two looks at the clock, shared with the other policies; no allocation.
/// **Example**
///
///     outlast::pipeline p{outlast::timeout{50ms}};
///     auto r = p([](outlast::call& c) {
///         std::this_thread::sleep_for(2 * c.remaining());
///         return 1;
///     });
///     std::cout << r.error().message();   // timed out after 50 ms (timeout)
class timeout {
public:
    class run;
    static constexpr label kind = "timeout";
    static constexpr duty does = duty::limits;

    constexpr explicit timeout(const timeout_options& options) : options_(options) {
        require_valid(options.problem());
    }
    constexpr explicit timeout(duration limit) : timeout(timeout_options{.limit = limit}) {}

    /// What is wrong with this limit, as a sentence; null if nothing is.
    [[nodiscard]] static constexpr const char* problem(duration limit) noexcept {
        return timeout_options{.limit = limit}.problem();
    }

    [[nodiscard]] constexpr run start() const noexcept;
    [[nodiscard]] constexpr const timeout_options& options() const noexcept { return options_; }

    /// See worst_case.hpp.
    template <class Inner>
    [[nodiscard]] constexpr auto worst_case(duration within, const Inner& inner) const {
        return inner(shorter(within, options_.limit));
    }

private:
    timeout_options options_;
};

class timeout::run : public pass_through {
public:
    OUTLAST_INLINE constexpr run(const timeout_options& options, duration limit) noexcept
        : options_(&options), limit_(limit) {}

    constexpr step begin(reading& now, instant by, verdict& v) {
        if (plain_begin(now, by))
            return step::call(work, by);
        v = verdict::neutral(refusal::timed_out); // not attempted: nobody to blame
        if (limit_ <= duration::zero())
            fire(v);
        return step::finish();
    }

    constexpr step settled(reading& now, lane, verdict& v) {
        if (own_ <= outer_)
            v.hurried = false; // by this limit, which a later deadline outside does not change
        if (!plain_success(now))
            cut(v);
        return step::finish();
    }

    OUTLAST_INLINE constexpr bool plain_begin(reading& now, instant& by) {
        fired_ = false;
        outer_ = by;
        own_ = never;
        if (limit_ != no_limit) [[likely]]
            own_ = after(now.get(), limit_);
        by = earlier(own_, outer_);
        return by == never || now.get() < by;
    }
    OUTLAST_INLINE constexpr bool plain_success(reading& now) const {
        return (own_ == never && outer_ == never) || now.get() < earlier(own_, outer_);
    }

    constexpr instant prolong(lane, instant by) noexcept {
        outer_ = by;
        return earlier(own_, outer_);
    }

    // At the same instant as it began, so that it cannot have fired.
    OUTLAST_INLINE constexpr bool passes_refusals() noexcept { return true; }

    OUTLAST_INLINE constexpr void explain(failure_facts& facts) const noexcept {
        if (!fired_)
            return;
        facts.policy = "timeout";
        facts.name = options_->name;
        facts.limit = limit_;
    }

private:
    constexpr void cut(verdict& v) {
        if (outer_ <= own_) {
            if (v.failed() && outer_ < own_)
                v = verdict::neutral(refusal::timed_out, v.hint);
            return;
        }
        if (v.ok() && options_->keep_late)
            return came_late(v);
        v.late = v.ok();
        if (!v.unsent)
            v.kind = verdict_kind::expired; // keeps the code behind it
        v.why = refusal::timed_out;
        fire(v);
    }

    constexpr void fire(const verdict& v) {
        fired_ = true;
        if (options_->counts != nullptr)
            options_->counts->fired.add();
        tell(event_kind::timed_out, v);
        if (v.late)
            came_late(v);
    }
    constexpr void came_late(const verdict& v) {
        if (options_->counts != nullptr)
            options_->counts->late.add();
        tell(event_kind::late_value, v);
    }

    constexpr void tell(event_kind what, const verdict& v) const {
        if (options_->events)
            options_->events({.what = what,
                              .policy = "timeout",
                              .name = options_->name,
                              .tags = options_->tags,
                              .span = limit_,
                              .outcome = v});
    }

    const timeout_options* options_;
    duration limit_;
    instant own_ = never;
    instant outer_ = never;
    bool fired_ = false;
};

OUTLAST_INLINE constexpr timeout::run timeout::start() const noexcept {
    return {options_, options_.limit};
}

/// A timeout whose limit is computed for each call: from its arguments, or from nothing.
///
/// **Decides** as `timeout` does, from what `limit_of` gives and the limit of the options: the
/// shorter one holds. `no_limit` is no limit.
/// **Answers** as `timeout` does, by that limit.
/// **Refusals** those of `timeout`; `timed_out` at once, without a call, for a limit of zero or less.
/// **Time** that of `timeout`. `limit_of` is asked once a call, when it starts: inside a retry all
/// attempts have the same limit.
/// **Sharing** `limit_of`, which threads may call at once; under no lock.
/// **Cost** that of `timeout`, and of `limit_of`.
/// **Example**
///
///     outlast::pipeline p{outlast::timeout_by{[](int pages) { return pages * 10ms; }}};
///     auto print = [](outlast::call& c, int) { return c.remaining() > 20ms; };
///     std::cout << p(print, 2).value() << p(print, 9).value();   // 01
template <class LimitOf>
class timeout_by {
public:
    using run = timeout::run;
    static constexpr label kind = timeout::kind;
    static constexpr duty does = duty::limits;
    /// Its limit is not known before the call: that of the options is the most that it can be.
    static constexpr bool computes_limit = true;

    /// \param limit_of takes the arguments of the call, or nothing, and gives a duration
    constexpr explicit timeout_by(LimitOf limit_of, const timeout_options& options = {})
        : limit_of_(std::move(limit_of)), options_(options) {
        require_valid(options.problem());
    }

    template <class... A>
        requires(std::invocable<const LimitOf&, const A&...> || std::invocable<const LimitOf&>)
    [[nodiscard]] OUTLAST_INLINE constexpr run start(const A&... arguments) const {
        duration limit;
        if constexpr (std::invocable<const LimitOf&, const A&...>)
            limit = limit_of_(arguments...);
        else
            limit = limit_of_();
        return {options_, shorter(limit, options_.limit)};
    }

    [[nodiscard]] constexpr const timeout_options& options() const noexcept { return options_; }

    /// Every option, for `describe`.
    template <class F>
    constexpr void each(F&& f) const {
        options_.each(f, "computed per call");
    }

    /// See worst_case.hpp: the limit of the options.
    template <class Inner>
    [[nodiscard]] constexpr auto worst_case(duration within, const Inner& inner) const {
        return inner(shorter(within, options_.limit));
    }

private:
    LimitOf limit_of_;
    timeout_options options_;
};

} // namespace outlast

#endif // OUTLAST_TIMEOUT_HPP
