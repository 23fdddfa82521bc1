// SPDX-License-Identifier: BSL-1.0
//
// Entries of a cache in this process's memory, bounded in number and, if wanted, in weight.
#ifndef OUTLAST_CACHE_MEMORY_HPP
#define OUTLAST_CACHE_MEMORY_HPP

#include <outlast/cache/hazard.hpp>
#include <outlast/cache/shard.hpp>
#include <outlast/cache/tombstones.hpp>
#include <outlast/callback.hpp>
#include <outlast/error.hpp>
#include <outlast/label.hpp>
#include <outlast/lru.hpp>
#include <outlast/store.hpp>
#include <outlast/thread_lock.hpp>

#include <algorithm> // std::clamp
#include <bit>
#include <cstddef>
#include <cstdint>
#include <functional> // std::hash
#include <limits>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

namespace outlast {

template <class T>
struct memory_options {
    static constexpr std::size_t no_bound = std::numeric_limits<std::size_t>::max();

    /// The most "yes" entries kept. The room for them is reserved at once. Default 10 000, at most
    /// 2^29.
    std::size_t capacity = 10'000;
    /// The most negative entries, kept apart: a flood of wrong keys displaces no right one.
    /// Default 4096, at most 2^29.
    std::size_t negative_capacity = 4096;
    /// The most that the values of the "yes" entries weigh together, in the unit of `weigh`; the
    /// same for the negative ones, apart. One that is heavier alone is not kept. Default: any.
    std::size_t max_weight = no_bound;
    /// What a value weighs, asked once, outside the lock. Default: nothing.
    callback<std::size_t(const T&)> weigh{};
    /// The most tombstones; beyond it the one least recently asked for goes, and no longer keeps
    /// anything away. Default 4096.
    std::size_t tombstones = 4096;

    /// Every option, for `describe`.
    template <class F>
    constexpr void each(F&& f) const {
        f("capacity", capacity);
        f("negative_capacity", negative_capacity);
        f("max_weight", max_weight, no_bound, "any");
        f("weigh", weigh, "nothing");
        f("tombstones", tombstones);
    }

    /// What is wrong with these options, as a sentence; null if nothing is.
    [[nodiscard]] constexpr const char* problem() const noexcept {
        constexpr std::size_t most = std::size_t{1} << 29;
        if (capacity == 0 || negative_capacity == 0 || tombstones == 0)
            return "memory: a capacity is 1 or more";
        if (capacity > most || negative_capacity > most || tombstones > most)
            return "memory: a capacity is 2^29 or less";
        if ((max_weight == no_bound) == static_cast<bool>(weigh))
            return "memory: max_weight and weigh go together";
        return nullptr;
    }
};

/// A store for `cache_aside`. Entries leave when they are displaced, erased, or replaced, not by
/// time: what is past its freshness may still be asked for. Which one is displaced is up to S3-FIFO
/// (cache/s3_fifo.hpp): a scan of keys that are never asked for again flushes nothing.
///
/// **Bounds** hold at every moment. From 2048 entries on they are divided among up to 16 parts, by
/// the hash of the key, so a part may be full a few per cent before the whole is; with `max_weight`
/// there is one part.
/// **Sharing** thread-safe with the default lock; with `no_lock` for one thread at a time. `find`
/// takes no lock and writes to no line that threads share, but for the first use of an entry since
/// the last round of evictions, and what T's copy does. No code of T's runs under a lock, and it may
/// call the store. A value is destroyed when it is removed, or, if somebody is copying it at that
/// moment, with a later removal. When more than 32 values of a part are in such hands at once, what
/// is put is not kept; the entry that it would have replaced goes all the same.
/// **Cost** constant time, and where something is removed a look at a line of each thread that reads;
/// no allocation after the construction but those of keys and values, and one small block for each
/// thread that reads at the same time as others. An entry takes its key, its value, and about 80
/// bytes; a third of that is written at construction, the rest as entries come.
template <class Key, class T, class Lock = thread_lock>
class memory {
    static_assert(plain_key<Key>,
                  "outlast: keys are compared under a lock, so a key is std::string, a trivially "
                  "copyable type, or one for which outlast::plain_key is specialised.");

public:
    using key_type = Key;
    using value_type = T;
    using lock_type = Lock;
    using options_type = memory_options<T>;
    static constexpr label kind = "memory";

    explicit memory(const options_type& options = {})
        : options_((require_valid(options.problem()), options)), tombstones_(options.tombstones) {
        const std::size_t parts = parts_for(options);
        for (std::size_t i = 0; i != parts; ++i)
            parts_.push_back(std::make_unique<part>(share(options.capacity, i, parts),
                                                    share(options.negative_capacity, i, parts),
                                                    options.max_weight));
    }

    [[nodiscard]] std::optional<entry<T>> find(const Key& key) {
        const std::uint64_t hash = hash_of(key);
        hazard<part::threads> reading;
        if (auto* const n = part_of(hash).find(tag_of(hash), key, reading))
            return std::optional<entry<T>>{std::in_place, n->value, n->times, n->negative};
        return std::nullopt;
    }

    /// In the place of what is kept under this key, negative or not, if `keep` says so: of what is
    /// there, and of a tombstone that stands at `e.times.since`.
    void put(const Key& key, entry<T> e, may_keep keep = {}) {
        const std::uint64_t hash = hash_of(key);
        const std::size_t weight = options_.weigh ? options_.weigh(e.value) : 0;
        // Looked for at the moment of keeping: who plants one erases after that.
        const auto all_agree = [&, now = e.times.since](const freshness* there) {
            const std::optional<freshness> stands = tombstones_.find(key, now);
            return (!stands || keep(&*stands)) && keep(there);
        };
        part_of(hash).put(tag_of(hash), key, std::move(e), weight,
                          keep ? may_keep{all_agree} : may_keep{});
    }

    void erase(const Key& key) {
        const std::uint64_t hash = hash_of(key);
        part_of(hash).erase(tag_of(hash), key);
    }

    /// See `store_with_tombstones`. What is there stays until it is erased.
    void tombstone(const Key& key, const freshness& times) { tombstones_.plant(key, times); }

    /// All entries; tombstones stand.
    void clear() {
        for (const auto& p : parts_)
            p->clear();
    }

    /// How many entries are kept, negative ones included.
    [[nodiscard]] std::size_t size() const {
        std::size_t sum = 0;
        for (const auto& p : parts_)
            sum += p->size();
        return sum;
    }

    [[nodiscard]] const options_type& options() const noexcept { return options_; }

    [[nodiscard]] memory_counts counts() const {
        memory_counts sum;
        for (const auto& p : parts_) {
            sum.evicted += p->counts().evicted;
            sum.refused += p->counts().refused;
        }
        return sum;
    }

private:
    using part = detail::cache_shard<Key, T, Lock>;

    static std::size_t parts_for(const options_type& o) noexcept {
        if (!part::threads || o.weigh)
            return 1;
        return std::bit_floor(
            std::clamp<std::size_t>(std::min(o.capacity / 1024, o.negative_capacity / 64), 1, 16));
    }
    static std::size_t share(std::size_t whole, std::size_t i, std::size_t parts) noexcept {
        return whole / parts + (i < whole % parts);
    }

    // std::hash may be the identity: every bit of this depends on every bit of that.
    static std::uint64_t hash_of(const Key& key) noexcept {
        std::uint64_t h = std::hash<Key>{}(key);
        h = (h ^ h >> 32) * 0x9e3779b97f4a7c15;
        return h ^ h >> 32;
    }
    static std::uint32_t tag_of(std::uint64_t hash) noexcept {
        return static_cast<std::uint32_t>(hash);
    }
    [[nodiscard]] part& part_of(std::uint64_t hash) const noexcept {
        return *parts_[static_cast<std::size_t>(hash >> 60) & (parts_.size() - 1)];
    }

    options_type options_;
    std::vector<std::unique_ptr<part>> parts_{};
    outlast::tombstones<Key, Lock> tombstones_;
};

} // namespace outlast

#endif // OUTLAST_CACHE_MEMORY_HPP
