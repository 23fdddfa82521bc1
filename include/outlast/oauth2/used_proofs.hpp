// SPDX-License-Identifier: BSL-1.0
//
// Which DPoP proofs were used, so that none is good twice (RFC 9449 §11.1).
#ifndef OUTLAST_OAUTH2_USED_PROOFS_HPP
#define OUTLAST_OAUTH2_USED_PROOFS_HPP

#include <outlast/oauth2/token_digest.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <deque>
#include <mutex>
#include <unordered_set>

namespace outlast::oauth2 {

/// Remembers proofs for as long as they could be used again, and no more than so many. When there are more,
/// the one that came first is forgotten, and from then on none that is as old as that is taken: what cannot
/// be told from a replay is one. That touches slow clocks, at thousands of proofs a second.
///
/// **Sharing** thread-safe. **Cost** a lock, one lookup, 100 bytes a proof.
class used_proofs {
public:
    /// \param most at least 1
    /// \param life how long after its coming a proof may still be in its time
    used_proofs(std::size_t most, std::chrono::seconds life) : most_(most), life_(life) {}

    /// Uses a proof up. \return false: it was used already, or that cannot be told. \throws std::bad_alloc
    /// \param proof a keyed digest, so that nobody chooses what falls together
    /// \param made its `iat`
    /// \param now on the same clock
    [[nodiscard]] bool
    use(const token_digest& proof, std::chrono::sys_seconds made, std::chrono::sys_seconds now) {
        const std::lock_guard hold{lock_};
        while (!order_.empty() && order_.front().came + life_ < now)
            drop_first();
        if (made <= forgotten_ || seen_.contains(proof))
            return false;
        if (order_.size() == most_) {
            // Of one that is ahead of our clock, too: others wait until they are as far, and it is no good twice.
            forgotten_ = std::max(forgotten_, order_.front().made);
            drop_first();
            if (made <= forgotten_)
                return false;
        }
        order_.push_back({proof, made, now});
        try {
            seen_.insert(proof);
        } catch (...) {
            order_.pop_back();
            throw;
        }
        return true;
    }

    [[nodiscard]] std::size_t size() const {
        const std::lock_guard hold{lock_};
        return order_.size();
    }

private:
    struct used {
        token_digest proof;
        std::chrono::sys_seconds made;
        std::chrono::sys_seconds came;
    };

    void drop_first() {
        seen_.erase(order_.front().proof);
        order_.pop_front();
    }

    const std::size_t most_;
    const std::chrono::seconds life_;
    mutable std::mutex lock_{};
    std::unordered_set<token_digest> seen_{};
    std::deque<used> order_{}; // as they came
    std::chrono::sys_seconds forgotten_{std::chrono::sys_seconds::min()};
};

} // namespace outlast::oauth2

#endif // OUTLAST_OAUTH2_USED_PROOFS_HPP
