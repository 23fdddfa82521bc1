// SPDX-License-Identifier: BSL-1.0
//
// What a policy is: a small machine that is told what happened and answers what to do next.
#ifndef OUTLAST_MACHINE_HPP
#define OUTLAST_MACHINE_HPP

#include <outlast/config.hpp>
#include <outlast/report.hpp>
#include <outlast/step.hpp>
#include <outlast/time.hpp>

#include <concepts>
#include <cstdint>
#include <type_traits>

namespace outlast {

/// What a policy does to that which stands inside it, as far as its place in a pipeline matters. It
/// says so as `static constexpr duty does`; one that does not say it is `other`.
enum class duty : std::uint8_t {
    other,
    limits,    ///< gives it a deadline
    repeats,   ///< may run it several times
    admits,    ///< lets it run or refuses, and learns from what it comes to
    remembers, ///< answers with an earlier success
    replaces,  ///< answers instead of its failure
    rations,   ///< lets it run so many times at once, over all calls
    races,     ///< may run it several times at once
};

template <class P>
inline constexpr duty duty_of = duty::other;
template <class P>
    requires requires { P::does; }
inline constexpr duty duty_of<P> = P::does;

/// How many lanes a machine runs calls in at once, from 0 on: `static constexpr lane lanes`; one
/// that does not say it has lane 0 only.
template <class M>
inline constexpr lane lanes_of = 1;
template <class M>
    requires requires { M::lanes; }
inline constexpr lane lanes_of<M> = M::lanes;

/// A machine that holds something for as long as the work really runs, whoever waits for it: what
/// `keep(lane)` gives holds it in its place, and is movable. A driver that may leave work behind
/// asks while the call in that lane is under way, before it tells the machine anything by which
/// that may be over, and destroys what it got when the work has ended. If that brought a good value,
/// it calls `late(now, value, arguments…)` of it before, if it has that. Asking changes nothing else.
template <class M>
concept keeps_for_work = requires(M& m, lane on) { m.keep(on); };

/// A machine that may have something left to do when its caller has its answer, or has left. Only
/// where the driver can go on without one, and has said so in `terms::stays`: then
///  - after *finish* it gives the answer and asks `has_more`. If so, it carries out what `go_on`
///    answers, and all that follows, to another *finish*, for which nobody waits;
///  - when the caller leaves before *finish* (it cancels, or its deadline has come), it asks
///    `leave` before it ends anything. True: others wait for what is under way, which goes on to its
///    *finish* without the caller. A call of the work in that lane now has until `over_by(lane)`.
/// `explain` and `credit`, for the caller's answer, are asked before anything else is told.
// clang-format off
template <class M>
concept outlives_caller = requires(M& m, const M& seen, reading& now, verdict& v, lane on) {
    { seen.has_more() } noexcept -> std::same_as<bool>;
    { m.go_on(now, v) } -> std::same_as<step>;
    { m.leave(now) } -> std::same_as<bool>;
    { m.over_by(on) } noexcept -> std::same_as<instant>;
};

/// A machine that takes note when the deadline outside is put off: `by` is the new one, and the
/// answer is by when what is under way in that lane is to be over. What stands inside one that does
/// not keeps the deadline that it began with.
template <class M>
concept prolongs = requires(M& m, lane on, instant by) {
    { m.prolong(on, by) } noexcept -> std::same_as<instant>;
};
// clang-format on

/// One call's run through a policy. It never sleeps, blocks, spawns, allocates, logs or reads a
/// clock; a driver does what it answers. All events of one run come from one thread at a time.
// clang-format off
template <class M>
concept machine = requires(M& m, const M& seen, reading& now, instant& by, lane on, verdict& v,
                           failure_facts& facts, report& whole) {
    // How many operations of its own the run can ask for: *call* steps name them 1 … operations.
    // Each is carried out by the run's `act` (see pipeline.hpp); `work` is the user's callable.
    { std::bool_constant<(M::operations >= 0)>{} };

    // Whether other calls link to the run once it has begun, so that a driver must not move it then.
    { std::bool_constant<M::pinned>{} };

    // `v` is the verdict in hand: what the last call came to. Who answers *finish* leaves there what
    // the whole came to; until then it may be read and changed.

    // The call starts, or starts over: whatever an earlier round held is given back first. `by` is
    // the deadline of whoever is outside; no step answered may ask for more time than that. A
    // machine may take `terms` in its place, which say more.
    { m.begin(now, terms{by}, v) } -> std::same_as<step>;

    // The call asked for in lane `on` is over, with this verdict. Never sent without such a call.
    { m.settled(now, on, v) } -> std::same_as<step>;

    // The wait or park asked for is over: its instant has come, or the waker was called. A park can
    // end for no reason at all; the machine looks for itself.
    { m.woke(now, on, v) } -> std::same_as<step>;

    // When it wants to be asked again, whatever else is going on; `never`: not at all.
    { seen.nudge() } noexcept -> std::same_as<instant>;

    // That instant has come while a call is under way. A step that is not *finish* changes nothing,
    // if the machine has one lane.
    { m.nudged(now, v) } -> std::same_as<step>;

    // The plain case, in which there is nothing to decide. A driver may ask first; false, which is
    // always a right answer, means nothing: then the events above are told as if nobody had asked.
    // True to the first: as `begin` with a *call* of the work by `by`, which comes in as the
    // deadline outside. True to the second: if a success settled now, it would finish as it is; and
    // `plain_end` then stands for that event. Small, inlined, no calls: the path of every success.
    { m.plain_begin(now, by) } -> std::same_as<bool>;
    { seen.plain_success(now) } -> std::same_as<bool>;
    { m.plain_end() } noexcept;

    // May be asked when `plain_begin` has just said no. True to the first: `begin` would refuse at
    // once with the verdict that is left in `v` (neutral, and not for want of time), and what it would
    // have done is done. True to the second, which is asked when the machine itself has said yes: such
    // a refusal from inside would be handed on as it is.
    { m.plain_refusal(now, v) } -> std::same_as<bool>;
    { m.passes_refusals() } noexcept -> std::same_as<bool>;

    // The call is dropped before it finished: give back what is held, record nothing. The
    // destructor does the same. After it only `begin` or destruction follows.
    { m.abandoned() } noexcept -> std::same_as<void>;

    // The call is over and somebody wants to know: add what this policy knows about it. To the
    // second, in a success too: where the answer came from.
    { seen.explain(facts) } noexcept -> std::same_as<void>;
    { seen.credit(whole) } noexcept -> std::same_as<void>;
};
// clang-format on

// **Several lanes** (`lanes_of` more than 1). A step names its lane by `on` and says what goes on
// there from now on; the other lanes go on as they were, unless it is *alone*. `step::nothing()`
// asks for nothing. *finish* is the end of all lanes, and the value of the whole is that of the
// lane that it names. So a driver
//  - keeps a value and a place for what is under way for each lane; each event names its lane, and
//    a wake is for each lane that is parked;
//  - ends, before it carries out a step that is *alone* or *finish*, what is under way in all lanes
//    (but what has just settled has ended), and tells the machine nothing about it;
//  - after every event, *begin* and what `nudged` answered included, asks for `nudge()`: while that
//    instant has come it tells `nudged`, whatever is under way, and carries the answer out. What has
//    settled by then is told first;
//  - tells a lane whose call is still running at `step::at` that it has settled as `expired`;
//  - carries out an operation of a policy with the value of the lane that the step names.

/// The answers of a policy that never waits, parks, or holds anything: inherit it, and write
/// `begin` and `settled`.
struct pass_through {
    static constexpr operation operations = 0;
    static constexpr lane lanes = 1;
    static constexpr bool pinned = false;
    constexpr step woke(reading&, lane, verdict&) noexcept { return step::finish(); }
    constexpr instant nudge() const noexcept { return never; }
    constexpr step nudged(reading&, verdict&) noexcept { return step::wait(never); }
    constexpr bool plain_begin(reading&, instant&) noexcept { return false; }
    constexpr bool plain_success(reading&) const noexcept { return false; }
    constexpr void plain_end() noexcept {}
    constexpr bool plain_refusal(reading&, verdict&) noexcept { return false; }
    constexpr bool passes_refusals() noexcept { return false; }
    constexpr void abandoned() noexcept {}
    constexpr void explain(failure_facts&) const noexcept {}
    constexpr void credit(report&) const noexcept {}
};

/// Carries out an operation of a machine's own. One that wants to know what the policies inside of it
/// have to say takes the machine there, too, after the hand, and asks it to `explain`.
template <class M, class Hand, class... Inside>
constexpr verdict
act_over(M& machine, operation what, reading& now, Hand& hand, const Inside&... inside) {
    if constexpr (requires { machine.act(what, now, hand, inside...); })
        return machine.act(what, now, hand, inside...);
    else
        return machine.act(what, now, hand);
}

/// Carries out an operation of a machine's own, or begins it. A machine some of whose operations end
/// later has `bool act_later(what, now, hand, begin, verdict&)`, which begins one by
/// `begin(callable, finish)`: an asynchronous callable, and what is called with its result, as
/// `finish(reading&, result)`, for the verdict; not at all if the machine is gone by then.
/// \param inside the machine inside of it, if there is one: as for `act_over`
/// \return whether it is over already, with this verdict; false: `begin` was called
template <class M, class Hand, class Begin, class... Inside>
constexpr bool act_or_begin(M& machine,
                            operation what,
                            reading& now,
                            Hand& hand,
                            Begin& begin,
                            verdict& v,
                            const Inside&... inside) {
    if constexpr (requires { machine.act_later(what, now, hand, begin, v, inside...); }) {
        return machine.act_later(what, now, hand, begin, v, inside...);
    } else if constexpr (requires { machine.act_later(what, now, hand, begin, v); }) {
        return machine.act_later(what, now, hand, begin, v);
    } else {
        v = act_over(machine, what, now, hand, inside...);
        return true;
    }
}

/// Says which part of the contract a type misses, one sentence each; used where a machine enters.
template <class M>
consteval bool check_machine() {
    static_assert(
        requires {
            M::operations;
            M::pinned;
        }, "outlast: this run is no machine: it has no `operations`, the number of its own "
           "operations, or no `pinned`. Inherit outlast::pass_through if it has none.");
    static_assert(
        requires(M& m, reading& now, instant by, verdict& v) {
            { m.begin(now, by, v) } -> std::same_as<step>;
        }, "outlast: this run is no machine: it needs `step begin(reading& now, instant by, "
           "verdict&)`, called when the call starts.");
    static_assert(
        requires(M& m, reading& now, verdict& v) {
            { m.settled(now, lane{}, v) } -> std::same_as<step>;
        }, "outlast: this run is no machine: it needs `step settled(reading& now, lane, "
           "verdict&)`, called when the call that it asked for is over.");
    static_assert(
        requires(M& m, const M& seen, reading& now, verdict& v) {
            { m.woke(now, lane{}, v) } -> std::same_as<step>;
            { m.nudged(now, v) } -> std::same_as<step>;
            { seen.nudge() } noexcept -> std::same_as<instant>;
            { m.abandoned() } noexcept;
        }, "outlast: this run is no machine: it needs `woke`, `nudge`, `nudged` and a noexcept "
           "`abandoned`. Inherit outlast::pass_through if it never waits.");
    static_assert(machine<M>, "outlast: this run is no machine: see the concept outlast::machine.");
    return machine<M>;
}

/// The innermost machine: it calls the work, and the verdict is the work's.
struct leaf : pass_through {
    constexpr instant prolong(lane, instant by) noexcept { return by; }
    constexpr step begin(reading&, instant by, verdict&) noexcept { return step::call(work, by); }
    constexpr step settled(reading&, lane, verdict&) noexcept { return step::finish(); }
    OUTLAST_INLINE constexpr bool plain_begin(reading&, instant&) noexcept { return true; }
    OUTLAST_INLINE constexpr bool plain_success(reading&) const noexcept { return true; }
};

} // namespace outlast

#endif // OUTLAST_MACHINE_HPP
