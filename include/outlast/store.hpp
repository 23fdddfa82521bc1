// SPDX-License-Identifier: BSL-1.0
//
// What a cache keeps, and what a place to keep it must offer.
#ifndef OUTLAST_STORE_HPP
#define OUTLAST_STORE_HPP

#include <outlast/callback.hpp>
#include <outlast/freshness.hpp>

#include <concepts>
#include <optional>
#include <utility> // std::move

namespace outlast {

/// One remembered answer. A reader gets a copy: a value that is large, or whose copy allocates, is
/// better kept as a `std::shared_ptr` to a constant one.
template <class T>
struct entry {
    T value;
    freshness times{};
    bool negative = false;
};

/// Asked by a store's `put` at the moment of keeping: whether to. It is told the times of the entry
/// that is there, null when there is none (or when the store cannot know). It belongs to the
/// library: it calls nothing of the user's, it never calls the store, and a store may ask it under
/// its lock. An empty one means yes.
/// A store with tombstones asks about the one that stands, too, and keeps only what all of them allow.
using may_keep = callback<bool(const freshness*)>;

/// A place that keeps entries. Every operation may be called from any thread that uses the cache;
/// it may throw, which costs the call nothing but the help of the cache. `lock_type` is the lock
/// that also guards the table of calls under way.
///
/// That what was forgotten does not come back with a call that is under way rests on `put`: between
/// the question and the keeping no `erase` of the same key comes in. A store that cannot promise
/// that (one across a network) leaves that window open.
///
///     struct map_store {
///         using key_type = int;
///         using value_type = std::string;
///         using lock_type = std::mutex;
///         std::optional<outlast::entry<std::string>> find(int key) {
///             const std::lock_guard held{lock};
///             const auto it = map.find(key);
///             return it == map.end() ? std::nullopt : std::optional{it->second};
///         }
///         void put(int key, outlast::entry<std::string> e, outlast::may_keep keep) {
///             const std::lock_guard held{lock};
///             const auto it = map.find(key);
///             if (!keep || keep(it == map.end() ? nullptr : &it->second.times))
///                 map.insert_or_assign(key, std::move(e));
///         }
///         void erase(int key) {
///             const std::lock_guard held{lock};
///             map.erase(key);
///         }
///         std::mutex lock;
///         std::map<int, outlast::entry<std::string>> map;
///     };
// clang-format off
template <class S>
concept store = requires(S& s, const typename S::key_type& key,
                         entry<typename S::value_type> e, may_keep keep) {
    typename S::lock_type;
    // A copy of the entry of this key, whatever its age; nothing when there is none.
    { s.find(key) } -> std::same_as<std::optional<entry<typename S::value_type>>>;
    // Keeps it, in the place of the one that is there, if `keep` says so.
    s.put(key, std::move(e), keep);
    // Forgets it: no `find` that begins after this finds what was there.
    s.erase(key);
};
// clang-format on

/// A store that can be told what must not come back: from `tombstone(key, times)` on, until
/// `times.stale_until`, a `put` under this key asks its `keep` about the tombstone's times as well as
/// about those of the entry that is there; no erasing and no later entry takes the tombstone away, and
/// `find` never finds it. `memory` is one.
template <class S>
concept store_with_tombstones =
    store<S> && requires(S& s, const typename S::key_type& key, const freshness& times) {
        s.tombstone(key, times);
    };

} // namespace outlast

#endif // OUTLAST_STORE_HPP
