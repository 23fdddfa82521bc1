// SPDX-License-Identifier: BSL-1.0
#include <outlast/run.hpp>

#include <outlast/cache/memory.hpp>
#include <outlast/cache_aside.hpp>
#include <outlast/fallback.hpp>
#include <outlast/keyed.hpp>
#include <outlast/pipeline.hpp>
#include <outlast/retry.hpp>
#include <outlast/threads.hpp>
#include <outlast/timeout.hpp>

#include "support/catch.hpp"
#include "support/print.hpp"
#include "support/recorded.hpp"
#include "support/script.hpp"

#include <atomic>
#include <chrono>
#include <functional>
#include <latch>
#include <optional>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <system_error>
#include <thread>
#include <utility>

using namespace std::chrono_literals;
using outlast::duration;
using outlast::limits;
using outlast::refusal;
using outlast::report;
using outlast::result;
using outlast::verdict;
using outlast_tests::hand_clock;
using outlast_tests::recorded;
using steady_clock = std::chrono::steady_clock;

namespace {

const auto server_error = std::make_error_code(std::errc::io_error);

result<int> fails() { return server_error; }

outlast::retry waiting(duration delay, std::uint32_t attempts = 3) {
    return outlast::retry{{.max_attempts = attempts, .backoff = outlast::constant(delay)}};
}

/// An instant of the hand's clock as a caller's deadline.
steady_clock::time_point deadline(duration from_zero) {
    return steady_clock::time_point{(hand_clock::zero + from_zero).time_since_epoch()};
}

} // namespace

TEST_CASE("run: calls, retries after waits, and hands over the value") {
    hand_clock::reset();
    outlast::pipeline p{waiting(100ms)};
    int calls = 0;
    recorded noted{p};
    const auto r = outlast::run<hand_clock>(noted, [&]() -> result<int> {
        hand_clock::advance(10ms);
        if (++calls < 3)
            return server_error;
        return calls;
    });
    CHECK(r.value() == 3);
    CHECK(hand_clock::time == hand_clock::zero + 230ms);
}

TEST_CASE("run: really waits") {
    outlast::pipeline p{waiting(3ms)};
    const auto begun = steady_clock::now();
    CHECK(!p(fails));
    CHECK(steady_clock::now() - begun >= 6ms);
}

TEST_CASE("run: a stop that was requested before the start: no call at all") {
    std::stop_source stop;
    stop.request_stop();
    outlast::pipeline p{waiting(0ms)};
    int calls = 0;
    const auto r = p(limits{.stop = stop.get_token()}, [&] { return ++calls; });
    CHECK(r.error().code() == refusal::cancelled);
    CHECK(!r.error().cause());
    CHECK(r.error().attempts() == 0);
    CHECK(calls == 0);
    // The caller's cancellation wins over its deadline.
    const auto both =
        p(limits{.deadline = steady_clock::time_point::min(), .stop = stop.get_token()},
          [&] { return ++calls; });
    CHECK(both.error().code() == refusal::cancelled);
    CHECK(calls == 0);
}

namespace {

/// Links its call to somebody who wakes it, as a seat in a flight does.
struct parks {
    outlast::waker* wake = nullptr;
    bool over = false;
    std::latch parked{1};

    struct run : outlast::pass_through {
        static constexpr outlast::operation operations = 1;
        static constexpr bool pinned = true;
        parks* links;
        explicit run(parks& p) : links(&p) {}
        outlast::step begin(outlast::reading&, outlast::instant, verdict&) {
            return outlast::step::call(1, outlast::never);
        }
        outlast::step settled(outlast::reading&, outlast::lane, verdict&) {
            links->parked.count_down();
            return outlast::step::park(outlast::never);
        }
        void abandoned() noexcept {
            if (links->wake == nullptr)
                return;
            links->wake->wake(); // is there still
            links->wake = nullptr;
            links->over = true;
        }
        template <class Hand>
        verdict act(outlast::operation, outlast::reading&, Hand& hand) {
            links->wake = &hand.waiter();
            return {};
        }
    };
    run start() { return run{*this}; }
};

} // namespace

TEST_CASE("run: who may wake a call is told that it is over while there is one to wake") {
    parks links;
    outlast::pipeline p{std::ref(links)};
    std::stop_source stop;
    std::jthread later{[&] {
        links.parked.wait();
        stop.request_stop();
    }};
    const auto r = p(limits{.stop = stop.get_token()}, [] { return 1; });
    CHECK(r.error().code() == refusal::cancelled);
    CHECK(links.over);
}

TEST_CASE("law 11: the caller's wish to stop wins over its deadline, and that over a good value") {
    hand_clock::reset();
    outlast::pipeline<> p{};
    const auto late = [](std::stop_source stop, bool stopped) {
        hand_clock::advance(2h);
        if (stopped)
            stop.request_stop();
        return 1;
    };
    for (const bool stopped : {false, true}) {
        hand_clock::reset();
        std::stop_source stop;
        const steady_clock::time_point by{(hand_clock::zero + 1h).time_since_epoch()};
        const auto r = outlast::run<hand_clock>(p, limits{.deadline = by, .stop = stop.get_token()},
                                                late, stop, stopped);
        CHECK(r.error().code() == (stopped ? refusal::cancelled : refusal::timed_out));
    }
}

TEST_CASE("run: a stop during a wait ends it at once, with the last failure underneath") {
    std::stop_source stop;
    outlast::pipeline p{waiting(1h)};
    std::latch failed{1};
    std::atomic<int> calls = 0;
    std::thread other{[&] {
        failed.wait();
        stop.request_stop();
    }};
    const auto begun = steady_clock::now();
    const auto r = p(limits{.stop = stop.get_token()}, [&]() -> result<int> {
        ++calls;
        failed.count_down();
        return outlast::failure{server_error}.with_retry_after(2h);
    });
    other.join();
    CHECK(steady_clock::now() - begun < 30min);
    CHECK(r.error().code() == refusal::cancelled);
    CHECK(r.error().cause() == server_error);
    CHECK(r.error().attempts() == 1);
    CHECK(calls == 1);
}

TEST_CASE("run: a result that arrives with a stop: a good value is kept, a failure is cancelled") {
    outlast::pipeline p{waiting(0ms)};
    std::stop_source stop;
    const auto good = p(limits{.stop = stop.get_token()}, [&] {
        stop.request_stop();
        return 4;
    });
    CHECK(good.value() == 4);
    std::stop_source another;
    int calls = 0;
    const auto bad = p(limits{.stop = another.get_token()}, [&]() -> result<int> {
        ++calls;
        another.request_stop();
        return server_error;
    });
    CHECK(bad.error().code() == refusal::cancelled);
    CHECK(bad.error().cause() == server_error);
    CHECK(calls == 1);
}

TEST_CASE("run: a stopped call records nothing and replaces nothing") {
    outlast::circuit_breaker breaker{{.window = 1}};
    int replaced = 0;
    outlast::pipeline p{outlast::fallback{[&] { return ++replaced; }}, waiting(0ms),
                        std::ref(breaker)};
    std::stop_source stop;
    const auto r = p(limits{.stop = stop.get_token()}, [&]() -> result<int> {
        stop.request_stop();
        return server_error;
    });
    CHECK(r.error().code() == refusal::cancelled);
    CHECK(replaced == 0);
    CHECK(p([] { return 1; }).value() == 1); // still closed
}

TEST_CASE("run: a deadline already past: no call at all") {
    hand_clock::reset();
    hand_clock::advance(1s);
    outlast::pipeline p{waiting(0ms)};
    int calls = 0;
    for (const duration by : {duration{999ms}, duration{1s}}) {
        const auto r =
            outlast::run<hand_clock>(p, {.deadline = deadline(by)}, [&] { return ++calls; });
        CHECK(r.error().code() == refusal::timed_out);
        CHECK(r.error().message() == "timed out: the deadline of the call passed");
    }
    CHECK(calls == 0);
    CHECK(outlast::run<hand_clock>(p, {.deadline = deadline(1s + 1ns)}, [&] {
              return ++calls;
          }).value() == 1);
}

TEST_CASE("run: a deadline that passes during the call: timed out, whatever it came to") {
    outlast::pipeline p{waiting(0ms)};
    for (const duration takes : {duration{49ms}, duration{50ms}, duration{51ms}}) {
        for (const bool good : {true, false}) {
            CAPTURE(takes, good);
            hand_clock::reset();
            int calls = 0;
            const auto r = outlast::run<hand_clock>(
                p, {.deadline = deadline(50ms)}, [&](outlast::call& c) -> result<int> {
                    CHECK(c.remaining() == (++calls == 1 ? 50ms : 1ms));
                    hand_clock::advance(calls == 1 ? takes : duration{1ms});
                    if (good)
                        return 4;
                    return server_error;
                });
            if (takes < 50ms && good) {
                CHECK(r.value() == 4);
                continue;
            }
            CHECK(r.error().code() == refusal::timed_out);
            CHECK(r.error().cause() == (good ? std::error_code{} : server_error));
            CHECK(calls == (takes < 50ms ? 2 : 1));
        }
    }
}

TEST_CASE("run: a wait that does not fit the deadline is not begun") {
    hand_clock::reset();
    outlast::pipeline p{waiting(100ms)};
    const auto r = outlast::run<hand_clock>(p, {.deadline = deadline(100ms)}, fails);
    CHECK(r.error().code() == server_error);
    CHECK(r.error().facts().why_stopped == outlast::stopped::deadline);
    CHECK(hand_clock::time == hand_clock::zero);
}

TEST_CASE("run: a good value that came too late is kept by a cache outside") {
    hand_clock::reset();
    outlast::memory<int, int> store;
    outlast::cache_aside remember{store, [] { return 0; },
                                  [](int) { return outlast::lifetime{.fresh_for = 1h}; }};
    outlast::pipeline p{std::ref(remember), outlast::timeout{50ms}};
    const auto late = outlast::run<hand_clock>(p, [] {
        hand_clock::advance(80ms);
        return 9;
    });
    CHECK(late.error().message() == "timed out after 50 ms (timeout)");
    CHECK(outlast::run<hand_clock>(p, [] { return 0; }).value() == 9);
    // The same with the caller's own deadline.
    store.clear();
    const auto by = outlast::run<hand_clock>(p, {.deadline = deadline(110ms)}, [] {
        hand_clock::advance(40ms);
        return 8;
    });
    CHECK(by.error().code() == refusal::timed_out);
    CHECK(outlast::run<hand_clock>(p, [] { return 0; }).value() == 8);
}

TEST_CASE("run: no work begins at its deadline") {
    struct careless { // waits, and then asks for what has to be over by 50 ms
        duration wait;
        struct run : outlast::pass_through {
            duration wait;
            explicit run(duration d) : wait(d) {}
            outlast::step begin(outlast::reading&, outlast::instant, verdict&) {
                return outlast::step::wait(hand_clock::zero + wait);
            }
            outlast::step settled(outlast::reading&, outlast::lane, verdict&) {
                return outlast::step::finish();
            }
            outlast::step woke(outlast::reading&, outlast::lane, verdict&) {
                return outlast::step::call(outlast::work, hand_clock::zero + 50ms);
            }
        };
        run start() { return run{wait}; }
    };
    for (const duration wait : {duration{49ms}, duration{50ms}, duration{51ms}}) {
        CAPTURE(wait);
        hand_clock::reset();
        careless policy{wait};
        recorded noted{policy};
        int calls = 0;
        const auto r = outlast::run<hand_clock>(noted, [&] { return ++calls; });
        CHECK(calls == (wait < 50ms ? 1 : 0));
        CHECK((r ? refusal::none : r.error().why()) ==
              (wait < 50ms ? refusal::none : refusal::timed_out));
    }
}

TEST_CASE("run: the facts of a call, success or not") {
    hand_clock::reset();
    outlast::pipeline p{waiting(100ms)};
    recorded noted{p};
    report facts;
    SECTION("success") {
        int n = 0;
        CHECK(outlast::run<hand_clock>(noted, {.facts = &facts}, [&]() -> result<int> {
                  hand_clock::advance(10ms);
                  if (++n < 2)
                      return server_error;
                  return n;
              }).value() == 2);
        CHECK(facts.attempts == 2);
        CHECK(facts.elapsed == 120ms);
        CHECK(facts.why_stopped == outlast::stopped::none);
        CHECK(facts.how == outlast::source::live);
    }
    SECTION("failure") {
        CHECK(!outlast::run<hand_clock>(noted, {.facts = &facts}, fails));
        CHECK(facts.attempts == 3);
        CHECK(facts.elapsed == 200ms);
        CHECK(facts.why_stopped == outlast::stopped::attempts);
    }
    SECTION("no call at all") {
        std::stop_source stop;
        stop.request_stop();
        facts.attempts = 99;
        CHECK(!outlast::run<hand_clock>(noted, {.stop = stop.get_token(), .facts = &facts}, fails));
        CHECK(facts.attempts == 0);
        CHECK(facts.elapsed == 0ms);
    }
}

TEST_CASE("run: within gives a deadline from now on") {
    const auto before = steady_clock::now();
    const auto soon = outlast::within(1h).deadline;
    CHECK(soon >= before + 1h);
    CHECK(soon <= steady_clock::now() + 1h);
    CHECK(outlast::within(outlast::forever).deadline == steady_clock::time_point::max());
    CHECK(outlast::within(-1h).deadline < steady_clock::now());
    outlast::pipeline p{waiting(0ms)};
    CHECK(p(outlast::within(1h), [] { return 1; }).value() == 1);
    CHECK(p(outlast::within(0ms), [] { return 1; }).error().code() == refusal::timed_out);
}

// --- exceptions of what users hand in ---

namespace {

/// A breaker that has opened and is due for its only probe, at the hand's clock.
struct probing {
    outlast::circuit_breaker breaker{{.window = 1, .open_for = 1s, .probes = 1, .probe_lease = 1h}};
    outlast::pipeline<std::reference_wrapper<outlast::circuit_breaker>> alone{std::ref(breaker)};

    probing() {
        hand_clock::reset();
        (void)outlast::run<hand_clock>(alone, fails);
        REQUIRE(breaker.state(hand_clock::time) == outlast::circuit_state::open);
        hand_clock::advance(1s);
        REQUIRE(breaker.state(hand_clock::time) == outlast::circuit_state::half_open);
    }
    /// Whether the next call is admitted, and closes it.
    bool probe_is_free() {
        const auto r = outlast::run<hand_clock>(alone, [] { return 1; });
        return r && breaker.state(hand_clock::time) == outlast::circuit_state::closed;
    }
};

template <class R>
bool threw(const R& r, const char* text) {
    if (r || r.error().why() != refusal::threw)
        return false;
    try {
        std::rethrow_exception(r.error().thrown());
    } catch (const std::runtime_error& e) {
        return std::string{e.what()} == text;
    }
}

} // namespace

TEST_CASE("law 2: a probe whose callable throws is a failure, and its place is free") {
    probing b;
    const auto r =
        outlast::run<hand_clock>(b.alone, []() -> int { throw std::runtime_error("x"); });
    CHECK(threw(r, "x"));
    CHECK(b.breaker.state(hand_clock::time) == outlast::circuit_state::open);
    hand_clock::advance(1s);
    CHECK(b.probe_is_free());
}

TEST_CASE("law 2: a probe that is stopped gives its place back") {
    probing b;
    std::stop_source stop;
    const auto r =
        outlast::run<hand_clock>(b.alone, {.stop = stop.get_token()}, [&]() -> result<int> {
            stop.request_stop();
            return server_error;
        });
    CHECK(r.error().code() == refusal::cancelled);
    CHECK(b.breaker.state(hand_clock::time) == outlast::circuit_state::half_open);
    CHECK(b.probe_is_free());
}

TEST_CASE("law 2: a predicate that throws fails the call, and gives the probe's place back") {
    SECTION("of a retry outside") {
        probing b;
        bool asked = false;
        auto predicate = [&](const verdict&) -> bool {
            asked = true;
            throw std::runtime_error("retry_if");
        };
        outlast::pipeline p{outlast::retry{{.retry_if = predicate}}, std::ref(b.breaker)};
        CHECK(threw(outlast::run<hand_clock>(p, fails), "retry_if"));
        CHECK(asked);
        hand_clock::advance(1s); // that probe did fail
        CHECK(b.probe_is_free());
    }
    SECTION("of a retry inside: before the breaker hears of a verdict") {
        probing b;
        auto predicate = [&](const verdict&) -> bool { throw std::runtime_error("retry_if"); };
        outlast::pipeline p{std::ref(b.breaker), outlast::retry{{.retry_if = predicate}}};
        CHECK(threw(outlast::run<hand_clock>(p, fails), "retry_if"));
        CHECK(b.probe_is_free());
    }
    SECTION("of the breaker itself") {
        hand_clock::reset();
        bool throws = false;
        auto predicate = [&](const verdict&) -> bool {
            if (throws)
                throw std::runtime_error("failure_if");
            return true;
        };
        outlast::circuit_breaker breaker{
            {.window = 1, .open_for = 1s, .probe_lease = 1h, .failure_if = predicate}};
        outlast::pipeline p{std::ref(breaker)};
        (void)outlast::run<hand_clock>(p, fails);
        hand_clock::advance(1s);
        throws = true;
        CHECK(threw(outlast::run<hand_clock>(p, fails), "failure_if"));
        CHECK(outlast::run<hand_clock>(p, [] { return 1; }).value() == 1);
        CHECK(breaker.state(hand_clock::time) == outlast::circuit_state::closed);
    }
    SECTION("a judge") {
        probing b;
        outlast::judged judged{[] { return 1; },
                               [](int) -> bool { throw std::runtime_error("judge"); }};
        CHECK(threw(outlast::run<hand_clock>(b.alone, judged), "judge"));
        CHECK(b.probe_is_free());
    }
}

TEST_CASE("run: a key function that throws fails the call before it begins") {
    outlast::memory<int, int> store;
    outlast::cache_aside remember{store,
                                  [](int k) {
                                      if (k == 0)
                                          throw std::runtime_error("key");
                                      return k;
                                  },
                                  [](int) { return outlast::lifetime{.fresh_for = 1h}; }};
    outlast::circuit_breaker breaker{{.window = 1}};
    outlast::pipeline p{std::ref(breaker), std::ref(remember)};
    int calls = 0;
    const auto count = [&](int) { return ++calls; };
    CHECK(threw(p(count, 0), "key"));
    CHECK(calls == 0);
    CHECK(p(count, 1).value() == 1);
    CHECK(threw(p(count, 0), "key"));

    outlast::keyed breakers{[](const std::string& host) { return host; },
                            [](const std::string&) -> std::shared_ptr<outlast::circuit_breaker> {
                                throw std::runtime_error("make");
                            }};
    outlast::pipeline q{std::ref(breakers)};
    CHECK(threw(q([](const std::string&) { return 1; }, std::string{"a"}), "make"));
    CHECK(breakers.size() == 0);
}

TEST_CASE("run: a fallback or a `stale_if` that throws fails the call, nothing else") {
    probing b;
    outlast::pipeline p{outlast::fallback{[]() -> int { throw std::runtime_error("fallback"); }},
                        std::ref(b.breaker)};
    CHECK(threw(outlast::run<hand_clock>(p, fails), "fallback"));
    hand_clock::advance(1s);
    CHECK(b.probe_is_free());

    outlast::memory<int, int> store;
    auto predicate = [](const verdict&) -> bool { throw std::runtime_error("stale_if"); };
    outlast::cache_aside remember{
        store,
        [] { return 0; },
        [](int) { return outlast::lifetime{.fresh_for = 1s, .stale_for = 1h}; },
        {.stale_if = predicate}};
    outlast::pipeline q{std::ref(remember)};
    CHECK(outlast::run<hand_clock>(q, [] { return 1; }).value() == 1);
    hand_clock::advance(2s);
    CHECK(threw(outlast::run<hand_clock>(q, fails), "stale_if"));
    CHECK(outlast::run<hand_clock>(q, [] { return 2; }).value() == 2); // its flight has ended
}

TEST_CASE("run: what is thrown while a permit is held leaves no wedge, wherever it is thrown") {
    // The callable throws at attempt k: the breaker has opened by then, or it goes on.
    for (std::uint32_t k = 1; k <= 4; ++k) {
        hand_clock::reset();
        outlast::circuit_breaker breaker{{.window = 4, .open_for = 1s}};
        outlast::pipeline p{waiting(0ms, 4), std::ref(breaker), outlast::timeout{1s}};
        const auto r = outlast::run<hand_clock>(p, [&](outlast::call& c) -> result<int> {
            if (c.attempt() == k)
                throw std::runtime_error("k");
            return server_error;
        });
        CHECK(!r);
        hand_clock::advance(1s);
        CHECK(outlast::run<hand_clock>(p, [] { return 1; }).value() == 1);
        CHECK(breaker.state(hand_clock::time) == outlast::circuit_state::closed);
    }
}

TEST_CASE("run: a wake that comes before the park is not lost") {
    outlast::detail::waiting_thread thread;
    thread.wake();
    thread.sleep(outlast::never, true, {}); // would hang
    std::stop_source stop;
    stop.request_stop();
    thread.sleep(outlast::never, true, stop.get_token());
    SUCCEED();
}

TEST_CASE("run: a wake does not end a wait") {
    outlast::detail::waiting_thread thread;
    thread.wake();
    const auto begun = steady_clock::now();
    thread.sleep(outlast::after(outlast::steady::now(), 3ms), false, {});
    CHECK(steady_clock::now() - begun >= 3ms);
    thread.sleep(outlast::never, true, {}); // and is there for the next park
}

TEST_CASE("run: steady is the steady clock") {
    const auto before = steady_clock::now().time_since_epoch();
    const auto now = outlast::steady::now().time_since_epoch();
    CHECK(now >= before);
    CHECK(now <= steady_clock::now().time_since_epoch());
}

TEST_CASE("run: the time that a policy's own operation takes is the call's time") {
    hand_clock::reset();
    const auto fails = []() -> result<int> { return std::make_error_code(std::errc::io_error); };
    outlast::fallback slow{[](const outlast::failure&) {
        hand_clock::advance(200ms);
        return 1;
    }};
    outlast::pipeline within{outlast::timeout{20ms}, slow, outlast::timeout{10ms}};
    CHECK(outlast::run<hand_clock>(within, fails).error().why() == refusal::timed_out);
    outlast::pipeline by_the_caller{slow, outlast::timeout{10ms}};
    outlast::report facts;
    const limits until{.deadline = deadline(hand_clock::time - hand_clock::zero + 20ms),
                       .facts = &facts};
    CHECK(outlast::run<hand_clock>(by_the_caller, until, fails).error().why() ==
          refusal::timed_out);
    CHECK(facts.elapsed == 200ms);
}
