// SPDX-License-Identifier: BSL-1.0
#include <outlast/oauth2/discovery_options.hpp>

#include "support/catch.hpp"

#include <array>
#include <functional>
#include <string_view>

using namespace outlast::oauth2;
using namespace std::chrono_literals;

TEST_CASE("discovery: the defaults") {
    const discovery_options o{.issuer = "https://idp.example"};
    CHECK(o.problem() == nullptr);
    CHECK(o.fresh_for == 24h);
    CHECK(o.incomplete_for == 1min);
    CHECK(o.stale_for == outlast::forever);
    CHECK(o.attempt_timeout == 1s);
    CHECK(o.overall_timeout == 1500ms);
    CHECK(o.retry.max_attempts == 2);
    CHECK(o.breaker.open_for == 10s);
    CHECK_FALSE(o.allow_plain_http);
}

TEST_CASE("discovery: options that make no sense are refused with a sentence") {
    struct bad {
        std::function<void(discovery_options&)> spoil;
        std::string_view begin;
    };
    const std::array all{
        bad{[](auto& o) { o.issuer.clear(); }, "discovery: the issuer is"},
        bad{[](auto& o) { o.issuer = "http://idp.example"; }, "discovery: the issuer is"},
        bad{[](auto& o) { o.issuer = "https://idp.example?a"; }, "discovery: the issuer is"},
        bad{[](auto& o) { o.further_origins = {"idp2.example"}; }, "discovery: a further origin"},
        bad{[](auto& o) { o.fresh_for = 0s; }, "discovery: fresh_for"},
        bad{[](auto& o) { o.incomplete_for = 0s; }, "discovery: fresh_for"},
        bad{[](auto& o) { o.stale_for = -1s; }, "discovery: fresh_for"},
        bad{[](auto& o) { o.attempt_timeout = 0s; }, "discovery: a timeout"},
        bad{[](auto& o) { o.overall_timeout = 999ms; }, "discovery: a timeout"},
        bad{[](auto& o) { o.retry.max_attempts = 0; }, "retry:"},
        bad{[](auto& o) { o.breaker.probes = 0; }, "circuit breaker:"},
        bad{[](auto& o) { o.wall = nullptr; }, "discovery: there is no wall clock"}};
    for (const bad& one : all) {
        discovery_options o{.issuer = "https://idp.example"};
        one.spoil(o);
        REQUIRE(o.problem() != nullptr);
        CHECK(std::string_view{o.problem()}.starts_with(one.begin));
    }
}
