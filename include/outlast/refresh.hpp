// SPDX-License-Identifier: BSL-1.0
//
// When an entry that is still fresh is asked for anew.
#ifndef OUTLAST_REFRESH_HPP
#define OUTLAST_REFRESH_HPP

#include <outlast/config.hpp>
#include <outlast/freshness.hpp>
#include <outlast/random.hpp>
#include <outlast/ratio.hpp>
#include <outlast/shared_word.hpp>
#include <outlast/time.hpp>

#include <cstddef>
#include <cstdint>
#include <string_view> // std::hash

namespace outlast {

/// Says which entries are near enough to their end, and when no refresh is worth trying.
///
/// Where in the last share of its life an entry is due is drawn once for each entry, not at each
/// look: a key that is asked for often would draw until it wins, and be due at the earliest moment.
/// The draw is made from the entry itself and the seed, so nothing is kept for it.
///
/// **Sharing** any thread may call any of it: one word is shared, and written only after a failure.
template <class Lock>
class refresh_ahead {
public:
    /// \param share of an entry's fresh life, counted from its end; 0: never
    /// \param limit how long a refresh may take
    /// \param pause after one that failed
    constexpr refresh_ahead(ratio share,
                            duration limit,
                            duration pause,
                            std::uint64_t seed) noexcept
        : share_(share.millionths()),
          limit_(limit),
          pause_(pause),
          seed_(seed != 0 ? seed : own_seed) {}

    /// Whether an entry is to be refreshed by a caller that wants its answer before `by`. Only if
    /// the limit ends before that, and while the entry is fresh: then a refresh that fails has cost
    /// nobody an answer.
    template <class Key>
    [[nodiscard]] OUTLAST_INLINE constexpr bool
    due(instant now, instant by, const freshness& entry, const Key& key) {
        return share_ != 0 && near(now, by, entry, key);
    }

    /// \param hint how long asking again makes no sense; anything negative: unknown
    constexpr void failed(instant now, duration hint) noexcept {
        resume_.store(after(now, longer(pause_, hint)).time_since_epoch().count());
    }
    constexpr void succeeded() noexcept {
        if (share_ != 0 && resume_.load() != at_once)
            resume_.store(at_once);
    }

private:
    static constexpr duration::rep at_once = duration::min().count();
    static constexpr std::uint32_t whole = 1'000'000; // of a share

    template <class Key>
    [[nodiscard]] constexpr bool
    near(instant now, instant by, const freshness& entry, const Key& key) {
        const duration left = until(now, entry.fresh_until);
        const duration window = scaled(until(entry.since, entry.fresh_until), share_, whole);
        if (left > window || left <= limit_ || (by != never && until(now, by) <= limit_))
            return false;
        return left <= window - portion(window / 2, draw(entry, std::hash<Key>{}(key))) &&
               now >= instant{duration{resume_.load()}};
    }
    [[nodiscard]] constexpr fraction draw(const freshness& entry, std::size_t hash) noexcept {
        const auto since = static_cast<std::uint64_t>(entry.since.time_since_epoch().count());
        const std::uint64_t of_key = random{seed_in(seed_) ^ hash}();
        return random{of_key ^ since}();
    }

    std::uint32_t share_;
    duration limit_;
    duration pause_;
    std::uint64_t seed_;
    shared_word<duration::rep, Lock> resume_{at_once}; // none before this instant
};

} // namespace outlast

#endif // OUTLAST_REFRESH_HPP
