// SPDX-License-Identifier: BSL-1.0
#ifndef OUTLAST_TIMEOUT_HPP
#define OUTLAST_TIMEOUT_HPP

#include <outlast/error.hpp>
#include <outlast/machine.hpp>

namespace outlast {

struct timeout_options {
    /// The longest that what is inside may take. More than 0, or `no_limit`. Default: no limit.
    duration limit = no_limit;
    label name = "timeout";

    /// What is wrong with these options, as a sentence; null if nothing is.
    [[nodiscard]] constexpr const char* problem() const noexcept {
        return limit > duration::zero()
                   ? nullptr
                   : "timeout: a limit of zero or less fails every call; write no_limit for none";
    }

    /// Every option, for `describe`.
    template <class F>
    constexpr void each(F&& f) const {
        f("limit", limit);
        f("name", name);
    }
};

/// Gives what is inside it a deadline: the whole call when it stands outside a retry, each attempt
/// when it stands inside.
///
/// **Decides** from its limit and the deadline outside: the earlier one holds, and the outer one at
/// a tie.
/// **Answers** *call* by that deadline. What settles at or after it has expired, even a success:
/// the value is then marked late, and a cache outside may still keep it. An attempt that failed
/// because the *outer* deadline left it less than its limit is neutral: it says nothing about the
/// server.
/// **Refusals** `timed_out`; at once, without a call, when no time is left. `report::limit` and
/// `name` say which timeout fired.
/// **Time** one look when the call starts, one when it ends. A blocking callable is not
/// interrupted: it receives the deadline and is expected to keep it; one that returns late has
/// timed out.
/// **Sharing** nothing.
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

    [[nodiscard]] constexpr run start() const noexcept;
    [[nodiscard]] constexpr const timeout_options& options() const noexcept { return options_; }

    /// See worst_case.hpp.
    template <class Inner>
    [[nodiscard]] constexpr auto worst_case(duration within, const Inner& inner) const {
        return inner(std::min(within, options_.limit));
    }

private:
    timeout_options options_;
};

class timeout::run : public pass_through {
public:
    OUTLAST_INLINE constexpr explicit run(const timeout_options& options) noexcept : options_(&options) {}

    constexpr step begin(reading& now, instant by, verdict& v) {
        if (plain_begin(now, by))
            return step::call(work, by);
        v = verdict::neutral(refusal::timed_out); // not attempted: nobody to blame
        return step::finish();
    }

    constexpr step settled(reading& now, lane, verdict& v) {
        if (!plain_success(now))
            cut(v);
        return step::finish();
    }

    OUTLAST_INLINE constexpr bool plain_begin(reading& now, instant& by) {
        fired_ = false;
        outer_ = by;
        own_ = options_->limit == no_limit ? never : after(now.get(), options_->limit);
        by = std::min(own_, outer_);
        return outer_ == never || now.get() < outer_;
    }
    OUTLAST_INLINE constexpr bool plain_success(reading& now) const {
        return (own_ == never && outer_ == never) || now.get() < std::min(own_, outer_);
    }

    constexpr void explain(report& facts) const noexcept {
        if (!fired_)
            return;
        facts.policy = "timeout";
        facts.name = options_->name;
        facts.limit = options_->limit;
    }

private:
    constexpr void cut(verdict& v) noexcept {
        if (outer_ <= own_) {
            if (v.failed() && outer_ < own_)
                v = verdict::neutral(refusal::timed_out, v.hint);
            return;
        }
        fired_ = true;
        v.late = v.ok();
        v.kind = verdict_kind::expired; // keeps the code behind it
        v.why = refusal::timed_out;
    }

    const timeout_options* options_;
    instant own_ = never;
    instant outer_ = never;
    bool fired_ = false;
};

OUTLAST_INLINE constexpr timeout::run timeout::start() const noexcept { return run{options_}; }

} // namespace outlast

#endif // OUTLAST_TIMEOUT_HPP
