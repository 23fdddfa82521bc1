// SPDX-License-Identifier: BSL-1.0
//
// The language between machines and drivers: verdicts go in, steps come out.
#ifndef OUTLAST_STEP_HPP
#define OUTLAST_STEP_HPP

#include <outlast/refusal.hpp>
#include <outlast/time.hpp>

#include <cstdint>
#include <system_error>

namespace outlast {

/// What an attempt came to, never the value.
enum class verdict_kind : std::uint8_t {
    success,
    failure, ///< the dependency failed: what breakers count and retries repeat
    neutral, ///< says nothing about the dependency: not attempted, refused here, cancelled
    expired, ///< a deadline passed first
};

/// One verdict is in hand at a time: it stays with the driver, as the value does, and is shown to
/// each policy on the way out, which may change it.
struct verdict {
    static constexpr duration no_hint = duration::min();

    verdict_kind kind = verdict_kind::success;
    refusal why = refusal::none;
    bool late = false;     ///< expired, and yet the slot holds a good value
    std::uint8_t note = 0; ///< for an operation of a policy's own: what it found
    std::int32_t code = 0; ///< with `domain`: the error code behind a failure
    const std::error_category* domain = nullptr;
    duration hint = no_hint; ///< Retry-After; negative: do not try again; `no_hint`: none
    // No bit of another byte: compilers do not keep what has bit-fields in registers.
    bool hurried = false;  ///< a failure that a later deadline outside might have mended
    bool spent = false;    ///< a failure whose value, if it has one, is not to be the answer
    bool answered = false; ///< neutral, and yet the dependency has: a success to breakers
    bool unsent = false;   ///< neutral: its time passed while it was parked, in a line of ours

    [[nodiscard]] static constexpr verdict success(unsigned note = 0) noexcept {
        verdict v;
        v.note = static_cast<std::uint8_t>(note);
        return v;
    }
    [[nodiscard]] static constexpr verdict failure(duration hint = no_hint) noexcept {
        return {.kind = verdict_kind::failure, .hint = hint};
    }
    [[nodiscard]] static verdict failure(std::error_code e, duration hint = no_hint) noexcept {
        return {.kind = verdict_kind::failure,
                .code = e.value(),
                .domain = e ? &e.category() : nullptr, // none is no reason
                .hint = hint};
    }
    [[nodiscard]] static constexpr verdict expired() noexcept {
        return {.kind = verdict_kind::expired, .why = refusal::timed_out};
    }
    [[nodiscard]] static constexpr verdict neutral(refusal why = refusal::none,
                                                   duration hint = no_hint) noexcept {
        return {.kind = verdict_kind::neutral, .why = why, .hint = hint};
    }

    [[nodiscard]] constexpr bool ok() const noexcept { return kind == verdict_kind::success; }
    /// Whether the dependency is to blame: `failure`, or `expired` (it did not answer in time).
    [[nodiscard]] constexpr bool failed() const noexcept {
        return kind == verdict_kind::failure || kind == verdict_kind::expired;
    }
    [[nodiscard]] constexpr bool has_hint() const noexcept { return hint != no_hint; }
    /// The error code behind a failure, or else the refusal's: a timeout of ours equals
    /// `std::errc::timed_out`. Empty where there is neither.
    [[nodiscard]] std::error_code error() const noexcept {
        if (domain != nullptr)
            return {code, *domain};
        return why == refusal::none ? std::error_code{} : make_error_code(why);
    }

    friend constexpr bool operator==(const verdict&, const verdict&) = default;
};

/// Which callable a *call* means: 0 is the user's work, 1… are a policy's own operations.
using operation = std::uint8_t;
inline constexpr operation work = 0;

/// Several calls at once run in lanes; a machine that runs one at a time uses lane 0. See
/// machine.hpp.
using lane = std::uint8_t;

enum class action : std::uint8_t {
    call,   ///< run `callee`; it has until `at`
    wait,   ///< do nothing until `at`
    park,   ///< do nothing until released through the waker, or until `at`
    finish, ///< over: the verdict in hand is that of the whole
};

/// What a machine wants done next. Two words, which travel in registers.
struct step {
    action what = action::finish;
    lane on = 0;
    operation callee = work;
    bool spare = false; ///< of *call*: see `terms`
    bool alone = false; ///< of several lanes: all others are over, and so is what ran in this one
    instant at = never;

    [[nodiscard]] static constexpr step call(operation callee, instant by) noexcept {
        return {.what = action::call, .callee = callee, .at = by};
    }
    [[nodiscard]] static constexpr step wait(instant at) noexcept {
        return {.what = action::wait, .at = at};
    }
    [[nodiscard]] static constexpr step park(instant at) noexcept {
        return {.what = action::park, .at = at};
    }
    [[nodiscard]] static constexpr step finish() noexcept { return {}; }
    /// Of a machine with several lanes: let them go on.
    [[nodiscard]] static constexpr step nothing() noexcept { return wait(never); }

    /// The same in that lane.
    [[nodiscard]] constexpr step in(lane l) const noexcept {
        step s = *this;
        s.on = l;
        return s;
    }
    [[nodiscard]] constexpr bool is_nothing() const noexcept {
        return what == action::wait && at == never;
    }
    [[nodiscard]] constexpr bool calls_work() const noexcept {
        return what == action::call && callee == work;
    }

    friend constexpr bool operator==(const step&, const step&) = default;
};

/// On what terms a call begins: its deadline, and whether somebody outside holds a stand-in for it
/// (a stale answer), so that it loses nothing if it fails. Such calls are the ones to try out
/// whether a dependency is back. And whether the driver can go on without its caller: see
/// `outlives_caller`. A machine that does not care takes an `instant` instead.
struct terms {
    instant by = never;
    bool spare = false;
    bool stays = false;

    constexpr terms(instant deadline, bool has_spare = false, bool driver_stays = false) noexcept
        : by(deadline), spare(has_spare), stays(driver_stays) {}
    constexpr operator instant() const noexcept { return by; }
};

/// How a machine that answered *park* is woken. The driver implements it; it stays valid until the
/// machine that was given it is destroyed or has been woken by time.
class waker {
public:
    /// Any thread. Must not call back into what calls it: that may hold its own guard.
    constexpr virtual void wake() noexcept = 0;

protected:
    constexpr ~waker() = default;
};

} // namespace outlast

#endif // OUTLAST_STEP_HPP
