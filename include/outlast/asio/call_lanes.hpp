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
#include <memory>
#include <optional>
#include <stop_token>
#include <tuple>
#include <type_traits>
#include <utility>

namespace outlast::detail {

/// \tparam Call a waker that derives from it, and has: `place_for(own)`, a free place for an attempt;
///         `handler_for(place)`, and for the operation of a policy `handler_in<Operation, Into>(place)`;
///         and `handler_is_back()` for those that do not come back by themselves
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

    call_lanes(const limits& limit, F&& callable, std::tuple<A...>&& arguments)
        : callable_(std::move(callable)), arguments_(std::move(arguments)), limit_(limit) {}
    ~call_lanes() = default;
    call_lanes(const call_lanes&) = delete;
    call_lanes& operator=(const call_lanes&) = delete;

    [[nodiscard]] Call& self() noexcept { return static_cast<Call&>(*this); }
    [[nodiscard]] static reading read() noexcept {
        return {[](void*) { return Clock::now(); }, nullptr};
    }

    /// What holds the values of a lane; made when it is needed.
    [[nodiscard]] hand_type& in_hand(lane on) {
        slot<hand_type>& h = hands_[on];
        if (!h.filled()) {
            h.fill([&] {
                return std::apply([&](const A&... a) { return hand_type{later_, self(), a...}; },
                                  arguments_);
            });
            h->told_by(read(), limit_.stop);
        }
        return *h;
    }

    [[nodiscard]] verdict judged(const place_type& a) { return judge_by(later_, *a.arrived); }

    /// Begins the work. \return whether it has ended already
    OUTLAST_INLINE bool start(lane on, instant by) {
        ++attempts_;
        place_type& a = begin_in(on, by);
        if constexpr (operation_type::takes_call)
            tell(a, by);
        if (lanes > 1)
            lanes_[on].hold(machine_);
        try {
            std::apply(
                [&](const A&... given) {
                    operation_type::begin(callable_, *a.told, given..., self().handler_for(a));
                },
                arguments_);
        } catch (...) {
            failed_to_start(on);
        }
        return has_ended(on);
    }
    /// Whether what has just begun in a lane has ended already, on its way.
    OUTLAST_INLINE bool has_ended(lane on) noexcept {
        if (!lanes_[on].current->started())
            return false;
        self().handler_is_back();
        return true;
    }

    /// Carries out an operation of a policy's own. \return whether that is done, with this verdict;
    /// false: it has begun
    bool operate(const step& s, reading& now, verdict& v) {
        if constexpr (Machine::operations > 0) {
            operation_starter<call_lanes, std::tuple<A...>> begin{*this, arguments_, s.on, s.at};
            try {
                return act_or_begin(*machine_, s.callee, now, in_hand(s.on), begin, v);
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
                            if (judge_by(later_, *a.arrived).ok())
                                a.kept->late(Clock::now(), value, given...);
                        } catch (...) { // a life, a store: nobody waits for it
                        }
                    }
                },
                arguments_);
        }
    }

    /// When something is due next, see `machine_loop::due`.
    [[nodiscard]] std::optional<instant> due(instant deadline) const {
        instant want = deadline;
        bool idle = true;
        for (const lane_type& l : lanes_) {
            if (l.what == doing::nothing)
                continue;
            if (l.what == doing::calling) {
                if (!l.current->under_way())
                    return std::nullopt; // it has ended, which is next
                idle = false;
            }
            want = earlier(want, l.at);
        }
        if (may_nudge())
            want = earlier(want, machine_->nudge());
        if (want == never && !idle)
            return std::nullopt;
        return want;
    }
    [[nodiscard]] bool may_nudge() const noexcept {
        return lanes > 1 || lanes_[0].what == doing::calling;
    }

    /// Makes the answer of the value in hand.
    void conclude(lane won, const verdict& v, duration elapsed) noexcept {
        answer_.fill([&]() -> result_type {
            try {
                hand_type& h = in_hand(won);
                h.count_from(attempts_);
                if (!machine_.filled())
                    return h.conclude(v, leaf{}, elapsed, limit_.facts);
                return h.conclude(v, *machine_, elapsed, limit_.facts);
            } catch (...) {
                return thrown(); // the value can't be moved
            }
        });
    }
    /// \pre conclude()
    [[nodiscard]] result_type& answer() noexcept { return *answer_; }
    OUTLAST_INLINE void drop_policies() noexcept {
        machine_.clear();
        for (auto& hand : hands_)
            hand.clear();
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
        l.what = doing::calling;
        l.at = by;
        l.current = &a;
        return a;
    }
    void tell(place_type& a, instant by) {
        a.told.fill([&] { return call{attempts_, by, read(), limit_.stop}; });
    }

    // Its starter threw. What has come of it before stands. Whoever has its handler still says nothing
    // any more, and has its place: the failure gets another one.
    OUTLAST_COLD void failed_to_start(lane on) {
        place_type& a = *lanes_[on].current;
        if (!a.under_way() && a.has_arrived())
            return;
        place_type* failed = &a;
        if (!a.ended_in_start()) {
            a.orphaned = true;
            (void)a.started();
            failed = &self().place_for(a);
            failed->prepare(on);
            if (a.of_policy)
                failed->of_policy = std::make_unique<never_begun>();
            (void)self().handler_for(*failed);
        }
        failed->arrived.fill([]() -> result_type { return thrown_under_asio(); });
        lanes_[on].current = failed;
    }
    struct never_begun final : begun_operation {
        [[nodiscard]] bool has_arrived() const noexcept override { return false; }
        verdict land(reading&) override { return verdict::failure(); }
    };

    std::uint32_t attempts_ = 0;
    slot<result_type> answer_{};
};

} // namespace outlast::detail

#endif // OUTLAST_ASIO_CALL_LANES_HPP
