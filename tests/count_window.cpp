// SPDX-License-Identifier: BSL-1.0
#include <outlast/count_window.hpp>

#include <outlast/ratio.hpp>

#include "support/catch.hpp"
#include "support/print.hpp"

#include <cstdint>
#include <random>
#include <string_view>
#include <vector>

using namespace std::chrono_literals;
using namespace outlast::literals;
using outlast::count_window;
using outlast::tally;

namespace {

// "SSF": two successes and a failure.
void record(count_window& w, std::string_view outcomes) {
    for (const char c : outcomes)
        w.record(c == 'F');
}

} // namespace

// The ids of scenarios with the mode "metrics-only": here the window is asked itself.

TEST_CASE("BC-02 ring of ten") {
    constexpr auto threshold = 50_percent;
    count_window w{10};
    record(w, "SSFF");
    CHECK(w.counts() == tally{4, 2});
    record(w, "FFFFSSSS");
    CHECK(w.counts() == tally{10, 6});
    CHECK(threshold.reached(w.counts().failed, w.counts().recorded));
    record(w, "SSS");
    CHECK(w.counts() == tally{10, 3});
    CHECK_FALSE(threshold.reached(w.counts().failed, w.counts().recorded));
}

TEST_CASE("BC-06 rolling of a 100-wide window, asked itself") {
    count_window w{100};
    for (int i = 0; i != 50; ++i)
        w.record(i % 3 != 0);
    CHECK(w.counts() == tally{50, 33});
    for (int i = 0; i != 100; ++i)
        w.record(false);
    CHECK(w.counts() == tally{100, 0});
}

TEST_CASE("count window: the smallest one") {
    count_window one{1};
    CHECK(one.counts_with(true) == tally{1, 1});
    one.record(true);
    CHECK(one.counts() == tally{1, 1});
    CHECK(one.counts_with(false) == tally{1, 0});
    CHECK(one.counts_with(false, true, 5) == tally{1, 0, 1});
    one.record(false);
    CHECK(one.counts() == tally{1, 0});
}

TEST_CASE("count window: against a plain list") {
    struct result {
        bool failed;
        bool slow;
    };
    std::mt19937 chance{11};
    const auto below = [&](std::uint32_t n) { return static_cast<std::uint32_t>(chance() % n); };
    for (const std::uint32_t n : {1U, 2U, 3U, 10U, 100U}) {
        count_window w{n};
        std::vector<result> list;
        const auto last_of = [&](const std::vector<result>& all) {
            tally t;
            for (std::size_t k = all.size() > n ? all.size() - n : 0; k != all.size(); ++k)
                t += {1, all[k].failed ? 1U : 0U, all[k].slow ? 1U : 0U};
            return t;
        };
        for (int i = 0; i != 2000; ++i) {
            const result r{below(3) == 0, below(4) == 0};
            switch (below(100)) {
            case 0:
                w.clear();
                list.clear();
                break;
            case 1:
            case 2: {
                const std::uint32_t more = below(2 * n + 2);
                w.add_successes(more);
                list.insert(list.end(), more, result{});
                break;
            }
            case 3: { // into one of another size
                const std::uint32_t size = 1 + below(2 * n);
                count_window other{size};
                other.record(true, true);
                other.refill(w.contents());
                w.refill(other.contents());
                if (list.size() > size)
                    list.erase(list.begin(), list.end() - size);
                if (list.size() > n) // what fell out before is not there to come back
                    list.erase(list.begin(), list.end() - n);
                break;
            }
            default: {
                const std::uint32_t many = 1 + below(n + 2);
                std::vector<result> longer = list;
                longer.insert(longer.end(), many, r);
                REQUIRE(w.counts_with(r.failed, r.slow, many) == last_of(longer));
                w.record(r.failed, r.slow);
                list.push_back(r);
            }
            }
            REQUIRE(w.counts() == last_of(list));
        }
    }
}
