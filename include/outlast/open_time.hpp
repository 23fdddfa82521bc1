// SPDX-License-Identifier: BSL-1.0
//
// How long a circuit stays open: always the same, or longer each time.
#ifndef OUTLAST_OPEN_TIME_HPP
#define OUTLAST_OPEN_TIME_HPP

#include <outlast/backoff.hpp>
#include <outlast/random.hpp>
#include <outlast/time.hpp>

#include <cstdint>

namespace outlast {

/// A length of time, or a series of them (`backoff`) that goes on while the circuit does not
/// recover: the first, the next after a half-open period that failed, and so on.
///
///     .open_for = 10s
///     .open_for = outlast::exponential(10s).capped(5min).with(outlast::jitter::proportional)
struct open_time {
    backoff series{};

    template <class Rep, class Period>
    constexpr open_time(std::chrono::duration<Rep, Period> always) noexcept
        : series{.base = always} {}
    constexpr open_time(const backoff& growing) noexcept : series(growing) {}

    [[nodiscard]] constexpr bool valid() const noexcept {
        return series.valid() && series.base > duration::zero() && series.cap > duration::zero();
    }

    friend constexpr bool operator==(const open_time& a, const open_time& b) noexcept {
        return a.series.base == b.series.base && a.series.step == b.series.step &&
               a.series.factor_millis == b.series.factor_millis && a.series.cap == b.series.cap &&
               a.series.chance == b.series.chance;
    }
};

/// One open time after the other. Growth saturates; the cap comes last. Not thread-safe.
class open_times {
public:
    /// \param seed of the jitter; 0: one of its own
    constexpr explicit open_times(const open_time& o, std::uint64_t seed = 0) noexcept
        : series_(o.series), next_(o.series.base), random_(seed != 0 ? seed : arbitrary_seed()) {}

    /// How long it is open this time.
    constexpr duration take() noexcept {
        const duration plain = next_;
        advance();
        return series_.drawn(plain, series_.chance == jitter::none ? 0 : random_());
    }

    /// The next one is the first again.
    constexpr void restart() noexcept {
        next_ = series_.base;
        taken_ = 0;
    }

    /// How many were taken since it began, and as if so many had been.
    [[nodiscard]] constexpr std::uint32_t taken() const noexcept { return taken_; }
    constexpr void go_on_after(std::uint32_t taken) noexcept {
        restart();
        while (taken_ != taken && series_.grown(next_) != next_)
            advance();
        taken_ = taken;
    }

private:
    constexpr void advance() noexcept {
        next_ = series_.grown(next_);
        taken_ += taken_ != UINT32_MAX;
    }

    backoff series_;
    duration next_; // before chance and cap
    std::uint32_t taken_ = 0;
    random random_;
};

} // namespace outlast

#endif // OUTLAST_OPEN_TIME_HPP
