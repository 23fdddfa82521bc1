// SPDX-License-Identifier: BSL-1.0
#include <outlast/world.hpp>

#include <outlast/circuit_breaker.hpp>
#include <outlast/pipeline.hpp>
#include <outlast/retry.hpp>
#include <outlast/timeout.hpp>

#include "support/catch.hpp"
#include "support/print.hpp"
#include "support/script.hpp"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <functional>
#include <stdexcept>
#include <utility>
#include <vector>

using namespace std::chrono_literals;
using outlast::action;
using outlast::instant;
using outlast::never;
using outlast::reading;
using outlast::refusal;
using outlast::step;
using outlast::traced;
using outlast::verdict;
using outlast::work;
using outlast_tests::at;
using outlast_tests::end;
using outlast_tests::script;
using outlast_tests::starts;
using outlast_tests::times;

namespace {

outlast::retry every(outlast::duration delay, std::uint32_t attempts = 3) {
    return outlast::retry{{.max_attempts = attempts, .backoff = outlast::constant(delay)}};
}

/// A policy that parks until somebody rings, or until an instant, and then finishes.
struct parking {
    instant until = never;
    outlast::waker* bell = nullptr;
    std::vector<outlast::duration> woken{};

    struct run : outlast::pass_through {
        parking* lot;
        explicit run(parking& p) : lot(&p) {}
        step begin(reading&, instant by, verdict&) { return step::park(std::min(by, lot->until)); }
        step settled(reading&, outlast::lane, verdict&) { return step::finish(); }
        step woke(reading& now, outlast::lane, verdict&) {
            lot->woken.push_back(now.get().time_since_epoch());
            return step::finish();
        }
    };
    run start() { return run{*this}; }
};

} // namespace

TEST_CASE("world: time stands still until it is moved") {
    outlast::world w;
    CHECK(w.time() == at(0ms));
    w.advance(5ms);
    CHECK(w.time() == at(5ms));
    w.run();
    CHECK(w.time() == at(5ms));
    w.advance(0ms);
    CHECK(w.time() == at(5ms));
    CHECK(w.running() == 0);
}

TEST_CASE("world: a call that takes no time is over when it has begun") {
    outlast::world w;
    outlast::pipeline<> p;
    auto& c = w.play(p, script{}.succeeds());
    CHECK(c.done());
    CHECK(c.finished_at() == at(0ms));
    CHECK(c.outcome() == verdict::success());
    CHECK(c.attempts() == 1);
    CHECK(c.trace() == std::vector<traced>{{at(0ms), step::call(work, never)},
                                           {at(0ms), step::finish(), verdict::success()}});
}

TEST_CASE("world: what is due at the target instant has happened") {
    outlast::world w;
    outlast::pipeline<> p;
    auto& c = w.play(p, script{}.fails(50ms));
    w.advance(49ms);
    CHECK(!c.done());
    CHECK(w.running() == 1);
    w.advance(1ms);
    CHECK(c.done());
    CHECK(c.finished_at() == at(50ms));
    CHECK(c.outcome() == verdict::failure());
    CHECK(w.running() == 0);
}

TEST_CASE("world: steps and the instants at which they were answered") {
    outlast::world w;
    outlast::pipeline p{every(100ms, 2)};
    auto& c = w.play(p, script{}.fails(10ms).succeeds(20ms));
    w.run();
    CHECK(c.trace() == std::vector<traced>{{at(0ms), step::call(work, never)},
                                           {at(10ms), step::wait(at(110ms))},
                                           {at(110ms), step::call(work, never)},
                                           {at(130ms), step::finish(), verdict::success()}});
    CHECK(w.time() == at(130ms));
    CHECK(c.attempts() == 2);
}

TEST_CASE("world: work still running at its deadline is told to stop, and does") {
    outlast::world w;
    outlast::pipeline p{outlast::timeout{50ms}};
    for (const auto takes : {51ms, 1000ms}) {
        auto& c = w.play(p, script{}.succeeds(takes));
        const auto begun = w.time();
        w.run();
        CHECK(c.finished_at() == begun + 50ms);
        CHECK(c.outcome() == verdict::expired());
    }
    auto& hangs = w.play(p, script{}.hangs());
    w.run();
    CHECK(hangs.outcome() == verdict::expired());
    // A result at the very instant is handed in, and is late: a cache may keep it.
    auto& late = w.play(p, script{}.succeeds(50ms));
    w.run();
    CHECK(late.outcome().late);
    CHECK(late.outcome().kind == outlast::verdict_kind::expired);
}

TEST_CASE("world: the caller's deadline") {
    outlast::world w;
    outlast::pipeline<> p;
    SECTION("in time") {
        auto& c = w.play(p, script{}.succeeds(49ms), at(50ms));
        w.run();
        CHECK(c.outcome().ok());
        CHECK(c.trace().front().what == step::call(work, at(50ms)));
    }
    SECTION("law 11: at the same instant it wins over a result") {
        auto& c = w.play(p, script{}.succeeds(50ms), at(50ms));
        w.run();
        CHECK(c.outcome() == verdict::expired());
        CHECK(c.finished_at() == at(50ms));
    }
    SECTION("already past: no call at all") {
        w.advance(50ms);
        for (const auto by : {49ms, 50ms}) {
            auto& c = w.play(p, script{}.succeeds(), at(by));
            CHECK(c.outcome() == verdict::expired());
            CHECK(c.attempts() == 0);
            CHECK(c.trace().empty());
            CHECK(c.finished_at() == at(50ms));
        }
    }
    SECTION("the hint of a failure at the deadline is kept") {
        auto& c = w.play(p, script{}.with(verdict::failure(3s), 50ms), at(50ms));
        w.run();
        CHECK(c.outcome().kind == outlast::verdict_kind::expired);
        CHECK(c.outcome().hint == 3s);
    }
}

TEST_CASE("world: cancelled at any time, over at once") {
    outlast::world w;
    outlast::basic_circuit_breaker<> breaker{{.window = 1}};
    outlast::pipeline p{every(100ms), std::ref(breaker)};
    SECTION("during an attempt") {
        auto& c = w.play(p, script{}.fails(50ms));
        w.advance(20ms);
        c.cancel();
        CHECK(c.done());
        CHECK(c.finished_at() == at(20ms));
        CHECK(c.outcome() == verdict::neutral(refusal::cancelled));
        w.run();
        w.advance(1h);
        CHECK(c.attempts() == 1);
        CHECK(breaker.state(w.time()) == outlast::circuit_state::closed);
    }
    SECTION("during a wait") {
        breaker.set_mode(outlast::circuit_mode::isolated);
        breaker.close();
        outlast::pipeline q{every(100ms)};
        auto& c = w.play(q, script{}.fails());
        w.advance(40ms);
        c.cancel();
        CHECK(c.finished_at() == at(40ms));
        CHECK(c.attempts() == 1);
    }
    SECTION("law 11: at the instant of the result, the cancellation wins") {
        outlast::pipeline<> q;
        auto& c = w.play(q, script{}.succeeds(50ms), at(50ms));
        w.at(at(50ms), [&] { c.cancel(); });
        w.run();
        CHECK(c.outcome() == verdict::neutral(refusal::cancelled));
        CHECK(c.finished_at() == at(50ms));
    }
    SECTION("after its end: nothing") {
        outlast::pipeline<> q;
        auto& c = w.play(q, script{}.succeeds());
        c.cancel();
        CHECK(c.outcome().ok());
    }
    SECTION("by its own work, while that begins") {
        outlast::simulated* self = nullptr;
        outlast::world* here = &w;
        outlast::pipeline q{every(100ms)};
        auto& c = w.play(q, [&](std::uint32_t n, instant) -> outlast::scripted {
            if (n == 2)
                self->cancel();
            return {verdict::failure(), 10ms};
        });
        self = &c;
        here->run();
        CHECK(c.outcome() == verdict::neutral(refusal::cancelled));
        CHECK(c.finished_at() == at(110ms));
        CHECK(c.attempts() == 2);
    }
}

TEST_CASE("world: actions happen at their instants, before what else is due then") {
    outlast::world w;
    outlast::pipeline<> p;
    std::vector<int> order;
    w.at(at(20ms), [&] { order.push_back(2); });
    w.at(at(10ms), [&] {
        order.push_back(1);
        w.at(at(20ms), [&] { order.push_back(3); });
        w.at(at(5ms), [&] { order.push_back(0); }); // past already: now
    });
    auto& c = w.play(p, script{}.succeeds(20ms));
    w.at(at(20ms), [&] { order.push_back(c.done() ? 99 : 4); });
    w.advance(20ms);
    CHECK(order == std::vector<int>{1, 0, 2, 4, 3});
    CHECK(c.done());
    // One that was never due is forgotten with the world.
    w.at(at(1h), [&] { order.push_back(5); });
}

TEST_CASE("world: of two that are due at once, the one that was told so first") {
    outlast::world w;
    outlast_tests::tap notes;
    outlast::pipeline q{std::ref(notes)};
    w.play(q, script{}.fails(50ms));
    w.advance(20ms);
    w.play(q, script{}.succeeds(30ms));
    w.run();
    REQUIRE(notes.ended.size() == 2);
    CHECK(notes.ended[0].what == verdict::failure());
    CHECK(notes.ended[1].what == verdict::success());
}

TEST_CASE("world: parked until woken, or until its instant") {
    outlast::world w;
    parking lot;
    outlast::pipeline p{std::ref(lot)};
    SECTION("woken") {
        auto& c = w.play(p, script{});
        w.advance(30ms);
        c.wake();
        CHECK(!c.done()); // it is due now, and runs when time is given
        w.advance(0ms);
        CHECK(c.done());
        CHECK(lot.woken == times{30ms});
        c.wake(); // too late: nothing
        w.run();
    }
    SECTION("its instant") {
        lot.until = at(40ms);
        auto& c = w.play(p, script{});
        w.run();
        CHECK(c.finished_at() == at(40ms));
    }
}

TEST_CASE("world: a wake that comes before the park is not lost") {
    struct parks_later {
        struct run : outlast::pass_through {
            step begin(reading&, instant by, verdict&) { return step::call(work, by); }
            step settled(reading&, outlast::lane, verdict&) { return step::park(never); }
        };
        run start() { return {}; }
    };
    outlast::world w;
    parks_later policy;
    auto& c = w.play(policy, script{}.succeeds(10ms));
    w.advance(5ms);
    c.wake();
    w.run(); // else stuck
    CHECK(c.finished_at() == at(10ms));
}

TEST_CASE("world: no work begins at its deadline") {
    struct careless { // waits, and then asks for what has to be over by 50 ms
        outlast::duration wait;
        struct run : outlast::pass_through {
            outlast::duration wait;
            explicit run(outlast::duration d) : wait(d) {}
            step begin(reading&, instant, verdict&) { return step::wait(at(wait)); }
            step settled(reading&, outlast::lane, verdict&) { return step::finish(); }
            step woke(reading&, outlast::lane, verdict&) { return step::call(work, at(50ms)); }
        };
        run start() { return run{wait}; }
    };
    for (const auto wait : {49ms, 50ms, 51ms}) {
        CAPTURE(wait);
        outlast::world w;
        careless policy{wait};
        auto& c = w.play(policy, script{}.succeeds());
        w.run();
        CHECK(c.attempts() == (wait < 50ms ? 1 : 0));
        CHECK(c.outcome() ==
              (wait < 50ms ? verdict::success() : verdict::neutral(refusal::timed_out)));
    }
}

TEST_CASE("world: nothing left to happen is an error") {
    outlast::world w;
    parking lot;
    outlast::pipeline p{std::ref(lot)};
    auto& c = w.play(p, script{});
    CHECK_THROWS_AS(w.run(), std::logic_error);
    CHECK(!c.done());
    w.advance(1s); // but time may pass
    c.cancel();
    CHECK_NOTHROW(w.run());
    // Work that hangs and has no deadline, too.
    outlast::pipeline<> q;
    w.play(q, script{}.hangs());
    CHECK_THROWS_AS(w.run(), std::logic_error);
}

TEST_CASE("world: time spent by a callable adds up, and saturates") {
    outlast::world w;
    outlast::pipeline p{outlast::timeout{1h}};
    auto& c = w.play(p, [&](std::uint32_t, instant) -> outlast::scripted {
        w.spend(20ms);
        w.spend(30ms);
        return {};
    });
    w.run();
    CHECK(end(c) == 50ms);
    auto& hangs = w.play(p, [&](std::uint32_t, instant) -> outlast::scripted {
        w.spend(outlast::forever);
        w.spend(30ms);
        return {};
    });
    w.run();
    CHECK(end(hangs) == 50ms + 1h);
}

TEST_CASE("world: the same seed and the same calls give the same history") {
    const auto history = [](std::uint64_t seed) {
        outlast::world w{seed};
        outlast::pipeline p{outlast::retry{{.max_attempts = 5, .seed = 3}}};
        std::vector<traced> all;
        for (int i = 0; i != 3; ++i) {
            auto& c = w.play(p, [&](std::uint32_t, instant) -> outlast::scripted {
                return {verdict::failure(), outlast::portion(10ms, w.chance()())};
            });
            w.run();
            all.insert(all.end(), c.trace().begin(), c.trace().end());
        }
        return all;
    };
    CHECK(history(7) == history(7));
    CHECK(history(7) != history(8));
}

TEST_CASE("world: calls that were not over leave with it, and give back what they held") {
    outlast::basic_circuit_breaker<> breaker{{.window = 1, .open_for = 1s, .probe_lease = 1h}};
    outlast::pipeline p{std::ref(breaker)};
    {
        outlast::world w;
        w.play(p, script{}.fails());
        w.advance(1s);
        w.play(p, script{}.hangs());
        CHECK(w.play(p, script{}).outcome().why == refusal::circuit_open);
    }
    outlast::world w;
    w.advance(1s);
    CHECK(w.play(p, script{}).outcome().ok());
}

namespace {

constexpr bool works_in_a_constant() {
    outlast::world w;
    outlast::basic_circuit_breaker<> breaker{{.window = 2, .open_for = 1s}};
    outlast::pipeline p{std::ref(breaker), outlast::timeout{50ms}};
    auto& a = w.play(p, script{}.hangs());
    auto& b = w.play(p, script{}.fails(10ms));
    bool acted = false;
    w.at(at(20ms), [&] { acted = true; });
    w.run();
    auto& c = w.play(p, script{});
    w.advance(1s);
    auto& d = w.play(p, script{}.hangs());
    w.advance(10ms);
    d.cancel();
    return acted && end(a) == 50ms && end(b) == 10ms && c.outcome().why == refusal::circuit_open &&
           d.outcome().why == refusal::cancelled && w.running() == 0;
}
static_assert(works_in_a_constant());

} // namespace
