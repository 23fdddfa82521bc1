// SPDX-License-Identifier: BSL-1.0
#include <outlast/make.hpp>

#include <outlast/pipeline.hpp>
#include <outlast/retry.hpp>
#include <outlast/threads.hpp>
#include <outlast/timeout.hpp>

#include "support/catch.hpp"

#include <chrono>
#include <concepts>

using namespace std::chrono_literals;

TEST_CASE("make: good options give the policy") {
    auto r = outlast::make<outlast::retry>(outlast::retry_options{.max_attempts = 7});
    static_assert(std::same_as<decltype(r), outlast::result<outlast::retry>>);
    REQUIRE(r);
    CHECK(r.value().options().max_attempts == 7);
}

TEST_CASE("make: a policy that cannot be moved is made where the result is kept") {
    auto r = outlast::make<outlast::circuit_breaker>(outlast::circuit_breaker_options{.window = 5});
    static_assert(std::same_as<decltype(r), outlast::result<outlast::circuit_breaker>>);
    REQUIRE(r);
    CHECK(r.value().options().window.calls == 5);
    const auto bad =
        outlast::make<outlast::circuit_breaker>(outlast::circuit_breaker_options{.open_for = -1s});
    REQUIRE(!bad);
    CHECK(bad.error().why() == outlast::refusal::invalid_options);
}

TEST_CASE("make: bad options give the sentence that the constructor throws") {
    const outlast::retry_options bad{.max_attempts = 0};
    const auto r = outlast::make<outlast::retry>(bad);
    REQUIRE(!r);
    CHECK(r.error().why() == outlast::refusal::invalid_options);
    CHECK(r.error().code() == outlast::refusal::invalid_options);
    CHECK(r.error().message() == bad.problem());
    CHECK_THROWS_AS(outlast::retry{bad}, std::invalid_argument);
}

TEST_CASE("make: a pipeline, or the sentence about its order") {
    const auto make = [](outlast::duration total) {
        return outlast::make<outlast::pipeline>(outlast::timeout{total}, outlast::retry{},
                                                outlast::timeout{1s});
    };
    auto good = make(2s);
    static_assert(
        std::same_as<decltype(good), outlast::result<outlast::pipeline<
                                         outlast::timeout, outlast::retry, outlast::timeout>>>);
    CHECK(good.has_value());
    const auto bad = make(500ms);
    REQUIRE(!bad);
    CHECK(bad.error().why() == outlast::refusal::invalid_options);
    CHECK(bad.error().message().find("pipeline: a timeout stands outside a longer one") == 0);
}
