// SPDX-License-Identifier: BSL-1.0
//
// Calls that a cache answers: what the caller is told, and that nothing else happens. In virtual time.
#include <outlast/asio/known_answer.hpp>

#include <outlast/asio.hpp>
#include <outlast/cache/memory.hpp>
#include <outlast/cache_aside.hpp>
#include <outlast/fallback.hpp>
#include <outlast/keyed.hpp>
#include <outlast/outlast.hpp>

#include "asio/support/virtual_loop.hpp"
#include "support/catch.hpp"
#include "support/print.hpp"

#include <boost/asio.hpp>

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

using namespace std::chrono_literals;
using namespace outlast::literals;
namespace asio = boost::asio;
using outlast::duration;
using outlast::event_kind;
using outlast::refusal;
using outlast::result;
using outlast_tests::hand_clock;
using outlast_tests::virtual_loop;

namespace {

using store_type = outlast::memory<int, std::string>;
using cache_type = outlast::cache_aside<store_type,
                                        std::function<int(int)>,
                                        std::function<outlast::lifetime(const std::string&)>>;

/// A cache with a work behind it, and what its calls came to.
struct shop {
    virtual_loop loop{};
    store_type store{};
    std::function<int(int)> key_of = [](int key) { return key; };
    std::vector<std::string> seen{};
    const std::function<void(const outlast::event&)> events{
        [this](const outlast::event& e) { seen.emplace_back(to_string(e.what)); }};
    cache_type remember;
    int asked = 0;
    std::vector<std::string> told{};
    outlast::report facts{};

    explicit shop(outlast::cache_aside_options o = {})
        : remember(
              store,
              [this](int key) { return key_of(key); },
              [](const std::string&) {
                  return outlast::lifetime{.fresh_for = 1s, .stale_for = 10s};
              },
              watched(std::move(o))) {}
    outlast::cache_aside_options watched(outlast::cache_aside_options o) {
        o.events = events;
        return o;
    }

    auto work() {
        return [this](int key, auto token) {
            return asio::async_initiate<decltype(token), void(std::string)>(
                [this, key](auto h) {
                    ++asked;
                    loop.after<void(std::string)>(10ms, std::move(h),
                                                  "user " + std::to_string(key));
                },
                token);
        };
    }
    auto handler() {
        return [this](const result<std::string>& r) {
            told.push_back(r ? r.value() : std::string{to_string(r.error().why())});
        };
    }
    template <class Pipeline>
    void ask(Pipeline& p, outlast::limits until = {}, int key = 7) {
        outlast::async_run<hand_clock>(loop.context().get_executor(), p, until, work(), handler(),
                                       key);
    }
    outlast::limits with_facts() { return {.facts = &facts}; }
};

/// Runs what is posted at once: another thread may.
struct at_once_executor {
    asio::execution_context* home;
    asio::execution_context& query(asio::execution::context_t) const noexcept { return *home; }
    static constexpr asio::execution::blocking_t query(asio::execution::blocking_t) noexcept {
        return asio::execution::blocking.never;
    }
    template <class F>
    void execute(F f) const {
        f();
    }
    bool operator==(const at_once_executor&) const = default;
};

} // namespace

TEST_CASE("known answer: a hit begins nothing, and its handler is called in the next turn") {
    shop s;
    outlast::pipeline p{std::ref(s.remember)};
    s.ask(p);
    s.loop.run();
    s.loop.advance(500ms);
    s.seen.clear();

    s.ask(p, s.with_facts());
    CHECK(s.told.size() == 1);
    s.loop.poll();
    CHECK(s.told == std::vector<std::string>{"user 7", "user 7"});
    CHECK(s.asked == 1);
    CHECK(s.seen == std::vector<std::string>{"hit"});
    CHECK(s.facts.how == outlast::source::cached);
    CHECK(s.facts.age == 500ms);
    CHECK(s.facts.attempts == 0);
    CHECK(s.remember.counts().hits == 1);
}

TEST_CASE("known answer: with the same facts as the blocking driver gives") {
    shop s;
    outlast::pipeline p{outlast::fallback{std::string{"nobody"}}, std::ref(s.remember),
                        outlast::timeout{1s}};
    s.ask(p);
    s.loop.run();
    s.loop.advance(300ms);
    s.ask(p, s.with_facts());
    s.loop.run();
    outlast::report blocking;
    const auto r = outlast::run<hand_clock>(
        p, outlast::limits{.facts = &blocking}, [](int) { return std::string{"never"}; }, 7);
    CHECK(r.value() == "user 7");
    CHECK(s.facts.how == blocking.how);
    CHECK(s.facts.age == blocking.age);
    CHECK(s.facts.policy == blocking.policy);
    CHECK(s.facts.attempts == blocking.attempts);
    CHECK(s.facts.elapsed == blocking.elapsed);
}

TEST_CASE("known answer: who is told for other reasons is told so as ever") {
    shop s;
    outlast::pipeline p{std::ref(s.remember)};
    s.ask(p);
    s.loop.run();
    std::stop_source stop;
    stop.request_stop();
    s.ask(p, {.stop = stop.get_token()});
    s.ask(p, {.deadline =
                  std::chrono::steady_clock::time_point{hand_clock::now().time_since_epoch()}});
    s.loop.run();
    CHECK(s.told == std::vector<std::string>{"user 7", std::string{to_string(refusal::cancelled)},
                                             std::string{to_string(refusal::timed_out)}});
    CHECK(s.asked == 1);
}

TEST_CASE("known answer: what is stale, unknown, too old for this caller or to be refreshed is no "
          "answer") {
    shop s{{.refresh_ahead = 50_percent, .refresh_limit = 20ms}};
    outlast::pipeline p{std::ref(s.remember)};
    const auto known = [&](int key) {
        auto f = s.work();
        outlast::slot<result<std::string>> answer;
        const bool is =
            outlast::detail::known_answer<hand_clock>(answer, p, outlast::limits{}, f, key);
        CHECK(is == answer.filled());
        return is;
    };
    CHECK_FALSE(known(7));
    s.ask(p);
    s.loop.run();
    s.seen.clear();
    CHECK(known(7));
    CHECK_FALSE(known(8));
    s.loop.advance(900ms); // due for a refresh
    CHECK_FALSE(known(7));
    s.loop.advance(200ms); // stale
    CHECK_FALSE(known(7));
    CHECK(s.seen == std::vector<std::string>{"hit"}); // nothing else has happened
    CHECK(s.asked == 1);
}

TEST_CASE("known answer: an entry that is due is refreshed behind its caller, as ever") {
    shop s{{.refresh_ahead = 50_percent, .refresh_limit = 20ms}};
    outlast::pipeline p{std::ref(s.remember)};
    s.ask(p);
    s.loop.run();
    s.loop.advance(900ms);
    s.ask(p);
    s.loop.run();
    CHECK(s.told.size() == 2);
    CHECK(s.asked == 2);
}

TEST_CASE("known answer: what a policy outside of the cache has to decide is decided") {
    shop s;
    outlast::circuit_breaker breaker{{.window = 2}};
    outlast::pipeline p{std::ref(breaker), std::ref(s.remember)};
    STATIC_REQUIRE(!outlast::detail::may_be_known<decltype(p), decltype(s.work()), int>);
    s.ask(p);
    s.loop.run();
    breaker.set_mode(outlast::circuit_mode::isolated);
    s.ask(p);
    s.loop.run();
    CHECK(s.told ==
          std::vector<std::string>{"user 7", std::string{to_string(refusal::circuit_open)}});
}

TEST_CASE("known answer: a pipeline inside a pipeline knows what its cache knows") {
    shop s;
    outlast::pipeline inner{std::ref(s.remember), outlast::timeout{1s}};
    outlast::pipeline p{outlast::fallback{std::string{"nobody"}}, std::ref(inner)};
    s.ask(p);
    s.loop.run();
    auto f = s.work();
    outlast::slot<result<std::string>> answer;
    CHECK(outlast::detail::known_answer<hand_clock>(answer, p, outlast::limits{}, f, 7));
    CHECK(answer->value() == "user 7");
}

TEST_CASE("known answer: a key function that throws fails the call, once") {
    shop s;
    outlast::pipeline p{std::ref(s.remember)};
    s.key_of = [](int) -> int { throw std::runtime_error("no key"); };
    s.ask(p);
    s.loop.run();
    CHECK(s.told == std::vector<std::string>{std::string{to_string(refusal::threw)}});
}

TEST_CASE("known answer: on the executor of the handler, and gone with a context that goes away") {
    shop s;
    outlast::pipeline p{std::ref(s.remember)};
    s.ask(p);
    s.loop.run();
    asio::io_context elsewhere;
    outlast::async_run<hand_clock>(s.loop.context().get_executor(), p, s.work(),
                                   asio::bind_executor(elsewhere.get_executor(), s.handler()), 7);
    s.loop.run();
    CHECK(s.told.size() == 1);
    elsewhere.run();
    CHECK(s.told.size() == 2);

    auto alive = std::make_shared<int>(0);
    {
        asio::io_context ends;
        outlast::async_run<hand_clock>(
            ends.get_executor(), p, s.work(),
            [alive](const result<std::string>&) { FAIL("called"); }, 7);
        CHECK(alive.use_count() == 2);
    }
    CHECK(alive.use_count() == 1);
}

TEST_CASE("known answer: what is renewed from an entry too old for this caller is none to it") {
    struct life {
        outlast::lifetime operator()(const std::string&) const { return {.fresh_for = 1h}; }
        std::optional<std::string> recheck(const std::string& v, duration) const {
            return v.ends_with("renewed") ? std::nullopt : std::optional{v + " renewed"};
        }
    };
    virtual_loop loop;
    store_type store;
    const auto key_of = [](int key) { return outlast::wanted<int>{key, 10s}; };
    outlast::cache_aside remember{store, key_of, life{}};
    outlast::pipeline p{std::ref(remember)};
    int asked = 0;
    std::vector<std::string> told;
    const auto ask = [&] {
        outlast::async_run<hand_clock>(
            loop.context().get_executor(), p,
            [&](int, auto token) {
                return loop.after<void(std::string)>(1ms, std::move(token),
                                                     "v" + std::to_string(++asked));
            },
            [&](const result<std::string>& r) { told.push_back(r.value()); }, 7);
        loop.run();
    };
    ask();
    loop.advance(5s);
    ask();
    loop.advance(20s);
    ask();
    CHECK(told == std::vector<std::string>{"v1", "v1 renewed", "v2"});
}

TEST_CASE("known answer: the deadline wins over a look-up that takes its time, and over no count") {
    shop s;
    outlast::pipeline p{std::ref(s.remember)};
    s.ask(p);
    s.loop.run();
    s.seen.clear();
    s.key_of = [](int key) {
        hand_clock::time = outlast::after(hand_clock::time, 30ms);
        return key;
    };
    s.ask(p, {.deadline =
                  std::chrono::steady_clock::time_point{
                      outlast::after(hand_clock::now(), 50ms).time_since_epoch()},
              .facts = &s.facts});
    s.loop.run();
    CHECK(s.told.back() == "user 7");
    CHECK(s.facts.elapsed == 30ms);
    s.ask(p, {.deadline =
                  std::chrono::steady_clock::time_point{
                      outlast::after(hand_clock::now(), 10ms).time_since_epoch()},
              .facts = &s.facts});
    s.loop.run();
    CHECK(s.told.back() == std::string{to_string(refusal::timed_out)});
    CHECK(s.remember.counts().hits == 1);
}

TEST_CASE("known answer: a hit is counted once, even if the value cannot be moved out of "
          "the cache") {
    struct heavy {
        int* moves;
        explicit heavy(int& m) : moves(&m) {}
        heavy(const heavy& other) : moves(other.moves) {}
        heavy(heavy&& other) : moves(other.moves) {
            if (--*moves == 0)
                throw std::runtime_error("moved once too often");
        }
    };
    for (int limit = 1; limit != 12; ++limit) {
        CAPTURE(limit);
        virtual_loop loop;
        outlast::memory<int, heavy> store;
        outlast::cache_aside remember{
            store, [](int key) { return key; },
            [](const heavy&) { return outlast::lifetime{.fresh_for = 1h}; }};
        outlast::pipeline p{std::ref(remember)};
        int moves = 1'000;
        int called = 0;
        const auto ask = [&] {
            outlast::async_run<hand_clock>(
                loop.context().get_executor(), p,
                [&](int, auto token) {
                    return asio::async_initiate<decltype(token), void(heavy)>(
                        [&](auto h) { std::move(h)(heavy{moves}); }, token);
                },
                [&](const result<heavy>&) { ++called; }, 7);
        };
        ask();
        loop.run();
        REQUIRE(called == 1);
        moves = limit;
        ask(); // fails, if at all, as a failure to its handler
        try {
            loop.run();
        } catch (const std::runtime_error&) {
            ++called; // on its way to the handler: nobody can have it
        }
        CHECK(called == 2);
        CHECK(remember.counts().hits == 1);
    }
}

TEST_CASE("known answer: a policy that picks policies by key is asked, whatever it picks") {
    shop s;
    outlast::keyed guarded{[](int) -> std::string { throw std::runtime_error("no key"); },
                           [](const std::string&) {
                               return std::make_shared<outlast::fallback<std::string>>("nobody");
                           }};
    outlast::pipeline p{std::ref(guarded), std::ref(s.remember)};
    STATIC_REQUIRE(!outlast::detail::may_be_known<decltype(p), decltype(s.work()), int>);
}

TEST_CASE("known answer: the arguments are gone before the handler can be called") {
    struct watched_key {
        std::shared_ptr<int> alive;
    };
    outlast::memory<int, int> store;
    outlast::cache_aside remember{store, [](const watched_key&) { return 0; },
                                  [](int) { return outlast::lifetime{.fresh_for = 1h}; }};
    outlast::pipeline p{std::ref(remember)};
    asio::io_context context;
    auto alive = std::make_shared<int>(0);
    long shares = 0;
    for (int i = 0; i != 2; ++i) {
        outlast::async_run(
            at_once_executor{&context}, p,
            [](const watched_key&, auto token) {
                return asio::async_initiate<decltype(token), void(int)>(
                    [](auto h) { std::move(h)(1); }, token);
            },
            [&](const result<int>& r) {
                CHECK(r.value() == 1);
                shares = alive.use_count();
            },
            watched_key{alive});
        context.run();
    }
    CHECK(shares == 1);
}
