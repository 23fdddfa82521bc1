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
///     .open_for = outlast::computed([](std::uint32_t failed) { return 10s * (1 + failed * failed); })
///
/// What `computed` asks with is the number of half-open periods that have failed. It is asked as it is
/// written, not later under the lock of a breaker.
struct open_time {
    backoff series{};

    template <class Rep, class Period>
    constexpr open_time(std::chrono::duration<Rep, Period> always) noexcept
        : series{.base = always} {}
    constexpr open_time(const backoff& growing) noexcept : series(growing) {}

    [[nodiscard]] constexpr bool valid() const noexcept {
        bool longer_than_0 = series.listed_count != 0 || series.base > duration::zero();
        for (std::size_t i = 0; i != series.listed_count; ++i)
            longer_than_0 = longer_than_0 && series.listed[i] > duration::zero();
        return series.valid() && series.cap > duration::zero() && longer_than_0;
    }

    friend constexpr bool operator==(const open_time& a, const open_time& b) noexcept {
        return a.series.base == b.series.base && a.series.step == b.series.step &&
               a.series.factor_millis == b.series.factor_millis && a.series.cap == b.series.cap &&
               a.series.chance == b.series.chance && a.series.spread == b.series.spread &&
               a.series.listed_count == b.series.listed_count && a.series.listed == b.series.listed;
    }
};

/// One open time after the other. Growth saturates; the cap comes last. Not thread-safe.
class open_times {
public:
    /// \param seed of the jitter; 0: one of its own
    constexpr explicit open_times(const open_time& o, std::uint64_t seed = 0) noexcept
        : series_(o.series), random_(seed != 0 ? seed : own_seed) {}

    /// How long it is open this time.
    constexpr duration take() noexcept { return series_.next(taken_, random_); }

    /// The next one is the first again.
    constexpr void restart() noexcept { taken_ = {}; }

    /// How many were taken since it began, and as if so many had been. (Of a series that chance
    /// makes, as if its delays had been the shortest.)
    [[nodiscard]] constexpr std::uint32_t taken() const noexcept { return taken_.given; }
    constexpr void go_on_after(std::uint32_t taken) noexcept {
        restart();
        while (taken_.given != taken) {
            const duration before = taken_.last;
            (void)series_.next(taken_, fraction{0});
            if (taken_.given > backoff::most_listed && taken_.last == before)
                break; // it has levelled
        }
        taken_.given = taken;
    }

private:
    backoff series_;
    backoff::progress taken_{};
    random random_;
};

} // namespace outlast

#endif // OUTLAST_OPEN_TIME_HPP
