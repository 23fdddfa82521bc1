// SPDX-License-Identifier: BSL-1.0
//
// What one call reads from the store of a cache, how it judges that, and what it writes.
#ifndef OUTLAST_CACHE_ACCESS_HPP
#define OUTLAST_CACHE_ACCESS_HPP

#include <outlast/cache_later.hpp>
#include <outlast/cache_options.hpp>
#include <outlast/config.hpp>
#include <outlast/event.hpp>
#include <outlast/flights.hpp>
#include <outlast/report.hpp>
#include <outlast/step.hpp>
#include <outlast/store.hpp>

#include <cstdint>
#include <optional>
#include <type_traits>
#include <utility>

namespace outlast {

namespace detail {

/// What a cache has of work that was abandoned: if that brings a good value after all, it is kept.
template <class Cache>
struct late_value {
    Cache* shared = nullptr; // null: the call went past the cache
    instant asked{};
    std::uint32_t stamp = 0;

    // Only if nothing else was learnt meanwhile: this may be older.
    template <class T, class... A>
    void late(instant now, const T& value, const A&... arguments) {
        const auto want = shared == nullptr ? std::nullopt : shared->wants(arguments...);
        if (!want)
            return;
        const lifetime life = shared->life_(value);
        if (life.fresh_for <= duration::zero())
            return;
        bool kept = false;
        const auto still_wanted = [&](const freshness* there) {
            return kept = shared->flights_.stamp(want->key) == stamp &&
                          (there == nullptr || there->yields_to(asked, asked));
        };
        const freshness times = freshness::from(now, life);
        shared->store_->put(want->key, {value, times, life.negative}, still_wanted);
        if (kept)
            shared->note(event_kind::stored, life.fresh_for);
    }
};

/// The part of a cache's machine that knows values: `cache_run` says when, this says what.
/// \tparam Cache the `cache_aside`: store, `life`, options, flights
template <class Cache>
class cache_access {
protected:
    using key_type = typename Cache::key_type;
    using value_type = typename Cache::value_type;
    using lock_type = typename Cache::lock_type;
    using seat = typename flights<key_type, lock_type>::seat;

    using store_type = typename Cache::store_type;
    static constexpr bool remote = async_store<store_type> && !store<store_type>;

    // The notes of operations: of a lookup the grade of what it found, of keeping whether it did.
    static constexpr std::uint8_t stored = 1;
    static constexpr std::uint8_t to_send = 2;    // it is packed
    static constexpr std::uint8_t to_drop = 3;    // it is not to be kept, nor what was known
    static constexpr std::uint8_t not_wanted = 4; // it was forgotten before it was learnt
    static constexpr auto fresh = static_cast<std::uint8_t>(grade::fresh);

    // In its place: a copy would wait for bytes that are still being written.
    template <class Wants>
    cache_access(Cache& shared, const Wants& wants) : shared_(&shared), want_(wants()) {}

    [[nodiscard]] const cache_aside_options& options() const noexcept { return shared_->options_; }

    void begin_at(instant now) noexcept {
        asked_ = now;
        how_ = source::live;
        joined_ = refreshed_ = false;
    }

    // Judges what was found, and puts it into the hand if it is an answer.
    // \param by before when a refresh would have to be over
    template <class Hand>
    verdict judge(
        instant now, Hand& hand, std::optional<entry<value_type>>&& found, bool again, instant by) {
        if (!found)
            return gone(hand);
        grade g = found->times.at(now);
        if constexpr (Cache::rechecks)
            if (std::optional<value_type> newer =
                    shared_->life_.recheck(found->value, found->times.age(now))) {
                // A "no" may answer anybody; another answer is as old as what it was made from.
                const lifetime life = shared_->life_(*newer);
                if ((!life.negative && found->times.age(asked_) > want_->max_age) ||
                    !replace_value(now, *found, *newer, life))
                    return gone(hand);
                due_ = false;
                put_in(hand, *std::move(newer));
                return answered(source::cached, found->times, life.negative);
            }
        if (!joined_ && !(found->negative && g == grade::fresh) &&
            (want_->max_age == duration::zero() || found->times.age(asked_) > want_->max_age))
            g = grade::gone;
        if (g == grade::gone)
            return gone(hand);
        if (!again && g == grade::stale)
            return noted(g);
        due_ = !found->negative && !refreshed_ &&
               shared_->ahead_.due(now, by, found->times, want_->key);
        put_in(hand, std::move(found->value));
        return answered(g == grade::fresh ? source::cached : source::stale, found->times,
                        found->negative);
    }

    verdict store_value(instant now, const value_type& value, seat& place) {
        const lifetime life = shared_->life_(value);
        if (life.fresh_for <= duration::zero())
            return drop_value(place);
        bool outdated = place.learns();
        // Once more at the moment of keeping: forgotten before it, and it is not kept; after it,
        // and it is erased. What was learnt later stays.
        const freshness times = freshness::from(now, life);
        bool asked = false;
        bool kept = false;
        const auto still_wanted = [&](const freshness* there) {
            asked = true;
            outdated = place.outdated();
            return kept = !outdated && (there == nullptr || there->yields_to(asked_, times.since));
        };
        if (!outdated)
            shared_->store_->put(want_->key, {value, times, life.negative}, still_wanted);
        if (!asked || outdated)
            return {};
        if (kept)
            shared_->note(event_kind::stored, life.fresh_for);
        return verdict::success(stored); // this, or what is newer
    }

    // What this key was known for is over; but not what was learnt since it was forgotten.
    verdict drop_value(seat& place) {
        if (!place.learns())
            shared_->store_->erase(want_->key);
        return {};
    }

    // --- of an asynchronous store ---

    template <class Hand, class Begin>
    void begin_find(Hand& hand, bool again, instant by, Begin& begin) {
        begin(finding<store_type>{{shared_->store_, want_->key}},
              [this, &hand, again, by]<class R>(reading& now, R&& r) {
                  std::optional<entry<value_type>> found;
                  return found_in(std::forward<R>(r), found)
                             ? judge(now.get(), hand, std::move(found), again, by)
                             : verdict::failure();
              });
    }

    // What is to be kept when the caller has its answer, and with it the value.
    verdict pack(instant now, const value_type& value, seat& place) {
        const lifetime life = shared_->life_(value);
        packed_.what.reset();
        if (place.learns())
            return verdict::success(not_wanted);
        if (life.fresh_for <= duration::zero())
            return verdict::success(to_drop);
        packed_.fresh_for = life.fresh_for;
        packed_.what.emplace(putting<store_type>{
            {shared_->store_, want_->key}, {value, freshness::from(now, life), life.negative}});
        return verdict::success(to_send);
    }
    template <class Begin>
    void begin_send(Begin& begin) {
        begin(*std::exchange(packed_.what, std::nullopt), done);
    }
    verdict sent() const {
        shared_->note(event_kind::stored, packed_.fresh_for);
        return verdict::success(stored);
    }
    template <class Begin>
    void begin_drop(Begin& begin) {
        begin(erasing<store_type>{{shared_->store_, want_->key}}, done);
    }

    void note_failure(const verdict& v) const {
        if (!v.ok())
            shared_->note(event_kind::store_failed, {});
    }

    // Whether the look-up that this came from has all that the call wants, and nothing is left to do.
    [[nodiscard]] OUTLAST_INLINE bool found_fresh(const verdict& v) const noexcept {
        return v.ok() && v.note == fresh && !due_;
    }

    // A fresh answer that nobody wants to hear of: it is counted, and that is all.
    OUTLAST_INLINE bool plain_hit() const {
        if (how_ != source::cached || joined_ || options().events) [[unlikely]]
            return false;
        shared_->counted_.add(Cache::place_of(event_kind::hit));
        if (negative_)
            shared_->counted_.add(Cache::negative);
        return true;
    }
    OUTLAST_COLD void note_end(const verdict& v, bool refreshes) const {
        if (how_ == source::live)
            return shared_->note(refreshes ? event_kind::refreshed : event_kind::missed, {}, v);
        if (how_ == source::cached && negative_)
            shared_->counted_.add(Cache::negative);
        shared_->note(how_ == source::stale ? event_kind::stale : event_kind::hit,
                      until(since_, asked_), v);
    }

    Cache* shared_;
    std::optional<wanted<key_type>> want_{}; // nothing: past the cache
    instant asked_{};
    instant since_{}; // when the answer that it gives was learnt
    source how_ = source::live;
    std::uint32_t put_at_ = ~0u; // how many attempts there were when it put a value into the hand
    bool joined_ = false;
    bool negative_ = false;  // what it answers with is a "no"
    bool due_ = false;       // the fresh answer that it found is near its end
    bool refreshed_ = false; // has tried to refresh it, once and for all

    struct parcel {
        std::optional<putting<store_type>> what;
        duration fresh_for{};
    };
    struct nothing_packed {};
    [[no_unique_address]] std::conditional_t<remote, parcel, nothing_packed> packed_{};

private:
    static constexpr auto done = [](reading&, const auto& r) {
        return r ? verdict::success() : verdict::failure();
    };

    static verdict noted(grade g) noexcept { return verdict::success(static_cast<unsigned>(g)); }
    template <class Hand>
    void put_in(Hand& hand, value_type&& value) {
        hand.emplace(std::move(value));
        put_at_ = hand.attempts();
    }
    // Nor is what an earlier look has put into the hand an answer any more; what the work has left there
    // since then is.
    template <class Hand>
    verdict gone(Hand& hand) {
        if (put_at_ == hand.attempts())
            hand.drop_value();
        return noted(grade::gone);
    }

    verdict answered(source how, const freshness& times, bool negative) noexcept {
        how_ = how;
        negative_ = negative;
        since_ = times.since;
        return noted(how == source::cached ? grade::fresh : grade::stale);
    }

    // Only in the place of what it was made from: if that was forgotten, it does not come back.
    bool replace_value(instant now,
                       const entry<value_type>& old,
                       const value_type& newer,
                       const lifetime& life) {
        if constexpr (remote) // it is made anew at each use
            return life.fresh_for > duration::zero();
        else if (life.fresh_for <= duration::zero()) {
            shared_->store_->erase(want_->key);
            return false;
        } else
            return put_instead(now, old, newer, life);
    }
    bool put_instead(instant now,
                     const entry<value_type>& old,
                     const value_type& newer,
                     const lifetime& life) {
        const auto still_wanted = [&](const freshness* there) {
            return there != nullptr && there->since == old.times.since;
        };
        freshness times = freshness::from(now, life);
        times.since = old.times.since;
        shared_->store_->put(want_->key, {newer, times, life.negative}, still_wanted);
        return true;
    }
};

} // namespace detail

} // namespace outlast

#endif // OUTLAST_CACHE_ACCESS_HPP
