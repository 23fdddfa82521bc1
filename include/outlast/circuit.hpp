// SPDX-License-Identifier: BSL-1.0
//
// The arithmetic of a circuit: closed, open, half-open. Not thread-safe: circuit_breaker.hpp puts
// it under a lock and makes a policy of it.
#ifndef OUTLAST_CIRCUIT_HPP
#define OUTLAST_CIRCUIT_HPP

#include <outlast/callback.hpp>
#include <outlast/label.hpp>
#include <outlast/permit.hpp>
#include <outlast/ratio.hpp>
#include <outlast/step.hpp>
#include <outlast/window.hpp>

#include <vector>

namespace outlast {

struct circuit_breaker_options {
    /// The share of failures at which it opens: this share or more. Above 0 %. Default 50 %.
    ratio failure_ratio = ratio::of(0.5);
    /// What the share is of: the last n calls (`20`) or the last span of time (`10s`).
    /// Default: the last 100 calls.
    window_span window = 100;
    /// Fewer results than this decide nothing. Default 0: 10, or the whole window if it is smaller.
    std::uint32_t minimum_calls = 0;
    /// How long it refuses before it lets probes through. Default 10 s.
    duration open_for = std::chrono::seconds{10};
    /// How many probes decide whether it closes again, and how many run at once. Default 1.
    std::uint32_t probes = 1;
    /// How long a probe may take; one that takes as long counts as a failure and its later result
    /// as nothing. Default 30 s.
    duration probe_lease = std::chrono::seconds{30};
    /// For so long after `open_for` only calls that lose nothing may probe: those for which a cache
    /// outside holds a stale answer. The others follow then, or after the first good probe; not
    /// while one is running. Default 0: all alike.
    duration hold_back{};
    /// Which failures and timeouts count. What it declines is recorded as nothing. Default: all.
    callback<bool(const verdict&)> failure_if{};
    /// What it guards, for messages: the endpoint, say.
    label name = "circuit breaker";

    /// What is wrong with these options, as a sentence; null if nothing is.
    [[nodiscard]] constexpr const char* problem() const noexcept {
        if (!failure_ratio.valid() || failure_ratio.millionths() == 0)
            return "circuit breaker: failure_ratio is above 0 % and at most 100 %";
        if (!window.valid())
            return "circuit breaker: window is 1 to 1 000 000 calls, or a span of time";
        if (!window.by_time() && minimum_calls > window.calls)
            return "circuit breaker: minimum_calls is larger than the window: it could never open";
        if (open_for <= duration::zero())
            return "circuit breaker: open_for is longer than 0";
        if (probes == 0 || probes > 10'000)
            return "circuit breaker: probes is 1 to 10 000";
        if (hold_back < duration::zero() || hold_back == forever)
            return "circuit breaker: hold_back is 0 or a length of time";
        if (probe_lease <= duration::zero() || probe_lease == forever)
            return "circuit breaker: probe_lease is longer than 0";
        return nullptr;
    }

    /// Every option, for `describe`.
    template <class F>
    constexpr void each(F&& f) const {
        f("failure_ratio", failure_ratio);
        f("window", window);
        f("minimum_calls", minimum());
        f("open_for", open_for);
        f("probes", probes);
        f("probe_lease", probe_lease);
        f("hold_back", hold_back);
        f("failure_if", failure_if, "all");
        f("name", name);
    }

    [[nodiscard]] constexpr std::uint32_t minimum() const noexcept {
        if (minimum_calls != 0)
            return minimum_calls;
        return window.by_time() || window.calls > 10 ? 10 : window.calls;
    }
};

enum class circuit_state : std::uint8_t { closed, open, half_open };

/// Each state keeps what belongs to it; each change of state starts a new generation of permits.
class circuit {
public:
    constexpr explicit circuit(const circuit_breaker_options& o)
        : options_(o), window_(o.window), leases_(o.probes, lease{}) {}

    /// What admission comes to: a ticket, or a refusal with the time until asking makes sense.
    struct admission {
        bool admitted = false;
        bool needs_time = false; ///< nothing was decided: come again with the time known
        ticket with{};
        duration retry_after = verdict::no_hint;
    };

    /// \param spare whether the call loses nothing if it fails (`terms`)
    constexpr admission admit(reading& now, bool spare = false) {
        if (isolated_)
            return {};
        if (state_ == circuit_state::closed)
            return {.admitted = true, .with = {generation_, ticket::no_place}};
        if (!now.known())
            return {.needs_time = true};
        advance(now.get());
        if (state_ == circuit_state::open)
            return {.retry_after = until(now.get(), open_until_)};
        if (!spare && holds_back(now.get()))
            return {.retry_after = until(now.get(), held_until())};
        for (std::uint32_t p = 0; p != leases_.size(); ++p)
            if (leases_[p].what == probe::free) {
                leases_[p] = {probe::running, after(now.get(), options_.probe_lease)};
                return {.admitted = true, .with = {generation_, p}};
            }
        return {.retry_after = until(now.get(), earliest_lease())};
    }

    /// The result of an admitted call. One of an earlier generation changes nothing.
    /// \return false if nothing was recorded because the time must be known for it
    [[nodiscard]] constexpr bool record(reading& now, ticket with, bool failed) {
        if (with.generation != generation_)
            return true;
        if (!now.known() && needs_time(failed))
            return false;
        if (state_ == circuit_state::half_open) {
            advance(now.get()); // a lease may have ended meanwhile, this one's too
            if (with.generation != generation_ || leases_[with.place].what != probe::running)
                return true;
            leases_[with.place].what = failed ? probe::failed : probe::succeeded;
            decide(now.get());
            return true;
        }
        const tally counts = window_.record(now.known() ? now.get() : instant{}, failed);
        if (trips(counts)) {
            tripped_ = counts;
            open(now.get());
        }
        return true;
    }

    /// A permit that comes back without a verdict: the probe's place is free again.
    constexpr void give_back(ticket with) noexcept {
        if (with.generation == generation_ && with.place != ticket::no_place &&
            leases_[with.place].what == probe::running)
            leases_[with.place].what = probe::free;
    }

    /// The state that the next call would meet.
    constexpr circuit_state state(instant now) noexcept {
        advance(now);
        return state_;
    }

    /// Whether any call would be admitted now, without a look at the time, and nothing would change.
    [[nodiscard]] constexpr bool passes() const noexcept {
        return state_ == circuit_state::closed && !isolated_;
    }
    /// Whether a success recorded now could change nothing but the count of successes.
    [[nodiscard]] constexpr bool quiet() const noexcept {
        return passes() && window_.quiet(options_.minimum());
    }
    /// Records so many successes as of `when`, counted elsewhere while all was quiet.
    constexpr void add_successes(std::uint32_t n, instant when) noexcept {
        window_.add_successes(n, when);
    }
    /// The end of the slice of the window that this moment is in; `never` where there are none.
    [[nodiscard]] constexpr instant slice_end(reading& now) const noexcept {
        return options_.window.by_time() ? window_.slice_end(now.get()) : never;
    }
    [[nodiscard]] constexpr std::uint64_t generation() const noexcept { return generation_; }
    /// Until when it refuses. \pre open
    [[nodiscard]] constexpr instant open_until() const noexcept { return open_until_; }
    /// Whether it refuses until then, and that is all there is to say. Does not move.
    [[nodiscard]] constexpr bool refuses() const noexcept {
        return state_ == circuit_state::open && !isolated_;
    }

    /// Refuses everything until `close`, whatever the results say.
    constexpr void isolate() noexcept { isolated_ = true; }
    [[nodiscard]] constexpr bool isolated() const noexcept { return isolated_; }

    /// Closed, with an empty window; ends an isolation too.
    constexpr void close() noexcept {
        isolated_ = false;
        enter(circuit_state::closed);
        window_.clear();
    }

    /// What it counted when it opened last.
    [[nodiscard]] constexpr tally tripped() const noexcept { return tripped_; }
    constexpr tally counts(instant now) noexcept { return window_.counts(now); }
    [[nodiscard]] constexpr const circuit_breaker_options& options() const noexcept {
        return options_;
    }

private:
    enum class probe : std::uint8_t { free, running, succeeded, failed };
    struct lease {
        probe what = probe::free;
        instant until = never;
    };

    // When a call that has something to lose may be the first probe.
    [[nodiscard]] constexpr instant ready_at() const noexcept {
        return after(open_until_, options_.hold_back);
    }

    constexpr instant held_until() const noexcept {
        const instant running = earliest_lease();
        return running == never ? ready_at() : running;
    }

    constexpr bool holds_back(instant now) const noexcept {
        if (options_.hold_back == duration::zero() || succeeded())
            return false;
        return now < ready_at() || earliest_lease() != never;
    }

    constexpr bool succeeded() const noexcept {
        for (const lease& l : leases_)
            if (l.what == probe::succeeded)
                return true;
        return false;
    }

    constexpr bool trips(const tally& counts) const noexcept {
        return counts.recorded >= options_.minimum() && counts.failed != 0 &&
               options_.failure_ratio.reached(counts.failed, counts.recorded);
    }

    constexpr bool needs_time(bool failed) const noexcept {
        return state_ != circuit_state::closed || window_.by_time() ||
               trips(window_.counts_with(failed));
    }

    constexpr void enter(circuit_state s) noexcept {
        state_ = s;
        ++generation_;
        for (lease& l : leases_)
            l = {};
    }

    constexpr void open(instant since) noexcept {
        enter(circuit_state::open);
        open_until_ = after(since, options_.open_for);
        window_.clear();
    }

    // What time alone does: an open circuit becomes half-open; a probe whose lease is over has
    // failed at that instant, even if nobody asked then.
    constexpr void advance(instant now) noexcept {
        for (;;) {
            if (state_ == circuit_state::open && now >= open_until_) {
                enter(circuit_state::half_open);
                return;
            }
            if (state_ != circuit_state::half_open)
                return;
            const instant over = earliest_lease();
            if (over > now)
                return;
            for (lease& l : leases_)
                if (l.what == probe::running && l.until == over)
                    l.what = probe::failed;
            decide(over);
        }
    }

    // Reopens as soon as the share of failures is certain, closes only when every probe answered.
    constexpr void decide(instant at) noexcept {
        std::uint32_t failed = 0;
        std::uint32_t answered = 0;
        for (const lease& l : leases_) {
            failed += l.what == probe::failed;
            answered += l.what == probe::failed || l.what == probe::succeeded;
        }
        const auto permitted = static_cast<std::uint32_t>(leases_.size());
        if (failed != 0 && options_.failure_ratio.reached(failed, permitted)) {
            tripped_ = {answered, failed};
            open(at);
        } else if (answered == permitted) {
            enter(circuit_state::closed);
            window_.clear();
        }
    }

    [[nodiscard]] constexpr instant earliest_lease() const noexcept {
        instant first = never;
        for (const lease& l : leases_)
            if (l.what == probe::running)
                first = std::min(first, l.until);
        return first;
    }

    circuit_breaker_options options_;
    window window_;
    std::vector<lease> leases_;
    circuit_state state_ = circuit_state::closed;
    bool isolated_ = false;
    std::uint64_t generation_ = 0;
    instant open_until_{};
    tally tripped_{};
};

} // namespace outlast

#endif // OUTLAST_CIRCUIT_HPP
