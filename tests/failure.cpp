// SPDX-License-Identifier: BSL-1.0
#include <outlast/failure.hpp>

#include <outlast/circuit_breaker.hpp>
#include <outlast/outcome.hpp>
#include <outlast/pipeline.hpp>
#include <outlast/retry.hpp>
#include <outlast/run.hpp>
#include <outlast/simulate.hpp>
#include <outlast/timeout.hpp>

#include "support/catch.hpp"
#include "support/print.hpp"

#include <chrono>
#include <exception>
#include <functional>
#include <future> // std::future_errc
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <system_error>
#include <type_traits>
#include <utility>

using namespace std::chrono_literals;
using outlast::failure;
using outlast::failure_facts;
using outlast::refusal;
using outlast::result;

namespace {

const auto refused = std::make_error_code(std::errc::connection_refused);

std::string message_of(refusal why, const failure_facts& facts = {}, std::error_code cause = {}) {
    return failure{why}.with_cause(cause).with_facts(facts).message();
}

} // namespace

static_assert(std::is_nothrow_move_constructible_v<failure>);
static_assert(std::is_copy_constructible_v<failure>);
static_assert(std::is_convertible_v<std::error_code, failure>);
static_assert(std::is_convertible_v<refusal, failure>);
static_assert(!std::is_convertible_v<std::exception_ptr, failure>);
static_assert(!std::is_convertible_v<std::errc, failure>);

TEST_CASE("failure: the callable's own") {
    const failure f = refused;
    CHECK(f.why() == refusal::none);
    CHECK(f.code() == refused);
    CHECK(f.cause() == refused);
    CHECK(!f.origin());
    CHECK(f.thrown() == nullptr);
    CHECK(f.attempts() == 0);
    CHECK(!f.retry_after());
    CHECK(f.message() == "Connection refused");
    CHECK(make_error_code(f) == refused);
    // An enum of codes converts too.
    const failure g = std::future_errc::no_state;
    CHECK(g.code() == std::future_errc::no_state);
}

TEST_CASE("failure: no reason given is `unavailable`") {
    const failure f = std::error_code{};
    CHECK(f.why() == refusal::unavailable);
    CHECK(f.code() == refusal::unavailable);
    CHECK(f.message() == "temporarily unavailable");
}

TEST_CASE("failure: a refusal") {
    const failure f = refusal::circuit_open;
    CHECK(f.why() == refusal::circuit_open);
    CHECK(f.code() == refusal::circuit_open);
    CHECK(!f.cause());
    failure g = f;
    g.with_cause(refused);
    CHECK(g.code() == refusal::circuit_open);
    CHECK(g.cause() == refused);
    CHECK(failure{refusal::timed_out}.code() == std::errc::timed_out);
    CHECK(failure{refusal::cancelled}.code() == std::errc::operation_canceled);
}

TEST_CASE("failure: something thrown") {
    const auto thrown = std::make_exception_ptr(std::runtime_error("secret"));
    const failure f{thrown};
    CHECK(f.why() == refusal::threw);
    CHECK(f.code() == refusal::threw);
    CHECK(f.thrown() == thrown);
    CHECK(f.message() == "the callable threw");
    const failure coded{thrown, refused};
    CHECK(coded.why() == refusal::none);
    CHECK(coded.code() == refused);
    CHECK(coded.thrown() == thrown);
    CHECK(coded.message() == "Connection refused");
}

TEST_CASE("failure: when to try again") {
    failure f = refused;
    f.with_retry_after(1500ms);
    CHECK(f.retry_after() == 1500ms);
    CHECK(f.message() == "Connection refused; try again in 1.5 s");
    f.with_retry_after(0ms);
    CHECK(f.retry_after() == 0ms);
    CHECK(f.message() == "Connection refused; try again in 0 ns");
    f.with_retry_after(-1s); // "do not"
    CHECK(!f.retry_after());
    CHECK(f.message() == "Connection refused");
}

TEST_CASE("failure: the sentence, for each refusal") {
    CHECK(message_of(refusal::cancelled) == "cancelled by the caller");
    CHECK(message_of(refusal::cancelled, {}, refused) ==
          "cancelled by the caller (last: Connection refused)");
    CHECK(message_of(refusal::rate_limited) == "rate limited");
    CHECK(message_of(refusal::bulkhead_full) == "too many calls at once");
    CHECK(message_of(refusal::bulkhead_full, {.name = "orders"}) ==
          "too many calls at once for orders");
    CHECK(message_of(refusal::unavailable, {.retry_after = 2s}) ==
          "temporarily unavailable; try again in 2 s");
    CHECK(message_of(refusal::threw, {.attempts = 3}) == "the callable threw (after 3 attempts)");
    CHECK(message_of(refusal::timed_out) == "timed out: the deadline of the call passed");
    CHECK(message_of(refusal::timed_out, {.attempts = 2}, refused) ==
          "timed out: the deadline of the call passed (last: Connection refused) (after 2 "
          "attempts)");
    CHECK(message_of(refusal::timed_out, {.name = "attempt", .limit = 50ms}) ==
          "timed out after 50 ms (attempt)");
    CHECK(message_of(refusal::timed_out, {.name = "attempt", .limit = 50ms}, refused) ==
          "timed out after 50 ms (attempt), last: Connection refused");
    CHECK(message_of(refusal::circuit_open, {.name = "orders", .failed = 12, .recorded = 20}) ==
          "circuit open for orders: 12 of the last 20 calls failed");
    CHECK(message_of(refusal::circuit_open,
                     {.name = "orders", .retry_after = 4200ms, .failed = 12, .recorded = 20},
                     std::make_error_code(std::errc::timed_out)) ==
          "circuit open for orders: 12 of the last 20 calls failed (last: Connection timed out); "
          "next probe in 4.2 s");
    using outlast::circuit_refusal;
    const auto refused_because = [&](circuit_refusal why) {
        return message_of(
            refusal::circuit_open,
            {.name = "orders", .retry_after = 2s, .failed = 1, .recorded = 2, .why_refused = why});
    };
    CHECK(message_of(refusal::circuit_open,
                     {.name = "orders", .why_refused = circuit_refusal::isolated}) ==
          "circuit open for orders: isolated by hand");
    CHECK(refused_because(circuit_refusal::probing) ==
          "circuit open for orders: half-open, and its probes are under way; try again in 2 s");
    CHECK(refused_because(circuit_refusal::held_back) ==
          "circuit open for orders: half-open, and it is tried by calls first that lose nothing; "
          "try again in 2 s");
    CHECK(refused_because(circuit_refusal::ramping) ==
          "circuit open for orders: closed again, and not all calls pass yet; try again in 2 s");
    // Opened for good.
    CHECK(message_of(refusal::circuit_open, {.name = "orders", .retry_after = outlast::forever}) ==
          "circuit open for orders");
    // Opened by hand: no numbers have opened it.
    CHECK(message_of(refusal::circuit_open, {.name = "orders", .retry_after = 10s}) ==
          "circuit open for orders; next probe in 10 s");
    // One attempt is not worth a word.
    CHECK(message_of(refusal::unavailable, {.attempts = 1}) == "temporarily unavailable");
}

TEST_CASE("failure: the sentences of real calls") {
    outlast::simulation sim;
    outlast::basic_circuit_breaker<> breaker{
        {.window = 2, .open_for = 10s, .name = "https://auth.example.com/introspect"}};
    outlast::pipeline p{outlast::retry{{.max_attempts = 2, .backoff = outlast::constant(100ms)}},
                        std::ref(breaker), outlast::timeout{{.limit = 50ms, .name = "attempt"}}};
    const auto down = [] { return result<int>{refused}; };
    const auto slow = [&] { return sim.spend(1s), 1; };

    auto& late = sim.call(p, slow);
    sim.run();
    // The failure that opens a breaker says when to come back, as each refusal after it does.
    CHECK(late.result().error().message() ==
          "timed out after 50 ms (attempt); try again in 10 s (after 2 attempts)");
    breaker.close();

    auto& fails = sim.call(p, down);
    sim.run();
    CHECK(fails.result().error().message() ==
          "Connection refused; try again in 10 s (after 2 attempts)");

    sim.advance(5800ms);
    auto& open = sim.call(p, down);
    CHECK(open.result().error().message() ==
          "circuit open for https://auth.example.com/introspect: 2 of the last 2 calls failed "
          "(last: Connection refused); next probe in 4.2 s");
    CHECK(open.result().error().facts().policy.view() == "circuit breaker");
    CHECK(open.result().error().retry_after() == 4200ms);

    breaker.close();
    auto& stopped = sim.call(p, down);
    sim.advance(50ms);
    stopped.cancel();
    CHECK(stopped.result().error().message() ==
          "cancelled by the caller (last: Connection refused)");

    auto& by = sim.call_by(outlast::after(sim.time(), 20ms), p, slow);
    sim.run();
    CHECK(by.result().error().message() == "timed out: the deadline of the call passed");
}

TEST_CASE("failure: an open breaker says what opened it") {
    outlast::simulation sim;
    outlast::basic_circuit_breaker<> breaker{{.window = 4,
                                              .minimum_calls = 1,
                                              .slow_from = 1s,
                                              .open_on_hint = true,
                                              .open_for = 10s,
                                              .probe_lease = 5s,
                                              .half_open_for = 20s,
                                              .name = "users"}};
    outlast::pipeline p{std::ref(breaker)};
    const auto good = [] { return 1; };
    const auto said = [&] { return sim.call(p, good).result().error().message(); };
    for (int i = 0; i != 3; ++i)
        sim.call(p, good);
    breaker.trip(sim.time());
    CHECK(said() == "circuit open for users: opened by hand; next probe in 10 s");
    breaker.half_open(sim.time());
    sim.call(p, [] { return result<int>{refused}; });
    CHECK(said() == "circuit open for users: 1 of the last 1 probes failed (last: Connection "
                    "refused); next probe in 10 s");
    breaker.half_open(sim.time());
    sim.call(p, [&] { return sim.spend(2s), 1; });
    sim.advance(1s);
    CHECK(said() ==
          "circuit open for users: half-open, and its probes are under way; try again in 4 s");
    sim.advance(2s);
    CHECK(said().starts_with("circuit open for users: 1 of the last 1 probes were slow"));
    breaker.half_open(sim.time());
    auto& hangs = sim.call(p, [&] { return sim.spend(1h), 1; });
    sim.advance(6s);
    CHECK(said().starts_with("circuit open for users: a probe did not end in time"));
    hangs.cancel();
    breaker.half_open(sim.time());
    sim.advance(25s);
    CHECK(said().starts_with("circuit open for users: no probe has decided"));
    breaker.close();
    for (int i = 0; i != 3; ++i)
        sim.call(p, good);
    sim.call(p, [] { return result<int>{failure{refused}.with_retry_after(7s)}; });
    CHECK(
        said().starts_with("circuit open for users: the server asked for a pause (last: Connection "
                           "refused); next probe in "));
}

TEST_CASE("failure: an open breaker says that the last call threw, if that had no error code") {
    outlast::simulation sim;
    outlast::basic_circuit_breaker<> breaker{{.window = 1, .open_for = 10s, .name = "users"}};
    outlast::pipeline p{std::ref(breaker)};
    const auto good = [] { return 1; };
    const auto after_one_that = [&](auto throws) {
        breaker.close();
        (void)sim.call(p, [&] { return throws(), 0; });
        return sim.call(p, good).result().error();
    };
    const failure text = after_one_that([] { throw std::runtime_error("s3cret"); });
    CHECK(text.message() == "circuit open for users: 1 of the last 1 calls failed "
                            "(last: the callable threw); next probe in 10 s");
    CHECK(text.code() == refusal::circuit_open);
    CHECK(text.cause() == refusal::threw);
    CHECK(text.thrown() == nullptr);
    const failure number = after_one_that([] { throw 1; });
    CHECK(number.message() == text.message());
    const failure coded = after_one_that([] { throw std::system_error(refused, "s3cret"); });
    CHECK(coded.message() == "circuit open for users: 1 of the last 1 calls failed "
                             "(last: Connection refused); next probe in 10 s");
    // The same of a pipeline inside whose last value was no answer.
    outlast::pipeline inner{outlast::retry{{.max_attempts = 1, .exhaustion_fails = true}}};
    outlast::judged useless{good, [](int) { return false; }};
    breaker.close();
    (void)sim.call(p, [&] { return inner(useless); });
    CHECK(sim.call(p, good).result().error().cause() == refusal::exhausted);
}

TEST_CASE("failure: the report of a call that failed") {
    outlast::simulation sim;
    outlast::pipeline p{outlast::retry{{.max_attempts = 3, .backoff = outlast::constant(100ms)}},
                        outlast::timeout{{.limit = 50ms, .name = "attempt"}}};
    auto& c = sim.call(p, [&] { return sim.spend(1s), 1; });
    sim.run();
    const failure_facts facts = c.result().error().facts();
    CHECK(facts.attempts == 3);
    CHECK(facts.elapsed == 350ms);
    CHECK(facts.why_stopped == outlast::stopped::attempts);
    CHECK(facts.policy.view() == "timeout");
    CHECK(facts.name.view() == "attempt");
    CHECK(facts.limit == 50ms);
    CHECK(c.result().error().attempts() == 3);
}

TEST_CASE("failure: it outlives the policies, the callable and the clock that made it") {
    std::optional<failure> open;
    std::optional<failure> threw;
    std::optional<failure> late;
    {
        outlast::simulation sim;
        auto breaker =
            std::make_unique<outlast::basic_circuit_breaker<>>(outlast::circuit_breaker_options{
                .window = 1, .name = outlast::label::intern(std::string{"made at "} + "run time")});
        auto attempt = std::make_unique<outlast::timeout>(outlast::timeout_options{
            .limit = 50ms, .name = outlast::label::intern(std::string{"att"} + "empt")});
        outlast::pipeline p{std::ref(*breaker), std::ref(*attempt)};
        threw = p([]() -> int { throw std::runtime_error("gone"); }).error();
        open = p([] { return 1; }).error();
        breaker->close();
        auto& c = sim.call(p, [&] { return sim.spend(1s), 1; });
        sim.run();
        late = c.result().error();
    }
    CHECK(open->message().starts_with("circuit open for made at run time: 1 of the last 1 calls"));
    CHECK(late->message() == "timed out after 50 ms (attempt); try again in 10 s");
    CHECK(threw->message() == "the callable threw; try again in 10 s");
    CHECK_THROWS_WITH(std::rethrow_exception(threw->thrown()), "gone");
}

TEST_CASE("failure: the sentence holds no value, no argument and no exception's text") {
    const std::string secret = "s3cret";
    outlast::basic_circuit_breaker<> breaker{{.window = 1}};
    outlast::pipeline p{outlast::retry{{.max_attempts = 2, .backoff = outlast::constant(0ms)}},
                        std::ref(breaker)};
    const auto says_nothing = [&](const auto& r) {
        return r.error().message().find(secret) == std::string::npos &&
               r.error().code().message().find(secret) == std::string::npos;
    };
    CHECK(
        says_nothing(p([](const std::string& s) -> int { throw std::runtime_error(s); }, secret)));
    CHECK(says_nothing(p([](const std::string& s) { return s; }, secret))); // open now
    breaker.close();
    CHECK(says_nothing(
        p([](const std::string& s) -> int { throw std::system_error(refused, s); }, secret)));
    breaker.close();
    CHECK(says_nothing(p([](const std::string& s) -> int { throw std::string{s}; }, secret)));
}
