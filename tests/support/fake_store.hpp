// SPDX-License-Identifier: BSL-1.0
//
// A store that keeps the promises of one and nothing more: a map under the time of a test, which
// throws, dawdles and counts as it is told. A cache that works with this works with yours.
#ifndef OUTLAST_TESTS_SUPPORT_FAKE_STORE_HPP
#define OUTLAST_TESTS_SUPPORT_FAKE_STORE_HPP

#include <outlast/guarded.hpp>
#include <outlast/store.hpp>
#include <outlast/time.hpp>

#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <utility>

namespace outlast_tests {

/// What is past its `stale_until` is gone, as from a cache server that looks at the time to live.
template <class Key, class T, class Lock = outlast::no_lock>
class fake_store {
public:
    using key_type = Key;
    using value_type = T;
    using lock_type = Lock;

    enum class operation { find, put, erase };
    struct counts {
        int find = 0;
        int put = 0;
        int erase = 0;
    };

    /// The time. Without it nothing is ever gone.
    std::function<outlast::instant()> now{};
    /// Called at the beginning of each operation, outside the lock: may throw, or take long.
    std::function<void(operation)> before{};
    /// Which operations throw.
    bool find_throws = false;
    bool put_throws = false;
    bool erase_throws = false;
    counts began{};

    std::optional<outlast::entry<T>> find(const Key& key) {
        ++began.find;
        begin(operation::find, find_throws);
        const std::lock_guard held{lock_};
        const auto it = live(key);
        return it == map_.end() ? std::nullopt : std::optional{it->second};
    }

    void put(const Key& key, outlast::entry<T> e, outlast::may_keep keep = {}) {
        ++began.put;
        begin(operation::put, put_throws);
        const std::lock_guard held{lock_};
        const auto it = live(key);
        const auto grave = tombstones_.find(key);
        const bool buried = grave != tombstones_.end() && e.times.since < grave->second.stale_until;
        if (!keep || ((!buried || keep(&grave->second)) &&
                      keep(it == map_.end() ? nullptr : &it->second.times)))
            map_.insert_or_assign(key, std::move(e));
    }

    void tombstone(const Key& key, const outlast::freshness& times) {
        const std::lock_guard held{lock_};
        outlast::freshness& stands = tombstones_.try_emplace(key, times).first->second;
        stands.since = times.since;
        stands.stale_until = outlast::later(stands.stale_until, times.stale_until);
    }

    void erase(const Key& key) {
        ++began.erase;
        begin(operation::erase, erase_throws);
        const std::lock_guard held{lock_};
        map_.erase(key);
    }

    [[nodiscard]] std::size_t size() {
        const std::lock_guard held{lock_};
        if (now)
            std::erase_if(map_, [&](const auto& e) { return e.second.times.stale_until <= now(); });
        return map_.size();
    }

private:
    void begin(operation what, bool throws) {
        if (before)
            before(what);
        if (throws)
            throw std::runtime_error("the store is told to throw");
    }

    auto live(const Key& key) {
        const auto it = map_.find(key);
        if (it == map_.end() || !now || now() < it->second.times.stale_until)
            return it;
        map_.erase(it);
        return map_.end();
    }

    Lock lock_{};
    std::map<Key, outlast::entry<T>> map_{};
    std::map<Key, outlast::freshness> tombstones_{};
};

} // namespace outlast_tests

#endif
