// SPDX-License-Identifier: BSL-1.0
//
// Calls under way, one a key: who leads, who waits, and what they are told.
#ifndef OUTLAST_FLIGHTS_HPP
#define OUTLAST_FLIGHTS_HPP

#include <outlast/config.hpp>
#include <outlast/guarded.hpp>
#include <outlast/step.hpp>
#include <outlast/time.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view> // std::hash

namespace outlast {

/// One call a key at a time, but for what was forgotten or goes alone. The first to board leads; the
/// others follow, and are told what the leader learnt. A leader that leaves without a word (thrown,
/// cancelled, out of time) makes the first of its followers the leader, so that no flight is without
/// one and every wait ends.
///
/// Nothing is allocated: a seat lives in its call, and the table links seats.
template <class Key, class Lock>
class flights {
public:
    /// What the holder of a seat is.
    enum class role : std::uint8_t {
        none,
        leads,
        follows,
        told, ///< the leader has landed: `seat::news` says with what
    };

    /// How to board.
    enum class boarding : std::uint8_t {
        join,    ///< leads the flight of this key if there is none, follows it otherwise
        alone,   ///< leads, beside another flight of this key if there is one: to wait no more
        if_free, ///< leads if there is none, and otherwise stays where it is, with no role
    };

    class seat;

    explicit flights() = default;

    /// What the flights of this key learn is outdated: they go on, and their leaders are told so by
    /// `seat::outdated`; whoever boards from now on starts another one.
    void forget(const Key& key) {
        const std::size_t bucket = std::hash<Key>{}(key) % buckets;
        shared_.with([&](table& t) {
            ++t.learnt[bucket];
            for (seat* s = t.heads[bucket]; s != nullptr;) {
                seat* const next = s->next_;
                if (*s->key_ == key) {
                    s->unlink(t);
                    s->outdated_ = true;
                }
                s = next;
            }
        });
    }

    /// Changes whenever something is learnt about this key, or it is forgotten (or another one that
    /// falls into the same place).
    [[nodiscard]] std::uint32_t stamp(const Key& key) {
        const std::size_t bucket = std::hash<Key>{}(key) % buckets;
        return shared_.with([&](table& t) { return t.learnt[bucket]; });
    }

    flights(const flights&) = delete;
    flights& operator=(const flights&) = delete;

private:
    static constexpr std::size_t buckets = 64;

    struct table {
        seat* heads[buckets]{}; // of each bucket, the list of its leaders
        std::uint32_t learnt[buckets]{};
    };

    guarded<table, Lock> shared_{};
};

/// One call's place. All functions are called by the thread that runs the call; what other calls do
/// to a seat happens under the table's lock. The table outlives its seats.
template <class Key, class Lock>
class flights<Key, Lock>::seat {
public:
    seat() = default;
    seat([[maybe_unused]] seat&& empty) noexcept { OUTLAST_ASSERT(empty.home_ == nullptr); }
    seat& operator=(seat&&) = delete;
    ~seat() { leave(); }

    /// Gives up the place held before, and takes one in a flight of this key.
    /// \param wake called, any thread, when a follower is told or becomes the leader
    /// \param by the deadline of this call
    role board(flights& home,
               const Key& key,
               waker& wake,
               boarding how = boarding::join,
               instant by = never) {
        leave();
        by_ = by;
        bucket_ = std::hash<Key>{}(key) % buckets;
        home_ = &home;
        key_ = &key;
        wake_ = &wake;
        outdated_ = false;
        const role got = home.shared_.with([&](table& t) {
            stamp_ = t.learnt[bucket_];
            for (seat* leader = t.heads[bucket_]; leader != nullptr; leader = leader->next_)
                if (how != boarding::alone && *leader->key_ == key)
                    return how == boarding::join ? follow(*leader) : role::none;
            next_ = t.heads[bucket_];
            t.heads[bucket_] = this;
            return role_ = role::leads;
        });
        if (got == role::none)
            home_ = nullptr;
        return got;
    }

    /// What this seat is by now: a follower may have been told, or lead.
    [[nodiscard]] role look() {
        if (home_ == nullptr)
            return role::none;
        return home_->shared_.with([&](table&) { return role_; });
    }

    /// Whether the key was forgotten since this seat leads: what it learns must not be kept.
    [[nodiscard]] bool outdated() {
        if (home_ == nullptr)
            return false;
        return home_->shared_.with([&](table&) { return outdated_; });
    }

    /// Something is known about the key now. \return as `outdated`
    bool learns() {
        if (home_ == nullptr)
            return false;
        return home_->shared_.with([&](table& t) {
            ++t.learnt[bucket_];
            return outdated_;
        });
    }
    /// `flights::stamp` at the boarding.
    [[nodiscard]] std::uint32_t stamp() const noexcept { return stamp_; }

    /// Of a leader: the latest deadline of those who follow; nothing if nobody does.
    [[nodiscard]] std::optional<instant> awaited() {
        std::optional<instant> latest;
        if (home_ != nullptr)
            home_->shared_.with([&](table&) {
                for (const seat* s = followers_; s != nullptr; s = s->next_)
                    latest = latest ? later(*latest, s->by_) : s->by_;
            });
        return latest;
    }

    /// What the leader landed with. \pre look() == role::told
    [[nodiscard]] const verdict& news() const noexcept { return news_; }

    /// The leader is done: everybody who follows is told; but who has until later than `unless_after`
    /// is spared it: the first of them leads the others. Does nothing in another role.
    void land(const verdict& news, instant unless_after = never) {
        if (home_ == nullptr)
            return;
        const bool led = home_->shared_.with([&](table& t) {
            if (role_ != role::leads)
                return false;
            for (seat** at = &followers_; *at != nullptr;) {
                seat* const s = *at;
                if (s->by_ > unless_after) {
                    at = &s->next_;
                    continue;
                }
                *at = s->next_;
                s->news_ = news;
                s->next_ = s->leader_ = nullptr;
                s->role_ = role::told;
                s->wake_->wake();
            }
            hand_over(t);
            followers_ = nullptr;
            role_ = role::none;
            return true;
        });
        if (led)
            home_ = nullptr;
    }

    /// Gives the place up, whatever it is.
    void leave() noexcept {
        if (home_ == nullptr)
            return;
        home_->shared_.with([&](table& t) {
            if (role_ == role::leads)
                hand_over(t);
            if (role_ == role::follows) {
                seat** at = &leader_->followers_;
                while (*at != this)
                    at = &(*at)->next_;
                *at = next_;
            }
            role_ = role::none;
            next_ = followers_ = leader_ = nullptr;
        });
        home_ = nullptr;
    }

private:
    friend class flights;

    role follow(seat& leader) noexcept {
        seat** end = &leader.followers_;
        while (*end != nullptr)
            end = &(*end)->next_;
        *end = this;
        leader_ = &leader;
        return role_ = role::follows;
    }

    void unlink(table& t) noexcept {
        if (outdated_) // in no list any more
            return;
        seat** at = &t.heads[bucket_];
        while (*at != this)
            at = &(*at)->next_;
        *at = next_;
        next_ = nullptr;
    }

    void hand_over(table& t) noexcept {
        unlink(t);
        seat* const heir = followers_;
        if (heir == nullptr)
            return;
        heir->followers_ = heir->next_;
        for (seat* s = heir->followers_; s != nullptr; s = s->next_)
            s->leader_ = heir;
        heir->leader_ = nullptr;
        heir->next_ = t.heads[bucket_];
        t.heads[bucket_] = heir;
        heir->role_ = role::leads; // in the list: what it asks, it asks from now on
        heir->wake_->wake();
    }

    // The table's lock guards these from the boarding to the leaving.
    flights* home_ = nullptr; // null: this seat is in no list
    const Key* key_ = nullptr;
    waker* wake_ = nullptr;
    instant by_ = never;
    std::size_t bucket_ = 0;
    std::uint32_t stamp_ = 0;
    role role_ = role::none;
    bool outdated_ = false;
    seat* next_ = nullptr;      // a leader: in its bucket; a follower: in its line
    seat* leader_ = nullptr;    // of a follower
    seat* followers_ = nullptr; // of a leader, first come first
    verdict news_{};
};

} // namespace outlast

#endif // OUTLAST_FLIGHTS_HPP
