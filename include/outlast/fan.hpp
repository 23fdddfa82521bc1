// SPDX-License-Identifier: BSL-1.0
//
// A machine that runs several calls at once, and a machine for each of them inside.
#ifndef OUTLAST_FAN_HPP
#define OUTLAST_FAN_HPP

#include <outlast/config.hpp>
#include <outlast/machine.hpp>

#include <array>
#include <cstddef>
#include <utility>

namespace outlast {

/// As `nest`, in each lane of the outer machine: its *call of the work* there runs the inner machine
/// of that lane.
///
/// Operations: 1 … n are the outer machine's, then follow those of each lane's inner machine.
template <machine Outer, machine Inner>
class fan {
public:
    static constexpr lane lanes = lanes_of<Outer>;
    static constexpr operation operations = Outer::operations + lanes * Inner::operations;
    static constexpr bool pinned = Outer::pinned || Inner::pinned;
    static_assert(Outer::operations + lanes * Inner::operations < 256);

    /// \param make gives a machine for a lane
    template <class Make>
    constexpr fan(Outer outer, Make&& make)
        : fan(std::move(outer), make, std::make_index_sequence<lanes>{}) {}

    constexpr step begin(reading& now, terms t, verdict& v) {
        drop_inner();
        spare_ = t.spare;
        won_ = 0;
        return follow(now, outer_.begin(now, t, v), v);
    }

    constexpr step settled(reading& now, lane on, verdict& v) {
        return inside_[on] ? lift(now, on, inner_[on].settled(now, 0, v), v)
                           : follow(now, outer_.settled(now, on, v), v);
    }

    constexpr step woke(reading& now, lane on, verdict& v) {
        if (!inside_[on])
            return follow(now, outer_.woke(now, on, v), v);
        if (by_[on] == never || now.get() < by_[on])
            return lift(now, on, inner_[on].woke(now, 0, v), v);
        drop(on);
        v = parked_[on] ? verdict::neutral(refusal::timed_out) : verdict::expired();
        return follow(now, outer_.settled(now, on, v), v);
    }

    constexpr instant nudge() const noexcept {
        instant first = outer_.nudge();
        for (lane l = 0; l != lanes; ++l)
            if (inside_[l])
                first = earlier(first, inner_[l].nudge());
        return first;
    }

    constexpr step nudged(reading& now, verdict& v) {
        for (lane l = 0; l != lanes; ++l)
            if (inside_[l] && inner_[l].nudge() <= now.get()) {
                const step s = inner_[l].nudged(now, v);
                return s.what == action::finish ? lift(now, l, s, v) : step::nothing();
            }
        return follow(now, outer_.nudged(now, v), v);
    }

    constexpr bool plain_begin(reading&, instant&) noexcept { return false; }
    constexpr bool plain_success(reading&) const noexcept { return false; }
    constexpr void plain_end() noexcept {}
    constexpr bool plain_refusal(reading&, verdict&) noexcept { return false; }
    constexpr bool passes_refusals() noexcept { return false; }

    constexpr void abandoned() noexcept {
        drop_inner();
        outer_.abandoned();
    }

    /// See machine.hpp.
    constexpr auto keep(lane on) noexcept
        requires keeps_for_work<Inner>
    {
        return inner_[on].keep(0);
    }

    /// See machine.hpp.
    constexpr instant prolong(lane on, instant by) noexcept
        requires(prolongs<Outer> && prolongs<Inner>)
    {
        by_[on] = outer_.prolong(on, by);
        return inside_[on] ? inner_[on].prolong(0, by_[on]) : by_[on];
    }

    constexpr void explain(failure_facts& facts) const noexcept {
        inner_[won_].explain(facts);
        outer_.explain(facts);
    }
    constexpr void credit(report& facts) const noexcept {
        inner_[won_].credit(facts);
        outer_.credit(facts);
    }

    /// Carries out an operation of the machine that it belongs to.
    template <class Hand>
    constexpr verdict act(operation what, reading& now, Hand& hand) {
        if constexpr (Outer::operations > 0)
            if (what <= Outer::operations)
                return outer_.act(what, now, hand);
        if constexpr (Inner::operations > 0) {
            const std::size_t n = what - Outer::operations - std::size_t{1};
            return inner_[n / Inner::operations].act(
                static_cast<operation>(n % Inner::operations + 1), now, hand);
        }
        OUTLAST_ASSERT(false); // no such operation
        return {};
    }

    template <class Hand, class Begin>
    constexpr bool act_later(operation what, reading& now, Hand& hand, Begin& begin, verdict& v) {
        if constexpr (Outer::operations > 0)
            if (what <= Outer::operations)
                return act_or_begin(outer_, what, now, hand, begin, v);
        if constexpr (Inner::operations > 0) {
            const std::size_t n = what - Outer::operations - std::size_t{1};
            return act_or_begin(inner_[n / Inner::operations],
                                static_cast<operation>(n % Inner::operations + 1), now, hand, begin,
                                v);
        }
        OUTLAST_ASSERT(false); // no such operation
        return true;
    }

private:
    static_assert(lanes_of<Inner> == 1,
                  "outlast::fan: what runs several calls at once stands inside another that does: "
                  "there are lanes of lanes.");

    template <class Make, std::size_t... I>
    constexpr fan(Outer outer, Make& make, std::index_sequence<I...>)
        : outer_(std::move(outer)), inner_{{(static_cast<void>(I), make())...}} {}

    // The outer machine has spoken; where it calls the work, an inner one is run.
    constexpr step follow(reading& now, step s, verdict& v) {
        for (;;) {
            if (s.alone || s.what == action::finish)
                drop_inner();
            if (s.what == action::finish) {
                won_ = s.on;
                s.alone = true;
            }
            if (!s.calls_work())
                return s;
            const lane l = s.on;
            by_[l] = s.at;
            inside_[l] = true;
            step first = inner_[l].begin(now, terms{s.at, spare_ || s.spare}, v);
            if (first.what != action::finish) {
                first.alone = s.alone;
                return shifted(first, l);
            }
            inside_[l] = false;
            const bool alone = s.alone;
            s = outer_.settled(now, l, v);
            s.alone = s.alone || alone;
        }
    }

    // The inner machine of that lane has spoken.
    constexpr step lift(reading& now, lane on, const step& s, verdict& v) {
        if (s.what != action::finish)
            return shifted(s, on);
        inside_[on] = false;
        return follow(now, outer_.settled(now, on, v), v);
    }

    constexpr step shifted(step s, lane on) noexcept {
        if (s.what == action::call && s.callee != work)
            s.callee =
                static_cast<operation>(s.callee + Outer::operations + on * Inner::operations);
        s.at = earlier(s.at, by_[on]);
        parked_[on] = s.what == action::park;
        return s.in(on);
    }

    constexpr void drop(lane on) noexcept {
        if (inside_[on])
            inner_[on].abandoned();
        inside_[on] = false;
    }
    constexpr void drop_inner() noexcept {
        for (lane l = 0; l != lanes; ++l)
            drop(l);
    }

    Outer outer_;
    std::array<Inner, lanes> inner_;
    std::array<instant, lanes> by_{};
    std::array<bool, lanes> inside_{};
    std::array<bool, lanes> parked_{}; // see nest.hpp
    lane won_ = 0;
    bool spare_ = false; // somebody further out holds a stand-in
};

} // namespace outlast

#endif // OUTLAST_FAN_HPP
