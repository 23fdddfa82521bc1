// SPDX-License-Identifier: BSL-1.0
//
// Entries of a cache in this process's memory, bounded in number.
#ifndef OUTLAST_CACHE_MEMORY_HPP
#define OUTLAST_CACHE_MEMORY_HPP

#include <outlast/error.hpp>
#include <outlast/guarded.hpp>
#include <outlast/lru.hpp>
#include <outlast/store.hpp>

#include <cstddef>
#include <mutex>
#include <optional>
#include <utility>

namespace outlast {

struct memory_options {
    /// The most "yes" entries kept; beyond it the one used least recently goes. Default 10 000.
    std::size_t capacity = 10'000;
    /// The most negative entries, kept apart: a flood of wrong keys displaces no right one.
    /// Default 4096.
    std::size_t negative_capacity = 4096;

    /// What is wrong with these options, as a sentence; null if nothing is.
    [[nodiscard]] constexpr const char* problem() const noexcept {
        return capacity != 0 && negative_capacity != 0 ? nullptr
                                                       : "memory: a capacity is 1 or more";
    }
};

/// A store for `cache_aside`. Entries leave when they are displaced, erased, or replaced, not by
/// time: what is past its freshness may still be asked for.
///
/// **Sharing** thread-safe with the default lock. The value's destructor runs outside the lock.
/// **Cost** constant time; a hit allocates nothing; an entry costs two nodes beside its value.
template <class Key, class T, class Lock = std::mutex>
class memory {
public:
    using key_type = Key;
    using value_type = T;
    using lock_type = Lock;

    explicit memory(const memory_options& options = {})
        : options_((require_valid(options.problem()), options)), shared_(options) {}

    [[nodiscard]] std::optional<entry<T>> find(const Key& key) {
        return shared_.with([&](segments& s) -> std::optional<entry<T>> {
            if (entry<T>* e = s.positive.find(key))
                return *e;
            if (entry<T>* e = s.negative.find(key))
                return *e;
            return std::nullopt;
        });
    }

    /// A negative entry removes the positive one of its key, and the other way round.
    void put(const Key& key, entry<T> e) {
        std::shared_ptr<const T> doomed; // destroyed when the lock is free again
        std::shared_ptr<const T> displaced;
        shared_.with([&](segments& s) {
            auto& to = e.negative ? s.negative : s.positive;
            auto& from = e.negative ? s.positive : s.negative;
            if (entry<T>* old = from.find(key)) {
                if (old->times.since > e.times.since)
                    return;
                doomed = std::move(old->value);
                from.erase(key);
            }
            if (entry<T>* old = to.find(key)) {
                if (old->times.since > e.times.since)
                    return;
                std::swap(*old, e);
                return;
            }
            if (to.size() == to.capacity())
                displaced = std::move(to.oldest().value);
            to.put(key, std::move(e));
        });
    }

    void erase(const Key& key) {
        std::shared_ptr<const T> doomed;
        shared_.with([&](segments& s) {
            for (auto* segment : {&s.positive, &s.negative})
                if (entry<T>* e = segment->find(key)) {
                    doomed = std::move(e->value);
                    segment->erase(key);
                }
        });
    }

    void clear() {
        segments doomed{options_}; // destroyed when the lock is free again
        shared_.with([&](segments& s) { s.swap(doomed); });
    }

    /// How many entries are kept, negative ones included.
    [[nodiscard]] std::size_t size() {
        return shared_.with([](segments& s) { return s.positive.size() + s.negative.size(); });
    }

private:
    struct segments {
        explicit segments(const memory_options& o)
            : positive(o.capacity), negative(o.negative_capacity) {}
        void swap(segments& other) {
            positive.swap(other.positive);
            negative.swap(other.negative);
        }
        lru_map<Key, entry<T>> positive;
        lru_map<Key, entry<T>> negative;
    };

    memory_options options_;
    guarded<segments, Lock> shared_;
};

} // namespace outlast

#endif // OUTLAST_CACHE_MEMORY_HPP
