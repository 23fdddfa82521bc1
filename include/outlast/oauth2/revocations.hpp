// SPDX-License-Identifier: BSL-1.0
//
// Tokens that are refused whatever the authorization server says.
#ifndef OUTLAST_OAUTH2_REVOCATIONS_HPP
#define OUTLAST_OAUTH2_REVOCATIONS_HPP

#include <outlast/oauth2/token_digest.hpp>

#include <algorithm> // std::ranges::find, std::rotate
#include <atomic>
#include <cstddef>
#include <deque>
#include <mutex>
#include <shared_mutex>
#include <unordered_set>

namespace outlast::oauth2 {

/// The tokens that were revoked here, so many of the last ones. They stay revoked until the process ends,
/// or until as many others were revoked after them: no clock has a say.
///
/// **Sharing** thread-safe.
/// **Cost** as long as nothing was revoked: one load. Then a lock that readers share, and one lookup.
class revocations {
public:
    /// \param most at least 1
    explicit revocations(std::size_t most) : most_(most) {}

    /// Once it returns, `holds` is true for every thread. \throws std::bad_alloc, and nothing changed
    void add(const token_digest& token) {
        const std::unique_lock hold{lock_};
        if (all_.contains(token)) { // the latest now
            const auto there = std::ranges::find(order_, token);
            std::rotate(there, there + 1, order_.end());
            return;
        }
        order_.push_back(token);
        try {
            all_.insert(token);
        } catch (...) {
            order_.pop_back();
            throw;
        }
        any_.store(true, std::memory_order_release);
        if (order_.size() > most_) {
            all_.erase(order_.front());
            order_.pop_front();
        }
    }

    [[nodiscard]] bool empty() const noexcept { return !any_.load(std::memory_order_acquire); }
    [[nodiscard]] bool holds(const token_digest& token) const {
        if (empty())
            return false;
        const std::shared_lock hold{lock_};
        return all_.contains(token);
    }

    [[nodiscard]] std::size_t size() const {
        const std::shared_lock hold{lock_};
        return all_.size();
    }

private:
    const std::size_t most_;
    std::atomic<bool> any_{false};
    mutable std::shared_mutex lock_{};
    std::unordered_set<token_digest> all_{};
    std::deque<token_digest> order_{}; // the oldest first
};

} // namespace outlast::oauth2

#endif // OUTLAST_OAUTH2_REVOCATIONS_HPP
