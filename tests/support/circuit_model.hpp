// SPDX-License-Identifier: BSL-1.0
//
// A circuit that keeps every fact in a list and computes everything anew: what circuit.hpp is
// compared with. It follows the contract, not the code.
#ifndef OUTLAST_TESTS_SUPPORT_CIRCUIT_MODEL_HPP
#define OUTLAST_TESTS_SUPPORT_CIRCUIT_MODEL_HPP

#include <outlast/circuit_facts.hpp>
#include <outlast/circuit_options.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace outlast_tests {

class circuit_model {
public:
    using instant = outlast::instant;
    using duration = outlast::duration;
    using state_t = outlast::circuit_state;
    using mode_t_ = outlast::circuit_mode;
    using cause = outlast::circuit_cause;
    using tally = outlast::tally;

    struct id {
        int generation = 0;
        std::size_t place = 0;
    };
    struct answer {
        bool admitted;
        id with;
        duration retry_after;
    };
    struct change {
        state_t from;
        state_t to;
        cause why;
        friend bool operator==(const change&, const change&) = default;
    };

    explicit circuit_model(const outlast::circuit_breaker_options& o) : o_(o) {}

    answer admit(instant now, bool spare) {
        if (mode_ == mode_t_::isolated)
            return {false, {}, outlast::verdict::no_hint};
        if (mode_ == mode_t_::disabled)
            return {true, {generation_, 0}, {}};
        if (counting() && o_.watches_slow()) {
            const auto late =
                static_cast<std::size_t>(std::ranges::count_if(started_, [&](instant s) {
                    return s != outlast::never && now - s >= o_.slow_from;
                }));
            auto longer = results_;
            longer.insert(longer.end(), late, {now, false, true});
            if (late != 0 && too_slow(count(longer, now)))
                exceeds(cause::slow_calls, now, outlast::verdict::no_hint);
        }
        pass(now);
        if (counting()) {
            if (mode_ == mode_t_::normal && !through_ramp(now))
                return {false, {}, ramp_from_ + o_.ramp_for - now};
            started_.push_back(now);
            return {true, {generation_, started_.size() - 1}, {}};
        }
        if (state_ == state_t::open)
            return {false, {}, until_ - now};

        const instant news = std::min(first_lease(), stay_until_);
        const bool waits = now < held_until_ || first_lease() != outlast::never;
        if (!spare && o_.hold_back != duration::zero() && counted(good) == 0 && waits)
            return {false, {}, (news == outlast::never ? held_until_ : news) - now};
        if (counted(running) == o_.probes ||
            counted(running) + counted(good) + counted(bad) == std::max(o_.probes, o_.deciding()))
            return {false, {}, news - now};
        if (stay_until_ == outlast::never)
            stay_until_ = after(now, o_.half_open_for);
        probes_.push_back({running, false, now + o_.probe_lease});
        return {true, {generation_, probes_.size() - 1}, {}};
    }

    void record(id with, const outlast::call_result& r, instant now) {
        if (mode_ == mode_t_::disabled || with.generation != generation_)
            return;
        const bool slow = o_.watches_slow() && r.took >= o_.slow_from;
        if (counting()) {
            const instant start = std::exchange(started_[with.place], outlast::never);
            const bool overdue = o_.watches_slow() && now - start >= o_.slow_from;
            results_.push_back({now, r.failed, slow || overdue});
            cause why = excess(count(results_, now));
            const bool hinted = r.failed && o_.open_on_hint && r.hint > duration::zero();
            if (why == cause::none && hinted && mode_ == mode_t_::normal)
                why = cause::server_hint;
            exceeds(why, now, r.failed ? r.hint : duration{});
            return;
        }
        pass(now);
        if (with.generation != generation_ || probes_[with.place].is != running)
            return;
        probes_[with.place].is = r.failed ? bad : good;
        probes_[with.place].slow = slow;
        judge(now, cause::probes_failed, r.failed ? r.hint : duration{});
    }

    void give_back(id with) {
        if (mode_ == mode_t_::disabled || with.generation != generation_)
            return;
        if (counting())
            started_[with.place] = outlast::never;
        else if (probes_[with.place].is == running)
            probes_[with.place].is = gone;
    }

    void set_mode(mode_t_ m) {
        if (m == mode_)
            return;
        mode_ = m;
        ++generation_;
        started_.clear();
        std::erase_if(probes_, [](const probe& p) { return p.is == running; });
        told_ = false;
        changes.push_back({state_, state_, cause::by_hand});
    }
    void close() {
        const bool news = state_ != state_t::closed || mode_ != mode_t_::normal;
        mode_ = mode_t_::normal;
        const state_t from = enter(state_t::closed);
        failed_periods_ = 0;
        if (news)
            changes.push_back({from, state_, cause::by_hand});
    }
    void trip(instant now) { open(now, cause::by_hand, outlast::verdict::no_hint); }
    void half_open(instant now) {
        const state_t from = enter(state_t::half_open);
        held_until_ = now + o_.hold_back;
        stay_until_ = after(now, o_.half_open_for);
        changes.push_back({from, state_, cause::by_hand});
    }

    state_t state(instant now) { return pass(now), state_; }
    mode_t_ mode() const { return mode_; }
    tally counts(instant now) const { return count(results_, now); }
    std::size_t running_probes() const { return counted(running); }

    std::vector<change> changes{};

private:
    enum outcome { running, good, bad, gone };
    struct probe {
        outcome is;
        bool slow;
        instant until;
    };
    struct result {
        instant at;
        bool failed;
        bool slow;
    };

    bool counting() const {
        return mode_ == mode_t_::shadow || (mode_ == mode_t_::normal && state_ == state_t::closed);
    }
    std::size_t counted(outcome o) const {
        return static_cast<std::size_t>(std::ranges::count(probes_, o, &probe::is));
    }
    instant first_lease() const {
        instant first = outlast::never;
        for (const probe& p : probes_)
            if (p.is == running)
                first = std::min(first, p.until);
        return first;
    }

    tally count(const std::vector<result>& all, instant now) const {
        tally t;
        if (o_.window.by_row()) {
            for (auto r = all.rbegin(); r != all.rend() && r->failed; ++r)
                t += {1, 1, 0};
            return t;
        }
        const auto slice = [&](instant x) { return x.time_since_epoch() / (o_.window.time / 10); };
        for (std::size_t i = 0; i != all.size(); ++i)
            if (o_.window.by_both()
                    ? all.size() - i <= o_.window.calls && now - all[i].at < o_.window.time
                : o_.window.by_time() ? slice(now) - slice(all[i].at) < 10
                                      : all.size() - i <= o_.window.calls)
                t += {1, all[i].failed ? 1U : 0U, all[i].slow ? 1U : 0U};
        return t;
    }
    static bool share(std::size_t part, std::size_t whole, outlast::ratio r) {
        return part != 0 && part * 1'000'000 >= whole * r.millionths();
    }
    bool too_slow(const tally& t) const {
        return t.recorded >= o_.minimum() && share(t.slow, t.recorded, o_.slow_ratio);
    }
    cause excess(const tally& t) const {
        if (o_.window.by_row())
            return t.failed >= o_.window.in_a_row ? cause::failures : cause::none;
        if (t.recorded >= o_.minimum() && share(t.failed, t.recorded, o_.failure_ratio))
            return cause::failures;
        return too_slow(t) ? cause::slow_calls : cause::none;
    }
    void exceeds(cause why, instant now, duration hint) {
        if (mode_ == mode_t_::normal) {
            if (why != cause::none)
                open(now, why, hint);
            return;
        }
        if (why != cause::none && !told_)
            changes.push_back({state_, state_, why});
        told_ = why != cause::none;
    }

    // As many have passed as the shares of all who asked make up, and the first.
    bool through_ramp(instant now) {
        if (!ramping_ || now >= ramp_from_ + o_.ramp_for) {
            ramping_ = false;
            return true;
        }
        asked_ += now - ramp_from_;
        if (1 + asked_ / o_.ramp_for <= passed_)
            return false;
        ++passed_;
        return true;
    }

    void pass(instant now) {
        while (mode_ == mode_t_::normal) {
            if (state_ == state_t::open && now >= until_) {
                enter(state_t::half_open);
                held_until_ = until_ + o_.hold_back;
                changes.push_back({state_t::open, state_t::half_open, cause::break_over});
            }
            const instant lease = first_lease();
            const instant next = std::min(lease, stay_until_);
            if (state_ != state_t::half_open || next > now)
                return;
            if (lease > stay_until_) {
                open(stay_until_, cause::stay_over, outlast::verdict::no_hint);
                continue;
            }
            for (probe& p : probes_)
                if (p.is == running && p.until == lease)
                    p.is = bad;
            judge(lease, cause::lease_over, outlast::verdict::no_hint);
        }
    }
    void judge(instant when, cause if_failed, duration hint) {
        const auto slow = static_cast<std::size_t>(std::ranges::count_if(
            probes_, [](const probe& p) { return (p.is == good || p.is == bad) && p.slow; }));
        const outlast::ratio tolerated = o_.window.by_row() ? outlast::ratio{} : o_.failure_ratio;
        if (share(counted(bad), o_.deciding(), tolerated)) {
            open(when, if_failed, hint);
        } else if (share(slow, o_.deciding(), o_.slow_ratio)) {
            open(when, cause::probes_slow, hint);
        } else if (counted(good) + counted(bad) >= o_.deciding()) {
            enter(state_t::closed);
            closed_since_ = when;
            if (o_.flap_memory == duration::zero())
                failed_periods_ = 0;
            ramping_ = o_.ramp_for != duration::zero();
            ramp_from_ = when;
            changes.push_back({state_t::half_open, state_t::closed, cause::probes_good});
        }
    }
    void open(instant when, cause why, duration hint) {
        if (state_ == state_t::closed && when - closed_since_ >= o_.flap_memory)
            failed_periods_ = 0;
        duration length = o_.open_for.series.base;
        for (int i = 0; i != failed_periods_; ++i)
            length = o_.open_for.series.grown(length);
        ++failed_periods_;
        length = std::min(length, o_.open_for.series.cap);
        if (hint > duration::zero())
            length = std::max(length, std::min(hint, o_.hint_cap));
        const state_t from = enter(state_t::open);
        until_ = when + length;
        changes.push_back({from, state_t::open, why});
    }
    state_t enter(state_t s) {
        ++generation_;
        probes_.clear();
        results_.clear();
        started_.clear();
        stay_until_ = outlast::never;
        told_ = false;
        ramping_ = false;
        asked_ = {};
        passed_ = 0;
        return std::exchange(state_, s);
    }

    outlast::circuit_breaker_options o_;
    state_t state_ = state_t::closed;
    mode_t_ mode_ = mode_t_::normal;
    int generation_ = 0;
    bool told_ = false;
    int failed_periods_ = 0;
    instant until_{};
    instant held_until_{};
    instant stay_until_ = outlast::never;
    instant closed_since_{};
    bool ramping_ = false;
    instant ramp_from_{};
    duration asked_{}; // the sum of what each who asked found to be over of the ramp
    std::int64_t passed_ = 0;
    std::vector<result> results_{};
    std::vector<instant> started_{}; // never: it is over
    std::vector<probe> probes_{};
};

} // namespace outlast_tests

#endif
