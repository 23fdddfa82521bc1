// SPDX-License-Identifier: BSL-1.0
//
// The drivers are equals: the same steps and outcomes under Asio as on a thread, for the same day.
#include <outlast/asio/machine_loop.hpp>

#include <outlast/asio.hpp>
#include <outlast/cache/memory.hpp>
#include <outlast/outlast.hpp>

#include "asio/support/virtual_loop.hpp"
#include "support/catch.hpp"
#include "support/print.hpp"
#include "support/recorded.hpp"

#include <chrono>
#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <system_error>
#include <vector>

using namespace std::chrono_literals;
using outlast::duration;
using outlast::lifetime;
using outlast::result;
using outlast::traced;
using outlast_tests::hand_clock;
using outlast_tests::line;
using outlast_tests::player;
using outlast_tests::recorded;
using outlast_tests::virtual_loop;

namespace {

struct visit {
    duration pause{};
    std::vector<line> lines{};
    duration within = outlast::forever;
};

struct history {
    std::vector<std::vector<traced>> steps{};
    std::vector<std::string> outcomes{};
};

std::string outcome_of(const result<int>& r) {
    return r ? std::to_string(r.value()) : r.error().message();
}

outlast::limits limits_of(const visit& v) {
    outlast::limits asked;
    if (v.within != outlast::forever)
        asked.deadline =
            std::chrono::steady_clock::time_point{(hand_clock::time + v.within).time_since_epoch()};
    return asked;
}

template <class Policies>
history under_blocking(const std::vector<visit>& visits) {
    Policies policies;
    history h;
    hand_clock::reset();
    for (const visit& v : visits) {
        hand_clock::advance(v.pause);
        recorded noted{policies.p};
        const auto r =
            outlast::run<hand_clock>(noted, limits_of(v), player{v.lines, hand_clock::advance});
        h.steps.push_back(noted.trace());
        h.outcomes.push_back(outcome_of(r));
    }
    return h;
}

/// The same player, on a loop.
struct async_player {
    virtual_loop* loop;
    const std::vector<line>* lines;

    template <class Token>
    auto operator()(outlast::call& c, Token&& token) const {
        duration takes{};
        result<int> r = player{*lines, [&](duration d) { takes = d; }}(c);
        return loop->after<void(result<int>)>(takes, std::forward<Token>(token), std::move(r));
    }
};

template <class Policies>
history under_asio(const std::vector<visit>& visits) {
    Policies policies;
    history h;
    virtual_loop loop;
    for (const visit& v : visits) {
        loop.advance(v.pause);
        recorded noted{policies.p};
        std::optional<result<int>> r;
        outlast::async_run<hand_clock>(loop.context().get_executor(), noted, limits_of(v),
                                       async_player{&loop, &v.lines},
                                       [&](result<int> got) { r = std::move(got); });
        loop.run();
        REQUIRE(r.has_value());
        h.steps.push_back(noted.trace());
        h.outcomes.push_back(outcome_of(*r));
    }
    return h;
}

template <class Policies>
void agree_on(const std::vector<visit>& visits) {
    const history blocking = under_blocking<Policies>(visits);
    const history asynchronous = under_asio<Policies>(visits);
    for (std::size_t i = 0; i != visits.size(); ++i) {
        CAPTURE(i);
        CHECK(blocking.steps[i] == asynchronous.steps[i]);
        CHECK(blocking.outcomes[i] == asynchronous.outcomes[i]);
    }
}

constexpr auto io = std::errc::io_error;

const std::vector<visit> a_bad_day{
    {.lines = {{.takes = 10ms}}},
    {.lines = {{.takes = 20ms, .fails = io}}},
    {.pause = 100ms, .lines = {{.takes = 20ms, .fails = io}, {.takes = 5ms}}},
    {.pause = 2s, .lines = {{.takes = 60ms}, {.takes = 5ms}}}, // the attempt's limit
    {.pause = 2s, .lines = {{.takes = 50ms}, {.takes = 5ms}}}, // the very limit
    {.pause = 2s, .lines = {{.fails = io}, {.fails = io}, {.takes = 1ms}}},
    {.pause = 2s, .lines = {{.takes = 30ms, .fails = io, .hint = 70ms}, {}}}, // come back later
    {.pause = 2s, .lines = {{.fails = io, .hint = 10s}, {}}},                 // much later
    {.pause = 2s, .lines = {{.fails = io, .hint = -1s}, {}}},                 // do not
    {.pause = 300ms, .lines = {{.takes = 1h}}},
    {.lines = {{}}, .within = 30ms},
    {.pause = 2s, .lines = {{.takes = 40ms}}, .within = 30ms},
    {.pause = 2s, .lines = {{.takes = 30ms}}, .within = 30ms},
    {.pause = 2s, .lines = {{.takes = 20ms, .fails = io}}, .within = 50ms},
    {.lines = {{}}, .within = 0ms},
    {.pause = 1s, .lines = {{.takes = 20ms, .fails = io}}}, // a probe
    {.lines = {{}}},
    {.pause = 1s, .lines = {{.takes = 20ms}}},
    {.pause = 5s, .lines = {{.fails = io}}},
    {.pause = 5s, .lines = {{.takes = 3ms}}},
};

using breaker = outlast::basic_circuit_breaker<>;

outlast::circuit_breaker_options sensitive() {
    return {.window = 4, .minimum_calls = 2, .open_for = 1s, .hint_cap = 0s, .name = "origin"};
}

struct none {
    outlast::pipeline<> p{};
};
struct only_retry {
    outlast::pipeline<outlast::retry> p{
        outlast::retry{{.max_attempts = 3, .hint_cap = 5s, .seed = 7}}};
};
struct only_timeout {
    outlast::pipeline<outlast::timeout> p{outlast::timeout{50ms}};
};
struct only_breaker {
    breaker b{sensitive()};
    outlast::pipeline<std::reference_wrapper<breaker>> p{std::ref(b)};
};
struct only_breaker_by_time {
    breaker b{{.window = 10s, .minimum_calls = 2, .open_for = 1s}};
    outlast::pipeline<std::reference_wrapper<breaker>> p{std::ref(b)};
};
struct only_fallback {
    outlast::pipeline<outlast::fallback<int>> p{outlast::fallback{-1}};
};
struct only_cache {
    using store = outlast::memory<int, int, outlast::no_lock>;
    using cache = outlast::cache_aside<store, int (*)(), lifetime (*)(int)>;
    store s{};
    cache c{s, [] { return 0; },
            [](int) { return lifetime{.fresh_for = 50ms, .stale_for = 400ms}; }};
    outlast::pipeline<std::reference_wrapper<cache>> p{std::ref(c)};
};
struct shipped : only_cache {
    breaker b{sensitive()};
    outlast::pipeline<outlast::fallback<int>,
                      std::reference_wrapper<cache>,
                      outlast::timeout,
                      outlast::retry,
                      std::reference_wrapper<breaker>,
                      outlast::timeout>
        p{outlast::fallback{-1},
          std::ref(c),
          outlast::timeout{{.limit = 300ms, .name = "total"}},
          outlast::retry{{.max_attempts = 3, .retry_refusals = true, .seed = 7}},
          std::ref(b),
          outlast::timeout{{.limit = 50ms, .name = "attempt"}}};
};
struct without_cache {
    breaker b{sensitive()};
    outlast::pipeline<outlast::timeout,
                      outlast::retry,
                      std::reference_wrapper<breaker>,
                      outlast::timeout>
        p{outlast::timeout{200ms}, outlast::retry{{.max_attempts = 3, .seed = 7}}, std::ref(b),
          outlast::timeout{50ms}};
};

} // namespace

TEST_CASE("the drivers are equals under Asio: the same steps and outcomes, for every policy") {
    SECTION("none") { agree_on<none>(a_bad_day); }
    SECTION("retry") { agree_on<only_retry>(a_bad_day); }
    SECTION("timeout") { agree_on<only_timeout>(a_bad_day); }
    SECTION("circuit breaker") { agree_on<only_breaker>(a_bad_day); }
    SECTION("circuit breaker, by time") { agree_on<only_breaker_by_time>(a_bad_day); }
    SECTION("fallback") { agree_on<only_fallback>(a_bad_day); }
    SECTION("cache") { agree_on<only_cache>(a_bad_day); }
}

TEST_CASE("the drivers are equals under Asio: compositions") {
    SECTION("the recommended order") { agree_on<shipped>(a_bad_day); }
    SECTION("without a cache") { agree_on<without_cache>(a_bad_day); }
}

TEST_CASE("law 4 under Asio: the clock is read at most once an event, and only for who asks") {
    virtual_loop loop;
    const auto reads = [&](auto& p, auto operation) {
        hand_clock::reads = 0;
        bool done = false;
        outlast::async_run<hand_clock>(loop.context().get_executor(), p, operation,
                                       [&](const auto&) { done = true; });
        loop.poll();
        CHECK(done);
        return hand_clock::reads;
    };
    const auto good = [](auto token) {
        return boost::asio::async_initiate<decltype(token), void(int)>([](auto h) { h(1); }, token);
    };
    outlast::basic_circuit_breaker<> b{{.window = 100}};
    outlast::pipeline timeless{outlast::fallback{0}, outlast::retry{}, std::ref(b)};
    CHECK(reads(timeless, good) == 0);
    outlast::pipeline timed{outlast::timeout{3s}, outlast::retry{}, std::ref(b),
                            outlast::timeout{250ms}};
    CHECK(reads(timed, good) == 2);
}
