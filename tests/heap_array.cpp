// SPDX-License-Identifier: BSL-1.0
#include <outlast/heap_array.hpp>

#include "support/catch.hpp"

#include <numeric>
#include <utility>

using outlast::heap_array;

namespace {

constexpr int sum(const heap_array<int>& a) {
    int n = 0;
    for (const int one : a)
        n += one;
    return n;
}

heap_array<int> counted(std::size_t n) {
    heap_array<int> a(n);
    std::iota(a.begin(), a.end(), 1);
    return a;
}

} // namespace

TEST_CASE("heap_array: as many places as it was asked for, made by default") {
    const heap_array<int> a(3);
    CHECK(a.size() == 3);
    CHECK_FALSE(a.empty());
    CHECK(sum(a) == 0);
    CHECK(heap_array<int>{}.empty());
    CHECK(heap_array<int>(0).begin() == heap_array<int>(0).end());
    STATIC_REQUIRE(heap_array<int>(4).size() == 4);
}

TEST_CASE("heap_array: a copy has places of its own") {
    const heap_array<int> a = counted(4);
    heap_array<int> b = a;
    b[0] = 100;
    CHECK(sum(a) == 10);
    CHECK(sum(b) == 109);
    heap_array<int> c(1);
    c = a;
    CHECK(c.size() == 4);
    CHECK(sum(c) == 10);
    const heap_array<int>& same = c;
    c = same;
    CHECK(sum(c) == 10);
}

TEST_CASE("heap_array: moved from, it has none") {
    heap_array<int> a = counted(4);
    heap_array<int> b = std::move(a);
    CHECK(a.empty()); // NOLINT(bugprone-use-after-move): that is what is tested
    CHECK(sum(b) == 10);
    a = counted(2);
    b = std::move(a);
    CHECK(sum(b) == 3);
}
