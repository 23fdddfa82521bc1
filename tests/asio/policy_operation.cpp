// SPDX-License-Identifier: BSL-1.0
//
// Policies with operations of their own that end later: asynchronous stores and fallbacks, in virtual
// time.
#include <outlast/asio/policy_operation.hpp>

#include <outlast/asio.hpp>
#include <outlast/cache/memory.hpp>
#include <outlast/outlast.hpp>

#include "asio/support/token_store.hpp"
#include "asio/support/virtual_loop.hpp"
#include "support/catch.hpp"
#include "support/print.hpp"

#include <boost/asio.hpp>

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
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
using outlast_tests::token_store;
using outlast_tests::virtual_loop;

namespace {

using entry = outlast::entry<int>;

static_assert(outlast::async_store<token_store>);
static_assert(!outlast::store<token_store>);
static_assert(!outlast::async_store<outlast::memory<int, int>>);

/// The same by coroutines, which take what they are given by reference.
struct awaited_store {
    using key_type = int;
    using value_type = int;
    using lock_type = std::mutex;
    token_store far;

    asio::awaitable<std::optional<entry>> async_find(const int& key) {
        auto [e, found] = co_await far.async_find(key, asio::as_tuple(asio::use_awaitable));
        if (e)
            throw boost::system::system_error(e);
        co_await asio::post(asio::use_awaitable);
        CHECK(far.finds >= key); // still there
        co_return found;
    }
    asio::awaitable<void> async_put(const int& key, const entry& e) {
        co_await asio::post(asio::use_awaitable);
        co_await far.async_put(key, e, asio::use_awaitable);
    }
    asio::awaitable<void> async_erase(const int& key) {
        co_await far.async_erase(key, asio::use_awaitable);
    }
};
static_assert(outlast::async_store<awaited_store>);

struct answer {
    int times = 0;
    int value = 0;
    refusal why = refusal::none;
    std::error_code code{};
    duration when{};
    outlast::report facts{};
};

/// A pipeline of a cache over such a store, around work that takes 30 ms, or what it is told to take.
template <class Store>
struct shop {
    virtual_loop loop{};
    Store store;
    std::map<outlast::event_kind, int> told{};
    std::function<void(const outlast::event&)> note = [this](const outlast::event& e) {
        ++told[e.what];
    };
    outlast::lifetime life{.fresh_for = 1s, .stale_for = 1h};
    std::function<outlast::lifetime(int)> life_of = [this](int) { return life; };
    outlast::cache_aside<Store, int (*)(int), std::function<outlast::lifetime(int)>> remember;
    outlast::pipeline<std::reference_wrapper<decltype(remember)>> p{std::ref(remember)};
    duration takes = 30ms;
    bool down = false;
    int begun = 0;

    explicit shop(outlast::cache_aside_options o = {})
        : store{{&loop}}, remember{store, [](int key) { return key; }, life_of, watched(o)} {}

    outlast::cache_aside_options watched(outlast::cache_aside_options o) {
        o.events = note;
        return o;
    }

    auto work() {
        return [this](int, auto token) {
            ++begun;
            return loop.after<void(error_code, int)>(
                takes, std::move(token),
                down ? make_error_code(asio::error::connection_reset) : error_code{}, begun);
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
    void ask(answer& a, int key = 0, duration within = outlast::forever) {
        outlast::limits l{.facts = &a.facts};
        if (within != outlast::forever)
            l.deadline = std::chrono::steady_clock::time_point{
                (hand_clock::time + within).time_since_epoch()};
        outlast::async_run<hand_clock>(loop.context().get_executor(), p, l, work(), into(a), key);
    }
};

} // namespace

TEST_CASE("async store: miss, hit, and the caller does not wait for the keeping") {
    shop<token_store> s;
    answer a, b;
    s.ask(a);
    s.loop.advance(35ms);
    CHECK(a.value == 1);
    CHECK(a.when == 35ms); // the lookup and the work
    CHECK(s.store.map.empty());
    CHECK(outlast::detached().running == 1);
    s.loop.run();
    CHECK(outlast::detached().running == 0);
    CHECK(s.store.map.at(0).value == 1);
    CHECK(s.told[outlast::event_kind::stored] == 1);
    s.ask(b);
    s.loop.run();
    CHECK(b.value == 1);
    CHECK(b.when == 45ms);
    CHECK(b.facts.how == outlast::source::cached);
    CHECK(b.facts.age == 5ms);
    CHECK(s.begun == 1);
    CHECK(a.times + b.times == 2);
    CHECK(s.told[outlast::event_kind::hit] == 1);
    CHECK(s.told[outlast::event_kind::missed] == 1);
}

TEST_CASE("async store: awaitables, whose references hold") {
    virtual_loop loop;
    awaited_store store{{{&loop}}};
    outlast::cache_aside remember{store, [](int key) { return key; },
                                  [](int) { return outlast::lifetime{.fresh_for = 1s}; }};
    outlast::pipeline p{outlast::timeout{1h}, std::ref(remember), outlast::retry{}};
    std::vector<int> got;
    int begun = 0;
    const auto ask = [&] {
        outlast::async_run<hand_clock>(
            loop.context(), p,
            [&](int, auto token) { return loop.after<void(int)>(10ms, std::move(token), ++begun); },
            [&](const result<int>& r) { got.push_back(r.value()); }, 1);
        loop.run();
    };
    ask(), ask();
    CHECK(got == std::vector{1, 1});
    CHECK(begun == 1);
    store.far.fails = make_error_code(asio::error::connection_reset);
    ask();
    CHECK(got.back() == 2);
    loop.run();
    CHECK(outlast::abandoned().running == 0);
}

TEST_CASE("async store: one that fails, hangs, is slow or forgets costs the call no more than its "
          "limit") {
    shop<token_store> s{{.store_limit = 20ms}};
    answer a;
    SECTION("fails") {
        s.store.fails = make_error_code(asio::error::connection_refused);
        s.ask(a);
        s.loop.run();
        CHECK(a.when == 35ms);
        CHECK(s.store.puts == 1);
        CHECK(s.store.erases == 1); // nor must stay what was known before
        CHECK(s.told[outlast::event_kind::store_failed] == 3);
    }
    SECTION("is too slow") {
        s.store.takes = 1h;
        s.ask(a);
        s.loop.advance(1s);
        CHECK(a.when == 50ms);
        CHECK(outlast::detached().running == 0);
        CHECK(outlast::abandoned().running == 3);
    }
    SECTION("forgets its handlers") {
        s.store.forgets = true;
        s.ask(a);
        s.loop.run();
        CHECK(a.when == 50ms);
    }
    SECTION("is as slow as the deadline") {
        s.store.takes = 1h;
        s.ask(a, 0, 51ms);
        s.loop.advance(1s);
        CHECK(a.when == 50ms);
    }
    CHECK(a.value == 1);
    CHECK(a.times == 1);
    s.loop.run();
    CHECK(s.begun == 1);
    CHECK(outlast::detached().running == 0);
    CHECK(outlast::abandoned().running == 0);
}

TEST_CASE("async store: a deadline holds while it is asked") {
    shop<token_store> s;
    answer a;
    s.store.takes = 60ms;
    s.ask(a, 0, 50ms);
    s.loop.run();
    CHECK(a.why == refusal::timed_out);
    CHECK(a.when == 50ms);
    CHECK(s.begun == 0);
}

TEST_CASE("async store: one call a key at a time; the others are told when it can be found") {
    shop<token_store> s;
    std::vector<answer> all(100);
    for (answer& a : all)
        s.ask(a);
    s.loop.run();
    for (const answer& a : all)
        if (a.times != 1 || a.value != 1)
            FAIL_CHECK(a.times << " times " << a.value);
    CHECK(all[0].when == 35ms);
    CHECK(all[1].when == 45ms); // kept, and looked up
    CHECK(s.begun == 1);
    CHECK(s.store.puts == 1);
}

TEST_CASE("async store: a stale answer stands in, looked up once more") {
    shop<token_store> s;
    answer a, b;
    s.ask(a);
    s.loop.run();
    s.loop.advance(2s);
    s.down = true;
    s.ask(b);
    s.loop.run();
    CHECK(b.value == 1);
    CHECK(b.facts.how == outlast::source::stale);
    CHECK(b.when - a.when == 2s + 5ms + 40ms);
}

TEST_CASE(
    "async store: what is not to be kept drops what was known; what is forgotten stays away") {
    shop<token_store> s;
    answer a, b;
    SECTION("not to be kept") {
        s.ask(a);
        s.loop.run();
        s.loop.advance(2s);
        s.life = {};
        s.ask(b);
        s.loop.run();
        CHECK(b.value == 2);
        CHECK(s.store.map.empty());
        CHECK(s.store.erases == 1);
    }
    SECTION("forgotten before it is learnt") {
        s.ask(a);
        s.loop.advance(20ms);
        s.remember.async_forget(0, asio::detached);
        s.loop.run();
        CHECK(a.value == 1);
        CHECK(s.store.puts == 0);
        CHECK(s.store.map.empty());
    }
    SECTION("forgotten while it is on its way into the store") {
        s.ask(a);
        s.loop.advance(37ms);
        s.remember.async_forget(0, asio::detached);
        s.loop.run();
        CHECK(s.store.puts == 1);
        CHECK(s.store.map.empty());
    }
}

TEST_CASE("async store: refresh ahead, a late value, a leader that is cancelled") {
    shop<token_store> s{{.refresh_ahead = 20_percent, .refresh_limit = 50ms, .seed = 1}};
    answer a, b, c;
    s.ask(a);
    s.loop.run();
    SECTION("refresh ahead") {
        s.loop.advance(900ms);
        s.ask(b);
        s.loop.run();
        CHECK(b.value == 1);
        CHECK(s.store.map.at(0).value == 2);
        CHECK(s.begun == 2);
    }
    SECTION("cancelled while others wait") {
        asio::cancellation_signal signal;
        outlast::async_run<hand_clock>(s.loop.context(), s.p, s.work(),
                                       asio::bind_cancellation_slot(signal.slot(), s.into(b)), 7);
        s.ask(c, 7);
        s.loop.advance(20ms);
        signal.emit(cancellation_type::terminal);
        s.loop.run();
        CHECK(b.why == refusal::cancelled);
        CHECK(c.value == 2);
        CHECK(s.begun == 2);
    }
    SECTION("cancelled during a lookup") {
        asio::cancellation_signal signal;
        const auto type = GENERATE(cancellation_type::total, cancellation_type::terminal);
        outlast::async_run<hand_clock>(s.loop.context(), s.p, s.work(),
                                       asio::bind_cancellation_slot(signal.slot(), s.into(b)), 7);
        s.loop.advance(2ms);
        signal.emit(type);
        s.loop.run();
        CHECK(b.why == refusal::cancelled);
        CHECK(s.begun == 1);
    }
    CHECK(b.times == 1);
    CHECK(outlast::detached().running == 0);
    CHECK(outlast::abandoned().running == 0);
}

TEST_CASE("async store: what is made anew by a recheck is not written back") {
    virtual_loop loop;
    token_store store{{&loop}};
    struct life {
        outlast::lifetime operator()(int v) const { return {.fresh_for = 1s, .negative = v < 0}; }
        std::optional<int> recheck(int v, duration age) const {
            return age > 500ms && v > 0 ? std::optional{-v} : std::nullopt;
        }
    };
    outlast::cache_aside remember{store, [](int key) { return key; }, life{}};
    outlast::pipeline p{std::ref(remember)};
    std::vector<int> got;
    const auto ask = [&] {
        outlast::async_run<hand_clock>(
            loop.context(), p,
            [&](int, auto token) { return loop.after<void(int)>(1ms, std::move(token), 5); },
            [&](const result<int>& r) { got.push_back(r.value()); }, 1);
        loop.run();
    };
    ask();
    loop.advance(600ms);
    ask();
    CHECK(got == std::vector{5, -5});
    CHECK(store.puts == 1);
}

// --- fallbacks ---

namespace {

template <class Answer>
std::pair<result<int>, duration> after_failure(virtual_loop& loop, Answer answer) {
    outlast::pipeline p{outlast::fallback{answer}};
    std::optional<result<int>> got;
    duration when{};
    outlast::async_run<hand_clock>(
        loop.context(), p,
        [&](outlast::call&, int, auto token) {
            return loop.after<void(error_code, int)>(
                10ms, std::move(token), make_error_code(asio::error::connection_reset), 0);
        },
        [&](result<int> r) { got = std::move(r), when = loop.since_start(); }, 21);
    loop.run();
    return {std::move(*got), when};
}

} // namespace

TEST_CASE("async fallback: an awaitable, with whatever it takes") {
    virtual_loop loop;
    SECTION("nothing") {
        const auto [r, when] = after_failure(loop, [&]() -> asio::awaitable<int> {
            co_await loop.after<void()>(5ms, asio::use_awaitable);
            co_return 7;
        });
        CHECK(r.value() == 7);
        CHECK(when == 15ms);
    }
    SECTION("the failure and the arguments, which are there until it ends") {
        const auto [r, when] = after_failure(
            loop, [&](const outlast::failure& f, const int& n) -> asio::awaitable<int> {
                co_await loop.after<void()>(5ms, asio::use_awaitable);
                co_return f.code() == std::errc::connection_reset ? 2 * n : 0;
            });
        CHECK(r.value() == 42);
    }
    SECTION("the context, and a result") {
        const auto [r, when] =
            after_failure(loop, [&](outlast::call& c, int n) -> asio::awaitable<result<int>> {
                CHECK(c.attempt() == 1);
                co_return n;
            });
        CHECK(r.value() == 21);
    }
    SECTION("one that throws keeps what it was to replace") {
        const auto [r, when] = after_failure(loop, [&]() -> asio::awaitable<int> {
            throw std::system_error(std::make_error_code(std::errc::host_unreachable));
            co_return 7;
        });
        CHECK(r.error().code() == std::errc::host_unreachable);
        CHECK(r.error().origin() == std::errc::connection_reset);
    }
}

TEST_CASE("async fallback: a completion token, behind the failure") {
    virtual_loop loop;
    SECTION("alone") {
        const auto [r, when] = after_failure(loop, [&](const outlast::failure&, auto token) {
            return loop.after<void(error_code, int)>(5ms, std::move(token), error_code{}, 7);
        });
        CHECK(r.value() == 7);
        CHECK(when == 15ms);
    }
    SECTION("with the arguments and the context") {
        const auto [r, when] =
            after_failure(loop, [&](outlast::call&, const outlast::failure&, int n, auto token) {
                return loop.after<void(result<int>)>(5ms, std::move(token), result<int>{2 * n});
            });
        CHECK(r.value() == 42);
    }
    SECTION("one that fails keeps what it was to replace") {
        const auto [r, when] = after_failure(loop, [&](const outlast::failure&, auto token) {
            return loop.after<void(error_code, int)>(
                5ms, std::move(token), make_error_code(asio::error::host_unreachable), 7);
        });
        CHECK(r.error().code() == std::errc::host_unreachable);
        CHECK(r.error().origin() == std::errc::connection_reset);
    }
}

TEST_CASE("async fallback: one that is at hand at once is as before") {
    virtual_loop loop;
    CHECK(after_failure(loop, 7).first.value() == 7);
    CHECK(after_failure(loop, [](const outlast::failure&, int n) { return n; }).first.value() ==
          21);
}

TEST_CASE("async fallback: bounded by the deadline, and cancelled with its caller") {
    virtual_loop loop;
    std::vector<refusal> got;
    int asked = 0;
    outlast::pipeline p{outlast::timeout{50ms},
                        outlast::fallback{[&](const outlast::failure&, auto token) {
                            ++asked;
                            return loop.after<void(int)>(1h, std::move(token), 7);
                        }}};
    asio::cancellation_signal signal;
    const auto start = [&](auto token) {
        outlast::async_run<hand_clock>(
            loop.context(), p,
            [&](auto t) {
                return loop.after<void(error_code, int)>(
                    10ms, std::move(t), make_error_code(asio::error::connection_reset), 0);
            },
            std::move(token));
    };
    const auto note = [&](const result<int>& r) { got.push_back(r.error().why()); };
    start(note);
    start(asio::bind_cancellation_slot(signal.slot(), note));
    loop.advance(20ms);
    signal.emit(cancellation_type::terminal);
    loop.advance(1s);
    CHECK(got == std::vector{refusal::cancelled, refusal::timed_out});
    CHECK(asked == 2);
    loop.run();
    CHECK(outlast::abandoned().running == 0);
}
