// SPDX-License-Identifier: BSL-1.0
//
// Keys that were forgotten, and until when what was asked before that is not kept.
#ifndef OUTLAST_CACHE_TOMBSTONES_HPP
#define OUTLAST_CACHE_TOMBSTONES_HPP

#include <outlast/freshness.hpp>
#include <outlast/guarded.hpp>
#include <outlast/lru.hpp>
#include <outlast/shared_word.hpp>

#include <cstddef>
#include <optional>

namespace outlast {

/// A bounded number of them; beyond it the one that was least recently asked for goes. Thread-safe if
/// `Lock` is. While there is none, `find` costs a load. Allocates as they come.
template <class Key, class Lock>
class tombstones {
public:
    /// \pre capacity > 0
    explicit tombstones(std::size_t capacity) : all_(capacity) {}

    /// \param times see `freshness::tombstone`. Of two under one key, the later instant and the later
    ///        end count, whichever was planted first.
    void plant(const Key& key, const freshness& times) {
        all_.with([&](map& all) {
            freshness wanted = times;
            if (const freshness* old = all.find(key))
                wanted = {later(old->since, times.since),
                          later(old->fresh_until, times.fresh_until),
                          later(old->stale_until, times.stale_until)};
            all.put(key, wanted);
            planted_.store(all.size());
        });
    }

    /// The one that stands under this key at `now`; what is over by then goes.
    [[nodiscard]] std::optional<freshness> find(const Key& key, instant now) {
        if (planted_.load() == 0)
            return std::nullopt;
        return all_.with([&](map& all) -> std::optional<freshness> {
            const freshness* const there = all.find(key);
            if (there == nullptr || now < there->stale_until)
                return there != nullptr ? std::optional{*there} : std::nullopt;
            all.erase(key);
            planted_.store(all.size());
            return std::nullopt;
        });
    }

    [[nodiscard]] std::size_t size() const noexcept { return planted_.load(); }

private:
    using map = lru_map<Key, freshness>;

    guarded<map, Lock> all_;
    shared_word<std::size_t, Lock> planted_{};
};

} // namespace outlast

#endif // OUTLAST_CACHE_TOMBSTONES_HPP
