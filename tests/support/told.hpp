// SPDX-License-Identifier: BSL-1.0
//
// A machine told its events one by one, as a driver tells them; what it answers, with its verdict.
#ifndef OUTLAST_TESTS_SUPPORT_TOLD_HPP
#define OUTLAST_TESTS_SUPPORT_TOLD_HPP

#include <outlast/step.hpp>

namespace outlast_tests {

/// A step and, of *finish*, the verdict that was left in hand.
struct answer : outlast::step {
    outlast::verdict outcome{};

    constexpr answer(const outlast::step& s, const outlast::verdict& v = {}) noexcept
        : outlast::step(s), outcome(s.what == outlast::action::finish ? v : outlast::verdict{}) {}

    friend constexpr bool operator==(const answer&, const answer&) = default;
    friend constexpr bool operator==(const answer& a, const outlast::step& s) {
        return a == answer{s};
    }
};

[[nodiscard]] constexpr answer finished(const outlast::verdict& v) noexcept {
    return {outlast::step::finish(), v};
}

template <class Machine>
constexpr answer begin(Machine& m, outlast::reading& now, outlast::terms t) {
    outlast::verdict v;
    const outlast::step s = m.begin(now, t, v);
    return {s, v};
}

template <class Machine>
constexpr answer settle(Machine& m, outlast::reading& now, outlast::verdict v) {
    const outlast::step s = m.settled(now, 0, v);
    return {s, v};
}

/// \param v what the last call came to
template <class Machine>
constexpr answer wake(Machine& m, outlast::reading& now, outlast::verdict v = {}) {
    const outlast::step s = m.woke(now, 0, v);
    return {s, v};
}

template <class Machine>
constexpr answer nudge(Machine& m, outlast::reading& now, outlast::verdict v = {}) {
    const outlast::step s = m.nudged(now, v);
    return {s, v};
}

} // namespace outlast_tests

#endif
