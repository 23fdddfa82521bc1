// SPDX-License-Identifier: BSL-1.0
//
// What goes on without its caller: refreshes ahead, and work for a key that others wait for. In virtual
// time.
#include <outlast/asio/under_way.hpp>

#include <outlast/asio.hpp>
#include <outlast/bulkhead.hpp>
#include <outlast/cache/memory.hpp>
#include <outlast/late_value.hpp>
#include <outlast/outlast.hpp>

#include "asio/support/virtual_loop.hpp"
#include "support/catch.hpp"
#include "support/print.hpp"
#include "support/script.hpp"

#include <boost/asio.hpp>

#include <functional>
#include <memory>
#include <system_error>
#include <utility>
#include <vector>

using namespace std::chrono_literals;
using namespace outlast::literals;
namespace asio = boost::asio;
using asio::cancellation_type;
using boost::system::error_code;
using outlast::duration;
using outlast::refusal;
using outlast::result;
using outlast_tests::hand_clock;
using outlast_tests::virtual_loop;

namespace {

/// Where a call's answer goes.
struct answer {
    int times = 0;
    int value = 0;
    refusal why = refusal::none;
    std::error_code code{};
    duration when{};
};

/// Entries live 1000 ms, and are due between 800 and 900; a refresh may take 50 ms. The work takes what
/// it is told to, notices no cancellation, and gives the number of its run.
struct office {
    virtual_loop loop{};
    duration takes = 30ms;
    bool down = false;
    int begun = 0;
    int ended = 0;
    outlast::memory<int, int> store{};
    outlast::cache_aside<outlast::memory<int, int>, int (*)(int), outlast::lifetime (*)(int)>
        remember{store,
                 [](int key) { return key; },
                 [](int) { return outlast::lifetime{.fresh_for = 1s, .stale_for = 1h}; },
                 {.refresh_ahead = 20_percent, .refresh_limit = 50ms, .seed = 1}};

    auto work() {
        return [this](outlast::call&, int, auto token) {
            return asio::async_initiate<decltype(token), void(error_code, int)>(
                [this, run = ++begun](auto handler) {
                    auto kept = std::make_shared<decltype(handler)>(std::move(handler));
                    loop.in(takes, [this, run, kept] {
                        ++ended;
                        const auto executor = asio::get_associated_executor(*kept);
                        asio::dispatch(executor, [this, run, kept] {
                            std::move (*kept)(down ? make_error_code(asio::error::connection_reset)
                                                   : error_code{},
                                              run);
                        });
                    });
                },
                token);
        };
    }

    auto into(answer& a) {
        return [this, &a](const result<int>& r) {
            ++a.times;
            a.when = loop.since_start();
            if (r)
                a.value = r.value();
            else
                a.why = r.error().why(), a.code = r.error().code();
        };
    }
    template <class Pipeline>
    void ask(Pipeline& p, answer& a, const outlast::limits& l = {}, int key = 0) {
        outlast::async_run<hand_clock>(loop.context().get_executor(), p, l, work(), into(a), key);
    }
    template <class Pipeline>
    void ask(Pipeline& p, answer& a, asio::cancellation_signal& signal, int key = 0) {
        outlast::async_run<hand_clock>(loop.context().get_executor(), p, work(),
                                       asio::bind_cancellation_slot(signal.slot(), into(a)), key);
    }
    /// Has the answer of the first run in the cache, 900 ms old.
    template <class Pipeline>
    void grow_old(Pipeline& p) {
        answer first;
        ask(p, first);
        loop.run();
        REQUIRE(first.value == 1);
        loop.advance(900ms);
    }
};

outlast::limits by(duration from_start) {
    return {.deadline = std::chrono::steady_clock::time_point{
                (hand_clock::zero + from_start).time_since_epoch()}};
}

bool nothing_left() {
    return outlast::detached().running == 0 && outlast::abandoned().running == 0;
}

} // namespace

TEST_CASE("calls without a caller are counted while they go on, and in all") {
    const auto before = outlast::detached();
    {
        const outlast::detail::counted_as<outlast::detached_calls> one;
        CHECK(outlast::detached().running == before.running + 1);
    }
    CHECK(outlast::detached().running == before.running);
    CHECK(outlast::detached().ever == before.ever + 1);
}

// --- refresh ahead ---

TEST_CASE("refresh ahead under Asio: the caller has the entry at once, and the refresh goes on") {
    office o;
    outlast::pipeline p{std::ref(o.remember)};
    o.grow_old(p);
    const auto before = outlast::detached();
    answer a;
    outlast::report facts;
    o.ask(p, a, {.facts = &facts});
    o.loop.advance(0ms);
    CHECK(a.value == 1);
    CHECK(a.when == 930ms);
    CHECK(facts.how == outlast::source::cached);
    CHECK(facts.age == 900ms);
    CHECK(facts.attempts == 0);
    CHECK(outlast::detached().running == before.running + 1);
    CHECK(outlast::detached().ever == before.ever + 1);
    SECTION("others meanwhile, too, and nobody else refreshes it") {
        answer b;
        o.loop.advance(10ms);
        o.ask(p, b);
        o.loop.advance(0ms);
        CHECK(b.value == 1);
        CHECK(b.when == 940ms);
    }
    o.loop.advance(30ms);
    CHECK(o.begun == 2);
    CHECK(nothing_left());
    answer c;
    o.ask(p, c);
    o.loop.run();
    CHECK(c.value == 2); // what it brought
    CHECK(c.when == o.loop.since_start());
    CHECK(o.begun == 2);
    CHECK(a.times == 1);
}

TEST_CASE("refresh ahead under Asio: one that fails changes nothing for anybody") {
    office o;
    int fell_back = 0;
    outlast::pipeline p{outlast::fallback{[&] { return ++fell_back; }}, std::ref(o.remember),
                        outlast::retry{{.max_attempts = 2, .backoff = outlast::constant(1ms)}}};
    o.grow_old(p);
    o.down = true;
    answer a;
    o.ask(p, a, by(931ms)); // has no time for a refresh itself
    o.loop.run();
    CHECK(a.times == 1);
    CHECK(a.value == 1);
    CHECK(a.when == 930ms);
    CHECK(o.begun == 3); // the second attempt is cut off by its limit
    CHECK(nothing_left());
    CHECK(fell_back == 0);
    CHECK(o.store.find(0)->value == 1);
    answer b;
    o.ask(p, b); // none is made for a while
    o.loop.run();
    CHECK(b.value == 1);
    CHECK(o.begun == 3);
}

TEST_CASE("refresh ahead under Asio: it goes through the policies inside, and is bounded") {
    office o;
    outlast::circuit_breaker breaker{{.window = outlast::consecutive(1), .open_for = 1h}};
    outlast::bulkhead door{{.permits = 1}};
    SECTION("a breaker that is open") {
        outlast::pipeline p{std::ref(o.remember), std::ref(breaker)};
        o.grow_old(p);
        breaker.set_mode(outlast::circuit_mode::isolated);
        answer a;
        o.ask(p, a);
        o.loop.run();
        CHECK(a.value == 1);
        CHECK(o.begun == 1);
    }
    SECTION("a bulkhead, whose permit it holds") {
        outlast::pipeline p{std::ref(o.remember), std::ref(door)};
        o.grow_old(p);
        answer a;
        o.ask(p, a);
        o.loop.advance(10ms);
        CHECK(a.value == 1);
        CHECK(door.counts().running == 1);
        o.loop.run();
    }
    SECTION("its own limit") {
        outlast::pipeline p{std::ref(o.remember), std::ref(breaker), std::ref(door)};
        o.grow_old(p);
        o.takes = 200ms;
        answer a;
        o.ask(p, a);
        o.loop.advance(49ms);
        CHECK(outlast::detached().running == 1);
        o.loop.advance(1ms);
        CHECK(outlast::detached().running == 0);
        CHECK(outlast::abandoned().running == 1);
        CHECK(door.counts().running == 1); // until the work ends
        CHECK(breaker.state(o.loop.now()) == outlast::circuit_state::open);
        CHECK(a.value == 1);
        o.loop.run();
    }
    SECTION("a timeout further in") {
        outlast::pipeline p{std::ref(o.remember), outlast::timeout{40ms}, std::ref(door)};
        o.grow_old(p);
        o.takes = 45ms;
        answer a;
        o.ask(p, a);
        o.loop.advance(40ms);
        CHECK(outlast::detached().running == 0);
        o.loop.run();
        CHECK(a.value == 1);
    }
    CHECK(nothing_left());
    CHECK(door.counts().running == 0);
}

TEST_CASE("refresh ahead under Asio: those who want a live answer join it") {
    virtual_loop loop;
    int begun = 0;
    outlast::memory<int, int> store;
    outlast::cache_aside remember{store,
                                  [](duration age) { return outlast::wanted<int>{0, age}; },
                                  [](int) { return outlast::lifetime{.fresh_for = 1s}; },
                                  {.refresh_ahead = 20_percent, .refresh_limit = 50ms, .seed = 1}};
    outlast::pipeline p{std::ref(remember)};
    std::vector<std::pair<int, duration>> got;
    const auto ask = [&](duration age) {
        outlast::async_run<hand_clock>(
            loop.context().get_executor(), p,
            [&](duration, auto token) {
                return loop.after<void(int)>(30ms, std::move(token), ++begun);
            },
            [&](const result<int>& r) { got.emplace_back(r.value(), loop.since_start()); }, age);
    };
    ask(outlast::forever);
    loop.run();
    loop.advance(900ms);
    ask(outlast::forever);
    loop.advance(10ms);
    ask(0ms);
    loop.run();
    CHECK(got == std::vector<std::pair<int, duration>>{{1, 30ms}, {1, 930ms}, {2, 960ms}});
    CHECK(begun == 2);
}

TEST_CASE("refresh ahead under Asio: run() returns after it, and the context may end before it") {
    office o;
    outlast::pipeline p{std::ref(o.remember), outlast::timeout{1s}};
    auto alive = std::make_shared<int>(0);
    o.grow_old(p);
    {
        virtual_loop other;
        outlast::async_run<hand_clock>(
            other.context(), p,
            [&, alive](int, auto token) { return other.after<void(int)>(1h, std::move(token), 9); },
            [alive](const result<int>&) {}, 7);
        other.poll();
    }
    CHECK(alive.use_count() == 1);
    CHECK(nothing_left());
}

// --- work whose first caller leaves ---

TEST_CASE("single flight under Asio: a leader that is cancelled leaves its work to the others") {
    const auto type = GENERATE(cancellation_type::total, cancellation_type::terminal);
    office o;
    outlast::pipeline p{std::ref(o.remember), outlast::timeout{1s}};
    asio::cancellation_signal signal;
    answer leader;
    std::vector<answer> others(999);
    o.takes = 100ms;
    o.ask(p, leader, signal);
    for (answer& a : others)
        o.ask(p, a);
    o.loop.advance(40ms);
    signal.emit(type);
    o.loop.advance(0ms);
    CHECK(leader.why == refusal::cancelled);
    CHECK(leader.when == 40ms);
    CHECK(outlast::detached().running == 1);
    CHECK(outlast::abandoned().running == 0);
    o.loop.run();
    CHECK(o.begun == 1);
    CHECK(leader.times == 1);
    for (const answer& a : others)
        if (a.times != 1 || a.value != 1 || a.when != 100ms)
            FAIL_CHECK(a.times << " times " << a.value);
    CHECK(nothing_left());
}

TEST_CASE(
    "single flight under Asio: a leader that runs out of time leaves its work to the others") {
    office o;
    answer leader, patient, hasty;
    outlast::basic_circuit_breaker<> breaker{{.window = outlast::consecutive(1)}};
    o.takes = 100ms;
    SECTION("which goes on for as long as anybody waits") {
        outlast::pipeline p{std::ref(o.remember), std::ref(breaker)};
        o.ask(p, leader, by(40ms));
        o.ask(p, hasty, by(60ms));
        o.ask(p, patient, by(200ms));
        o.loop.run();
        CHECK(patient.value == 1);
        CHECK(patient.when == 100ms);
        CHECK(breaker.state(o.loop.now()) == outlast::circuit_state::closed); // it was no timeout
    }
    SECTION("and is cut when the last of them has left") {
        outlast::pipeline p{std::ref(o.remember), std::ref(breaker)};
        o.takes = 1s;
        o.ask(p, leader, by(40ms));
        o.ask(p, hasty, by(60ms));
        o.ask(p, patient, by(200ms));
        o.loop.advance(199ms);
        CHECK(outlast::detached().running == 1);
        o.loop.advance(1ms);
        CHECK(patient.why == refusal::timed_out);
        CHECK(patient.when == 200ms);
        CHECK(outlast::detached().running == 0);
        CHECK(outlast::abandoned().running == 1);
        CHECK(breaker.state(o.loop.now()) == outlast::circuit_state::open);
        o.loop.run();
    }
    SECTION("but not longer than a timeout further in allows") {
        outlast::pipeline p{std::ref(o.remember), outlast::timeout{80ms}};
        o.ask(p, leader, by(40ms));
        o.ask(p, hasty, by(60ms));
        o.ask(p, patient, by(200ms));
        o.loop.advance(100ms);
        CHECK(patient.why == refusal::timed_out);
        CHECK(patient.when == 80ms);
        o.loop.run();
    }
    SECTION("with the attempts that it has left") {
        outlast::pipeline p{std::ref(o.remember),
                            outlast::retry{{.max_attempts = 3, .backoff = outlast::constant(5ms)}}};
        o.takes = 50ms;
        o.down = true;
        o.ask(p, leader, by(40ms));
        o.ask(p, hasty, by(60ms));
        o.ask(p, patient, by(200ms));
        o.loop.advance(80ms);
        o.down = false;
        o.loop.run();
        CHECK(patient.value == 2);
        CHECK(patient.when == 105ms);
        CHECK(o.begun == 2);
    }
    CHECK(leader.why == refusal::timed_out);
    CHECK(leader.when == 40ms);
    CHECK(hasty.why == refusal::timed_out);
    CHECK(hasty.when == 60ms);
    CHECK(leader.times + hasty.times + patient.times == 3);
    CHECK(o.begun <= 2);
    CHECK(nothing_left());
}

TEST_CASE("single flight under Asio: a leader that nobody follows takes its work along") {
    office o;
    outlast::pipeline p{std::ref(o.remember)};
    asio::cancellation_signal signal;
    answer leader, next;
    o.takes = 100ms;
    o.ask(p, leader, signal);
    o.loop.advance(40ms);
    signal.emit(cancellation_type::terminal);
    o.loop.advance(0ms);
    CHECK(leader.why == refusal::cancelled);
    CHECK(outlast::detached().running == 0);
    CHECK(outlast::abandoned().running == 1);
    o.ask(p, next);
    o.loop.run();
    CHECK(next.value == 2);
    CHECK(next.when == 140ms);
}

TEST_CASE(
    "single flight under Asio: what the last who waited has left is kept, or joined by the next") {
    const bool joins = GENERATE(false, true);
    office o;
    outlast::pipeline p{std::ref(o.remember), outlast::timeout{1s}};
    asio::cancellation_signal first, second;
    answer leader, other, next;
    o.takes = 100ms;
    o.ask(p, leader, first);
    o.ask(p, other, second);
    o.loop.advance(40ms);
    first.emit(cancellation_type::terminal);
    o.loop.advance(0ms);
    second.emit(cancellation_type::terminal);
    o.loop.advance(0ms);
    CHECK(leader.why == refusal::cancelled);
    CHECK(other.why == refusal::cancelled);
    CHECK(outlast::detached().running == 1);
    o.loop.advance(joins ? 20ms : 100ms);
    o.ask(p, next);
    o.loop.run();
    CHECK(next.value == 1);
    CHECK(next.when == (joins ? 100ms : 140ms));
    CHECK(o.begun == 1);
    CHECK(nothing_left());
}

TEST_CASE("single flight under Asio: a policy outside the cache has no part in what goes on") {
    office o;
    outlast::bulkhead door{{.permits = 3}};
    int fell_back = 0;
    outlast::pipeline p{outlast::fallback{[&] { return ++fell_back; }}, std::ref(door),
                        std::ref(o.remember)};
    asio::cancellation_signal signal;
    answer leader, other;
    o.takes = 100ms;
    o.ask(p, leader, signal);
    o.ask(p, other);
    o.loop.advance(40ms);
    signal.emit(cancellation_type::terminal);
    o.loop.advance(0ms);
    CHECK(door.counts().running == 1);
    o.loop.run();
    CHECK(other.value == 1);
    CHECK(door.counts().running == 0);
    CHECK(fell_back == 0);
    CHECK(o.begun == 1);
}

// --- what comes too late for its caller ---

TEST_CASE("a good value of work that was abandoned is kept, if nothing else was learnt meanwhile") {
    office o;
    o.takes = 100ms;
    answer a, b;
    SECTION("its caller had left") {
        outlast::pipeline p{std::ref(o.remember), outlast::retry{}};
        o.ask(p, a, by(40ms));
        o.loop.run();
        CHECK(a.why == refusal::timed_out);
        CHECK(o.store.find(0)->value == 1);
        CHECK(o.store.find(0)->times.since == hand_clock::zero + 100ms);
        o.ask(p, b);
        o.loop.run();
        CHECK(b.value == 1);
        CHECK(o.begun == 1);
    }
    SECTION("its attempt was over, with a bulkhead around it") {
        outlast::bulkhead door{{.permits = 2}};
        outlast::pipeline p{outlast::timeout{1s}, std::ref(o.remember), outlast::timeout{40ms},
                            std::ref(door)};
        o.ask(p, a);
        o.loop.run();
        CHECK(a.why == refusal::timed_out);
        CHECK(a.when == 40ms);
        CHECK(o.store.find(0)->value == 1);
        CHECK(door.counts().running == 0);
    }
    SECTION("not if another attempt has brought one") {
        outlast::pipeline p{std::ref(o.remember),
                            outlast::retry{{.max_attempts = 2, .backoff = outlast::constant(0ms)}},
                            outlast::timeout{40ms}};
        o.ask(p, a);
        o.loop.advance(20ms);
        o.takes = 10ms;
        o.loop.run();
        CHECK(a.value == 2);
        CHECK(o.store.find(0)->value == 2);
    }
    SECTION("nor one that is not to be kept") {
        outlast::cache_aside picky{
            o.store, [](int key) { return key; },
            [](int v) { return outlast::lifetime{.fresh_for = v == 1 ? 1s : 0s}; }};
        outlast::pipeline p{std::ref(picky),
                            outlast::retry{{.max_attempts = 2, .backoff = outlast::constant(0ms)}},
                            outlast::timeout{40ms}};
        o.ask(p, a);
        o.loop.advance(20ms);
        o.takes = 10ms;
        o.loop.run();
        CHECK(a.value == 2);
        CHECK(o.store.size() == 0);
    }
    SECTION("nor if the key was forgotten") {
        outlast::pipeline p{std::ref(o.remember)};
        o.ask(p, a, by(40ms));
        o.loop.advance(60ms);
        o.remember.forget(0);
        o.loop.run();
        CHECK(o.store.size() == 0);
    }
    SECTION("nor a failure") {
        outlast::pipeline p{std::ref(o.remember)};
        o.ask(p, a, by(40ms));
        o.down = true;
        o.loop.run();
        CHECK(o.store.size() == 0);
    }
    CHECK(nothing_left());
}

TEST_CASE("a good value of work that was abandoned is shown to who takes late values") {
    office o;
    o.takes = 100ms;
    answer a;
    std::vector<std::pair<int, int>> shown; // with its key
    auto take = [&](int value, int key) { shown.emplace_back(value, key); };
    using both = std::vector<std::pair<int, int>>;
    SECTION("of each attempt") {
        outlast::pipeline p{outlast::retry{{.max_attempts = 2, .backoff = outlast::constant(0ms)}},
                            outlast::late_value{take}, outlast::timeout{40ms}};
        o.ask(p, a);
        o.loop.run();
        CHECK(a.why == refusal::timed_out);
        CHECK(a.when == 80ms);
        CHECK(shown == both{{1, 0}, {2, 0}});
    }
    SECTION("when the pipeline is gone") {
        using policies = outlast::pipeline<outlast::late_value<decltype(take)>, outlast::timeout>;
        auto p = std::make_unique<policies>(outlast::late_value{take}, outlast::timeout{40ms});
        o.ask(*p, a);
        o.loop.advance(50ms);
        CHECK(a.why == refusal::timed_out);
        p.reset();
        CHECK(shown.empty());
        o.loop.run();
        CHECK(shown == both{{1, 0}});
    }
    SECTION("and to a cache outside") {
        outlast::pipeline p{std::ref(o.remember), outlast::late_value{take},
                            outlast::timeout{40ms}};
        o.ask(p, a);
        o.loop.run();
        CHECK(shown == both{{1, 0}});
        CHECK(o.store.find(0)->value == 1);
    }
    SECTION("not a failure, nor what came in time") {
        outlast::pipeline p{outlast::late_value{take}, outlast::timeout{40ms}};
        o.ask(p, a);
        o.down = true;
        o.loop.run();
        o.down = false;
        o.takes = 10ms;
        o.ask(p, a);
        o.loop.run();
        CHECK(shown.empty());
    }
    CHECK(nothing_left());
}
