// SPDX-License-Identifier: BSL-1.0
#ifndef OUTLAST_LATE_VALUE_HPP
#define OUTLAST_LATE_VALUE_HPP

#include <outlast/invoke.hpp>
#include <outlast/machine.hpp>

#include <type_traits>
#include <utility>

namespace outlast {

namespace detail {

/// Gives a value, and the arguments of its call, to a callable that takes the value, or both.
template <class Take>
struct value_taker {
    Take& take;

    template <class T, class... A>
    void operator()(const T& value, const A&... a) const {
        if constexpr (std::is_invocable_v<Take&, const T&, const A&...>) {
            invoke(take, value, a...);
        } else {
            static_assert(
                std::is_invocable_v<Take&, const T&>,
                "outlast::late_value: what it shows a value to can be called neither with "
                "the callable's value, nor with that and the arguments.");
            invoke(take, value);
        }
    }
    /// Of a callable that gives none.
    template <class... A>
    void without_value(const A&... a) const {
        if constexpr (std::is_invocable_v<Take&, const A&...>)
            invoke(take, a...);
        else
            invoke(take);
    }
};

} // namespace detail

/// Shows a good value that came too late for its call to a callable of yours, which may keep it for
/// others: a callable that cannot be interrupted has done its work, after all.
///
/// **Decides** from the verdict: a value that a timeout inside has marked late; and a success at or
/// after the deadline outside, for whoever set that will not take it.
/// **Answers** *call* the work; after a late value, *call* `take` once; *finish* with the verdict as
/// it was: the call has timed out all the same. What `take` throws is nobody's.
/// **Refusals** none.
/// **Time** one look when a call ends that has a deadline outside.
/// **Sharing** `take`, which threads may call at once; under no lock.
/// **Cost** nothing on a success in time, but that look.
///
/// It stands directly outside the timeout: outside a retry it would see what the last attempt
/// brought alone. Asynchronous work that was abandoned at its deadline, and then ends well, is shown
/// by a copy of `take`, as the pipeline may be gone, if such a copy throws nothing. The simulation
/// drops what it leaves; there only what ends at the very deadline is late.
/// **Example**
///
///     int kept = 0;
///     outlast::pipeline p{outlast::late_value{[&](int value) { kept = value; }},
///                         outlast::timeout{5ms}};
///     auto r = p([](outlast::call& c) {
///         std::this_thread::sleep_for(2 * c.remaining());
///         return 7;
///     });
///     std::cout << r.has_value() << kept;   // 07
template <class Take>
class late_value {
public:
    class run;
    static constexpr label kind = "late value";

    /// \param take takes the value, and after it the arguments of the call, if it wants to
    constexpr explicit late_value(Take take) : take_(std::move(take)) {}

    [[nodiscard]] OUTLAST_INLINE constexpr run start() noexcept { return run{*this}; }

    /// See worst_case.hpp.
    template <class Inner>
    [[nodiscard]] constexpr auto worst_case(duration within, const Inner& inner) const {
        return inner(within);
    }

private:
    Take take_;
};

template <class Take>
class late_value<Take>::run : public pass_through {
public:
    static constexpr operation operations = 1;

    OUTLAST_INLINE constexpr explicit run(late_value& shared) noexcept : shared_(&shared) {}

    constexpr step begin(reading& now, instant by, verdict&) {
        (void)plain_begin(now, by);
        return step::call(work, by);
    }

    constexpr step settled(reading& now, lane, verdict& v) {
        if (showing_) {
            v = outcome_;
            return step::finish();
        }
        if (!v.late && (!v.ok() || plain_success(now)))
            return step::finish();
        showing_ = true;
        outcome_ = v;
        return step::call(1, by_);
    }

    OUTLAST_INLINE constexpr bool plain_begin(reading&, instant& by) noexcept {
        by_ = by;
        showing_ = false;
        return true;
    }
    OUTLAST_INLINE constexpr bool plain_success(reading& now) const {
        return by_ == never || now.get() < by_;
    }
    OUTLAST_INLINE constexpr bool passes_refusals() noexcept { return true; }
    constexpr instant prolong(lane, instant by) noexcept { return by_ = by; }

    /// See machine.hpp: for what comes when nobody waits any more.
    [[nodiscard]] constexpr auto keep(lane) const noexcept
        requires std::is_nothrow_copy_constructible_v<Take>
    {
        return kept{shared_->take_};
    }

    /// Carries out its operation for a driver; `hand` holds the value of the call.
    template <class Hand>
    constexpr verdict act(operation, reading&, Hand& hand) {
        hand.show(detail::value_taker<Take>{shared_->take_});
        return {};
    }

private:
    struct kept {
        Take take;
        template <class T, class... A>
        void late(instant, const T& value, const A&... a) {
            detail::value_taker<Take>{take}(value, a...);
        }
    };

    late_value* shared_;
    instant by_ = never;
    bool showing_ = false;
    verdict outcome_{};
};

} // namespace outlast

#endif // OUTLAST_LATE_VALUE_HPP
