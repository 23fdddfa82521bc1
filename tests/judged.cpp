// SPDX-License-Identifier: BSL-1.0
#include <outlast/judged.hpp>

#include <outlast/circuit_breaker.hpp>
#include <outlast/failure.hpp>
#include <outlast/fallback.hpp>
#include <outlast/pipeline.hpp>
#include <outlast/retry.hpp>
#include <outlast/run.hpp>

#include "support/catch.hpp"
#include "support/print.hpp"
#include "support/zoo.hpp"

#include <chrono>
#include <functional>
#include <stdexcept>
#include <string>
#include <system_error>

using namespace std::chrono_literals;
using outlast::failure;
using outlast::refusal;
using outlast::result;
using outlast::verdict;
using outlast_tests::move_only;

namespace {

const auto refused = std::make_error_code(std::errc::connection_refused);
const auto busy = std::make_error_code(std::errc::device_or_resource_busy);

outlast::pipeline<outlast::retry> twice() {
    return outlast::pipeline{
        outlast::retry{{.max_attempts = 2, .backoff = outlast::constant(0ms)}}};
}

struct locked : std::runtime_error {
    using std::runtime_error::runtime_error;
};
struct locked_for_long : locked {
    using locked::locked;
};

// Only what is locked is worth a second attempt, and a failure of the dependency.
verdict by_type(const failure& f) {
    return f.thrown_as<locked>() ? verdict::failure(busy) : verdict::neutral();
}

} // namespace

TEST_CASE("judged: makes failures of values; the last value is returned as it is") {
    auto p = twice();
    int n = 0;
    outlast::judged by_bool{[&] { return ++n; }, [](int value) { return value >= 2; }};
    CHECK(p(by_bool).value() == 2);
    CHECK(n == 2);

    n = 0;
    outlast::judged never_good{[&] { return "reply " + std::to_string(++n); },
                               [](const std::string&) { return false; }};
    const auto last = p(never_good);
    CHECK(last.value() == "reply 2");

    n = 0;
    outlast::judged by_verdict{[&](outlast::call& c) -> result<int> {
                                   n = static_cast<int>(c.attempt());
                                   return n;
                               },
                               [](int) { return verdict::failure(-1s); }}; // "do not"
    CHECK(p(by_verdict).value() == 1);
    CHECK(n == 1);

    n = 0;
    outlast::judged with_arguments{
        [&](const std::string& s, int m) { return ++n, s.size() + static_cast<std::size_t>(m); },
        [](std::size_t value) { return value > 100; }};
    CHECK(p(with_arguments, std::string{"ab"}, 3).value() == 5);
    CHECK(n == 2);

    // A failure is not judged; it is one already.
    int judged = 0;
    outlast::judged fails{[] { return result<int>{refused}; }, [&](int) { return ++judged, true; }};
    CHECK(p(fails).error().code() == refused);
    CHECK(judged == 0);

    // A judge that throws fails the call.
    outlast::judged throws{[] { return 1; },
                           [](int) -> bool { throw std::runtime_error("judge"); }};
    CHECK(p(throws).error().why() == refusal::threw);

    // A value that cannot be copied.
    outlast::judged moves{[] { return move_only{9}; }, [](const move_only&) { return false; }};
    CHECK(*p(moves).value().value == 9);
}

TEST_CASE("judged: a judge is heard through a reference, too") {
    outlast::judged get{[] { return 503; }, [](int status) { return status < 500; }};
    outlast::pipeline p{outlast::retry{
        {.max_attempts = 2, .backoff = outlast::constant(0ms), .exhaustion_fails = true}}};
    CHECK_FALSE(p(get).has_value());
    CHECK_FALSE(p(std::ref(get)).has_value());
}

TEST_CASE("judged: a failure, by the type of what was thrown") {
    outlast::basic_circuit_breaker<> breaker{
        {.window = outlast::consecutive(3), .open_for = 1s, .name = "rows"}};
    outlast::pipeline p{outlast::retry{{.max_attempts = 2, .backoff = outlast::constant(0ms)}},
                        std::ref(breaker)};
    int n = 0;
    SECTION("one that counts, and one derived from it") {
        outlast::judged query{[&]() -> int {
                                  if (++n % 2)
                                      throw locked{"row 7"};
                                  throw locked_for_long{"row 7"};
                              },
                              by_type};
        const auto r = p(query);
        CHECK(n == 2);
        REQUIRE(r.error().thrown_as<locked_for_long>() != nullptr);
        CHECK(std::string{r.error().thrown_as<std::exception>()->what()} == "row 7");
        CHECK(r.error().thrown_as<std::logic_error>() == nullptr);
        CHECK(breaker.counts().failed == 2);
        CHECK(p(query).error().code() == refusal::circuit_open);
        CHECK(n == 3);
        CHECK(p(query).error().cause() == busy); // as the judge called what opened it
    }
    SECTION("one that does not") {
        outlast::judged query{[&]() -> int { throw std::out_of_range{std::to_string(++n)}; },
                              by_type};
        const auto r = p(query);
        CHECK(n == 1);
        CHECK(r.error().thrown_as<std::out_of_range>() != nullptr);
        CHECK(breaker.counts().failed == 0);
        CHECK(breaker.counts().neutral == 0); // it had no permit: nobody counts it
        CHECK_FALSE(p(std::ref(query)).has_value());
        CHECK(n == 2);
    }
}

TEST_CASE("judged: code and hint of a failure that its judge does not set are the failure's own") {
    verdict seen;
    auto look = [&](const verdict& v) { return seen = v, false; };
    outlast::pipeline p{
        outlast::retry{{.max_attempts = 2, .backoff = outlast::constant(0ms), .retry_if = look}}};
    const auto fails = [] { return result<int>{failure{refused}.with_retry_after(7s)}; };
    SECTION("neither") {
        const auto r = p(outlast::judged{fails, [](const failure&) { return verdict::failure(); }});
        CHECK(seen == verdict::failure(refused, 7s));
        CHECK(r.error().code() == refused);
    }
    SECTION("both") {
        const auto r =
            p(outlast::judged{fails, [](const failure&) { return verdict::failure(busy, 3s); }});
        CHECK(seen == verdict::failure(busy, 3s));
        CHECK(r.error().code() == refused); // the caller's error stays what it is
        CHECK(r.error().retry_after() == 3s);
    }
}

TEST_CASE("judged: a failure that is found good is a success to breakers, and no value") {
    outlast::basic_circuit_breaker<> breaker{{.window = 4, .open_for = 10s}};
    outlast::pipeline p{outlast::retry{{.max_attempts = 2, .backoff = outlast::constant(0ms)}},
                        std::ref(breaker)};
    int n = 0;
    outlast::judged excused{[&] { return ++n, result<std::string>{refused}; },
                            [](const failure&) { return verdict::success(); }};
    CHECK(p(excused).error().code() == refused);
    CHECK(n == 1);
    CHECK(breaker.counts().succeeded == 1);
    breaker.half_open(outlast::steady::now());
    CHECK(p(excused).error().code() == refused); // the probe
    CHECK(breaker.state(outlast::steady::now()) == outlast::circuit_state::closed);
    outlast::pipeline q{outlast::fallback{std::string{"instead"}}};
    CHECK(q(excused).value() == "instead");
}

TEST_CASE("judged: a judge refuses nothing and ends no time, whatever verdict it gives") {
    auto p = twice();
    const outlast::failure_facts none{};
    for (const verdict& v : {verdict::expired(), verdict::neutral(refusal::circuit_open)}) {
        const auto give = [v](const auto&) { return v; };
        outlast::judged fails{[]() -> int { throw std::out_of_range{"x"}; },
                              [v](const failure&) { return v; }};
        const auto r = p(fails);
        REQUIRE_FALSE(r.has_value());
        CHECK(r.error().why() == refusal::threw);
        CHECK(r.error().thrown_as<std::out_of_range>() != nullptr);
        CHECK(r.error().facts().limit == none.limit);
        CHECK(p(outlast::judged{[] { return 503; }, give}).value() == 503);
    }
}

TEST_CASE("judged: what is neutral is not repeated, whatever hint it has") {
    int n = 0;
    outlast::pipeline p{outlast::retry{
        {.max_attempts = 3, .backoff = outlast::constant(0ms), .retry_refusals = true}}};
    outlast::judged mine{[&] { return ++n, result<int>{failure{refused}.with_retry_after(1ms)}; },
                         [](const failure&) { return verdict::neutral(); }};
    CHECK(p(mine).error().code() == refused);
    CHECK(n == 1);
}

TEST_CASE("judged: of values and of failures") {
    int n = 0;
    outlast::judged both{[&]() -> result<int> {
                             if (++n == 1)
                                 return refused;
                             return n;
                         },
                         [](int value) { return value > 2; },
                         [](const failure& f) {
                             return f.code() == refused ? verdict::failure() : verdict::neutral();
                         }};
    outlast::pipeline p{outlast::retry{{.max_attempts = 5, .backoff = outlast::constant(0ms)}}};
    CHECK(p(both).value() == 3);
}

TEST_CASE("judged: a callable without a value") {
    int n = 0;
    outlast::judged nothing{[&] { ++n, throw std::logic_error{"no"}; }, by_type};
    CHECK(twice()(nothing).error().why() == refusal::threw);
    CHECK(n == 1);
    outlast::judged good{[&] { ++n; }, by_type};
    CHECK(twice()(good).has_value());
}

TEST_CASE("judged: a refusal within is not shown") {
    outlast::basic_circuit_breaker<> breaker{{.name = "within"}};
    breaker.set_mode(outlast::circuit_mode::isolated);
    outlast::pipeline inner{std::ref(breaker)};
    int shown = 0;
    outlast::judged nested{[&] { return inner([] { return 1; }); },
                           [&](const failure&) { return ++shown, verdict::failure(); }};
    CHECK(twice()(nested).error().code() == refusal::circuit_open);
    CHECK(shown == 0);
}

TEST_CASE("judged: a pointer to a member") {
    struct repository {
        int found = 0;
        int find(int by) const { return found + by; }
    };
    const repository rows{40};
    outlast::judged find{&repository::find, [](int n) { return n > 0; }};
    CHECK(twice()(find, rows, 2).value() == 42);
}
