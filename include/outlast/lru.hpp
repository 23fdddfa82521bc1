// SPDX-License-Identifier: BSL-1.0
//
// A map of bounded size that forgets what was used least recently.
#ifndef OUTLAST_LRU_HPP
#define OUTLAST_LRU_HPP

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string>
#include <type_traits>
#include <utility> // std::move
#include <vector>

namespace outlast {

/// Says that comparing and hashing a type of keys calls nothing of the user's that could call back:
/// keys are compared under a lock. A view or a pointer is no key, as what it refers to goes away;
/// neither is a floating number, which may differ from itself. Specialise it for a type of your own
/// that keeps this promise.
template <class Key>
inline constexpr bool plain_key =
    std::same_as<Key, std::string> ||
    (std::is_trivially_copyable_v<Key> && !std::is_pointer_v<Key> &&
     !std::is_floating_point_v<Key> && !requires { typename Key::traits_type; } &&
     !requires { typename Key::element_type; }); // a string_view, a span

/// Not thread-safe. `find` and `put` make an entry the newest; `put` beyond the capacity forgets
/// the oldest. All operations take constant time on average; a found key allocates nothing. Fewer
/// than 2^32 − 1 entries.
template <class Key, class Value>
class lru_map {
    static_assert(plain_key<Key>,
                  "outlast: keys are compared under a lock, so a key is std::string, a trivially "
                  "copyable type, or one for which outlast::plain_key is specialised.");

public:
    /// \pre capacity > 0
    explicit lru_map(std::size_t capacity) : capacity_(capacity) {}
    lru_map(const lru_map&) = delete;
    lru_map& operator=(const lru_map&) = delete;

    /// The value, or null. Valid until the next call that is not `find`.
    [[nodiscard]] Value* find(const Key& key) {
        if (nodes_.empty())
            return nullptr;
        for (place p = heads_[bucket(key)]; p != nobody; p = nodes_[p].next)
            if (nodes_[p].key == key) {
                make_newest(p);
                return &nodes_[p].value;
            }
        return nullptr;
    }

    Value& put(const Key& key, Value value) {
        if (Value* known = find(key))
            return *known = std::move(value);
        place p = oldest_;
        if (nodes_.size() == capacity_) {
            Key own = key; // may throw; what follows must not
            unchain(p);
            nodes_[p].key = std::move(own);
            nodes_[p].value = std::move(value);
            chain(p);
            make_newest(p);
        } else {
            if (nodes_.size() == heads_.size())
                widen();
            nodes_.push_back({key, std::move(value)});
            p = static_cast<place>(nodes_.size() - 1);
            chain(p);
            link(p);
        }
        return nodes_[p].value;
    }

    /// The value that the next `put` of a new key would forget. \pre size() > 0
    [[nodiscard]] Value& oldest() { return nodes_[oldest_].value; }

    bool erase(const Key& key) {
        if (find(key) == nullptr)
            return false;
        const place hole = newest_; // since it was found
        unchain(hole);
        unlink(hole);
        if (const auto last = static_cast<place>(nodes_.size() - 1); last != hole) {
            unchain(last);
            nodes_[hole] = std::move(nodes_[last]);
            const node& moved = nodes_[hole];
            (moved.older == nobody ? oldest_ : nodes_[moved.older].newer) = hole;
            (moved.newer == nobody ? newest_ : nodes_[moved.newer].older) = hole;
            chain(hole);
        }
        nodes_.pop_back();
        return true;
    }

    [[nodiscard]] std::size_t size() const noexcept { return nodes_.size(); }
    [[nodiscard]] std::size_t capacity() const noexcept { return capacity_; }

private:
    using place = std::uint32_t;
    static constexpr place nobody = UINT32_MAX;

    struct node {
        Key key;
        Value value;
        place next = nobody; // in the chain of its bucket
        place newer = nobody;
        place older = nobody;
    };

    [[nodiscard]] std::size_t bucket(const Key& key) const {
        return std::hash<Key>{}(key) % heads_.size();
    }

    void chain(place p) {
        place& head = heads_[bucket(nodes_[p].key)];
        nodes_[p].next = head;
        head = p;
    }
    void unchain(place p) {
        place* at = &heads_[bucket(nodes_[p].key)];
        while (*at != p)
            at = &nodes_[*at].next;
        *at = nodes_[p].next;
    }
    // Buckets for twice as many entries.
    void widen() {
        std::vector<place> wider(heads_.empty() ? 8 : 2 * heads_.size(), nobody);
        heads_.swap(wider);
        for (place p = 0; p != nodes_.size(); ++p)
            chain(p);
    }

    void link(place p) noexcept {
        nodes_[p].older = newest_;
        nodes_[p].newer = nobody;
        (newest_ == nobody ? oldest_ : nodes_[newest_].newer) = p;
        newest_ = p;
    }
    void unlink(place p) noexcept {
        const node& n = nodes_[p];
        (n.older == nobody ? oldest_ : nodes_[n.older].newer) = n.newer;
        (n.newer == nobody ? newest_ : nodes_[n.newer].older) = n.older;
    }
    void make_newest(place p) noexcept {
        if (p == newest_)
            return;
        unlink(p);
        link(p);
    }

    std::size_t capacity_;
    std::vector<node> nodes_;
    std::vector<place> heads_;
    place newest_ = nobody;
    place oldest_ = nobody;
};

} // namespace outlast

#endif // OUTLAST_LRU_HPP
