// SPDX-License-Identifier: BSL-1.0
//
// What a policy is: a small machine that is told what happened and answers what to do next.
#ifndef OUTLAST_MACHINE_HPP
#define OUTLAST_MACHINE_HPP

#include <outlast/report.hpp>
#include <outlast/step.hpp>
#include <outlast/time.hpp>

#include <concepts>
#include <type_traits>

namespace outlast {

/// One call's run through a policy. It never sleeps, blocks, spawns, allocates, logs or reads a
/// clock; a driver does what it answers. All events of one run come from one thread at a time.
// clang-format off
template <class M>
concept machine = requires(M& m, const M& seen, reading& now, instant by, lane on,
                           const verdict& v, report& facts) {
    // How many operations of its own the run can ask for: *call* steps name them 1 … operations.
    // Each is carried out by the run's `act` (see pipeline.hpp); `work` is the user's callable.
    { std::bool_constant<(M::operations >= 0)>{} };

    // The call starts, or starts over: whatever an earlier round held is given back first. `by` is
    // the deadline of whoever is outside; no step answered may ask for more time than that. A
    // machine may take `terms` in its place, which say more.
    { m.begin(now, by) } -> std::same_as<step>;

    // The call asked for in lane `on` is over, with this verdict. Never sent without such a call.
    { m.settled(now, on, v) } -> std::same_as<step>;

    // The wait or park asked for is over: its instant has come, or the waker was called. A park can
    // end for no reason at all; the machine looks for itself.
    { m.woke(now, on) } -> std::same_as<step>;

    // The instant named in a step's `nudge` has come, while something else is still going on.
    { m.nudged(now) } -> std::same_as<step>;

    // The call is dropped before it finished: give back what is held, record nothing. The
    // destructor does the same. After it only `begin` or destruction follows.
    { m.abandoned() } noexcept -> std::same_as<void>;

    // The call is over and somebody wants to know: add what this policy knows about it.
    { seen.explain(facts) } noexcept -> std::same_as<void>;
};
// clang-format on

/// The answers of a policy that never waits, parks, or holds anything: inherit it, and write
/// `begin` and `settled`.
struct pass_through {
    static constexpr operation operations = 0;
    constexpr step woke(reading&, lane) noexcept { return step::finish({}); }
    constexpr step nudged(reading&) noexcept { return step::finish({}); }
    constexpr void abandoned() noexcept {}
    constexpr void explain(report&) const noexcept {}
};

/// Says which part of the contract a type misses, one sentence each; used where a machine enters.
template <class M>
consteval bool check_machine() {
    static_assert(
        requires { M::operations; },
        "outlast: this run is no machine: it has no `operations`, the number of its own "
        "operations. Inherit outlast::pass_through if it has none.");
    static_assert(
        requires(M& m, reading& now, instant by) {
            { m.begin(now, by) } -> std::same_as<step>;
        }, "outlast: this run is no machine: it needs `step begin(reading& now, instant "
           "by)`, called when the call starts.");
    static_assert(
        requires(M& m, reading& now, const verdict& v) {
            { m.settled(now, lane{}, v) } -> std::same_as<step>;
        }, "outlast: this run is no machine: it needs `step settled(reading& now, lane, "
           "const verdict&)`, called when the call that it asked for is over.");
    static_assert(
        requires(M& m, reading& now) {
            { m.woke(now, lane{}) } -> std::same_as<step>;
            { m.nudged(now) } -> std::same_as<step>;
            { m.abandoned() } noexcept;
        }, "outlast: this run is no machine: it needs `woke`, `nudged` and a noexcept "
           "`abandoned`. Inherit outlast::pass_through if it never waits.");
    static_assert(machine<M>, "outlast: this run is no machine: see the concept outlast::machine.");
    return machine<M>;
}

/// The innermost machine: it calls the work, and the verdict is the work's.
struct leaf : pass_through {
    constexpr step begin(reading&, instant by) noexcept { return step::call(work, by); }
    constexpr step settled(reading&, lane, const verdict& v) noexcept { return step::finish(v); }
};

} // namespace outlast

#endif // OUTLAST_MACHINE_HPP
