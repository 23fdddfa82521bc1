// SPDX-License-Identifier: BSL-1.0
#include <outlast/nest.hpp>

#include "support/catch.hpp"
#include "support/print.hpp"
#include "support/script.hpp"
#include "support/told.hpp"

#include <chrono>
#include <cstddef>
#include <utility>
#include <vector>

using namespace std::chrono_literals;
using outlast::action;
using outlast::instant;
using outlast::never;
using outlast::reading;
using outlast::step;
using outlast::verdict;
using outlast::work;
using outlast_tests::answer;
using outlast_tests::at;
using outlast_tests::begin;
using outlast_tests::finished;
using outlast_tests::settle;
using outlast_tests::wake;

namespace {

enum class told { begin, settled, woke, nudged, plain_end, abandoned, explained, acted };

/// What one machine was told, and the answers it gives, in order.
struct notes {
    struct event {
        told what;
        instant by = never;
        verdict with{};
        int operation = 0;
        bool spare = false;
    };
    std::vector<event> events{};
    std::vector<answer> answers{};
    std::size_t next = 0;
    instant nudge = never;
    bool plain = false;
    bool refuses = false;
    bool passes = false;

    constexpr step say(verdict& v) {
        const answer a = next < answers.size() ? answers[next++] : finished({});
        if (a.what == action::finish)
            v = a.outcome;
        return a;
    }
    [[nodiscard]] constexpr std::vector<told> all() const {
        std::vector<told> t;
        for (const event& e : events)
            t.push_back(e.what);
        return t;
    }
};

/// A machine that answers as it is told to.
template <int Operations>
struct puppet {
    static constexpr outlast::operation operations = Operations;
    static constexpr bool pinned = false;
    notes* strings;
    std::uint32_t mark = 0;

    constexpr step begin(reading&, outlast::terms t, verdict& v) {
        strings->events.push_back({told::begin, t.by, {}, 0, t.spare});
        return strings->say(v);
    }
    constexpr step settled(reading&, outlast::lane, verdict& v) {
        strings->events.push_back({told::settled, never, v});
        return strings->say(v);
    }
    constexpr step woke(reading&, outlast::lane, verdict& v) {
        strings->events.push_back({told::woke});
        return strings->say(v);
    }
    constexpr instant nudge() const noexcept { return strings->nudge; }
    constexpr step nudged(reading&, verdict& v) {
        strings->events.push_back({told::nudged});
        return strings->say(v);
    }
    constexpr bool plain_begin(reading&, instant&) { return strings->plain; }
    constexpr bool plain_success(reading&) const { return strings->plain; }
    constexpr void plain_end() noexcept { strings->events.push_back({told::plain_end}); }
    constexpr bool plain_refusal(reading&, verdict& v) {
        v = verdict::neutral(outlast::refusal::circuit_open);
        return strings->refuses;
    }
    constexpr bool passes_refusals() noexcept { return strings->passes; }
    constexpr void credit(outlast::report&) const noexcept {}
    constexpr void abandoned() noexcept { strings->events.push_back({told::abandoned}); }
    constexpr void explain(outlast::failure_facts& facts) const noexcept {
        facts.attempts = facts.attempts * 10 + mark;
    }
    template <class Hand>
    constexpr verdict act(outlast::operation what, reading&, Hand&) {
        strings->events.push_back({told::acted, never, {}, what});
        return {};
    }
};

template <int OuterOperations = 0, int InnerOperations = 0>
struct pair_of {
    notes outer{};
    notes inner{};
    reading now{at(0ms)};
    outlast::nest<puppet<OuterOperations>, puppet<InnerOperations>> both{
        puppet<OuterOperations>{&outer, 1}, puppet<InnerOperations>{&inner, 2}};
};

constexpr step call_by(outlast::duration d) { return step::call(work, at(d)); }

constexpr verdict bad = verdict::failure();

using told_all = std::vector<told>;

} // namespace

static_assert(outlast::machine<outlast::nest<outlast::leaf, outlast::leaf>>);
static_assert(outlast::nest<puppet<2>, puppet<3>>::operations == 5);

TEST_CASE("nest: the outer machine's call of the work runs the inner machine by its deadline") {
    pair_of<> p;
    p.outer.answers = {call_by(70ms)};
    p.inner.answers = {call_by(30ms)};
    CHECK(begin(p.both, p.now, at(100ms)) == call_by(30ms));
    CHECK(p.outer.events.front().by == at(100ms));
    CHECK(p.inner.events.front().by == at(70ms));
}

TEST_CASE("nest: what the inner machine asks for is cut to the outer one's deadline") {
    pair_of<> p;
    p.outer.answers = {call_by(70ms), call_by(20ms)};
    p.inner.answers = {step::call(work, never), step::wait(at(90ms)), step::park(never),
                       step::wait(at(60ms)),    finished(bad),        step::wait(at(50ms))};
    CHECK(begin(p.both, p.now, never) == call_by(70ms));
    CHECK(settle(p.both, p.now, bad) == step::wait(at(70ms)));
    CHECK(wake(p.both, p.now) == step::park(at(70ms)));
    CHECK(wake(p.both, p.now) == step::wait(at(60ms)));
    // The next round has its own deadline.
    CHECK(wake(p.both, p.now) == step::wait(at(20ms)));
}

TEST_CASE("nest: the inner machine's finish is what the outer one's call came to") {
    pair_of<> p;
    p.outer.answers = {call_by(70ms), finished(verdict::expired())};
    p.inner.answers = {call_by(70ms), finished(bad)};
    begin(p.both, p.now, never);
    CHECK(settle(p.both, p.now, verdict::success()) == finished(verdict::expired()));
    CHECK(p.inner.events.back().with == verdict::success());
    CHECK(p.outer.events.back().with == bad);
    CHECK(p.outer.all() == told_all{told::begin, told::settled});
}

TEST_CASE("nest: an inner machine that finishes at once is asked as often as the outer one calls") {
    pair_of<> p;
    p.outer.answers = {call_by(1ms), call_by(2ms), call_by(3ms), finished({})};
    p.inner.answers = {finished(bad), finished(bad), finished(verdict::success())};
    CHECK(begin(p.both, p.now, never) == finished({}));
    CHECK(p.inner.all() == told_all{told::begin, told::begin, told::begin});
    CHECK(p.outer.events[2].with == bad);
    CHECK(p.outer.events[3].with == verdict::success());
}

TEST_CASE("nest: outside of a call of the work the outer machine is told") {
    pair_of<> p;
    p.outer.answers = {step::wait(at(10ms)), step::park(at(20ms)), step::wait(at(30ms)),
                       call_by(40ms)};
    p.inner.answers = {call_by(40ms), step::wait(at(35ms)), step::wait(at(36ms))};
    CHECK(begin(p.both, p.now, never) == step::wait(at(10ms)));
    CHECK(wake(p.both, p.now) == step::park(at(20ms)));
    CHECK(outlast_tests::nudge(p.both, p.now) == step::wait(at(30ms)));
    CHECK(p.inner.events.empty());
    CHECK(wake(p.both, p.now) == call_by(40ms));
    // Inside of it, the inner one.
    p.inner.nudge = at(0ms);
    CHECK(outlast_tests::nudge(p.both, p.now) == step::wait(at(35ms)));
    CHECK(wake(p.both, p.now) == step::wait(at(36ms)));
    CHECK(p.outer.all() == told_all{told::begin, told::woke, told::nudged, told::woke});
    CHECK(p.inner.all() == told_all{told::begin, told::nudged, told::woke});
}

TEST_CASE("nest: the earlier nudge counts, and finds who asked for it") {
    pair_of<> p;
    p.outer.answers = {call_by(70ms), step::wait(never), finished(bad)};
    p.inner.answers = {call_by(70ms), step::wait(never)};
    p.outer.nudge = at(20ms);
    p.inner.nudge = at(10ms);
    CHECK(p.both.nudge() == at(20ms)); // nothing runs inside
    begin(p.both, p.now, never);
    CHECK(p.both.nudge() == at(10ms));
    p.now = reading{at(10ms)};
    outlast_tests::nudge(p.both, p.now);
    CHECK(p.inner.all() == told_all{told::begin, told::nudged});
    p.inner.nudge = never;
    CHECK(p.both.nudge() == at(20ms));
    p.now = reading{at(20ms)};
    CHECK(outlast_tests::nudge(p.both, p.now) == step::wait(never));
    CHECK(p.inner.all() == told_all{told::begin, told::nudged});
    // An outer machine that has heard enough drops what runs inside.
    CHECK(outlast_tests::nudge(p.both, p.now) == finished(bad));
    CHECK(p.inner.all() == told_all{told::begin, told::nudged, told::abandoned});
    CHECK(p.outer.all() == told_all{told::begin, told::nudged, told::nudged});
}

TEST_CASE("nest: a wait that ends at the outer deadline ends the inner machine") {
    for (const auto when : {69ms, 70ms, 71ms}) {
        pair_of<> p;
        p.outer.answers = {call_by(70ms), finished(bad)};
        p.inner.answers = {step::wait(never), step::wait(at(70ms))};
        begin(p.both, p.now, never);
        p.now = reading{at(when)};
        CAPTURE(when);
        if (when < 70ms) {
            CHECK(wake(p.both, p.now) == step::wait(at(70ms)));
            CHECK(p.inner.all() == told_all{told::begin, told::woke});
        } else {
            CHECK(wake(p.both, p.now) == finished(bad));
            CHECK(p.inner.all() == told_all{told::begin, told::abandoned});
            CHECK(p.outer.events.back().with == verdict::expired());
        }
    }
}

// It waited for others, on this side of the wire: a breaker outside learns nothing from it.
TEST_CASE("nest: what is parked at the outer deadline was not attempted") {
    pair_of<> p;
    p.outer.answers = {call_by(70ms), finished(bad)};
    p.inner.answers = {step::wait(at(10ms)), step::park(never)};
    begin(p.both, p.now, never);
    p.now = reading{at(10ms)};
    CHECK(wake(p.both, p.now) == step::park(at(70ms)));
    p.now = reading{at(70ms)};
    CHECK(wake(p.both, p.now) == finished(bad));
    CHECK(p.inner.all() == told_all{told::begin, told::woke, told::abandoned});
    verdict unsent = verdict::neutral(outlast::refusal::timed_out);
    unsent.unsent = true;
    CHECK(p.outer.events.back().with == unsent);
}

namespace {

// Says when what it kept ends.
struct kept {
    std::vector<int>* ended;
    int who;
    kept(std::vector<int>* e, int w) : ended(e), who(w) {}
    kept(kept&& other) noexcept : ended(std::exchange(other.ended, nullptr)), who(other.who) {}
    kept& operator=(kept&&) = delete;
    ~kept() {
        if (ended != nullptr)
            ended->push_back(who);
    }
};
struct keeper : outlast::leaf {
    std::vector<int>* ended;
    int who;
    keeper(std::vector<int>& e, int w) : ended(&e), who(w) {}
    kept keep(outlast::lane) noexcept { return {ended, who}; }
};

} // namespace

TEST_CASE("nest: what its machines keep for the work is kept together, and the inner ends first") {
    std::vector<int> ended;
    using plain = outlast::leaf;
    STATIC_REQUIRE(!outlast::keeps_for_work<outlast::nest<plain, plain>>);
    STATIC_REQUIRE(outlast::keeps_for_work<outlast::nest<keeper, plain>>);
    STATIC_REQUIRE(outlast::keeps_for_work<outlast::nest<plain, keeper>>);
    outlast::nest outer{keeper{ended, 1}, plain{}};
    outlast::nest inner{plain{}, keeper{ended, 2}};
    outlast::nest both{keeper{ended, 3}, keeper{ended, 4}};
    (void)outer.keep(0);
    CHECK(ended == std::vector{1});
    (void)inner.keep(0);
    CHECK(ended == std::vector{1, 2});
    {
        const auto held = both.keep(0);
        CHECK(ended == std::vector{1, 2});
    }
    CHECK(ended == std::vector{1, 2, 4, 3});
}

TEST_CASE("nest: dropped, it drops what runs, the inner machine first and once") {
    pair_of<> p;
    p.outer.answers = {call_by(70ms)};
    p.inner.answers = {call_by(70ms)};
    begin(p.both, p.now, never);
    p.both.abandoned();
    CHECK(p.inner.all() == told_all{told::begin, told::abandoned});
    CHECK(p.outer.all() == told_all{told::begin, told::abandoned});
    p.both.abandoned();
    CHECK(p.inner.all() == told_all{told::begin, told::abandoned});
}

TEST_CASE("nest: starting over drops an inner machine that runs, but not one that has finished") {
    pair_of<> p;
    p.outer.answers = {call_by(70ms), call_by(60ms), finished({}), finished({})};
    p.inner.answers = {call_by(70ms), call_by(60ms), finished({})};
    begin(p.both, p.now, never);
    begin(p.both, p.now, never);
    CHECK(p.inner.all() == told_all{told::begin, told::abandoned, told::begin});
    settle(p.both, p.now, {});
    begin(p.both, p.now, never);
    CHECK(p.inner.all() == told_all{told::begin, told::abandoned, told::begin, told::settled});
}

TEST_CASE("nest: operations are numbered from the outside inwards, and find their machine") {
    pair_of<2, 3> p;
    p.outer.answers = {step::call(2, never), call_by(70ms), step::call(1, never)};
    p.inner.answers = {step::call(1, never), step::call(3, at(80ms)), finished({})};
    CHECK(begin(p.both, p.now, never).callee == 2);
    CHECK(settle(p.both, p.now, {}) == step::call(3, at(70ms))); // the inner one's first
    CHECK(settle(p.both, p.now, {}) == step::call(5, at(70ms)));
    CHECK(settle(p.both, p.now, {}).callee == 1);
    int hand = 0;
    for (outlast::operation n = 1; n <= 5; ++n)
        p.both.act(n, p.now, hand);
    std::vector<int> outer;
    std::vector<int> inner;
    for (const auto& e : p.outer.events)
        if (e.what == told::acted)
            outer.push_back(e.operation);
    for (const auto& e : p.inner.events)
        if (e.what == told::acted)
            inner.push_back(e.operation);
    CHECK(outer == std::vector<int>{1, 2});
    CHECK(inner == std::vector<int>{1, 2, 3});
}

TEST_CASE("nest: the work of the inner machine keeps its number under an outer one's operations") {
    pair_of<2, 1> p;
    p.outer.answers = {call_by(70ms)};
    p.inner.answers = {call_by(70ms)};
    CHECK(begin(p.both, p.now, never).callee == work);
}

TEST_CASE("nest: what the outer machine says about a call stands over what the inner one says") {
    pair_of<> p;
    outlast::report facts;
    p.both.explain(facts);
    CHECK(facts.attempts == 21);
}

TEST_CASE("nest: who further out holds a stand-in is known to all inside, and only then") {
    const auto told_inside = [](bool outside, bool outer) {
        pair_of<> p;
        step s = call_by(70ms);
        s.spare = outer;
        p.outer.answers = {s};
        p.inner.answers = {call_by(70ms)};
        begin(p.both, p.now, outlast::terms{never, outside});
        CHECK(p.outer.events.front().spare == outside);
        return p.inner.events.front().spare;
    };
    CHECK(!told_inside(false, false));
    CHECK(told_inside(false, true));
    CHECK(told_inside(true, false));
    CHECK(told_inside(true, true));
    // A second round has its own terms.
    pair_of<> p;
    step with = call_by(70ms);
    with.spare = true;
    p.outer.answers = {with, call_by(70ms)};
    p.inner.answers = {call_by(70ms), finished(bad), call_by(70ms)};
    begin(p.both, p.now, never);
    settle(p.both, p.now, bad);
    CHECK(p.inner.events.front().spare);
    CHECK(!p.inner.events.back().spare);
    CHECK(p.inner.all() == told_all{told::begin, told::settled, told::begin});
}

TEST_CASE("nest: a refusal is plain where the outer one says no, or passes on the inner one's") {
    for (const bool outer_begins : {false, true})
        for (const bool outer_refuses : {false, true})
            for (const bool outer_passes : {false, true})
                for (const bool inner_refuses : {false, true}) {
                    pair_of<> p;
                    p.outer.plain = outer_begins;
                    p.outer.refuses = outer_refuses;
                    p.outer.passes = outer_passes;
                    p.inner.refuses = inner_refuses;
                    instant by = at(90ms);
                    REQUIRE(!p.both.plain_begin(p.now, by));
                    verdict v;
                    CAPTURE(outer_begins, outer_refuses, outer_passes, inner_refuses);
                    CHECK(p.both.plain_refusal(p.now, v) ==
                          (outer_begins ? outer_passes && inner_refuses : outer_refuses));
                    CHECK(p.both.passes_refusals() == (outer_passes && p.inner.passes));
                    CHECK(p.outer.events.empty());
                    CHECK(p.inner.events.empty());
                }
}

TEST_CASE("nest: a case is plain when it is so for both, and its end reaches the inner one first") {
    for (const bool outer : {false, true})
        for (const bool inner : {false, true}) {
            pair_of<> p;
            p.outer.plain = outer;
            p.inner.plain = inner;
            p.outer.answers = {call_by(70ms)};
            instant by = at(90ms);
            CHECK(p.both.plain_begin(p.now, by) == (outer && inner));
            CHECK(p.both.plain_success(p.now) == (outer && inner));
            CHECK(p.outer.events.empty());
        }
    pair_of<> p;
    p.outer.plain = p.inner.plain = true;
    instant by = at(90ms);
    REQUIRE(p.both.plain_begin(p.now, by));
    CHECK(by == at(90ms));
    // From here on it is as if it had been told: dropped, it drops the inner one.
    p.both.abandoned();
    CHECK(p.inner.all() == told_all{told::abandoned});
    REQUIRE(p.both.plain_begin(p.now, by));
    p.both.plain_end();
    CHECK(p.inner.all() == told_all{told::abandoned, told::plain_end});
    p.both.abandoned();
    CHECK(p.inner.all() == told_all{told::abandoned, told::plain_end});
}

TEST_CASE("nest: three deep is the same") {
    notes a;
    notes b;
    notes c;
    a.answers = {call_by(70ms), finished(verdict::success())};
    b.answers = {call_by(70ms), finished(verdict::expired())};
    c.answers = {step::wait(never), finished(bad)};
    outlast::nest three{puppet<0>{&a, 1}, outlast::nest{puppet<0>{&b, 2}, puppet<0>{&c, 3}}};
    reading now{at(0ms)};
    CHECK(begin(three, now, never) == step::wait(at(70ms)));
    CHECK(c.events.front().by == at(70ms));
    now = reading{at(10ms)};
    CHECK(wake(three, now) == finished(verdict::success()));
    CHECK(b.events.back().with == bad);
    CHECK(a.events.back().with == verdict::expired());
    outlast::report facts;
    three.explain(facts);
    CHECK(facts.attempts == 321);
}

namespace {

constexpr bool works_in_a_constant() {
    pair_of<> p;
    p.outer.answers = {call_by(70ms), finished(bad)};
    p.inner.answers = {step::wait(never)};
    if (begin(p.both, p.now, never) != step::wait(at(70ms)))
        return false;
    p.now = reading{at(70ms)};
    return wake(p.both, p.now) == finished(bad);
}
static_assert(works_in_a_constant());

} // namespace

namespace {

// Calls the work; when it is over it goes on once more, if it is told that it may. Others may wait for it.
struct lasting : outlast::pass_through {
    bool others = false;
    instant until = never;

    bool stays = false;
    int calls = 0;
    bool dropped = false;

    constexpr step begin(reading&, outlast::terms t, verdict&) {
        stays = t.stays;
        ++calls;
        return step::call(work, t.by);
    }
    constexpr step settled(reading&, outlast::lane, verdict&) { return step::finish(); }
    constexpr bool has_more() const noexcept { return stays && calls == 1; }
    constexpr step go_on(reading&, verdict&) {
        ++calls;
        return step::call(work, until);
    }
    constexpr bool leave(reading&) { return stays && others; }
    constexpr instant over_by(outlast::lane) noexcept { return until; }
    constexpr void abandoned() noexcept { dropped = true; }
};
static_assert(outlast::outlives_caller<lasting>);

// A deadline of its own, which is not put off.
struct bounded : outlast::pass_through {
    instant own = never;
    constexpr step begin(reading&, instant by, verdict&) {
        return step::call(work, outlast::earlier(own, by));
    }
    constexpr step settled(reading&, outlast::lane, verdict&) { return step::finish(); }
    constexpr instant prolong(outlast::lane, instant by) noexcept {
        return outlast::earlier(own, by);
    }
};

struct watching : outlast::pass_through {
    int ends = 0;
    int drops = 0;
    bool told_to_stay = false;
    constexpr step begin(reading&, outlast::terms t, verdict&) {
        told_to_stay = t.stays;
        return step::call(work, t.by);
    }
    constexpr step settled(reading&, outlast::lane, verdict&) {
        ++ends;
        return step::finish();
    }
    constexpr void abandoned() noexcept { ++drops; }
};

} // namespace

TEST_CASE("nest: what goes on without its caller goes on apart from what stands outside") {
    watching outer;
    lasting middle;
    middle.until = at(500ms);
    outlast::nest whole{outer, outlast::nest{middle, outlast::leaf{}}};
    static_assert(outlast::outlives_caller<decltype(whole)>);
    reading now{at(0ms)};
    verdict v;
    CHECK(whole.begin(now, outlast::terms{at(100ms), false, true}, v) ==
          step::call(work, at(100ms)));
    CHECK(whole.settled(now, 0, v) == step::finish());
    CHECK(whole.has_more());
    CHECK(whole.go_on(now, v) == step::call(work, at(500ms))); // not cut to the caller's deadline
    CHECK(whole.settled(now, 0, v) == step::finish());
    CHECK(!whole.has_more());
    // Driven by who cannot go on, it has nothing more.
    (void)whole.begin(now, outlast::terms{at(100ms)}, v);
    (void)whole.settled(now, 0, v);
    CHECK(!whole.has_more());
}

TEST_CASE(
    "nest: a caller that leaves; the deadline of what goes on is put off as far as each allows") {
    lasting shared;
    shared.others = true;
    shared.until = at(500ms);
    bounded inner;
    inner.own = at(300ms);
    reading now{at(0ms)};
    verdict v;
    SECTION("an inner one has a bound of its own") {
        outlast::nest n{watching{}, outlast::nest{shared, outlast::nest{inner, outlast::leaf{}}}};
        CHECK(n.begin(now, outlast::terms{at(100ms), false, true}, v) ==
              step::call(work, at(100ms)));
        CHECK(n.leave(now));
        CHECK(n.over_by(0) == at(300ms));
        CHECK(n.settled(now, 0, v) == step::finish());
    }
    SECTION("or none") {
        outlast::nest n{shared, outlast::leaf{}};
        (void)n.begin(now, outlast::terms{at(100ms), false, true}, v);
        CHECK(n.leave(now));
        CHECK(n.over_by(0) == at(500ms));
    }
    SECTION("one that takes no note keeps what it began with") {
        static_assert(!outlast::prolongs<watching>);
        outlast::nest n{shared, outlast::nest{watching{}, outlast::leaf{}}};
        (void)n.begin(now, outlast::terms{at(100ms), false, true}, v);
        CHECK(n.leave(now));
        CHECK(n.over_by(0) == at(100ms));
    }
    SECTION("nobody else waits") {
        shared.others = false;
        outlast::nest n{watching{}, outlast::nest{shared, outlast::leaf{}}};
        (void)n.begin(now, outlast::terms{at(100ms), false, true}, v);
        CHECK(!n.leave(now));
    }
}
