// SPDX-License-Identifier: BSL-1.0
//
// A few calls at once through whatever policies a rig holds, told every event that a driver may
// tell: the scene that explore.hpp plays.
#ifndef OUTLAST_TESTS_SUPPORT_EXPLORE_CALLS_HPP
#define OUTLAST_TESTS_SUPPORT_EXPLORE_CALLS_HPP

#include <outlast/machine.hpp>
#include <outlast/names.hpp>

#include "support/explore.hpp"
#include "support/told.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace outlast_tests {

/// All times of an exploration are whole numbers of it.
inline constexpr outlast::duration tick{100};
[[nodiscard]] constexpr outlast::duration ticks(int n) { return tick * n; }

/// An instant as seen from now, in ticks; what is over is over.
[[nodiscard]] constexpr std::int64_t ahead(outlast::instant now, outlast::instant at) {
    return at == outlast::never ? 9'999 : outlast::until(now, at) / tick;
}

enum class deed : std::uint8_t {
    begin,   ///< how: on which of the terms
    success, ///< of the work
    failure,
    hint, ///< a failure that says when to come back
    neutral,
    cancelled,
    in_vain,   ///< the work was asked for when its time was over: a driver does not begin it
    operated,  ///< a policy's own operation was carried out
    broke,     ///< it threw
    woke,      ///< how: 1 for no reason at all
    abandoned, ///< dropped
    time,      ///< a tick
    order,     ///< something that a rig has of its own
};

struct event {
    deed what = deed::time;
    std::uint8_t who = 0;
    std::uint8_t how = 0;
};

/// What may happen, and what has to be remembered to know what will.
struct rules {
    std::size_t calls = 3;
    struct terms {
        int by = 0; ///< ticks until the deadline outside; 0: none
        bool spare = false;
    };
    std::vector<terms> begins{terms{}};
    int hint = 0; ///< ticks; 0: no failure has one
    bool neutral = true;
    bool cancelled = false;
    bool time = true;      ///< it passes
    bool breaks = false;   ///< own operations may throw
    bool spurious = false; ///< a park may end for no reason
    std::uint8_t orders = 0;
    std::uint32_t max_attempts = 1;
    int call_memory = 0;    ///< ticks from the beginning of a call after which it is just long ago
    int attempt_memory = 0; ///< the same of an attempt
    bool history = false;   ///< what an attempt, or an operation, came to decides what comes later
};

enum class phase : std::uint8_t { idle, calling, waiting, parked };

/// What is seen of a call.
struct call_view {
    phase is = phase::idle;
    outlast::operation callee = outlast::work;
    bool spare = false; ///< of the step
    bool in_vain = false;
    bool woken = false;
    outlast::instant at = outlast::never;
    outlast::instant by = outlast::never;
    outlast::instant begun{};
    outlast::instant asked{}; ///< the last step
    std::uint32_t attempts = 0;
    int rank = 0;  ///< how many steps anybody was given when it was given its own; an order
    int mark = 0;  ///< the rig's
    int value = 0; ///< what it came to, once it is over
    std::string past{};
    outlast::verdict in_hand{};
    answer last{outlast::step::finish()};
};

/// Nothing of its own: inherit it and write what there is.
struct plain_rig {
    struct seen {
        void put(digest&, outlast::instant) const {}
    };
    struct config {
        rules rule{};
    };
    seen look(outlast::instant) { return {}; }
    /// Something was told to a call.
    void told(const event&, outlast::instant, const call_view&) {}
    /// After the look: what else decides the future of this call. Small.
    int mark(std::size_t, outlast::instant, const call_view&) { return 0; }
    void order(int, outlast::instant) {}
    void time(outlast::instant) {}
    void breaks(bool) {}           ///< whether an operation is to throw
    void drop(outlast::instant) {} ///< a call is about to be dropped
    /// The value of work that ends now.
    int value(std::size_t) { return 0; }
    /// Whether followers, or waits in line, make the order of calls matter.
    static constexpr bool in_order = false;
    template <class View>
    static std::string check(const View&, const event&, const View&) {
        return {};
    }
    template <class Scene>
    static std::string promise(Scene&, const event&) {
        return {};
    }
    static bool rests(const auto&) { return true; }
    static bool may(const auto&, const event&) { return true; }
    static constexpr bool orders_help = false;
    static std::string order_words(int) { return "an order"; }
};

template <class Rig>
class calls_scene {
public:
    using move = event;
    using config = typename Rig::config;

    struct view {
        const rules* rule = nullptr;
        outlast::instant now{};
        std::vector<call_view> calls{};
        typename Rig::seen rig{};
        bool woke_nobody = false;

        [[nodiscard]] std::vector<event> moves() const {
            std::vector<event> all;
            const auto add = [&](deed what, std::size_t who, int how = 0) {
                const event e{what, static_cast<std::uint8_t>(who), static_cast<std::uint8_t>(how)};
                if (Rig::may(*this, e))
                    all.push_back(e);
            };
            bool any_idle = false; // they are all alike
            for (std::size_t i = 0; i != calls.size(); ++i) {
                const call_view& c = calls[i];
                switch (c.is) {
                case phase::idle:
                    if (!any_idle)
                        for (std::size_t t = 0; t != rule->begins.size(); ++t)
                            add(deed::begin, i, static_cast<int>(t));
                    any_idle = true;
                    continue;
                case phase::calling:
                    if (c.callee != outlast::work) {
                        add(deed::operated, i);
                        if (rule->breaks)
                            add(deed::broke, i);
                    } else if (c.in_vain) {
                        add(deed::in_vain, i);
                    } else {
                        add(deed::success, i);
                        add(deed::failure, i);
                        if (rule->hint != 0)
                            add(deed::hint, i);
                        if (rule->neutral)
                            add(deed::neutral, i);
                        if (rule->cancelled)
                            add(deed::cancelled, i);
                    }
                    break;
                case phase::waiting:
                    if (now >= c.at)
                        add(deed::woke, i);
                    break;
                case phase::parked:
                    if (now >= c.at || c.woken)
                        add(deed::woke, i);
                    else if (rule->spurious)
                        add(deed::woke, i, 1);
                    break;
                }
                add(deed::abandoned, i);
            }
            for (int o = 0; o != rule->orders; ++o)
                add(deed::order, 0, o);
            if (rule->time)
                add(deed::time, 0);
            return all;
        }

        [[nodiscard]] std::string key() const {
            std::vector<std::string> each;
            for (const call_view& c : calls)
                each.push_back(key_of(c));
            std::sort(each.begin(), each.end()); // whose call it is plays no part
            digest d;
            for (const std::string& s : each)
                d.add(s);
            rig.put(d, now);
            return d.bytes();
        }

    private:
        [[nodiscard]] std::string key_of(const call_view& c) const {
            digest d;
            d.add(static_cast<int>(c.is));
            if (c.is == phase::idle)
                return d.bytes();
            d.add(c.callee).add(c.in_vain).add(c.woken).add(ahead(now, c.at)).add(ahead(now, c.by));
            d.add(std::min<std::int64_t>((now - c.begun) / tick, rule->call_memory));
            d.add(c.is == phase::calling
                      ? std::min<std::int64_t>((now - c.asked) / tick, rule->attempt_memory)
                      : 0);
            d.add(c.mark);
            if (rule->max_attempts != 1)
                d.add(c.attempts);
            if (rule->history)
                d.add(c.past);
            if (c.is == phase::waiting)
                d.add(static_cast<int>(c.in_hand.kind)).add(static_cast<int>(c.in_hand.why));
            if (Rig::in_order) { // who came before
                int before = 0;
                for (const call_view& o : calls)
                    before += o.is != phase::idle && o.rank < c.rank;
                d.add(before);
            }
            return d.bytes();
        }
    };

    /// \param plain whether the plain case is asked for first, as the blocking driver does
    explicit calls_scene(const config& c, bool plain = false)
        : rule_(&c.rule), plain_(plain), rig_(c), calls_(c.rule.calls) {}

    void play(const event& e) {
        tell(e);
        // What it was woken by, and what came in between, is part of a call's past.
        const std::string& by = calls_[e.who].seen.past;
        const std::string last = by.substr(by.size() < 4 ? 0 : by.size() - 4);
        for (call& c : calls_) {
            if (c.wake.called && !std::exchange(c.wake.noted, true))
                c.seen.past += "W" + std::to_string(static_cast<int>(e.what)) + last;
            if (e.what == deed::order && c.seen.is != phase::idle)
                c.seen.past += static_cast<char>('F' + e.how);
        }
    }

    view look() {
        view v{.rule = rule_, .now = now_, .rig = rig_.look(now_)};
        for (std::size_t i = 0; i != calls_.size(); ++i) {
            call& c = calls_[i];
            c.seen.woken = c.wake.called;
            c.seen.mark = rig_.mark(i, now_, c.seen);
            v.calls.push_back(c.seen);
            v.woke_nobody = v.woke_nobody || (c.seen.is == phase::idle && c.wake.called);
        }
        return v;
    }

    static std::string check(const view& before, const event& e, const view& after) {
        if (after.woke_nobody)
            return "nobody wakes a call that is over";
        if (e.what != deed::time && e.what != deed::order && e.what != deed::abandoned) {
            const call_view& c = after.calls[e.who];
            if ((c.is == phase::waiting || c.is == phase::parked) && c.at < after.now &&
                c.at != c.by)
                return "a wait is never in the past";
            if (c.is != phase::idle && c.at > c.by)
                return "no step asks for more time than the deadline outside";
            if (c.attempts > after.rule->max_attempts)
                return "attempts never exceed the maximum";
        }
        return Rig::check(before, e, after);
    }

    std::string promise(const event& e) { return rig_.promise(*this, e); }

    [[nodiscard]] Rig& rig() noexcept { return rig_; }
    [[nodiscard]] outlast::instant now() const noexcept { return now_; }
    void pass(outlast::duration d) { now_ += d; }

    static std::string words(const event& e) {
        static constexpr const char* names[] = {"begins",
                                                "succeeds",
                                                "fails",
                                                "fails, with a hint",
                                                "is told nothing",
                                                "is cancelled",
                                                "has no time left to begin",
                                                "has its operation done",
                                                "sees its operation throw",
                                                "wakes",
                                                "is dropped",
                                                "a tick",
                                                ""};
        if (e.what == deed::time)
            return "a tick passes";
        if (e.what == deed::order)
            return Rig::order_words(e.how);
        std::string s = "call ";
        s += static_cast<char>('A' + e.who);
        s += std::string(" ") + names[static_cast<std::size_t>(e.what)];
        if (e.what == deed::begin && e.how != 0)
            s += " on terms " + std::to_string(e.how);
        if (e.what == deed::woke && e.how != 0)
            s += " for no reason";
        return s;
    }
    static bool helps(const event& e) {
        switch (e.what) {
        case deed::begin:
        case deed::success:
        case deed::in_vain:
        case deed::operated:
        case deed::time:
            return true;
        case deed::woke:
            return e.how == 0;
        case deed::order:
            return Rig::orders_help;
        default:
            return false;
        }
    }
    static bool rests(const view& v) {
        return std::all_of(v.calls.begin(), v.calls.end(),
                           [](const call_view& c) { return c.is == phase::idle; }) &&
               Rig::rests(v);
    }

private:
    void tell(const event& e) {
        call& c = calls_[e.who];
        using outlast::verdict;
        switch (e.what) {
        case deed::begin:
            return begin(e, c);
        case deed::success:
            c.value = rig_.value(e.who);
            return settle(e, c, verdict::success());
        case deed::failure:
            return settle(e, c, verdict::failure());
        case deed::hint:
            return settle(e, c, verdict::failure(ticks(rule_->hint)));
        case deed::neutral:
            return settle(e, c, verdict::neutral(outlast::refusal::bulkhead_full));
        case deed::cancelled:
            return settle(e, c, verdict::neutral(outlast::refusal::cancelled));
        case deed::in_vain:
            return settle(e, c, verdict::neutral(outlast::refusal::timed_out));
        case deed::operated:
            return settle(e, c, operate(c, false));
        case deed::broke:
            return settle(e, c, operate(c, true));
        case deed::woke: {
            c.wake.called = c.wake.noted = false;
            auto now = reading();
            return follow(e, c, c.machine->woke(now, 0, c.seen.in_hand));
        }
        case deed::abandoned:
            rig_.drop(now_);
            c.machine->abandoned();
            c.machine.reset();
            c.seen.is = phase::idle;
            c.wake.called = c.wake.noted = false;
            return rig_.told(e, now_, c.seen);
        case deed::time:
            now_ += tick;
            return rig_.time(now_);
        case deed::order:
            return rig_.order(e.how, now_);
        }
    }

    using run_type = decltype(std::declval<Rig&>().start(0));

    // Takes what `start` gives where it is to stay: not every machine can be moved there.
    struct started {
        Rig& rig;
        int who;
        operator run_type() const { return rig.start(who); }
    };
    struct bell final : outlast::waker {
        bool called = false;
        bool noted = false;
        void wake() noexcept override { called = true; }
    };
    // As much of outlast::hand as an operation needs.
    struct call;
    struct in_hand {
        call& of;
        bool fails;
        outlast::waker& waiter() { return of.wake; }
        const int& value() const { return of.value; }
        void emplace(int v) { of.value = v; }
        void drop_value() {}
        [[nodiscard]] std::uint32_t attempts() const { return 0; }
        template <class Answer, class Inside>
        outlast::verdict
        replace(Answer&, const outlast::verdict&, outlast::instant, const Inside&) {
            return fails ? outlast::verdict::failure() : outlast::verdict::success();
        }
    };
    struct call {
        bell wake{};
        std::optional<run_type> machine{};
        int value = 0;
        call_view seen{};
        bool is_plain = false;
    };

    outlast::reading reading() {
        return {[](void* now) { return *static_cast<outlast::instant*>(now); }, &now_};
    }

    void begin(const event& e, call& c) {
        const rules::terms& t = rule_->begins[e.how];
        c.seen = {.by = t.by == 0 ? outlast::never : now_ + ticks(t.by), .begun = now_};
        c.wake.called = c.wake.noted = false;
        c.machine.emplace(started{rig_, e.who});
        auto now = reading();
        outlast::instant by = c.seen.by;
        if (plain_ && !t.spare && c.machine->plain_begin(now, by) &&
            (by == outlast::never || now.get() < by)) {
            c.is_plain = true;
            return follow(e, c, outlast::step::call(outlast::work, by));
        }
        c.is_plain = false;
        follow(e, c, c.machine->begin(now, outlast::terms{c.seen.by, t.spare}, c.seen.in_hand));
    }

    void settle(const event& e, call& c, const outlast::verdict& v) {
        auto now = reading();
        note(c, v);
        c.seen.in_hand = v;
        if (std::exchange(c.is_plain, false) && v.ok() && c.machine->plain_success(now)) {
            c.machine->plain_end();
            return follow(e, c, outlast::step::finish());
        }
        follow(e, c, c.machine->settled(now, 0, c.seen.in_hand));
    }

    // As outlast::detail::operate: one that throws has failed.
    outlast::verdict operate(call& c, bool throws) {
        outlast::verdict v;
        if constexpr (run_type::operations > 0) {
            auto now = reading();
            in_hand h{c, throws};
            rig_.breaks(throws);
            try {
                v = c.machine->act(c.seen.callee, now, h);
            } catch (...) {
                v = outlast::verdict::failure();
            }
            rig_.breaks(false);
        }
        return v;
    }

    static void note(call& c, const outlast::verdict& v) {
        c.seen.past += static_cast<char>('0' + c.seen.callee);
        c.seen.past += static_cast<char>('a' + static_cast<int>(v.kind));
        c.seen.past += static_cast<char>('A' + static_cast<int>(v.why));
        c.seen.past += static_cast<char>('0' + v.note);
    }

    void follow(const event& e, call& c, const outlast::step& s) {
        call_view& seen = c.seen;
        seen.last = {s, seen.in_hand};
        seen.at = s.at;
        seen.asked = now_;
        seen.callee = s.callee;
        seen.spare = s.spare;
        if (seen.is != phase::parked || s.what != outlast::action::park)
            seen.rank = ++steps_;
        switch (s.what) {
        case outlast::action::call:
            seen.is = phase::calling;
            seen.in_vain = s.calls_work() && s.at <= now_;
            seen.attempts += s.calls_work() && !seen.in_vain;
            break;
        case outlast::action::wait:
            seen.is = phase::waiting;
            break;
        case outlast::action::park:
            seen.is = phase::parked;
            break;
        case outlast::action::finish:
            seen.is = phase::idle;
            seen.value = c.value;
            c.wake.called = c.wake.noted = false;
            c.machine.reset();
            break;
        }
        rig_.told(e, now_, seen);
    }

    const rules* rule_;
    bool plain_;
    outlast::instant now_{ticks(1000)};
    int steps_ = 0;
    Rig rig_; // outlives the calls
    std::vector<call> calls_;
};

} // namespace outlast_tests

#endif
