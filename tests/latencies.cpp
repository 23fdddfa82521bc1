// SPDX-License-Identifier: BSL-1.0
#include <outlast/latencies.hpp>

#include "support/catch.hpp"
#include "support/print.hpp"

#include <algorithm>
#include <cstddef>
#include <random>
#include <vector>

using namespace std::chrono_literals;
using namespace outlast::literals;
using outlast::duration;
using outlast::latencies;
using outlast::ratio;

namespace {

constexpr bool in_a_constant() {
    latencies known;
    known.add(3ms, false);
    known.add(1ms, true);
    return known.percentile(50_percent) == 3ms && known.count() == 2;
}

struct sample {
    duration took;
    bool cut_off;
};

// The estimate as it is defined, in floating point, over the last 128.
duration reference(std::vector<sample> all, double share) {
    if (all.size() > latencies::size)
        all.erase(all.begin(), all.end() - static_cast<std::ptrdiff_t>(latencies::size));
    std::stable_sort(all.begin(), all.end(), [](const sample& a, const sample& b) {
        return a.took != b.took ? a.took < b.took : a.cut_off < b.cut_off;
    });
    double left = 1;
    for (std::size_t i = 0; i != all.size(); ++i) {
        const auto at_risk = static_cast<double>(all.size() - i);
        if (!all[i].cut_off)
            left *= (at_risk - 1) / at_risk;
        if (!all[i].cut_off && left <= 1 - share + 1e-7)
            return all[i].took;
    }
    return all.back().took;
}

} // namespace

TEST_CASE("latencies: of lengths that are known, a percentile is one of them") {
    STATIC_REQUIRE(in_a_constant());
    latencies known;
    CHECK(known.percentile(50_percent) == 0ms);
    for (int i = 20; i != 0; --i)
        known.add(std::chrono::milliseconds{i}, false);
    CHECK(known.percentile(5_percent) == 1ms);
    CHECK(known.percentile(50_percent) == 10ms);
    CHECK(known.percentile(ratio::of(0.501)) == 11ms);
    CHECK(known.percentile(95_percent) == 19ms);
    CHECK(known.percentile(100_percent) == 20ms);
}

TEST_CASE("latencies: what was cut off takes longer, and is no reason to hurry") {
    latencies known;
    for (int i = 0; i != 9; ++i)
        known.add(10ms, false);
    known.add(200ms, false);
    CHECK(known.percentile(90_percent) == 10ms);
    // Half of the calls are cut off at 5 ms: to take them for short ones would say 5 ms.
    for (int i = 0; i != 10; ++i)
        known.add(5ms, true);
    CHECK(known.percentile(50_percent) == 10ms);
    CHECK(known.percentile(90_percent) == 10ms);
    CHECK(known.percentile(91_percent) == 200ms);
    // Cut off later than almost all are over: then they are among the slow ones.
    for (int i = 0; i != 10; ++i)
        known.add(20ms, true);
    CHECK(known.percentile(80_percent) == 200ms);
}

TEST_CASE("latencies: where everything was cut off, it is at least the longest that was seen") {
    latencies known;
    known.add(30ms, true);
    known.add(10ms, true);
    CHECK(known.percentile(1_percent) == 30ms);
    known.add(20ms, false);
    CHECK(known.percentile(50_percent) == 20ms);
    CHECK(known.percentile(99_percent) == 30ms);
}

TEST_CASE("latencies: the last 128 count") {
    latencies known;
    for (int i = 0; i != 128; ++i)
        known.add(1s, false);
    CHECK(known.count() == 128);
    for (int i = 0; i != 127; ++i)
        known.add(1ms, false);
    CHECK(known.count() == 128);
    CHECK(known.percentile(100_percent) == 1s);
    known.add(1ms, false);
    CHECK(known.percentile(100_percent) == 1ms);
}

TEST_CASE("latencies: they say what the definition says, after any calls") {
    std::mt19937 chance{7};
    std::vector<sample> all;
    latencies known;
    for (int i = 0; i != 1000; ++i) {
        const sample s{std::chrono::milliseconds{chance() % 40}, chance() % 3 == 0};
        all.push_back(s);
        known.add(s.took, s.cut_off);
        for (const double share : {0.01, 0.5, 0.9, 0.95, 0.99, 1.0}) {
            CAPTURE(i, share);
            REQUIRE(known.percentile(ratio::of(share)) == reference(all, share));
        }
    }
}
