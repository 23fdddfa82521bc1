// SPDX-License-Identifier: BSL-1.0
//
// What a call under Asio is made of, and how its work and the operations of its policies begin.
#ifndef OUTLAST_ASIO_CALL_LANES_HPP
#define OUTLAST_ASIO_CALL_LANES_HPP

#include <outlast/asio/attempt.hpp>
#include <outlast/asio/operation.hpp>
#include <outlast/asio/policy_operation.hpp>
#include <outlast/asio/under_way.hpp>
#include <outlast/hand.hpp>
#include <outlast/machine.hpp>
#include <outlast/run.hpp> // limits
#include <outlast/slot.hpp>

#include <cstdint>
#include <stop_token>
#include <tuple>
#include <type_traits>
#include <utility>

namespace outlast::detail {

/// \tparam Call derives from it, and has: `place_for(own)`, a free place for an attempt;
///         `handler_for(place)`, and for the operation of a policy `handler_in<Operation, Into>(place)`
/// \tparam A what the arguments are kept as
template <class Call, class Clock, class Machine, class F, class... A>
class call_lanes {
public:
    using operation_type = asynchronous<F, const A&...>;
    using value_type = typename operation_type::value_type;
    using place_type = attempt<value_type, typename kept_by<Machine>::type>;
    using result_type = result<value_type>;

protected:
    using hand_type = hand<arriving<F, value_type>, A...>;
    using lane_type = in_lane<Machine, place_type>;
    static constexpr lane lanes = lanes_of<Machine>;

    call_lanes(const limits& limit, F&& callable, std::tuple<A...>&& arguments, waker& wake)
        : callable_(std::move(callable)), arguments_(std::move(arguments)), limit_(limit) {
        std::apply(
            [&](const A&... a) {
                for (auto& hand : hands_) {
                    hand.fill([&] { return hand_type{later_, wake, a...}; });
                    hand->told_by(read(), limit_.stop);
                }
            },
            arguments_);
    }
    ~call_lanes() = default;
    call_lanes(const call_lanes&) = delete;
    call_lanes& operator=(const call_lanes&) = delete;

    [[nodiscard]] Call& self() noexcept { return static_cast<Call&>(*this); }
    [[nodiscard]] static reading read() noexcept {
        return {[](void*) { return Clock::now(); }, nullptr};
    }
    [[nodiscard]] std::uint32_t attempts() const noexcept { return attempts_; }

    /// Begins the work. \return whether it has ended already
    bool start(const step& s) {
        ++attempts_;
        place_type& a = begin_in(s.on, s.at);
        hands_[s.on]->set_out();
        if (lanes > 1)
            lanes_[s.on].hold(machine_);
        try {
            std::apply(
                [&](const A&... given) {
                    operation_type::begin(callable_, *a.told, given..., self().handler_for(a));
                },
                arguments_);
        } catch (...) {
            a.threw();
        }
        return a.started();
    }

    /// Carries out an operation of a policy's own. \return whether that is done, with this verdict;
    /// false: it has begun
    bool operate(const step& s, reading& now, verdict& v) {
        if constexpr (Machine::operations > 0) {
            operation_starter<call_lanes, std::tuple<A...>> begin{*this, arguments_, s.on, s.at};
            try {
                return act_or_begin(*machine_, s.callee, now, *hands_[s.on], begin, v);
            } catch (...) { // it fails no call unless its policy says so
            }
        }
        v = verdict::failure();
        return true;
    }

    /// What was abandoned has ended: a good value may still be of use to a policy.
    void offer(place_type& a) noexcept {
        if constexpr (keeps_for_work<Machine> && !std::is_void_v<value_type>) {
            if (!a.kept.filled() || !a.arrived.filled() || !*a.arrived)
                return;
            std::apply(
                [&](const A&... given) {
                    const auto& value = a.arrived->assume_value();
                    if constexpr (requires { a.kept->late(instant{}, value, given...); }) {
                        try {
                            if (hand_type::judged(later_, *a.arrived).ok())
                                a.kept->late(Clock::now(), value, given...);
                        } catch (...) { // a life, a store: nobody waits for it
                        }
                    }
                },
                arguments_);
        }
    }

    void abandon_all() {
        for (lane_type& l : lanes_)
            l.abandon(machine_);
    }

    F callable_;
    std::tuple<A...> arguments_;
    limits limit_;
    lane_type lanes_[lanes]{};
    arriving<F, value_type> later_{callable_};

    // While the policies are needed.
    slot<hand_type> hands_[lanes]{};
    slot<Machine> machine_{};

private:
    template <class, class>
    friend class operation_starter;

    [[nodiscard]] auto& call_of() noexcept { return self(); }

    // A place for what begins in that lane now.
    place_type& begin_in(lane on, instant by) {
        lane_type& l = lanes_[on];
        place_type& a = self().place_for(l.own);
        a.prepare(on);
        a.told.fill([&] { return call{attempts_, by, read(), limit_.stop}; });
        l.what = doing::calling;
        l.at = by;
        l.current = &a;
        return a;
    }

    std::uint32_t attempts_ = 0;
};

} // namespace outlast::detail

#endif // OUTLAST_ASIO_CALL_LANES_HPP
