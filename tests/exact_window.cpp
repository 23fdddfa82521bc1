// SPDX-License-Identifier: BSL-1.0
#include <outlast/exact_window.hpp>

#include "support/catch.hpp"
#include "support/print.hpp"
#include "support/script.hpp"

#include <cstddef>
#include <cstdint>
#include <random>
#include <vector>

using namespace std::chrono_literals;
using outlast::duration;
using outlast::exact_window;
using outlast::instant;
using outlast::tally;
using outlast_tests::at;

TEST_CASE("exact window: an outcome leaves when it is as old as the span, and not before") {
    exact_window w{8, 10s};
    w.record(at(1s), true);
    w.record(at(1s) + 1ns, false, true);
    CHECK(w.counts(at(11s) - 1ns) == tally{2, 1, 1});
    CHECK(w.counts(at(11s)) == tally{1, 0, 1}); // the interval is (now - span, now]
    CHECK(w.counts(at(11s) + 1ns) == tally{});
    CHECK(w.counts(at(1s)) == tally{}); // nobody turns time back
}

TEST_CASE("exact window: of more than it holds, the newest") {
    exact_window w{3, 10s};
    for (const bool failed : {true, true, false, false})
        w.record(at(1s), failed);
    CHECK(w.counts() == tally{3, 1});
    CHECK(w.counts_with(true, false, 1) == tally{3, 1});
    CHECK(w.counts_with(false, true, 2) == tally{3, 0, 2});
    CHECK(w.counts_with(true, true, UINT32_MAX) == tally{3, 3, 3});
    w.clear();
    CHECK(w.counts() == tally{});
    CHECK(w.counts_with(true, false, 2) == tally{2, 2});
}

TEST_CASE("exact window: an event that another thread read earlier is counted as of now") {
    exact_window w{4, 10s};
    w.record(at(100s), false);
    w.record(at(60s), true);
    CHECK(w.counts(at(109s)) == tally{2, 1});
    CHECK(w.counts(at(110s)) == tally{});
}

TEST_CASE("exact window: what it holds goes into another one, as old as it is") {
    exact_window w{4, 10s};
    for (int second = 0; second != 4; ++second)
        w.record(at(100s + duration{1s} * second), second % 2 == 0);
    exact_window same{4, 10s};
    same.record(at(3s), true);
    same.refill(w.contents());
    CHECK(same.counts(at(103s)) == tally{4, 2});
    CHECK(same.counts(at(110s)) == tally{3, 1});
    exact_window earlier{4, 10s};
    earlier.record(at(500s), true);
    earlier.refill(w.contents());
    CHECK(earlier.counts(at(103s)) == tally{4, 2});
    CHECK(earlier.counts(at(113s)) == tally{});
    exact_window fewer{2, 10s};
    fewer.refill(w.contents());
    CHECK(fewer.counts(at(103s)) == tally{2, 1});
    exact_window briefer{4, 2s};
    briefer.refill(w.contents());
    CHECK(briefer.counts(at(103s)) == tally{2, 1});
}

TEST_CASE("exact window: against a plain list") {
    std::mt19937 chance{12};
    struct event {
        instant at;
        bool failed;
        bool slow;
    };
    for (const std::uint32_t n : {1U, 2U, 7U, 30U})
        for (const duration span : {duration{1s}, duration{7ns}}) {
            exact_window w{n, span};
            std::vector<event> list;
            instant now = at(1h);
            const auto expected = [&](const std::vector<event>& all) {
                tally t;
                for (std::size_t i = all.size(); i-- != 0 && all.size() - i <= n;)
                    if (now - all[i].at < span)
                        t += {1, all[i].failed ? 1U : 0U, all[i].slow ? 1U : 0U};
                return t;
            };
            for (int i = 0; i != 2000; ++i) {
                now += duration{static_cast<std::int64_t>(chance() % 100) * span.count() / 300};
                if (chance() % 4 != 0) {
                    list.push_back({now, chance() % 2 == 0, chance() % 3 == 0});
                    w.record(now, list.back().failed, list.back().slow);
                }
                REQUIRE(w.counts(now) == expected(list));
                auto more = list;
                more.insert(more.end(), 3, {now, true, false});
                REQUIRE(w.counts_with(true, false, 3) == expected(more));
            }
        }
}
