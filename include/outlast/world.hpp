// SPDX-License-Identifier: BSL-1.0
//
// Virtual time: machines driven by a script, any number at once, on one thread, repeatable.
#ifndef OUTLAST_WORLD_HPP
#define OUTLAST_WORLD_HPP

#include <outlast/machine.hpp>
#include <outlast/simulated_run.hpp>
#include <outlast/virtual_time.hpp>

#include <cstdint>
#include <utility>

namespace outlast {

namespace detail {

/// What the operations of policies are given where there is no value: as much of `hand` as those
/// need that can do without.
class empty_hand {
public:
    constexpr explicit empty_hand(waker& w) noexcept : waiter_(w) {}
    [[nodiscard]] constexpr waker& waiter() noexcept { return waiter_; }
    template <class Answer>
    constexpr verdict replace(Answer&, const verdict&) noexcept {
        return verdict::success();
    }
    template <class Take>
    constexpr void show(const Take&) noexcept {}

private:
    waker& waiter_;
};

/// Attempts that are a script: no value, and of the operations of policies those that need none.
template <class Script>
struct scripted_work {
    Script script;
    waker& waiter;
    constexpr scripted_work(Script s, waker& w) : script(std::move(s)), waiter(w) {}
    constexpr scripted attempt(lane, std::uint32_t n, instant by, instant) { return script(n, by); }
    constexpr void cut(lane) noexcept {}
    template <class Machine>
    constexpr verdict operate(Machine& machine, lane, operation what, reading& now) {
        if constexpr (Machine::operations > 0) {
            empty_hand none{waiter};
            return machine.act(what, now, none);
        } else {
            return verdict::success();
        }
    }
    template <class Machine>
    constexpr void conclude(lane, const verdict&, const Machine&, duration) noexcept {}
};

} // namespace detail

template <class Policies, class Script>
constexpr simulated& world::play(Policies& policies, Script script, instant deadline) {
    using machine = decltype(policies.start());
    using call_type = simulated_run<machine, detail::scripted_work<Script>>;
    return adopt(new call_type(*this, deadline, policies.start(), std::move(script)));
}

} // namespace outlast

#endif // OUTLAST_WORLD_HPP
