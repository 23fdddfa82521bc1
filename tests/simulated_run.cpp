// SPDX-License-Identifier: BSL-1.0
#include <outlast/simulated_run.hpp>

#include <outlast/world.hpp>

#include "support/catch.hpp"
#include "support/print.hpp"
#include "support/script.hpp"

#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

using namespace std::chrono_literals;
using outlast::action;
using outlast::instant;
using outlast::lane;
using outlast::never;
using outlast::reading;
using outlast::step;
using outlast::verdict;
using outlast::work;
using outlast_tests::at;
using outlast_tests::end;
using outlast_tests::script;
using outlast_tests::starts;
using outlast_tests::times;

namespace {

using words = std::vector<std::string>;

// What a machine with several lanes is told, with the time; it answers from a list, and wants to be
// asked at the instants of another one.
struct puppets {
    std::vector<std::pair<step, verdict>> answers{};
    std::vector<instant> nudges{};
    words heard{};
    std::size_t next = 0;
    std::size_t asked = 0;
    outlast::waker* bell = nullptr;

    struct run : outlast::pass_through {
        static constexpr lane lanes = 3;
        static constexpr outlast::operation operations = 1;
        puppets* of;
        explicit run(puppets& p) : of(&p) {}

        step say(reading& now, const std::string& event, verdict& v) {
            of->heard.push_back(outlast_tests::words(now.get()) + ": " + event);
            if (of->next == of->answers.size())
                return step::nothing();
            const auto& [s, with] = of->answers[of->next++];
            if (s.what == action::finish)
                v = with;
            return s;
        }
        step begin(reading& now, instant, verdict& v) { return say(now, "begin", v); }
        step settled(reading& now, lane on, verdict& v) {
            return say(now, "settled " + std::to_string(on) + " " + outlast_tests::words(v.kind),
                       v);
        }
        step woke(reading& now, lane on, verdict& v) {
            return say(now, "woke " + std::to_string(on), v);
        }
        instant nudge() const noexcept {
            return of->asked < of->nudges.size() ? of->nudges[of->asked] : never;
        }
        step nudged(reading& now, verdict& v) {
            ++of->asked;
            return say(now, "nudged", v);
        }
        template <class Hand>
        verdict act(outlast::operation, reading&, Hand& hand) {
            of->bell = &hand.waiter();
            return {};
        }
    };
    run start() { return run{*this}; }
};

step call(lane on, instant by = never) { return step::call(work, by).in(on); }
step finish(lane on) { return step::finish().in(on); }

} // namespace

TEST_CASE("simulated_run: lanes go on beside each other, and each event names its own") {
    puppets p{.answers = {{call(0), {}}, {call(1), {}}, {call(2), {}}},
              .nudges = {at(0ms), at(5ms)}};
    p.answers.emplace_back(step::nothing(), verdict{}); // 1 settles
    p.answers.emplace_back(call(1), verdict{});         // 0 settles: another one in lane 1
    p.answers.emplace_back(finish(2), verdict::failure());
    outlast::world w;
    auto& c = w.play(p, script{}.succeeds(10ms).fails(5ms).succeeds(20ms).hangs());
    w.run();
    CHECK(p.heard == words{"0 s: begin", "0 s: nudged", "5 ms: settled 1 failure", "5 ms: nudged",
                           "10 ms: settled 0 success", "25 ms: settled 2 success"});
    CHECK(starts(c) == times{0ms, 0ms, 5ms, 10ms});
    CHECK(c.outcome() == verdict::failure());
    CHECK(end(c) == 25ms);
    CHECK(c.attempts() == 4);
    // What asks for nothing is no step.
    CHECK(c.trace().size() == 5);
}

TEST_CASE("simulated_run: of two results at one instant the one in the lower lane comes first") {
    puppets p{.answers = {{call(1), {}}, {call(0), {}}, {step::nothing(), {}}, {finish(0), {}}},
              .nudges = {at(0ms), at(10ms)}};
    outlast::world w;
    w.play(p, script{}.succeeds(10ms));
    w.run();
    CHECK(p.heard == words{"0 s: begin", "0 s: nudged", "10 ms: settled 0 success",
                           "10 ms: settled 1 success"}); // both before the nudge
}

TEST_CASE("simulated_run: a lane whose time is over is told so, the others go on") {
    puppets p{.answers = {{call(0, at(10ms)), {}},
                          {call(1, at(30ms)), {}},
                          {step::nothing(), {}},
                          {finish(1), verdict::expired()}},
              .nudges = {at(0ms)}};
    outlast::world w;
    auto& c = w.play(p, script{}.hangs());
    w.run();
    CHECK(p.heard == words{"0 s: begin", "0 s: nudged", "10 ms: settled 0 expired",
                           "30 ms: settled 1 expired"});
    CHECK(c.outcome() == verdict::expired());
}

TEST_CASE("simulated_run: a step that is alone ends all that runs, its own lane too") {
    step wait = step::wait(at(8ms)).in(1);
    wait.alone = true;
    puppets p{.answers = {{call(0), {}}, {call(1), {}}, {wait, {}}, {finish(1), {}}},
              .nudges = {at(0ms), at(5ms)}};
    outlast::world w;
    auto& c = w.play(p, script{}.succeeds(6ms));
    w.run();
    CHECK(p.heard == words{"0 s: begin", "0 s: nudged", "5 ms: nudged", "8 ms: woke 1"});
    CHECK(end(c) == 8ms);
}

TEST_CASE("simulated_run: a wake is for every lane that is parked") {
    puppets p{.answers = {{step::call(1, never), {}},
                          {step::park(never).in(0), {}},
                          {step::park(at(9ms)).in(1), {}},
                          {step::wait(at(7ms)).in(2), {}},
                          {step::park(never).in(0), {}},
                          {step::park(at(9ms)).in(1), {}},
                          {step::nothing(), {}},
                          {finish(0), {}}},
              .nudges = {at(0ms), at(0ms)}};
    outlast::world w;
    w.play(p, script{});
    w.at(at(5ms), [&] { p.bell->wake(); });
    w.run();
    CHECK(p.heard == words{"0 s: begin", "0 s: settled 0 success", "0 s: nudged", "0 s: nudged",
                           "5 ms: woke 0", "5 ms: woke 1", "7 ms: woke 2", "9 ms: woke 1"});
}

TEST_CASE("simulated_run: a wake that comes before it is parked is not lost") {
    puppets p{
        .answers = {
            {step::call(1, never), {}}, {call(0), {}}, {step::park(never), {}}, {finish(0), {}}}};
    outlast::world w;
    auto& c = w.play(p, script{}.succeeds(5ms));
    p.bell->wake();
    w.run();
    CHECK(end(c) == 5ms);
}

TEST_CASE("simulated_run: cancelled, it is over in all lanes") {
    puppets p{.answers = {{call(0), {}}, {call(1), {}}}, .nudges = {at(0ms)}};
    outlast::world w;
    auto& c = w.play(p, script{}.hangs());
    w.at(at(5ms), [&] { c.cancel(); });
    w.run();
    CHECK(c.outcome() == verdict::neutral(outlast::refusal::cancelled));
    CHECK(p.heard.size() == 2);
}

namespace {

struct restless {
    struct run : outlast::pass_through {
        static constexpr lane lanes = 2;
        step begin(reading&, instant, verdict&) { return call(0); }
        step settled(reading&, lane, verdict&) { return finish(0); }
        instant nudge() const noexcept { return at(0ms); }
        step nudged(reading&, verdict&) { return step::nothing(); }
    };
    run start() { return {}; }
};

} // namespace

TEST_CASE("simulated_run: a machine that always wants to be asked is an error") {
    restless p;
    outlast::world w;
    w.play(p, script{}.hangs());
    CHECK_THROWS_AS(w.run(), std::logic_error);
}
