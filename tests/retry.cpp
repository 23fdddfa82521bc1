// SPDX-License-Identifier: BSL-1.0
#include <outlast/retry.hpp>

#include <outlast/circuit_breaker.hpp>
#include <outlast/fallback.hpp>
#include <outlast/outcome.hpp>
#include <outlast/pipeline.hpp>
#include <outlast/run.hpp>
#include <outlast/simulate.hpp>
#include <outlast/timeout.hpp>

#include "support/callable.hpp"
#include "support/catch.hpp"
#include "support/print.hpp"
#include "support/script.hpp"
#include "support/told.hpp"
#include "support/zoo.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <random>
#include <stop_token>
#include <string>
#include <tuple>
#include <vector>

using namespace std::chrono_literals;
using outlast::constant;
using outlast::duration;
using outlast::exponential;
using outlast::jitter;
using outlast::linear;
using outlast::refusal;
using outlast::retry;
using outlast::retry_options;
using outlast::stopped;
using outlast::verdict;
using outlast::verdict_kind;
using outlast_tests::acted;
using outlast_tests::at;
using outlast_tests::end;
using outlast_tests::refused;
using outlast_tests::script;
using outlast_tests::starts;
using outlast_tests::times;
using outlast_tests::waits;

namespace {

// A call of its own through one retry.
struct story {
    explicit story(const retry_options& options,
                   script lines,
                   outlast::instant deadline = outlast::never)
        : policy(options), call(&sim.call_by(deadline, policies, acted(sim, lines))) {
        sim.run();
    }
    stopped why() { return call->facts().why_stopped; }

    retry policy;
    outlast::pipeline<std::reference_wrapper<retry>> policies{std::ref(policy)};
    outlast::simulation sim{};
    using call_type = std::remove_reference_t<decltype(sim.call(policies, acted(sim, script{})))>;
    call_type* call;
};

} // namespace

TEST_CASE("RT-01 linear backoff timeline") {
    story s{{.max_attempts = 4, .backoff = linear(2000ms)}, script{}.fails()};
    CHECK(starts(*s.call) == times{0ms, 2000ms, 6000ms, 12000ms});
    CHECK(waits(*s.call) == times{2000ms, 4000ms, 6000ms});
    CHECK(s.call->attempts() == 4);
    CHECK(s.call->outcome().kind == verdict_kind::failure);
    CHECK(s.call->result().error().cause() == refused);
    CHECK(s.call->result().error().attempts() == 4);
    CHECK(s.why() == stopped::attempts);
}

TEST_CASE("RT-02 the cap holds for every step") {
    story s{{.max_attempts = 4, .backoff = linear(2000ms).capped(123ms)}, script{}.fails()};
    CHECK(waits(*s.call) == times{123ms, 123ms, 123ms});
    CHECK(starts(*s.call) == times{0ms, 123ms, 246ms, 369ms});
}

TEST_CASE("RT-03 exponential growth saturates, wait by wait") {
    story s{{.max_attempts = 1001, .backoff = exponential(24h).capped(48h)}, script{}.fails()};
    const times all = waits(*s.call);
    REQUIRE(all.size() == 1000);
    CHECK(all.front() == 24h);
    CHECK(all.back() == 48h);
}

TEST_CASE("RT-05 delay computed per attempt replaces the base; no opinion falls back") {
    const auto starts_with = [](duration computed) {
        auto choose = [&](const outlast::attempted&) -> outlast::again { return computed; };
        const story s{{.max_attempts = 4, .backoff = constant(2000ms), .retry_if = choose},
                      script{}.fails()};
        return starts(*s.call);
    };
    CHECK(starts_with(120ms) == times{0ms, 120ms, 240ms, 360ms});
    CHECK(starts_with(-1ns) == times{0ms, 2000ms, 4000ms, 6000ms});
    CHECK(starts_with(0ns) == times{0ms, 0ms, 0ms, 0ms});
}

TEST_CASE("RT-06 cancelled before the start") {
    outlast::pipeline p{retry{{.max_attempts = 4, .backoff = constant(0ms)}}};
    int calls = 0;
    const auto down = [&]() -> outlast::result<int> { return ++calls, refused; };
    std::stop_source caller;
    (void)p(outlast::limits{.stop = caller.get_token()}, down);
    CHECK(calls == 4);
    calls = 0;
    caller.request_stop();
    const auto r = p(outlast::limits{.stop = caller.get_token()}, down);
    CHECK(calls == 0);
    CHECK(r.error().why() == refusal::cancelled);
}

TEST_CASE("RT-07 cancelled while waiting, with no further call") {
    retry policy{{.max_attempts = 4, .backoff = constant(10000ms)}};
    outlast::pipeline p{std::ref(policy)};
    outlast::simulation sim;
    auto& c = sim.call(p, acted(sim, script{}.fails()));
    sim.at(at(4000ms), [&] { c.cancel(); });
    sim.run();
    CHECK(c.attempts() == 1);
    CHECK(end(c) == 4000ms);
    CHECK(c.result().error().why() == refusal::cancelled);
    CHECK(c.result().error().cause() == refused);
    sim.advance(1h); // nothing is left pending
    CHECK(c.attempts() == 1);
}

TEST_CASE("RT-08 discarded results are released before the pipeline returns") {
    using outlast_tests::counted;
    retry policy{{.max_attempts = 6, .backoff = constant(0ms)}};
    outlast::pipeline p{std::ref(policy)};
    counted::counts all;
    int attempts = 0;
    int released_at_last = -1;
    {
        auto r = p(outlast::judged{[&] {
                                       if (++attempts == 6)
                                           released_at_last = all.released;
                                       return counted{all};
                                   },
                                   [](const counted&) { return false; }});
        CHECK(all.made == 6);
        CHECK(released_at_last == 5);
        CHECK(all.released == 5);
        CHECK(all.copied == 0);
        CHECK(r.has_value());
    }
    CHECK(all.released == 6);
}

TEST_CASE("RT-09 waiting time in total") {
    const auto waited = [](std::uint32_t most, const script& lines) {
        const story s{{.max_attempts = most, .backoff = constant(500ms)}, lines};
        CHECK(end(*s.call) == 500ms * (s.call->attempts() - 1));
        return std::pair{end(*s.call), s.call->attempts()};
    };
    CHECK(waited(3, script{}.fails()) == std::pair{duration{1000ms}, 3U});
    CHECK(waited(3, script{}.fails().succeeds()) == std::pair{duration{500ms}, 2U});
    CHECK(waited(1, script{}.fails()) == std::pair{duration{0ms}, 1U});
}

TEST_CASE("RT-10 result-driven retry returns the last value when exhausted") {
    retry policy{{.max_attempts = 3, .backoff = constant(10ms)}};
    outlast::pipeline p{std::ref(policy)};
    outlast::simulation sim;
    auto& c = sim.call(p, outlast::judged{[] { return std::string{"retry"}; },
                                          [](const std::string& v) { return v != "retry"; }});
    sim.run();
    CHECK(c.attempts() == 3);
    REQUIRE(c.result().has_value());
    CHECK(c.result().value() == "retry");
    CHECK(c.facts().why_stopped == stopped::attempts);
}

TEST_CASE("RT-10 with exhaustion as an error, which carries the value") {
    auto ask = outlast::judged{[] { return std::string{"retry"}; },
                               [](const std::string& v) { return v != "retry"; }};
    retry policy{{.max_attempts = 3, .backoff = constant(10ms), .exhaustion_fails = true}};
    outlast::pipeline p{std::ref(policy)};
    outlast::simulation sim;
    auto& c = sim.call(p, ask);
    sim.run();
    CHECK(c.attempts() == 3);
    CHECK(end(c) == 20ms);
    REQUIRE(c.result().has_error());
    const outlast::failure f = c.result().error();
    CHECK(f.why() == refusal::exhausted);
    CHECK(f.code() == refusal::exhausted);
    CHECK(f.attempts() == 3);
    CHECK(f.facts().why_stopped == stopped::attempts);
    CHECK(f.message() == "no attempt was good (after 3 attempts)");
    REQUIRE(f.last_value<std::string>() != nullptr);
    CHECK(*f.last_value<std::string>() == "retry");
    CHECK(f.last_value<int>() == nullptr);
    CHECK(f.thrown() == nullptr);

    retry at_once{{.backoff = constant(0ms), .exhaustion_fails = true}};
    outlast::pipeline q{std::ref(at_once)};
    SECTION("whatever ends it, with the hint and the code of its judgement") {
        const auto late = std::make_error_code(std::errc::timed_out);
        const auto r = q(
            outlast::judged{[] { return 503; }, [&](int) { return verdict::failure(late, -1ms); }});
        REQUIRE(r.has_error());
        CHECK(r.error().why() == refusal::exhausted);
        CHECK(r.error().cause() == late);
        CHECK(r.error().attempts() == 1);
        CHECK(r.error().facts().why_stopped == stopped::told_not_to);
        CHECK(*r.error().last_value<int>() == 503);
    }
    SECTION("the callable's own failures are what they are, and good values too") {
        CHECK(q([]() -> outlast::result<int> { return refused; }).error().code() == refused);
        CHECK(q([] { return 7; }).value() == 7);
    }
    SECTION("values that can only be moved") {
        auto r = q(outlast::judged{[] { return outlast_tests::move_only{4}; },
                                   [](const outlast_tests::move_only&) { return false; }});
        REQUIRE(r.has_error());
        CHECK(*r.error().last_value<outlast_tests::move_only>()->value == 4);
    }
    SECTION("outside of it, it is a failure like others: counted, repeated, replaced") {
        retry outside{{.max_attempts = 2, .backoff = constant(0ms)}};
        outlast::basic_circuit_breaker<> breaker{{.window = 2}};
        outlast::pipeline twice{std::ref(outside), std::ref(breaker), std::ref(at_once)};
        auto& again = sim.call(twice, ask);
        sim.run();
        CHECK(again.attempts() == 6);
        CHECK(again.result().error().why() == refusal::exhausted);
        CHECK(breaker.state(sim.time()) == outlast::circuit_state::open);
        outlast::pipeline around{std::ref(outside)};
        auto& nested = sim.call(around, [&] { return q(ask); });
        sim.run();
        CHECK(nested.attempts() == 2);
        CHECK(*nested.result().error().last_value<std::string>() == "retry");
        outlast::pipeline replaced{outlast::fallback{std::string{"other"}}, std::ref(at_once)};
        CHECK(replaced(ask).value() == "other");
    }
}

namespace {

// Admits so many calls in each period, which all start at 0, and makes nobody wait.
struct fixed_window {
    std::uint32_t permits;
    duration period;
    std::vector<std::uint32_t> used{}; // by period

    class run : public outlast::pass_through {
    public:
        explicit run(fixed_window& shared) noexcept : shared_(&shared) {}
        outlast::step begin(outlast::reading& now, outlast::instant by, verdict& v) {
            const duration since = now.get().time_since_epoch();
            const auto which = static_cast<std::size_t>(since / shared_->period);
            shared_->used.resize(std::max(shared_->used.size(), which + 1));
            if (shared_->used[which] == shared_->permits) {
                v = verdict::neutral(refusal::rate_limited,
                                     shared_->period - since % shared_->period);
                return outlast::step::finish();
            }
            ++shared_->used[which];
            return outlast::step::call(outlast::work, by);
        }
        outlast::step settled(outlast::reading&, outlast::lane, verdict&) noexcept {
            return outlast::step::finish();
        }

    private:
        fixed_window* shared_;
    };
    [[nodiscard]] run start() noexcept { return run{*this}; }
};

} // namespace

TEST_CASE("CO-05 retry around rate limiter") {
    const auto play = [](bool rejections_too) {
        retry again{
            {.max_attempts = 7, .backoff = constant(0ms), .retry_refusals = rejections_too}};
        outlast_tests::tap attempts;
        fixed_window limiter{.permits = 3, .period = 1000ms};
        outlast::pipeline p{std::ref(again), std::ref(attempts), std::ref(limiter)};
        outlast::simulation sim;
        auto& c = sim.call(p, acted(sim, script{}.fails()));
        sim.run();
        times begun;
        for (const outlast::instant t : attempts.begun)
            begun.push_back(t.time_since_epoch());
        REQUIRE(begun.size() >= 4);
        CHECK(attempts.ended[3].what == verdict::neutral(refusal::rate_limited, 1000ms));
        return std::tuple{begun, starts(c), end(c), c.result().error()};
    };
    SECTION("rejections retried") {
        const auto [begun, calls, over, why] = play(true);
        CHECK(begun == times{0ms, 0ms, 0ms, 0ms, 1000ms, 1000ms, 1000ms}); // 7 attempts
        CHECK(calls == times{0ms, 0ms, 0ms, 1000ms, 1000ms, 1000ms});      // 6 calls
        CHECK(over == 1000ms);
        CHECK(why.why() == refusal::none);
        CHECK(why.code() == refused);
        CHECK(why.facts().why_stopped == stopped::attempts);
    }
    SECTION("rejections not retried, the default") {
        const auto [begun, calls, over, why] = play(false);
        CHECK(begun == times{0ms, 0ms, 0ms, 0ms});
        CHECK(calls == times{0ms, 0ms, 0ms});
        CHECK(over == 0ms);
        CHECK(why.why() == refusal::rate_limited);
        CHECK(why.retry_after() == 1000ms);
        CHECK(why.cause() == refused);
        CHECK(why.facts().why_stopped == stopped::not_retryable);
    }
}

TEST_CASE("RT-11 exponential with cap, timeline") {
    story s{{.max_attempts = 7, .backoff = exponential(1ms).capped(10ms)}, script{}.fails()};
    CHECK(waits(*s.call) == times{1ms, 2ms, 4ms, 8ms, 10ms, 10ms});
    CHECK(starts(*s.call) == times{0ms, 1ms, 3ms, 7ms, 15ms, 25ms, 35ms});
}

TEST_CASE("RT-12 time limit ends retrying") {
    int ended = 0;
    auto events = [&](const outlast::event& e) { ended += e.what == outlast::event_kind::gave_up; };
    retry policy{
        {.max_attempts = 5, .backoff = constant(0ms), .max_duration = 100ms, .events = events}};
    outlast::pipeline p{std::ref(policy)};
    outlast::simulation sim;
    auto& c = sim.call(p, outlast::judged{[&] { return sim.spend(120ms), std::string{"bad"}; },
                                          [](const std::string&) { return false; }});
    sim.run();
    CHECK(c.attempts() == 1);
    CHECK(end(c) == 120ms); // not cut
    CHECK(c.result().value() == "bad");
    // The scenario says "deadline"; that is the caller's, and this the retry's own: the finer word.
    CHECK(c.facts().why_stopped == stopped::max_duration);
    CHECK(ended == 1);
}

TEST_CASE("retry: a failure says whether a later deadline might have mended it") {
    const auto hurried = [](const retry_options& o, const script& lines, duration deadline) {
        retry policy{o};
        outlast::pipeline p{std::ref(policy)};
        outlast::world w;
        auto& c = w.play(p, lines, at(deadline));
        w.run();
        return c.outcome().hurried;
    };
    const retry_options twice{.max_attempts = 2, .backoff = constant(100ms)};
    CHECK(hurried(twice, script{}.fails(), 100ms));
    CHECK_FALSE(hurried(twice, script{}.fails(), 101ms)); // two attempts, as many as it makes
    CHECK_FALSE(hurried(twice, script{}.succeeds(), 100ms));
    CHECK_FALSE(hurried(twice, script{}.is_neutral(), 100ms));
    CHECK_FALSE(hurried({.max_attempts = 2, .backoff = constant(100ms), .max_duration = 50ms},
                        script{}.fails(), 1h));
}

TEST_CASE("RT-13 server hint that cannot fit") {
    const retry_options o{.max_attempts = 5, .backoff = constant(100ms)};
    story s{o, script{}.fails_with_hint(6000ms), at(5000ms)};
    CHECK(s.call->attempts() == 1);
    CHECK(end(*s.call) == 0ms);
    CHECK(s.call->result().error().cause() == refused);
    CHECK(s.call->result().error().retry_after() == 6000ms);
    CHECK(s.why() == stopped::deadline);

    story fits{o, script{}.fails_with_hint(700ms).succeeds(), at(5000ms)};
    CHECK(starts(*fits.call) == times{0ms, 700ms});
    CHECK(fits.call->result().value() == 2);
}

// ---- hints

TEST_CASE("retry: a hint is a lower bound, not a replacement") {
    story s{{.max_attempts = 3, .backoff = constant(1000ms)},
            script{}.fails_with_hint(300ms).fails_with_hint(1500ms).succeeds()};
    CHECK(waits(*s.call) == times{1000ms, 1500ms});
}

TEST_CASE("retry: a hint counts for its cap at most, and the cap of the backoff is not it") {
    story s{{.max_attempts = 3, .backoff = constant(100ms).capped(200ms), .hint_cap = 5s},
            script{}.fails_with_hint(1h).fails_with_hint(5s - 1ns).succeeds()};
    CHECK(waits(*s.call) == times{5s, 5s - 1ns});
}

TEST_CASE("retry: a hint starts the series of delays anew") {
    story s{{.max_attempts = 6, .backoff = exponential(100ms)},
            script{}.fails().fails().fails_with_hint(1000ms).fails()};
    CHECK(waits(*s.call) == times{100ms, 200ms, 1000ms, 100ms, 200ms});
}

TEST_CASE("retry: a hint of zero asks for no more than the backoff") {
    story s{{.max_attempts = 2, .backoff = constant(100ms)}, script{}.fails_with_hint(0ms)};
    CHECK(waits(*s.call) == times{100ms});
}

TEST_CASE("retry: a negative hint means do not try again") {
    story s{{.max_attempts = 5, .backoff = constant(100ms)}, script{}.fails_with_hint(-1ns)};
    CHECK(s.call->attempts() == 1);
    CHECK(end(*s.call) == 0ms);
    CHECK(s.why() == stopped::told_not_to);
    CHECK_FALSE(s.call->result().error().retry_after());
}

// ---- the deadline

TEST_CASE("retry: a wait that ends at the deadline is not begun") {
    const retry_options o{.max_attempts = 5, .backoff = constant(100ms)};
    story exact{o, script{}.fails(), at(100ms)};
    CHECK(exact.call->attempts() == 1);
    CHECK(end(*exact.call) == 0ms);
    CHECK(exact.why() == stopped::deadline);
    CHECK(exact.call->result().error().why() == refusal::none);

    story fits{o, script{}.fails(), at(100ms + 1ns)};
    CHECK(starts(*fits.call) == times{0ms, 100ms});
    CHECK(end(*fits.call) == 100ms);
    CHECK(fits.why() == stopped::deadline);
}

TEST_CASE("retry: no attempt starts with less than the least of use") {
    const retry_options o{.max_attempts = 5, .backoff = constant(100ms), .least_attempt = 50ms};
    CHECK(story{o, script{}.fails(), at(150ms)}.call->attempts() == 1);
    story fits{o, script{}.fails(), at(150ms + 1ns)};
    CHECK(starts(*fits.call) == times{0ms, 100ms});
    // Time that an attempt takes counts as well.
    CHECK(story{o, script{}.fails(1ns), at(150ms + 1ns)}.call->attempts() == 1);
    // Without a deadline there is always enough.
    CHECK(story{{.max_attempts = 3, .backoff = constant(0ms), .least_attempt = outlast::forever},
                script{}.fails()}
              .call->attempts() == 3);
}

TEST_CASE("retry: an attempt that the deadline cuts is the last") {
    story s{{.max_attempts = 5, .backoff = constant(0ms)}, script{}.hangs(), at(300ms)};
    CHECK(s.call->attempts() == 1);
    CHECK(end(*s.call) == 300ms);
    CHECK(s.call->result().error().why() == refusal::timed_out);
    CHECK(s.why() == stopped::deadline);

    // Whatever else would have stopped it; and nobody is asked.
    int asked = 0;
    auto choose = [&asked](const verdict&) { return ++asked, true; };
    story last{{.max_attempts = 1, .retry_if = choose}, script{}.hangs(), at(300ms)};
    CHECK(last.why() == stopped::deadline);
    CHECK(asked == 0);
}

TEST_CASE("retry: a delay of nothing is no wait") {
    story s{{.max_attempts = 3, .backoff = constant(0ms)}, script{}.fails()};
    CHECK(starts(*s.call) == times{0ms, 0ms, 0ms});
    CHECK(waits(*s.call).empty());
}

TEST_CASE("retry: an inner timeout is repeated, the outer one is not") {
    retry policy{{.max_attempts = 5, .backoff = constant(10ms)}};
    outlast::pipeline p{outlast::timeout{200ms}, std::ref(policy), outlast::timeout{80ms}};
    outlast::simulation sim;
    auto& c = sim.call(p, acted(sim, script{}.hangs()));
    sim.run();
    CHECK(starts(c) == times{0ms, 90ms, 180ms});
    CHECK(outlast_tests::deadlines(c) == times{80ms, 170ms, 200ms});
    CHECK(end(c) == 200ms);
    CHECK(c.facts().why_stopped == stopped::deadline);
    CHECK(c.result().error().why() == refusal::timed_out);
    CHECK(c.facts().limit == 200ms);
}

// ---- the retry's own time

TEST_CASE("retry: no attempt starts at its maximum duration or later, and none is cut by it") {
    const retry_options o{.max_attempts = 9, .backoff = constant(40ms), .max_duration = 80ms};
    story s{o, script{}.fails()};
    CHECK(starts(*s.call) == times{0ms, 40ms});
    CHECK(end(*s.call) == 40ms); // a wait that ends too late is not begun
    CHECK(s.why() == stopped::max_duration);
    CHECK(s.call->result().error().message() ==
          "Connection refused (after 2 attempts) (not tried again: the time for retries is over)");

    retry_options more = o;
    more.max_duration = 80ms + 1ns;
    const story longer{more, script{}.fails()};
    CHECK(starts(*longer.call) == times{0ms, 40ms, 80ms});
    const story whole{o, script{}.fails().succeeds(1h)};
    CHECK(end(*whole.call) == 40ms + 1h);

    more.max_duration = 0ms;
    CHECK(story{more, script{}.fails()}.call->attempts() == 1);
}

TEST_CASE("retry: its maximum duration counts from the call's beginning, and anew with each") {
    retry inner{{.max_attempts = 9, .backoff = constant(40ms), .max_duration = 50ms}};
    retry outer{{.max_attempts = 2, .backoff = constant(1s)}};
    outlast::pipeline p{std::ref(outer), std::ref(inner)};
    outlast::world w{1};
    w.advance(1h);
    auto& c = w.play(p, script{}.fails());
    w.run();
    const times t = starts(c);
    REQUIRE(t.size() == 4);
    CHECK(t == times{1h, 1h + 40ms, 1h + 1040ms, 1h + 1080ms});
}

TEST_CASE("retry: of a deadline and a maximum duration the deadline is named") {
    story s{{.backoff = constant(1s), .max_duration = 1s}, script{}.fails(), at(1s)};
    CHECK(s.why() == stopped::deadline);
    CHECK(s.call->result().error().message() ==
          "Connection refused (not tried again: it would not fit the deadline)");
}

// ---- what is repeated

TEST_CASE("retry: a success ends it") {
    story s{{.max_attempts = 5, .backoff = constant(100ms)}, script{}.fails().succeeds(30ms)};
    CHECK(s.call->attempts() == 2);
    CHECK(end(*s.call) == 130ms);
    CHECK(s.call->result().value() == 2);
    CHECK(s.why() == stopped::none);
}

TEST_CASE("law 8: a refusal is not repeated by default") {
    story s{{.max_attempts = 5, .backoff = constant(100ms)}, script{}.is_neutral()};
    CHECK(s.call->attempts() == 1);
    CHECK(end(*s.call) == 0ms);
    CHECK(s.why() == stopped::not_retryable);

    // Nor if it says when to come back, nor if the caller left.
    const auto neutral = [](refusal why, duration hint) {
        return script{}.with(verdict::neutral(why, hint), {});
    };
    retry policy{{.max_attempts = 5, .backoff = constant(100ms)}};
    retry eager{{.max_attempts = 5, .backoff = constant(100ms), .retry_refusals = true}};
    outlast::pipeline p{std::ref(policy)};
    outlast::pipeline q{std::ref(eager)};
    outlast::world w;
    auto& hinted = w.play(p, neutral(refusal::circuit_open, 1s));
    auto& waited = w.play(q, neutral(refusal::circuit_open, 1s).succeeds());
    auto& hintless = w.play(q, neutral(refusal::circuit_open, verdict::no_hint));
    auto& cancelled = w.play(q, neutral(refusal::cancelled, 1s));
    w.run();
    CHECK(hinted.attempts() == 1);
    CHECK(waited.attempts() == 2);
    CHECK(end(waited) == 1s);
    CHECK(hintless.attempts() == 1);
    CHECK(cancelled.attempts() == 1);
}

TEST_CASE("retry: retry_if chooses among failures, and is not asked about anything else") {
    struct chooser {
        int asked = 0;
        bool operator()(const verdict& v) {
            ++asked;
            return v.error() == std::errc::connection_refused;
        }
    } choose;
    outlast::simulation sim;
    retry policy{{.max_attempts = 4, .backoff = constant(10ms), .retry_if = choose}};
    outlast::pipeline p{std::ref(policy)};
    int n = 0;
    auto& c = sim.call(p, [&]() -> outlast::result<int> {
        if (++n < 3)
            return refused;
        return std::make_error_code(std::errc::permission_denied);
    });
    sim.run();
    CHECK(c.attempts() == 3);
    CHECK(choose.asked == 3);
    CHECK(c.facts().why_stopped == stopped::not_retryable);
    CHECK(c.result().error().cause() == std::errc::permission_denied);

    choose.asked = 0;
    (void)sim.call(p, acted(sim, script{}.succeeds()));
    (void)sim.call(p, acted(sim, script{}.is_neutral()));
    sim.run();
    CHECK(choose.asked == 0);
}

TEST_CASE("retry: retry_if is told the attempt and may choose the delay") {
    std::vector<std::uint32_t> told;
    auto choose = [&](const outlast::attempted& a) -> outlast::again {
        told.push_back(a.attempt);
        if (a.attempt == 1)
            return true; // as the backoff says
        if (a.attempt == 4)
            return false;
        return a.attempt * 10ms;
    };
    story s{{.max_attempts = 9, .backoff = exponential(1ms), .retry_if = choose},
            script{}.fails().fails().fails_with_hint(50ms).fails()};
    CHECK(told == std::vector<std::uint32_t>{1, 2, 3, 4});
    CHECK(waits(*s.call) == times{1ms, 20ms, 50ms}); // the hint is a lower bound of it too
    CHECK(s.why() == stopped::not_retryable);

    // The cap is the last word about it as well.
    auto long_wait = [](const outlast::attempted&) -> outlast::again { return 1h; };
    const story cut{{.max_attempts = 2, .backoff = constant(1ms).capped(1s), .retry_if = long_wait},
                    script{}.fails()};
    CHECK(waits(*cut.call) == times{1s});
}

TEST_CASE("retry: an attempt's timeout that retry_if declines is not called a deadline") {
    retry policy{{.backoff = constant(10ms), .retry_if = [](const verdict&) { return false; }}};
    outlast::pipeline p{std::ref(policy), outlast::timeout{50ms}};
    outlast::simulation sim;
    auto& c = sim.call(p, acted(sim, script{}.hangs()));
    sim.run();
    CHECK(c.attempts() == 1);
    CHECK(c.facts().why_stopped == stopped::not_retryable);
    CHECK(c.facts().limit == 50ms);
}

// ---- series of delays

TEST_CASE("retry: a list of delays, the last one again and again") {
    const story s{{.max_attempts = 5, .backoff = outlast::listed(10ms, 1ms, 30ms)},
                  script{}.fails()};
    CHECK(waits(*s.call) == times{10ms, 1ms, 30ms, 30ms});
}

TEST_CASE("retry: decorrelated and smooth series stay under their cap and differ by caller") {
    for (const outlast::backoff& series : {outlast::decorrelated(100ms), outlast::smooth(100ms)}) {
        retry policy{{.max_attempts = 12, .backoff = series.capped(2s), .seed = 5}};
        outlast::pipeline p{std::ref(policy)};
        outlast::world w;
        auto& a = w.play(p, script{}.fails());
        auto& b = w.play(p, script{}.fails());
        w.run();
        CHECK(waits(a) != waits(b));
        for (const duration d : waits(a))
            CHECK((d > 0ms && d <= 2s));
        CHECK(std::ranges::count(waits(a), duration{2s}) > 0);
    }
}

// ---- events

namespace {

struct notes {
    std::vector<outlast::event> all{};
    void operator()(const outlast::event& e) { all.push_back(e); }
};

} // namespace

TEST_CASE("retry: tells each repeat, and why it gave up") {
    notes heard;
    story s{{.max_attempts = 3,
             .backoff = linear(10ms),
             .name = "lookup",
             .tags = "region=eu",
             .events = heard},
            script{}.fails().fails_with_hint(25ms)};
    REQUIRE(heard.all.size() == 3);
    for (const outlast::event& e : heard.all) {
        CHECK(e.policy == outlast::label{"retry"});
        CHECK(e.name == outlast::label{"lookup"});
        CHECK(e.tags == outlast::label{"region=eu"});
        CHECK(e.outcome.error() == refused);
    }
    const auto said = [&](std::size_t n) {
        const outlast::event& e = heard.all[n];
        return std::tuple{e.what, e.attempt, e.span, e.why};
    };
    using outlast::event_kind;
    CHECK(said(0) == std::tuple{event_kind::retrying, 1U, duration{10ms}, std::string_view{}});
    CHECK(said(1) == std::tuple{event_kind::retrying, 2U, duration{25ms}, std::string_view{}});
    CHECK(said(2) ==
          std::tuple{event_kind::gave_up, 3U, duration{0ms}, std::string_view{"attempts"}});
}

TEST_CASE("retry: a success is no event; a repeat without a wait is one") {
    notes heard;
    (void)story{{.backoff = constant(0ms), .events = heard}, script{}.succeeds()};
    CHECK(heard.all.empty());
    (void)story{{.backoff = constant(0ms), .events = heard}, script{}.fails().succeeds()};
    REQUIRE(heard.all.size() == 1);
    CHECK(heard.all[0].what == outlast::event_kind::retrying);
}

// ---- the budget

TEST_CASE("retry: counts repeats and why it gave up, and a plain success nowhere") {
    outlast::retry_counts c;
    const auto plays = [&](retry_options o, const script& lines, outlast::instant by) {
        o.backoff = constant(10ms);
        o.counts = &c;
        story s{o, lines, by};
        return s.call->outcome().ok();
    };
    CHECK(plays({}, script{}, outlast::never));
    CHECK(c.repeated + c.repeats + c.recovered + c.gave_up() == 0);
    CHECK(plays({}, script{}.fails().fails().succeeds(), outlast::never));
    CHECK(c.repeated == 1);
    CHECK(c.repeats == 2);
    CHECK(c.recovered == 1);
    CHECK(c.gave_up() == 0);
    CHECK_FALSE(plays({}, script{}.fails(), outlast::never));
    CHECK(c.repeated == 2);
    CHECK(c.repeats == 4);
    CHECK(c.recovered == 1);
    CHECK(c.gave_up(stopped::attempts) == 1);
    CHECK_FALSE(plays({}, script{}.fails(), at(15ms)));
    CHECK(c.gave_up(stopped::deadline) == 1);
    CHECK(c.repeats == 5);
    CHECK_FALSE(plays({}, script{}.is_neutral(), outlast::never));
    CHECK(c.gave_up(stopped::not_retryable) == 1);
    CHECK_FALSE(plays({}, script{}.fails_with_hint(-1s), outlast::never));
    CHECK(c.gave_up(stopped::told_not_to) == 1);
    CHECK(c.gave_up() == 4);
    CHECK(c.repeated == 3);
}

TEST_CASE("retry: a refusal that is only handed on is counted too; policies count together") {
    outlast::retry_counts c;
    outlast::basic_circuit_breaker<> open;
    open.set_mode(outlast::circuit_mode::isolated);
    outlast::pipeline one{retry{{.counts = &c}}, std::ref(open)};
    outlast::pipeline other = one; // a copy counts in the same place
    CHECK(one([] { return 1; }).error().why() == refusal::circuit_open);
    CHECK(other([] { return 1; }).error().facts().why_stopped == stopped::not_retryable);
    CHECK(c.gave_up(stopped::not_retryable) == 2);
    CHECK(c.gave_up() == 2);
}

TEST_CASE("retry: a repeat that was to come and did not is not counted") {
    outlast::retry_counts c;
    outlast::pipeline p{retry{{.backoff = constant(10ms), .counts = &c}}};
    outlast::simulation sim;
    auto& call = sim.call(p, acted(sim, script{}.fails()));
    sim.advance(5ms);
    call.cancel();
    CHECK(c.repeats == 0);
    CHECK(c.gave_up() == 0);
}

TEST_CASE("RB-06 budget empty: one call, clear reason") {
    // Of others, whose calls have ended.
    outlast::budget budget{outlast::running_share{.share = outlast::ratio::of(0.5), .least = 1}};
    {
        outlast::budget::seat others;
        others.take(budget);
        REQUIRE(budget.take(at(0ms)));
        outlast::budget::seat another;
        another.take(budget);
        REQUIRE(budget.take(at(0ms))); // 2 of 4
    }
    REQUIRE(budget.running() == outlast::budget::in_progress{0, 2});
    notes heard;
    story s{{.max_attempts = 3, .backoff = constant(10ms), .budget = &budget, .events = heard},
            script{}.fails()};
    CHECK(s.call->attempts() == 1);
    CHECK(end(*s.call) == 0ms); // no wait for nothing
    CHECK(s.call->result().error().cause() == refused);
    CHECK(s.why() == stopped::budget);
    REQUIRE(heard.all.size() == 1);
    CHECK(heard.all[0].what == outlast::event_kind::gave_up);
    CHECK(heard.all[0].why == "budget");
}

TEST_CASE("RB-01 drain, through retries that share a budget") {
    outlast::budget budget{outlast::failure_tokens{}};
    retry policy{{.max_attempts = 9, .backoff = constant(1ms), .budget = &budget}};
    outlast::pipeline p{std::ref(policy)};
    outlast::world w;
    auto& c = w.play(p, script{}.fails());
    w.run();
    CHECK(c.attempts() == 5); // the fifth failure was one too many
    CHECK(budget.tokens() == 5);
    auto& d = w.play(p, script{}.fails());
    w.run();
    CHECK(d.attempts() == 1);
    CHECK(budget.tokens() == 4);
}

TEST_CASE("retry: a success pays into the budget, under either driver and however it came") {
    outlast::budget budget{outlast::traffic_share{
        .share = outlast::ratio::of(1), .one_each = outlast::no_limit, .at_start = 0}};
    retry policy{{.backoff = constant(0ms), .budget = &budget}};
    outlast::pipeline p{std::ref(policy)};
    CHECK(p([] { return 1; }).has_value()); // the plain case
    CHECK(budget.tokens() == 1);
    outlast::report facts;
    CHECK(p(outlast::limits{.facts = &facts}, [] { return 1; }).has_value());
    CHECK(budget.tokens() == 2);
    outlast::world w;
    (void)w.play(p, script{}.succeeds());
    w.run();
    CHECK(budget.tokens() == 3);
    (void)w.play(p, script{}.fails().succeeds()); // takes one, adds one
    w.run();
    CHECK(budget.tokens() == 3);
    (void)w.play(p, script{}.is_neutral());
    (void)w.play(p, script{}.hangs()).cancel();
    w.run();
    CHECK(budget.tokens() == 3);
}

TEST_CASE("retry: a budget of what runs sees each call from its beginning to its end") {
    using seen = outlast::budget::in_progress;
    outlast::budget budget{outlast::running_share{.share = outlast::ratio::of(0.5), .least = 0}};
    retry policy{{.max_attempts = 3, .backoff = constant(10ms), .budget = &budget}};
    outlast::pipeline p{std::ref(policy)};
    // On the calling thread, where there is no plain case then.
    CHECK(p([&] { return budget.running(); }).value() == seen{1, 0});
    CHECK(budget.running() == seen{});

    outlast::world w;
    auto& a = w.play(p, script{}.fails(10ms).succeeds(10ms));
    w.advance(5ms);
    CHECK(budget.running() == seen{1, 0}); // its first attempt
    w.advance(10ms);
    CHECK(budget.running() == seen{1, 0}); // it waits
    w.advance(10ms);
    CHECK(budget.running() == seen{1, 1}); // its second attempt: half of both
    auto& b = w.play(p, script{}.fails().succeeds(10ms));
    w.advance(1ms);
    CHECK(budget.running() == seen{2, 1});
    w.run();
    CHECK(a.outcome().ok());
    CHECK(b.outcome().ok());
    CHECK(budget.running() == seen{});
}

TEST_CASE("retry: a call that is dropped, cancelled or gives up runs no more") {
    using seen = outlast::budget::in_progress;
    outlast::budget budget{outlast::running_share{}};
    retry policy{
        {.max_attempts = 2, .backoff = constant(10ms), .retry_refusals = true, .budget = &budget}};
    outlast::pipeline p{outlast::timeout{50ms}, std::ref(policy)};
    const auto refusal_with_hint = verdict::neutral(refusal::circuit_open, 1ms);
    const auto ends_with_none = [&](const script& lines, duration cancelled_after) {
        outlast::world w;
        auto& c = w.play(p, lines);
        CHECK(budget.running().calls == 1);
        w.advance(cancelled_after);
        c.cancel();
        CHECK(c.done());
        CHECK(budget.running() == seen{});
    };
    ends_with_none(script{}.fails(1ms), 2ms);          // while it waits
    ends_with_none(script{}.fails(1ms).hangs(), 20ms); // in the second attempt
    ends_with_none(script{}.fails(1ms).fails(), 20ms); // all attempts used
    ends_with_none(script{}.hangs(), 50ms);            // the timeout outside cut it off
    ends_with_none(script{}.fails(1ms).hangs(), 50ms); // the same, in the second attempt
    ends_with_none(script{}.is_neutral(1ms), 2ms);     // not to be repeated
    ends_with_none(script{}.fails(1ms).with(refusal_with_hint, {}), 20ms); // refused further in
    {
        outlast::world w; // goes away with a call in it
        (void)w.play(p, script{}.fails().hangs());
        w.advance(20ms);
        CHECK(budget.running() == seen{1, 1});
    }
    CHECK(budget.running() == seen{});
}

TEST_CASE("law 8: what was refused on this side costs no budget") {
    outlast::budget budget{outlast::traffic_share{.one_each = outlast::no_limit, .at_start = 5}};
    const auto no = verdict::neutral(refusal::circuit_open, 1s);
    retry policy{
        {.max_attempts = 9, .backoff = constant(1ms), .retry_refusals = true, .budget = &budget}};
    outlast::pipeline p{std::ref(policy)};
    const auto costs = [&](const script& lines) {
        const auto before = budget.tokens();
        outlast::world w;
        (void)w.play(p, lines);
        w.run();
        return before - budget.tokens();
    };
    const script refused_twice = script{}.with(no, {}).with(no, {});
    CHECK(costs(refused_twice.succeeds()) == 0); // only one was sent
    CHECK(costs(refused_twice.fails().succeeds()) == 1);
    CHECK(costs(script{}.fails().with(no, {}).succeeds()) == 1); // given back, taken again
    CHECK(costs(script{}.fails().is_neutral()) == 0);            // given back
    CHECK(costs(script{}.fails().fails().is_neutral()) == 1);
}

TEST_CASE("retry: a call dropped while it waits has taken nothing from the budget") {
    outlast::budget budget{outlast::traffic_share{.one_each = outlast::no_limit, .at_start = 1}};
    retry policy{{.backoff = constant(1s), .budget = &budget}};
    outlast::pipeline p{std::ref(policy)};
    outlast::simulation sim;
    auto& c = sim.call(p, acted(sim, script{}.fails()));
    sim.advance(500ms);
    c.cancel();
    sim.run();
    CHECK(budget.tokens() == 1);
}

TEST_CASE("retry: the last token goes to one of two that wait for it") {
    outlast::budget budget{outlast::traffic_share{.one_each = outlast::no_limit, .at_start = 1}};
    retry policy{{.max_attempts = 2, .backoff = constant(1s), .budget = &budget}};
    outlast::pipeline p{std::ref(policy)};
    outlast::world w;
    auto& a = w.play(p, script{}.fails());
    auto& b = w.play(p, script{}.fails());
    w.run();
    CHECK(a.attempts() + b.attempts() == 3);
    CHECK(b.outcome() == verdict::failure());
    CHECK(end(b) == 1s);
}

// ---- options

TEST_CASE("retry: options that make no sense are refused in a sentence") {
    const auto refuses = [](const retry_options& o, const std::string& sentence) {
        INFO(sentence);
        REQUIRE(o.problem() != nullptr);
        CHECK(o.problem() == sentence);
        CHECK_THROWS_MATCHES(retry{o}, std::invalid_argument, Catch::Matchers::Message(sentence));
    };
    refuses({.max_attempts = 0}, "retry: max_attempts counts the first attempt too: 1 or more");
    const std::string delay =
        "retry: a delay is negative, the growth factor is less than 1 or no number, the spread is "
        "no share, or a decorrelated or smooth series is told to grow as well";
    refuses({.backoff = constant(-1ns)}, delay);
    refuses({.backoff = constant(1s).capped(-1ns)}, delay);
    refuses({.backoff = exponential(1s, 0.5)}, delay);
    refuses({.backoff = exponential(1s, std::numeric_limits<double>::quiet_NaN())}, delay);
    refuses({.backoff = exponential(1s).with(jitter::smooth)}, delay);
    refuses({.backoff = constant(1s).with(jitter::proportional, outlast::ratio::of(1.5))}, delay);
    const std::string length =
        "retry: max_duration, least_attempt and hint_cap are lengths of time: not negative";
    refuses({.max_duration = -1ns}, length);
    refuses({.least_attempt = -1ns}, length);
    refuses({.hint_cap = -1ns}, length);

    CHECK(retry_options{}.problem() == nullptr);
    CHECK(retry_options{.max_attempts = 1, .backoff = constant(0ms), .hint_cap = 0ns}.problem() ==
          nullptr);
}

TEST_CASE("retry: the documented defaults") {
    const retry_options o = retry{}.options();
    CHECK(o.max_attempts == 3);
    CHECK(o.backoff.base == 100ms);
    CHECK(o.backoff.factor_millis == 2000);
    CHECK(o.backoff.cap == 10s);
    CHECK(o.backoff.chance == jitter::full);
    CHECK(o.max_duration == outlast::no_limit);
    CHECK(o.least_attempt == 0s);
    CHECK(o.budget == nullptr);
    CHECK_FALSE(o.retry_if);
    CHECK_FALSE(o.events);
    CHECK(o.hint_cap == 2min);
    CHECK_FALSE(o.retry_refusals);
}

// ---- properties

TEST_CASE("retry: waits are never early, never beyond their bounds, never too many") {
    std::mt19937_64 chance{99};
    const auto below = [&](std::int64_t n) {
        return static_cast<std::int64_t>(chance() % static_cast<std::uint64_t>(n));
    };
    int waited = 0;
    for (int round = 0; round != 1500; ++round) {
        const auto kind = static_cast<jitter>(below(4));
        const retry_options o{
            .max_attempts = 1 + static_cast<std::uint32_t>(below(8)),
            .backoff = {.base = duration{below(1'000'000)},
                        .step = duration{below(2) * below(1'000'000)},
                        .factor_millis = 1000 + static_cast<std::uint32_t>(below(2) * below(2000)),
                        .cap = below(2) == 0 ? outlast::forever : duration{below(2'000'000)},
                        .chance = kind},
            .max_duration = below(2) == 0 ? outlast::no_limit : duration{below(5'000'000)},
            .least_attempt = duration{below(2) * below(500'000)},
            .hint_cap = duration{below(3'000'000)},
            .seed = chance()};
        const outlast::instant deadline =
            below(2) == 0 ? outlast::never : at(duration{1 + below(20'000'000)});

        retry policy{o};
        outlast::pipeline p{std::ref(policy)};
        outlast::world w{1};
        std::vector<outlast::scripted> lines(o.max_attempts + 1);
        for (auto& line : lines)
            line = {verdict::failure(below(3) == 0 ? duration{below(5'000'000)} : verdict::no_hint),
                    duration{below(2) * below(300'000)}};
        auto& c =
            w.play(p, [&](std::uint32_t n, outlast::instant) { return lines[n - 1]; }, deadline);
        w.run();

        INFO("round " << round);
        REQUIRE(c.attempts() <= o.max_attempts);
        REQUIRE(c.attempts() >= 1);
        const times began = starts(c);
        duration plain = o.backoff.base;
        for (std::size_t k = 0; k + 1 < began.size(); ++k) {
            const outlast::scripted& line = lines[k];
            const duration pause = began[k + 1] - (began[k] + line.takes);
            const duration cut = std::min(plain, o.backoff.cap);
            const duration low = kind == jitter::full    ? 0ns
                                 : kind == jitter::equal ? cut / 2
                                 : kind == jitter::none
                                     ? cut
                                     : std::min(plain - plain / 4, o.backoff.cap);
            const duration high =
                kind == jitter::proportional ? std::min(plain + plain / 4, o.backoff.cap) : cut;
            const duration hint =
                line.outcome.has_hint() ? std::min(line.outcome.hint, o.hint_cap) : 0ns;
            INFO("wait " << k + 1);
            REQUIRE(pause >= std::max(low, hint));
            REQUIRE(pause <= std::max(high, hint));
            REQUIRE((deadline == outlast::never || at(began[k + 1]) + o.least_attempt < deadline));
            REQUIRE(began[k + 1] < o.max_duration);
            plain = line.outcome.has_hint()
                        ? o.backoff.base
                        : plain * o.backoff.factor_millis / 1000 + o.backoff.step;
            ++waited;
        }
        if (deadline == outlast::never && o.max_duration == outlast::no_limit)
            REQUIRE(c.attempts() == o.max_attempts);
    }
    CHECK(waited > 2000);
}

TEST_CASE("retry: the same seed gives the same history, another seed another one") {
    const auto history = [](std::uint64_t seed) {
        retry policy{
            {.max_attempts = 6, .backoff = exponential(100ms).with(jitter::full), .seed = seed}};
        outlast::pipeline p{std::ref(policy)};
        outlast::world w;
        std::vector<outlast::traced> all;
        for (int i = 0; i != 3; ++i) {
            auto& c = w.play(p, script{}.fails());
            w.run();
            all.insert(all.end(), c.trace().begin(), c.trace().end());
        }
        return all;
    };
    CHECK(history(7) == history(7));
    CHECK(history(7) != history(8));
}

TEST_CASE("retry: calls that share a policy do not wait alike") {
    retry policy{{.max_attempts = 2, .backoff = constant(1000ms).with(jitter::full)}};
    outlast::pipeline p{std::ref(policy)};
    outlast::world w;
    auto& a = w.play(p, script{}.fails());
    auto& b = w.play(p, script{}.fails());
    w.run();
    CHECK(waits(a) != waits(b));
}

TEST_CASE("law 4: a success looks at no clock") {
    struct clock {
        int asked = 0;
        static outlast::instant ask(void* self) {
            return ++static_cast<clock*>(self)->asked, outlast::instant{};
        }
    } c;
    retry policy{{.backoff = constant(10ms)}};
    auto run = policy.start();
    outlast::reading now{&clock::ask, &c};
    CHECK(outlast_tests::begin(run, now, outlast::never).calls_work());
    CHECK(outlast_tests::settle(run, now, verdict::success()).what == outlast::action::finish);
    CHECK(c.asked == 0);
    CHECK(outlast_tests::settle(run, now, verdict::failure()).what == outlast::action::wait);
    CHECK(c.asked == 1);
}

TEST_CASE("retry: begun again, a run starts from its first attempt and its first delay") {
    // An outer retry does so with an inner one.
    retry inner{{.max_attempts = 3, .backoff = exponential(100ms)}};
    retry outer{{.max_attempts = 2, .backoff = constant(1000ms)}};
    outlast::pipeline p{std::ref(outer), std::ref(inner)};
    outlast::world w;
    auto& c = w.play(p, script{}.fails());
    w.run();
    CHECK(starts(c) == times{0ms, 100ms, 300ms, 1300ms, 1400ms, 1600ms});
}

// ---- in a constant expression

namespace {

constexpr bool repeats_and_gives_up() {
    retry policy{{.max_attempts = 3, .backoff = exponential(100ms).capped(150ms)}};
    outlast::pipeline p{std::ref(policy)};
    outlast::world w;
    auto& c = w.play(p, script{}.fails(10ms));
    auto& d = w.play(p, script{}.fails_with_hint(1s).succeeds());
    w.run();
    return starts(c) == times{0ms, 110ms, 270ms} && end(c) == 280ms &&
           c.outcome() == verdict::failure() && starts(d) == times{0ms, 1s} && d.outcome().ok();
}
static_assert(repeats_and_gives_up());

} // namespace
