// SPDX-License-Identifier: BSL-1.0
#include <outlast/budget.hpp>

#include "support/catch.hpp"
#include "support/print.hpp"
#include "support/script.hpp"

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <random>
#include <string>
#include <string_view>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

using namespace std::chrono_literals;
using outlast::budget;
using outlast::failure_tokens;
using outlast::no_limit;
using outlast::ratio;
using outlast::running_share;
using outlast::traffic_share;
using outlast_tests::at;

namespace {

constexpr void times_n(int n, auto&& what) {
    for (int i = 0; i != n; ++i)
        what();
}

} // namespace

TEST_CASE("RB-01 drain") {
    budget b{failure_tokens{.most = 10, .per_success = ratio::of(0.1)}};
    times_n(4, [&] { b.failed(); });
    CHECK(b.allows(at(0s)));
    b.failed();
    CHECK_FALSE(b.allows(at(0s)));
    CHECK_FALSE(b.take(at(0s)));
}

TEST_CASE("RB-02 replenish exactly") {
    for (const auto& [most, successes] : {std::pair{10, 50}, std::pair{4, 20}}) {
        budget b{failure_tokens{.most = static_cast<std::uint32_t>(most),
                                .per_success = ratio::of(0.1)}};
        times_n(most, [&] { b.failed(); });
        CHECK(b.tokens() == 0);
        times_n(successes, [&] { b.succeeded(); });
        CHECK_FALSE(b.allows(at(0s)));
        b.succeeded();
        CHECK(b.allows(at(0s)));
        CHECK(b.take(at(0s))); // a retry itself costs nothing, its failure does
        CHECK(b.allows(at(0s)));
    }
}

TEST_CASE("RB-03 time does nothing at rate 0, successes do") {
    budget b{traffic_share{.share = ratio::of(1), .one_each = no_limit, .most = 5, .at_start = 5}};
    times_n(5, [&] { CHECK(b.take(at(0s))); });
    CHECK_FALSE(b.take(at(0s)));
    b.succeeded();
    CHECK(b.take(at(0s)));
    CHECK_FALSE(b.take(at(0s)));
    CHECK_FALSE(b.take(at(1h)));
}

TEST_CASE("RB-04 fractions survive") {
    const traffic_share rule{.share = ratio::of(1), .one_each = 2s, .most = 10, .at_start = 0};
    const auto tokens = [](budget& b, outlast::duration now) {
        (void)b.allows(at(now));
        return b.tokens();
    };
    budget b{rule};
    CHECK(tokens(b, 0s) == 0);
    CHECK(tokens(b, 2s) == 1);
    CHECK(tokens(b, 4s) == 2);
    CHECK(tokens(b, 5s) == 2);
    CHECK(tokens(b, 6s) == 3);
    CHECK(tokens(b, 1006s) == 10);
    budget fresh{rule};
    CHECK(tokens(fresh, 0s) == 0);
    CHECK(tokens(fresh, 1s) == 0);
    fresh.succeeded();
    CHECK(tokens(fresh, 1s) == 1);
    CHECK(tokens(fresh, 2s) == 2);
}

TEST_CASE("RB-05 share of running calls") {
    budget b{running_share{.share = ratio::of(0.5), .least = 1}};
    budget::seat calls[2];
    for (budget::seat& call : calls)
        call.take(b);
    REQUIRE(b.take(at(0s)));
    CHECK(b.running() == budget::in_progress{2, 1});
    CHECK(b.allows(at(0s)));
    CHECK(b.take(at(0s))); // 2 of 4
    CHECK_FALSE(b.allows(at(0s)));
    CHECK_FALSE(b.take(at(0s))); // 3 of 5
    b.end_retry(true);
    CHECK(b.take(at(0s)));
    CHECK_FALSE(b.take(at(0s)));
    CHECK_FALSE(b.take(at(1h))); // time frees nothing
    b.succeeded();
    b.failed();
    CHECK(b.running() == budget::in_progress{2, 2}); // nor does what calls come to
}

TEST_CASE("budget: a share of what runs has a floor, and neither may be") {
    const auto most = [](const running_share& rule, int calls) {
        budget b{rule};
        std::vector<budget::seat> all(static_cast<std::size_t>(calls));
        for (budget::seat& call : all)
            call.take(b);
        int n = 0;
        while (n != 1000 && b.take(at(0s)))
            ++n;
        return n;
    };
    CHECK(most({}, 1) == 3);  // the floor
    CHECK(most({}, 12) == 3); // 3 of 15
    CHECK(most({}, 15) == 3); // 4 of 19 would be more
    CHECK(most({}, 16) == 4); // 4 of 20
    CHECK(most({}, 400) == 100);
    CHECK(most({.least = 0}, 3) == 0);
    CHECK(most({.least = 0}, 4) == 1);
    CHECK(most({.share = ratio::of(0), .least = 2}, 400) == 2);
    CHECK(most({.share = ratio::of(0), .least = 0}, 400) == 0);
    CHECK(most({.share = ratio::of(1), .least = 0}, 1) == 1000); // as many as want to
}

TEST_CASE("budget: a call that leaves takes its retry with it, however it goes") {
    budget b{running_share{}};
    {
        budget::seat dropped;
        dropped.take(b);
        REQUIRE(dropped.pay(b, at(0s)));
        budget::seat moved{std::move(dropped)};
        CHECK(b.running() == budget::in_progress{1, 1});
    }
    CHECK(b.running() == budget::in_progress{});
    budget::seat call;
    call.take(b);
    REQUIRE(call.pay(b, at(0s)));
    call.settle(false);
    call.settle(true); // the next attempt was not paid for
    CHECK(b.running() == budget::in_progress{1, 0});
    call.leave();
    call.leave();
    CHECK(b.running() == budget::in_progress{});
}

TEST_CASE("budget: a share of the traffic, in millionths") {
    budget b{traffic_share{.share = ratio::of(0.2), .one_each = no_limit, .at_start = 0}};
    times_n(4, [&] { b.succeeded(); });
    CHECK_FALSE(b.take(at(0s)));
    b.succeeded();
    CHECK(b.take(at(0s)));
    CHECK_FALSE(b.take(at(0s)));
}

TEST_CASE("budget: what is given back can be taken again, and no more than it holds") {
    budget b{traffic_share{.one_each = no_limit, .most = 2, .at_start = 2}};
    REQUIRE(b.take(at(0s)));
    b.end_retry(false);
    b.end_retry(false); // not above the brim
    CHECK(b.tokens() == 2);
    CHECK(b.take(at(0s)));
    CHECK(b.take(at(0s)));
    CHECK_FALSE(b.take(at(0s)));
}

TEST_CASE("budget: the floor fills from the first look on, whatever the clock's zero") {
    for (const auto zero : {at(0s), at(-1h), at(365 * 24h)}) {
        budget b{traffic_share{.one_each = 100ms, .most = 3, .at_start = 0}};
        CHECK_FALSE(b.take(zero));
        CHECK_FALSE(b.take(zero + 99ms));
        CHECK(b.take(zero + 100ms));
        CHECK_FALSE(b.take(zero + 100ms));
        CHECK_FALSE(b.take(zero)); // a thread that read its clock earlier
        times_n(3, [&] { CHECK(b.take(zero + 1h)); });
        CHECK_FALSE(b.take(zero + 1h));
    }
}

TEST_CASE("budget: options that make no sense are refused in a sentence") {
    const auto refuses = [](const auto& rule, const std::string& sentence) {
        REQUIRE(rule.problem() != nullptr);
        CHECK(rule.problem() == sentence);
        CHECK_THROWS_MATCHES(budget{rule}, std::invalid_argument,
                             Catch::Matchers::Message(sentence));
    };
    refuses(traffic_share{.share = ratio::of(1.1)}, "budget: share is a ratio from 0 % to 100 %");
    refuses(traffic_share{.one_each = 0s},
            "budget: one_each is more than zero; write no_limit for no floor");
    const std::string most =
        "budget: 1 to 1000000000 retries can be saved up, and no more are there at first";
    refuses(traffic_share{.most = 0, .at_start = 0}, most);
    refuses(traffic_share{.most = 1, .at_start = 2}, most);
    refuses(traffic_share{.most = 1'000'000'001}, most);
    refuses(failure_tokens{.per_success = ratio::of(-1)},
            "budget: per_success is a ratio from 0 % to 100 %");
    refuses(failure_tokens{.most = 0}, "budget: from 1 to 1000000000 tokens");
    refuses(running_share{.share = ratio::of(1.1)}, "budget: share is a ratio from 0 % to 100 %");
    CHECK(traffic_share{}.problem() == nullptr);
    CHECK(failure_tokens{}.problem() == nullptr);
    CHECK(running_share{}.problem() == nullptr);
}

TEST_CASE("budget: any history against a plain model") {
    std::mt19937_64 chance{11};
    for (int round = 0; round != 300; ++round) {
        const std::int64_t most = 1 + static_cast<std::int64_t>(chance() % 10);
        const std::int64_t each = 1 + static_cast<std::int64_t>(chance() % 50);
        const bool floor = chance() % 2 == 0;
        budget b{traffic_share{.share = ratio::of(0.25),
                               .one_each = floor ? outlast::duration{each} : no_limit,
                               .most = static_cast<std::uint32_t>(most),
                               .at_start = 0}};
        std::int64_t quarters = 0; // of tokens
        std::int64_t ticks = 0;
        std::int64_t now = 0;
        REQUIRE_FALSE(b.allows(at(0ns)));
        for (int k = 0; k != 200; ++k) {
            switch (chance() % 3) {
            case 0:
                b.succeeded();
                quarters = std::min(quarters + 1, most * 4);
                break;
            case 1:
                now += static_cast<std::int64_t>(chance() % 30);
                break;
            default:
                if (floor)
                    quarters = std::min(quarters + (now / each - ticks) * 4, most * 4);
                ticks = now / each;
                REQUIRE(b.take(at(outlast::duration{now})) == (quarters >= 4));
                if (quarters >= 4)
                    quarters -= 4;
            }
            REQUIRE(b.tokens() == quarters / 4);
        }
    }
}

TEST_CASE("budget: threads take together no more than there is, and lose nothing") {
    constexpr int each = 20'000;
    budget b{traffic_share{
        .share = ratio::of(0.5), .one_each = no_limit, .most = 1'000'000, .at_start = 1000}};
    std::atomic<std::int64_t> taken{0};
    std::atomic<std::int64_t> refunded{0};
    std::vector<std::thread> all;
    for (int t = 0; t != 3; ++t)
        all.emplace_back([&, t] {
            for (int i = 0; i != each; ++i) {
                if (i % 4 == t)
                    b.succeeded();
                if (b.take(at(0s))) {
                    ++taken;
                    if (i % 5 == 0) {
                        b.end_retry(false);
                        ++refunded;
                    }
                }
            }
        });
    for (auto& t : all)
        t.join();
    std::int64_t left = 0;
    while (b.take(at(0s)))
        ++left;
    // 1000 at first, half a token for each quarter of the rounds of each thread.
    CHECK(taken - refunded + left == 1000 + 3 * each / 4 / 2);
}

TEST_CASE("budget: failures from many threads never take it below nothing") {
    budget b{failure_tokens{.most = 100, .per_success = ratio::of(1)}};
    std::vector<std::thread> all;
    for (int t = 0; t != 3; ++t)
        all.emplace_back([&] { times_n(1000, [&] { b.failed(); }); });
    for (auto& t : all)
        t.join();
    CHECK(b.tokens() == 0);
    times_n(50, [&] { b.succeeded(); });
    CHECK_FALSE(b.allows(at(0s)));
    b.succeeded(); // nothing below zero has to be made up for
    CHECK(b.allows(at(0s)));
}

TEST_CASE("budget: threads together run no more retries than their share, and none is lost") {
    constexpr int each = 20'000;
    budget b{running_share{.share = ratio::of(0), .least = 2}};
    std::atomic<int> running{0};
    std::atomic<int> most{0};
    std::atomic<int> made{0};
    std::vector<std::thread> all;
    for (int t = 0; t != 3; ++t)
        all.emplace_back([&] {
            for (int i = 0; i != each; ++i) {
                budget::seat call;
                call.take(b);
                if (!call.pay(b, at(0s)))
                    continue;
                const int now = ++running;
                for (int seen = most; seen < now && !most.compare_exchange_weak(seen, now);)
                    ;
                ++made;
                --running;
            }
        });
    for (auto& t : all)
        t.join();
    CHECK(made > 0);
    CHECK(most <= 2);
    CHECK(b.running() == budget::in_progress{});
}

// ---- in a constant expression

namespace {

constexpr bool counts() {
    budget b{failure_tokens{.most = 2, .per_success = ratio::of(0.5)}};
    const bool first = b.take(at(0s));
    b.failed();
    const bool second = b.take(at(0s));
    b.succeeded();
    budget c{traffic_share{.one_each = 1s, .most = 1, .at_start = 0}};
    return first && !second && b.take(at(0s)) && !c.take(at(0s)) && c.take(at(1s));
}
constexpr bool counts_what_runs() {
    budget b{running_share{.share = ratio::of(0.5), .least = 0}};
    const bool idle = b.take(at(0s));
    budget::seat call;
    call.take(b);
    return !idle && b.counts_running() && call.pay(b, at(0s)) && !b.take(at(0s));
}
static_assert(counts_what_runs());
static_assert(counts());

} // namespace

TEST_CASE("budget: says its rule, as it was given") {
    const auto says = [](const outlast::budget& b) {
        std::string all;
        b.each([&](const char* name, const auto& value) {
            using value_type = std::remove_cvref_t<decltype(value)>;
            all += std::string{name} + ' ';
            if constexpr (std::is_same_v<value_type, std::string_view>)
                all += value;
            else if constexpr (std::is_same_v<value_type, outlast::ratio>)
                all += std::to_string(value.millionths());
            else if constexpr (std::is_same_v<value_type, outlast::duration>)
                all += std::to_string(value / 1ms);
            else
                all += std::to_string(value);
            all += ';';
        });
        return all;
    };
    using outlast::budget;
    using outlast::ratio;
    CHECK(says(budget{}) == "rule traffic_share;share 200000;one_each 100;most 100;at_start 10;");
    CHECK(says(budget{outlast::traffic_share{ratio::of(0.333333), 5s, 7, 3}}) ==
          "rule traffic_share;share 333333;one_each 5000;most 7;at_start 3;");
    CHECK(says(budget{outlast::failure_tokens{.most = 3, .per_success = ratio::of(1)}}) ==
          "rule failure_tokens;most 3;per_success 1000000;");
    CHECK(says(budget{outlast::running_share{.share = ratio{}, .least = 0}}) ==
          "rule running_share;share 0;least 0;");
}
