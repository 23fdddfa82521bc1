// SPDX-License-Identifier: BSL-1.0
#include <outlast/success_lines.hpp>

#include <outlast/guarded.hpp>

#include "support/catch.hpp"
#include "support/print.hpp"
#include "support/script.hpp"

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

using namespace std::chrono_literals;
using outlast::instant;
using outlast::never;
using outlast::reading;
using outlast::success_lines;
using outlast_tests::at;

namespace {

/// A lock of three threads, one of which has no line; which one is calling is said by hand.
struct three {
    static inline std::size_t calling = 0;
    static std::size_t lines() noexcept { return 2; }
    static std::size_t line() noexcept { return calling; }
    static std::size_t known_line() noexcept { return calling; }
};

/// A thread that has not asked for its line yet.
struct newcomer {
    static inline bool asked = false;
    static std::size_t lines() noexcept { return 1; }
    static std::size_t line() noexcept { return asked = true, 0; }
    static std::size_t known_line() noexcept { return asked ? 0 : lines(); }
};

struct lines : success_lines<three> {
    std::vector<std::pair<std::uint64_t, instant>> collected(std::uint64_t generation) {
        std::vector<std::pair<std::uint64_t, instant>> all;
        collect(generation, [&](std::uint64_t n, instant end) { all.emplace_back(n, end); });
        return all;
    }
    bool counted(std::uint64_t generation, instant now, bool by_time = true) {
        reading r{now};
        if (!counts(generation, by_time, r))
            return false;
        count();
        return true;
    }
};

using sums = std::vector<std::pair<std::uint64_t, instant>>;

} // namespace

TEST_CASE("success_lines: a line counts for one generation, until the end of its slice") {
    three::calling = 0;
    lines all;
    CHECK(!all.counted(1, at(0ms))); // not begun
    all.begin(1, at(100ms));
    CHECK(all.counted(1, at(0ms)));
    CHECK(all.counted(1, at(99ms)));
    CHECK(!all.counted(1, at(100ms)));
    CHECK(!all.counted(2, at(50ms)));
    CHECK(all.collected(1) == sums{{2, at(100ms)}});
}

TEST_CASE("success_lines: what was collected is not collected again") {
    three::calling = 0;
    lines all;
    all.begin(1, at(100ms));
    CHECK(all.counted(1, at(0ms)));
    CHECK(all.collected(1) == sums{{1, at(100ms)}});
    CHECK(all.collected(1).empty());
    CHECK(all.counted(1, at(1ms)));
    all.begin(1, at(200ms)); // without having been collected: belongs to the new slice
    CHECK(all.collected(1) == sums{{1, at(200ms)}});
}

TEST_CASE("success_lines: what an earlier generation counted is dropped") {
    three::calling = 0;
    lines all;
    all.begin(1, at(100ms));
    CHECK(all.counted(1, at(0ms)));
    CHECK(all.collected(2).empty());
    all.begin(2, at(100ms));
    CHECK(all.collected(2).empty());
    CHECK(all.counted(2, at(0ms)));
    CHECK(all.collected(2) == sums{{1, at(100ms)}});
}

TEST_CASE("success_lines: each thread has its own, and one beyond them has none") {
    lines all;
    for (std::size_t t = 0; t != 3; ++t) {
        three::calling = t;
        all.begin(1, at(100ms));
        for (std::size_t i = 0; i != t + 1; ++i)
            CHECK(all.counted(1, at(0ms)) == (t != 2));
    }
    CHECK(all.collected(1) == sums{{1, at(100ms)}, {2, at(100ms)}});
    three::calling = 0;
}

TEST_CASE("success_lines: a thread without a line writes nowhere, asked before or not") {
    lines all;
    three::calling = 2;
    all.count();
    CHECK(!all.refuse());
    three::calling = 0;
    CHECK(all.refusals() == 0);
    CHECK(all.refuse());
    CHECK(all.refusals() == 1);
    CHECK(all.refusals() == 0);
    CHECK(all.collected(UINT64_MAX).empty());
}

TEST_CASE("success_lines: a thread has a line once it has joined, or begun one") {
    reading now{at(0ms)};
    success_lines<newcomer> all;
    newcomer::asked = false;
    CHECK(!all.refuse());
    all.join();
    CHECK(all.refuse());
    CHECK(all.refusals() == 1);

    newcomer::asked = false;
    CHECK(!all.counts(UINT64_MAX, false, now));
    all.count();
    all.begin(1, never);
    CHECK(all.counts(1, false, now));
    std::uint64_t counted = 0;
    all.collect(1, [&](std::uint64_t n, instant) { counted += n; });
    CHECK(counted == 0);
    all.count();
    all.collect(1, [&](std::uint64_t n, instant) { counted += n; });
    CHECK(counted == 1);
}

TEST_CASE("success_lines: what raced with the end of a generation is not the next one's") {
    three::calling = 0;
    lines all;
    all.begin(1, never);
    CHECK(all.counted(1, at(0ms), false));
    all.begin(2, never); // not collected before
    CHECK(all.collected(2).empty());
    CHECK(all.counted(2, at(0ms), false));
    CHECK(all.collected(2) == sums{{1, never}});
}

TEST_CASE("success_lines: without slices no clock is looked at") {
    three::calling = 0;
    lines all;
    all.begin(1, never);
    int looks = 0;
    reading now{[](void* n) { return ++*static_cast<int*>(n), instant{}; }, &looks};
    CHECK(all.counts(1, false, now));
    CHECK(looks == 0);
    CHECK(all.counts(1, true, now));
    CHECK(looks == 1);
}

TEST_CASE("success_lines: a lock that does not know threads apart has none") {
    STATIC_REQUIRE(!outlast::knows_threads<outlast::no_lock>);
    success_lines<outlast::no_lock> none;
    reading now{at(0ms)};
    none.begin(1, never);
    CHECK(!none.counts(1, false, now));
    none.collect(1, [](std::uint64_t, instant) { FAIL("nothing was counted"); });
    SUCCEED();
}
