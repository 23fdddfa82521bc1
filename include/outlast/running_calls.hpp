// SPDX-License-Identifier: BSL-1.0
//
// Which calls run for too long, without looking at each of them.
#ifndef OUTLAST_RUNNING_CALLS_HPP
#define OUTLAST_RUNNING_CALLS_HPP

#include <outlast/heap_array.hpp>
#include <outlast/time.hpp>

#include <bit> // std::bit_ceil
#include <cstddef>
#include <cstdint>

namespace outlast {

/// The calls under way that are younger than a limit, in the order of their starts, and how many
/// are older. A call costs two steps in all, whenever it ends. Not thread-safe. Allocates when it
/// is built, never later: what finds no room is not followed, and counts when it ends.
class running_calls {
public:
    /// Given for a call that is not followed.
    static constexpr std::uint32_t not_followed = UINT32_MAX;

    /// \param limit the age at which a call is overdue
    /// \param room how many younger ones are followed at once, above 0; rounded up to a
    /// power of two
    constexpr running_calls(duration limit, std::uint32_t room)
        : limit_(limit), starts_(std::bit_ceil(room)) {}

    /// A call begins. \return its number, for `end`
    constexpr std::uint32_t begin(instant now) noexcept {
        settle(now);
        if (young_ == starts_.size())
            return not_followed;
        const std::uint32_t number = (first_ + young_++) & numbers;
        starts_[place(number)] = now;
        return number;
    }

    /// It is over. \return whether it was overdue at the last look at the time
    constexpr bool end(std::uint32_t number) noexcept {
        if (number == not_followed)
            return false;
        if (((number - first_) & numbers) >= young_) {
            --overdue_;
            return true;
        }
        starts_[place(number)] = never;
        return false;
    }

    /// How many run that are as old as the limit.
    [[nodiscard]] constexpr std::uint32_t overdue(instant now) noexcept {
        settle(now);
        return overdue_;
    }

    /// Forgets them all; their numbers must not come back.
    constexpr void clear() noexcept { young_ = 0, overdue_ = 0; }

private:
    static constexpr std::uint32_t numbers = UINT32_MAX >> 1U; // so that none is not_followed

    [[nodiscard]] constexpr std::size_t place(std::uint32_t number) const noexcept {
        return number % starts_.size();
    }

    // What is over or overdue leaves the ring, from the oldest on.
    constexpr void settle(instant now) noexcept {
        while (young_ != 0) {
            const instant start = starts_[place(first_)];
            if (start != never && now < after(start, limit_))
                return;
            overdue_ += start != never;
            first_ = (first_ + 1) & numbers;
            --young_;
        }
    }

    duration limit_;
    heap_array<instant> starts_; // never: it is over. A power of two, so that numbers may wrap
    std::uint32_t first_ = 0;    // number of the oldest in the ring
    std::uint32_t young_ = 0;    // how many there are in it
    std::uint32_t overdue_ = 0;
};

} // namespace outlast

#endif // OUTLAST_RUNNING_CALLS_HPP
