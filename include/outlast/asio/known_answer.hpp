// SPDX-License-Identifier: BSL-1.0
//
// The answer of a call that needs none of this driver: nothing is begun, and nobody waits.
#ifndef OUTLAST_ASIO_KNOWN_ANSWER_HPP
#define OUTLAST_ASIO_KNOWN_ANSWER_HPP

#include <outlast/asio/operation.hpp>
#include <outlast/hand.hpp>
#include <outlast/pipeline.hpp> // may_know
#include <outlast/run.hpp>      // limits
#include <outlast/slot.hpp>

#include <chrono>
#include <type_traits>
#include <utility>

namespace outlast::detail {

/// What the operation brings, with these arguments.
template <class F, class... A>
using async_value = typename asynchronous<std::decay_t<F>, const std::decay_t<A>&...>::value_type;

struct nobody_to_wake final : waker {
    void wake() noexcept override {}
};

template <class F, class... A>
using knowing_hand = hand<arriving<F, async_value<F, A...>>, A...>;

/// Whether a pipeline may know what a call of this work comes to.
template <class Pipeline, class F, class... A>
concept may_be_known = may_know<Pipeline, knowing_hand<F, A...>, A...>;

/// Fills `answer` with what a pipeline knows, if the call may begin at all. \return whether it has; if not, the call
/// is to be run, which also tells what was thrown here.
/// \tparam Clock see `steady`
template <class Clock, class Pipeline, class F, class... A>
    requires may_be_known<Pipeline, F, A...>
[[nodiscard]] bool known_answer(slot<result<async_value<F, A...>>>& answer,
                                Pipeline& policies,
                                const limits& limit,
                                F& callable,
                                const A&... arguments) {
    constexpr auto no_deadline = std::chrono::steady_clock::time_point::max();
    const instant by =
        limit.deadline == no_deadline ? never : instant{limit.deadline.time_since_epoch()};
    try {
        reading now = read_once<Clock>();
        if (limit.stop.stop_requested() || (by != never && now.get() >= by))
            return false;
        arriving<F, async_value<F, A...>> never_called{callable};
        nobody_to_wake nobody;
        knowing_hand<F, A...> in_hand{never_called, nobody, arguments...};
        const auto take = [&](const auto& machine) {
            reading then = read_once<Clock>(); // a store, a recheck take their time
            if (by != never && then.get() >= by)
                return false;
            const duration elapsed =
                limit.facts == nullptr ? duration{} : until(now.get(), then.get());
            answer.fill([&] {
                return caught<async_value<F, A...>>([&] {
                    return in_hand.conclude(verdict::success(), machine, elapsed, limit.facts);
                });
            });
            return true;
        };
        return policies.known(now, {by, false, true}, in_hand, take, arguments...);
    } catch (...) {
        return answer.filled(); // then it was a sink that threw
    }
}

} // namespace outlast::detail

#endif // OUTLAST_ASIO_KNOWN_ANSWER_HPP
