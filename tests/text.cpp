// SPDX-License-Identifier: BSL-1.0
#include <outlast/text.hpp>

#include "support/catch.hpp"

#include <cstdint>
#include <random>

using namespace std::chrono_literals;
using outlast::in_words;

TEST_CASE("text: the largest unit in which it is one or more") {
    CHECK(in_words(0ns) == "0 ns");
    CHECK(in_words(1ns) == "1 ns");
    CHECK(in_words(999ns) == "999 ns");
    CHECK(in_words(1us) == "1 µs");
    CHECK(in_words(250ms) == "250 ms");
    CHECK(in_words(1s) == "1 s");
    CHECK(in_words(4200ms) == "4.2 s");
    CHECK(in_words(1min) == "1 min");
    CHECK(in_words(90s) == "1.5 min");
    CHECK(in_words(1h) == "1 h");
    CHECK(in_words(36h) == "36 h");
    CHECK(in_words(outlast::forever) == "for ever");
}

TEST_CASE("text: rounded up, so that a wait is never announced too short") {
    CHECK(in_words(1001us) == "1.1 ms");
    CHECK(in_words(1s + 1ns) == "1.1 s");
    CHECK(in_words(4200ms + 1ns) == "4.3 s");
    CHECK(in_words(1001ns) == "1.1 µs");
    CHECK(in_words(1999ms) == "2 s");
}

TEST_CASE("text: just below a unit it is a thousand of the smaller one, not nothing") {
    CHECK(in_words(999'999ns) == "1000 µs");
    CHECK(in_words(999'999'999ns) == "1000 ms");
    CHECK(in_words(59'999ms) == "60 s");
    CHECK(in_words(3599s + 999ms) == "60 min");
}

TEST_CASE("text: never less than the length itself, and less than a tenth more") {
    std::mt19937_64 chance{5};
    constexpr std::int64_t minute = 60'000'000'000;
    for (int i = 0; i != 5000; ++i) {
        const auto n = static_cast<std::int64_t>(chance() >> (1 + chance() % 62));
        const std::string s = in_words(outlast::duration{n});
        const double value = std::stod(s);
        const std::string unit = s.substr(s.find(' ') + 1);
        const double size = unit == "h"     ? 60.0 * minute
                            : unit == "min" ? 1.0 * minute
                            : unit == "s"   ? 1e9
                            : unit == "ms"  ? 1e6
                            : unit == "µs"  ? 1e3
                                            : 1.0;
        INFO(n << " ns: " << s);
        REQUIRE(value * size >= static_cast<double>(n) * (1 - 1e-12));
        REQUIRE(value * size <= static_cast<double>(n) + size * 0.1 * (1 + 1e-6));
    }
}

TEST_CASE("text: in full, in the largest unit that takes it as it is") {
    using outlast::in_full;
    CHECK(in_full(0s) == "0");
    CHECK(in_full(1ns) == "1 ns");
    CHECK(in_full(1234ns) == "1234 ns");
    CHECK(in_full(1200ns) == "1.2 µs");
    CHECK(in_full(250ms) == "250 ms");
    CHECK(in_full(1500ms) == "1.5 s");
    CHECK(in_full(1234ms) == "1234 ms");
    CHECK(in_full(90s) == "1.5 min");
    CHECK(in_full(100s) == "100 s");
    CHECK(in_full(36h) == "36 h");
    CHECK(in_full(1h + 1ns) == "3600000000001 ns");
    CHECK(in_full(outlast::forever) == "for ever");
    CHECK(in_full(outlast::forever - 1ns) == "9223372036854775806 ns");
}
