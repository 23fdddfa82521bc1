// SPDX-License-Identifier: BSL-1.0
#ifndef OUTLAST_CACHE_ASIDE_HPP
#define OUTLAST_CACHE_ASIDE_HPP

#include <outlast/callback.hpp>
#include <outlast/error.hpp>
#include <outlast/flights.hpp>
#include <outlast/machine.hpp>
#include <outlast/store.hpp>

#include <concepts>
#include <type_traits>
#include <utility>

namespace outlast {

struct cache_aside_options {
    /// How long a call that holds a stale answer waits for another call that is already asking.
    /// Default 500 ms; 0: not at all.
    duration stale_wait = std::chrono::milliseconds{500};
    /// How long a call without one waits for it; then it is `unavailable`. Default: until its own
    /// deadline. The time of a timeout further in is a good choice: it does not bound a wait out here.
    duration wait = no_limit;
    /// Which outcomes a stale answer may stand in for. Default: failures, timeouts and refusals.
    callback<bool(const verdict&)> stale_if{};
    label name = "cache";

    /// What is wrong with these options, as a sentence; null if nothing is.
    [[nodiscard]] constexpr const char* problem() const noexcept {
        return stale_wait >= duration::zero() && wait >= duration::zero()
                   ? nullptr
                   : "cache_aside: stale_wait and wait are not negative";
    }

    /// Every option, for `describe`.
    template <class F>
    constexpr void each(F&& f) const {
        f("stale_wait", stale_wait, no_limit, "until the call's deadline");
        f("wait", wait, no_limit, "until the call's deadline");
        f("stale_if", stale_if, "all");
        f("name", name);
    }
};

/// What a call looks for: a key, and how old an answer it takes. 0 demands a live one. A negative
/// answer is taken while it is fresh, however old: a "no" that is believed is safe.
template <class Key>
struct wanted {
    Key key{};
    duration max_age = forever;
};

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
/// **Refusals** `timed_out` when the deadline passes while it is parked; otherwise those of the
/// work. A store that fails is an empty store: it never fails the call.
/// **Time** ages are monotonic. A good value that came too late (`verdict::late`) is stored, and
/// the caller still gets its timeout.
/// **Sharing** one call a key at a time (single flight). The others are told what it came to: they
/// look up what it stored, share its failure, or go alone when a good answer was not to be kept. A
/// leader that is dropped, or runs out of its own time, makes the first of them the leader. Pass it
/// by `std::ref`; the store outlives it. Keys are compared, and seats woken, under
/// `Store::lock_type`; key function, `life`, and copies of values are called outside it.
/// **Cost** a hit: one lookup and one copy of the value, no allocation of its own.
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
template <store Store, class KeyOf, class Life>
class cache_aside {
public:
    using key_type = typename Store::key_type;
    using value_type = typename Store::value_type;
    class run;
    static constexpr label kind = "cache";
    static constexpr duty does = duty::remembers;

    static constexpr bool rechecks = requires(const Life& l, const value_type& v, duration age) {
        { l.recheck(v, age) } -> std::same_as<std::optional<value_type>>;
    };
    static_assert(
        rechecks || !requires { &Life::recheck; },
        "outlast::cache_aside: `life` has a member `recheck` that cannot be used: it is "
        "`std::optional<value> recheck(const value&, outlast::duration age) const`.");

    /// \param key_of from the arguments of a call to its key, or to a `wanted` key
    cache_aside(Store& store, KeyOf key_of, Life life, const cache_aside_options& options = {})
        : store_(&store), key_of_(std::move(key_of)), life_(std::move(life)), options_(options) {
        require_valid(options.problem());
    }

    template <class... A>
        requires std::is_invocable_v<const KeyOf&, const A&...>
    [[nodiscard]] run start(const A&... arguments) {
        using named = std::remove_cvref_t<std::invoke_result_t<const KeyOf&, const A&...>>;
        if constexpr (std::same_as<named, wanted<key_type>>)
            return run{*this, key_of_(arguments...)};
        else
            return run{*this, wanted<key_type>{key_of_(arguments...)}};
    }

    /// Forgets the entry of this key: no call that starts after this is answered with what was known
    /// before. What a call that is under way learns about it is not kept either, and the next call
    /// asks anew. (Erasing it from the store does not reach such calls.)
    void forget(const key_type& key) {
        flights_.forget(key); // first: what is kept before the erasing goes, after it it is refused
        store_->erase(key);
    }

    [[nodiscard]] const cache_aside_options& options() const noexcept { return options_; }

    /// See worst_case.hpp: it waits for another call, which leaves, and then asks itself.
    template <class Inner>
    [[nodiscard]] constexpr auto worst_case(duration within, const Inner& inner) const {
        return inner(within).after(std::max(options_.wait, options_.stale_wait));
    }

private:
    Store* store_;
    KeyOf key_of_;
    Life life_;
    cache_aside_options options_;
    flights<key_type, typename Store::lock_type> flights_{};
};

template <store Store, class KeyOf, class Life>
class cache_aside<Store, KeyOf, Life>::run {
public:
    static constexpr operation operations = 3;
    static constexpr bool pinned = true; // its seat is linked to others
    static constexpr operation look_up = 1, keep = 2, recall = 3;

    run(cache_aside& shared, wanted<key_type> want) : shared_(&shared), want_(std::move(want)) {}

    step begin(reading& now, instant by, verdict&) {
        seat_.leave();
        by_ = by;
        asked_ = now.get();
        holds_stale_ = false;
        joined_ = false;
        how_ = source::live;
        return ask(look_up);
    }

    step settled(reading& now, lane, verdict& v) {
        switch (doing_) {
        case look_up:
            return looked_up(now, v);
        case keep:
            return kept(v);
        case recall:
            if (!v.ok())
                v = outcome_;
            return step::finish();
        default:
            break;
        }
        if (!v.ok() && !v.late)
            return failed(now, v);
        outcome_ = v;
        return ask(keep);
    }

    // Parked, and something happened: told, promoted, out of time, or nothing at all.
    step woke(reading& now, lane, verdict& v) {
        switch (seat_.look()) {
        case role::leads:
            return ask(work);
        case role::told: {
            v = seat_.news();
            seat_.leave();
            if (!v.ok())
                return failed(now, v);
            joined_ = true; // what was just learnt is live enough for a strict call
            if (v.note == stored)
                return ask(look_up);
            seat_.board(shared_->flights_, want_.key, *wake_, true);
            return ask(work);
        }
        default:
            break;
        }
        if (now.get() < park_until_)
            return step::park(park_until_);
        seat_.leave();
        v = now.get() >= by_ ? verdict::expired() : verdict::neutral(refusal::unavailable);
        outcome_ = v;
        return holds_stale_ ? ask(recall) : step::finish();
    }

    instant nudge() const noexcept { return never; }
    step nudged(reading&, verdict&) noexcept { return step::wait(never); }
    bool plain_begin(reading&, instant&) noexcept { return false; }
    bool plain_success(reading&) const noexcept { return false; }
    void plain_end() noexcept {}
    void abandoned() noexcept { seat_.leave(); }

    void explain(report& facts) const noexcept {
        if (how_ == source::live)
            return;
        facts.policy = "cache";
        facts.name = shared_->options_.name;
        facts.how = how_;
        facts.age = age_;
    }

    /// Carries out one of its operations for a driver; `hand` holds the value of the call.
    template <class Hand>
    verdict act(operation what, reading& now, Hand& hand) {
        wake_ = &hand.waiter();
        if (what == keep)
            return store_value(now.get(), hand.value());
        auto found = shared_->store_->find(want_.key);
        if (!found)
            return nothing(what, grade::gone);
        grade g = found->times.at(now.get());
        if constexpr (rechecks)
            if (std::optional<value_type> newer =
                    shared_->life_.recheck(found->value, found->times.age(now.get()))) {
                // A "no" may answer anybody; another answer is as old as what it was made from.
                const lifetime life = shared_->life_(*newer);
                if (!replace_value(now.get(), *found, *newer, life) ||
                    (!life.negative && want_.max_age != forever))
                    return nothing(what, grade::gone);
                hand.emplace(*std::move(newer));
                tell(source::cached, found->times);
                return noted(grade::fresh);
            }
        if (!joined_ && !found->negative &&
            (want_.max_age == duration::zero() || found->times.age(asked_) > want_.max_age))
            g = grade::gone;
        if (g == grade::gone || (what == look_up && g == grade::stale))
            return nothing(what, g);
        hand.emplace(std::move(found->value));
        tell(g == grade::fresh ? source::cached : source::stale, found->times);
        return noted(g);
    }

private:
    using role = typename flights<key_type, typename Store::lock_type>::role;
    static constexpr std::uint8_t stored = 1; // the note of *keep*

    static verdict noted(grade g) noexcept { return {.note = static_cast<std::uint8_t>(g)}; }

    // Nothing to answer with: a lookup has found that out, a recall has failed.
    static verdict nothing(operation what, grade g) noexcept {
        verdict v = noted(g);
        if (what == recall)
            v.kind = verdict_kind::failure;
        return v;
    }

    step ask(operation what) noexcept {
        doing_ = what;
        step s = step::call(what, by_);
        s.spare = what == work && holds_stale_;
        return s;
    }

    step looked_up(reading& now, const verdict& v) {
        // A store that fails is empty; one call a key at a time holds all the same.
        const auto g = v.ok() ? static_cast<grade>(v.note) : grade::gone;
        if (g == grade::fresh)
            return step::finish();
        holds_stale_ = g == grade::stale;
        // What it joined was to be here and is not (a store that fails): alone, not one by one.
        if (seat_.board(shared_->flights_, want_.key, *wake_, joined_) == role::leads)
            return ask(work);
        const cache_aside_options& o = shared_->options_;
        park_until_ = std::min(by_, after(now.get(), holds_stale_ ? o.stale_wait : o.wait));
        return step::park(park_until_);
    }

    step kept(verdict& v) {
        verdict news = verdict::success();
        news.note = v.ok() ? v.note : 0;
        seat_.land(news);
        // It came too late for this call, which fares no worse than if it had not come at all.
        v = outcome_;
        return v.ok() ? step::finish() : stand_in_or(v);
    }

    step failed(reading& now, const verdict& v) {
        // Out of its own time it can tell the others nothing: one of them takes over.
        if (by_ != never && now.get() >= by_)
            seat_.leave();
        else
            seat_.land(v);
        outcome_ = v;
        return stand_in_or(v);
    }

    step stand_in_or(const verdict& v) {
        const auto& allowed = shared_->options_.stale_if;
        if (!holds_stale_ || v.why == refusal::cancelled || (allowed && !allowed(v)))
            return step::finish();
        return ask(recall);
    }

    verdict store_value(instant now, const value_type& value) {
        const lifetime life = shared_->life_(value);
        bool outdated = seat_.outdated();
        if (life.fresh_for <= duration::zero()) {
            if (!outdated)
                shared_->store_->erase(want_.key);
            return {};
        }
        // Once more at the moment of keeping: forgotten before it, and it is not kept; after it,
        // and it is erased. What was learnt later stays.
        const freshness times = freshness::from(now, life);
        bool asked = false;
        const auto still_wanted = [&](const freshness* there) {
            asked = true;
            outdated = seat_.outdated();
            return !outdated && (there == nullptr || there->since <= times.since);
        };
        if (!outdated)
            shared_->store_->put(want_.key, {value, times, life.negative}, still_wanted);
        return {.note = asked && !outdated ? stored : std::uint8_t{0}};
    }

    // Only in the place of what it was made from: if that was forgotten, it does not come back.
    bool replace_value(instant now,
                       const entry<value_type>& old,
                       const value_type& newer,
                       const lifetime& life) {
        if (life.fresh_for <= duration::zero()) {
            shared_->store_->erase(want_.key);
            return false;
        }
        const auto still_wanted = [&](const freshness* there) {
            return there != nullptr && there->since == old.times.since;
        };
        shared_->store_->put(want_.key, {newer, freshness::from(now, life), life.negative},
                             still_wanted);
        return true;
    }

    void tell(source how, const freshness& times) noexcept {
        how_ = how;
        age_ = times.age(asked_);
    }

    cache_aside* shared_;
    wanted<key_type> want_;
    typename flights<key_type, typename Store::lock_type>::seat seat_{};
    waker* wake_ = nullptr;
    instant by_ = never;
    instant asked_{};
    instant park_until_ = never;
    operation doing_ = look_up;
    bool holds_stale_ = false;
    bool joined_ = false;
    source how_ = source::live;
    duration age_{};
    verdict outcome_{};
};

} // namespace outlast

#endif // OUTLAST_CACHE_ASIDE_HPP
