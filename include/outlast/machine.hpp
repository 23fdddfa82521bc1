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
};

template <class P>
inline constexpr duty duty_of = duty::other;
template <class P>
    requires requires { P::does; }
inline constexpr duty duty_of<P> = P::does;

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

    // That instant has come while a call is under way. A step that is not *finish* changes nothing.
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
    // once with the verdict that is left in `v`, and what it would have done is done. True to the
    // second, which is asked when the machine itself has said yes: a refusal from inside would be
    // handed on as it is, whatever it says.
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

/// The answers of a policy that never waits, parks, or holds anything: inherit it, and write
/// `begin` and `settled`.
struct pass_through {
    static constexpr operation operations = 0;
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
    constexpr step begin(reading&, instant by, verdict&) noexcept { return step::call(work, by); }
    constexpr step settled(reading&, lane, verdict&) noexcept { return step::finish(); }
    OUTLAST_INLINE constexpr bool plain_begin(reading&, instant&) noexcept { return true; }
    OUTLAST_INLINE constexpr bool plain_success(reading&) const noexcept { return true; }
};

} // namespace outlast

#endif // OUTLAST_MACHINE_HPP
