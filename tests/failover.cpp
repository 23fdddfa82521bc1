// SPDX-License-Identifier: BSL-1.0
#include <outlast/failover.hpp>

#include <outlast/cache/memory.hpp>
#include <outlast/cache_aside.hpp>
#include <outlast/circuit_breaker.hpp>
#include <outlast/describe.hpp>
#include <outlast/event_text.hpp>
#include <outlast/fallback.hpp>
#include <outlast/pipeline.hpp>
#include <outlast/retry.hpp>
#include <outlast/run.hpp>
#include <outlast/simulate.hpp>
#include <outlast/timeout.hpp>
#include <outlast/worst_case.hpp>

#include "support/callable.hpp"
#include "support/catch.hpp"
#include "support/print.hpp"

#include <array>
#include <cstddef>
#include <functional>
#include <optional>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

using namespace std::chrono_literals;
using outlast::circuit_mode;
using outlast::circuit_state;
using outlast::instant;
using outlast::refusal;
using outlast::result;
using outlast_tests::refused;

namespace {

using breaker = outlast::basic_circuit_breaker<>;

constexpr auto where = [](std::size_t* at) -> std::size_t& { return *at; };
using servers_type = outlast::failover<breaker, std::remove_const_t<decltype(where)>>;

/// What one target does with a call.
enum class does { answers, fails, hints, hangs, refuses, is_neutral };
constexpr std::array all_deeds{does::answers, does::fails,   does::hints,
                               does::hangs,   does::refuses, does::is_neutral};

/// Three targets with a breaker each, and a call to them.
struct scene {
    std::array<does, 3> targets{};
    std::array<breaker, 3> breakers{breaker{{.window = 100, .open_for = 7s, .name = "a"}},
                                    breaker{{.window = 100, .open_for = 7s, .name = "b"}},
                                    breaker{{.window = 100, .open_for = 7s, .name = "c"}}};
    servers_type servers;
    outlast::pipeline<outlast::timeout, std::reference_wrapper<servers_type>, outlast::timeout>
        policies;
    std::vector<std::size_t> asked{};
    std::size_t place = 0;
    outlast::simulation sim{};

    explicit scene(outlast::failover_options options = {}, outlast::duration whole = 1h)
        : servers{{std::ref(breakers[0]), std::ref(breakers[1]), std::ref(breakers[2])},
                  where,
                  options},
          policies{outlast::timeout{whole}, std::ref(servers), outlast::timeout{2s}} {}

    auto& begin(std::size_t first) {
        for (std::size_t i = 0; i != 3; ++i)
            breakers[i].set_mode(targets[i] == does::refuses ? circuit_mode::isolated
                                                             : circuit_mode::normal);
        asked.clear();
        place = first;
        return sim.call(
            policies,
            [this](const std::size_t* at) -> result<std::size_t> {
                asked.push_back(*at);
                switch (targets[*at]) {
                case does::answers:
                    return *at;
                case does::hints:
                    return outlast::failure{refused}.with_retry_after(17s -
                                                                      std::chrono::seconds{*at});
                case does::hangs:
                    sim.spend(outlast::forever);
                    return refused;
                case does::is_neutral:
                    return outlast::failure{refusal::bulkhead_full};
                default:
                    return refused;
                }
            },
            &place);
    }
    auto& call(std::size_t first = 0) {
        auto& c = begin(first);
        sim.run();
        return c;
    }
};

} // namespace

TEST_CASE("failover: every combination of three targets, from each of them on") {
    int combinations = 0;
    for (const does a : all_deeds)
        for (const does b : all_deeds)
            for (const does c : all_deeds)
                for (std::size_t first = 0; first != 3; ++first) {
                    scene s;
                    s.targets = {a, b, c};
                    CAPTURE(static_cast<int>(a), static_cast<int>(b), static_cast<int>(c), first);
                    // What is to come of it, thought out by itself.
                    std::vector<std::size_t> expected;
                    std::optional<std::size_t> by;
                    std::optional<outlast::duration> hint;
                    bool silent = false;
                    std::size_t last = first;
                    for (std::size_t n = 0; n != 3; ++n) {
                        last = (first + n) % 3;
                        const does what = s.targets[last];
                        if (what != does::refuses)
                            expected.push_back(last);
                        if (what == does::answers)
                            by = last;
                        if (what == does::hints)
                            hint = std::min(hint.value_or(outlast::forever),
                                            outlast::duration{17s - std::chrono::seconds{last}});
                        else
                            silent = true; // a breaker that was opened by hand says nothing either
                        if (what == does::answers || what == does::is_neutral)
                            break;
                    }
                    auto& call = s.call(first);
                    CHECK(s.asked == expected);
                    CHECK(s.place == last);
                    CHECK(call.result().has_value() == by.has_value());
                    if (by) {
                        CHECK(call.result().value() == *by);
                    } else {
                        const auto told = call.result().error().retry_after();
                        CHECK(told == (silent ? std::optional<outlast::duration>{} : hint));
                    }
                    ++combinations;
                }
    CHECK(combinations == 6 * 6 * 6 * 3);
}

TEST_CASE(
    "failover: each target's breaker counts what that target did, and its health can be read") {
    scene s;
    s.targets = {does::fails, does::hangs, does::answers};
    CHECK(s.call().result().value() == 2);
    CHECK(s.servers.size() == 3);
    CHECK(s.servers[0].window(s.sim.time()) == outlast::tally{.recorded = 1, .failed = 1});
    CHECK(s.servers[1].window(s.sim.time()) == outlast::tally{.recorded = 1, .failed = 1});
    CHECK(s.servers[2].window(s.sim.time()) == outlast::tally{.recorded = 1});
    CHECK(s.sim.time() == instant{2s}); // the time of the second
}

TEST_CASE("failover: an open breaker sends the call on at once, and the earliest probe is told") {
    std::array<breaker, 2> breakers{breaker{{.window = 1, .open_for = 10s, .name = "a"}},
                                    breaker{{.window = 1, .open_for = 10s, .name = "b"}}};
    outlast::failover servers{std::vector{std::ref(breakers[0]), std::ref(breakers[1])}, where};
    outlast::pipeline p{std::ref(servers)};
    outlast::simulation sim;
    std::size_t place = 0;
    int calls = 0;
    const auto down = [&](const std::size_t*) -> result<int> { return ++calls, refused; };
    const auto only_b = [&](const std::size_t* at) -> result<int> {
        if (*at == 1)
            return ++calls, 1;
        return refused;
    };
    (void)sim.call(p, only_b, &place);
    CHECK(breakers[0].state(sim.time()) == circuit_state::open);
    calls = 0;
    place = 0;
    CHECK(sim.call(p, only_b, &place).result().value() == 1);
    CHECK(calls == 1);
    sim.advance(4s);
    place = 0;
    auto& both = sim.call(p, down, &place);
    CHECK(both.result().error().retry_after() == 6s); // a's probe; b has opened for 10 s just now
    sim.advance(1s);
    place = 0;
    auto& last = sim.call(p, down, &place);
    CHECK(last.result().error().why() == refusal::circuit_open);
    CHECK(last.result().error().retry_after() == 5s);
    CHECK(calls == 2);
}

TEST_CASE("failover: what next_if does not name is nobody else's business") {
    const auto only_timeouts = [](const outlast::verdict& v) {
        return v.kind == outlast::verdict_kind::expired;
    };
    scene s{{.next_if = only_timeouts}};
    s.targets = {does::hangs, does::fails, does::answers};
    CHECK_FALSE(s.call().result());
    CHECK(s.asked == std::vector<std::size_t>{0, 1});
}

TEST_CASE("failover: no target is begun at the deadline of the whole, or after it") {
    scene s{{}, 3s};
    s.targets = {does::hangs, does::hangs, does::answers};
    auto& c = s.call();
    CHECK(s.asked == std::vector<std::size_t>{0, 1});
    CHECK(c.finished_at() == instant{3s});
    CHECK(c.result().error().why() == refusal::timed_out);
    CHECK(s.breakers[1].window(s.sim.time()) == outlast::tally{}); // it had a second only
}

TEST_CASE("failover: who leaves takes no further target, and no permit is lost") {
    std::array<breaker, 2> breakers{breaker{{.window = 1, .open_for = 1s, .probes = 1}},
                                    breaker{{.window = 1, .open_for = 1s, .probes = 1}}};
    outlast::failover servers{std::vector{std::ref(breakers[0]), std::ref(breakers[1])}, where};
    outlast::pipeline p{std::ref(servers), outlast::timeout{100ms}};
    outlast::simulation sim;
    std::size_t place = 0;
    (void)sim.call(p, [](const std::size_t*) -> result<int> { return refused; }, &place);
    sim.advance(1s); // both are to be probed
    std::vector<std::size_t> asked;
    const auto hang = [&](const std::size_t* at) -> result<int> {
        asked.push_back(*at);
        sim.spend(1h);
        return 1;
    };
    for (const outlast::duration leaves : {outlast::duration{50ms}, outlast::duration{150ms}}) {
        asked.clear();
        place = 0;
        auto& c = sim.call(p, hang, &place);
        sim.advance(leaves);
        c.cancel();
        sim.run();
        CHECK(c.result().error().why() == refusal::cancelled);
        CHECK(asked.size() == (leaves == 50ms ? 1U : 2U));
        if (leaves == 50ms) // given back: both can still be probed
            CHECK(breakers[0].state(sim.time()) == circuit_state::half_open);
    }
    CHECK(breakers[1].state(sim.time()) == circuit_state::half_open);
    place = 1;
    CHECK(sim.call(p, [](const std::size_t*) { return 1; }, &place).result().value() == 1);
    CHECK(breakers[1].state(sim.time()) == circuit_state::closed);
}

TEST_CASE("failover: a retry outside begins with the first target again") {
    std::array<breaker, 2> breakers{breaker{{.window = 100}}, breaker{{.window = 100}}};
    outlast::failover servers{std::vector{std::ref(breakers[0]), std::ref(breakers[1])}, where};
    outlast::pipeline p{outlast::retry{{.max_attempts = 2, .backoff = outlast::constant(100ms)}},
                        std::ref(servers)};
    outlast::simulation sim;
    std::size_t place = 1;
    std::vector<std::size_t> asked;
    auto& c = sim.call(
        p,
        [&](const std::size_t* at) -> result<int> {
            asked.push_back(*at);
            return refused;
        },
        &place);
    sim.run();
    CHECK(asked == std::vector<std::size_t>{1, 0, 1, 0});
    CHECK(c.result().error().facts().attempts == 4);
    CHECK(sim.time() == instant{100ms});
    CHECK_THROWS_AS((outlast::pipeline{std::ref(servers), outlast::fallback{0}}),
                    std::invalid_argument); // nothing would be left to take on
}

TEST_CASE("failover: the blocking driver goes the plain way with the first target, and the same "
          "further") {
    std::array<breaker, 2> breakers{breaker{{.window = 100}}, breaker{{.window = 100}}};
    outlast::failover servers{std::vector{std::ref(breakers[0]), std::ref(breakers[1])}, where};
    outlast::pipeline p{std::ref(servers), outlast::timeout{1h}};
    for (std::size_t good = 0; good != 2; ++good) {
        std::size_t place = 0;
        const auto r = p(
            [good](const std::size_t* at) -> result<std::size_t> {
                if (*at != good)
                    return refused;
                return *at;
            },
            &place);
        CHECK(r.value() == good);
        CHECK(place == good);
    }
    CHECK(breakers[0].window({}) == outlast::tally{.recorded = 2, .failed = 1});
    CHECK(breakers[1].window({}) == outlast::tally{.recorded = 1});
    // A place that names no target names one round the corner.
    std::size_t far = 7;
    CHECK(p([](const std::size_t* at) { return *at; }, &far).value() == 1);
}

TEST_CASE("failover: the targets may be pipelines that wait and repeat") {
    using guarded = outlast::pipeline<outlast::retry, outlast::timeout>;
    const auto twice = [] {
        return guarded{outlast::retry{{.max_attempts = 2, .backoff = outlast::constant(50ms)}},
                       outlast::timeout{10ms}};
    };
    guarded a = twice();
    guarded b = twice();
    outlast::failover servers{std::vector{std::ref(a), std::ref(b)}, where};
    outlast::pipeline p{std::ref(servers)};
    outlast::simulation sim;
    std::size_t place = 0;
    std::vector<std::size_t> asked;
    auto& c = sim.call(
        p,
        [&](const std::size_t* at) -> result<int> {
            asked.push_back(*at);
            if (asked.size() < 4)
                return refused;
            return 7;
        },
        &place);
    sim.run();
    CHECK(c.result().value() == 7);
    CHECK(asked == std::vector<std::size_t>{0, 0, 1, 1});
    CHECK(sim.time() == instant{100ms});
}

TEST_CASE("failover: the worst case is that of all targets; described, and refused without any") {
    scene s;
    CHECK(outlast::worst_case(s.policies) == outlast::bounds{.calls = 3, .latency = 6s});
    scene hurried{{}, 5s};
    CHECK(outlast::worst_case(hurried.policies).latency == 5s);
    const std::string words = outlast::describe(s.policies);
    CHECK(words.find("failover") != std::string::npos);
    CHECK(words.find("targets 3") != std::string::npos);
    CHECK_THROWS_AS((outlast::failover{std::vector<std::reference_wrapper<breaker>>{}, where}),
                    std::invalid_argument);
}

TEST_CASE("failover: each move is told, and why there is no other; and both are counted") {
    std::vector<std::string> told;
    const auto note = [&](const outlast::event& e) { told.push_back(to_fields(e)); };
    outlast::failover_counts counts;
    const auto with = [&](outlast::failover_options o) {
        o.name = "servers";
        o.tags = "region=eu";
        o.events = note;
        o.counts = &counts;
        return o;
    };
    const std::string who = " policy=failover name=servers tags=\"region=eu\"";
    const std::string refused_words = " outcome=failure error=\"Connection refused\"";
    scene s{with({})};

    s.targets = {does::answers, does::fails, does::fails};
    s.call();
    CHECK(told.empty());
    CHECK(counts.moves + counts.recovered + counts.gave_up == 0);

    s.targets = {does::refuses, does::fails, does::answers};
    s.call();
    CHECK(told == std::vector{"event=failed_over" + who +
                                  " attempt=1 outcome=neutral refusal=circuit_open "
                                  "error=\"circuit open\"",
                              "event=failed_over" + who + " attempt=2" + refused_words});
    CHECK(counts.moved == 1);
    CHECK(counts.moves == 2);
    CHECK(counts.recovered == 1);
    CHECK(counts.gave_up == 0);

    told.clear();
    s.targets = {does::fails, does::fails, does::fails};
    s.call(2); // which of the call, whatever its number
    CHECK(told == std::vector{"event=failed_over" + who + " attempt=1" + refused_words,
                              "event=failed_over" + who + " attempt=2" + refused_words,
                              "event=gave_up" + who + " why=targets attempt=3" + refused_words});
    CHECK(counts.moved == 2);
    CHECK(counts.moves == 4);
    CHECK(counts.recovered == 1);
    CHECK(counts.gave_up == 1);

    told.clear();
    s.targets = {does::is_neutral, does::answers, does::answers}; // nobody's failure
    s.call();
    CHECK(told.empty());

    scene picky{with({.next_if = [](const outlast::verdict&) { return false; }})};
    picky.targets = {does::fails, does::answers, does::answers};
    picky.call();
    CHECK(told == std::vector{"event=gave_up" + who + " why=next_if attempt=1" + refused_words});
    CHECK(counts.gave_up == 1); // there was another

    told.clear();
    outlast::failover servers{std::vector{std::ref(s.breakers[0]), std::ref(s.breakers[1])}, where,
                              with({})};
    outlast::pipeline p{outlast::timeout{1s}, std::ref(servers)};
    std::size_t place = 0;
    const auto at_the_last_moment = [&](const std::size_t*) -> result<int> {
        s.sim.spend(1s);
        return refused;
    };
    s.breakers[0].set_mode(circuit_mode::normal);
    s.sim.call(p, at_the_last_moment, &place);
    s.sim.run();
    CHECK(told == std::vector{"event=gave_up" + who + " why=deadline attempt=1" + refused_words});
    CHECK(counts.gave_up == 2);
}

TEST_CASE("failover: a deadline that is put off is put off for the target, and for the next") {
    std::array<breaker, 2> breakers{breaker{{.window = 100}}, breaker{{.window = 100}}};
    outlast::failover servers{std::vector{std::ref(breakers[0]), std::ref(breakers[1])}, where};
    outlast::memory<int, int, outlast::no_lock> store;
    outlast::cache_aside remember{store, [](const std::size_t*) { return 0; },
                                  [](int) { return outlast::lifetime{.fresh_for = 1h}; }};
    outlast::pipeline p{std::ref(remember), std::ref(servers)};
    outlast::simulation sim;
    sim.outlive_callers();
    std::vector<std::size_t> asked;
    const auto slow = [&](const std::size_t* at) -> result<int> {
        asked.push_back(*at);
        sim.spend(100ms);
        if (*at == 0)
            return refused;
        return 7;
    };
    std::size_t place = 0, other = 0;
    auto& leader = sim.call_by(instant{150ms}, p, slow, &place);
    auto& follower = sim.call_by(instant{1s}, p, slow, &other);
    sim.run();
    CHECK(leader.result().error().why() == refusal::timed_out);
    CHECK(leader.finished_at() == instant{150ms});
    CHECK(follower.result().value() == 7);
    CHECK(follower.finished_at() == instant{200ms});
    CHECK(asked == std::vector<std::size_t>{0, 1});
    CHECK(breakers[1].window(sim.time()) == outlast::tally{.recorded = 1});
}

TEST_CASE("failover: the worst case of targets that are pipelines; every option is described") {
    using guarded = outlast::pipeline<outlast::retry, outlast::timeout>;
    guarded a{
        outlast::retry{{.max_attempts = 2, .backoff = outlast::constant(50ms), .hint_cap = 0s}},
        outlast::timeout{10ms}};
    guarded b = a;
    outlast::failover_counts counts;
    outlast::failover servers{
        std::vector{std::ref(a), std::ref(b)}, where, {.name = "servers", .counts = &counts}};
    CHECK(outlast::worst_case(servers) == outlast::bounds{.calls = 4, .latency = 140ms});
    CHECK(outlast::describe(servers) ==
          "failover: targets 2, next_if all, name \"servers\", tags \"\", events told to nobody, "
          "counts yours\nworst case: 4 calls, 140 ms\n");
    CHECK(servers.options().name == outlast::label{"servers"});
}

TEST_CASE("failover: what a target comes to refuse later on is taken to the next one, too") {
    using target_type = outlast::pipeline<outlast::retry, std::reference_wrapper<breaker>>;
    std::array<breaker, 2> breakers{breaker{{.window = outlast::consecutive(1), .name = "a"}},
                                    breaker{{.window = outlast::consecutive(1), .name = "b"}}};
    const outlast::retry twice{{.max_attempts = 2, .backoff = outlast::constant(0ms)}};
    target_type a{twice, std::ref(breakers[0])}, b{twice, std::ref(breakers[1])};
    outlast::failover servers{std::vector{std::ref(a), std::ref(b)}, where};
    outlast::pipeline p{std::ref(servers)};
    std::size_t at = 0;
    std::vector<std::size_t> asked;
    const auto get = [&asked](std::size_t* server) -> result<std::size_t> {
        asked.push_back(*server);
        if (*server == 0)
            return std::make_error_code(std::errc::connection_refused);
        return *server;
    };
    CHECK(p(get, &at).value() == 1);
    CHECK(asked == std::vector<std::size_t>{0, 1}); // the second attempt at a was refused
}

TEST_CASE(
    "failover: of several hints the earliest, none where one is silent, never only if all say so") {
    const auto hint_after = [](outlast::duration first, outlast::duration second) {
        std::array<breaker, 2> breakers{breaker{{.window = 100}}, breaker{{.window = 100}}};
        servers_type servers{{std::ref(breakers[0]), std::ref(breakers[1])}, where};
        outlast::pipeline p{std::ref(servers)};
        std::size_t at = 0;
        const auto fails = [&](std::size_t* server) -> result<int> {
            return outlast::failure{std::make_error_code(std::errc::io_error)}.with_retry_after(
                *server == 0 ? first : second);
        };
        return p(fails, &at).error().facts().retry_after;
    };
    constexpr auto none = outlast::verdict::no_hint;
    CHECK(hint_after(60s, 20s) == 20s);
    CHECK(hint_after(60s, none) == none);
    CHECK(hint_after(none, 60s) == none);
    CHECK(hint_after(-1s, 20s) == 20s);
    CHECK(hint_after(-1s, -1s) < 0s);
}
