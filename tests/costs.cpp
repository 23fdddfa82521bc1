// SPDX-License-Identifier: BSL-1.0
//
// What a call costs: allocations, counted by a replaced operator new; moves of the value; sizes of
// what lies on the stack. A program of its own, for the sake of that operator.
#include <outlast/cache/memory.hpp>
#include <outlast/keyed.hpp>
#include <outlast/outlast.hpp>

#include "support/catch.hpp"
#include "support/print.hpp"
#include "support/recorded.hpp"
#include "support/zoo.hpp"

#include <chrono>
#include <cstddef>
#include <cstdlib>
#include <functional>
#include <memory>
#include <mutex>
#include <new>
#include <stop_token>
#include <string>
#include <system_error>

using namespace std::chrono_literals;
using outlast::refusal;
using outlast::result;
using outlast_tests::hand_clock;

namespace {

thread_local long allocations = 0;

void* counted_new(std::size_t n, std::size_t alignment = 0) {
    ++allocations;
    // aligned_alloc wants a multiple of the alignment.
    void* p = alignment == 0
                  ? std::malloc(n == 0 ? 1 : n)
                  : std::aligned_alloc(alignment, (n + alignment - 1) / alignment * alignment);
    if (p == nullptr)
        throw std::bad_alloc{};
    return p;
}

} // namespace

void* operator new(std::size_t n) { return counted_new(n); }
void* operator new[](std::size_t n) { return counted_new(n); }
void* operator new(std::size_t n, std::align_val_t a) {
    return counted_new(n, static_cast<std::size_t>(a));
}
void* operator new[](std::size_t n, std::align_val_t a) {
    return counted_new(n, static_cast<std::size_t>(a));
}
void* operator new(std::size_t n, const std::nothrow_t&) noexcept {
    ++allocations;
    return std::malloc(n == 0 ? 1 : n);
}
void* operator new[](std::size_t n, const std::nothrow_t&) noexcept {
    ++allocations;
    return std::malloc(n == 0 ? 1 : n);
}
void operator delete(void* p) noexcept { std::free(p); }
void operator delete[](void* p) noexcept { std::free(p); }
void operator delete(void* p, std::size_t) noexcept { std::free(p); }
void operator delete[](void* p, std::size_t) noexcept { std::free(p); }
void operator delete(void* p, std::align_val_t) noexcept { std::free(p); }
void operator delete[](void* p, std::align_val_t) noexcept { std::free(p); }
void operator delete(void* p, std::size_t, std::align_val_t) noexcept { std::free(p); }
void operator delete[](void* p, std::size_t, std::align_val_t) noexcept { std::free(p); }

namespace {

/// Allocations of one run of `f`.
template <class F>
long allocations_of(F&& f) {
    const long before = allocations;
    f();
    return allocations - before;
}

const auto server_error = std::make_error_code(std::errc::io_error);

int good() { return 1; }
result<int> bad() { return server_error; }

outlast::lifetime an_hour(const auto&) { return {.fresh_for = 1h, .stale_for = 1h}; }

/// Guards as in an application.
struct guards {
    outlast::circuit_breaker breaker{{.window = 20, .minimum_calls = 20, .open_for = 10s}};
    outlast::pipeline<outlast::fallback<int (*)(const outlast::failure&)>,
                      outlast::retry,
                      std::reference_wrapper<outlast::circuit_breaker>,
                      outlast::timeout>
        p{outlast::fallback<int (*)(const outlast::failure&)>{
              [](const outlast::failure&) { return -1; },
              {.when = [](const outlast::verdict& v) { return v.hint == -1s; }}},
          outlast::retry{{.max_attempts = 3, .backoff = outlast::constant(1us)}}, std::ref(breaker),
          outlast::timeout{250ms}};
};

} // namespace

TEST_CASE("costs: the counter counts") {
    CHECK(allocations_of([] { (void)std::make_unique<int>(1); }) == 1);
    CHECK(allocations_of([] { (void)std::make_shared<int>(1); }) == 1);
    CHECK(allocations_of([] {}) == 0);
}

TEST_CASE("law 3: a success allocates nothing") {
    guards g;
    result<int> r = 0;
    CHECK(allocations_of([&] { r = g.p(good); }) == 0);
    CHECK(r.value() == 1);
    std::stop_source stop;
    outlast::report facts;
    CHECK(allocations_of([&] {
              r = g.p(outlast::limits{.stop = stop.get_token(), .facts = &facts}, good);
          }) == 0);
    CHECK(facts.attempts == 1);
}

TEST_CASE("law 3: a failure, a wait, a fallback, a timeout, a cancellation allocate nothing") {
    guards g;
    result<int> r = 0;
    CHECK(allocations_of([&] { r = g.p(bad); }) == 0); // with two real waits
    CHECK(r.error().attempts() == 3);
    CHECK(allocations_of([&] {
              r = g.p([]() -> result<int> {
                  return outlast::failure{server_error}.with_retry_after(-1s);
              });
          }) == 0);
    CHECK(r.value() == -1);
    hand_clock::reset();
    CHECK(allocations_of([&] {
              r = outlast::run<hand_clock>(g.p, [] { return hand_clock::advance(1s), 1; });
          }) == 0);
    CHECK(r.error().why() == refusal::timed_out);
    std::stop_source stop;
    CHECK(allocations_of([&] {
              r = g.p(outlast::limits{.stop = stop.get_token()}, [&]() -> result<int> {
                  stop.request_stop();
                  return server_error;
              });
          }) == 0);
    CHECK(r.error().why() == refusal::cancelled);
}

TEST_CASE("law 3: a refusal allocates nothing") {
    guards g;
    g.breaker.set_mode(outlast::circuit_mode::isolated);
    result<int> r = 0;
    CHECK(allocations_of([&] { r = g.p(good); }) == 0);
    CHECK(r.error().why() == refusal::circuit_open);
    std::stop_source stop;
    stop.request_stop();
    CHECK(allocations_of([&] { r = g.p(outlast::limits{.stop = stop.get_token()}, good); }) == 0);
    CHECK(r.error().why() == refusal::cancelled);
    CHECK(allocations_of([&] { r = g.p(outlast::within(-1s), good); }) == 0);
    CHECK(r.error().why() == refusal::timed_out);
}

TEST_CASE("law 3: a cache hit allocates nothing, whatever the value") {
    outlast::memory<int, int> ints;
    outlast::cache_aside remember_int{ints, [](int k) { return k; }, an_hour<int>};
    outlast::pipeline p{std::ref(remember_int), outlast::timeout{1s}};
    const auto self = [](int k) { return k; };
    (void)p(self, 4); // kept; and this thread's line of what it reads is made
    result<int> r = 0;
    CHECK(allocations_of([&] { r = p(self, 4); }) == 0);
    CHECK(r.value() == 4);

    using shared = std::shared_ptr<const std::string>;
    outlast::memory<std::string, shared> strings;
    outlast::cache_aside remember{
        strings, [](const std::string& k) -> const std::string& { return k; }, an_hour<shared>};
    outlast::pipeline q{std::ref(remember)};
    const auto make = [](const std::string& k) { return std::make_shared<const std::string>(k); };
    const std::string key = "short";
    (void)q(make, key);
    result<shared> s = shared{};
    CHECK(allocations_of([&] { s = q(make, key); }) == 0);
    CHECK(*s.value() == "short");
}

TEST_CASE("law 3: a known key of keyed policies allocates nothing") {
    outlast::keyed breakers{
        [](const std::string& host) -> const std::string& { return host; },
        [](const std::string&) { return std::make_shared<outlast::circuit_breaker>(); }};
    outlast::pipeline p{std::ref(breakers)};
    const auto f = [](const std::string&) { return 1; };
    const std::string host = "a host with a name that is far too long for a small string";
    CHECK(allocations_of([&] { (void)p(f, host); }) > 0);
    CHECK(allocations_of([&] { (void)p(f, host); }) == 0);
}

TEST_CASE("law 3: to lead, to follow, to be told and to leave allocate nothing") {
    using flights = outlast::flights<int, std::mutex>;
    struct silent final : outlast::waker {
        void wake() noexcept override {}
    };
    flights shared;
    silent bell;
    const int key = 3;
    flights::seat a;
    flights::seat b;
    flights::seat c;
    CHECK(allocations_of([&] {
              a.board(shared, key, bell);
              b.board(shared, key, bell);
              c.board(shared, key, bell);
              a.leave();
              b.land({});
              (void)c.look();
              c.leave();
          }) == 0);
}

TEST_CASE(
    "costs: the value is never copied, and moved from hand to hand a bounded number of times") {
    outlast_tests::counted::counts counts;
    guards g;
    outlast::pipeline p{outlast::retry{}, std::ref(g.breaker), outlast::timeout{1s}};
    outlast::pipeline deep{outlast::timeout{1h}, outlast::timeout{1h}, outlast::timeout{1h},
                           outlast::retry{},     outlast::retry{},     std::ref(g.breaker),
                           outlast::timeout{1s}};
    const auto make = [&] { return outlast_tests::counted{counts}; };
    const auto moves = [&](auto& policies) {
        counts = {};
        {
            const auto r = policies(make);
        }
        CHECK(counts.copied == 0);
        CHECK(counts.made == 1);
        CHECK(counts.released == 1);
        return counts.moved;
    };
    // The first one finds the breaker's line of this thread not begun, and is no plain case.
    CHECK(moves(p) <= 6);
    CHECK(moves(p) == 1); // into the result
    CHECK(moves(deep) == 1);
}

// What is on the stack of a call, on a 64-bit machine: limits that a change may not pass unnoticed.
static_assert(sizeof(outlast::verdict) <= 32);
static_assert(sizeof(outlast::step) <= 16); // in registers
static_assert(sizeof(outlast::reading) <= 24);
static_assert(sizeof(outlast::leaf) == 1);
static_assert(sizeof(outlast::timeout::run) <= 40);
static_assert(sizeof(outlast::retry::run) <= 64);
static_assert(sizeof(outlast::circuit_breaker::run) <= 96);
static_assert(sizeof(outlast::fallback<int>::run) <= 56);
static_assert(sizeof(outlast::flights<int, std::mutex>::seat) <= 104);
static_assert(sizeof(decltype(std::declval<guards&>().p.start())) <= 384);
static_assert(sizeof(outlast::report) <= 128);
static_assert(sizeof(outlast::failure) <= 112);
static_assert(sizeof(result<int>) <= 120);

TEST_CASE("costs: sizes") {
    const outlast::memory<int, int>* none = nullptr;
    using cache = outlast::cache_aside<std::remove_const_t<std::remove_pointer_t<decltype(none)>>,
                                       int (*)(int), outlast::lifetime (*)(int)>;
    CHECK(sizeof(cache::run) <= 256);
}
