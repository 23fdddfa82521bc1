// SPDX-License-Identifier: BSL-1.0
#include <outlast/make.hpp>

#include <outlast/budget.hpp>
#include <outlast/bulkhead.hpp>
#include <outlast/cache/memory.hpp>
#include <outlast/cache_aside.hpp>
#include <outlast/failover.hpp>
#include <outlast/fallback.hpp>
#include <outlast/hedge.hpp>
#include <outlast/keyed.hpp>
#include <outlast/late_value.hpp>
#include <outlast/pipeline.hpp>
#include <outlast/retry.hpp>
#include <outlast/run.hpp>
#include <outlast/threads.hpp>
#include <outlast/timeout.hpp>

#include "support/catch.hpp"

#include <chrono>
#include <concepts>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <type_traits>
#include <vector>

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

namespace {

/// That it was refused, in this sentence.
template <class T>
void refused(const outlast::result<T>& made, const char* sentence) {
    REQUIRE(!made);
    CHECK(made.error().why() == outlast::refusal::invalid_options);
    CHECK(made.error().message() == sentence);
}

} // namespace

TEST_CASE("make: timeouts, of a limit or of options, and computed ones") {
    const char* const none = outlast::timeout_options{.limit = 0s}.problem();
    CHECK(outlast::make<outlast::timeout>(2s).value().options().limit == 2s);
    refused(outlast::make<outlast::timeout>(0s), none);
    refused(outlast::make<outlast::timeout>(outlast::timeout_options{.limit = -1s}), none);

    const auto limit_of = [](int n) { return n * 1ms; };
    auto made = outlast::make<outlast::timeout_by>(limit_of, outlast::timeout_options{.limit = 2s});
    static_assert(std::same_as<
                  decltype(made),
                  outlast::result<outlast::timeout_by<std::remove_const_t<decltype(limit_of)>>>>);
    CHECK(made.value().options().limit == 2s);
    refused(outlast::make<outlast::timeout_by>(limit_of, outlast::timeout_options{.limit = 0s}),
            none);
}

TEST_CASE("make: a fallback and a late value, which nothing can be wrong with") {
    auto typed =
        outlast::make<outlast::fallback<int>>(7, outlast::fallback_options{.name = "zero"});
    CHECK(typed.value().options().name.view() == "zero");
    auto f = outlast::make<outlast::fallback>(std::make_unique<int>(7)); // what is only moved
    static_assert(
        std::same_as<decltype(f), outlast::result<outlast::fallback<std::unique_ptr<int>>>>);
    CHECK(f.has_value());
    CHECK(outlast::make<outlast::late_value>([](int) {}).has_value());
}

TEST_CASE("make: a cache, its store, and one that refuses its options") {
    auto store = outlast::make<outlast::memory<int, int>>(
        outlast::memory_options<int>{.capacity = 4, .negative_capacity = 4});
    REQUIRE(store);
    refused(outlast::make<outlast::memory<int, int>>(outlast::memory_options<int>{.capacity = 0}),
            outlast::memory_options<int>{.capacity = 0}.problem());
    const auto key_of = [](int n) { return n; };
    const auto life = [](int) { return outlast::lifetime{.fresh_for = 1h}; };
    auto remember = outlast::make<outlast::cache_aside>(
        store.value(), key_of, life, outlast::cache_aside_options{.name = "ints"});
    REQUIRE(remember);
    CHECK(remember.value().options().name.view() == "ints");
    outlast::pipeline p{std::ref(remember.value())};
    int calls = 0;
    auto work = [&](int n) { return ++calls, n; };
    CHECK(p(work, 3).value() + p(work, 3).value() == 6);
    CHECK(calls == 1);
    const outlast::cache_aside_options bad{.wait = -1s};
    refused(outlast::make<outlast::cache_aside>(store.value(), key_of, life, bad), bad.problem());
}

TEST_CASE("make: policies by key, and several targets") {
    const auto key_of = [](int) { return std::string{"a"}; };
    const auto one = [](const std::string&) {
        return std::make_shared<outlast::circuit_breaker>();
    };
    auto breakers = outlast::make<outlast::keyed>(key_of, one, std::size_t{2});
    REQUIRE(breakers);
    outlast::pipeline p{std::ref(breakers.value())};
    CHECK(p([](int n) { return n; }, 3).value() == 3);
    CHECK(breakers.value().size() == 1);
    CHECK(outlast::make<outlast::keyed>(key_of, one).has_value());
    refused(outlast::make<outlast::keyed>(key_of, one, std::size_t{0}),
            "keyed: capacity is 1 or more");

    outlast::circuit_breaker b;
    const auto place_of = [](std::size_t* at) -> std::size_t& { return *at; };
    CHECK(outlast::make<outlast::failover>(std::vector{std::ref(b)}, place_of).has_value());
    refused(outlast::make<outlast::failover>(
                std::vector<std::reference_wrapper<outlast::circuit_breaker>>{}, place_of),
            "failover: there is one target or more");
}

TEST_CASE("make: what takes options alone: a bulkhead, a hedge, a budget") {
    const outlast::bulkhead_options closed{.queue = 1};
    CHECK(outlast::make<outlast::bulkhead>(outlast::bulkhead_options{.permits = 2})
              .value()
              .options()
              .permits == 2);
    refused(outlast::make<outlast::bulkhead>(closed), closed.problem());
    const outlast::hedge_options many{.idempotent = true, .max_lanes = 9};
    CHECK(outlast::make<outlast::hedge>(outlast::hedge_options{.idempotent = true}).has_value());
    refused(outlast::make<outlast::hedge>(many), many.problem());
    const outlast::failure_tokens no_tokens{.most = 0};
    CHECK(outlast::make<outlast::budget>(outlast::running_share{}).has_value());
    refused(outlast::make<outlast::budget>(no_tokens), no_tokens.problem());
}

TEST_CASE("make: a pipeline of what is shared, whose order is looked at by what it is") {
    outlast::circuit_breaker b;
    auto twice = outlast::make<outlast::pipeline>(std::ref(b), outlast::retry{}, std::ref(b));
    REQUIRE(!twice);
    CHECK(twice.error().message().find("pipeline: the same policy stands in it twice") == 0);
    CHECK(outlast::make<outlast::pipeline>(outlast::retry{}, std::ref(b)).has_value());
    CHECK(outlast::make<outlast::pipeline>().has_value());
}
