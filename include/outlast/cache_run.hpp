// SPDX-License-Identifier: BSL-1.0
//
// One call's way through a cache: look up, ask or wait for who asks, keep, stand in.
#ifndef OUTLAST_CACHE_RUN_HPP
#define OUTLAST_CACHE_RUN_HPP

#include <outlast/cache_options.hpp>
#include <outlast/config.hpp>
#include <outlast/event.hpp>
#include <outlast/flights.hpp>
#include <outlast/report.hpp>
#include <outlast/step.hpp>
#include <outlast/store.hpp>

#include <cstdint>
#include <optional>
#include <system_error>
#include <utility>

namespace outlast {

namespace detail {

/// The machine of `cache_aside`, which says what it does.
/// \tparam Cache the `cache_aside`: store, `life`, options, flights
template <class Cache>
class cache_run {
    using key_type = typename Cache::key_type;
    using value_type = typename Cache::value_type;
    using lock_type = typename Cache::lock_type;

public:
    static constexpr operation operations = 4;
    static constexpr bool pinned = true; // its seat is linked to others
    static constexpr operation look_up = 1, keep = 2, drop = 3, recall = 4;

    cache_run(Cache& shared, std::optional<wanted<key_type>> want)
        : shared_(&shared), want_(std::move(want)) {}
    cache_run(Cache& shared, std::optional<key_type> key) : shared_(&shared) {
        if (key)
            want_.emplace(wanted<key_type>{*std::move(key)});
    }

    step begin(reading& now, instant by, verdict&) {
        asking_.reset();
        by_ = by;
        asked_ = now.get();
        how_ = source::live;
        joined_ = refreshed_ = false;
        return ask(want_ ? look_up : work);
    }

    OUTLAST_INLINE step settled(reading& now, lane, verdict& v) {
        const bool hit = doing_ == look_up && v.ok() && v.note == fresh && !due_;
        return hit ? over(v) : go_on(now, v);
    }

    // Parked, and something happened: told, promoted, out of time, or nothing at all.
    step woke(reading& now, lane, verdict& v) {
        switch (asking_->place.look()) {
        case role::leads:
            return ask_work(by_);
        case role::told: {
            v = asking_->place.news();
            asking_->place.leave();
            if (!v.ok()) {
                asking_->outcome = v;
                return stand_in_or(v);
            }
            joined_ = true; // what was just learnt is live enough for a strict call
            if (v.note == stored)
                return ask(look_up);
            (void)board(boarding::alone);
            return ask_work(by_);
        }
        default:
            break;
        }
        if (now.get() < asking_->park_until)
            return step::park(asking_->park_until);
        asking_->place.leave();
        v = now.get() >= by_ ? verdict::expired() : verdict::neutral(refusal::unavailable);
        asking_->outcome = v;
        return asking_->holds_stale ? ask(recall) : over(v);
    }

    instant nudge() const noexcept { return never; }
    step nudged(reading&, verdict&) noexcept { return step::wait(never); }
    bool plain_begin(reading&, instant&) noexcept { return false; }
    bool plain_success(reading&) const noexcept { return false; }
    void plain_end() noexcept {}
    bool plain_refusal(reading&, verdict&) noexcept { return false; }
    bool passes_refusals() noexcept { return false; }
    void abandoned() noexcept {
        if (asking_)
            asking_->place.leave();
    }

    void explain(failure_facts& facts) const noexcept {
        if (how_ == source::live)
            return;
        facts.policy = "cache";
        facts.name = options().name;
        if (how_ == source::stale)
            facts.retry_after = asking_->outcome.hint;
    }
    void credit(report& facts) const noexcept {
        if (how_ == source::live)
            return;
        facts.how = how_;
        facts.age = until(since_, asked_);
        if (how_ == source::stale)
            facts.because = asking_->outcome;
    }

    /// Carries out one of its operations for a driver; `hand` holds the value of the call.
    template <class Hand>
    verdict act(operation what, reading& now, Hand& hand) {
        wake_ = &hand.waiter();
        if (what == keep)
            return store_value(now.get(), hand.value());
        if (what == drop)
            return drop_value();
        auto found = shared_->store_->find(want_->key);
        if (!found)
            return noted(grade::gone);
        grade g = found->times.at(now.get());
        if constexpr (Cache::rechecks)
            if (std::optional<value_type> newer =
                    shared_->life_.recheck(found->value, found->times.age(now.get()))) {
                // A "no" may answer anybody; another answer is as old as what it was made from.
                const lifetime life = shared_->life_(*newer);
                if (!replace_value(now.get(), *found, *newer, life) ||
                    (!life.negative && want_->max_age != forever))
                    return noted(grade::gone);
                due_ = false;
                hand.emplace(*std::move(newer));
                return answered(source::cached, found->times);
            }
        if (!joined_ && !found->negative &&
            (want_->max_age == duration::zero() || found->times.age(asked_) > want_->max_age))
            g = grade::gone;
        if (g == grade::gone || (what == look_up && g == grade::stale))
            return noted(g);
        due_ = !found->negative && !refreshed_ &&
               shared_->ahead_.due(now.get(), by_, found->times, want_->key);
        hand.emplace(std::move(found->value));
        return answered(g == grade::fresh ? source::cached : source::stale, found->times);
    }

private:
    using flights_type = flights<key_type, lock_type>;
    using role = typename flights_type::role;
    using boarding = typename flights_type::boarding;
    static constexpr std::uint8_t stored = 1;                              // the note of *keep*
    static constexpr auto fresh = static_cast<std::uint8_t>(grade::fresh); // of a lookup

    // What only a call needs that the cache cannot answer at once.
    struct asking {
        typename flights_type::seat place{};
        instant park_until = never;
        instant work_until = never;
        bool holds_stale = false;
        bool refreshes = false; // while it holds a fresh answer
        verdict outcome{};      // what the work came to, or the wait for it
    };

    static verdict noted(grade g) noexcept { return verdict::success(static_cast<unsigned>(g)); }

    verdict answered(source how, const freshness& times) noexcept {
        how_ = how;
        since_ = times.since;
        return noted(how == source::cached ? grade::fresh : grade::stale);
    }

    [[nodiscard]] const cache_aside_options& options() const noexcept { return shared_->options_; }

    step ask(operation what) noexcept {
        doing_ = what;
        return step::call(what, by_);
    }

    step ask_work(instant by) noexcept {
        doing_ = work;
        asking_->work_until = by;
        step s = step::call(work, by);
        s.spare = asking_->holds_stale || asking_->refreshes;
        return s;
    }

    OUTLAST_COLD step go_on(reading& now, verdict& v) {
        switch (doing_) {
        case look_up:
            return looked_up(now, v);
        case keep:
        case drop:
            return kept(v);
        case recall:
            return recalled(v);
        default:
            break;
        }
        if (!want_)
            return over(v);
        asking_->outcome = v;
        return v.ok() || v.late ? ask(keep) : failed(now, v);
    }

    role board(boarding how) {
        if (!asking_)
            asking_.emplace();
        return asking_->place.board(shared_->flights_, want_->key, *wake_, how, by_);
    }

    // The call is over.
    OUTLAST_INLINE step over(const verdict& v) {
        if (options().events) [[unlikely]]
            tell_end(v);
        return step::finish();
    }

    step looked_up(reading& now, const verdict& v) {
        // A store that fails is empty; one call a key at a time holds all the same.
        const auto g = v.ok() ? static_cast<grade>(v.note) : grade::gone;
        if (g == grade::fresh)
            return due_ && board(boarding::if_free) == role::leads ? refresh(now) : over(v);
        note_failure(v);
        // What it joined was to be here and is not (a store that fails): alone, not one by one.
        const role got = board(joined_ ? boarding::alone : boarding::join);
        asking_->holds_stale = g == grade::stale;
        if (got == role::leads)
            return ask_work(by_);
        asking_->park_until = earlier(
            by_, after(now.get(), g == grade::stale ? options().stale_wait : options().wait));
        return step::park(asking_->park_until);
    }

    step refresh(reading& now) {
        how_ = source::live;
        refreshed_ = asking_->refreshes = true;
        return ask_work(after(now.get(), options().refresh_limit));
    }

    step kept(verdict& v) {
        note_failure(v);
        if (doing_ == keep && !v.ok())
            return ask(drop); // nor must what was known before stay
        verdict news = verdict::success();
        news.note = doing_ == keep ? v.note : 0;
        asking_->place.land(news);
        // It came too late for this call, which fares no worse than if it had not come at all.
        v = asking_->outcome;
        if (!v.ok())
            return asking_->refreshes ? answer_after_all() : stand_in_or(v);
        shared_->ahead_.succeeded();
        return over(v);
    }

    step failed(reading& now, const verdict& v) {
        // Out of its own time it can tell the others nothing: one of them takes over.
        if (for_want_of_time(now, v))
            asking_->place.leave();
        else
            asking_->place.land(as_news(v), shared_by(now, v));
        if (!asking_->refreshes)
            return stand_in_or(v);
        shared_->ahead_.failed(now.get(), v.hint);
        return answer_after_all();
    }

    // The refresh brought nothing: as if it had not been tried.
    step answer_after_all() {
        asking_->refreshes = false;
        return ask(look_up);
    }

    // Whether the work might have done better by a later deadline.
    bool for_want_of_time(reading& now, const verdict& v) const {
        const instant by = asking_->work_until;
        if (by == never)
            return false;
        if (now.get() >= by || (v.kind == verdict_kind::neutral && v.why == refusal::timed_out))
            return true;
        // A callable that keeps its deadline keeps some distance from it, too.
        return v.error() == std::errc::timed_out && until(now.get(), by) < until(asked_, by) / 10;
    }

    // The deadline of those who share this failure. Others have so much more time that another attempt
    // may well fit into it: as much again as was left here, so that a crowd with about the same time
    // does not fail one by one. A server that said when to come back is not asked by anybody.
    instant shared_by(reading& now, const verdict& v) const {
        if (!v.hurried || v.has_hint())
            return never;
        const instant by = asking_->work_until;
        return after(by, until(now.get(), by));
    }
    static verdict as_news(verdict v) noexcept {
        v.hurried = false; // that was this call's time, not theirs
        return v;
    }

    step stand_in_or(const verdict& v) {
        const auto& allowed = options().stale_if;
        if (!asking_->holds_stale || v.why == refusal::cancelled || (allowed && !allowed(v)))
            return over(v);
        return ask(recall);
    }

    step recalled(verdict& v) {
        note_failure(v);
        if (!v.ok() || static_cast<grade>(v.note) == grade::gone)
            v = asking_->outcome;
        return over(v);
    }

    verdict store_value(instant now, const value_type& value) {
        const lifetime life = shared_->life_(value);
        if (life.fresh_for <= duration::zero())
            return drop_value();
        bool outdated = asking_->place.outdated();
        // Once more at the moment of keeping: forgotten before it, and it is not kept; after it,
        // and it is erased. What was learnt later stays.
        const freshness times = freshness::from(now, life);
        bool asked = false;
        const auto still_wanted = [&](const freshness* there) {
            asked = true;
            outdated = asking_->place.outdated();
            return !outdated && (there == nullptr || there->yields_to(asked_, times.since));
        };
        if (!outdated)
            shared_->store_->put(want_->key, {value, times, life.negative}, still_wanted);
        if (!asked || outdated)
            return {};
        if (options().events)
            tell(event_kind::stored, life.fresh_for, {});
        return verdict::success(stored);
    }

    // What this key was known for is over; but not what was learnt since it was forgotten.
    verdict drop_value() {
        if (!asking_->place.outdated())
            shared_->store_->erase(want_->key);
        return {};
    }

    // Only in the place of what it was made from: if that was forgotten, it does not come back.
    bool replace_value(instant now,
                       const entry<value_type>& old,
                       const value_type& newer,
                       const lifetime& life) {
        if (life.fresh_for <= duration::zero()) {
            shared_->store_->erase(want_->key);
            return false;
        }
        const auto still_wanted = [&](const freshness* there) {
            return there != nullptr && there->since == old.times.since;
        };
        shared_->store_->put(want_->key, {newer, freshness::from(now, life), life.negative},
                             still_wanted);
        return true;
    }

    OUTLAST_COLD void tell_end(const verdict& v) const {
        if (how_ == source::live)
            tell(asking_ && asking_->refreshes ? event_kind::refreshed : event_kind::missed, {}, v);
        else
            tell(how_ == source::stale ? event_kind::stale : event_kind::hit, until(since_, asked_),
                 v);
    }

    void note_failure(const verdict& v) const {
        if (!v.ok() && options().events)
            tell(event_kind::store_failed, {}, {});
    }

    OUTLAST_COLD void tell(event_kind what, duration span, const verdict& outcome) const {
        const cache_aside_options& o = options();
        o.events(event{what, "cache", o.name, o.tags, 0, span, outcome});
    }

    Cache* shared_;
    std::optional<wanted<key_type>> want_{}; // nothing: past the cache
    waker* wake_ = nullptr;
    instant by_ = never;
    instant asked_{};
    instant since_{}; // when the answer that it gives was learnt
    operation doing_ = look_up;
    source how_ = source::live;
    bool joined_ = false;
    bool due_ = false;       // the fresh answer that it found is near its end
    bool refreshed_ = false; // has tried to refresh it, once and for all
    std::optional<asking> asking_{};
};

} // namespace detail

} // namespace outlast

#endif // OUTLAST_CACHE_RUN_HPP
