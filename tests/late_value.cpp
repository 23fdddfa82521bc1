// SPDX-License-Identifier: BSL-1.0
#include <outlast/late_value.hpp>

#include <outlast/fallback.hpp>
#include <outlast/pipeline.hpp>
#include <outlast/retry.hpp>
#include <outlast/run.hpp>
#include <outlast/simulate.hpp>
#include <outlast/timeout.hpp>
#include <outlast/worst_case.hpp>

#include "support/callable.hpp"
#include "support/catch.hpp"
#include "support/print.hpp"
#include "support/recorded.hpp"
#include "support/script.hpp"
#include "support/told.hpp"
#include "support/zoo.hpp"

#include <chrono>
#include <stdexcept>
#include <string>
#include <system_error>
#include <vector>

using namespace std::chrono_literals;
using outlast::late_value;
using outlast::refusal;
using outlast::result;
using outlast::timeout;
using outlast::verdict;
using outlast_tests::acted;
using outlast_tests::at;
using outlast_tests::begin;
using outlast_tests::end;
using outlast_tests::hand_clock;
using outlast_tests::script;
using outlast_tests::settle;

namespace {

/// Takes so long, whatever the deadline.
template <class T>
auto slow(outlast::duration takes, T value) {
    return [takes, value] {
        hand_clock::advance(takes);
        return value;
    };
}

template <class Pipeline, class F, class... A>
auto blocking(Pipeline& p, F&& f, const A&... a) {
    hand_clock::reset();
    return outlast::run<hand_clock>(p, f, a...);
}

} // namespace

TEST_CASE("late value: what comes too late is shown, and is a timeout all the same") {
    std::vector<int> shown;
    outlast::pipeline p{late_value{[&](const int& v) { shown.push_back(v); }},
                        timeout{{.limit = 50ms, .name = "attempt"}}};
    const auto r = blocking(p, slow(50ms, 7));
    CHECK(r.error().why() == refusal::timed_out);
    CHECK(r.error().message() == "timed out after 50 ms (attempt)");
    CHECK(shown == std::vector{7});
    CHECK(blocking(p, slow(50ms - 1ns, 8)).value() == 8);
    CHECK(shown == std::vector{7});
}

TEST_CASE("late value: a failure is not, however late, nor a value that was judged bad") {
    int shown = 0;
    outlast::pipeline p{late_value{[&](int) { ++shown; }}, timeout{50ms}};
    const std::error_code io = std::make_error_code(std::errc::io_error);
    CHECK_FALSE(blocking(p, slow(80ms, result<int>{io})).has_value());
    CHECK_FALSE(blocking(p, slow(10ms, result<int>{io})).has_value());
    outlast::judged bad{slow(80ms, 1), [](int v) { return v == 0; }};
    CHECK_FALSE(blocking(p, bad).has_value());
    CHECK(shown == 0);
}

TEST_CASE("late value: of each attempt, where it stands inside the retry") {
    std::vector<int> shown;
    outlast::pipeline p{outlast::retry{{.max_attempts = 3, .backoff = outlast::constant(0ms)}},
                        late_value{[&](int v) { shown.push_back(v); }}, timeout{50ms}};
    int calls = 0;
    auto late_twice = [&] {
        hand_clock::advance(++calls < 3 ? 60ms : 1ms);
        return calls;
    };
    CHECK(blocking(p, late_twice).value() == 3);
    CHECK(shown == std::vector{1, 2});
}

TEST_CASE("late value: one that the deadline outside makes late is shown too") {
    int shown = 0;
    outlast::pipeline p{late_value{[&](int v) { shown = v; }}, timeout{50ms}};
    hand_clock::reset();
    // The caller's.
    const std::chrono::steady_clock::time_point by{(hand_clock::time + 20ms).time_since_epoch()};
    const auto r = outlast::run<hand_clock>(p, outlast::limits{.deadline = by}, slow(20ms, 7));
    CHECK(r.error().why() == refusal::timed_out);
    CHECK(shown == 7);
    // Another timeout's.
    outlast::pipeline q{timeout{50ms}, late_value{[&](int v) { shown = v; }}};
    CHECK_FALSE(blocking(q, slow(60ms, 9)).has_value());
    CHECK(shown == 9);
    CHECK(blocking(q, slow(40ms, 10)).value() == 10);
    CHECK(shown == 9);
}

TEST_CASE("late value: it is told the arguments of the call after the value, if it wants to be") {
    std::string shown;
    outlast::pipeline p{
        late_value{[&](const std::string& user, int id) { shown = user + std::to_string(id); }},
        timeout{50ms}};
    auto fetch = [](int) {
        hand_clock::advance(60ms);
        return std::string{"user "};
    };
    CHECK_FALSE(blocking(p, fetch, 7).has_value());
    CHECK(shown == "user 7");

    int done = 0;
    outlast::pipeline q{late_value{[&] { ++done; }}, timeout{50ms}};
    CHECK_FALSE(blocking(q, [] { hand_clock::advance(60ms); }).has_value());
    CHECK(done == 1);

    // A value that cannot be copied is shown where it is.
    int seen = 0;
    outlast::pipeline m{late_value{[&](const outlast_tests::move_only& v) { seen = *v.value; }},
                        timeout{50ms}};
    CHECK_FALSE(blocking(m, [] {
                    hand_clock::advance(60ms);
                    return outlast_tests::move_only{5};
                }).has_value());
    CHECK(seen == 5);
}

TEST_CASE("late value: what the callable throws changes nothing") {
    outlast::pipeline p{outlast::fallback{-1},
                        late_value{[](int) { throw std::runtime_error("full"); }}, timeout{50ms}};
    outlast::report facts;
    hand_clock::reset();
    CHECK(outlast::run<hand_clock>(p, outlast::limits{.facts = &facts}, slow(60ms, 7)).value() ==
          -1);
    outlast::pipeline q{late_value{[](int) { throw std::runtime_error("full"); }}, timeout{50ms}};
    CHECK(blocking(q, slow(60ms, 7)).error().why() == refusal::timed_out);
}

TEST_CASE("late value: in a simulation only what ends at the very deadline is late") {
    int shown = 0;
    outlast::pipeline p{late_value{[&](int v) { shown = v; }}, timeout{50ms}};
    outlast::simulation sim;
    auto& exact = sim.call(p, [&] { return sim.spend(50ms), 7; });
    sim.run();
    CHECK(exact.outcome().late);
    CHECK(exact.result().error().why() == refusal::timed_out);
    CHECK(shown == 7);
    auto& later = sim.call(p, [&] { return sim.spend(51ms), 8; }); // it was left at 50 ms
    sim.run();
    CHECK(later.outcome() == verdict::expired());
    CHECK(shown == 7);
}

TEST_CASE("late value: what it decides, step by step") {
    auto nobody = [](int) {};
    late_value policy{nobody};
    auto run = policy.start();
    const auto ends = [&](const verdict& v, outlast::instant by, outlast::instant when) {
        outlast::reading begun{at(0ms)};
        CHECK(begin(run, begun, by) == outlast::step::call(outlast::work, by));
        outlast::reading now{when};
        return settle(run, now, v);
    };
    verdict late = verdict::expired();
    late.late = true;
    outlast::reading now{at(60ms)};
    CHECK(ends(late, at(1s), at(60ms)) == outlast::step::call(1, at(1s)));
    // Whatever became of the showing.
    CHECK(settle(run, now, verdict::failure()) == outlast_tests::finished(late));
    CHECK(ends(verdict::success(), at(50ms), at(50ms)) == outlast::step::call(1, at(50ms)));
    CHECK(settle(run, now, {}) == outlast_tests::finished(verdict::success()));
    for (const verdict& v : {verdict::success(), verdict::failure(), verdict::expired(),
                             verdict::neutral(refusal::circuit_open, 1s)})
        CHECK(ends(v, at(1s), at(60ms)) == outlast_tests::finished(v));
    CHECK(ends(verdict::failure(), at(50ms), at(60ms)) ==
          outlast_tests::finished(verdict::failure()));
    CHECK(ends(verdict::success(), outlast::never, at(60ms)).outcome.ok());
}

TEST_CASE("late value: it adds nothing to the worst case") {
    const auto nobody = [](int) {};
    CHECK(outlast::worst_case(outlast::pipeline{late_value{nobody}, timeout{1s}}) ==
          outlast::bounds{1, 1s});
}

namespace {

constexpr bool passes() {
    outlast::pipeline p{late_value{[](int) {}}, timeout{30ms}};
    outlast::world w;
    auto& exact = w.play(p, script{}.succeeds(30ms));
    auto& good = w.play(p, script{}.succeeds(20ms));
    w.run();
    return end(exact) == 30ms && exact.outcome().late && end(good) == 20ms && good.outcome().ok();
}
static_assert(passes());

} // namespace
