// SPDX-License-Identifier: BSL-1.0
//
// A day on which much goes wrong, and the policies and compositions that are to get through it in the
// same way under every driver.
#ifndef OUTLAST_TESTS_SUPPORT_BAD_DAY_HPP
#define OUTLAST_TESTS_SUPPORT_BAD_DAY_HPP

#include <outlast/basic_keyed.hpp>
#include <outlast/bulkhead.hpp>
#include <outlast/cache/memory.hpp>
#include <outlast/late_value.hpp>
#include <outlast/outlast.hpp>

#include "support/catch.hpp"
#include "support/print.hpp"
#include "support/recorded.hpp"

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <system_error>
#include <vector>

namespace outlast_tests {

using namespace std::chrono_literals;

/// One call: how long after the end of the one before it, what its attempts come to, and after
/// what time its caller wants its answer.
struct visit {
    outlast::duration pause{};
    std::vector<line> lines{};
    outlast::duration within = outlast::forever;
};

struct history {
    std::vector<std::vector<outlast::traced>> steps{};
    std::vector<std::string> outcomes{};
};

inline std::string outcome_of(const outlast::result<int>& r) {
    return r ? std::to_string(r.value()) : r.error().message();
}

inline outlast::limits limits_of(const visit& v) {
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

inline const std::vector<visit> a_bad_day = [] {
    constexpr auto io = std::errc::io_error;
    return std::vector<visit>{
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
}();

using breaker = outlast::basic_circuit_breaker<>;

inline outlast::circuit_breaker_options sensitive() {
    // The server's hints are for the retry: the day has probes to come.
    return {.window = 4, .minimum_calls = 2, .open_for = 1s, .hint_cap = 0s, .name = "origin"};
}

struct no_policy {
    outlast::pipeline<> p{};
};
struct only_retry {
    outlast::pipeline<outlast::retry> p{
        outlast::retry{{.max_attempts = 3, .hint_cap = 5s, .seed = 7}}}; // the same chance in both
};
struct only_timeout {
    outlast::pipeline<outlast::timeout> p{outlast::timeout{50ms}};
};
struct only_timeout_by {
    struct limit_of {
        outlast::duration operator()() const { return 50ms; }
    };
    outlast::pipeline<outlast::timeout_by<limit_of>> p{outlast::timeout_by{limit_of{}}};
};
/// How often something was shown stands in the outcome.
struct only_late_value {
    std::vector<int> shown{};
    struct take {
        std::vector<int>* into;
        void operator()(int v) const { into->push_back(v); }
    };
    struct instead {
        std::vector<int>* shown;
        int operator()() const { return -1 - static_cast<int>(shown->size()); }
    };
    outlast::pipeline<outlast::fallback<instead>, outlast::late_value<take>, outlast::timeout> p{
        outlast::fallback{instead{&shown}}, outlast::late_value{take{&shown}},
        outlast::timeout{50ms}};
};
struct only_breaker {
    breaker b{sensitive()};
    outlast::pipeline<std::reference_wrapper<breaker>> p{std::ref(b)};
};
struct only_breaker_by_time {
    breaker b{{.window = 10s, .minimum_calls = 2, .open_for = 1s}};
    outlast::pipeline<std::reference_wrapper<breaker>> p{std::ref(b)};
};
struct only_bulkhead {
    outlast::basic_bulkhead<> b{{.permits = 1, .queue = 1, .wait = 1s}};
    outlast::pipeline<std::reference_wrapper<outlast::basic_bulkhead<>>> p{std::ref(b)};
};
struct only_fallback {
    outlast::pipeline<outlast::fallback<int>> p{outlast::fallback{-1}};
};
struct only_cache {
    using store = outlast::memory<int, int, outlast::no_lock>;
    using cache = outlast::cache_aside<store, int (*)(), outlast::lifetime (*)(int)>;
    store s{};
    cache c{s, [] { return 0; },
            [](int) { return outlast::lifetime{.fresh_for = 50ms, .stale_for = 400ms}; }};
    outlast::pipeline<std::reference_wrapper<cache>> p{std::ref(c)};
};
struct only_keyed {
    struct key_of {
        std::string operator()() const { return "one"; }
    };
    struct make {
        std::shared_ptr<breaker> operator()(const std::string&) const {
            return std::make_shared<breaker>(sensitive());
        }
    };
    using breakers = outlast::basic_keyed<outlast::no_lock, key_of, make, std::string>;
    breakers k{key_of{}, make{}};
    outlast::pipeline<std::reference_wrapper<breakers>> p{std::ref(k)};
};
/// The recommended order.
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
struct nested {
    breaker b{sensitive()};
    using inside = outlast::pipeline<std::reference_wrapper<breaker>, outlast::timeout>;
    inside i{std::ref(b), outlast::timeout{50ms}};
    outlast::pipeline<outlast::timeout, outlast::retry, std::reference_wrapper<inside>> p{
        outlast::timeout{200ms}, outlast::retry{{.max_attempts = 3, .seed = 7}}, std::ref(i)};
};

/// That `other(visits)` of each of them, a history, is what happens on a thread.
template <class Policies, class Other>
void agree(Other other) {
    const history blocking = under_blocking<Policies>(a_bad_day);
    const history there = other.template operator()<Policies>(a_bad_day);
    for (std::size_t i = 0; i != a_bad_day.size(); ++i) {
        CAPTURE(i);
        CHECK(blocking.steps[i] == there.steps[i]);
        CHECK(blocking.outcomes[i] == there.outcomes[i]);
    }
}
template <class Other>
void every_policy_agrees(Other other) {
    SECTION("none") { agree<no_policy>(other); }
    SECTION("retry") { agree<only_retry>(other); }
    SECTION("timeout") { agree<only_timeout>(other); }
    SECTION("computed timeout") { agree<only_timeout_by>(other); }
    SECTION("late value") { agree<only_late_value>(other); }
    SECTION("circuit breaker") { agree<only_breaker>(other); }
    SECTION("circuit breaker, by time") { agree<only_breaker_by_time>(other); }
    SECTION("bulkhead") { agree<only_bulkhead>(other); }
    SECTION("fallback") { agree<only_fallback>(other); }
    SECTION("cache") { agree<only_cache>(other); }
    SECTION("keyed") { agree<only_keyed>(other); }
}
template <class Other>
void compositions_agree(Other other) {
    SECTION("the recommended order") { agree<shipped>(other); }
    SECTION("without a cache") { agree<without_cache>(other); }
    SECTION("a pipeline inside a pipeline") { agree<nested>(other); }
}

} // namespace outlast_tests

#endif // OUTLAST_TESTS_SUPPORT_BAD_DAY_HPP
