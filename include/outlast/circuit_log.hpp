// SPDX-License-Identifier: BSL-1.0
//
// What a circuit has to tell: counts of all calls, and what happened to it lately.
#ifndef OUTLAST_CIRCUIT_LOG_HPP
#define OUTLAST_CIRCUIT_LOG_HPP

#include <outlast/circuit_facts.hpp>
#include <outlast/time.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

namespace outlast {

/// Not thread-safe; allocates nothing.
class circuit_log {
public:
    constexpr void refused(circuit_refusal why, std::uint64_t n = 1) noexcept {
        counts_.refused_by[static_cast<std::size_t>(why)] += n;
    }
    constexpr void ended(bool failed, bool slow, duration took = call_result::unknown) noexcept {
        ++(failed ? counts_.failed : counts_.succeeded);
        counts_.slow += slow;
        if (took == call_result::unknown)
            return;
        ++counts_.timed;
        counts_.took = after(instant{counts_.took}, took).time_since_epoch(); // saturates
    }
    constexpr void succeeded(std::uint64_t n) noexcept { counts_.succeeded += n; }
    constexpr void late(std::uint64_t n) noexcept { counts_.late += n; }
    constexpr void neutral() noexcept { ++counts_.neutral; }
    [[nodiscard]] constexpr const circuit_counts& counts() const noexcept { return counts_; }

    /// Keeps four, more than happen in one operation of a circuit; of more, the oldest are lost.
    constexpr void tell(const circuit_event& e) noexcept {
        if (untold_ == events_.size())
            (void)take();
        events_[untold_++] = e;
    }
    /// The oldest that was not taken yet.
    constexpr std::optional<circuit_event> take() noexcept {
        if (untold_ == 0)
            return std::nullopt;
        const circuit_event oldest = events_[0];
        --untold_;
        for (std::size_t i = 0; i != untold_; ++i)
            events_[i] = events_[i + 1];
        return oldest;
    }

private:
    circuit_counts counts_{};
    std::array<circuit_event, 4> events_{}; // untold_ of them, the oldest first
    std::size_t untold_ = 0;
};

} // namespace outlast

#endif // OUTLAST_CIRCUIT_LOG_HPP
