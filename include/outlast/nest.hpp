// SPDX-License-Identifier: BSL-1.0
//
// One machine inside another is a machine.
#ifndef OUTLAST_NEST_HPP
#define OUTLAST_NEST_HPP

#include <outlast/config.hpp>
#include <outlast/machine.hpp>

#include <concepts>
#include <type_traits>
#include <utility>

namespace outlast {

/// The outer machine's *call of the work* runs the inner machine; the inner machine's *finish* is
/// what the outer one's call came to. What the inner one asks for is cut to the outer one's
/// deadline; a wait that ends there ends the inner machine, and the outer one is told `expired`, or,
/// where it was parked for want of others, that nothing was attempted.
///
/// Operations: 1 … n are the outer machine's, those above it the inner one's.
template <machine Outer, machine Inner>
class nest {
public:
    static constexpr operation operations = Outer::operations + Inner::operations;
    static constexpr bool pinned = Outer::pinned || Inner::pinned;
    static constexpr lane lanes = lanes_of<Inner>;
    static_assert(lanes_of<Outer> == 1,
                  "outlast::nest: a machine that runs several calls at once "
                  "needs as many inside: see outlast::fan.");

    OUTLAST_INLINE constexpr nest(Outer outer, Inner inner)
        : outer_(std::move(outer)), inner_(std::move(inner)) {}
    /// Of callables that give the two, each of which is made in its place and moved nowhere.
    template <class Start, class StartInner>
        requires requires(const Start& outer, const StartInner& inner) {
            { outer() } -> std::same_as<Outer>;
            { inner() } -> std::same_as<Inner>;
        }
    OUTLAST_INLINE constexpr nest(const Start& outer, const StartInner& inner)
        : outer_(outer()), inner_(inner()) {}

    OUTLAST_INLINE constexpr nest(nest&& other) noexcept = default;
    OUTLAST_INLINE constexpr ~nest() = default;

    constexpr step begin(reading& now, terms t, verdict& v) {
        drop_inner();
        spare_ = t.spare;
        if constexpr (outlives_caller<Inner>)
            apart_ = {.stays = t.stays};
        t.stays = t.stays && outlives_caller<Outer>;
        return follow(now, outer_.begin(now, t, v), v);
    }

    constexpr step settled(reading& now, lane on, verdict& v) {
        return inside_ ? lift(now, inner_.settled(now, on, v), v)
                       : follow(now, in_lane(outer_.settled(now, 0, v), on), v);
    }

    constexpr step woke(reading& now, lane on, verdict& v) {
        if (!inside_)
            return follow(now, in_lane(outer_.woke(now, 0, v), on), v);
        if (lanes == 1 && by_ != never && now.get() >= by_) // what is in lanes sees to it itself
            return out_of_time(now, v);
        return lift(now, inner_.woke(now, on, v), v);
    }

    constexpr instant nudge() const noexcept {
        if (is_apart())
            return inner_.nudge();
        return inside_ ? earlier(outer_.nudge(), inner_.nudge()) : outer_.nudge();
    }

    constexpr step nudged(reading& now, verdict& v) {
        if (is_apart())
            return lift(now, inner_.nudged(now, v), v);
        if (!inside_ && lanes == 1)
            return follow(now, outer_.nudged(now, v), v);
        if (inside_ && inner_.nudge() <= now.get())
            return lift(now, inner_.nudged(now, v), v);
        const step s = outer_.nudged(now, v);
        if (s.what == action::finish)
            drop_inner();
        else if (lanes > 1)
            return step::nothing();
        return s;
    }

    /// What it leaves behind when it says no is undone by `begin`.
    OUTLAST_INLINE constexpr bool plain_begin(reading& now, instant& by) {
        passed_ = false;
        if (!outer_.plain_begin(now, by)) [[unlikely]]
            return false;
        passed_ = true;
        by_ = by;
        if (!inner_.plain_begin(now, by)) [[unlikely]]
            return false;
        by = earlier(by, by_);
        return inside_ = true;
    }
    OUTLAST_INLINE constexpr bool plain_success(reading& now) const {
        return inner_.plain_success(now) && outer_.plain_success(now);
    }
    OUTLAST_INLINE constexpr void plain_end() noexcept {
        inside_ = false;
        inner_.plain_end();
        outer_.plain_end();
    }

    OUTLAST_INLINE constexpr bool plain_refusal(reading& now, verdict& v) {
        return passed_ ? outer_.passes_refusals() && inner_.plain_refusal(now, v)
                       : outer_.plain_refusal(now, v);
    }
    OUTLAST_INLINE constexpr bool passes_refusals() noexcept {
        return outer_.passes_refusals() && inner_.passes_refusals();
    }

    constexpr void abandoned() noexcept {
        drop_inner();
        outer_.abandoned();
    }

    // See machine.hpp. The inner one goes on apart from the outer one, whose part is over.
    [[nodiscard]] constexpr bool has_more() const noexcept
        requires(outlives_caller<Outer> || outlives_caller<Inner>)
    {
        if constexpr (outlives_caller<Outer>)
            if (outer_.has_more())
                return true;
        if constexpr (outlives_caller<Inner>)
            return inner_.has_more();
        return false;
    }
    constexpr step go_on(reading& now, verdict& v)
        requires(outlives_caller<Outer> || outlives_caller<Inner>)
    {
        if constexpr (outlives_caller<Outer>)
            if (outer_.has_more())
                return follow(now, outer_.go_on(now, v), v);
        if constexpr (outlives_caller<Inner>) {
            set_apart();
            return lift(now, inner_.go_on(now, v), v);
        }
        return step::finish();
    }
    constexpr bool leave(reading& now)
        requires(outlives_caller<Outer> || outlives_caller<Inner>)
    {
        if constexpr (outlives_caller<Outer>)
            if (outer_.leave(now))
                return true;
        if constexpr (outlives_caller<Inner>)
            if (inside_ && inner_.leave(now)) {
                outer_.abandoned();
                set_apart();
                return true;
            }
        return false;
    }
    constexpr instant over_by(lane on) noexcept
        requires(outlives_caller<Outer> || outlives_caller<Inner>)
    {
        if constexpr (outlives_caller<Inner>)
            if (is_apart())
                return inner_.over_by(on);
        if constexpr (outlives_caller<Outer> && prolongs<Inner>)
            return inner_.prolong(on, by_ = outer_.over_by(on));
        return by_;
    }
    constexpr instant prolong(lane on, instant by) noexcept
        requires(prolongs<Outer> && prolongs<Inner>)
    {
        by_ = outer_.prolong(on, by);
        return inside_ ? inner_.prolong(on, by_) : by_;
    }

    /// What both of them keep while the work runs: see machine.hpp.
    constexpr auto keep(lane on) noexcept
        requires(keeps_for_work<Outer> || keeps_for_work<Inner>)
    {
        if constexpr (!keeps_for_work<Inner>)
            return outer_.keep(on);
        else if constexpr (!keeps_for_work<Outer>)
            return inner_.keep(on);
        else
            return kept_by_both<decltype(outer_.keep(on)), decltype(inner_.keep(on))>{
                outer_.keep(on), inner_.keep(on)};
    }

    // The inner one first: what the outer one decided over it stands.
    OUTLAST_INLINE constexpr void explain(failure_facts& facts) const noexcept {
        inner_.explain(facts);
        outer_.explain(facts);
    }

    constexpr void credit(report& facts) const noexcept {
        inner_.credit(facts);
        outer_.credit(facts);
    }

    /// Carries out an operation of the machine that it belongs to.
    template <class Hand>
    constexpr verdict act(operation what, reading& now, Hand& hand) {
        if constexpr (Outer::operations > 0)
            if (what <= Outer::operations)
                return act_over(outer_, what, now, hand, inner_);
        if constexpr (Inner::operations > 0)
            return inner_.act(static_cast<operation>(what - Outer::operations), now, hand);
        OUTLAST_ASSERT(false); // no such operation
        return {};
    }

    template <class Hand, class Begin>
    constexpr bool act_later(operation what, reading& now, Hand& hand, Begin& begin, verdict& v) {
        if constexpr (Outer::operations > 0)
            if (what <= Outer::operations)
                return act_or_begin(outer_, what, now, hand, begin, v, inner_);
        if constexpr (Inner::operations > 0)
            return act_or_begin(inner_, static_cast<operation>(what - Outer::operations), now, hand,
                                begin, v);
        OUTLAST_ASSERT(false); // no such operation
        return true;
    }

private:
    struct apart {
        bool stays = false; // the driver, without the caller
        bool inner = false; // goes on alone
    };
    struct never_apart {};
    [[nodiscard]] constexpr bool is_apart() const noexcept {
        if constexpr (outlives_caller<Inner>)
            return apart_.inner;
        else
            return false;
    }
    constexpr void set_apart() noexcept {
        apart_.inner = inside_ = true;
        by_ = never;
    }
    [[nodiscard]] constexpr terms terms_inside(bool spare) const noexcept {
        if constexpr (outlives_caller<Inner>)
            return {by_, spare_ || spare, apart_.stays};
        else
            return {by_, spare_ || spare};
    }

    template <class O, class I>
    struct kept_by_both {
        O outer;
        I inner; // ends first

        template <class... X>
        void late(const X&... what) {
            if constexpr (requires { inner.late(what...); })
                inner.late(what...);
            if constexpr (requires { outer.late(what...); })
                outer.late(what...);
        }
    };

    // The outer machine has spoken; as long as it calls the work, the inner one is run.
    constexpr step follow(reading& now, step s, verdict& v) {
        while (s.calls_work()) {
            by_ = s.at;
            inside_ = true;
            s = inner_.begin(now, terms_inside(s.spare), v);
            if (s.what != action::finish)
                return alone(shifted(s));
            inside_ = false;
            s = in_lane(outer_.settled(now, 0, v), s.on);
        }
        return alone(s);
    }

    // The inner machine has spoken.
    constexpr step lift(reading& now, const step& s, verdict& v) {
        if (s.what != action::finish)
            return lanes > 1 && s.is_nothing() ? s : shifted(s);
        inside_ = false;
        return is_apart() ? s : follow(now, in_lane(outer_.settled(now, 0, v), s.on), v);
    }

    constexpr step out_of_time(reading& now, verdict& v) {
        drop_inner();
        v = parked_ ? verdict::neutral(refusal::timed_out) : verdict::expired();
        v.unsent = parked_;
        return follow(now, outer_.settled(now, 0, v), v);
    }

    // The outer machine goes on where the value is.
    static constexpr step in_lane(step s, lane on) noexcept { return lanes > 1 ? s.in(on) : s; }

    // Nothing goes on beside what the outer machine asks for, or beside a new beginning.
    static constexpr step alone(step s) noexcept {
        s.alone = lanes > 1;
        return s;
    }

    constexpr step shifted(step s) noexcept {
        if (s.what == action::call && s.callee != work)
            s.callee += Outer::operations;
        s.at = earlier(s.at, by_);
        parked_ = s.what == action::park;
        return s;
    }

    constexpr void drop_inner() noexcept {
        if (inside_)
            inner_.abandoned();
        inside_ = false;
    }

    Outer outer_;
    Inner inner_;
    instant by_ = never;
    bool inside_ = false;
    bool passed_ = false; // the outer machine said yes to the plain case
    bool parked_ = false; // the inner machine is, or was the last time it spoke
    bool spare_ = false;  // somebody further out holds a stand-in
    [[no_unique_address]] std::conditional_t<outlives_caller<Inner>, apart, never_apart> apart_{};
};

} // namespace outlast

#endif // OUTLAST_NEST_HPP
