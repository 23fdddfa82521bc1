// SPDX-License-Identifier: BSL-1.0
#include <outlast/oauth2/knowledge.hpp>

#include "bodies.hpp"
#include "support/catch.hpp"
#include "support/print.hpp"

#include <chrono>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

using namespace outlast::oauth2;
using namespace std::chrono_literals;
using outlast::duration;
using outlast::forever;
using outlast::lifetime;
using outlast_tests::at;
using outlast_tests::second;
using std::chrono::system_clock;

namespace {

knowledge active(std::optional<std::int64_t> exp, duration lives_for) {
    facts f;
    if (exp)
        f.exp = second(*exp);
    return {.what = knowledge::verdict::active,
            .said = std::make_shared<const facts>(std::move(f)),
            .lives_for = lives_for};
}

token_life standing_at(double offset, lifetime_options options = {}) {
    return {options, [offset] { return at(offset); }};
}

} // namespace

TEST_CASE("knowledge: nothing said is a no") {
    const knowledge k;
    CHECK(k.what == knowledge::verdict::inactive);
    CHECK_FALSE(k.said);
}

TEST_CASE("knowledge: the lifetimes of profile D are the defaults") {
    const lifetime_options o;
    CHECK(o.fresh_for == 60s);
    CHECK(o.fresh_for_without_exp == 30s);
    CHECK(o.stale_for == 300s);
    CHECK(o.negative_for == 10s);
    CHECK(o.expired_for == 10s);
    CHECK(o.problem() == nullptr);
}

TEST_CASE("knowledge: lifetimes that make no sense are refused with a sentence") {
    const std::string_view sentence = "introspector: a lifetime is negative, or fresh_for is zero";
    for (const lifetime_options& o :
         {lifetime_options{.fresh_for = 0s}, lifetime_options{.fresh_for = -1ns},
          lifetime_options{.fresh_for_without_exp = -1ns}, lifetime_options{.stale_for = -1ns},
          lifetime_options{.negative_for = -1ns}, lifetime_options{.expired_for = -1ns}}) {
        REQUIRE(o.problem() != nullptr);
        CHECK(o.problem() == sentence);
    }
    const lifetime_options least{.fresh_for = 1ns,
                                 .fresh_for_without_exp = 0s,
                                 .stale_for = 0s,
                                 .negative_for = 0s,
                                 .expired_for = 0s};
    CHECK(least.problem() == nullptr);
}

TEST_CASE("knowledge: how long each verdict is kept") {
    const token_life life = standing_at(0);
    struct expected {
        duration lives_for, fresh, stale;
    };
    for (const auto& [lives_for, fresh, stale] :
         {expected{3600s, 60s, 300s}, expected{360s, 60s, 300s}, expected{359s, 60s, 299s},
          expected{90s, 60s, 30s}, expected{60s, 60s, 0s}, expected{20s, 20s, 0s},
          expected{1ns, 1ns, 0s}, expected{0s, 0s, 0s}, expected{-5s, -5s, 0s},
          expected{forever, 60s, 300s}, expected{-forever, -forever, 0s}}) {
        CAPTURE(lives_for);
        const lifetime got = life(active(3600, lives_for));
        CHECK(got.fresh_for == fresh);
        CHECK(got.stale_for == stale);
        CHECK_FALSE(got.negative);
    }
}

TEST_CASE("knowledge: without exp it is fresh for 30 s and never stale") {
    const lifetime got = standing_at(0)(active(std::nullopt, forever));
    CHECK(got.fresh_for == 30s);
    CHECK(got.stale_for == 0s);
    CHECK_FALSE(got.negative);
}

TEST_CASE("knowledge: noes and expired tokens are negative, for 10 s") {
    const token_life life = standing_at(0, {.negative_for = 7s, .expired_for = 8s});
    const lifetime no = life({.what = knowledge::verdict::inactive});
    CHECK(no.fresh_for == 7s);
    CHECK(no.stale_for == 0s);
    CHECK(no.negative);
    knowledge past = active(30, 30s);
    past.what = knowledge::verdict::expired;
    CHECK(life(past).fresh_for == 8s);
    CHECK(life(past).stale_for == 0s);
    CHECK(life(past).negative);
}

TEST_CASE("knowledge: exp is reached at exp, by the wall or by the time since it was learnt") {
    const knowledge k = active(30, 30s);
    SECTION("neither: it stays as it is") {
        CHECK_FALSE(standing_at(29.999)(k).negative);
        CHECK_FALSE(standing_at(29.999).recheck(k, 30s - 1ns));
    }
    SECTION("by the wall, whatever the age") {
        REQUIRE(standing_at(30).recheck(k, 0s));
        CHECK(standing_at(7200).recheck(k, 1s));
    }
    SECTION("by the age, whatever the wall says") {
        REQUIRE(standing_at(0).recheck(k, 30s));
        CHECK(standing_at(-7200).recheck(k, 31s));
        CHECK(standing_at(-7200).recheck(k, forever));
    }
    SECTION("what it becomes") {
        const auto newer = standing_at(30).recheck(k, 30s);
        REQUIRE(newer);
        CHECK(newer->what == knowledge::verdict::expired);
        CHECK(newer->said == k.said);
    }
}

TEST_CASE("knowledge: noes, expired tokens and those without exp are not looked at again") {
    const token_life never_asked{
        {}, []() -> system_clock::time_point { throw std::logic_error{"the wall was asked"}; }};
    CHECK_FALSE(never_asked.recheck({.what = knowledge::verdict::inactive}, forever));
    CHECK_FALSE(never_asked.recheck(active(std::nullopt, forever), 1h));
    knowledge past = active(30, 30s);
    past.what = knowledge::verdict::expired;
    CHECK_FALSE(never_asked.recheck(past, forever));
}

TEST_CASE("knowledge: time_to is exact, before and after, and saturates") {
    CHECK(time_to(second(30), at(0)) == 30s);
    CHECK(time_to(second(30), at(29.75)) == 250ms);
    CHECK(time_to(second(30), at(30)) == 0s);
    CHECK(time_to(second(30), at(30.25)) == -250ms);
    CHECK(time_to(second(-5), at(0)) == -5s);

    const std::chrono::sys_seconds year_9999{253'402'300'799s};
    CHECK(time_to(std::chrono::sys_seconds{9'000'000'000s}, at(0)) == 7'300'000'000s);
    CHECK(time_to(year_9999, at(0)) == forever);
    CHECK(time_to(year_9999, system_clock::time_point::min()) == forever);
    CHECK(time_to(std::chrono::sys_seconds{1s}, system_clock::time_point::max()) <
          duration{-292 * 365 * 24h});
    CHECK(time_to(std::chrono::sys_seconds{-253'402'300'799s}, at(0)) == -forever);
    // Between dates that a server may say, and no clock of ours.
    CHECK(time_to(second(100), year_9999) == -forever);
    CHECK(time_to(year_9999, year_9999) == 0s);
    CHECK(time_to(year_9999, year_9999 - 30s) == 30s);
    // A wall before 1970: the fraction still counts forward.
    CHECK(time_to(std::chrono::sys_seconds{0s}, system_clock::time_point{-250ms}) == 250ms);
}
