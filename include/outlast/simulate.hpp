// SPDX-License-Identifier: BSL-1.0
//
// The simulation driver: real callables in virtual time.
#ifndef OUTLAST_SIMULATE_HPP
#define OUTLAST_SIMULATE_HPP

#include <outlast/hand.hpp>
#include <outlast/world.hpp>

#include <array>
#include <cstddef>
#include <optional>
#include <stop_token>
#include <tuple>
#include <utility>

namespace outlast {

namespace detail {

/// Attempts of a real callable, which says by `spend` how long it takes. Each lane has a value.
template <lane Lanes, class F, class... A>
class called_work {
public:
    using hand_type = hand<F, A...>;

    called_work(F f, std::tuple<A...> arguments, waker& wake)
        : callable_(std::move(f)),
          arguments_(std::move(arguments)),
          hands_(made(wake, std::make_index_sequence<Lanes>{})) {}
    called_work(const called_work&) = delete;
    called_work& operator=(const called_work&) = delete;

    scripted attempt(lane on, std::uint32_t number, instant by, instant now) {
        hands_[on].count_from(number - 1);
        attempts_ = number;
        return {hands_[on].work(by, reading{now}, stop_), {}};
    }
    void cut(lane on) noexcept { hands_[on].drop(); }
    template <class Machine>
    verdict operate(Machine& machine, lane on, operation what, reading& now) {
        hands_[on].told_by(now, stop_);
        return detail::operate(machine, what, now, hands_[on]);
    }
    template <class Machine>
    void conclude(lane on, const verdict& v, const Machine& machine, duration elapsed) {
        hands_[on].count_from(attempts_);
        result_.emplace(hands_[on].conclude(v, machine, elapsed, &facts_));
    }

    [[nodiscard]] auto& result() {
        if (!result_)
            not_over();
        return *result_;
    }
    [[nodiscard]] const report& facts() const noexcept { return facts_; }

private:
    [[noreturn]] static void not_over() {
#if OUTLAST_EXCEPTIONS
        throw std::logic_error("outlast: this call is not over: run() or advance() the simulation");
#else
        std::abort();
#endif
    }

    template <std::size_t... I>
    std::array<hand_type, Lanes> made(waker& wake, std::index_sequence<I...>) {
        return std::apply(
            [&](const A&... a) {
                return std::array<hand_type, Lanes>{
                    (static_cast<void>(I), hand_type{callable_, wake, a...})...};
            },
            arguments_);
    }

    F callable_;
    std::tuple<A...> arguments_;
    std::stop_source source_{};
    std::stop_token stop_ = source_.get_token();
    std::array<hand_type, Lanes> hands_;
    std::uint32_t attempts_ = 0;
    report facts_{};
    std::optional<typename hand_type::result_type> result_{};
};

template <class Machine, class F, class... A>
class simulated_call final
    : public simulated_run<Machine, called_work<lanes_of<Machine>, F, A...>> {
public:
    using simulated_run<Machine, called_work<lanes_of<Machine>, F, A...>>::simulated_run;
    /// The result for the caller. \pre done()
    [[nodiscard]] auto& result() { return this->work().result(); }
    [[nodiscard]] const report& facts() { return this->work().facts(); }
};

} // namespace detail

/// A `world` in which callables run for real, and say by `spend` how long they take.
///
/// **Example**
///
///     outlast::pipeline guarded{outlast::timeout{10min}};
///     outlast::simulation sim;
///     auto& c = sim.call(guarded, [&] { sim.spend(9min); return 7; });
///     sim.run();
///     std::cout << c.result().value() << " at minute " << c.finished_at().time_since_epoch() / 1min;
///     // 7 at minute 9
class simulation : public world {
public:
    using world::world;

    /// Starts a call now. The callable and its arguments are kept in the simulation.
    template <class Policies, class F, class... A>
    auto& call(Policies& policies, F callable, A... arguments) {
        return call_by(never, policies, std::move(callable), std::move(arguments)...);
    }

    /// The same, for a caller that wants its answer before `deadline`, an instant of this world.
    template <class Policies, class F, class... A>
    auto& call_by(instant deadline, Policies& policies, F callable, A... arguments) {
        using machine = decltype(policies.start(std::as_const(arguments)...));
        auto started = policies.start(std::as_const(arguments)...);
        return adopt(new detail::simulated_call<machine, F, A...>(
            *this, deadline, std::move(started), std::move(callable),
            std::tuple<A...>{std::move(arguments)...}));
    }
};

} // namespace outlast

#endif // OUTLAST_SIMULATE_HPP
