// SPDX-License-Identifier: BSL-1.0
//
// Every order of events of three calls through a bulkhead.
#include <outlast/bulkhead.hpp>

#include "support/catch.hpp"
#include "support/explore.hpp"
#include "support/explore_calls.hpp"
#include "support/print.hpp"

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

using outlast::bulkhead_counts;
using outlast::instant;
using outlast::reading;
using outlast::refusal;
using outlast::step;
using outlast::verdict;
using outlast_tests::call_view;
using outlast_tests::calls_scene;
using outlast_tests::deed;
using outlast_tests::digest;
using outlast_tests::event;
using outlast_tests::explored;
using outlast_tests::explorer;
using outlast_tests::phase;
using outlast_tests::plain_rig;
using outlast_tests::rules;
using outlast_tests::ticks;

namespace {

using bulkhead = outlast::basic_bulkhead<>;

bool works(const call_view& c) { return c.is == phase::calling && c.callee == outlast::work; }

template <class Bulkhead>
struct bulkhead_rig : plain_rig {
    struct config {
        rules rule{};
        outlast::bulkhead_options options{};
    };
    struct seen {
        bulkhead_counts is{};
        std::uint32_t permits = 0;
        std::uint32_t queue = 0;
        void put(digest& d, instant) const { d.add(permits).add(is.running).add(is.queued); }
    };
    static constexpr bool in_order = true;

    explicit bulkhead_rig(const config& c) : door_(c.options) {}

    auto start(int) { return door_.start(); }
    seen look(instant) {
        const auto o = door_.options();
        return {door_.counts(), o.permits, o.queue};
    }
    void order(int which, instant) {
        auto o = door_.options();
        o.permits = static_cast<std::uint32_t>(which) + 1;
        door_.reconfigure(o);
    }
    static std::string order_words(int which) {
        return "there are " + std::to_string(which + 1) + " permits";
    }
    static bool rests(const auto& v) { return v.rig.is.running == 0 && v.rig.is.queued == 0; }

    static std::string check(const auto& before, const event& e, const auto& after) {
        const auto count = [](const auto& v, auto which) {
            return static_cast<std::uint32_t>(std::count_if(v.calls.begin(), v.calls.end(), which));
        };
        const auto parked = [](const call_view& c) { return c.is == phase::parked; };
        const auto& was_rig = before.rig;
        const auto& rig = after.rig;
        if (count(after, works) > std::max({rig.permits, count(before, works), was_rig.is.running}))
            return "never more calls at once than permits";
        if (rig.is.running > std::max(rig.permits, was_rig.is.running))
            return "no permit is given out that there is not";
        if (count(after, works) + count(after, parked) != rig.is.running + rig.is.queued)
            return "every permit and every place in the line belongs to a call under way";
        if (rig.is.queued > rig.queue)
            return "the line is no longer than it may be";
        if (rig.is.queued != 0 && rig.is.running < rig.permits)
            return "nobody waits while there is a permit";
        if (e.what == deed::time || e.what == deed::order)
            return {};
        const call_view& was = before.calls[e.who];
        const call_view& is = after.calls[e.who];
        if (works(is) && !works(was) && !parked(was) && was_rig.is.queued != 0)
            return "nobody is let through while another one waits";
        if (works(is) && parked(was))
            for (const call_view& o : before.calls)
                if (parked(o) && !o.woken && o.rank < was.rank)
                    return "who waits longest is let through first";
        if (e.what == deed::woke && was.woken && after.now < was.by && !works(is))
            return "a permit that was handed over is used";
        const bool refused = is.is == phase::idle && e.what != deed::abandoned && !works(was) &&
                             is.last.outcome.why == refusal::bulkhead_full;
        if (refused && parked(was) && after.now < was.at)
            return "nobody is refused before the wait is over";
        if (refused && !parked(was) && (was_rig.is.queued < was_rig.queue && was_rig.queue != 0))
            return "nobody is refused while there is room in the line";
        if (refused && was_rig.is.running < was_rig.permits)
            return "nobody is refused while there is a permit";
        return {};
    }

private:
    Bulkhead door_;
};

using config = bulkhead_rig<bulkhead>::config;

template <class Bulkhead>
explored explore(const config& c) {
    using scene = calls_scene<bulkhead_rig<Bulkhead>>;
    const typename bulkhead_rig<Bulkhead>::config same{c.rule, c.options};
    return explorer<scene>{20'000}([=] { return std::make_unique<scene>(same); });
}
// Beside each one a bulkhead that is asked for the plain case first.
explored explore_with_twin(const config& c) {
    using scene = calls_scene<bulkhead_rig<bulkhead>>;
    return explorer<scene>{20'000}([&] { return std::make_unique<scene>(c); },
                                   [&] { return std::make_unique<scene>(c, true); });
}

struct named {
    const char* name;
    config setting;
};
std::vector<named> configs() {
    constexpr int wait = 2;
    const rules plain{.call_memory = wait};
    return {
        {"one permit, no line", {plain, {.permits = 1}}},
        {"one permit, a line of one", {plain, {.permits = 1, .queue = 1, .wait = ticks(wait)}}},
        {"one permit, a line of three", {plain, {.permits = 1, .queue = 3, .wait = ticks(wait)}}},
        {"two permits, a line of two", {plain, {.permits = 2, .queue = 2, .wait = ticks(wait)}}},
        {"deadlines, and parks that end for no reason",
         {{.begins = {{.by = 1}, {.by = 3}}, .spurious = true, .call_memory = wait},
          {.permits = 1, .queue = 2, .wait = ticks(wait)}}},
        {"no longest wait",
         {{.begins = {{}, {.by = 2}}, .call_memory = wait},
          {.permits = 1, .queue = 2, .wait = outlast::no_limit}}},
        {"other permits meanwhile",
         {{.orders = 2, .call_memory = wait}, {.permits = 1, .queue = 2, .wait = ticks(wait)}}},
    };
}

} // namespace

TEST_CASE("explore: a bulkhead keeps its promises in every state") {
    for (const named& n : configs()) {
        const explored e = explore_with_twin(n.setting);
        INFO(n.name << ": " << e.words());
        CHECK(e.holds());
    }
}

TEST_CASE("explore: how many states bulkheads have", "[.][explored]") {
    for (const named& n : configs())
        WARN(n.name << ": " << explore<bulkhead>(n.setting).words());
}

// ---- broken on purpose: each is found, by as few events as it takes

namespace {

struct ringer {
    outlast::waker* bell;
    outlast::waker& waiter() { return *bell; }
};

// A bulkhead whose runs are `Run`s around a run of the real one.
template <class Run>
struct broken : bulkhead {
    struct member {
        bulkhead::run* of;
        outlast::waker* bell;
    };
    using bulkhead::bulkhead;
    Run start() { return Run{*this}; }
    bulkhead::run whole() { return bulkhead::start(); }
    std::vector<std::shared_ptr<bulkhead::run>> kept{};
    std::vector<member> line{};
};

struct wrapped {
    static constexpr outlast::operation operations = bulkhead::run::operations;

    template <class Bulkhead>
    explicit wrapped(Bulkhead& shared)
        : kept(&shared.kept), inner(new bulkhead::run(shared.whole())) {}

    step begin(reading& now, outlast::terms t, verdict& v) { return inner->begin(now, t, v); }
    step settled(reading& now, outlast::lane on, verdict& v) { return inner->settled(now, on, v); }
    step woke(reading& now, outlast::lane on, verdict& v) { return inner->woke(now, on, v); }
    bool plain_begin(reading&, instant&) { return false; }
    bool plain_success(reading&) const { return false; }
    void plain_end() {}
    void abandoned() noexcept { inner->abandoned(); }
    template <class Hand>
    verdict act(outlast::operation what, reading& now, Hand& hand) {
        return inner->act(what, now, hand);
    }

    std::vector<std::shared_ptr<bulkhead::run>>* kept;
    std::shared_ptr<bulkhead::run> inner;
};

// Forgets what it holds when it is dropped.
struct leaks : wrapped {
    using wrapped::wrapped;
    void abandoned() noexcept { kept->push_back(inner); }
};

// Lets a call through that finds the line full.
struct one_more : wrapped {
    using wrapped::wrapped;
    step settled(reading& now, outlast::lane on, verdict& v) {
        const step s = wrapped::settled(now, on, v);
        const bool refused = std::exchange(asked, false) && s.what == outlast::action::finish;
        return refused ? step::call(outlast::work, outlast::never) : s;
    }
    template <class Hand>
    verdict act(outlast::operation what, reading& now, Hand& hand) {
        asked = true;
        return wrapped::act(what, now, hand);
    }
    bool asked = false;
};

// Woken, it asks for a permit again in the place of taking the one that it has.
struct asks_again : wrapped {
    using wrapped::wrapped;
    step woke(reading& now, outlast::lane, verdict& v) {
        inner->abandoned();
        return inner->begin(now, outlast::never, v);
    }
};

// Goes away at the end of its wait, and leaves its place in the line taken.
struct leaves_its_shadow : wrapped {
    using wrapped::wrapped;
    step settled(reading& now, outlast::lane on, verdict& v) {
        const step s = wrapped::settled(now, on, v);
        at = s.at;
        return s;
    }
    step woke(reading& now, outlast::lane on, verdict& v) {
        if (now.get() < at)
            return wrapped::woke(now, on, v);
        kept->push_back(inner);
        v = verdict::neutral(refusal::bulkhead_full);
        return step::finish();
    }
    instant at = outlast::never;
};

// Stands in front of who waits already.
struct pushes_in : wrapped {
    using shared_type = broken<pushes_in>;
    explicit pushes_in(shared_type& s) : wrapped(s), shared(&s) {}
    pushes_in(const pushes_in&) = delete;
    ~pushes_in() { leave(); }
    void leave() {
        std::erase_if(shared->line, [&](const auto& m) { return m.of == inner.get(); });
    }
    step woke(reading& now, outlast::lane on, verdict& v) {
        leave();
        return wrapped::woke(now, on, v);
    }
    template <class Hand>
    verdict act(outlast::operation what, reading& now, Hand& hand) {
        const bool all_wait = shared->counts().queued == shared->line.size();
        const auto others = all_wait ? shared->line : decltype(shared->line){};
        for (const auto& m : others)
            m.of->abandoned();
        shared->line.push_back({inner.get(), &hand.waiter()});
        const verdict v = wrapped::act(what, now, hand);
        for (const auto& m : others) {
            ringer h{m.bell};
            (void)m.of->act(what, now, h);
        }
        return v;
    }
    shared_type* shared;
};

void finds(const explored& e, const char* invariant, const char* how) {
    INFO(e.words());
    CHECK(e.broken == invariant);
    CHECK(e.how == how);
}

} // namespace

TEST_CASE("explore: what is broken in a bulkhead is found") {
    const config two{{.call_memory = 2}, {.permits = 1, .queue = 2, .wait = ticks(2)}};
    finds(explore<broken<wrapped>>(two), "", "");
    finds(explore<broken<leaks>>(two),
          "every permit and every place in the line belongs to a call under way",
          "    call A begins\n"
          "    call A is dropped\n");
    const config one{{.call_memory = 2}, {.permits = 1, .queue = 1, .wait = ticks(2)}};
    finds(explore<broken<one_more>>(one), "never more calls at once than permits",
          "    call A begins\n"
          "    call B begins\n"
          "    call B has its operation done\n"
          "    call C begins\n"
          "    call C has its operation done\n");
    finds(explore<broken<asks_again>>(two), "a permit that was handed over is used",
          "    call A begins\n"
          "    call B begins\n"
          "    call B has its operation done\n"
          "    call A succeeds\n"
          "    call A begins\n"
          "    call A has its operation done\n"
          "    call B wakes\n");
    finds(explore<broken<leaves_its_shadow>>(two),
          "every permit and every place in the line belongs to a call under way",
          "    call A begins\n"
          "    call B begins\n"
          "    call B has its operation done\n"
          "    a tick passes\n"
          "    a tick passes\n"
          "    call B wakes\n");
    finds(explore<broken<pushes_in>>(two), "who waits longest is let through first",
          "    call A begins\n"
          "    call B begins\n"
          "    call B has its operation done\n"
          "    call C begins\n"
          "    call C has its operation done\n"
          "    call A succeeds\n"
          "    call C wakes\n");
}
