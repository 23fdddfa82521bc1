// SPDX-License-Identifier: BSL-1.0
//
// Which tokens were allowed by a stale verdict, and what the server said of them afterwards.
#ifndef OUTLAST_OAUTH2_STALE_LEDGER_HPP
#define OUTLAST_OAUTH2_STALE_LEDGER_HPP

#include <outlast/guarded.hpp>
#include <outlast/oauth2/reason.hpp>
#include <outlast/oauth2/secret.hpp>
#include <outlast/oauth2/token_digest.hpp>
#include <outlast/time.hpp>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string_view>
#include <unordered_map>
#include <utility>

namespace outlast::oauth2 {

struct stale_ledger_options {
    /// The most tokens that wait for the server's word. Beyond it the one whose `exp` comes first is
    /// dropped, of which the least is left to learn. Default 4096; at least 1.
    std::size_t capacity = 4096;
    /// Whether the tokens themselves are kept, which are needed to ask about them without their clients. In
    /// memory only, wiped when the server has spoken or `exp` has come. Default: no; then a token is known
    /// by its digest, and settled when its client comes again.
    bool keep_tokens = false;
    /// A token that was asked about in vain is not asked about again before so long. Default 10 s.
    duration pause = std::chrono::seconds{10};

    [[nodiscard]] constexpr const char* problem() const noexcept {
        return capacity != 0 && pause >= duration::zero()
                   ? nullptr
                   : "introspector: of the tokens that were served stale at least 1 is remembered, "
                     "and "
                     "their pause is not negative";
    }
};

/// Tokens, not requests: each counts once from its first stale verdict until it is settled.
/// `served` is the sum of all others.
struct stale_counts {
    std::uint64_t served = 0;   ///< allowed by a stale verdict
    std::uint64_t active = 0;   ///< and the server said afterwards that they still were
    std::uint64_t inactive = 0; ///< that they were not: revoked meanwhile
    std::uint64_t expired = 0;  ///< their `exp` came first
    std::uint64_t dropped = 0;  ///< forgotten for want of room
    std::size_t waiting = 0;    ///< for any of that

    friend bool operator==(const stale_counts&, const stale_counts&) = default;
};

/// Was it right to let them pass? Remembers which tokens were allowed by a stale verdict until it is known.
///
/// **Sharing** thread-safe.
/// **Cost** while no token waits: `empty` is one load. Else a lock, one lookup, and a look at those that expire. A
/// token that is new in it allocates; 4096 of them are 0.6 MB, and what they are long themselves.
/// **Secrets** see `keep_tokens`. Nothing here prints a token.
class stale_ledger {
public:
    using wall_time = std::chrono::system_clock::time_point;

    /// \param options without a `problem()`
    explicit stale_ledger(const stale_ledger_options& options) : options_(options) {}

    [[nodiscard]] bool empty() const noexcept {
        return waiting_.load(std::memory_order_relaxed) == 0;
    }

    /// A request with this token was allowed by a stale verdict. Without memory for it, it is dropped.
    void served(const token_digest& key,
                std::string_view token,
                std::chrono::sys_seconds exp,
                wall_time now) noexcept {
        with(now, [&](table& t) {
            if (t.of.contains(key))
                return;
            ++t.counts.served;
            try {
                std::shared_ptr<const secret> kept;
                if (options_.keep_tokens)
                    kept = std::make_shared<const secret>(token);
                const auto place = t.by_exp.emplace(exp, entry{key, std::move(kept)});
                try {
                    t.of.emplace(key, place);
                } catch (...) {
                    t.by_exp.erase(place);
                    throw;
                }
            } catch (...) {
                ++t.counts.dropped;
                return;
            }
            if (t.of.size() > options_.capacity) {
                t.take(t.by_exp.begin());
                ++t.counts.dropped;
            }
        });
    }

    /// It is known what became of this token: `active` or `inactive` by the server's word, or `expired`, by
    /// whichever clock was first. Nothing happens to those that were not served stale.
    void settle(const token_digest& key, reason what, wall_time now) {
        with(now, [&](table& t) {
            const auto found = t.of.find(key);
            if (found == t.of.end())
                return;
            t.take(found->second);
            ++(what == reason::active    ? t.counts.active
               : what == reason::expired ? t.counts.expired
                                         : t.counts.inactive);
        });
    }

    struct due {
        token_digest key;
        std::shared_ptr<const secret> token;
    };
    /// The token to ask about next: the one whose `exp` comes first, after which nobody could tell whether it was
    /// revoked. It is paused from now on. None: none waits that is not paused, or they are not kept.
    [[nodiscard]] std::optional<due> next(instant now, wall_time wall) {
        if (!options_.keep_tokens)
            return std::nullopt;
        std::optional<due> found;
        with(wall, [&](table& t) {
            for (auto& [exp, e] : t.by_exp)
                if (e.not_before <= now) {
                    e.not_before = after(now, options_.pause);
                    found = due{e.key, e.token};
                    return;
                }
        });
        return found;
    }

    [[nodiscard]] stale_counts counts(wall_time now) {
        stale_counts c;
        with(now, [&](table& t) {
            c = t.counts;
            c.waiting = t.of.size();
        });
        return c;
    }

private:
    struct entry {
        token_digest key;
        std::shared_ptr<const secret> token; // if it is kept
        instant not_before = instant::min();
    };
    using in_order = std::multimap<std::chrono::sys_seconds, entry>;
    struct table {
        in_order by_exp{};
        std::unordered_map<token_digest, in_order::iterator> of{};
        stale_counts counts{};

        void take(in_order::iterator place) {
            of.erase(place->second.key);
            by_exp.erase(place);
        }
    };

    // Each use is one of the table as it is now: without those that have expired.
    template <class F>
    void with(wall_time now, F&& use) {
        // In whole seconds: in the clock's nanoseconds the year 9999 does not fit 64 bits.
        const auto second = std::chrono::floor<std::chrono::seconds>(now);
        table_.with([&](table& t) {
            while (!t.by_exp.empty() && t.by_exp.begin()->first <= second) {
                t.take(t.by_exp.begin());
                ++t.counts.expired;
            }
            use(t);
            waiting_.store(t.of.size(), std::memory_order_relaxed);
        });
    }

    stale_ledger_options options_;
    std::atomic<std::size_t> waiting_{0};
    guarded<table, std::mutex> table_{};
};

} // namespace outlast::oauth2

#endif // OUTLAST_OAUTH2_STALE_LEDGER_HPP
