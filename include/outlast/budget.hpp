// SPDX-License-Identifier: BSL-1.0
//
// How many retries a whole program may make: what keeps them from multiplying an outage.
#ifndef OUTLAST_BUDGET_HPP
#define OUTLAST_BUDGET_HPP

#include <outlast/error.hpp>
#include <outlast/lesser.hpp>
#include <outlast/ratio.hpp>
#include <outlast/time.hpp>

#include <atomic>
#include <cstdint>
#include <type_traits> // std::is_constant_evaluated

namespace outlast {

/// Retries as a share of the traffic that succeeds, with a floor for those who have little of it.
/// Each retry costs one token. (As in Finagle and Linkerd; a limit on what is saved up takes the
/// place of their window of time, so that a success need not look at the clock.)
struct traffic_share {
    /// What each success adds: so many retries a call. Default 20 %.
    ratio share = ratio::of(0.2);
    /// The floor: one retry each so often, whatever the traffic. More than 0. Default: 100 ms.
    /// `no_limit`: none.
    duration one_each = std::chrono::milliseconds{100};
    /// How many retries can be saved up. 1 to 1 000 000 000. Default 100.
    std::uint32_t most = 100;
    /// How many there are at the beginning. Default 10.
    std::uint32_t at_start = 10;

    [[nodiscard]] constexpr const char* problem() const noexcept {
        if (!share.valid())
            return "budget: share is a ratio from 0 % to 100 %";
        if (one_each <= duration::zero())
            return "budget: one_each is more than zero; write no_limit for no floor";
        if (most == 0 || most > 1'000'000'000 || at_start > most)
            return "budget: 1 to 1000000000 retries can be saved up, and no more are there at "
                   "first";
        return nullptr;
    }
};

/// Retries as long as the dependency fails rarely: each failure takes one token, each success adds
/// some, and there are retries while there is more than half of all tokens. (As in gRPC, A6.)
struct failure_tokens {
    /// All tokens, of which it is full at the beginning. 1 to 1 000 000 000. Default 10.
    std::uint32_t most = 10;
    /// What each success adds. Default 10 %: a tenth of a token.
    ratio per_success = ratio::of(0.1);

    [[nodiscard]] constexpr const char* problem() const noexcept {
        if (!per_success.valid())
            return "budget: per_success is a ratio from 0 % to 100 %";
        if (most == 0 || most > 1'000'000'000)
            return "budget: from 1 to 1000000000 tokens";
        return nullptr;
    }
};

/// Tokens for retries, shared by all retries that are to live within them.
///
/// **Decides** by its rule, `traffic_share` or `failure_tokens`. What was refused on this side of
/// the wire, or cancelled, is no failure and no success.
/// **Time** `traffic_share` looks at it when a retry is asked for; its floor begins to fill at the
/// first look. A success needs none.
/// **Sharing** any number of threads, and retries of any number of pipelines, to each of which its
/// address is given: it outlives them. Not movable.
/// **Cost** one relaxed atomic addition a success, none while it is full; no lock, no allocation.
/// **Example**
///
///     outlast::budget budget{outlast::failure_tokens{.most = 2}};
///     outlast::pipeline p{outlast::retry{{.max_attempts = 9, .budget = &budget}}};
///     auto r = p([]() -> outlast::result<int> {
///         return std::make_error_code(std::errc::connection_refused);
///     });
///     std::cout << r.error().message();
///     // Connection refused (not tried again: the retry budget is spent)
class budget {
public:
    constexpr explicit budget(const traffic_share& rule = {})
        : budget(rule.problem(), rule.most, rule.at_start) {
        per_success_ = rule.share.millionths();
        per_retry_ = token;
        keeps_ = token - 1;
        one_each_ = rule.one_each;
    }
    constexpr explicit budget(const failure_tokens& rule)
        : budget(rule.problem(), rule.most, rule.most) {
        per_success_ = rule.per_success.millionths();
        per_failure_ = token;
        keeps_ = most_ / 2;
    }

    budget(const budget&) = delete;
    budget& operator=(const budget&) = delete;

    /// A call succeeded.
    OUTLAST_INLINE constexpr void succeeded() noexcept { add(per_success_); }

    /// An attempt failed in a way that is worth repeating.
    constexpr void failed() noexcept {
        if (per_failure_ != 0)
            (void)remove(0, per_failure_);
    }

    /// Whether a retry would be allowed now.
    [[nodiscard]] constexpr bool allows(instant now) noexcept {
        fill(now);
        return load(tokens_) > keeps_;
    }

    /// Takes what a retry costs; false: there is not enough. One step for all threads.
    [[nodiscard]] constexpr bool take(instant now) noexcept {
        fill(now);
        return remove(keeps_ + 1, per_retry_);
    }

    /// The retry that was taken for was not sent.
    constexpr void give_back() noexcept { add(per_retry_); }

    /// Whole tokens at this moment.
    [[nodiscard]] constexpr std::uint32_t tokens() const noexcept {
        return static_cast<std::uint32_t>(lesser(load(tokens_), most_) / token);
    }

private:
    // A plain word, so that a budget may live in a constant expression; atomic outside of them.
    using word = std::int64_t;
    static constexpr word token = 1'000'000; // in millionths, as a ratio is
    static constexpr word unseen = INT64_MIN;

    constexpr budget(const char* problem, std::uint32_t most, std::uint32_t start)
        : tokens_((require_valid(problem), start * token)), most_(most * token) {}

    OUTLAST_INLINE static constexpr word load(const word& w) noexcept {
        if (std::is_constant_evaluated())
            return w;
        return std::atomic_ref{const_cast<word&>(w)}.load(std::memory_order_relaxed);
    }

    // False, with what is there now in `expected`, if it was something else.
    static constexpr bool exchange(word& w, word& expected, word wanted) noexcept {
        if (std::is_constant_evaluated()) {
            w = wanted;
            return true;
        }
        return std::atomic_ref{w}.compare_exchange_strong(expected, wanted,
                                                          std::memory_order_relaxed);
    }

    // Some threads at once may add beyond the brim; `remove` does not see what lies above it.
    OUTLAST_INLINE constexpr void add(word n) noexcept {
        if (load(tokens_) >= most_)
            return;
        if (std::is_constant_evaluated())
            tokens_ += n;
        else
            std::atomic_ref{tokens_}.fetch_add(n, std::memory_order_relaxed);
    }

    // If there is at least so much, takes `n`, or what there is of it.
    constexpr bool remove(word at_least, word n) noexcept {
        word seen = load(tokens_);
        for (;;) {
            const word there = lesser(seen, most_);
            if (there < at_least)
                return false;
            if (exchange(tokens_, seen, greater<word>(there - n, 0)))
                return true;
        }
    }

    // Adds what the floor has given since the last look; a part of a token stays with the time.
    constexpr void fill(instant now) noexcept {
        if (one_each_ == no_limit)
            return;
        const word at = now.time_since_epoch().count();
        word seen = load(filled_);
        if (seen == unseen) {
            (void)exchange(filled_, seen, at);
            return;
        }
        const word whole = until(instant{duration{seen}}, now) / one_each_;
        if (whole > 0 && exchange(filled_, seen, seen + whole * one_each_.count()))
            add(lesser(whole, most_ / token) * token);
    }

    word tokens_;
    word filled_ = unseen; // up to when the floor has been given
    word most_;
    word per_success_ = 0;
    word per_failure_ = 0;
    word per_retry_ = 0;
    word keeps_ = 0; // there are retries while there are more
    duration one_each_ = no_limit;
};

} // namespace outlast

#endif // OUTLAST_BUDGET_HPP
