// SPDX-License-Identifier: BSL-1.0
#include <outlast/outcome.hpp>

#include <outlast/pipeline.hpp>
#include <outlast/retry.hpp>
#include <outlast/run.hpp>

#include "support/catch.hpp"
#include "support/print.hpp"
#include "support/zoo.hpp"

#include <boost/outcome/std_outcome.hpp>
#include <boost/outcome/std_result.hpp>
#include <boost/system/result.hpp>

#include <chrono>
#include <exception>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <system_error>
#include <type_traits>
#include <utility>
#include <vector>

#if defined(__cpp_lib_expected)
#include <expected>
#endif

using namespace std::chrono_literals;
using outlast::as;
using outlast::failure;
using outlast::judge;
using outlast::refusal;
using outlast::result;
using outlast::verdict;
using outlast::verdict_kind;
using outlast_tests::move_only;

namespace mine {

// A library's own error, with a make_error_code that only argument-dependent lookup finds.
struct error {
    int n = 0;
};
inline std::error_code make_error_code(const error& e) { return {e.n, std::generic_category()}; }

// A library's own kind of result, taught to outlast below.
struct reply {
    int status = 0;
    std::string body{};
};

} // namespace mine

template <>
struct outlast::outcome_traits<mine::reply> {
    using value_type = std::string;
    static result<std::string> lift(mine::reply&& r) {
        if (r.status >= 500)
            return std::make_error_code(std::errc::io_error);
        return std::move(r.body);
    }
    static mine::reply lower(result<std::string>&& r) {
        return r ? mine::reply{200, std::move(r).value()} : mine::reply{503, {}};
    }
};

namespace {

const auto refused = std::make_error_code(std::errc::connection_refused);

outlast::pipeline<outlast::retry> twice() {
    return outlast::pipeline{
        outlast::retry{{.max_attempts = 2, .backoff = outlast::constant(0ms)}}};
}

// Runs a callable that fails first: what its second attempt gave.
template <class F>
auto second_of(F f) {
    auto p = twice();
    int n = 0;
    return p([&] { return f(++n); });
}

template <class T>
using std_result = boost::outcome_v2::std_result<T>;
template <class T>
using std_outcome = boost::outcome_v2::std_outcome<T>;

} // namespace

static_assert(std::is_same_v<outlast::value_of<int>, int>);
static_assert(std::is_same_v<outlast::value_of<void>, void>);
static_assert(std::is_same_v<outlast::value_of<std::error_code>, void>);
static_assert(std::is_same_v<outlast::value_of<std::optional<int>>, int>);
static_assert(std::is_same_v<outlast::value_of<result<int>>, int>);
static_assert(std::is_same_v<outlast::value_of<result<void>>, void>);
static_assert(std::is_same_v<outlast::value_of<std_result<std::string>>, std::string>);
static_assert(std::is_same_v<outlast::value_of<std_outcome<int>>, int>);
static_assert(std::is_same_v<outlast::value_of<std_result<void>>, void>);
static_assert(std::is_same_v<outlast::value_of<boost::system::result<int>>, int>);
static_assert(std::is_same_v<outlast::value_of<mine::reply>, std::string>);
// A vector has no has_value(), an optional no error().
static_assert(!outlast::result_like<std::vector<int>>);
static_assert(!outlast::result_like<std::optional<int>>);
static_assert(outlast::result_like<std_outcome<int>>);

TEST_CASE("outcome: a callable that returns outlast::result") {
    const auto r = second_of([](int n) -> result<int> {
        if (n == 1)
            return refused;
        return n;
    });
    CHECK(r.value() == 2);
    const auto f = second_of([](int) -> result<int> { return refused; });
    CHECK(f.error().code() == refused);
    CHECK(f.error().attempts() == 2);
    const auto v = second_of([](int n) -> result<void> {
        if (n == 1)
            return refused;
        return boost::outcome_v2::success();
    });
    CHECK(v.has_value());
}

TEST_CASE("outcome: a callable that returns a result of Boost.Outcome") {
    const auto r = second_of([](int n) -> std_result<std::string> {
        if (n == 1)
            return refused;
        return std::string{"good"};
    });
    static_assert(std::is_same_v<decltype(r), const result<std::string>>);
    CHECK(r.value() == "good");
    CHECK(second_of([](int) -> std_result<int> { return refused; }).error().code() == refused);
    CHECK(second_of([](int) -> std_result<void> {
              return boost::outcome_v2::success();
          }).has_value());
    CHECK(second_of([](int) -> boost::outcome_v2::std_result<int, mine::error> {
              return mine::error{static_cast<int>(std::errc::io_error)};
          })
              .error()
              .code() == std::errc::io_error);
    using by_exception = boost::outcome_v2::std_result<int, std::exception_ptr>;
    const auto thrown = second_of(
        [](int) -> by_exception { return std::make_exception_ptr(std::runtime_error("x")); });
    CHECK(thrown.error().why() == refusal::threw);
    CHECK(thrown.error().thrown() != nullptr);
}

TEST_CASE("outcome: a callable that returns an outcome of Boost.Outcome: value, error, exception") {
    const auto r = second_of([](int n) -> std_outcome<int> {
        if (n == 1)
            return std::make_exception_ptr(std::runtime_error("first"));
        return n;
    });
    CHECK(r.value() == 2);
    CHECK(second_of([](int) -> std_outcome<int> { return refused; }).error().code() == refused);
    const auto thrown = second_of(
        [](int) -> std_outcome<int> { return std::make_exception_ptr(std::runtime_error("x")); });
    CHECK(thrown.error().why() == refusal::threw);
    CHECK_THROWS_WITH(std::rethrow_exception(thrown.error().thrown()), "x");
}

TEST_CASE("outcome: a callable that returns what is like a result") {
    const auto busy = boost::system::errc::make_error_code(boost::system::errc::io_error);
    const auto r = second_of([&](int n) -> boost::system::result<int> {
        if (n == 1)
            return busy;
        return n;
    });
    CHECK(r.value() == 2);
    CHECK(second_of([&](int) -> boost::system::result<int> { return busy; }).error().code() ==
          std::errc::io_error);
#if defined(__cpp_lib_expected)
    CHECK(second_of([](int) -> std::expected<int, std::error_code> { return 3; }).value() == 3);
#endif
}

TEST_CASE("outcome: a callable that returns an optional") {
    CHECK(second_of([](int n) -> std::optional<int> {
              if (n == 1)
                  return std::nullopt;
              return n;
          }).value() == 2);
    CHECK(second_of([](int) -> std::optional<int> { return std::nullopt; }).error().code() ==
          std::errc::no_message_available);
}

TEST_CASE("outcome: a callable that returns an error code") {
    CHECK(second_of([](int n) { return n == 1 ? refused : std::error_code{}; }).has_value());
    CHECK(second_of([](int) { return refused; }).error().code() == refused);
}

TEST_CASE("outcome: a callable that returns a plain value or nothing, and throws") {
    CHECK(second_of([](int n) {
              if (n == 1)
                  throw std::runtime_error("first");
              return n;
          }).value() == 2);
    int ran = 0;
    CHECK(second_of([&](int n) {
              ++ran;
              if (n == 1)
                  throw 1;
          }).has_value());
    CHECK(ran == 2);

    const auto coded = second_of([](int) -> int { throw std::system_error(refused, "text"); });
    CHECK(coded.error().why() == refusal::none);
    CHECK(coded.error().code() == refused);
    CHECK(coded.error().thrown() != nullptr);
    const auto text = second_of([](int) -> int { throw std::runtime_error("text"); });
    CHECK(text.error().code() == refusal::threw);
    CHECK_THROWS_WITH(std::rethrow_exception(text.error().thrown()), "text");
    const auto number = second_of([](int) -> int { throw 42; });
    CHECK(number.error().code() == refusal::threw);
    CHECK_THROWS_AS(std::rethrow_exception(number.error().thrown()), int);
    const auto void_throws = second_of([](int) { throw std::system_error(refused); });
    CHECK(void_throws.error().code() == refused);
    // A failure that was thrown is that failure.
    const auto failed = second_of(
        [](int) -> int { return result<int>{failure{refused}.with_retry_after(3s)}.value(); });
    CHECK(failed.error().code() == refused);
    CHECK(failed.error().retry_after() == 3s);
    // A system_error without an error.
    const auto empty = second_of([](int) -> int { throw std::system_error(std::error_code{}); });
    CHECK(empty.error().code() == refusal::threw);
}

TEST_CASE("outcome: values of awkward types") {
    CHECK(*second_of([](int n) { return move_only{n}; }).value().value == 1);
    CHECK(*second_of([](int n) -> result<move_only> {
               if (n == 1)
                   return refused;
               return move_only{n};
           })
               .value()
               .value == 2);
    CHECK(*second_of([](int n) -> std_result<std::unique_ptr<int>> {
               return std::make_unique<int>(n);
           }).value() == 1);
    CHECK(
        *second_of([](int n) -> std::optional<move_only> { return move_only{n}; }).value().value ==
        1);
    struct no_default {
        explicit no_default(int n) : value(n) {}
        int value;
    };
    CHECK(second_of([](int n) { return no_default{n}; }).value().value == 1);
    CHECK(second_of([](int) -> const char* { return "text"; }).value() == std::string{"text"});
    CHECK(second_of([](int) { return true; }).value());
}

TEST_CASE("outcome: a callable that returns a reference: the value is copied") {
    std::string kept = "kept";
    const auto r = second_of([&](int) -> std::string& { return kept; });
    static_assert(std::is_same_v<decltype(r), const result<std::string>>);
    CHECK(r.value() == "kept");
    CHECK(kept == "kept");
    const result<std::string> ready{std::string{"ready"}};
    CHECK(second_of([&](int) -> const result<std::string>& { return ready; }).value() == "ready");
    CHECK(ready.value() == "ready");
    const std::optional<std::string> maybe{"maybe"};
    CHECK(second_of([&](int) -> const std::optional<std::string>& { return maybe; }).value() ==
          "maybe");
}

TEST_CASE("outcome: a type of the user's") {
    CHECK(second_of([](int n) { return mine::reply{n == 1 ? 503 : 200, "body"}; }).value() ==
          "body");
    CHECK(as<mine::reply>(second_of([](int) { return mine::reply{503, ""}; })).status == 503);
    CHECK(as<mine::reply>(result<std::string>{std::string{"b"}}).body == "b");
}

TEST_CASE("outcome: `as` makes something else of a result") {
    const auto good = [] { return result<int>{7}; };
    const auto bad = [] { return result<int>{failure{refused}.with_retry_after(1s)}; };
    CHECK(as<int>(good()) == 7);
    CHECK_THROWS_AS(as<int>(bad()), outlast::failed);
    CHECK(as<std::optional<int>>(good()) == 7);
    CHECK(as<std::optional<int>>(bad()) == std::nullopt);
    CHECK(as<result<int>>(bad()).error().retry_after() == 1s);
    CHECK(as<std_result<int>>(good()).value() == 7);
    CHECK(as<std_result<int>>(bad()).error() == refused);
    CHECK(as<std_outcome<int>>(good()).value() == 7);
    CHECK(as<std_outcome<int>>(bad()).error() == refused);
    CHECK(as<boost::outcome_v2::std_result<int, failure>>(bad()).error().retry_after() == 1s);
    struct own_error {
        explicit own_error(const failure& f) : text(f.message()) {}
        std::string text;
    };
    using own_result =
        boost::outcome_v2::basic_result<int, own_error, boost::outcome_v2::policy::all_narrow>;
    CHECK(as<own_result>(bad()).assume_error().text == "Connection refused; try again in 1 s");
    CHECK(as<own_result>(good()).assume_value() == 7);

    // An error never becomes a value, whatever converts into what.
    CHECK(as<std_result<bool>>(result<bool>{refused}).error() == refused);
    CHECK(as<std_result<bool>>(result<bool>{false}).value() == false);
    CHECK(!as<std_outcome<bool>>(result<bool>{refused}).has_value());

    const auto done = [] { return result<void>{boost::outcome_v2::success()}; };
    const auto not_done = [] { return result<void>{refused}; };
    CHECK(as<std::error_code>(done()) == std::error_code{});
    CHECK(as<std::error_code>(not_done()) == refused);
    CHECK(as<std::error_code>(result<void>{refusal::circuit_open}) == refusal::circuit_open);
    as<void>(done());
    CHECK_THROWS_AS(as<void>(not_done()), outlast::failed);
    CHECK(as<std_result<void>>(done()).has_value());
    CHECK(as<std_result<void>>(not_done()).error() == refused);
    CHECK(*as<std::optional<move_only>>(result<move_only>{move_only{5}})->value == 5);
}

TEST_CASE("outcome: the verdict on a result") {
    CHECK(judge(result<int>{1}) == verdict::success());
    CHECK(judge(result<void>{boost::outcome_v2::success()}) == verdict::success());
    const verdict v = judge(result<int>{failure{refused}.with_retry_after(3s)});
    CHECK(v == verdict::failure(refused, 3s));
    CHECK(judge(result<int>{refused}).has_hint() == false);
    // Thrown without a code: a failure like any other, and that is its code.
    const verdict threw = judge(result<int>{failure{std::make_exception_ptr(1)}});
    CHECK(threw.kind == verdict_kind::failure);
    CHECK(threw.why == refusal::none);
    CHECK(threw.error() == refusal::threw);
    const verdict coded = judge(result<int>{failure{std::make_exception_ptr(1), refused}});
    CHECK(coded == verdict::failure(refused));
    // Law 8: a refusal is neutral, unless it is for want of time.
    for (const refusal why : {refusal::circuit_open, refusal::cancelled, refusal::rate_limited,
                              refusal::bulkhead_full, refusal::unavailable}) {
        const verdict no = judge(result<int>{why});
        CHECK(no.kind == verdict_kind::neutral);
        CHECK(no.why == why);
    }
    const verdict late =
        judge(result<int>{failure{refusal::timed_out}.with_cause(refused).with_retry_after(1s)});
    CHECK(late.failed());
    CHECK(late.why == refusal::timed_out);
    CHECK(late.error() == refused);
    CHECK(late.hint == 1s);
}

TEST_CASE("outcome: a failure never becomes a value on the way back, not even for bool") {
    using other = boost::outcome_v2::std_result<bool>;
    outlast::result<bool> r = outlast::failure{std::make_error_code(std::errc::connection_refused)};
    const auto back = outlast::as<other>(std::move(r));
    REQUIRE(back.has_error());
    CHECK(back.error() == std::errc::connection_refused);
    CHECK(outlast::as<other>(outlast::result<bool>{false}).value() == false);
}

TEST_CASE("outcome: a failure with an empty code is still one") {
    outlast::result<void> r = outlast::failure{std::error_code{}};
    CHECK(r.error().why() == outlast::refusal::unavailable);
    CHECK(outlast::as<std::error_code>(std::move(r)));
}

namespace {

// As boost::system::error_code is one.
struct other_code {
    int value = 0;
    operator std::error_code() const { return {value, std::generic_category()}; }
};

} // namespace

TEST_CASE("outcome: whatever converts to an error code is one, and no value") {
    outlast::pipeline p{};
    CHECK(p([&] { return other_code{refused.value()}; }).error().code() == refused);
    CHECK(p([] { return other_code{}; }).has_value());
    CHECK(p([] { return refusal::unavailable; }).error().code() == refusal::unavailable);
    STATIC_REQUIRE(std::is_void_v<outlast::value_of<other_code>>);
}

TEST_CASE("outcome: a callable that can do nothing but fail") {
    outlast::pipeline p{};
    CHECK(p([] { return outlast::failure{refusal::unavailable}; }).error().why() ==
          refusal::unavailable);
}
