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
#include <string_view>
#include <type_traits> // std::is_constant_evaluated
#include <utility>     // std::exchange

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

/// Retries as a share of what is running at this moment, with a floor for those who run little: one
/// more may begin if, with it counted, retries are at most `share` of all calls and retries
/// together, or at most `least`. A call runs from its beginning to its end, while it waits for its
/// next attempt too; a retry while its attempt does. (As in failsafe-go.)
struct running_share {
    /// 100 %: as many as want to. Default 20 %.
    ratio share = ratio::of(0.2);
    /// The floor: so many at once, whatever else runs. 0: none. Default 3.
    std::uint32_t least = 3;

    [[nodiscard]] constexpr const char* problem() const noexcept {
        return share.valid() ? nullptr : "budget: share is a ratio from 0 % to 100 %";
    }
};

/// What retries may cost, shared by all retries that are to live within it.
///
/// **Decides** by its rule: `traffic_share`, `failure_tokens` or `running_share`. What was refused
/// on this side of the wire, or cancelled, is no failure and no success.
/// **Time** `traffic_share` looks at it when a retry is asked for; its floor begins to fill at the
/// first look. A success needs none.
/// **Sharing** any number of threads, and retries of any number of pipelines, to each of which its
/// address is given: it outlives them. Not movable. Each function changes one word in one atomic
/// step, so threads together take no more than there is; `running_share` keeps both of its counts
/// in one word, so that no thread decides by half of what another did.
/// **Cost** no lock, no allocation. The tokens: one relaxed atomic addition a success, none while
/// it is full. `running_share`: two a call, of a word that all calls write.
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
        at_start_ = rule.at_start;
    }
    constexpr explicit budget(const failure_tokens& rule)
        : budget(rule.problem(), rule.most, rule.most) {
        per_success_ = rule.per_success.millionths();
        per_failure_ = token;
        keeps_ = most_ / 2;
    }

    constexpr explicit budget(const running_share& rule) : budget(rule.problem(), 0, 0) {
        counts_running_ = true;
        share_ = rule.share.millionths();
        least_ = rule.least;
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
        if (counts_running_)
            return has_room(load(running_));
        fill(now);
        return load(tokens_) > keeps_;
    }

    /// Takes what a retry costs; false: there is not enough. One step for all threads.
    [[nodiscard]] constexpr bool take(instant now) noexcept {
        if (counts_running_)
            return begin_retry();
        fill(now);
        return remove(keeps_ + 1, per_retry_);
    }

    /// The retry that was taken for is over. One that was not sent gives back what it took; of one
    /// that was, only its share of what is running.
    constexpr void end_retry(bool sent) noexcept {
        if (counts_running_)
            plus(running_, -one_retry);
        else if (!sent)
            add(per_retry_);
    }

    /// Whole tokens at this moment. Of a share of what is running: none.
    [[nodiscard]] constexpr std::uint32_t tokens() const noexcept {
        return static_cast<std::uint32_t>(lesser(load(tokens_), most_) / token);
    }

    /// Whether it wants to know of every call, by a `seat`, that it runs: `running_share` does.
    [[nodiscard]] OUTLAST_INLINE constexpr bool counts_running() const noexcept {
        return counts_running_;
    }

    /// Its rule, for `describe`.
    template <class F>
    constexpr void each(F&& f) const {
        constexpr auto share = [](word w) { return ratio::of(static_cast<double>(w) / token); };
        constexpr auto whole = [](word w) { return static_cast<std::uint32_t>(w); };
        if (counts_running_) {
            f("rule", std::string_view{"running_share"});
            f("share", share(share_));
            f("least", whole(least_));
        } else if (per_failure_ != 0) {
            f("rule", std::string_view{"failure_tokens"});
            f("most", whole(most_ / token));
            f("per_success", share(per_success_));
        } else {
            f("rule", std::string_view{"traffic_share"});
            f("share", share(per_success_));
            f("one_each", one_each_);
            f("most", whole(most_ / token));
            f("at_start", at_start_);
        }
    }

    struct in_progress {
        std::uint32_t calls = 0;
        std::uint32_t retries = 0; ///< besides them
        friend constexpr bool operator==(const in_progress&, const in_progress&) = default;
    };
    /// What runs at this moment, if it counts that.
    [[nodiscard]] constexpr in_progress running() const noexcept {
        const word seen = load(running_);
        return {calls_of(seen), retries_of(seen)};
    }

    class seat;

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

    OUTLAST_INLINE static constexpr void plus(word& w, word n) noexcept {
        if (std::is_constant_evaluated())
            w += n;
        else
            std::atomic_ref{w}.fetch_add(n, std::memory_order_relaxed);
    }

    // Some threads at once may add beyond the brim; `remove` does not see what lies above it.
    OUTLAST_INLINE constexpr void add(word n) noexcept {
        if (load(tokens_) < most_)
            plus(tokens_, n);
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

    // Of what runs: calls in the lower half of the word, retries in the upper one.
    static constexpr word one_call = 1;
    static constexpr word one_retry = word{1} << 32;
    static constexpr std::uint32_t calls_of(word w) noexcept {
        return static_cast<std::uint32_t>(w & 0xffff'ffff);
    }
    static constexpr std::uint32_t retries_of(word w) noexcept {
        return static_cast<std::uint32_t>(w >> 32);
    }

    // For one more.
    [[nodiscard]] constexpr bool has_room(word w) const noexcept {
        const word retries = word{retries_of(w)} + 1;
        return retries <= least_ || retries * token <= share_ * (calls_of(w) + retries);
    }

    constexpr bool begin_retry() noexcept {
        word seen = load(running_);
        while (has_room(seen))
            if (exchange(running_, seen, seen + one_retry))
                return true;
        return false;
    }

    word tokens_;
    word filled_ = unseen; // up to when the floor has been given
    word most_;
    word per_success_ = 0;
    word per_failure_ = 0;
    word per_retry_ = 0;
    word keeps_ = 0; // there are retries while there are more
    duration one_each_ = no_limit;
    std::uint32_t at_start_ = 0;
    bool counts_running_ = false;
    word running_ = 0;
    word share_ = 0; // in millionths
    word least_ = 0;
};

/// One call's part in a budget: what it has taken, and its place among what is running, where the
/// budget counts that. A call that is dropped leaves nothing behind. Move-only; the budget outlives
/// it.
class budget::seat {
public:
    constexpr seat() noexcept = default;
    OUTLAST_INLINE constexpr seat(seat&& other) noexcept
        : home_(other.home_), counted_(other.counted_), paid_(other.paid_) {
        other.home_ = nullptr;
    }
    seat& operator=(seat&&) = delete;
    OUTLAST_INLINE constexpr ~seat() { leave(); }

    /// The call begins. \pre it is left, and `home.counts_running()`
    constexpr void take(budget& home) noexcept {
        home_ = &home;
        counted_ = true;
        plus(home.running_, one_call);
    }
    /// A retry is about to begin, if it can pay for itself. \pre the one before it is settled
    [[nodiscard]] constexpr bool pay(budget& home, instant now) noexcept {
        if (!home.take(now))
            return false;
        home_ = &home;
        return paid_ = true;
    }
    /// An attempt is over, whether it was paid for or not.
    constexpr void settle(bool sent) noexcept {
        if (paid_)
            home_->end_retry(sent);
        paid_ = false;
    }
    /// The call is over, or dropped.
    OUTLAST_INLINE constexpr void leave() noexcept {
        if (home_ != nullptr) [[unlikely]]
            end(*home_, counted_, paid_);
        home_ = nullptr;
        counted_ = paid_ = false;
    }

private:
    // By value, so that a call which has taken nothing stays in registers.
    OUTLAST_COLD static constexpr void end(budget& home, bool counted, bool paid) noexcept {
        if (paid)
            home.end_retry(true);
        if (counted)
            plus(home.running_, -one_call);
    }

    budget* home_ = nullptr; // of which it has taken something
    bool counted_ = false;   // among the calls
    bool paid_ = false;      // for a retry
};

} // namespace outlast

#endif // OUTLAST_BUDGET_HPP
