// SPDX-License-Identifier: BSL-1.0
#ifndef OUTLAST_LOSES_NOTHING_HPP
#define OUTLAST_LOSES_NOTHING_HPP

#include <outlast/config.hpp>
#include <outlast/machine.hpp>

namespace outlast {

/// Says of the calls that go through it that they lose nothing if they fail: a probe, say, or work in
/// the background, which comes again.
///
/// **Decides** nothing.
/// **Answers** *call* the work, with `spare` terms: a breaker inside that holds calls back lets it probe
/// first (`hold_back`), and a bulkhead gives it a spare permit, without a line to stand in (`spare_permits`).
/// **Refusals** none.
/// **Time** it does not look.
/// **Sharing** nothing.
/// **Cost** the machines inside are asked one by one even where they would all say yes.
/// **Example**
///
///     outlast::circuit_breaker breaker{{.hold_back = 1min, .name = "orders"}};
///     outlast::simulation sim;
///     breaker.half_open(sim.time());
///     outlast::pipeline client{std::ref(breaker)};
///     outlast::pipeline probe{outlast::loses_nothing{}, std::ref(breaker)};
///     auto ask = [] { return 1; };
///     const bool first = sim.call(client, ask).result().has_value();
///     const bool second = sim.call(probe, ask).result().has_value();
///     std::cout << first << second;   // 01
class loses_nothing {
public:
    class run;
    static constexpr label kind = "loses nothing";

    [[nodiscard]] constexpr run start() const noexcept;

    /// See worst_case.hpp.
    template <class Inner>
    [[nodiscard]] constexpr auto worst_case(duration within, const Inner& inner) const {
        return inner(within);
    }
};

class loses_nothing::run : public pass_through {
public:
    constexpr step begin(reading&, instant by, verdict&) noexcept {
        step s = step::call(work, by);
        s.spare = true;
        return s;
    }
    constexpr step settled(reading&, lane, verdict&) noexcept { return step::finish(); }

    constexpr bool plain_success(reading&) const noexcept { return true; }
    constexpr instant prolong(lane, instant by) noexcept { return by; }
};

constexpr loses_nothing::run loses_nothing::start() const noexcept { return {}; }

} // namespace outlast

#endif // OUTLAST_LOSES_NOTHING_HPP
