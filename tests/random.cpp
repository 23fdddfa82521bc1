// SPDX-License-Identifier: BSL-1.0
#include <outlast/random.hpp>

#include "support/catch.hpp"
#include "support/print.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <random>
#include <thread>
#include <vector>

using namespace std::chrono_literals;
using outlast::forever;
using outlast::fraction;
using outlast::portion;

namespace {

__extension__ using wide = unsigned __int128;

constexpr std::array<fraction, 5> first_of(std::uint64_t seed) {
    outlast::random r{seed};
    std::array<fraction, 5> a{};
    for (fraction& f : a)
        f = r();
    return a;
}

constexpr fraction half = fraction{1} << 63U;

} // namespace

TEST_CASE("random: SplitMix64, number by number") {
    // From the published reference implementation.
    constexpr std::array<fraction, 5> of_zero{0xe220a8397b1dcdafU, 0x6e789e6aa1b965f4U,
                                              0x06c45d188009454fU, 0xf88bb8a8724c81ecU,
                                              0x1b39896a51a8749bU};
    constexpr std::array<fraction, 5> of_1234567{6457827717110365317U, 3203168211198807973U,
                                                 9817491932198370423U, 4593380528125082431U,
                                                 16408922859458223821U};
    CHECK(first_of(0) == of_zero);
    CHECK(first_of(1234567) == of_1234567);
    STATIC_REQUIRE(first_of(0) == of_zero);
    STATIC_REQUIRE(first_of(1234567) == of_1234567);
}

TEST_CASE(
    "random: a source that has its own seed draws it at the first use, so that copies differ") {
    constexpr outlast::random made{outlast::own_seed}; // as in a constant pipeline
    outlast::random first = made;
    outlast::random second = made;
    const fraction one = first();
    CHECK(one != second());
    outlast::random again{outlast::own_seed};
    CHECK(one != again());
    std::uint64_t word = outlast::own_seed;
    const std::uint64_t seed = outlast::seed_in(word);
    CHECK(seed != outlast::own_seed);
    CHECK(outlast::seed_in(word) == seed);
    word = 7;
    CHECK(outlast::seed_in(word) == 7);
}

TEST_CASE("random: a portion lies in [0, span)") {
    CHECK(portion(1000ms, 0) == 0ms);
    CHECK(portion(1000ms, half) == 500ms);
    CHECK(portion(1000ms, half / 2) == 250ms);
    CHECK(portion(1000ms, UINT64_MAX) == 1000ms - 1ns);
    CHECK(portion(1ns, UINT64_MAX) == 0ns);
    CHECK(portion(0ns, UINT64_MAX) == 0ns);
    CHECK(portion(forever, UINT64_MAX) == forever - 1ns);
    CHECK(portion(forever, half) == outlast::duration{forever.count() / 2});
}

TEST_CASE("random: a portion is the exact product, for any numbers") {
    std::mt19937_64 chance{7};
    for (int i = 0; i != 20'000; ++i) {
        const auto span = static_cast<std::int64_t>((chance() >> 1U) >> chance() % 63);
        const fraction part = chance() >> chance() % 64;
        const wide exact = (wide{static_cast<std::uint64_t>(span)} * part) >> 64U;
        INFO(span << " * " << part);
        REQUIRE(portion(outlast::duration{span}, part).count() == static_cast<std::int64_t>(exact));
    }
}

TEST_CASE("random: threads that share a source get the sequence between them") {
    constexpr std::size_t threads = 4;
    constexpr std::size_t each = 2000;
    outlast::random shared{42};
    std::vector<std::vector<fraction>> drawn(threads);
    {
        std::vector<std::jthread> running;
        for (auto& mine : drawn)
            running.emplace_back([&shared, &mine] {
                for (std::size_t i = 0; i != each; ++i)
                    mine.push_back(shared());
            });
    }
    std::vector<fraction> together;
    for (const auto& mine : drawn)
        together.insert(together.end(), mine.begin(), mine.end());
    std::vector<fraction> alone;
    outlast::random r{42};
    for (std::size_t i = 0; i != threads * each; ++i)
        alone.push_back(r());
    std::ranges::sort(together);
    std::ranges::sort(alone);
    CHECK((together == alone));
}
