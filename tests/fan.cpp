// SPDX-License-Identifier: BSL-1.0
#include <outlast/fan.hpp>

#include <outlast/nest.hpp>

#include "support/catch.hpp"
#include "support/print.hpp"
#include "support/script.hpp"
#include "support/told.hpp"

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

using namespace std::chrono_literals;
using outlast::action;
using outlast::instant;
using outlast::lane;
using outlast::never;
using outlast::reading;
using outlast::refusal;
using outlast::step;
using outlast::verdict;
using outlast::work;
using outlast_tests::answer;
using outlast_tests::at;
using outlast_tests::begin;
using outlast_tests::finished;

namespace {

const auto bad = verdict::failure();

// Answers as it is told to, and notes what it was told: "settled 1", "0: began".
struct strings {
    std::vector<std::string>* heard;
    std::string who{};
    std::vector<answer> answers{};
    std::size_t next = 0;
    instant nudge = never;

    step say(const std::string& event, verdict& v) {
        heard->push_back(who + event);
        const answer a = next < answers.size() ? answers[next++] : finished({});
        if (a.what == action::finish)
            v = a.outcome;
        return a;
    }
};

template <lane Lanes, outlast::operation Operations>
struct puppet {
    static constexpr outlast::operation operations = Operations;
    static constexpr bool pinned = false;
    static constexpr lane lanes = Lanes;
    strings* of;

    step begin(reading&, outlast::terms t, verdict& v) {
        return of->say(t.spare ? "began, spare" : "began", v);
    }
    step settled(reading&, lane on, verdict& v) {
        return of->say("settled " + std::to_string(on) + (v.ok() ? "" : " badly"), v);
    }
    step woke(reading&, lane on, verdict& v) { return of->say("woke " + std::to_string(on), v); }
    instant nudge() const noexcept { return of->nudge; }
    step nudged(reading&, verdict& v) { return of->say("nudged", v); }
    bool plain_begin(reading&, instant&) { return true; }
    bool plain_success(reading&) const { return true; }
    void plain_end() noexcept {}
    bool plain_refusal(reading&, verdict&) { return false; }
    bool passes_refusals() noexcept { return false; }
    void credit(outlast::report&) const noexcept {}
    void abandoned() noexcept { of->heard->push_back(of->who + "abandoned"); }
    void explain(outlast::failure_facts&) const noexcept {
        of->heard->push_back(of->who + "explained");
    }
    template <class Hand>
    verdict act(outlast::operation what, reading&, Hand&) {
        of->heard->push_back(of->who + "acted " + std::to_string(what));
        return {};
    }
    int keep(lane) noexcept { return static_cast<int>(of->who[0] - '0'); }
};

constexpr lane lanes = 3;

template <outlast::operation OuterOperations = 0, outlast::operation InnerOperations = 0>
struct scene {
    using outer_type = puppet<lanes, OuterOperations>;
    using inner_type = puppet<1, InnerOperations>;

    std::vector<std::string> heard{};
    strings outer{&heard};
    strings inner[lanes] = {{&heard, "0: "}, {&heard, "1: "}, {&heard, "2: "}};
    int made = 0;
    outlast::fan<outer_type, inner_type> all{outer_type{&outer},
                                             [this] { return inner_type{&inner[made++]}; }};
    reading now{at(0ms)};

    answer settle(lane on, verdict v = {}) {
        const step s = all.settled(now, on, v);
        return {s, v};
    }
    answer wake(lane on) {
        verdict v;
        const step s = all.woke(now, on, v);
        return {s, v};
    }
    answer nudge() {
        verdict v;
        const step s = all.nudged(now, v);
        return {s, v};
    }
    // What was told since the last time.
    std::vector<std::string> news() { return std::exchange(heard, {}); }
};

// Two that decide nothing: what the outer one is told last; what the inner one asks for first.
struct last : outlast::pass_through {
    static constexpr lane lanes = 2;
    verdict* seen;
    explicit last(verdict& v) : seen(&v) {}
    step begin(reading&, instant, verdict&) { return step::call(work, at(1ms)); }
    step settled(reading&, lane, verdict& v) { return *seen = v, step::finish(); }
};
struct waits : outlast::pass_through {
    step first;
    explicit waits(step s) : first(s) {}
    step begin(reading&, instant, verdict&) { return first; }
    step settled(reading&, lane, verdict&) { return step::finish(); }
};

using words = std::vector<std::string>;

answer call(lane on, instant by = never) { return step::call(work, by).in(on); }
answer alone(answer a) {
    a.alone = true;
    return a;
}
const answer nothing = step::nothing();
answer finished_in(lane on, const verdict& v = {}) {
    answer a = finished(v);
    a.on = on;
    return a;
}

} // namespace

TEST_CASE("fan: what the outer machine calls in a lane is run by the inner machine of that lane") {
    scene s;
    STATIC_REQUIRE(outlast::machine<decltype(s.all)>);
    STATIC_REQUIRE(outlast::lanes_of<decltype(s.all)> == 3);
    s.outer.answers = {call(0, at(70ms)), nothing, finished_in(1, bad)};
    s.inner[0].answers = {step::call(work, at(90ms))};
    s.inner[1].answers = {step::wait(at(50ms)), finished(bad)};
    CHECK(begin(s.all, s.now, never) == call(0, at(70ms))); // no later than the outer one says
    CHECK(s.news() == words{"began", "0: began"});
    // The second lane is started while the first one goes on.
    s.outer.answers[1] = call(1, at(60ms));
    s.outer.nudge = at(0ms);
    CHECK(s.all.nudge() == at(0ms));
    CHECK(s.nudge() == answer{step::wait(at(50ms)).in(1)});
    CHECK(s.news() == words{"nudged", "1: began"});
    CHECK(s.wake(1) == alone(finished_in(1, bad)));
    CHECK(s.news() == words{"1: woke 0", "settled 1 badly", "0: abandoned"});
}

TEST_CASE("fan: an inner machine that finishes at once makes room for what the outer one says") {
    scene s;
    s.outer.answers = {call(0), call(1), call(2), nothing};
    s.inner[0].answers = {finished(bad)};
    s.inner[1].answers = {finished(bad)};
    s.inner[2].answers = {step::call(work, never)};
    CHECK(begin(s.all, s.now, never) == call(2));
    CHECK(s.news() ==
          words{"began", "0: began", "settled 0 badly", "1: began", "settled 1 badly", "2: began"});
    s.inner[2].answers.push_back(finished({}));
    CHECK(s.settle(2) == nothing);
}

TEST_CASE("fan: whoever finishes ends the lanes that are left, and is explained by its winner") {
    scene s;
    s.outer.answers = {call(0), call(1), call(2), finished_in(1)};
    for (strings& i : s.inner)
        i.answers = {step::call(work, never), finished({})};
    begin(s.all, s.now, never);
    s.nudge();
    s.nudge();
    (void)s.news();
    CHECK(s.settle(1) == alone(finished_in(1)));
    CHECK(s.news() == words{"1: settled 0", "settled 1", "0: abandoned", "2: abandoned"});
    outlast::report facts;
    s.all.explain(facts);
    CHECK(s.news() == words{"1: explained", "explained"});
    s.all.abandoned();
    CHECK(s.news() == words{"abandoned"});
}

TEST_CASE("fan: a step of the outer machine that is alone ends the other lanes") {
    scene s;
    s.outer.answers = {call(0), call(1), alone(step::wait(at(9ms)).in(1)), alone(call(0))};
    for (strings& i : s.inner)
        i.answers = {step::call(work, never), finished({}), step::call(work, never)};
    s.inner[0].answers = {step::call(work, never), step::call(work, never)};
    begin(s.all, s.now, never);
    s.nudge();
    (void)s.news();
    CHECK(s.settle(1) == alone(step::wait(at(9ms)).in(1)));
    CHECK(s.news() == words{"1: settled 0", "settled 1", "0: abandoned"});
    CHECK(s.wake(1) == alone(call(0)));
    CHECK(s.news() == words{"woke 1", "0: began"});
}

TEST_CASE("fan: a wait in a lane that ends at its deadline ends that lane") {
    for (const bool parked : {false, true}) {
        CAPTURE(parked);
        scene s;
        s.outer.answers = {call(0, at(70ms)), nothing};
        s.inner[0].answers = {parked ? step::park(never) : step::wait(never)};
        CHECK(begin(s.all, s.now, never).at == at(70ms));
        (void)s.news();
        s.now = reading{at(70ms)};
        CHECK(s.wake(0) == nothing);
        CHECK(s.news() == words{"0: abandoned", "settled 0 badly"});
    }
    // What it is told: parked for want of others, nothing was attempted.
    verdict seen;
    verdict v;
    reading now{at(0ms)};
    outlast::fan<last, waits> parks{last{seen}, [] { return waits{step::park(never)}; }};
    (void)parks.begin(now, never, v);
    now = reading{at(1ms)};
    (void)parks.woke(now, 0, v);
    CHECK(seen == verdict::neutral(refusal::timed_out));
    outlast::fan<last, waits> sleeps{last{seen}, [] { return waits{step::wait(never)}; }};
    now = reading{at(0ms)};
    (void)sleeps.begin(now, never, v);
    now = reading{at(1ms)};
    (void)sleeps.woke(now, 0, v);
    CHECK(seen == verdict::expired());
}

TEST_CASE("fan: an inner machine is asked again when it wants to be; it may finish, no more") {
    scene s;
    s.outer.answers = {call(0), call(1), nothing};
    s.inner[0].answers = {step::call(work, never)};
    s.inner[1].answers = {step::call(work, never), step::call(work, never), finished(bad)};
    begin(s.all, s.now, never);
    s.nudge();
    s.inner[1].nudge = at(5ms);
    s.outer.nudge = at(7ms);
    CHECK(s.all.nudge() == at(5ms));
    s.now = reading{at(5ms)};
    (void)s.news();
    CHECK(s.nudge() == nothing);
    CHECK(s.nudge() == nothing);
    CHECK(s.news() == words{"1: nudged", "1: nudged", "settled 1 badly"});
    CHECK(s.all.nudge() == at(7ms)); // what does not run wants nothing
}

TEST_CASE("fan: operations are numbered, each lane's own") {
    scene<2, 3> s;
    STATIC_REQUIRE(decltype(s.all)::operations == 2 + 3 * 3);
    s.outer.answers = {call(0), call(2)};
    s.inner[0].answers = {step::call(3, never)};
    s.inner[2].answers = {step::call(1, never)};
    CHECK(begin(s.all, s.now, never) == answer{step::call(2 + 3, never)});
    CHECK(s.nudge() == answer{step::call(2 + 6 + 1, never).in(2)});
    (void)s.news();
    int hand = 0;
    for (const int what : {1, 2, 3, 5, 6, 8, 9, 11})
        s.all.act(static_cast<outlast::operation>(what), s.now, hand);
    CHECK(s.news() == words{"acted 1", "acted 2", "0: acted 1", "0: acted 3", "1: acted 1",
                            "1: acted 3", "2: acted 1", "2: acted 3"});
}

TEST_CASE("fan: who holds a stand-in outside is told to every lane, and work is kept for by lane") {
    scene s;
    s.outer.answers = {call(0), call(1)};
    for (strings& i : s.inner)
        i.answers = {step::call(work, never)};
    begin(s.all, s.now, outlast::terms{never, true});
    s.nudge();
    CHECK(s.news() == words{"began, spare", "0: began, spare", "nudged", "1: began, spare"});
    CHECK(s.all.keep(0) == 0);
    CHECK(s.all.keep(1) == 1);
}

TEST_CASE("fan: begun again, it has forgotten what ran") {
    scene s;
    s.outer.answers = {call(0), call(1), call(0)};
    s.inner[0].answers = {step::call(work, never), step::call(work, never)};
    s.inner[1].answers = {step::call(work, never)};
    begin(s.all, s.now, never);
    s.nudge();
    (void)s.news();
    CHECK(begin(s.all, s.now, never) == call(0));
    CHECK(s.news() == words{"0: abandoned", "1: abandoned", "began", "0: began"});
}

TEST_CASE("fan: dropped, it drops what runs, once") {
    scene s;
    s.outer.answers = {call(0), call(1)};
    s.inner[0].answers = {step::call(work, never)};
    s.inner[1].answers = {step::call(work, never)};
    begin(s.all, s.now, never);
    s.nudge();
    (void)s.news();
    s.all.abandoned();
    CHECK(s.news() == words{"0: abandoned", "1: abandoned", "abandoned"});
    s.all.abandoned();
    CHECK(s.news() == words{"abandoned"});
}

TEST_CASE("fan: a machine around it goes on in the lane that has the value") {
    scene s;
    std::vector<std::string> heard;
    strings around{&heard};
    using outermost = puppet<1, 1>;
    outlast::nest<outermost, decltype(s.all)> both{outermost{&around}, s.all};
    STATIC_REQUIRE(decltype(both)::lanes == 3);
    around.answers = {step::call(work, at(70ms)), step::call(1, at(70ms)), step::wait(at(5ms)),
                      step::call(work, at(70ms)), finished(bad)};
    s.outer.answers = {call(0), call(1), nothing, finished_in(1), call(0), finished_in(2, bad)};
    s.inner[0].answers = {step::call(work, never), finished({}), finished({})};
    s.inner[1].answers = {step::call(work, never), finished({})};
    verdict v;
    CHECK(both.begin(s.now, never, v) == alone(call(0, at(70ms))));
    s.outer.nudge = at(0ms);
    CHECK(both.nudged(s.now, v) == call(1, at(70ms)));
    CHECK(both.settled(s.now, 0, v) == nothing); // not cut to a wait
    // It has finished in lane 1: there is the value that the operation is for.
    CHECK(both.settled(s.now, 1, v) == alone(step::call(1, at(70ms)).in(1)));
    CHECK(both.settled(s.now, 1, v) == alone(step::wait(at(5ms)).in(1)));
    CHECK(both.woke(s.now, 1, v) == alone(finished_in(2)));
    CHECK(v == bad);
    CHECK(heard == words{"began", "settled 0", "settled 0", "woke 0", "settled 0 badly"});
}
