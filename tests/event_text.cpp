// SPDX-License-Identifier: BSL-1.0
#include <outlast/event_text.hpp>

#include <outlast/circuit_breaker.hpp>
#include <outlast/pipeline.hpp>
#include <outlast/simulate.hpp>

#include "support/catch.hpp"

#include <chrono>
#include <functional>
#include <set>
#include <string>
#include <system_error>
#include <vector>

using namespace std::chrono_literals;
using outlast::event;
using outlast::event_kind;
using outlast::to_fields;
using outlast::to_string;
using outlast::verdict;

namespace {

const auto refused = std::make_error_code(std::errc::connection_refused);
const verdict down = verdict::failure(refused);
const verdict cut_short = [] {
    verdict v = verdict::neutral(outlast::refusal::circuit_open);
    v.code = refused.value();
    v.domain = &refused.category();
    return v;
}();

} // namespace

TEST_CASE("event_text: who speaks: the policy, its name if it has one of its own, its tags") {
    const auto who = [](outlast::label name, outlast::label tags) {
        return to_string({.what = event_kind::half_opened,
                          .policy = "circuit breaker",
                          .name = name,
                          .tags = tags});
    };
    CHECK(who("circuit breaker", {}) == "circuit breaker: half-open");
    CHECK(who({}, {}) == "circuit breaker: half-open");
    CHECK(who("users", {}) == "circuit breaker users: half-open");
    CHECK(who("users", "region=eu") == "circuit breaker users [region=eu]: half-open");
}

TEST_CASE("event_text: what happened, in a sentence") {
    const auto said = [](const event& e) { return to_string(e).substr(2); }; // without ": "
    using k = event_kind;
    CHECK(said({.what = k::retrying, .attempt = 2, .span = 250ms, .outcome = down}) ==
          "attempt 2: Connection refused; the next one in 250 ms");
    CHECK(said({.what = k::retrying, .attempt = 1, .outcome = verdict::failure()}) ==
          "attempt 1: failure; the next one at once");
    CHECK(said({.what = k::gave_up, .attempt = 3, .outcome = down, .why = "attempts"}) ==
          "gave up after attempt 3 (attempts): Connection refused");
    CHECK(said({.what = k::gave_up, .attempt = 2, .outcome = cut_short, .why = "not_retryable"}) ==
          "gave up after attempt 2 (not_retryable): circuit open (last: Connection refused)");
    CHECK(said({.what = k::missed, .outcome = verdict::neutral(outlast::refusal::circuit_open)}) ==
          "had no answer; the work: circuit open");
    CHECK(said({.what = k::timed_out, .span = 3s, .outcome = verdict::expired()}) ==
          "timed out after 3 s");
    CHECK(said({.what = k::late_value, .span = 3s}) == "a good answer came later than 3 s");
    CHECK(to_string({.what = k::refused,
                     .policy = "failure memo",
                     .span = 700ms,
                     .why = "failed lately"}) ==
          "failure memo: refused a call (failed lately); next call in 700 ms");
    CHECK(said({.what = k::refused, .span = 4200ms, .why = "open"}) ==
          "refused a call (open); next probe in 4.2 s");
    CHECK(said({.what = k::refused, .span = verdict::no_hint, .why = "isolated"}) ==
          "refused a call (isolated)");
    CHECK(said({.what = k::opened, .span = 10s, .why = "failures", .counts = {20, 12, 4}}) ==
          "open for 10 s (failures): 12 of the last 20 calls failed");
    CHECK(said({.what = k::opened,
                .span = verdict::no_hint,
                .why = "slow_calls",
                .counts = {20, 12, 14}}) == "open (slow_calls): 14 of the last 20 calls were slow");
    CHECK(said({.what = k::opened, .span = outlast::forever, .why = "by_hand"}) ==
          "open until further notice (by_hand)");
    CHECK(said({.what = k::closed, .why = "probes_good"}) == "closed (probes_good)");
    CHECK(said({.what = k::would_open, .why = "failures", .counts = {20, 12, 4}}) ==
          "would open (failures): 12 of the last 20 calls failed");
    CHECK(said({.what = k::hit, .span = 70s}) == "answered with an entry of age 1.2 min");
    CHECK(said({.what = k::stale, .span = 70s}) == "answered with a stale entry of age 1.2 min");
    CHECK(said({.what = k::missed, .outcome = verdict::success()}) ==
          "had no answer; the work: success");
    CHECK(said({.what = k::missed, .outcome = down}) ==
          "had no answer; the work: Connection refused");
    CHECK(said({.what = k::stored, .span = 1min}) == "kept an answer, fresh for 1 min");
    CHECK(
        said({.what = k::fell_back, .outcome = verdict::neutral(outlast::refusal::circuit_open)}) ==
        "stood in for: circuit open");
    CHECK(said({.what = k::failed_over, .attempt = 1, .outcome = down}) ==
          "target 1 of the call: Connection refused; the next one is asked");
    CHECK(outlast::to_string(event{.what = k::gave_up,
                                   .policy = "failover",
                                   .name = "servers",
                                   .attempt = 2,
                                   .outcome = down,
                                   .why = "targets"}) ==
          "failover servers: gave up after target 2 (targets): Connection refused");
}

TEST_CASE("event_text: every kind has a sentence of its own") {
    std::set<std::string> all;
    int kinds = 0;
    for (auto k = event_kind::retrying; k <= event_kind::failed_over;
         k = static_cast<event_kind>(static_cast<int>(k) + 1)) {
        ++kinds;
        all.insert(to_string({.what = k, .policy = "p"}));
        CHECK(to_string({.what = k, .policy = "p"}).size() > 5);
        CHECK(to_fields({.what = k}) == "event=" + std::string(to_string(k)));
    }
    CHECK(all.size() == static_cast<std::size_t>(kinds));
    CHECK(to_string({.what = static_cast<event_kind>(200), .policy = "p"}) == "p: unknown");
}

TEST_CASE("event_text: as fields, what it has and no more") {
    CHECK(to_fields({.what = event_kind::opened,
                     .policy = "circuit breaker",
                     .name = "users",
                     .tags = "region=eu",
                     .span = 10s,
                     .why = "failures",
                     .counts = {20, 12, 0}}) ==
          "event=opened policy=\"circuit breaker\" name=users tags=\"region=eu\" why=failures "
          "span_ns=10000000000 recorded=20 failed=12 slow=0");
    CHECK(to_fields({.what = event_kind::retrying,
                     .policy = "retry",
                     .attempt = 2,
                     .span = 1ms,
                     .outcome = down}) ==
          "event=retrying policy=retry attempt=2 span_ns=1000000 outcome=failure "
          "error=\"Connection refused\"");
    CHECK(to_fields({.what = event_kind::opened, .span = outlast::forever}) ==
          "event=opened span_ns=inf");
    CHECK(to_fields({.what = event_kind::missed, .outcome = verdict::failure()}) ==
          "event=missed outcome=failure");
    CHECK(to_fields({.what = event_kind::refused, .span = verdict::no_hint}) == "event=refused");
    CHECK(to_fields({.what = event_kind::gave_up, .attempt = 2, .outcome = cut_short}) ==
          "event=gave_up attempt=2 outcome=neutral refusal=circuit_open error=\"Connection "
          "refused\"");
}

TEST_CASE("event_text: whatever a name holds, an event is one line and its fields stay apart") {
    const event e{.what = event_kind::closed, .policy = "p", .name = "a\nb\x7f\t\"c\\=d"};
    CHECK(to_string(e) == "p a b  \"c\\=d: closed");
    CHECK(to_fields(e) == "event=closed policy=p name=\"a b  \\\"c\\\\=d\"");
}

TEST_CASE("event_text: what a breaker tells, it tells with its counts") {
    std::vector<std::string> lines;
    auto log = [&](const event& e) { lines.push_back(to_string(e)); };
    outlast::basic_circuit_breaker<> breaker{
        {.window = 20, .minimum_calls = 20, .open_for = 10s, .name = "users", .events = log}};
    outlast::pipeline p{std::ref(breaker)};
    outlast::simulation sim;
    for (int i = 0; i != 20; ++i)
        sim.call(p, [&]() -> outlast::result<int> {
            if (i >= 8)
                return refused;
            return i;
        });
    sim.advance(5800ms);
    sim.call(p, [] { return 1; });
    sim.advance(4200ms);
    sim.call(p, [] { return 1; });
    CHECK(lines ==
          std::vector<std::string>{
              "circuit breaker users: open for 10 s (failures): 12 of the last 20 calls failed",
              "circuit breaker users: refused a call (open); next probe in 4.2 s",
              "circuit breaker users: half-open (break_over)",
              "circuit breaker users: closed (probes_good)"});
}
