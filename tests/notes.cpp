// SPDX-License-Identifier: BSL-1.0
#include <outlast/notes.hpp>

#include <outlast/cache/memory.hpp>
#include <outlast/cache_aside.hpp>
#include <outlast/circuit_breaker.hpp>
#include <outlast/fallback.hpp>
#include <outlast/pipeline.hpp>
#include <outlast/retry.hpp>
#include <outlast/timeout.hpp>

#include "support/catch.hpp"

#include <chrono>
#include <functional>
#include <string>
#include <vector>

using namespace std::chrono_literals;
using outlast::pipeline;
using outlast::retry;
using outlast::timeout;

namespace {

/// The notes in one text, each begun by a bar; nothing of what is usual.
template <class P>
std::string said(const P& policies) {
    std::string all;
    for (const std::string& note : outlast::notes(policies))
        all += '|' + note;
    return all;
}

bool has(const std::string& text, const char* part) { return text.find(part) != std::string::npos; }

auto first(int n) { return n; }
auto an_hour(int) { return outlast::lifetime{.fresh_for = 1h}; }

} // namespace

TEST_CASE("notes: the recommended order has none") {
    outlast::memory<int, int> store{{.capacity = 1, .negative_capacity = 1}};
    outlast::cache_aside remember{store, first, an_hour, {.wait = 1s}};
    outlast::basic_circuit_breaker<> b;
    const pipeline p{std::ref(remember), timeout{3s}, retry{}, std::ref(b), timeout{1s}};
    CHECK(said(p).empty());
}

TEST_CASE("notes: a timeout that never fires") {
    constexpr const char* odd = "|the timeout of 2 s never fires";
    CHECK(has(said(pipeline{timeout{2s}, timeout{2s}}), odd));
    CHECK(has(said(pipeline{timeout{1s}, pipeline{retry{}, timeout{2s}}}), odd));
    CHECK(said(pipeline{timeout{2s}, timeout{1s}}).empty());
    CHECK(said(pipeline{timeout{2s}, timeout{outlast::no_limit}}).empty());
    // One that is computed may be shorter than it says, and is no longer.
    const auto by = [](outlast::duration most) {
        return outlast::timeout_by{[] { return 10ms; }, {.limit = most}};
    };
    CHECK(said(pipeline{timeout{2s}, by(2s)}).empty());
    CHECK(has(said(pipeline{by(2s), timeout{2s}}), odd));
}

TEST_CASE("notes: a timeout whose limit is computed is one") {
    const auto some = [] { return 10ms; };
    CHECK(said(pipeline{outlast::timeout_by{some}}).empty());
    CHECK(said(pipeline{outlast::timeout_by{some}, retry{}, outlast::timeout_by{some}}).empty());
    CHECK(has(said(pipeline{outlast::timeout_by{some}, retry{}}),
              "|no timeout stands inside the retry"));
}

TEST_CASE("notes: a retry inside a retry, and one without a timeout inside") {
    CHECK(has(said(pipeline{retry{}, retry{}, timeout{1s}}), "|a retry stands inside a retry"));
    CHECK(has(said(pipeline{timeout{1s}, retry{}}), "|no timeout stands inside the retry"));
    CHECK(said(pipeline{timeout{3s}, retry{}, pipeline{timeout{1s}}}).empty());
    const retry by_itself{{.hint_cap = 0s}};
    CHECK(said(pipeline{by_itself, timeout{1s}}).empty());
    CHECK(said(pipeline{by_itself}) == "|no timeout: a call that hangs is never given up");
    CHECK(said(pipeline{timeout{outlast::no_limit}}) ==
          "|no timeout: a call that hangs is never given up");
}

TEST_CASE("notes: a breaker that learns too little") {
    outlast::basic_circuit_breaker<> b;
    CHECK(has(said(pipeline{std::ref(b), retry{}, timeout{1s}}),
              "|a breaker stands outside a retry"));
    CHECK(has(said(pipeline{std::ref(b), outlast::fallback{0}, timeout{1s}}),
              "|a breaker stands outside a fallback"));
    outlast::fallback chooses{0, {.when = [](const outlast::verdict& v) { return v.has_hint(); }}};
    CHECK(said(pipeline{std::ref(b), chooses, timeout{1s}}).empty());
    CHECK(said(pipeline{outlast::fallback{0}, std::ref(b), timeout{1s}}).empty());
}

TEST_CASE("notes: a retry that a server can make wait for long, and nothing outside bounds it") {
    const auto says = [](const outlast::retry_options& o) {
        return said(pipeline{retry{o}, timeout{1s}});
    };
    CHECK(says({}) == "|no timeout stands outside the retry: where a server says so (Retry-After), "
                      "a call waits for 2 min before it tries again: set `hint_cap`, or a timeout "
                      "outside");
    CHECK(has(says({.hint_cap = 11s}), "waits for 11 s "));
    CHECK(has(says({.max_duration = 5s}), "waits for 5 s ")); // at most: then it gives up
    CHECK(says({.max_attempts = 1}).empty());
    CHECK(says({.hint_cap = 0s}).empty());
    CHECK(says({.backoff = outlast::constant(1min)}).empty()); // it waits as long by itself
    CHECK(has(says({.backoff = outlast::constant(59s)}), "waits for 2 min "));
    CHECK(said(pipeline{timeout{3s}, retry{}, timeout{1s}}).empty());
    CHECK(said(pipeline{timeout{3s}, pipeline{retry{}}, timeout{1s}}).empty());
    CHECK_FALSE(said(pipeline{timeout{outlast::no_limit}, retry{}, timeout{1s}}).empty());
}

TEST_CASE("notes: a refresh ahead for which no call has the time") {
    outlast::memory<int, int> store{{.capacity = 1, .negative_capacity = 1}};
    const auto says = [&](outlast::duration total, outlast::ratio share) {
        outlast::cache_aside remember{
            store, first, an_hour, {.refresh_ahead = share, .refresh_limit = 250ms}};
        return said(pipeline{timeout{total}, std::ref(remember), timeout{100ms}});
    };
    const auto some = outlast::ratio::of(0.2);
    CHECK(says(250ms, some) ==
          "|the cache never refreshes ahead: it does so for a call that has longer than "
          "`refresh_limit`, and the timeout outside gives it 250 ms");
    CHECK(says(251ms, some).empty());
    CHECK(says(250ms, {}).empty());
    CHECK(says(outlast::no_limit, some).find("refreshes") == std::string::npos);
    // One inside cuts the refresh, no more.
    outlast::cache_aside remember{
        store, first, an_hour, {.wait = 1s, .refresh_ahead = some, .refresh_limit = 250ms}};
    CHECK(said(pipeline{std::ref(remember), timeout{100ms}}).empty());
}

TEST_CASE("notes: a wait in the cache that nothing bounds") {
    outlast::memory<int, int> store{{.capacity = 1, .negative_capacity = 1}};
    outlast::cache_aside remember{store, first, an_hour};
    constexpr const char* odd = "|a call may wait in the cache for another one without limit";
    CHECK(has(said(pipeline{std::ref(remember), timeout{1s}}), odd));
    CHECK(said(pipeline{timeout{1s}, std::ref(remember)}).empty());
}
