// SPDX-License-Identifier: BSL-1.0
//
// A small seedable source of random numbers, the same on every platform, safe to share.
#ifndef OUTLAST_RANDOM_HPP
#define OUTLAST_RANDOM_HPP

#include <outlast/time.hpp>

#include <atomic>
#include <cstdint>
#include <type_traits> // std::is_constant_evaluated

namespace outlast {

/// A number in [0, 1), as its first 64 binary places: `fraction{1} << 63` is one half.
using fraction = std::uint64_t;

/// `span × part`, rounded down: a uniform draw from [0, span).
[[nodiscard]] constexpr duration portion(duration span, fraction part) noexcept {
    const auto value = static_cast<std::uint64_t>(span.count());
    const std::uint64_t low = (value & 0xffff'ffffU) * (part >> 32U);
    const std::uint64_t high = (value >> 32U) * (part >> 32U);
    const std::uint64_t mid = (value >> 32U) * (part & 0xffff'ffffU);
    const std::uint64_t carry = ((low & 0xffff'ffffU) + (mid & 0xffff'ffffU) +
                                 (((value & 0xffff'ffffU) * (part & 0xffff'ffffU)) >> 32U)) >>
                                32U;
    return duration{static_cast<duration::rep>(high + (low >> 32U) + (mid >> 32U) + carry)};
}

/// A seed that differs from object to object and, by where the system puts the stack, from process
/// to process: callers that failed together must not draw the same delays.
[[nodiscard]] inline std::uint64_t arbitrary_seed() noexcept {
    static std::atomic<std::uint64_t> drawn{0};
    const int here = 0;
    return reinterpret_cast<std::uintptr_t>(&here) * 0x9e3779b97f4a7c15U + ++drawn;
}

/// Stands for a seed that is drawn at the first use. Not before: a constant has no chance in it, and the
/// copies of a policy that was made in one, or is made once and copied, are to differ, too.
inline constexpr std::uint64_t own_seed = 0x6f75'746c'6173'7421U;

/// The seed in a word that threads share, drawn now if it was not yet. In a constant expression as it stands.
[[nodiscard]] constexpr std::uint64_t seed_in(std::uint64_t& word) noexcept {
    if (std::is_constant_evaluated())
        return word;
    std::uint64_t seen = std::atomic_ref{word}.load(std::memory_order_relaxed);
    if (seen == own_seed) [[unlikely]] {
        const std::uint64_t mine = arbitrary_seed();
        if (std::atomic_ref{word}.compare_exchange_strong(seen, mine, std::memory_order_relaxed))
            return mine;
    }
    return seen;
}

/// SplitMix64 (Steele, Lea, Flood 2014): a counter and a mixing function. One atomic addition a
/// draw, so that threads may share it; a given seed gives the same sequence everywhere.
class random {
public:
    /// \param seed `own_seed`: one that nobody else has
    constexpr explicit random(std::uint64_t seed) noexcept : state_(seed) {}

    constexpr fraction operator()() noexcept {
        std::uint64_t z = advance();
        z = (z ^ (z >> 30U)) * 0xbf58476d1ce4e5b9U;
        z = (z ^ (z >> 27U)) * 0x94d049bb133111ebU;
        return z ^ (z >> 31U);
    }

private:
    constexpr std::uint64_t advance() noexcept {
        constexpr std::uint64_t golden = 0x9e3779b97f4a7c15U;
        if (std::is_constant_evaluated())
            return state_ += golden;
        (void)seed_in(state_);
        return std::atomic_ref{state_}.fetch_add(golden, std::memory_order_relaxed) + golden;
    }

    std::uint64_t state_;
};

} // namespace outlast

#endif // OUTLAST_RANDOM_HPP
