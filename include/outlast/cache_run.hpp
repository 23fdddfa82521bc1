// SPDX-License-Identifier: BSL-1.0
//
// One call's way through a cache: look up, ask or wait for who asks, keep, stand in.
#ifndef OUTLAST_CACHE_RUN_HPP
#define OUTLAST_CACHE_RUN_HPP

#include <outlast/cache_access.hpp>
#include <outlast/cache_asking.hpp>
#include <outlast/config.hpp>
#include <outlast/event.hpp>
#include <outlast/flights.hpp>
#include <outlast/machine.hpp>
#include <outlast/report.hpp>
#include <outlast/step.hpp>

#include <cstdint>
#include <optional>
#include <utility>

namespace outlast {

namespace detail {

/// The machine of `cache_aside`, which says what it does.
/// \tparam Cache the `cache_aside`: store, `life`, options, flights
template <class Cache>
class cache_run : public pass_through, cache_access<Cache> {
    using access = cache_access<Cache>;
    using access::asked_;
    using access::due_;
    using access::fresh;
    using access::how_;
    using access::joined_, access::not_wanted;
    using access::options;
    using access::refreshed_;
    using access::remote;
    using access::shared_;
    using access::since_;
    using access::stored, access::to_send;
    using access::want_;
    using typename access::key_type;
    using typename access::lock_type;

public:
    static constexpr operation operations = remote ? 5 : 4;
    static constexpr bool pinned = true; // its seat is linked to others
    static constexpr operation look_up = 1, put = 2, drop = 3, recall = 4;
    static constexpr operation send = 5; // what is to be kept, to a store that takes its time

    /// \param wants gives a `std::optional` of what the call looks for
    template <class Wants>
    cache_run(Cache& shared, const Wants& wants) : access(shared, wants) {}

    step begin(reading& now, terms t, verdict&) {
        asking_.reset();
        by_ = t.by;
        stays_ = t.stays;
        alone_ = more_ = false;
        this->begin_at(now.get());
        return ask(now, want_ ? look_up : work);
    }

    /// See `may_know`.
    template <class Hand, class Take>
    OUTLAST_INLINE bool known(reading& now, const terms& t, Hand& hand, const Take& take)
        requires(!remote)
    {
        verdict v;
        (void)begin(now, t, v);
        if (!want_)
            return false;
        v = act(look_up, now, hand);
        if (!this->found_fresh(v) || !take(*this))
            return false;
        (void)over(v);
        return true;
    }

    OUTLAST_INLINE step settled(reading& now, lane, verdict& v) {
        return doing_ == look_up && this->found_fresh(v) ? over(v) : go_on_with(now, v);
    }

    // Parked, and something happened: told, promoted, out of time, or nothing at all.
    step woke(reading& now, lane, verdict& v) {
        switch (asking_->place.look()) {
        case role::leads:
            return ask_work(by_);
        case role::told: {
            v = asking_->place.news();
            asking_->place.leave();
            shared_->counted_.add(Cache::joined);
            if (!v.ok()) {
                asking_->outcome = v;
                return stand_in_or(now, v);
            }
            joined_ = true; // what was just learnt is live enough for a strict call
            if (v.note == stored)
                return ask(now, look_up);
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
        return asking_->holds_stale ? ask(now, recall) : over(v);
    }

    void abandoned() noexcept {
        if (asking_)
            asking_->place.leave();
    }

    // See machine.hpp. What it has left to do is a refresh; whom it works for are its followers. When
    // the last of those has left, too, it still goes on, to the deadline that it was given for them: it
    // has been asked already, its answer is kept, and whoever comes meanwhile joins it. To end it would
    // save this side little, and have the next one ask again. (A leader that nobody followed is alone
    // with its caller, who may end what it began.)
    bool has_more() const noexcept { return more_; }
    step go_on(reading& now, verdict&) {
        more_ = false;
        alone_ = true;
        by_ = never;
        return doing_ == put ? send_or_drop(now) : refresh(now);
    }
    bool leave(reading&) {
        if (!stays_ || alone_ || !asking_ || doing_ != work)
            return false;
        const std::optional<instant> awaited = asking_->place.awaited();
        if (!awaited)
            return false;
        by_ = later(by_, *awaited);
        return alone_ = true;
    }
    instant over_by(lane on) noexcept { return prolong(on, by_); }
    instant prolong(lane, instant by) noexcept {
        by_ = by;
        if (!asking_ || asking_->refreshes)
            return asking_ ? asking_->work_until : by;
        return asking_->work_until = by;
    }

    /// See machine.hpp: a place for a value that comes late. The cache outlives it.
    late_value<Cache> keep(lane) const noexcept
        requires(!remote)
    {
        if (!asking_)
            return {};
        return {shared_, asked_, asking_->place.stamp()};
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
        if constexpr (remote) {
            static_assert(!sizeof(Hand*),
                          "outlast::cache_aside: the store is asynchronous, and this driver has no "
                          "way to wait for it: run the pipeline by outlast::async_run.");
            return {};
        } else {
            wake_ = &hand.waiter();
            if (what == put)
                return this->store_value(now.get(), hand.value(), asking_->place);
            if (what == drop)
                return this->drop_value(asking_->place);
            auto found = shared_->store_->find(want_->key);
            return this->judge(now.get(), hand, std::move(found), what == recall,
                               stays_ ? never : by_);
        }
    }
    template <class Hand, class Begin>
        requires remote
    bool act_later(operation what, reading& now, Hand& hand, Begin& begin, verdict& v) {
        wake_ = &hand.waiter();
        if (what == put)
            v = this->pack(now.get(), hand.value(), asking_->place);
        else if (what == send)
            this->begin_send(begin);
        else if (what == drop)
            this->begin_drop(begin);
        else
            this->begin_find(hand, what == recall, stays_ ? never : by_, begin);
        return what == put;
    }

private:
    using flights_type = flights<key_type, lock_type>;
    using role = typename flights_type::role;
    using boarding = typename flights_type::boarding;

    step ask(reading& now, operation what) {
        doing_ = what;
        if constexpr (remote)
            if (what != work)
                return step::call(what, earlier(by_, after(now.get(), options().store_limit)));
        return step::call(what, by_);
    }

    step ask_work(instant by) noexcept {
        doing_ = work;
        asking_->work_until = by;
        step s = step::call(work, by);
        s.spare = asking_->holds_stale || asking_->refreshes;
        return s;
    }

    OUTLAST_COLD step go_on_with(reading& now, verdict& v) {
        switch (doing_) {
        case look_up:
            return looked_up(now, v);
        case put:
        case drop:
        case send:
            return kept(now, v);
        case recall:
            return recalled(v);
        default:
            break;
        }
        if (!want_)
            return over(v);
        asking_->outcome = v;
        return v.ok() || v.late ? ask(now, put) : failed(now, v);
    }

    role board(boarding how) {
        if (!asking_)
            asking_.emplace();
        return asking_->place.board(shared_->flights_, want_->key, *wake_, how, by_);
    }

    // The call is over.
    OUTLAST_INLINE step over(const verdict& v) {
        if (alone_ || !this->plain_hit()) [[unlikely]]
            end(v);
        return step::finish();
    }

    step looked_up(reading& now, const verdict& v) {
        // A store that fails is empty; one call a key at a time holds all the same.
        const auto g = v.ok() ? static_cast<grade>(v.note) : grade::gone;
        if (g == grade::fresh) {
            if (!due_ || board(boarding::if_free) != role::leads)
                return over(v);
            if (!stays_)
                return refresh(now);
            more_ = true; // the caller need not wait for it
            return over(v);
        }
        this->note_failure(v);
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

    step kept(reading& now, verdict& v) {
        if constexpr (remote)
            if (doing_ == put && v.ok() && v.note != not_wanted)
                return packed(now, v);
        this->note_failure(v);
        if (doing_ != drop && !v.ok())
            return ask(now, drop); // nor must what was known before stay
        if constexpr (remote)
            if (doing_ == send) {
                if (asking_->place.outdated()) // meanwhile: it may have come back
                    return ask(now, drop);
                v = this->sent();
            }
        verdict news = verdict::success();
        news.note = doing_ == drop ? std::uint8_t{0} : v.note; // `stored`, or nothing to be found
        asking_->place.land(news);
        return answer(now, v);
    }

    // It came too late for this call, which fares no worse than if it had not come at all.
    step answer(reading& now, verdict& v) {
        v = asking_->outcome;
        if (!v.ok())
            return asking_->refreshes ? answer_after_all(now, v) : stand_in_or(now, v);
        shared_->ahead_.succeeded();
        return over(v);
    }

    // A caller that is to have the value does not wait until that is kept.
    step packed(reading& now, verdict& v) {
        sends_ = v.note == to_send;
        if (alone_ || !stays_ || !asking_->outcome.ok())
            return send_or_drop(now);
        more_ = true;
        return answer(now, v);
    }
    step send_or_drop(reading& now) { return ask(now, sends_ ? send : drop); }

    step failed(reading& now, const verdict& v) {
        // Out of its own time it can tell the others nothing: one of them takes over.
        if (asking_->for_want_of_time(now, v, asked_))
            asking_->place.leave();
        else
            asking_->place.land(as_news(v), asking_->shared_by(now, v));
        if (!asking_->refreshes)
            return stand_in_or(now, v);
        shared_->ahead_.failed(now.get(), v.hint);
        return answer_after_all(now, v);
    }

    // The refresh brought nothing: as if it had not been tried.
    step answer_after_all(reading& now, const verdict& v) {
        if (alone_)
            return over(v);
        asking_->refreshes = false;
        return ask(now, look_up);
    }

    step stand_in_or(reading& now, const verdict& v) {
        if (alone_ || !asking_->holds_stale || v.why == refusal::cancelled ||
            !options().stands_in_for(v))
            return over(v);
        return ask(now, recall);
    }

    step recalled(verdict& v) {
        this->note_failure(v);
        if (!v.ok() || static_cast<grade>(v.note) == grade::gone)
            v = asking_->outcome;
        return over(v);
    }

    OUTLAST_COLD void end(const verdict& v) const {
        if (!alone_ || (asking_->refreshes && v.ok())) // else its caller was answered otherwise
            this->note_end(v, asking_ && asking_->refreshes);
    }

    waker* wake_ = nullptr;
    instant by_ = never;
    operation doing_ = look_up;
    bool stays_ = false; // the driver, without the caller
    bool alone_ = false; // the caller has left, or has its answer
    bool more_ = false;  // a refresh is left to do, or to keep what was learnt
    bool sends_ = false; // that; else to drop what was known
    std::optional<asking<typename flights_type::seat>> asking_{};
};

} // namespace detail

} // namespace outlast

#endif // OUTLAST_CACHE_RUN_HPP
