// SPDX-License-Identifier: BSL-1.0
//
// A circuit breaker as explore_calls.hpp plays it: what of it decides the future, and what it owes.
#ifndef OUTLAST_TESTS_SUPPORT_EXPLORE_CIRCUIT_HPP
#define OUTLAST_TESTS_SUPPORT_EXPLORE_CIRCUIT_HPP

#include <outlast/circuit_breaker.hpp>

#include "support/explore_calls.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace outlast_tests {

/// One thread that keeps a line for its successes, as threads with a mutex do.
struct one_thread {
    constexpr void lock() noexcept {}
    constexpr void unlock() noexcept {}
    static constexpr std::size_t lines() noexcept { return 1; }
    static constexpr std::size_t line() noexcept { return 0; }
};

/// What is seen of a breaker, and which of its generations it is.
struct circuit_seen {
    outlast::circuit_snapshot is{};
    outlast::circuit_breaker_options options{};
    int generation = 0;
    std::string_view why{}; ///< of the last refusal

    /// All but the calls under way.
    void put(digest& d, outlast::instant now) const {
        d.add(static_cast<int>(is.state)).add(static_cast<int>(is.mode));
        const auto& series = options.open_for.series;
        if (series.factor_millis != 1000)
            d.add(std::min<std::int64_t>(is.breaks, 3)); // by then it has met its cap
        switch (is.state) {
        case outlast::circuit_state::closed:
            if (options.flap_memory != outlast::duration::zero())
                d.add(std::min(now - is.closed_since, options.flap_memory) / tick);
            if (is.ramping.under_way && now - is.ramping.from < options.ramp_for)
                d.add((now - is.ramping.from) / tick).add(is.ramping.credit / tick);
            else
                d.add(-1).add(is.ramping.under_way);
            for (const std::uint8_t r : is.window.results)
                d.add(r);
            d.add(is.window.in_a_row);
            for (const auto& s : is.window.slices)
                if (s.counts.recorded != 0)
                    d.add((now - s.from).count() * 10 / tick.count())
                        .add(s.counts.recorded)
                        .add(s.counts.failed)
                        .add(s.counts.slow);
            break;
        case outlast::circuit_state::open:
            d.add(ahead(now, is.open_until));
            break;
        case outlast::circuit_state::half_open:
            d.add(ahead(now, is.trial_over_at));
            d.add(ahead(now, after(is.open_until, options.hold_back)));
            d.add(is.answers.recorded).add(is.answers.failed).add(is.answers.slow);
            break;
        }
    }
    [[nodiscard]] std::string key(outlast::instant now) const {
        digest d;
        put(d, now);
        return d.bytes();
    }
};

/// Of a call, its `mark`.
namespace circuit_mark {
inline constexpr int late = -1; ///< nothing that it says counts
}

/// \tparam Breaker a `basic_circuit_breaker`, or something broken that looks like one
template <class Breaker>
struct circuit_rig : plain_rig {
    using seen = circuit_seen;
    struct config {
        rules rule{};
        outlast::circuit_breaker_options options{};
        bool peeks = false; ///< somebody looks after each event
    };

    explicit circuit_rig(const config& c) : config_(c), breaker_(with_events(c.options)) {
        admitted_.resize(c.rule.calls);
    }
    circuit_rig(const circuit_rig&) = delete;

    auto start(int) { return breaker_.start(); }

    void told(const event& e, outlast::instant now, const call_view& c) {
        if (c.is == phase::calling && e.what != deed::abandoned)
            admitted_[e.who] = {log_.generation, now};
        peek(now);
    }
    void time(outlast::instant now) { peek(now); }
    // Dropping tells no time: that a lease was over by then has to be seen before, or the place is
    // free again as if it had not been.
    void drop(outlast::instant now) { (void)breaker_.state(now); }

    // By hand.
    void order(int how, outlast::instant now) {
        switch (how) {
        case 0:
            return breaker_.set_mode(breaker_.mode() == outlast::circuit_mode::normal
                                         ? outlast::circuit_mode::isolated
                                         : outlast::circuit_mode::normal);
        case 1:
            return breaker_.trip(now);
        case 2:
            return breaker_.half_open(now);
        default:
            return breaker_.close();
        }
    }
    static constexpr bool orders_help = true; // who isolates it also ends that
    static std::string order_words(int how) {
        static constexpr const char* names[] = {"isolated by hand, or no longer", "tripped by hand",
                                                "half-opened by hand", "closed by hand"};
        return names[how];
    }

    seen look(outlast::instant now) {
        seen s{.is = breaker_.snapshot(now), .options = config_.options};
        s.generation = log_.generation;
        s.why = log_.why;
        half_open_ = s.is.state == outlast::circuit_state::half_open;
        return s;
    }

    int mark(std::size_t who, outlast::instant now, const call_view& c) {
        if (c.is != phase::calling || c.callee != outlast::work)
            return 0;
        const admitted& a = admitted_[who];
        if (a.generation != log_.generation)
            return circuit_mark::late;
        const auto& o = config_.options;
        const outlast::duration age = now - a.at;
        if (half_open_ && age >= o.probe_lease)
            return circuit_mark::late;
        outlast::duration matters = half_open_ ? o.probe_lease : outlast::duration::zero();
        if (o.watches_slow())
            matters = std::max(matters, o.slow_from);
        return static_cast<int>(1 + std::min(age, matters) / tick);
    }

    // A window of time holds as many results as there are; here, so many.
    static bool may(const auto& v, const event& e) {
        const auto& o = v.rig.options;
        if (!o.window.by_time() || v.rig.is.state != outlast::circuit_state::closed)
            return true;
        if (e.what != deed::success && e.what != deed::failure && e.what != deed::hint)
            return true;
        std::uint32_t n = 0;
        for (const auto& s : v.rig.is.window.slices)
            n += s.counts.recorded;
        return n < most_in_window;
    }
    static constexpr std::uint32_t most_in_window = 4;

    static bool rests(const auto& v) {
        return v.rig.is.state == outlast::circuit_state::closed &&
               v.rig.is.mode == outlast::circuit_mode::normal && !v.rig.is.ramping.under_way;
    }

    static std::uint32_t probes_out(const auto& v) {
        std::uint32_t n = 0;
        if (v.rig.is.state == outlast::circuit_state::half_open)
            for (const call_view& c : v.calls)
                n += c.mark > 0;
        return n;
    }
    static bool full(const auto& v) {
        const auto& o = v.rig.options;
        const std::uint32_t out = probes_out(v);
        return out >= o.probes ||
               out + v.rig.is.answers.recorded >= std::max(o.probes, o.deciding());
    }

    static std::string check(const auto& before, const event& e, const auto& after) {
        using outlast::circuit_refusal;
        using outlast::circuit_state;
        const outlast::circuit_state state = before.rig.is.state;
        const bool isolated = before.rig.is.mode == outlast::circuit_mode::isolated;
        if (probes_out(after) > after.rig.options.probes)
            return "never more probes at once than permitted";
        const call_view& c = after.calls[e.who];
        if (e.what == deed::begin && c.is == phase::calling) {
            if (isolated)
                return "who is isolated admits nobody";
            if (state == circuit_state::open)
                return "an open circuit admits nobody";
            if (state == circuit_state::half_open && full(before))
                return "never more probes at once than permitted";
        } else if (e.what == deed::begin) {
            if (c.last.outcome.why != outlast::refusal::circuit_open)
                return "who is refused is told why";
            // Without this a place that nobody holds would be taken for ever.
            if (after.rig.why == to_string(circuit_refusal::probing) && !full(before))
                return "a permit whose call is over is not out";
            if (state == circuit_state::closed && !before.rig.is.ramping.under_way &&
                !before.rig.options.watches_slow() && !isolated)
                return "a closed circuit refuses nobody";
            if (isolated == c.last.outcome.has_hint())
                return "a refusal says when to come back, except by hand";
            if (!isolated && (c.last.outcome.hint <= outlast::duration::zero() ||
                              c.last.outcome.hint == outlast::forever))
                return "what a refusal says when to come back is ahead and comes";
        }
        const bool says_nothing = e.what == deed::neutral || e.what == deed::abandoned;
        const bool is_late =
            before.calls[e.who].mark == circuit_mark::late &&
            before.calls[e.who].is == phase::calling &&
            (e.what == deed::success || e.what == deed::failure || e.what == deed::hint);
        if ((says_nothing || is_late) && (before.rig.key(before.now) != after.rig.key(after.now) ||
                                          before.rig.generation != after.rig.generation))
            return is_late ? "a late verdict changes nothing that counts"
                           : "what says nothing changes nothing";
        return {};
    }

    /// Who waits exactly as long as a refusal says meets something else. And a place that nobody
    /// holds can be had.
    template <class Scene>
    std::string promise(Scene& scene, const event& e) {
        const auto refused = scene.look();
        if (e.what != deed::begin)
            return has_room(refused) && !admits_one(scene, refused)
                       ? "a permit whose call is over is not out"
                       : "";
        const call_view& c = refused.calls[e.who];
        if (c.is != phase::idle || !c.last.outcome.has_hint())
            return {};
        scene.pass(c.last.outcome.hint);
        const auto before = scene.look();
        scene.play(e);
        const auto again = scene.look();
        if (again.calls[e.who].is == phase::idle &&
            refused.rig.generation == again.rig.generation &&
            refused.rig.is.answers == again.rig.is.answers &&
            probes_out(refused) == probes_out(before) && refused.rig.why == again.rig.why)
            return "who waits as long as a refusal says is not refused for the same reason";
        return {};
    }

protected:
    static bool has_room(const auto& v) {
        return v.rig.is.state == outlast::circuit_state::half_open &&
               v.rig.is.mode == outlast::circuit_mode::normal && !full(v);
    }
    template <class Scene>
    static bool admits_one(Scene& scene, const auto& v) {
        for (std::size_t i = 0; i != v.calls.size(); ++i)
            if (v.calls[i].is == phase::idle) {
                // On the last terms, which have least to lose.
                scene.play({deed::begin, static_cast<std::uint8_t>(i),
                            static_cast<std::uint8_t>(v.rule->begins.size() - 1)});
                return scene.look().calls[i].is != phase::idle;
            }
        return true;
    }

    struct admitted {
        int generation = 0;
        outlast::instant at{};
    };
    // Counts what starts a new generation; each of these tells so.
    struct log {
        int generation = 0;
        std::string_view why{};
        void operator()(const outlast::event& e) {
            if (e.what == outlast::event_kind::refused)
                why = e.why;
            else
                ++generation;
        }
    };

    outlast::circuit_breaker_options with_events(outlast::circuit_breaker_options o) {
        o.events = log_;
        return o;
    }
    void peek(outlast::instant now) {
        if (config_.peeks)
            (void)breaker_.state(now);
    }

    const config& config_;
    log log_{};
    Breaker breaker_;
    bool half_open_ = false;
    std::vector<admitted> admitted_{};
};

} // namespace outlast_tests

#endif
