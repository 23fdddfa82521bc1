// SPDX-License-Identifier: BSL-1.0
#include <outlast/oauth2/introspector_options.hpp>

#include <outlast/oauth2/introspector.hpp>

#include "support/catch.hpp"
#include "support/story.hpp"

#include <array>
#include <functional>
#include <stdexcept>
#include <string_view>
#include <utility>

using namespace outlast::oauth2;
using namespace outlast_tests;
using namespace std::chrono_literals;

TEST_CASE("introspector: the defaults are profile D") {
    const introspector_options o;
    CHECK(o.problem() != nullptr); // there is no endpoint to guess
    CHECK(o.cache.capacity == 10'000);
    CHECK(o.cache.negative_capacity == 4096);
    CHECK(o.stale_wait == 500ms);
    CHECK_FALSE(o.stale_on_fault);
    CHECK(o.attempt_timeout == 2s);
    CHECK(o.overall_timeout == 3s);
    CHECK(o.retry.max_attempts == 2);
    CHECK(o.retry.backoff.base == 100ms);
    CHECK(o.retry.backoff.chance == outlast::jitter::full);
    CHECK(o.breaker.window.calls == 20);
    CHECK(o.breaker.minimum_calls == 10);
    CHECK(o.breaker.failure_ratio == outlast::ratio::of(0.5));
    CHECK(o.breaker.open_for == 10s);
    CHECK(o.breaker.hold_back == 500ms);
    CHECK(o.fault_pause == 30s);
    CHECK(o.bearer.max_length == 4096);
    CHECK_FALSE(o.reading.lenient_numbers);
    CHECK(o.wall);
}

TEST_CASE("introspector: options that make no sense are refused with a sentence") {
    struct bad {
        std::function<void(introspector_options&)> spoil;
        std::string_view sentence;
    };
    constexpr std::string_view no_endpoint =
        "introspector: an endpoint is an absolute URL without user and password, and there is at "
        "least one";
    const std::array all{
        bad{[](auto& o) { o.endpoints = {""}; }, no_endpoint},
        bad{[](auto& o) { o.endpoints.clear(); }, no_endpoint},
        bad{[](auto& o) { o.endpoints.emplace_back("as2.example"); }, no_endpoint},
        bad{[](auto& o) { o.endpoints = {"as.example/introspect"}; }, no_endpoint},
        bad{[](auto& o) { o.endpoints = {"https://rs:s3cr3t@as.example/introspect"}; },
            no_endpoint},
        bad{[](auto& o) { o.realm = "a\r\nSet-Cookie: x"; },
            "introspector: the realm is not printable ASCII"},
        bad{[](auto& o) { o.realm = "caf\xc3\xa9"; },
            "introspector: the realm is not printable ASCII"},
        bad{[](auto& o) { o.lifetimes.fresh_for = 0s; },
            "introspector: a lifetime is negative, or fresh_for is zero"},
        bad{[](auto& o) { o.cache.negative_capacity = 0; }, "memory: a capacity is 1 or more"},
        bad{[](auto& o) { o.revocations = 0; }, "introspector: revocations is 1 or more"},
        bad{[](auto& o) { o.admission.queue = 0; },
            "bulkhead: queue says how many calls may wait, and wait how long: set both or neither"},
        bad{[](auto& o) { o.stale_wait = -1ns; }, "introspector: stale_wait is not negative"},
        bad{[](auto& o) { o.attempt_timeout = 0s; }, "introspector: a timeout is longer than 0"},
        bad{[](auto& o) { o.overall_timeout = -1s; }, "introspector: a timeout is longer than 0"},
        bad{[](auto& o) { o.attempt_timeout = o.overall_timeout + 1ns; },
            "introspector: one attempt may take longer than the whole (attempt_timeout, "
            "overall_timeout): the breaker would never see a timeout"},
        bad{[](auto& o) { o.retry.max_attempts = 0; },
            "retry: max_attempts counts the first attempt too: 1 or more"},
        bad{[](auto& o) { o.breaker.open_for = 0s; }, "circuit breaker: open_for is longer than 0"},
        bad{[](auto& o) { o.fault_pause = 0s; }, "introspector: fault_pause is longer than 0"},
        bad{[](auto& o) { o.wall = nullptr; }, "introspector: there is no wall clock"},
    };
    scripted_server server;
    for (const auto& [spoil, sentence] : all) {
        introspector_options o = profile_d();
        CHECK(o.problem() == nullptr);
        spoil(o);
        REQUIRE(o.problem() != nullptr);
        CHECK(o.problem() == sentence);
        CHECK_THROWS_AS(introspector(std::move(o), server), std::invalid_argument);
    }
}

TEST_CASE("introspector: options that were moved from are refused, not used") {
    scripted_server server;
    introspector_options o = profile_d();
    const introspector first{std::move(o), server};
    CHECK_THROWS_AS(introspector(std::move(o), server), std::invalid_argument);
}
