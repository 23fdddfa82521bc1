// SPDX-License-Identifier: BSL-1.0
//
// Every order of events of calls through a hedge around a bulkhead, with a budget that they share.
#include <outlast/bulkhead.hpp>
#include <outlast/hedge.hpp>
#include <outlast/pipeline.hpp>

#include "support/catch.hpp"
#include "support/explore.hpp"
#include "support/explore_calls.hpp"
#include "support/print.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

using outlast::action;
using outlast::instant;
using outlast::lane;
using outlast::never;
using outlast::reading;
using outlast::refusal;
using outlast::step;
using outlast::verdict;
using outlast_tests::ahead;
using outlast_tests::digest;
using outlast_tests::explored;
using outlast_tests::explorer;
using outlast_tests::tick;
using outlast_tests::ticks;

namespace {

using hedge = outlast::basic_hedge<>;

constexpr std::uint32_t saved_up = 2; // the most tokens of the budget
constexpr int delay = 2;              // ticks

struct config {
    std::size_t calls = 1;
    std::uint32_t max_lanes = 3;
    std::uint32_t permits = 8;
    int by = 0; // ticks until the deadline; 0: none
    bool budget = true;
};

enum class deed : std::uint8_t { begin, success, failure, refused, cancelled, dropped, time };
constexpr const char* names[] = {"begins",       "succeeds", "fails", "is refused",
                                 "is cancelled", "dropped",  ""};

struct move {
    deed what = deed::time;
    std::uint8_t who = 0;
    lane on = 0;
};

struct lane_view {
    bool runs = false;
    instant since{};
};
struct call_view {
    bool under_way = false;
    std::array<lane_view, 4> lanes{};
    std::uint32_t begun = 0; // lanes that were let through, in all
    instant by = never;
    instant last{}; // when the last lane was begun
    bool refused = false;
    verdict first{};
    bool first_over = false;
    step end{};
    verdict outcome{};

    [[nodiscard]] std::uint32_t running() const {
        std::uint32_t n = 0;
        for (const lane_view& l : lanes)
            n += l.runs;
        return n;
    }
};

struct view {
    const config* set = nullptr;
    instant now{};
    std::vector<call_view> calls{};
    std::uint32_t tokens = 0;
    std::uint32_t permits_out = 0;
    std::uint64_t hedged = 0;
    std::uint64_t refused = 0; // by the bulkhead, in all

    [[nodiscard]] std::vector<move> moves() const {
        std::vector<move> all;
        bool any_idle = false;
        for (std::uint8_t i = 0; i != calls.size(); ++i) {
            const call_view& c = calls[i];
            if (!c.under_way) {
                if (!any_idle)
                    all.push_back({deed::begin, i, 0});
                any_idle = true;
                continue;
            }
            for (lane l = 0; l != 4; ++l)
                if (c.lanes[l].runs)
                    for (const deed d :
                         {deed::success, deed::failure, deed::refused, deed::cancelled})
                        all.push_back({d, i, l});
            all.push_back({deed::dropped, i, 0});
        }
        all.push_back({});
        return all;
    }

    [[nodiscard]] std::string key() const {
        std::vector<std::string> each;
        for (const call_view& c : calls) {
            digest d;
            d.add(c.under_way);
            if (c.under_way) {
                for (const lane_view& l : c.lanes)
                    d.add(l.runs);
                d.add(c.begun).add(c.refused).add(ahead(now, c.by)).add(c.first_over);
                d.add(c.first_over ? static_cast<int>(c.first.kind) : 0);
                d.add(std::min<std::int64_t>((now - c.last) / tick, delay + 1));
            }
            each.push_back(d.bytes());
        }
        std::sort(each.begin(), each.end());
        digest d;
        for (const std::string& s : each)
            d.add(s);
        return d.add(tokens).add(permits_out).bytes();
    }
};

template <class Hedge>
class scene {
public:
    using move = ::move;
    using view = ::view;

    explicit scene(const config& c)
        : set_(&c),
          budget_(outlast::traffic_share{.share = outlast::ratio::of(1),
                                         .one_each = outlast::no_limit,
                                         .most = saved_up,
                                         .at_start = saved_up}),
          hedge_({.idempotent = true,
                  .max_lanes = c.max_lanes,
                  .delay = ticks(delay),
                  .budget = c.budget ? &budget_ : nullptr}),
          door_({.permits = c.permits}),
          calls_(c.calls) {}
    scene(const scene&) = delete;

    void play(const move& m) {
        call& c = calls_[m.who];
        verdict v;
        reading now{now_};
        switch (m.what) {
        case deed::begin:
            c.seen = {.under_way = true, .by = set_->by == 0 ? never : now_ + ticks(set_->by)};
            c.machine.emplace(pipeline_.start());
            follow(c, c.machine->begin(now, c.seen.by, v), v);
            break;
        case deed::success:
            settle(c, m.on, {});
            break;
        case deed::failure:
            settle(c, m.on, verdict::failure());
            break;
        case deed::refused:
            settle(c, m.on, verdict::neutral(refusal::rate_limited));
            break;
        case deed::cancelled:
            settle(c, m.on, verdict::neutral(refusal::cancelled));
            break;
        case deed::dropped:
            c.machine->abandoned();
            c.machine.reset();
            c.seen = {};
            break;
        case deed::time:
            now_ += tick;
            for (call& one : calls_) // nudges, and deadlines
                for (lane l = 0; one.seen.under_way && l != 4; ++l)
                    if (one.seen.lanes[l].runs && now_ >= one.seen.by)
                        settle(one, l, verdict::expired());
            break;
        }
        for (call& one : calls_)
            nudge(one);
    }

    view look() {
        view v{.set = set_,
               .now = now_,
               .tokens = budget_.tokens(),
               .permits_out = door_.counts().running,
               .hedged = hedge_.counts().hedged,
               .refused = door_.counts().refused};
        for (const call& c : calls_)
            v.calls.push_back(c.seen);
        return v;
    }

    static std::string check(const view& before, const move& m, const view& after) {
        std::uint32_t running = 0;
        for (const call_view& c : after.calls) {
            running += c.under_way ? c.running() : 0;
            if (c.begun > after.set->max_lanes)
                return "never more lanes than the maximum";
            if (c.under_way && c.running() == 0)
                return "a call whose lanes are all over is over";
        }
        if (running != after.permits_out)
            return "every lane that runs has a permit, and no other";
        const call_view& was = before.calls[m.who];
        const call_view& is = after.calls[m.who];
        const auto begun = after.hedged - before.hedged;
        if (after.set->budget) {
            // What a refusal of the bulkhead took, it gave back; the first lane's costs nothing.
            const bool refund = m.what == deed::refused && m.on != 0;
            const auto locally = m.what == deed::begin ? 0 : after.refused - before.refused;
            const auto there = std::min<std::uint64_t>(
                before.tokens + (m.what == deed::success) + refund, saved_up);
            if (after.tokens + begun != there + locally)
                return "the budget pays for each further lane that was sent, and for nothing else";
        }
        if (m.what == deed::time) {
            for (std::size_t i = 0; i != after.calls.size(); ++i)
                if (after.calls[i].begun > before.calls[i].begun &&
                    after.now - before.calls[i].last < ticks(delay))
                    return "time starts no lane before the delay";
            return {};
        }
        if (m.what == deed::begin || m.what == deed::dropped)
            return {};
        const std::uint32_t others = was.running() - 1;
        if (m.what == deed::success)
            return !is.under_way && is.end.on == m.on && is.outcome.ok()
                       ? ""
                       : "a success is the answer at once";
        if (is.begun > was.begun && (m.what == deed::refused || was.refused))
            return "after a refusal no lane is started";
        if (!is.under_way && others != 0 && m.what != deed::cancelled)
            return "what is no success is no answer while another lane runs";
        if (!is.under_way && m.what != deed::cancelled && is.outcome != is.first)
            return "when none succeeds, what the first lane came to is the answer";
        const bool can = was.begun < after.set->max_lanes && !was.refused &&
                         (!after.set->budget || before.tokens != 0);
        if (m.what == deed::failure && can && begun == 0)
            return "a failure starts the next lane at once";
        return {};
    }

    static std::string promise(const move&) { return {}; }
    static std::string words(const move& m) {
        if (m.what == deed::time)
            return "a tick passes";
        std::string s = "call ";
        s += static_cast<char>('A' + m.who);
        if (m.what == deed::begin || m.what == deed::dropped)
            return s + (m.what == deed::begin ? " begins" : " is dropped");
        return s + " in lane " + std::to_string(m.on) + " " +
               names[static_cast<std::size_t>(m.what)];
    }
    static bool helps(const move& m) {
        return m.what == deed::begin || m.what == deed::success || m.what == deed::time;
    }
    static bool rests(const view& v) {
        return std::none_of(v.calls.begin(), v.calls.end(),
                            [](const call_view& c) { return c.under_way; });
    }

private:
    using pipeline_type = outlast::pipeline<std::reference_wrapper<Hedge>,
                                            std::reference_wrapper<outlast::basic_bulkhead<>>>;
    using run_type = decltype(std::declval<pipeline_type&>().start());
    struct call {
        std::optional<run_type> machine{};
        call_view seen{};
    };

    void settle(call& c, lane on, verdict v) {
        call_view& seen = c.seen;
        seen.lanes[on].runs = false;
        if (on == 0) {
            seen.first = v;
            seen.first_over = true;
        }
        seen.refused = seen.refused || v.kind == outlast::verdict_kind::neutral;
        reading now{now_};
        follow(c, c.machine->settled(now, on, v), v);
    }

    // As a driver does after each event.
    void nudge(call& c) {
        for (int i = 0; c.seen.under_way && c.machine->nudge() <= now_ && i != 9; ++i) {
            reading now{now_};
            verdict v;
            follow(c, c.machine->nudged(now, v), v);
        }
    }

    void follow(call& c, const step& s, const verdict& v) {
        if (s.is_nothing()) {
            // Tried, and refused by the bulkhead.
            c.seen.refused = c.seen.refused || door_.counts().refused != refused_before_;
        } else if (s.what == action::call) {
            c.seen.lanes[s.on] = {true, now_};
            c.seen.last = now_;
            ++c.seen.begun;
        } else {
            c.seen.under_way = false;
            for (lane_view& l : c.seen.lanes)
                l.runs = false;
            c.seen.end = s;
            c.seen.outcome = v;
            c.machine.reset();
        }
        refused_before_ = door_.counts().refused;
    }

    const config* set_;
    outlast::budget budget_;
    Hedge hedge_;
    outlast::basic_bulkhead<> door_;
    pipeline_type pipeline_{std::ref(hedge_), std::ref(door_)};
    std::uint64_t refused_before_ = 0;
    instant now_{ticks(1000)};
    std::vector<call> calls_;
};

template <class Hedge>
explored explore(const config& c) {
    return explorer<scene<Hedge>>{20'000}([&] { return std::make_unique<scene<Hedge>>(c); });
}

struct named {
    const char* name;
    config setting;
};
std::vector<named> configs() {
    return {
        {"three lanes, a budget of two", {}},
        {"four lanes, no budget", {.max_lanes = 4, .budget = false}},
        {"three lanes, a deadline", {.by = 5}},
        {"three lanes, of which two find a permit", {.permits = 2}},
        {"one lane", {.max_lanes = 1}},
        {"two calls", {.calls = 2, .max_lanes = 2}},
        {"two calls, three permits", {.calls = 2, .max_lanes = 2, .permits = 3}},
    };
}

} // namespace

TEST_CASE("explore: a hedge keeps its promises in every state") {
    for (const named& n : configs()) {
        const explored e = explore<hedge>(n.setting);
        INFO(n.name << ": " << e.words());
        CHECK(e.holds());
    }
}

TEST_CASE("explore: how many states hedges have", "[.][explored]") {
    for (const named& n : configs())
        WARN(n.name << ": " << explore<hedge>(n.setting).words());
}

// ---- broken on purpose: each is found, by as few events as it takes

namespace {

// A hedge whose runs are `Run`s, made of runs of the real one.
template <class Run>
struct broken : hedge {
    using hedge::hedge;
    struct run : Run {
        explicit run(broken& h) : Run(h) {}
    };
    run start() { return run{*this}; }
};

struct as_it_is : hedge::run {
    explicit as_it_is(hedge& h) : run(h), shared(&h) {}
    hedge* shared;
};

// Starts one lane more than it may.
struct one_more : as_it_is {
    using as_it_is::as_it_is;
    step settled(reading& now, lane on, verdict& v) {
        const step s = run::settled(now, on, v);
        if (s.what != action::finish || !v.failed() || on == 3)
            return s;
        v = {};
        return step::call(outlast::work, never).in(3);
    }
};

// Takes the first result, whatever it is.
struct hasty : as_it_is {
    using as_it_is::as_it_is;
    step settled(reading& now, lane on, verdict& v) {
        const step s = run::settled(now, on, v);
        return s.is_nothing() ? step::finish().in(on) : s;
    }
};

// Has a lane paid back that was sent.
struct thrifty : as_it_is {
    using as_it_is::as_it_is;
    step settled(reading& now, lane on, verdict& v) {
        if (on != 0 && v.failed() && shared->options().budget != nullptr)
            shared->options().budget->end_retry(false);
        return run::settled(now, on, v);
    }
};

// Takes a refusal for a failure.
struct stubborn : as_it_is {
    using as_it_is::as_it_is;
    step settled(reading& now, lane on, verdict& v) {
        if (v.why == refusal::rate_limited)
            v = verdict::failure();
        return run::settled(now, on, v);
    }
};

// Answers with the last failure.
struct forgetful : as_it_is {
    using as_it_is::as_it_is;
    step settled(reading& now, lane on, verdict& v) {
        const verdict mine = v;
        const step s = run::settled(now, on, v);
        if (s.what == action::finish)
            v = mine;
        return s;
    }
};

// Never comes to an end when it has been nudged.
struct lost : as_it_is {
    using as_it_is::as_it_is;
    step nudged(reading& now, verdict& v) {
        nudges = true;
        return run::nudged(now, v);
    }
    step settled(reading& now, lane on, verdict& v) {
        const step s = run::settled(now, on, v);
        return nudges && s.what == action::finish && !v.ok() ? step::nothing() : s;
    }
    bool nudges = false;
};

template <class Run>
void finds(const config& c, const char* invariant, const char* how) {
    const explored e = explore<broken<Run>>(c);
    INFO(e.words());
    CHECK(e.broken == invariant);
    CHECK(e.how == how);
}

} // namespace

TEST_CASE("explore: what is broken in a hedge is found") {
    const config two{.max_lanes = 2};
    finds<as_it_is>(two, "", "");
    finds<one_more>(two, "never more lanes than the maximum",
                    "    call A begins\n"
                    "    call A in lane 0 fails\n"
                    "    call A in lane 1 fails\n");
    finds<hasty>(two, "what is no success is no answer while another lane runs",
                 "    call A begins\n"
                 "    a tick passes\n"
                 "    a tick passes\n"
                 "    call A in lane 0 fails\n");
    finds<thrifty>(two, "the budget pays for each further lane that was sent, and for nothing else",
                   "    call A begins\n"
                   "    call A in lane 0 fails\n"
                   "    call A in lane 1 fails\n");
    finds<stubborn>(two, "after a refusal no lane is started",
                    "    call A begins\n"
                    "    call A in lane 0 is refused\n");
    finds<forgetful>(two, "when none succeeds, what the first lane came to is the answer",
                     "    call A begins\n"
                     "    call A in lane 0 fails\n"
                     "    call A in lane 1 is refused\n");
    finds<lost>(two, "a call whose lanes are all over is over",
                "    call A begins\n"
                "    a tick passes\n"
                "    a tick passes\n"
                "    call A in lane 0 is refused\n"
                "    call A in lane 1 fails\n");
}
