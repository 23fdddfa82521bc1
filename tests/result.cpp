// SPDX-License-Identifier: BSL-1.0
#include <outlast/result.hpp>

#include "support/catch.hpp"
#include "support/print.hpp"
#include "support/zoo.hpp"

#include <boost/outcome/try.hpp>

#include <chrono>
#include <memory>
#include <string>
#include <system_error>
#include <type_traits>
#include <utility>

using namespace std::chrono_literals;
using outlast::failure;
using outlast::refusal;
using outlast::result;

namespace {

const auto refused = std::make_error_code(std::errc::connection_refused);

result<int> parse(const std::string& s) {
    if (s.empty())
        return std::make_error_code(std::errc::invalid_argument);
    return static_cast<int>(s.size());
}

result<std::string> twice(const std::string& s) {
    BOOST_OUTCOME_TRY(const auto n, parse(s));
    return std::to_string(2 * n);
}

} // namespace

static_assert(std::is_nothrow_move_constructible_v<result<int>>);
static_assert(!std::is_copy_constructible_v<result<std::unique_ptr<int>>>);
static_assert(std::is_same_v<result<int>::error_type, failure>);

TEST_CASE("result: a value or a failure, made from either") {
    const result<int> good = 7;
    REQUIRE(good);
    CHECK(good.value() == 7);
    const result<int> bad = refused;
    REQUIRE(!bad);
    CHECK(bad.error().code() == refused);
    const result<int> no = refusal::unavailable;
    CHECK(no.error().why() == refusal::unavailable);
    const result<int> full = failure{refusal::circuit_open}.with_retry_after(1s);
    CHECK(full.error().retry_after() == 1s);
    const result<void> done = boost::outcome_v2::success();
    CHECK(done.has_value());
    const result<outlast_tests::move_only> moved{outlast_tests::move_only{3}};
    CHECK(*moved.value().value == 3);
}

TEST_CASE("result: asked for a value that it has not, it throws `failed`, with all it knows") {
    const result<int> r = failure{refusal::circuit_open}.with_retry_after(1s);
    try {
        (void)r.value();
        FAIL("it did not throw");
    } catch (const outlast::failed& e) {
        CHECK(e.code() == refusal::circuit_open);
        CHECK(e.why().retry_after() == 1s);
        CHECK(std::string{e.what()}.find(e.why().message()) != std::string::npos);
    }
    CHECK_THROWS_AS(r.value(), std::system_error);
    CHECK_THROWS_AS(result<void>{refused}.value(), outlast::failed);
}

TEST_CASE("result: BOOST_OUTCOME_TRY hands a failure up") {
    CHECK(twice("abc").value() == "6");
    CHECK(twice("").error().code() == std::errc::invalid_argument);
}
