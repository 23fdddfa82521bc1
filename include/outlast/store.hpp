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

namespace detail {

/// Stands for the end of an operation, whatever that comes with.
struct any_completion {
    template <class... X>
    void operator()(X&&...) const {}
};
template <class S, class Key = typename S::key_type, class T = typename S::value_type>
concept store_takes_token = requires(S& s, const Key& key, const entry<T>& e, any_completion done) {
    s.async_find(key, done);
    s.async_put(key, e, done);
    s.async_erase(key, done);
};
template <class S, class Key = typename S::key_type, class T = typename S::value_type>
concept store_is_awaited = requires(S& s, const Key& key, const entry<T>& e) {
    s.async_find(key);
    s.async_put(key, e);
    s.async_erase(key);
};

} // namespace detail

/// A store whose operations are begun and end later, such as a cache that machines share over a
/// network: for drivers that wait for it without a thread (`async_run`), not for others. It has the
/// types of a `store`, and
///  - `async_find(key, token)`, which completes with `(error_code, std::optional<entry>)`; no entry,
///    or the error `no_message_available`, is "there is none"; any other error is a store that failed;
///  - `async_put(key, entry, token)` and `async_erase(key, token)`, which complete with
///    `(error_code)`.
///
/// A token is any completion token of Asio's; an exception, an `outlast::result`, or no error at all
/// will do as well. Or all three take no token and return an `asio::awaitable`. What they are given
/// is theirs until they have ended. They are begun by any thread that uses the cache; the caller of
/// the cache is never failed by them, see `cache_aside`.
///
///     struct shared_store {                                  // over a client of yours
///         using key_type = std::string;
///         using value_type = std::string;
///         using lock_type = std::mutex;
///         using entry = outlast::entry<std::string>;
///         asio::awaitable<std::optional<entry>> async_find(const std::string& key) {
///             co_return decode(co_await client.get(key));
///         }
///         asio::awaitable<void> async_put(const std::string& key, const entry& e) {
///             co_await client.set(key, encode(e));           // with its times, and a time to live
///         }
///         asio::awaitable<void> async_erase(const std::string& key) {
///             co_await client.del(key);
///         }
///     };
///
/// An operation that outlasts the cache's `store_limit` is cancelled and no longer waited for. A put
/// that takes effect after that, behind an erase that was begun later, brings back what was forgotten
/// or replaced, until its time to live is over. So the operations on one key keep their order (those of
/// one connection do), or the client gives up before `store_limit`, and what it gave up has no effect.
///
/// A time of an `entry` is one of this machine's clock: what is shared is written as an age, and as
/// times from now on.
template <class S>
concept async_store = requires {
    typename S::key_type;
    typename S::value_type;
    typename S::lock_type;
} && (detail::store_takes_token<S> || detail::store_is_awaited<S>);

} // namespace outlast

#endif // OUTLAST_STORE_HPP
