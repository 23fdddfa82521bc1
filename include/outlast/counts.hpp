// SPDX-License-Identifier: BSL-1.0
//
// What policies count that are copied into pipelines, where they are told to.
#ifndef OUTLAST_COUNTS_HPP
#define OUTLAST_COUNTS_HPP

#include <outlast/counter.hpp>
#include <outlast/report.hpp>

#include <array>
#include <cstddef>
#include <cstdint>

namespace outlast {

// Each is a variable of the user's, whose address stands in the options of as many policies as are
// to be counted together, and which outlives them. Any thread reads it at any time. A call that
// simply succeeds is counted nowhere, and costs nothing.
//
//     outlast::retry_counts retries;
//     outlast::pipeline guarded{outlast::retry{{.counts = &retries}}};
//     std::cout << retries.repeats;

/// What retries did.
struct retry_counts {
    counter repeated;  ///< calls that made more than one attempt
    counter repeats;   ///< the attempts beyond their first, those that were refused further in too
    counter recovered; ///< calls of these that succeeded
    /// Calls that ended with a failure, by the reason why there was no further attempt.
    std::array<counter, static_cast<std::size_t>(stopped::budget) + 1> gave_up_by;

    /// This attempt begins, one beyond the first.
    constexpr void repeat(std::uint32_t attempt) noexcept {
        repeats.add();
        if (attempt == 2)
            repeated.add();
    }
    [[nodiscard]] constexpr std::uint64_t gave_up(stopped why) const noexcept {
        return gave_up_by[static_cast<std::size_t>(why)];
    }
    [[nodiscard]] constexpr std::uint64_t gave_up() const noexcept {
        std::uint64_t sum = 0;
        for (const counter& n : gave_up_by)
            sum += n;
        return sum;
    }
};

/// What timeouts did.
struct timeout_counts {
    counter fired; ///< calls that reached the limit and timed out
    counter late;  ///< good values that came after it, kept (`keep_late`) or not
};

/// What fallbacks did.
struct fallback_counts {
    counter fell_back; ///< failures that were replaced by a good answer
    counter failed;    ///< failures for which the fallback itself failed
};

/// What failovers did.
struct failover_counts {
    counter moved;     ///< calls that were taken to a second target
    counter moves;     ///< the targets beyond their first, those that refused too
    counter recovered; ///< calls of these that succeeded
    counter gave_up;   ///< calls that found no further target, or no time for one

    /// The call is taken to this target, one beyond the first.
    constexpr void move(std::uint32_t target) noexcept {
        moves.add();
        if (target == 2)
            moved.add();
    }
};

} // namespace outlast

#endif // OUTLAST_COUNTS_HPP
