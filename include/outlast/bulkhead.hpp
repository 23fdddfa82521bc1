// SPDX-License-Identifier: BSL-1.0
#ifndef OUTLAST_BULKHEAD_HPP
#define OUTLAST_BULKHEAD_HPP

#include <outlast/atomic_word.hpp>
#include <outlast/error.hpp>
#include <outlast/event.hpp>
#include <outlast/machine.hpp>
#include <outlast/permits.hpp>
#include <outlast/shared_word.hpp>

#include <cstdint>
#include <string_view>

namespace outlast {

struct bulkhead_options {
    /// The most calls at once, up to 1 000 000 000; 0 is a closed door. Default 16.
    std::uint32_t permits = 16;
    /// Permits besides, for calls that have something in hand: a stale value of a cache further out.
    /// They never stand in the line, and go on with what they have where none of these is left. Default
    /// 0: such calls are as all others.
    std::uint32_t spare_permits = 0;
    /// The most calls that wait for a permit. Default 0: none waits, so `wait` is 0 too.
    std::uint32_t queue = 0;
    /// The longest that one waits, if its deadline does not come first; `no_limit`: until then.
    /// Default 0.
    duration wait{};
    /// What it guards, for messages.
    label name = "bulkhead";
    label tags{};
    /// `refused` where it lets no call through, `waited` where it does so after a wait.
    sink events{};

    /// What is wrong with these options, as a sentence; null if nothing is.
    [[nodiscard]] constexpr const char* problem() const noexcept {
        if (permits > 1'000'000'000 || spare_permits > 1'000'000'000)
            return "bulkhead: at most 1000000000 permits";
        if (wait < duration::zero())
            return "bulkhead: wait is 0 or a length of time";
        if ((queue == 0) != (wait == duration::zero()))
            return "bulkhead: queue says how many calls may wait, and wait how long: set both or "
                   "neither";
        return nullptr;
    }

    /// Every option, for `describe`.
    template <class F>
    constexpr void each(F&& f) const {
        f("permits", permits);
        f("spare_permits", spare_permits);
        f("queue", queue);
        f("wait", wait);
        f("name", name);
        f("tags", tags);
        f("events", events, "told to nobody");
    }
};

/// What a bulkhead is doing, and did.
struct bulkhead_counts {
    std::uint32_t running = 0; ///< permits that are out, spare ones included
    std::uint32_t queued = 0;  ///< calls that wait for one
    std::uint64_t waited = 0;  ///< calls let through after a wait, in its whole life
    std::uint64_t refused = 0; ///< calls not let through, the same

    friend constexpr bool operator==(const bulkhead_counts&, const bulkhead_counts&) = default;
};

/// Lets so many calls run at once. Others wait in line for a while, or are refused.
///
/// **Decides** from the number of calls that run. A permit that comes back goes to the call that
/// waits longest, which need not ask again and is not overtaken: while one waits, no other is let
/// through.
/// **Answers** *call* with a permit; without one *park*, then *call* or *finish*; or *finish* at
/// once if `queue` calls wait already.
/// **Refusals** `bulkhead_full`, neutral, when the line is full or `wait` over, without a time to
/// come back: nobody knows how long calls run. `timed_out`, neutral, when the deadline passes in
/// the line.
/// **Time** it looks only when a call has to wait. A permit that is there when the wait ends is
/// taken; at the deadline it is passed on.
/// **Sharing** one bulkhead for all calls to one dependency: pass it by `std::ref`; it outlives its
/// permits. A permit comes back when the work is over, dropped or thrown out of; work that goes on
/// although its caller has left (under a driver that can leave it) holds it until it ends. What
/// waits is linked, and woken, under `Lock`.
/// **Cost** a permit: one change of a word, and one to give it back; a refusal without a queue: one
/// load and one addition. A wait takes the lock. No allocation.
/// **Example** (`outlast::bulkhead` is this with a mutex: threads.hpp. Included by itself, not by
/// outlast.hpp)
///
///     outlast::bulkhead door{{.permits = 1, .name = "orders"}};
///     outlast::pipeline p{std::ref(door)};
///     auto outer = p([&] { return p([] { return 1; }).error().message(); });
///     std::cout << outer.value();   // too many calls at once for orders
template <class Lock = no_lock>
class basic_bulkhead {
public:
    class run;
    static constexpr label kind = "bulkhead";
    static constexpr duty does = duty::rations;

    constexpr explicit basic_bulkhead(const bulkhead_options& options = {})
        : permits_((require_valid(options.problem()), options.permits)),
          spare_(options.spare_permits),
          queue_(options.queue),
          wait_(options.wait.count()),
          events_(options.events),
          name_(options.name),
          tags_(options.tags) {}

    [[nodiscard]] OUTLAST_INLINE constexpr run start() noexcept { return run{*this}; }

    [[nodiscard]] constexpr bulkhead_options options() const noexcept {
        return {.permits = permits_.limit(),
                .spare_permits = spare_.limit(),
                .queue = queue_.load(),
                .wait = duration{wait_.load()},
                .name = name_,
                .tags = tags_,
                .events = events_};
    }

    [[nodiscard]] constexpr bulkhead_counts counts() {
        return {permits_.out() + spare_.out(), permits_.waiting(), waited_.load(), refused_.load()};
    }

    /// Other options, of which `name`, `tags` and `events` stay what they were. More permits go to
    /// the calls that wait; fewer hold once enough calls are over. Who waits already keeps its place
    /// and its time.
    constexpr void reconfigure(const bulkhead_options& options) {
        require_valid(options.problem());
        queue_.store(options.queue);
        wait_.store(options.wait.count());
        permits_.resize(options.permits);
        spare_.resize(options.spare_permits);
    }

    /// See worst_case.hpp.
    template <class Inner>
    [[nodiscard]] constexpr auto worst_case(duration within, const Inner& inner) const {
        return inner(within).after(duration{wait_.load()});
    }

private:
    using pool = outlast::permits<Lock>;
    static constexpr auto one_more = [](std::uint64_t& n) { return ++n, true; };

    pool permits_;
    pool spare_;
    shared_word<std::uint32_t, Lock> queue_;
    shared_word<duration::rep, Lock> wait_;
    atomic_word<std::uint64_t, Lock> waited_{};
    atomic_word<std::uint64_t, Lock> refused_{};
    sink events_;
    label name_;
    label tags_;
};

template <class Lock>
class basic_bulkhead<Lock>::run : public pass_through {
public:
    static constexpr operation operations = 1;
    static constexpr bool pinned = true; // its seat is linked to others

    OUTLAST_INLINE constexpr explicit run(basic_bulkhead& shared) noexcept : shared_(&shared) {}

    constexpr step begin(reading& now, terms t, verdict& v) {
        instant by = t.by;
        by_ = by;
        doing_ = work;
        refused_ = false;
        if (t.spare && shared_->spare_.limit() != 0)
            return seat_.holds() || seat_.take(shared_->spare_)
                       ? step::call(work, by)
                       : refuse(v, refusal::bulkhead_full, "full", duration::zero());
        if (plain_begin(now, by))
            return step::call(work, by);
        if (shared_->queue_.load() == 0)
            return refuse(v, refusal::bulkhead_full, "full", duration::zero());
        since_ = now.get();
        last_ = after(since_, duration{shared_->wait_.load()});
        return step::call(doing_ = stand_in_line, by);
    }

    constexpr step settled(reading&, lane, verdict& v) {
        if (doing_ == work) {
            plain_end();
            return step::finish();
        }
        doing_ = work;
        if (!stands_)
            return refuse(v, refusal::bulkhead_full, "full", duration::zero());
        return seat_.holds() ? step::call(work, by_) : step::park(earlier(by_, last_));
    }

    constexpr step woke(reading& now, lane, verdict& v) {
        const duration span = until(since_, now.get());
        if (by_ != never && now.get() >= by_)
            return refuse(v, refusal::timed_out, "deadline", span);
        if (seat_.look()) {
            shared_->waited_.change(one_more);
            tell(event_kind::waited, {}, {}, span);
            return step::call(work, by_);
        }
        return now.get() < last_ ? step::park(earlier(by_, last_))
                                 : refuse(v, refusal::bulkhead_full, "wait_over", span);
    }

    /// A permit that it holds already is as good as another one.
    OUTLAST_INLINE constexpr bool plain_begin(reading&, instant&) noexcept {
        return seat_.holds() || seat_.take(shared_->permits_);
    }
    OUTLAST_INLINE constexpr bool plain_success(reading&) const noexcept { return true; }
    OUTLAST_INLINE constexpr void plain_end() noexcept { seat_.leave(); }

    constexpr void abandoned() noexcept { seat_.leave(); }
    constexpr instant prolong(lane, instant by) noexcept { return by_ = by; }

    /// See machine.hpp: the permit.
    [[nodiscard]] constexpr auto keep(lane) noexcept { return seat_.part_with(); }

    constexpr void explain(failure_facts& facts) const noexcept {
        if (!refused_)
            return;
        facts.policy = "bulkhead";
        facts.name = shared_->name_;
    }

    /// Carries out its operation for a driver, whose waker `hand` knows.
    template <class Hand>
    constexpr verdict act(operation, reading&, Hand& hand) {
        stands_ = seat_.join(shared_->permits_, hand.waiter(), shared_->queue_.load());
        return {};
    }

private:
    static constexpr operation stand_in_line = 1; // for which a waker is needed

    constexpr step refuse(verdict& v, refusal why, std::string_view word, duration span) {
        seat_.leave();
        v = verdict::neutral(why);
        refused_ = why == refusal::bulkhead_full;
        shared_->refused_.change(one_more);
        tell(event_kind::refused, v, word, span);
        return step::finish();
    }

    constexpr void
    tell(event_kind what, const verdict& v, std::string_view word, duration span) const {
        if (shared_->events_)
            shared_->events_({.what = what,
                              .policy = "bulkhead",
                              .name = shared_->name_,
                              .tags = shared_->tags_,
                              .span = span,
                              .outcome = v,
                              .why = word});
    }

    basic_bulkhead* shared_;
    typename pool::seat seat_{};
    instant by_ = never;
    instant since_{}; // when it began to wait, and when that is to end
    instant last_{};
    operation doing_ = work;
    bool stands_ = false; // it has a permit, or a place in the line
    bool refused_ = false;
};

} // namespace outlast

#endif // OUTLAST_BULKHEAD_HPP
