// SPDX-License-Identifier: BSL-1.0
//
// What a cache keeps, and what a place to keep it must offer.
#ifndef OUTLAST_STORE_HPP
#define OUTLAST_STORE_HPP

#include <outlast/freshness.hpp>

#include <concepts>
#include <memory> // std::shared_ptr
#include <optional>

namespace outlast {

/// One remembered answer. The value is shared and immutable, so that a reader copies a pointer
/// under the store's lock, and the value itself (user code) outside it.
template <class T>
struct entry {
    std::shared_ptr<const T> value;
    freshness times{};
    bool negative = false;
};

/// A place that keeps entries. Every operation may be called from any thread that uses the cache;
/// it may throw, which costs the call nothing but the help of the cache. `lock_type` is the lock
/// that also guards the table of calls under way.
// clang-format off
template <class S>
concept store = requires(S& s, const typename S::key_type& key,
                         entry<typename S::value_type> e) {
    typename S::lock_type;
    // The entry of this key, whatever its age; nothing when there is none.
    { s.find(key) } -> std::same_as<std::optional<entry<typename S::value_type>>>;
    // Keeps it in the place of an older one. One learnt later than this is not overwritten.
    s.put(key, e);
    // Forgets it.
    s.erase(key);
};
// clang-format on

} // namespace outlast

#endif // OUTLAST_STORE_HPP
