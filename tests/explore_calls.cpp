// SPDX-License-Identifier: BSL-1.0
//
// Every order of events of calls through a retry, a timeout, a fallback, and all of them around one
// breaker.
#include "support/explore_calls.hpp"

#include <outlast/circuit_breaker.hpp>
#include <outlast/fallback.hpp>
#include <outlast/pipeline.hpp>
#include <outlast/retry.hpp>
#include <outlast/timeout.hpp>

#include "support/catch.hpp"
#include "support/explore.hpp"
#include "support/explore_circuit.hpp"
#include "support/print.hpp"

#include <functional>
#include <memory>
#include <string>
#include <utility>

using outlast::instant;
using outlast::reading;
using outlast::step;
using outlast::terms;
using outlast::verdict;
using outlast_tests::call_view;
using outlast_tests::calls_scene;
using outlast_tests::circuit_rig;
using outlast_tests::deed;
using outlast_tests::event;
using outlast_tests::explored;
using outlast_tests::explorer;
using outlast_tests::phase;
using outlast_tests::plain_rig;
using outlast_tests::rules;
using outlast_tests::ticks;

namespace {

using breaker = outlast::basic_circuit_breaker<>;

constexpr int limit = 2;       // ticks, of a timeout around a call
constexpr int inner_limit = 1; // of one around an attempt
constexpr std::uint32_t most = 2;

// What a call owes whose outermost timeout is `limit`: what is good at its end came in time.
template <class View>
std::string in_time(const View& before, const event& e, const View& after, int within) {
    const call_view& was = before.calls[e.who];
    const call_view& is = after.calls[e.who];
    const bool ended = was.is != phase::idle && is.is == phase::idle && e.what != deed::time &&
                       e.what != deed::order && e.what != deed::abandoned;
    // (A deadline outside that is earlier is its owner's to keep.)
    if (ended && is.last.outcome.ok() && was.by > was.begun + ticks(within) &&
        after.now - was.begun >= ticks(within))
        return "what comes too late is no success";
    if (is.is != phase::idle && is.at > is.begun + ticks(within))
        return "nothing is asked for that ends after the timeout";
    return {};
}

// ---- retry

outlast::retry_options retrying(bool refusals = false) {
    return {.max_attempts = most,
            .backoff = outlast::constant(ticks(1)),
            .hint_cap = ticks(2),
            .retry_refusals = refusals,
            .seed = 1};
}

// What a retry owes: another attempt only after a failure, never after what it must not repeat,
// never sooner than a hint says.
template <class View>
std::string repeats(const View& before, const event& e, const View& after) {
    const call_view& was = before.calls[e.who];
    const call_view& is = after.calls[e.who];
    if (was.is != phase::calling || was.callee != outlast::work)
        return {};
    const bool goes_on = is.is == phase::waiting || is.is == phase::calling;
    if (goes_on && (e.what == deed::success || e.what == deed::neutral ||
                    e.what == deed::cancelled || e.what == deed::in_vain))
        return "only failures are repeated";
    if (goes_on && e.what == deed::hint && is.at < after.now + ticks(after.rule->hint))
        return "no attempt begins before a hint says";
    if (is.is == phase::idle && (e.what == deed::failure || e.what == deed::hint) &&
        is.last.outcome.ok())
        return "a failure that is not repeated stands";
    return {};
}

template <class Retry>
struct retry_rig : plain_rig {
    explicit retry_rig(const config&) {}
    Retry policy{retrying()};
    auto start(int) { return policy.start(); }
    static std::string check(const auto& before, const event& e, const auto& after) {
        return repeats(before, e, after);
    }
};

const plain_rig::config for_retry{
    {.begins = {{}, {.by = 4}}, .hint = 2, .cancelled = true, .max_attempts = most}};

// ---- timeout

template <class Timeout>
struct timeout_rig : plain_rig {
    explicit timeout_rig(const config&) {}
    Timeout policy{ticks(limit)};
    auto start(int) { return policy.start(); }
    static std::string check(const auto& before, const event& e, const auto& after) {
        return in_time(before, e, after, limit);
    }
};

// The same, computed.
struct ticks_of {
    outlast::duration span;
    outlast::duration operator()() const { return span; }
};
struct computed : outlast::timeout_by<ticks_of> {
    explicit computed(outlast::duration span)
        : timeout_by(ticks_of{span}, {.limit = ticks(limit + 1)}) {}
};

const plain_rig::config for_timeout{
    {.begins = {{}, {.by = 1}, {.by = 3}}, .hint = 1, .call_memory = limit}};

// ---- fallback

struct nothing {};

template <class Fallback>
struct fallback_rig : plain_rig {
    explicit fallback_rig(const config&) {}
    Fallback policy{nothing{}};
    auto start(int) { return policy.start(); }
    static std::string check(const auto&, const event& e, const auto& after) {
        const call_view& is = after.calls[e.who];
        if (e.what == deed::cancelled && is.is != phase::idle)
            return "a cancelled call is not replaced";
        if (e.what == deed::success && is.is != phase::idle)
            return "a good answer is not replaced";
        if ((e.what == deed::operated || e.what == deed::broke) && is.is != phase::idle)
            return "a fallback is asked once";
        if ((e.what == deed::failure || e.what == deed::neutral) &&
            !(is.is == phase::calling && is.callee == 1))
            return "what fails is replaced";
        return {};
    }
};

const plain_rig::config for_fallback{{.cancelled = true, .breaks = true}};

// ---- around a breaker

// In the recommended order, without the cache (see explore_cache.cpp).
template <bool WithTimeouts>
struct guarded_rig : circuit_rig<breaker> {
    explicit guarded_rig(const config& c) : circuit_rig<breaker>(c) {}
    outlast::retry again{retrying(true)};
    outlast::fallback<nothing> instead{nothing{}};
    outlast::timeout total{ticks(limit)};
    outlast::timeout each{ticks(inner_limit)};

    auto start(int) {
        if constexpr (WithTimeouts)
            return outlast::pipeline{std::ref(instead), std::ref(total), std::ref(again),
                                     std::ref(breaker_), std::ref(each)}
                .start();
        else
            return outlast::pipeline{std::ref(again), std::ref(breaker_)}.start();
    }
    static std::string check(const auto& before, const event& e, const auto& after) {
        if (probes_out(after) > after.rig.options.probes)
            return "never more probes at once than permitted";
        if (e.what == deed::begin && before.rig.is.state == outlast::circuit_state::open &&
            after.calls[e.who].is == phase::calling && after.calls[e.who].callee == outlast::work)
            return "an open circuit admits nobody";
        if constexpr (WithTimeouts) {
            const call_view& is = after.calls[e.who];
            if (is.is != phase::idle && is.callee == outlast::work &&
                is.at > is.begun + ticks(limit))
                return "nothing is asked for that ends after the timeout";
        }
        return {};
    }
    template <class Scene>
    static std::string promise(Scene&, const event&) {
        return {};
    }
};

template <class Rig>
explored explore(const typename Rig::config& c) {
    using scene = calls_scene<Rig>;
    return explorer<scene>{10'000}([&] { return std::make_unique<scene>(c); },
                                   [&] { return std::make_unique<scene>(c, true); });
}

const circuit_rig<breaker>::config around{
    .rule = {.hint = 2, .max_attempts = most}, // three calls
    .options = {.window = outlast::consecutive(2), .open_for = ticks(2), .probe_lease = ticks(2)}};
const circuit_rig<breaker>::config composed{
    .rule = {.neutral = false,
             .breaks = true,
             .max_attempts = most,
             .call_memory = limit,
             .attempt_memory = inner_limit},
    .options = {.window = outlast::consecutive(2), .open_for = ticks(2), .probe_lease = ticks(2)}};

void holds(const char* name, const explored& e) {
    INFO(name << ": " << e.words());
    CHECK(e.holds());
}

} // namespace

// Each with a twin beside it that is asked for the plain case first.
TEST_CASE("explore: calls through a retry, a timeout, a fallback") {
    holds("retry", explore<retry_rig<outlast::retry>>(for_retry));
    holds("timeout", explore<timeout_rig<outlast::timeout>>(for_timeout));
    holds("computed timeout", explore<timeout_rig<computed>>(for_timeout));
    holds("fallback", explore<fallback_rig<outlast::fallback<nothing>>>(for_fallback));
}

TEST_CASE("explore: calls through a retry around a breaker, and with timeouts and a fallback") {
    holds("retry around a breaker", explore<guarded_rig<false>>(around));
    holds("all", explore<guarded_rig<true>>(composed));
}

TEST_CASE("explore: how many states calls have", "[.][explored]") {
    WARN("retry: " << explore<retry_rig<outlast::retry>>(for_retry).words());
    WARN("timeout: " << explore<timeout_rig<outlast::timeout>>(for_timeout).words());
    WARN("fallback: " << explore<fallback_rig<outlast::fallback<nothing>>>(for_fallback).words());
    WARN("retry around a breaker: " << explore<guarded_rig<false>>(around).words());
    WARN("all: " << explore<guarded_rig<true>>(composed).words());
}

// ---- broken on purpose

namespace {

// Makes one attempt too many.
struct stubborn : outlast::retry {
    using outlast::retry::retry;
    struct run : outlast::retry::run {
        explicit run(stubborn& r) : outlast::retry::run(r) {}
        step settled(reading& now, outlast::lane on, verdict& v) {
            const step s = outlast::retry::run::settled(now, on, v);
            if (s.what != outlast::action::finish || v.ok() || !v.failed() || over)
                return s;
            over = true;
            return step::call(outlast::work, outlast::never);
        }
        bool over = false;
    };
    run start() { return run{*this}; }
};

// Lets a late success pass.
struct lenient : outlast::timeout {
    using outlast::timeout::timeout;
    struct run : outlast::timeout::run {
        explicit run(lenient& t) : outlast::timeout::run(t.options(), t.options().limit) {}
        step settled(reading& now, outlast::lane on, verdict& v) {
            return v.ok() ? step::finish() : outlast::timeout::run::settled(now, on, v);
        }
        bool plain_begin(reading&, instant&) { return false; }
    };
    run start() { return run{*this}; }
};

// Replaces a cancellation.
struct nosy : outlast::fallback<nothing> {
    using outlast::fallback<nothing>::fallback;
    struct run : outlast::fallback<nothing>::run {
        explicit run(nosy& f) : outlast::fallback<nothing>::run(f) {}
        step settled(reading& now, outlast::lane on, verdict& v) {
            if (v.why == outlast::refusal::cancelled)
                v.why = outlast::refusal::unavailable;
            return outlast::fallback<nothing>::run::settled(now, on, v);
        }
    };
    run start() { return run{*this}; }
};

void finds(const explored& e, const char* invariant, const char* how) {
    INFO(e.words());
    CHECK(e.broken == invariant);
    CHECK(e.how == how);
}

} // namespace

TEST_CASE("explore: what is broken in a retry, a timeout, a fallback is found") {
    finds(explore<retry_rig<stubborn>>({{.max_attempts = most}}),
          "attempts never exceed the maximum",
          "    call A begins\n"
          "    call A fails\n"
          "    a tick passes\n"
          "    call A wakes\n"
          "    call A fails\n");
    finds(explore<timeout_rig<lenient>>({{.call_memory = limit}}),
          "what comes too late is no success",
          "    call A begins\n"
          "    a tick passes\n"
          "    a tick passes\n"
          "    call A succeeds\n");
    finds(explore<fallback_rig<nosy>>(for_fallback), "a cancelled call is not replaced",
          "    call A begins\n"
          "    call A is cancelled\n");
}
