// SPDX-License-Identifier: BSL-1.0
//
// What happens to one call under Asio: deadlines, cancellation, abandoned work, lanes, the end of the
// context. In virtual time.
#include <outlast/asio/running_call.hpp>

#include <outlast/asio.hpp>
#include <outlast/bulkhead.hpp>
#include <outlast/cache/memory.hpp>
#include <outlast/hedge.hpp>
#include <outlast/outlast.hpp>

#include "asio/support/virtual_loop.hpp"
#include "support/catch.hpp"
#include "support/print.hpp"

#include <boost/asio.hpp>

#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

using namespace std::chrono_literals;
namespace asio = boost::asio;
using asio::cancellation_type;
using boost::system::error_code;
using outlast::duration;
using outlast::refusal;
using outlast::result;
using outlast::step;
using outlast::verdict;
using outlast_tests::hand_clock;
using outlast_tests::virtual_loop;

namespace {

/// Where a call's answer goes.
struct answers {
    virtual_loop& loop;
    std::vector<result<int>> got{};
    std::vector<duration> when{};
    auto handler() {
        return [this](result<int> r) {
            got.push_back(std::move(r));
            when.push_back(loop.since_start());
        };
    }
    [[nodiscard]] refusal why() const { return got.at(0).error().why(); }
};

/// An operation that notes what cancellation it is told of, and stops at none.
struct stubborn {
    virtual_loop* loop;
    duration takes;
    std::vector<cancellation_type>* told = nullptr;

    template <class Token>
    auto operator()(Token&& token) const {
        return asio::async_initiate<Token, void(error_code, int)>(
            [*this](auto handler) {
                auto slot = asio::get_associated_cancellation_slot(handler);
                if (told != nullptr && slot.is_connected())
                    slot.assign([list = told](cancellation_type t) { list->push_back(t); });
                loop->after<void(error_code, int)>(takes, std::move(handler), error_code{}, 7);
            },
            token);
    }
};

/// One that stops when it is told to.
struct obedient {
    virtual_loop* loop;
    duration takes;

    template <class Token>
    auto operator()(outlast::call&, Token&& token) const {
        return asio::async_initiate<Token, void(error_code, int)>(
            [*this](auto handler) {
                auto slot = asio::get_associated_cancellation_slot(handler);
                auto shared =
                    std::make_shared<std::optional<decltype(handler)>>(std::move(handler));
                const auto end = [shared](error_code e) {
                    if (!*shared)
                        return;
                    auto h = *std::move(*shared);
                    shared->reset();
                    const auto executor = asio::get_associated_executor(h);
                    asio::post(executor, [h = std::move(h), e]() mutable { std::move(h)(e, 7); });
                };
                slot.assign([end](cancellation_type) {
                    end(make_error_code(asio::error::operation_aborted));
                });
                loop->in(takes, [end] { end({}); });
            },
            token);
    }
};

template <class Pipeline, class Operation>
void run(answers& a, Pipeline& p, Operation operation, const outlast::limits& l = {}) {
    outlast::async_run<hand_clock>(a.loop.context().get_executor(), p, l, operation, a.handler());
}

outlast::limits by(duration from_start) {
    return {.deadline = std::chrono::steady_clock::time_point{
                (hand_clock::zero + from_start).time_since_epoch()}};
}

} // namespace

TEST_CASE("law 6: the caller is answered at the deadline, whatever the operation does") {
    virtual_loop loop;
    answers a{loop};
    std::vector<cancellation_type> told;
    const auto before = outlast::abandoned();
    SECTION("that of a timeout") {
        outlast::pipeline p{outlast::timeout{50ms}};
        run(a, p, stubborn{&loop, 2s, &told});
        loop.advance(1s);
        REQUIRE(a.got.size() == 1);
        CHECK(a.got[0].error().message() == "timed out after 50 ms (timeout)");
    }
    SECTION("the caller's own") {
        outlast::pipeline<> p;
        run(a, p, stubborn{&loop, 2s, &told}, by(50ms));
        loop.advance(1s);
        REQUIRE(a.got.size() == 1);
        CHECK(a.why() == refusal::timed_out);
    }
    CHECK(a.when[0] == 50ms);
    CHECK(told == std::vector{cancellation_type::total, cancellation_type::terminal});
    CHECK(outlast::abandoned().running == before.running + 1);
    CHECK(outlast::abandoned().ever == before.ever + 1);
    loop.run();
    CHECK(loop.since_start() == 2s);
    CHECK(outlast::abandoned().running == before.running);
    CHECK(a.got.size() == 1);
}

TEST_CASE("law 6: further attempts run beside one that was abandoned") {
    virtual_loop loop;
    answers a{loop};
    int begun = 0;
    outlast::pipeline p{outlast::retry{{.max_attempts = 3, .backoff = outlast::constant(10ms)}},
                        outlast::timeout{50ms}};
    run(a, p, [&](outlast::call& c, auto token) {
        ++begun;
        CHECK(c.attempt() == static_cast<std::uint32_t>(begun));
        CHECK(c.remaining() == 50ms);
        return loop.after<void(int)>(c.attempt() < 3 ? 1s : 20ms, std::move(token), begun);
    });
    loop.advance(500ms);
    REQUIRE(a.got.size() == 1);
    CHECK(a.got[0].value() == 3);
    CHECK(a.when[0] == 140ms);
    CHECK(outlast::abandoned().running == 2);
    loop.run();
    CHECK(outlast::abandoned().running == 0);
    CHECK(a.got.size() == 1);
}

TEST_CASE("law 6: no work begins at its deadline, and none after it") {
    virtual_loop loop;
    answers a{loop};
    int begun = 0;
    outlast::pipeline p{outlast::retry{{.max_attempts = 9, .backoff = outlast::constant(30ms)}}};
    run(
        a, p,
        [&](auto token) {
            ++begun;
            return loop.after<void(error_code, int)>(
                0ms, std::move(token), make_error_code(asio::error::connection_refused), 0);
        },
        by(0ms));
    loop.run();
    CHECK(begun == 0);
    CHECK(a.why() == refusal::timed_out);
}

TEST_CASE("an operation that forgets its handler is answered for at its deadline") {
    virtual_loop loop;
    answers a{loop};
    outlast::pipeline p{outlast::timeout{50ms}};
    run(a, p, [&](auto token) {
        return asio::async_initiate<decltype(token), void(int)>([](auto) {}, token);
    });
    loop.run();
    REQUIRE(a.got.size() == 1);
    CHECK(a.why() == refusal::timed_out);
    CHECK(a.when[0] == 50ms);
}

TEST_CASE("an operation that answers twice has answered once") {
    virtual_loop loop;
    answers a{loop};
    outlast::pipeline p{outlast::retry{}};
    run(a, p, [&](auto token) {
        return asio::async_initiate<decltype(token), void(int)>(
            [](auto h) {
                std::move(h)(1);
                std::move(h)(2);
            },
            token);
    });
    loop.run();
    REQUIRE(a.got.size() == 1);
    CHECK(a.got[0].value() == 1);
}

TEST_CASE("what the initiation throws is a failure, and is retried as one") {
    virtual_loop loop;
    answers a{loop};
    int begun = 0;
    outlast::pipeline p{outlast::retry{{.max_attempts = 3, .backoff = outlast::constant(1ms)}}};
    run(a, p, [&](auto token) {
        return asio::async_initiate<decltype(token), void(int)>(
            [&](auto h) {
                if (++begun < 3)
                    throw std::system_error(std::make_error_code(std::errc::host_unreachable));
                std::move(h)(begun);
            },
            token);
    });
    loop.run();
    CHECK(a.got.at(0).value() == 3);
}

TEST_CASE("what a policy's callback throws ends the call") {
    virtual_loop loop;
    answers a{loop};
    outlast::memory<int, int> store;
    outlast::cache_aside cache{store, [](int) -> int { throw std::runtime_error("no key"); },
                               [](int) { return outlast::lifetime{.fresh_for = 1h}; }};
    outlast::pipeline p{std::ref(cache)};
    outlast::async_run<hand_clock>(
        loop.context().get_executor(), p,
        [&](int, auto token) { return loop.after<void(int)>(0ms, std::move(token), 1); },
        a.handler(), 5);
    loop.run();
    REQUIRE(a.got.size() == 1);
    CHECK(a.why() == refusal::threw);
}

TEST_CASE("what the caller's handler throws leaves the loop, and harms no other call") {
    virtual_loop loop;
    answers a{loop};
    outlast::pipeline p{outlast::timeout{50ms}};
    const bool inline_work = GENERATE(true, false);
    const auto work = [&](auto token) {
        return loop.after<void(int)>(inline_work ? 0ms : 10ms, std::move(token), 1);
    };
    outlast::async_run<hand_clock>(loop.context().get_executor(), p, work,
                                   [](const result<int>&) { throw 7; });
    CHECK_THROWS_AS(loop.run(), int);
    run(a, p, work);
    loop.run();
    CHECK(a.got.at(0).value() == 1);
}

// --- cancellation ---

TEST_CASE("cancellation: terminal is answered at once, and what ignores it is abandoned") {
    virtual_loop loop;
    answers a{loop};
    asio::cancellation_signal signal;
    std::vector<cancellation_type> told;
    outlast::pipeline p{outlast::retry{}};
    outlast::async_run<hand_clock>(loop.context().get_executor(), p, stubborn{&loop, 1s, &told},
                                   asio::bind_cancellation_slot(signal.slot(), a.handler()));
    loop.advance(10ms);
    signal.emit(cancellation_type::terminal);
    CHECK(a.got.empty()); // not inside emit
    loop.advance(0ms);
    REQUIRE(a.got.size() == 1);
    CHECK(a.why() == refusal::cancelled);
    CHECK(a.when[0] == 10ms);
    CHECK(told.back() == cancellation_type::terminal);
    signal.emit(cancellation_type::terminal); // nobody is there any more
    loop.run();
    CHECK(a.got.size() == 1);
}

TEST_CASE("cancellation: total and partial wait for the operation, and keep a good value") {
    virtual_loop loop;
    answers a{loop};
    asio::cancellation_signal signal;
    std::vector<cancellation_type> told;
    const auto type = GENERATE(cancellation_type::total, cancellation_type::partial);
    outlast::pipeline p{outlast::retry{}};
    SECTION("a good value") {
        outlast::async_run<hand_clock>(loop.context().get_executor(), p,
                                       stubborn{&loop, 100ms, &told},
                                       asio::bind_cancellation_slot(signal.slot(), a.handler()));
        loop.advance(10ms);
        signal.emit(type);
        loop.advance(1s);
        CHECK(told == std::vector{type});
        CHECK(a.got.at(0).value() == 7);
        CHECK(a.when[0] == 100ms);
    }
    SECTION("it stops") {
        outlast::async_run<hand_clock>(loop.context().get_executor(), p, obedient{&loop, 100ms},
                                       asio::bind_cancellation_slot(signal.slot(), a.handler()));
        loop.advance(10ms);
        signal.emit(type);
        loop.advance(0ms);
        CHECK(a.why() == refusal::cancelled);
        CHECK(a.when[0] == 10ms);
    }
}

TEST_CASE("cancellation: the stop token of the limits") {
    virtual_loop loop;
    answers a{loop};
    std::stop_source stop;
    outlast::report facts;
    int begun = 0;
    outlast::pipeline p{outlast::retry{{.backoff = outlast::constant(1s)}}};
    const auto failing = [&](outlast::call& c, auto token) {
        ++begun;
        CHECK(c.stop_token() == stop.get_token());
        return loop.after<void(error_code, int)>(
            10ms, std::move(token), make_error_code(asio::error::connection_refused), 0);
    };
    const outlast::limits l{.stop = stop.get_token(), .facts = &facts};
    SECTION("before") {
        stop.request_stop();
        run(a, p, failing, l);
        CHECK(a.got.empty());
        loop.run();
        CHECK(begun == 0);
    }
    SECTION("while it waits") {
        run(a, p, failing, l);
        loop.advance(500ms);
        stop.request_stop();
        loop.run();
        CHECK(begun == 1);
        CHECK(a.when.at(0) == 500ms);
        CHECK(facts.elapsed == 500ms);
        CHECK(facts.attempts == 1);
    }
    CHECK(a.got.size() == 1);
    CHECK(a.why() == refusal::cancelled);
}

TEST_CASE("cancellation at every instant: one completion each time, and nothing is left") {
    struct tracked {
        std::shared_ptr<int> alive = std::make_shared<int>(0);
    };
    const auto type = GENERATE(cancellation_type::total, cancellation_type::terminal);
    const bool obeys = GENERATE(true, false);
    for (duration when = 0ms; when <= 700ms; when += 5ms) {
        CAPTURE(when, obeys);
        tracked watch;
        {
            virtual_loop loop;
            answers a{loop};
            asio::cancellation_signal signal;
            outlast::memory<int, int> store;
            outlast::cache_aside cache{store, [] { return 0; },
                                       [](int) { return outlast::lifetime{.fresh_for = 1h}; }};
            outlast::basic_circuit_breaker<> breaker{{.window = 2, .open_for = 200ms}};
            outlast::pipeline p{std::ref(cache), outlast::timeout{600ms},
                                outlast::retry{{.max_attempts = 5,
                                                .backoff = outlast::constant(40ms),
                                                .retry_refusals = true}},
                                std::ref(breaker), outlast::timeout{60ms}};
            const auto operation = [&, alive = watch.alive](outlast::call& c, auto token) {
                const duration takes = c.attempt() == 2 ? 200ms : 20ms;
                if (obeys)
                    return asio::async_initiate<decltype(token), void(error_code, int)>(
                        [&loop, takes, told = &c](auto h) {
                            obedient{&loop, takes}(*told, std::move(h));
                        },
                        token);
                return asio::async_initiate<decltype(token), void(error_code, int)>(
                    [&loop, takes](auto h) {
                        loop.after<void(error_code, int)>(
                            takes, std::move(h), make_error_code(asio::error::connection_reset), 0);
                    },
                    token);
            };
            outlast::async_run<hand_clock>(
                loop.context().get_executor(), p, operation,
                asio::bind_cancellation_slot(signal.slot(), a.handler()));
            loop.advance(when);
            const bool over = !a.got.empty();
            signal.emit(type);
            loop.run();
            REQUIRE(a.got.size() == 1);
            if (!over && !a.got[0])
                CHECK(a.why() == refusal::cancelled);
            if (!over && type == cancellation_type::terminal)
                CHECK(a.when[0] == when);
        }
        CHECK(watch.alive.use_count() == 1);
    }
}

// --- the end of the context ---

TEST_CASE("a context that goes away takes its calls along, and completes none") {
    int called = 0;
    auto alive = std::make_shared<int>(0);
    outlast::memory<int, int> store;
    outlast::cache_aside cache{store, [] { return 0; },
                               [](int) { return outlast::lifetime{.fresh_for = 1h}; }};
    outlast::pipeline p{std::ref(cache), outlast::retry{{.backoff = outlast::constant(1h)}},
                        outlast::timeout{50ms}};
    {
        asio::io_context context;
        asio::steady_timer timer{context, 1h};
        const auto start = [&](auto operation) {
            outlast::async_run(context.get_executor(), p, std::move(operation),
                               [&called, alive](const result<int>&) { ++called; });
        };
        start([&, alive](auto token) { // runs
            return asio::async_compose<decltype(token), void(error_code, int)>(
                [&timer, first = true](auto& self, error_code e = {}) mutable {
                    if (std::exchange(first, false))
                        return timer.async_wait(std::move(self));
                    self.complete(e, 1);
                },
                token, context);
        });
        start([alive](auto token) { // parked behind it
            return asio::async_initiate<decltype(token), void(int)>([](auto h) { h(1); }, token);
        });
        context.poll();
    }
    CHECK(called == 0);
    CHECK(alive.use_count() == 1);
    CHECK(outlast::abandoned().running == 0);
}

TEST_CASE("run() returns when the last call is over, however late its deadlines") {
    asio::io_context context;
    outlast::pipeline p{outlast::timeout{1h}};
    bool done = false;
    asio::steady_timer timer{context, 5ms};
    outlast::async_run(
        context.get_executor(), p, [&](auto token) { return timer.async_wait(std::move(token)); },
        [&](const result<void>& r) { done = r.has_value(); });
    const auto start = std::chrono::steady_clock::now();
    context.run();
    CHECK(done);
    CHECK(std::chrono::steady_clock::now() - start < 30s);
}

TEST_CASE("a wait keeps run() from returning") {
    asio::io_context context;
    outlast::pipeline p{outlast::retry{{.max_attempts = 2, .backoff = outlast::constant(20ms)}}};
    int begun = 0;
    std::optional<result<int>> got;
    outlast::async_run(
        context.get_executor(), p,
        [&](auto token) {
            return asio::async_initiate<decltype(token), void(error_code, int)>(
                [&](auto h) {
                    h(++begun == 1 ? make_error_code(asio::error::connection_refused)
                                   : error_code{},
                      begun);
                },
                token);
        },
        [&](result<int> r) { got = std::move(r); });
    context.run();
    CHECK(got.value().value() == 2);
}

// --- lanes ---

namespace {

/// Starts its work in a second lane when the first has not ended after 20 ms; the first good value
/// wins.
struct second_try {
    std::shared_ptr<int> permits = std::make_shared<int>(0);

    struct run : outlast::pass_through {
        static constexpr outlast::lane lanes = 2;
        second_try* shared;
        outlast::instant by = outlast::never;
        outlast::instant next = outlast::never;
        int running = 0;

        explicit run(second_try* s) : shared(s) {}
        step begin(outlast::reading& now, outlast::instant until, verdict&) {
            by = until;
            next = outlast::after(now.get(), 20ms);
            ++running;
            return step::call(outlast::work, by);
        }
        step settled(outlast::reading&, outlast::lane on, verdict& v) {
            --running;
            return v.ok() || running == 0 ? step::finish().in(on) : step::nothing();
        }
        outlast::instant nudge() const noexcept { return next; }
        step nudged(outlast::reading&, verdict&) {
            next = outlast::never;
            ++running;
            return step::call(outlast::work, by).in(1);
        }
        auto keep(outlast::lane) { return shared->permits; }
    };
    run start() noexcept { return run{this}; }
};

} // namespace

TEST_CASE("lanes: the first good value wins, and the other lane is abandoned with what it holds") {
    virtual_loop loop;
    answers a{loop};
    second_try p;
    const auto took = [&](duration first, duration second) {
        return [&, first, second](outlast::call& c, auto token) {
            return loop.after<void(int)>(c.attempt() == 1 ? first : second, std::move(token),
                                         static_cast<int>(c.attempt()));
        };
    };
    SECTION("the first") {
        run(a, p, took(30ms, 50ms));
        loop.advance(40ms);
        CHECK(a.got.at(0).value() == 1);
        CHECK(a.when[0] == 30ms);
    }
    SECTION("the second") {
        run(a, p, took(100ms, 10ms));
        loop.advance(40ms);
        CHECK(a.got.at(0).value() == 2);
        CHECK(a.when[0] == 30ms);
    }
    SECTION("before there is a second") {
        run(a, p, took(10ms, 10ms));
        loop.run();
        CHECK(a.got.at(0).value() == 1);
        CHECK(loop.since_start() == 10ms);
        CHECK(p.permits.use_count() == 1);
        return;
    }
    CHECK(outlast::abandoned().running == 1);
    CHECK(p.permits.use_count() == 2);
    loop.run();
    CHECK(outlast::abandoned().running == 0);
    CHECK(p.permits.use_count() == 1);
    CHECK(a.got.size() == 1);
}

TEST_CASE("lanes: each has its deadline; a failure in one leaves the other running") {
    virtual_loop loop;
    answers a{loop};
    second_try p;
    SECTION("both run out of time at once") {
        run(a, p, stubborn{&loop, 1s}, by(50ms));
        loop.advance(60ms);
        CHECK(a.why() == refusal::timed_out);
        CHECK(a.when[0] == 50ms);
        CHECK(outlast::abandoned().running == 2);
        CHECK(p.permits.use_count() == 3);
    }
    SECTION("one fails") {
        run(a, p, [&](outlast::call& c, auto token) {
            const bool first = c.attempt() == 1;
            return loop.after<void(error_code, int)>(
                first ? 30ms : 40ms, std::move(token),
                first ? make_error_code(asio::error::connection_reset) : error_code{}, 2);
        });
        loop.advance(70ms);
        CHECK(a.got.at(0).value() == 2);
        CHECK(a.when[0] == 60ms);
    }
    SECTION("both fail") {
        run(a, p, [&](outlast::call& c, auto token) {
            return loop.after<void(error_code, int)>(
                30ms, std::move(token),
                make_error_code(c.attempt() == 1 ? asio::error::connection_reset
                                                 : asio::error::connection_refused),
                2);
        });
        loop.advance(70ms);
        CHECK(a.got.at(0).error().code() == std::errc::connection_refused);
        CHECK(a.got[0].error().attempts() == 2);
    }
    loop.run();
    CHECK(outlast::abandoned().running == 0);
    CHECK(p.permits.use_count() == 1);
}

TEST_CASE("lanes: a hedge under Asio, with a breaker and a bulkhead in each of its lanes") {
    virtual_loop loop;
    answers a{loop};
    outlast::circuit_breaker breaker{{.window = 4}};
    outlast::bulkhead door{{.permits = 2}};
    outlast::hedge race{{.idempotent = true, .max_lanes = 2, .delay = 20ms}};
    outlast::pipeline p{outlast::timeout{1s}, std::ref(race), std::ref(breaker), std::ref(door),
                        outlast::timeout{500ms}};
    SECTION("the second wins, and the first holds its permit until it ends") {
        run(a, p, [&](outlast::call& c, auto token) {
            return loop.after<void(int)>(c.attempt() == 1 ? 100ms : 10ms, std::move(token),
                                         static_cast<int>(c.attempt()));
        });
        loop.advance(40ms);
        CHECK(a.got.at(0).value() == 2);
        CHECK(a.when[0] == 30ms);
        CHECK(race.counts().hedged == 1);
        CHECK(race.counts().won == 1);
        CHECK(outlast::abandoned().running == 1);
        CHECK(door.counts().running == 1);
    }
    SECTION("a failure starts the next at once; if all fail, the first one's is the answer") {
        run(a, p, [&](outlast::call& c, auto token) {
            return loop.after<void(error_code, int)>(
                10ms, std::move(token),
                make_error_code(c.attempt() == 1 ? asio::error::connection_reset
                                                 : asio::error::connection_refused),
                2);
        });
        loop.advance(50ms);
        CHECK(a.when.at(0) == 20ms);
        CHECK(a.got.at(0).error().code() == std::errc::connection_reset);
        CHECK(a.got[0].error().attempts() == 2);
    }
    SECTION("a retry outside goes on when all lanes have failed") {
        outlast::pipeline again{
            outlast::retry{{.max_attempts = 2, .backoff = outlast::constant(5ms)}}, std::ref(race),
            std::ref(door)};
        run(a, again, [&](outlast::call& c, auto token) {
            return loop.after<void(error_code, int)>(
                10ms, std::move(token),
                c.attempt() < 4 ? make_error_code(asio::error::connection_reset) : error_code{},
                static_cast<int>(c.attempt()));
        });
        loop.run();
        CHECK(a.got.at(0).value() == 4); // two lanes, a pause, and again two
        CHECK(a.when[0] == 45ms);
    }
    loop.run();
    CHECK(a.got.size() == 1);
    CHECK(outlast::abandoned().running == 0);
    CHECK(door.counts().running == 0);
}

TEST_CASE("a bulkhead's permit is held by abandoned work, and then by who waits in the line") {
    virtual_loop loop;
    answers a{loop};
    answers b{loop};
    outlast::bulkhead door{{.permits = 1, .queue = 1, .wait = 1s}};
    outlast::pipeline p{std::ref(door), outlast::timeout{50ms}};
    run(a, p, stubborn{&loop, 200ms});
    run(b, p, [&](auto token) { return loop.after<void(int)>(10ms, std::move(token), 7); });
    loop.advance(100ms);
    CHECK(a.why() == refusal::timed_out);
    CHECK(a.when.at(0) == 50ms);
    CHECK(b.got.empty());
    loop.run();
    CHECK(b.got.at(0).value() == 7);
    CHECK(b.when[0] == 210ms);
    CHECK(door.counts().running == 0);
}

// --- other calls ---

TEST_CASE("a call that waits for another one is woken by it") {
    virtual_loop loop;
    answers leader{loop};
    answers follower{loop};
    outlast::memory<int, int> store;
    outlast::cache_aside cache{store, [] { return 0; },
                               [](int) { return outlast::lifetime{.fresh_for = 1h}; }};
    outlast::pipeline p{std::ref(cache)};
    int calls = 0;
    const auto work = [&](auto token) {
        ++calls;
        return loop.after<void(int)>(50ms, std::move(token), 7);
    };
    run(leader, p, work);
    SECTION("and told its value") {
        run(follower, p, work);
        loop.run();
        CHECK(calls == 1);
        CHECK(leader.got.at(0).value() == 7);
        CHECK(follower.got.at(0).value() == 7);
        CHECK(follower.when[0] == 50ms);
    }
    SECTION("or gives up at its own deadline") {
        run(follower, p, work, by(20ms));
        loop.run();
        CHECK(calls == 1);
        CHECK(follower.why() == refusal::timed_out);
        CHECK(follower.when[0] == 20ms);
        CHECK(leader.when[0] == 50ms);
    }
}

TEST_CASE("ten thousand calls on one deadline are all answered at it") {
    virtual_loop loop;
    outlast::pipeline p{outlast::timeout{50ms}};
    int answered = 0;
    for (int i = 0; i != 10'000; ++i)
        outlast::async_run<hand_clock>(
            loop.context().get_executor(), p, stubborn{&loop, 1s}, [&](const result<int>& r) {
                answered += r.error().why() == refusal::timed_out && loop.since_start() == 50ms;
            });
    loop.advance(49ms);
    CHECK(answered == 0);
    loop.advance(1ms);
    loop.poll();
    CHECK(answered == 10'000);
    CHECK(outlast::abandoned().running == 10'000);
    loop.run();
    CHECK(outlast::abandoned().running == 0);
}
