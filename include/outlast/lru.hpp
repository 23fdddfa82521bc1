// SPDX-License-Identifier: BSL-1.0
//
// A map of bounded size that forgets what was used least recently.
#ifndef OUTLAST_LRU_HPP
#define OUTLAST_LRU_HPP

#include <concepts>
#include <cstddef>
#include <functional> // std::hash
#include <list>
#include <ranges>
#include <string>
#include <type_traits>
#include <unordered_map>
#include <utility>

namespace outlast {

/// Says that comparing and hashing a type of keys calls nothing of the user's that could call back:
/// keys are compared under a lock. A view or a pointer is no key, as what it refers to goes away;
/// neither is a floating number, which may differ from itself. Specialise it for a type of your own that keeps this promise.
template <class Key>
inline constexpr bool plain_key =
    std::same_as<Key, std::string> ||
    (std::is_trivially_copyable_v<Key> && !std::is_pointer_v<Key> &&
     !std::is_floating_point_v<Key> && !std::ranges::borrowed_range<Key>);

/// Not thread-safe. `find` and `put` make an entry the newest; `put` beyond the capacity forgets
/// the oldest. All operations take constant time on average; a found key allocates nothing.
template <class Key, class Value>
class lru_map {
    static_assert(plain_key<Key>,
                  "outlast: keys are compared under a lock, so a key is std::string, a trivially "
                  "copyable type, or one for which outlast::plain_key is specialised.");

public:
    /// \pre capacity > 0
    explicit lru_map(std::size_t capacity) : capacity_(capacity) {}
    lru_map(const lru_map&) = delete; // the index refers into the list
    lru_map& operator=(const lru_map&) = delete;

    /// The value, or null. Valid until the next call that is not `find`.
    [[nodiscard]] Value* find(const Key& key) {
        const auto it = index_.find(key);
        if (it == index_.end())
            return nullptr;
        order_.splice(order_.begin(), order_, it->second);
        return &it->second->second;
    }

    Value& put(const Key& key, Value value) {
        if (Value* known = find(key))
            return *known = std::move(value);
        if (index_.size() == capacity_) {
            index_.erase(order_.back().first);
            order_.pop_back();
        }
        order_.emplace_front(key, std::move(value));
        const unlisted_on_failure undo{order_};
        index_.emplace(key, order_.begin());
        undo.listed = true;
        return order_.front().second;
    }

    /// The value that the next `put` of a new key would forget. \pre size() > 0
    [[nodiscard]] Value& oldest() { return order_.back().second; }

    bool erase(const Key& key) {
        const auto it = index_.find(key);
        if (it == index_.end())
            return false;
        order_.erase(it->second);
        index_.erase(it);
        return true;
    }

    [[nodiscard]] std::size_t size() const noexcept { return index_.size(); }
    [[nodiscard]] std::size_t capacity() const noexcept { return capacity_; }

private:
    using item = std::pair<Key, Value>;

    // An entry that the index could not take is not left in the list.
    struct unlisted_on_failure {
        std::list<item>& order;
        mutable bool listed = false;
        ~unlisted_on_failure() {
            if (!listed)
                order.pop_front();
        }
    };

    std::size_t capacity_;
    std::list<item> order_;
    std::unordered_map<Key, typename std::list<item>::iterator> index_;
};

} // namespace outlast

#endif // OUTLAST_LRU_HPP
