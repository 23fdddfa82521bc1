// SPDX-License-Identifier: BSL-1.0
#include <outlast/fallback.hpp>

#include <outlast/circuit_breaker.hpp>
#include <outlast/pipeline.hpp>
#include <outlast/retry.hpp>
#include <outlast/run.hpp>
#include <outlast/simulate.hpp>
#include <outlast/threads.hpp>
#include <outlast/timeout.hpp>

#include "support/catch.hpp"
#include "support/print.hpp"
#include "support/script.hpp"
#include "support/zoo.hpp"

#include <chrono>
#include <functional>
#include <memory>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <system_error>
#include <thread>

using namespace std::chrono_literals;
using outlast::failure;
using outlast::refusal;
using outlast::result;
using outlast_tests::at;

namespace {

const auto error_a = std::make_error_code(std::errc::host_unreachable);
const auto error_b = std::make_error_code(std::errc::permission_denied);
const auto error_c = std::make_error_code(std::errc::io_error);

result<int> fails_a() { return error_a; }
result<int> fails_b() { return error_b; }

} // namespace

TEST_CASE("fallback: without `when` its value hides every failure") {
    CHECK(outlast::fallback{0}.hides_failures());
    CHECK_FALSE(outlast::fallback{[] { return 0; }}.hides_failures()); // it may fail itself
    const outlast::fallback chooses{0, {.when = [](const auto& v) { return v.has_hint(); }}};
    CHECK_FALSE(chooses.hides_failures());
    CHECK(chooses.options().name.view() == "fallback");
}

TEST_CASE("FB-01 handled result is replaced once") {
    std::vector<std::string> judged; // what the predicate saw, and the fallback
    std::vector<std::string> replaced;
    int told = 0;
    auto events = [&](const outlast::event& e) {
        told +=
            e.what == outlast::event_kind::fell_back && e.outcome == outlast::verdict::failure();
    };
    outlast::pipeline p{outlast::fallback{[&](const failure&, const std::string* bad) {
                                              replaced.push_back(bad != nullptr ? *bad : "none");
                                              return std::string{"instead"};
                                          },
                                          {.events = events}}};
    int calls = 0;
    outlast::judged bad_or_not{[&] { return ++calls, std::string{"bad"}; },
                               [&](const std::string& s) {
                                   judged.push_back(s);
                                   return s != "bad";
                               }};
    outlast::report facts;
    const auto r = p(outlast::limits{.facts = &facts}, bad_or_not);
    CHECK(r.value() == "instead");
    CHECK(judged == std::vector<std::string>{"bad"}); // what the fallback gives is not judged again
    CHECK(replaced == std::vector<std::string>{"bad"});
    CHECK(told == 1);
    CHECK(calls == 1);
    CHECK(facts.how == outlast::source::fallback);
}

TEST_CASE("fallback: it sees the value that it replaces, and none where there is none") {
    std::vector<int> seen;
    outlast::pipeline p{outlast::fallback{[&](const failure&, const int* bad) {
                            seen.push_back(bad != nullptr ? *bad : -1);
                            return 0;
                        }},
                        outlast::retry{{.max_attempts = 2, .backoff = outlast::constant(0ms)}},
                        outlast::timeout{50ms}};
    outlast::simulation sim;
    int calls = 0;
    outlast::judged odd{[&] { return ++calls; }, [](int n) { return n > 10; }};
    CHECK(sim.call(p, odd).result().value() == 0);
    CHECK(seen == std::vector{2}); // the last one
    sim.call(p, fails_a);
    CHECK(seen == std::vector{2, -1});
    sim.call(p, [&] { return sim.spend(1h), 1; });
    sim.run();
    CHECK(seen == std::vector{2, -1, -1});
    sim.call(p, [&] { return sim.spend(50ms), 7; }); // good, but too late
    sim.run();
    CHECK(seen == std::vector{2, -1, -1, 7});
    // A value that came before the failure is not what is replaced.
    int again = 0;
    auto bad_then_down = [&]() -> result<int> {
        if (++again == 1)
            return 1;
        return error_a;
    };
    outlast::judged first_bad{bad_then_down, [](int n) { return n > 10; }};
    sim.call(p, first_bad);
    CHECK(seen.back() == -1);
    outlast::basic_circuit_breaker<> open{{.window = outlast::consecutive(1)}};
    outlast::pipeline q{outlast::fallback{[&](const failure& f, const int* bad) {
                            CHECK(f.why() == refusal::circuit_open);
                            seen.push_back(bad != nullptr ? *bad : -2);
                            return 0;
                        }},
                        outlast::retry{{.max_attempts = 2, .backoff = outlast::constant(0ms)}},
                        std::ref(open)};
    sim.call(q, [&] { return ++again; });
    CHECK(seen.back() == -1); // a success
    outlast::judged bad{[&] { return ++again; }, [](int) { return false; }};
    sim.call(q, bad); // opens it, and is refused then
    CHECK(seen.back() == -2);
}

TEST_CASE("FB-02 unhandled passes") {
    int ran = 0;
    outlast::pipeline p{
        outlast::fallback{[&] { return ++ran; }, {.when = [](const outlast::verdict& v) {
                              return v.error() == std::errc::host_unreachable;
                          }}}};
    const auto b = p(fails_b);
    CHECK(b.error().code() == error_b);
    CHECK(!b.error().origin());
    CHECK(ran == 0);
    CHECK(p(fails_a).value() == 1);
    CHECK(ran == 1);
}

TEST_CASE("FB-03 failing fallback") {
    SECTION("it returns a failure") {
        outlast::pipeline p{outlast::fallback{[] { return result<int>{error_c}; }}};
        const auto r = p(fails_a);
        CHECK(r.error().code() == error_c);
        CHECK(r.error().origin() == error_a);
        CHECK(r.error().message() == "Input/output error (in place of: No route to host)");
    }
    SECTION("it throws a system_error") {
        outlast::pipeline p{outlast::fallback{[]() -> int { throw std::system_error(error_c); }}};
        const auto r = p(fails_a);
        CHECK(r.error().code() == error_c);
        CHECK(r.error().origin() == error_a);
    }
    SECTION("it throws something else") {
        outlast::pipeline p{outlast::fallback{[]() -> int { throw 3; }}};
        const auto r = p(fails_a);
        CHECK(r.error().code() == refusal::threw);
        CHECK(r.error().origin() == error_a);
        CHECK(r.error().thrown() != nullptr);
    }
}

TEST_CASE("FB-04 fallback sees an open breaker") {
    outlast::basic_circuit_breaker<> breaker{{.name = "origin"}};
    breaker.set_mode(outlast::circuit_mode::isolated);
    refusal seen = refusal::none;
    outlast::pipeline p{outlast::fallback{[&](const failure& f) { return seen = f.why(), 5; }},
                        std::ref(breaker)};
    int calls = 0;
    const auto r = p([&] { return ++calls; });
    CHECK(r.value() == 5);
    CHECK(seen == refusal::circuit_open);
    CHECK(calls == 0);
}

TEST_CASE("fallback: the reason is typed: open, timed out, the callable's own, thrown") {
    std::vector<failure> seen;
    outlast::pipeline p{outlast::fallback{[&](const failure& f) { return seen.push_back(f), 0; }},
                        outlast::timeout{50ms}};
    outlast::simulation sim;
    sim.call(p, [&] { return sim.spend(1s), 1; });
    sim.run();
    sim.call(p, fails_a);
    sim.call(p, []() -> int { throw std::runtime_error("x"); });
    REQUIRE(seen.size() == 3);
    CHECK(seen[0].why() == refusal::timed_out);
    CHECK(seen[1].why() == refusal::none);
    CHECK(seen[1].code() == error_a);
    CHECK(seen[2].why() == refusal::threw);
}

TEST_CASE("fallback: the failure that it is told has the facts that the caller would get") {
    outlast::simulation sim;
    outlast::circuit_breaker broken{{.window = outlast::consecutive(2), .name = "users"}};
    const auto words = [](const failure& f) {
        return f.message() + ", attempts " + std::to_string(f.attempts()) +
               (f.retry_after() ? ", may be asked again" : "");
    };
    std::string told;
    outlast::fallback tells{[&](const failure& f) {
        told = words(f);
        return 0;
    }};
    const auto as_the_caller = [&](auto... policies) {
        outlast::pipeline alone{policies...};
        outlast::pipeline guarded{tells, policies...};
        const auto got = sim.call(alone, fails_a).result();
        REQUIRE_FALSE(got.has_value());
        CHECK(sim.call(guarded, fails_a).result().value() == 0);
        CHECK(told == words(got.error()));
    };
    as_the_caller();
    as_the_caller(outlast::retry{{.max_attempts = 3, .backoff = outlast::constant(0ms)}});
    CHECK(told.find("(after 3 attempts)") != told.npos);
    outlast::pipeline opens{std::ref(broken)};
    CHECK_FALSE(sim.call(opens, fails_a).result());
    CHECK_FALSE(sim.call(opens, fails_a).result());
    as_the_caller(std::ref(broken));
    CHECK(told.starts_with("circuit open for users: 2 of the last 2 calls failed"));
    CHECK(told.ends_with(", may be asked again"));
    as_the_caller(outlast::timeout{1s}, std::ref(broken));
    outlast::pipeline late{tells, outlast::timeout{{.limit = 1ms, .name = "mine"}}};
    auto& c = sim.call(late, [&] { return sim.spend(1h), 1; });
    sim.run();
    CHECK(c.result().value() == 0);
    CHECK(told.starts_with("timed out after 1 ms (mine)"));
}

TEST_CASE("fallback: success and the value pass untouched") {
    int ran = 0;
    outlast::pipeline p{outlast::fallback{[&] { return ++ran; }}};
    CHECK(p([] { return 7; }).value() == 7);
    CHECK(ran == 0);
    outlast::simulation sim;
    auto& c = sim.call(p, [] { return 7; });
    CHECK(c.facts().how == outlast::source::live);
    CHECK(c.trace().size() == 2);
}

TEST_CASE("fallback: what it may be") {
    const auto fails = [](const std::string&, int) -> result<std::string> { return error_a; };
    const std::string text = "text";
    SECTION("a value, any number of times") {
        outlast::pipeline p{outlast::fallback{std::string{"value"}}};
        CHECK(p(fails, text, 2).value() == "value");
        CHECK(p(fails, text, 2).value() == "value");
    }
    SECTION("a value of another type that becomes the right one") {
        outlast::pipeline p{outlast::fallback{"literal"}};
        CHECK(p(fails, text, 2).value() == "literal");
    }
    SECTION("of the failure and the arguments") {
        outlast::pipeline p{outlast::fallback{[](const failure& f, const std::string& s, int n) {
            return s + std::to_string(n) + " " + f.code().message();
        }}};
        CHECK(p(fails, text, 2).value() == "text2 " + error_a.message());
    }
    SECTION("of the arguments") {
        outlast::pipeline p{
            outlast::fallback{[](const std::string& s, int n) { return s + std::to_string(n); }}};
        CHECK(p(fails, text, 2).value() == "text2");
    }
    SECTION("of the failure") {
        outlast::pipeline p{outlast::fallback{[](const failure& f) { return f.code().message(); }}};
        CHECK(p(fails, text, 2).value() == error_a.message());
    }
    SECTION("of nothing") {
        outlast::pipeline p{outlast::fallback{[] { return "nothing"; }}};
        CHECK(p(fails, text, 2).value() == "nothing");
    }
    SECTION("of anything: the failure and the arguments come first") {
        outlast::pipeline p{
            outlast::fallback{[](const auto&... all) { return std::to_string(sizeof...(all)); }}};
        CHECK(p(fails, text, 2).value() == "3");
    }
    SECTION("an error code") {
        outlast::pipeline p{outlast::fallback{[] { return error_c; }}};
        CHECK(p(fails, text, 2).error().code() == error_c);
        CHECK(p(fails_a).error().code() == error_c);
        CHECK(p([]() -> result<bool> { return error_a; }).error().code() == error_c);
    }
    SECTION("a result, a failure") {
        outlast::pipeline p{outlast::fallback{[](const failure& f) { return f; }}};
        CHECK(p(fails, text, 2).error().code() == error_a);
        outlast::pipeline q{
            outlast::fallback{[] { return result<std::string>{std::string{"good"}}; }}};
        CHECK(q(fails, text, 2).value() == "good");
    }
    SECTION("for nothing") {
        int ran = 0;
        outlast::pipeline p{outlast::fallback{[&] { ++ran; }}};
        CHECK(p([]() -> std::error_code { return error_a; }).has_value());
        CHECK(ran == 1);
    }
    SECTION("a value that cannot be copied") {
        outlast::pipeline p{outlast::fallback{[] { return outlast_tests::move_only{4}; }}};
        const auto r = p([]() -> result<outlast_tests::move_only> { return error_a; });
        CHECK(*r.value().value == 4);
    }
    SECTION("a reference to what others own") {
        const std::string kept = "kept";
        outlast::pipeline p{outlast::fallback{[&]() -> const std::string& { return kept; }}};
        CHECK(p(fails, text, 2).value() == "kept");
        CHECK(kept == "kept");
    }
}

TEST_CASE("fallback: it is told of the call, before all else, if it wants to be") {
    const auto fails = [](const std::string&, int) -> result<std::string> { return error_a; };
    const std::string text = "text";
    SECTION("with the failure and the arguments") {
        outlast::pipeline p{
            outlast::fallback{[](outlast::call& c, const failure& f, const std::string& s, int n) {
                return s + std::to_string(n) + " " + f.code().message() + " " +
                       std::to_string(c.attempt());
            }}};
        CHECK(p(fails, text, 2).value() == "text2 " + error_a.message() + " 1");
    }
    SECTION("with the arguments") {
        outlast::pipeline p{outlast::fallback{
            [](outlast::call&, const std::string& s, int n) { return s + std::to_string(n); }}};
        CHECK(p(fails, text, 2).value() == "text2");
    }
    SECTION("with the failure") {
        outlast::pipeline p{
            outlast::fallback{[](outlast::call&, const failure& f) { return f.code().message(); }}};
        CHECK(p(fails, text, 2).value() == error_a.message());
    }
    SECTION("alone; what it throws is its failure") {
        outlast::pipeline p{outlast::fallback{
            [](outlast::call&) -> std::string { throw std::system_error(error_c); }}};
        CHECK(p(fails, text, 2).error().code() == error_c);
        CHECK(p(fails, text, 2).error().origin() == error_a);
    }
}

TEST_CASE("fallback: the call that it is told of has the deadline, the time and the stop token") {
    outlast::instant by{};
    outlast::duration left{};
    outlast::duration later{};
    outlast::simulation sim;
    outlast::pipeline p{outlast::timeout{1s}, outlast::fallback{[&](outlast::call& c) {
                            by = c.deadline();
                            left = c.remaining();
                            return static_cast<int>(c.attempt());
                        }},
                        outlast::retry{{.max_attempts = 3, .backoff = outlast::constant(100ms)}}};
    auto& c = sim.call(p, fails_a);
    sim.run();
    CHECK(c.result().value() == 3); // runs of the work
    CHECK(by == at(1s));
    CHECK(left == 800ms);

    // On the calling thread, where the clock goes on meanwhile.
    std::stop_source caller;
    bool asked = false;
    outlast::pipeline q{outlast::fallback{[&](outlast::call& told) {
        left = told.remaining();
        std::this_thread::sleep_for(2ms);
        later = told.remaining();
        caller.request_stop();
        asked = told.stop_requested();
        return 1;
    }}};
    const outlast::limits one_hour{.deadline = std::chrono::steady_clock::now() + 1h,
                                   .stop = caller.get_token()};
    CHECK(q(one_hour, fails_a).value() == 1);
    CHECK(left <= 1h);
    CHECK(left > 30min);
    CHECK(later <= left - 2ms);
    CHECK(asked);
    CHECK(q(fails_a).value() == 1);
    CHECK(left == outlast::forever);

    // Nothing was run where everything was refused further in.
    outlast::basic_circuit_breaker<> breaker;
    breaker.set_mode(outlast::circuit_mode::isolated);
    outlast::pipeline r{outlast::fallback{[](outlast::call& told) { return told.attempt(); }},
                        std::ref(breaker)};
    CHECK(r([] { return 7U; }).value() == 0);
}

TEST_CASE("fallback: a cancelled call is not replaced") {
    int ran = 0;
    outlast::pipeline p{outlast::fallback{[&] { return ++ran; }}};
    outlast::simulation sim;
    auto& c = sim.call(p, [&] { return sim.spend(1s), 1; });
    sim.advance(500ms);
    c.cancel();
    CHECK(c.result().error().code() == refusal::cancelled);
    CHECK(p([]() -> result<int> { return refusal::cancelled; }).error().why() ==
          refusal::cancelled);
    CHECK(ran == 0);
}

namespace {
constexpr auto all = [](const outlast::verdict&) { return true; };
} // namespace

TEST_CASE("fallback: inside a retry each round may be replaced") {
    int ran = 0;
    outlast::pipeline p{outlast::retry{{.max_attempts = 3, .backoff = outlast::constant(0ms)}},
                        outlast::fallback{[&]() -> result<int> {
                                              if (++ran < 3)
                                                  return error_c;
                                              return ran;
                                          },
                                          {.when = all}}}; // or the retry outside is refused
    int calls = 0;
    const auto r = p([&]() -> result<int> { return ++calls, error_a; });
    CHECK(r.value() == 3);
    CHECK(calls == 3);
}

TEST_CASE("fallback: the report says so only when it stood in") {
    bool down = true;
    outlast::pipeline p{outlast::retry{{.max_attempts = 2, .backoff = outlast::constant(0ms)}},
                        outlast::fallback{[]() -> result<int> { return error_c; }, {.when = all}}};
    outlast::report facts;
    const auto r = p(outlast::limits{.facts = &facts}, [&]() -> result<int> {
        if (std::exchange(down, false))
            return error_a;
        return 1;
    });
    CHECK(r.value() == 1);
    CHECK(facts.how == outlast::source::live);
    CHECK(facts.attempts == 2);
}

TEST_CASE("fallback: at the deadline there is no time left for one") {
    int ran = 0;
    outlast::pipeline p{outlast::fallback{[&] { return ++ran; }}};
    outlast::simulation sim;
    auto& c = sim.call_by(at(50ms), p, [&] { return sim.spend(1s), 1; });
    sim.run();
    CHECK(c.result().error().code() == refusal::timed_out);
    CHECK(c.finished_at() == at(50ms));
}

TEST_CASE("fallback: an answer that is an error code is a failure, for a bool too") {
    outlast::pipeline p{
        outlast::fallback{[] { return std::make_error_code(std::errc::host_unreachable); }}};
    const auto r = p([]() -> outlast::result<bool> {
        return std::make_error_code(std::errc::connection_refused);
    });
    REQUIRE(!r);
    CHECK(r.error().code() == std::errc::host_unreachable);
    CHECK(r.error().origin() == std::errc::connection_refused);
}

TEST_CASE("fallback: tells what it stood in for, and nothing where it did not") {
    std::vector<outlast::event> heard;
    auto events = [&](const outlast::event& e) { heard.push_back(e); };
    bool good = true;
    outlast::pipeline p{outlast::fallback{[&]() -> result<int> {
                                              if (good)
                                                  return 1;
                                              return error_c;
                                          },
                                          {.name = "default", .tags = "tier=2", .events = events}}};
    CHECK(p([] { return 7; }).value() == 7);
    CHECK(heard.empty());
    CHECK(p(fails_a).value() == 1);
    REQUIRE(heard.size() == 1);
    CHECK(heard[0].what == outlast::event_kind::fell_back);
    CHECK(heard[0].policy == outlast::label{"fallback"});
    CHECK(heard[0].name == outlast::label{"default"});
    CHECK(heard[0].tags == outlast::label{"tier=2"});
    CHECK(heard[0].outcome.error() == error_a);
    good = false;
    CHECK_FALSE(p(fails_a).has_value());
    CHECK(heard.size() == 1);
}

TEST_CASE("fallback: counts what it replaced, and where it failed itself") {
    outlast::fallback_counts c;
    bool good = true;
    outlast::pipeline p{outlast::fallback{[&]() -> result<int> {
                                              if (good)
                                                  return 1;
                                              return error_c;
                                          },
                                          {.counts = &c}}};
    CHECK(p([] { return 7; }).value() == 7);
    CHECK(c.fell_back + c.failed == 0);
    CHECK(p(fails_a).value() == 1);
    CHECK(c.fell_back == 1);
    CHECK(c.failed == 0);
    good = false;
    CHECK_FALSE(p(fails_a).has_value());
    CHECK(c.fell_back == 1);
    CHECK(c.failed == 1);
}

TEST_CASE("fallback: another pipeline may stand in, with policies of its own") {
    int asked = 0;
    outlast::pipeline backup{
        outlast::retry{{.max_attempts = 3, .backoff = outlast::constant(0ms)}}};
    auto replica = [&](int id) -> result<int> {
        if (++asked % 3 != 0)
            return error_c;
        return id * 2;
    };
    outlast::pipeline p{outlast::fallback{backup.over(replica)}};
    CHECK(p([](int) -> result<int> { return error_a; }, 21).value() == 42);
    CHECK(asked == 3);

    // Both failures are kept, and told.
    outlast::pipeline q{outlast::fallback{backup.over([](int) -> result<int> { return error_b; })}};
    const auto r = q([](int) -> result<int> { return error_a; }, 1);
    CHECK(r.error().code() == error_b);
    CHECK(r.error().origin() == error_a);
    CHECK_THAT(r.error().message(), Catch::Matchers::StartsWith(error_b.message()));
    CHECK_THAT(r.error().message(),
               Catch::Matchers::EndsWith("(in place of: " + error_a.message() + ")"));
}

namespace {

struct moved_clock {
    static inline outlast::instant time{1h};
    static outlast::instant now() noexcept { return time; }
};

} // namespace

TEST_CASE(
    "fallback: a value that came too late is the caller's deadline's, not the inner timeout's") {
    outlast::pipeline p{outlast::fallback{7}, outlast::timeout{10ms}};
    const std::chrono::steady_clock::time_point by{moved_clock::time.time_since_epoch() + 20ms};
    auto r = outlast::run<moved_clock>(p, outlast::limits{.deadline = by}, [] {
        moved_clock::time += 30ms;
        return 1;
    });
    REQUIRE(!r);
    CHECK(r.error().message() == "timed out: the deadline of the call passed");
    CHECK(r.error().facts().limit == 0ms);
}
