// SPDX-License-Identifier: BSL-1.0
#ifndef OUTLAST_CACHE_ASIDE_HPP
#define OUTLAST_CACHE_ASIDE_HPP

#include <outlast/cache_options.hpp>
#include <outlast/cache_run.hpp>
#include <outlast/counter_lines.hpp>
#include <outlast/error.hpp>
#include <outlast/flights.hpp>
#include <outlast/machine.hpp>
#include <outlast/refresh.hpp>
#include <outlast/store.hpp>

#include <concepts>
#include <cstddef>
#include <optional>
#include <type_traits>
#include <utility>

namespace outlast {

/// Remembers good answers, answers with them while they are fresh, and stands in with a stale one
/// when the work fails.
///
/// **Decides** from the entry under the key of this call. Fresh: answers with it. Stale, too old or
/// none: calls the work. The value says how long it may be kept: `life(value)` gives a `lifetime`;
/// a `life.recheck(value, age)`, if there is one, is asked at every use and may replace the value
/// (an `optional` of it: a token that has expired since).
/// **Answers** *call* the lookup; then *finish*, or *call* the work, or *park* while another call
/// asks for the same key; after success *call* the store; after failure *call* the lookup again: a
/// stale answer counts only if it is still there and still good at the moment it is given.
/// `report::because` says what it stands in for.
/// **Refresh ahead** (`refresh_ahead`): one call that finds a "yes" near its end asks for it anew,
/// through everything inside (a breaker may refuse it, a budget is charged), while all others are
/// answered with the entry; only if nobody else asks for the key, and if `refresh_limit` ends while the
/// entry is fresh. Under Asio its caller is answered with the entry too, at once, and the refresh
/// goes on without it (`outlast::detached` counts it); what it brings is kept, and told to those who
/// joined it; that it fails is seen by nobody. A thread cannot go on without its caller: there, and in
/// a simulation unless `outlive_callers` was called, that caller waits for the refresh, if its own
/// deadline is after the limit, and is answered with the entry when it brings nothing. So a refresh
/// costs a caller at most that wait, and never its answer. A "no" is not refreshed: nobody misses it.
/// **Refusals** `timed_out` when the deadline passes while it is parked; otherwise those of the
/// work. A store that fails is an empty store: it never fails the call. What it did not keep, it is
/// told to forget: an older "yes" must not outlive a "no".
/// **Time** ages are monotonic. A good value that came too late (`verdict::late`) is stored, and
/// the caller still gets its timeout; under Asio one of work that was abandoned, too, unless something
/// was learnt about the key since its call began. An asynchronous store (`async_store`: under Asio
/// only) has `store_limit` for each operation, and has failed then. No caller waits for the keeping of
/// a value that it is to have; those who follow wait until it can be found.
/// **Sharing** one call a key at a time (single flight). The others are told what it came to: they
/// look up what it stored, share its failure (its code and hint, not what was thrown, nor a value that
/// was judged bad), or go alone when a good answer was not to be kept. A
/// leader that is dropped, or fails for want of its own time, makes the first of them the leader;
/// one whose retry had no time for another attempt, the first that has as much again. Under Asio the
/// work of a leader that is cancelled or out of time goes on for those who follow, until the latest
/// of their deadlines (a timeout outside the cache still ends it; so does work that keeps by itself
/// the deadline it was told).
/// Work that asks this cache for its own key, or that needs a key whose work needs this one, waits for
/// itself: until `wait` or a deadline is over. Caches that share a store ask each for itself. Pass it by `std::ref`; the store outlives it, and it
/// outlives what goes on without a caller. Keys are compared, and seats woken, under
/// `Store::lock_type`; key function, `life`, events, and copies of values are called outside it.
/// **Cost** a hit: one lookup and one copy of the value, and it is counted: in a line of the thread's
/// own if the lock knows threads apart (`memory`'s does). No allocation of its own.
/// **Example**
///
///     outlast::memory<int, std::string> store{{.capacity = 100}};
///     outlast::cache_aside remember{store, [](int id) { return id; }, [](const std::string&) {
///         return outlast::lifetime{.fresh_for = 1min, .stale_for = 5min};
///     }};
///     outlast::pipeline p{std::ref(remember)};
///     int calls = 0;
///     auto fetch = [&](int id) { return ++calls, "user " + std::to_string(id); };
///     (void)p(fetch, 7), (void)p(fetch, 7);
///     std::cout << calls;   // 1
template <class Store, class KeyOf, class Life>
class cache_aside {
    // Said here, as a template whose parameters are constrained is no argument of `make`.
    static_assert(store<Store> || async_store<Store>,
                  "outlast::cache_aside: this is no store: see the concepts outlast::store and "
                  "outlast::async_store.");

public:
    using store_type = Store;
    using key_type = typename Store::key_type;
    using value_type = typename Store::value_type;
    using lock_type = typename Store::lock_type;
    using run = detail::cache_run<cache_aside>;
    static constexpr label kind = "cache";
    static constexpr duty does = duty::remembers;

    static_assert(std::is_invocable_r_v<lifetime, Life&, const value_type&>,
                  "outlast::cache_aside: `life` is called with a value of the store and says how "
                  "long it may be kept, as an outlast::lifetime: {.fresh_for = 1min}.");

    static constexpr bool rechecks = requires(const Life& l, const value_type& v, duration age) {
        { l.recheck(v, age) } -> std::same_as<std::optional<value_type>>;
    };
    static_assert(
        rechecks || !requires { &Life::recheck; },
        "outlast::cache_aside: `life` has a member `recheck` that cannot be used: it is "
        "`std::optional<value> recheck(const value&, outlast::duration age) const`.");

    /// \param key_of from the arguments of a call to its key, or to a `wanted` key, or to an
    ///        `optional` of either: without a key a call goes past the cache
    cache_aside(Store& store, KeyOf key_of, Life life, const cache_aside_options& options = {})
        : store_(&store),
          key_of_(std::move(key_of)),
          life_(std::move(life)),
          options_(options),
          ahead_(
              options.refresh_ahead, options.refresh_limit, options.refresh_pause, options.seed) {
        require_valid(options.problem());
    }

    template <class... A>
        requires std::is_invocable_v<const KeyOf&, const A&...>
    [[nodiscard]] run start(const A&... arguments) {
        return run{*this, [&] { return wants(arguments...); }};
    }

    /// See `may_know`.
    template <class Hand, class Take, class... A>
        requires(store<Store> && std::is_invocable_v<const KeyOf&, const A&...>)
    [[nodiscard]] bool
    known(reading& now, const terms& t, Hand& hand, const Take& take, const A&... arguments) {
        return start(arguments...).known(now, t, hand, take);
    }

    /// What a call with these arguments looks for; nothing if it goes past the cache.
    template <class... A>
    [[nodiscard]] std::optional<wanted<key_type>> wants(const A&... arguments) const {
        using given = std::invoke_result_t<const KeyOf&, const A&...>;
        std::optional<wanted<key_type>> want;
        if constexpr (std::is_convertible_v<given, std::optional<key_type>>) {
            if (std::optional<key_type> key = key_of_(arguments...))
                want.emplace().key = *std::move(key);
        } else if constexpr (std::is_convertible_v<given, std::optional<wanted<key_type>>>) {
            want = key_of_(arguments...);
        } else {
            static_assert(!sizeof(KeyOf*),
                          "outlast::cache_aside: what the key function gives is no key of the "
                          "store: it is a `key_type`, an outlast::wanted of one, or a "
                          "std::optional of either.");
        }
        return want;
    }

    /// Forgets the entry of this key: no call that starts after this is answered with what was known
    /// before. What a call that is under way learns about it is not kept either, and the next call
    /// asks anew. (Erasing it from the store does not reach such calls.) Of several caches that share
    /// a store each has calls of its own: it is forgotten when the last of them has forgotten it.
    /// Throws what the store's `erase` throws; the entry may then still be there.
    void forget(const key_type& key)
        requires store<Store>
    {
        flights_.forget(key); // first: what is kept before the erasing goes, after it it is refused
        store_->erase(key);
    }

    /// The same, and leaves a tombstone for `span`: what any call that began by `now` learns is not
    /// kept in the store before that is over, whichever cache it is a call of, and even if it is dropped
    /// here and its operation goes on. Choose a span longer than any call. Calls that begin later ask,
    /// and are answered from what they kept, as ever.
    /// \param now from the `outlast::steady` clock, or a world's `time()`
    void forget(const key_type& key, instant now, duration span) {
        static_assert(store_with_tombstones<Store>,
                      "outlast::cache_aside: this store keeps no tombstones: see "
                      "outlast::store_with_tombstones, or forget the key without a span.");
        flights_.forget(key);
        store_->tombstone(key, freshness::tombstone(now, span)); // before the erasing, as above
        store_->erase(key);
    }

    /// The same in an asynchronous store, as its `async_erase` with this token, if it takes one. What
    /// is on its way into the store at this moment is erased again after it has come there; but a put
    /// that outlasts `store_limit` is given up, and then it is for the store to keep the order of
    /// operations: see `async_store`.
    template <class... Token>
        requires(!store<Store>)
    auto async_forget(const key_type& key, Token&&... token) {
        flights_.forget(key);
        return store_->async_erase(key, std::forward<Token>(token)...);
    }

    [[nodiscard]] const cache_aside_options& options() const noexcept { return options_; }

    /// Any thread may ask at any time; what happens at that moment may be counted or not.
    [[nodiscard]] cache_counts counts() const noexcept {
        const auto sum = [&](std::size_t i) { return counted_.sum(i); };
        const auto of = [&](event_kind what) { return sum(place_of(what)); };
        return {.hits = of(event_kind::hit),
                .negative = sum(negative),
                .stale = of(event_kind::stale),
                .missed = of(event_kind::missed),
                .refreshed = of(event_kind::refreshed),
                .joined = sum(joined),
                .stored = of(event_kind::stored),
                .store_failed = of(event_kind::store_failed)};
    }

    /// Every option, and what there is to say about the store, for `describe`.
    template <class F>
    constexpr void each(F&& f) const {
        options_.each(f);
        f("store", store_);
    }

    /// See worst_case.hpp: it waits for another call, which leaves, and then asks itself; a refresh
    /// that fails may find the entry gone, and then it asks once more.
    template <class Inner>
    [[nodiscard]] constexpr auto worst_case(duration within, const Inner& inner) const {
        const auto all = inner(within)
                             .times(options_.refreshes() ? 2 : 1)
                             .after(longer(options_.wait, options_.stale_wait));
        if constexpr (store<Store>)
            return all;
        else // looked up before and after the wait, kept in vain, dropped in vain, looked up again
            return all.after(scaled(options_.store_limit, 5, 1));
    }

private:
    friend run;
    friend detail::cache_access<cache_aside>;
    friend detail::late_value<cache_aside>;

    // Where an event is counted: those of caches stand together, in the order of the enumeration.
    static constexpr std::size_t place_of(event_kind what) noexcept {
        return static_cast<std::size_t>(what) - static_cast<std::size_t>(event_kind::hit);
    }
    static constexpr std::size_t joined = place_of(event_kind::store_failed) + 1;
    static constexpr std::size_t negative = joined + 1;

    // Counts it, and tells who wants to know.
    void note(event_kind what, duration span, const verdict& outcome = {}) {
        counted_.add(place_of(what));
        if (options_.events) [[unlikely]]
            options_.events(event{what, "cache", options_.name, options_.tags, 0, span, outcome});
    }

    Store* store_;
    KeyOf key_of_;
    Life life_;
    cache_aside_options options_;
    refresh_ahead<lock_type> ahead_;
    flights<key_type, lock_type> flights_{};
    counter_lines<lock_type, negative + 1> counted_{};
};

} // namespace outlast

#endif // OUTLAST_CACHE_ASIDE_HPP
