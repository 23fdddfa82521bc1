// SPDX-License-Identifier: BSL-1.0
//
// The user's side of a call under Asio: starts its operation, and keeps what that comes to.
#ifndef OUTLAST_ASIO_ATTEMPTS_HPP
#define OUTLAST_ASIO_ATTEMPTS_HPP

#include <outlast/asio/attempt.hpp>
#include <outlast/asio/operation.hpp>
#include <outlast/hand.hpp>
#include <outlast/run.hpp> // limits

#include <cstddef>
#include <cstdint>
#include <tuple>
#include <utility>

namespace outlast::detail {

/// \tparam Call a waker that derives from it, and has: `handler_for(place)` for an attempt, and
///         `handler_is_back()` where `started` says so; `place_for(own)`, a free one
/// \tparam Kept see attempt
/// \tparam A what the arguments are kept as
template <class Call, class Clock, class Kept, lane Lanes, class F, class... A>
class attempts {
public:
    using operation_type = asynchronous<F, const A&...>;
    using value_type = typename operation_type::value_type;
    using place_type = attempt<value_type, Kept>;
    using result_type = result<value_type>;

protected:
    using hand_type = hand<arriving<F, value_type>, A...>;

    /// What goes on in a lane.
    enum class doing : std::uint8_t {
        nothing,
        calling,
        lost, // the operation is gone without an answer
        waiting,
        parked,
    };
    struct in_lane {
        doing what = doing::nothing;
        instant at = never;
        place_type* current = nullptr;
        place_type own{};
        in_lane() noexcept {}
    };

    attempts(const limits& limit, F&& callable, std::tuple<A...>&& arguments)
        : limit_(limit), callable_(std::move(callable)), arguments_(std::move(arguments)) {}
    ~attempts() = default;
    attempts(const attempts&) = delete;
    attempts& operator=(const attempts&) = delete;

    [[nodiscard]] const limits& asked() const noexcept { return limit_; }
    [[nodiscard]] static reading read() noexcept {
        return {[](void*) { return Clock::now(); }, nullptr};
    }
    template <class G>
    decltype(auto) with_arguments(G g) const {
        return std::apply(g, arguments_);
    }

    /// Starts one. \pre `a` is prepared
    /// \return where it is seen whether it has ended already: another place than `a`, if the starter
    ///         threw and somebody has its handler still
    place_type& launch(place_type& a, instant by) {
        ++count_;
        if constexpr (operation_type::takes_call)
            a.told.fill([&] { return call{count_, by, read(), limit_.stop}; });
        try {
            with_arguments([&](const A&... given) {
                operation_type::begin(callable_, *a.told, given..., self().handler_for(a));
            });
        } catch (...) {
            return failed_to_start(a);
        }
        return a;
    }

    [[nodiscard]] hand_type& in_hand(std::size_t of) {
        slot<hand_type>& h = hands_[of];
        if (!h.filled()) {
            h.fill([&] {
                return with_arguments(
                    [&](const A&... a) { return hand_type{later_, self(), a...}; });
            });
            h->told_by(read(), limit_.stop);
        }
        return *h;
    }
    [[nodiscard]] verdict judged(const place_type& a) {
        return hand_type::judged(later_, *a.arrived);
    }

    /// Makes the answer of a value in hand. Leaves nothing of the policies behind.
    /// \param m the machine
    template <class Machine>
    void conclude(lane won, const verdict& v, const Machine& m, duration elapsed) noexcept {
        answer_.fill([&]() -> result_type {
            try {
                hand_type& h = in_hand(won);
                h.count_from(count_);
                return h.conclude(v, m, elapsed, limit_.facts);
            } catch (...) {
                return thrown(); // the value can't be moved
            }
        });
        for (auto& h : hands_)
            h.clear();
    }
    /// \pre conclude()
    [[nodiscard]] result_type& answer() noexcept { return *answer_; }

private:
    [[nodiscard]] Call& self() noexcept { return static_cast<Call&>(*this); }

    // What has come of it before stands. Whoever has its handler still says nothing any more.
    OUTLAST_COLD place_type& failed_to_start(place_type& a) {
        if (!a.under_way() && a.arrived.filled())
            return a;
        place_type* failed = &a;
        if (!a.ended_in_start()) {
            a.orphaned = true;
            (void)a.started();
            failed = &self().place_for(a);
            failed->prepare(a.on);
            (void)self().handler_for(*failed);
        }
        failed->arrived.fill([]() -> result_type { return thrown(); });
        return *failed;
    }

    limits limit_;
    std::uint32_t count_ = 0;
    F callable_;
    std::tuple<A...> arguments_;
    arriving<F, value_type> later_{callable_};

    // While the caller waits.
    slot<hand_type> hands_[Lanes]{};
    slot<result_type> answer_{};
};

} // namespace outlast::detail

#endif // OUTLAST_ASIO_ATTEMPTS_HPP
