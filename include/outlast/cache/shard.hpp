// SPDX-License-Identifier: BSL-1.0
//
// One part of a cache in memory: readers without a lock, writers under one.
#ifndef OUTLAST_CACHE_SHARD_HPP
#define OUTLAST_CACHE_SHARD_HPP

#include <outlast/cache/hazard.hpp>
#include <outlast/cache/index.hpp>
#include <outlast/cache/s3_fifo.hpp>
#include <outlast/freshness.hpp>
#include <outlast/guarded.hpp>
#include <outlast/store.hpp>

#include <algorithm> // std::max
#include <atomic>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <utility>
#include <vector>

namespace outlast {

/// What happened to the entries of a cache in memory, since the beginning.
struct memory_counts {
    std::uint64_t evicted = 0; ///< left to make room
    std::uint64_t refused = 0; ///< not kept: heavier than the bound, or no room to write it
};

namespace detail {

/// What `memory` is made of: nodes in one array, an index of them, and two orders in which they
/// leave, "yes" and "no". A node is written before it can be reached and never again (but for the
/// mark that it was used), and it is destroyed when it cannot be reached and nobody holds it.
template <class Key, class T, class Lock>
class cache_shard {
    using place = std::uint32_t;
    using tag = std::uint32_t;

public:
    static constexpr bool threads = !std::same_as<Lock, no_lock>;

    struct node {
        node(const Key& k, entry<T>&& e)
            : key(k), value(std::move(e.value)), times(e.times), negative(e.negative) {}
        const Key key;
        const T value;
        const freshness times;
        const bool negative;
        std::atomic<bool> used = false;
    };

    cache_shard(std::size_t yeses, std::size_t noes, std::size_t max_weight)
        : nodes_(yeses + noes + spare),
          index_(yeses + noes),
          links_(yeses + noes + spare + 1),
          shared_(links_.data(), yeses, noes, max_weight) {}

    ~cache_shard() {
        clear();
        // Nobody reads any more: what was held is free now.
        shared_.with([&](state& s) { destroy(s.held); });
    }

    cache_shard(const cache_shard&) = delete;
    cache_shard& operator=(const cache_shard&) = delete;

    /// The node of this key, held by `reading`; null if there is none.
    [[nodiscard]] const node* find(tag t, const Key& key, hazard<threads>& reading) {
        const std::uint32_t version = index_.version();
        const auto look = [&] {
            return index_.find(t, [&](place p, auto still) {
                return reading.hold(&nodes_[p]) && still() && nodes_[p].key == key;
            });
        };
        place found = look();
        // It may have been moved past the look. A writer makes way for one that has missed.
        if (threads && found == 0 && (version % 2 != 0 || index_.version() != version))
            found = shared_.with([&](state&) { return look(); });
        if (found == 0)
            return nullptr;
        node& n = nodes_[found];
        if (!n.used.load(std::memory_order_relaxed))
            n.used.store(true, std::memory_order_relaxed);
        return &n;
    }

    void put(tag t, const Key& key, entry<T>&& e, std::size_t weight, const may_keep& keep) {
        const bool negative = e.negative;
        removal gone{*this};
        claim mine{*this};
        if (mine.place != 0) {
            std::construct_at(&nodes_[mine.place], key, std::move(e));
            mine.made = true;
        }
        shared_.with([&](state& s) {
            const place old = known(t, key);
            if (keep && !keep(old != 0 ? &nodes_[old].times : nullptr))
                return;
            const typename cache_index<threads>::change scope{index_};
            bool again = false;
            bool proven = false;
            if (old != 0) {
                again = nodes_[old].negative == negative;
                proven = again && links_[old].in_main;
                take_out(s, old, gone);
            }
            s3_fifo& order = s.order(negative);
            if (mine.place == 0 || !order.takes(weight)) {
                ++s.seen.refused;
                return;
            }
            while (!order.has_room(weight)) {
                const place next =
                    order.victim([&](place p) { return nodes_[p].used.exchange(false, on_mark); });
                take_out(s, next, gone);
                ++s.seen.evicted;
            }
            const place p = std::exchange(mine.place, 0);
            links_[p].tag = t;
            links_[p].weight = weight;
            nodes_[p].used.store(again, on_mark); // to ask for it anew is a use
            order.add(p, proven);
            index_.insert(t, p);
        });
    }

    void erase(tag t, const Key& key) {
        removal gone{*this};
        shared_.with([&](state& s) {
            if (const place old = known(t, key)) {
                const typename cache_index<threads>::change scope{index_};
                take_out(s, old, gone);
            }
        });
    }

    void clear() {
        removal gone{*this};
        shared_.with([&](state& s) {
            const typename cache_index<threads>::change scope{index_};
            for (s3_fifo* order : {&s.yeses, &s.noes})
                while (const place p = order->any())
                    take_out(s, p, gone);
        });
    }

    [[nodiscard]] std::size_t size() {
        return shared_.with([](state& s) { return s.yeses.size() + s.noes.size(); });
    }
    [[nodiscard]] memory_counts counts() {
        return shared_.with([](state& s) { return s.seen; });
    }

private:
    // Nodes beyond the capacity: those being written, and those still held after their removal.
    static constexpr std::size_t spare = 32;
    static constexpr auto on_mark = std::memory_order_relaxed;

    // Room for nodes 1 to n; they are made and destroyed by whoever uses it.
    class room {
    public:
        explicit room(std::size_t n)
            : first_(static_cast<node*>(::operator new(n * sizeof(node), alignment))) {}
        room(const room&) = delete;
        room& operator=(const room&) = delete;
        ~room() { ::operator delete(first_, alignment); }
        [[nodiscard]] node& operator[](place p) const noexcept { return first_[p - 1]; }

    private:
        static constexpr std::align_val_t alignment{std::max<std::size_t>(64, alignof(node))};
        node* first_;
    };

    struct state {
        state(s3_fifo::link* links, std::size_t y, std::size_t n, std::size_t max_weight)
            : yeses(links, y, max_weight), noes(links, n, max_weight) {}
        s3_fifo& order(bool negative) noexcept { return negative ? noes : yeses; }

        s3_fifo yeses;
        s3_fifo noes;
        place free = 0;      // a list of nodes that were used before
        place untouched = 1; // from here on no node was ever used
        place held = 0;      // a list of nodes to destroy when nobody holds them any more
        memory_counts seen{};
    };

    // Nodes that cannot be reached any more. Their values are destroyed when the lock is free.
    struct removal {
        explicit removal(cache_shard& s) noexcept : from(s) {}
        removal(const removal&) = delete;
        removal& operator=(const removal&) = delete;
        ~removal() {
            if (list != 0)
                from.dispose(list);
        }
        void add(place p) noexcept { from.prepend(list, p); }
        cache_shard& from;
        place list = 0;
    };

    // A node of one's own to write; given back if it was not put in reach.
    struct claim {
        explicit claim(cache_shard& s) : from(s), place(s.take_free()) {
            if (place == 0) { // all in use: perhaps some are not held any more
                s.dispose(0);
                place = s.take_free();
            }
        }
        claim(const claim&) = delete;
        claim& operator=(const claim&) = delete;
        ~claim() {
            if (place == 0)
                return;
            if (made)
                std::destroy_at(&from.nodes_[place]);
            from.shared_.with([&](state& s) { from.prepend(s.free, place); });
        }
        cache_shard& from;
        cache_shard::place place;
        bool made = false;
    };

    [[nodiscard]] place known(tag t, const Key& key) const {
        return index_.find(t, [&](place p, auto) { return nodes_[p].key == key; });
    }

    place take_free() {
        return shared_.with([&](state& s) -> place {
            if (s.free != 0)
                return std::exchange(s.free, links_[s.free].older);
            return s.untouched != links_.size() ? s.untouched++ : 0;
        });
    }

    void take_out(state& s, place p, removal& gone) noexcept {
        s.order(nodes_[p].negative).remove(p);
        index_.erase(links_[p].tag, p);
        gone.add(p);
    }

    // Destroys what nobody holds, of this list and of what was held before.
    void dispose(place list) noexcept {
        place again = 0;
        shared_.with([&](state& s) { again = std::exchange(s.held, 0); });
        place held = 0;
        place freed = 0;
        for (place from : {list, again})
            while (from != 0) {
                const place p = std::exchange(from, links_[from].older);
                if (hazard<threads>::is_held(&nodes_[p])) {
                    prepend(held, p);
                } else {
                    std::destroy_at(&nodes_[p]);
                    prepend(freed, p);
                }
            }
        shared_.with([&](state& s) {
            splice(s.held, held);
            splice(s.free, freed);
        });
    }

    void destroy(place list) noexcept {
        for (; list != 0; list = links_[list].older)
            std::destroy_at(&nodes_[list]);
    }

    void prepend(place& list, place p) noexcept {
        links_[p].older = list;
        list = p;
    }
    void splice(place& list, place more) noexcept {
        while (more != 0)
            prepend(list, std::exchange(more, links_[more].older));
    }

    room nodes_;
    cache_index<threads> index_;
    std::vector<s3_fifo::link> links_; // of node p at p
    alignas(64) guarded<state, Lock> shared_;
};

} // namespace detail

} // namespace outlast

#endif // OUTLAST_CACHE_SHARD_HPP
