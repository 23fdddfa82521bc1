// SPDX-License-Identifier: BSL-1.0
#include <outlast/callback.hpp>

#include "support/catch.hpp"
#include "support/zoo.hpp"

#include <memory>
#include <string>
#include <type_traits>
#include <utility>

using outlast::callback;

namespace {

using predicate = callback<bool(int)>;

struct counter : outlast_tests::immovable {
    int calls = 0;
    bool operator()(int x) { return ++calls, x > calls; }
};

constexpr auto odd = [](int x) { return x % 2 == 1; };

} // namespace

TEST_CASE("callback: an empty one is false") {
    CHECK_FALSE(predicate{});
    STATIC_REQUIRE(!predicate{});
    predicate p = odd;
    CHECK(p);
    p = {};
    CHECK_FALSE(p);
}

TEST_CASE("callback: a lambda without captures is taken as it is") {
    const predicate p = [](int x) { return x > 3; }; // a temporary
    CHECK(p(4));
    CHECK_FALSE(p(3));
    constexpr predicate q = odd;
    STATIC_REQUIRE(q(3) && !q(4));
}

TEST_CASE("callback: one with captures is referred to, and changes with it") {
    int limit = 3;
    auto above = [&limit](int x) { return x > limit; };
    const predicate p = above;
    const predicate copy = p;
    CHECK(p(4));
    limit = 4;
    CHECK_FALSE(p(4));
    CHECK_FALSE(copy(4));

    counter c;
    const predicate q = c;
    CHECK(q(2));
    CHECK_FALSE(q(2));
    CHECK(c.calls == 2);
}

TEST_CASE("callback: a const callable, and a call whose answer converts") {
    const std::string prefix = "ab";
    const auto starts = [&prefix](const std::string& s) -> int { return s.starts_with(prefix); };
    const callback<bool(const std::string&)> p = starts;
    CHECK(p("abc"));
    CHECK_FALSE(p("bc"));
}

TEST_CASE("callback: arguments are forwarded, not copied") {
    const callback<int(std::unique_ptr<int>)> take = [](std::unique_ptr<int> x) { return *x; };
    CHECK(take(std::make_unique<int>(7)) == 7);
    int n = 1;
    const callback<void(int&)> add = [](int& x) { ++x; };
    add(n);
    CHECK(n == 2);
}

// Captures that would dangle, and functions, are refused with a sentence: refusals/callback_*.cpp.
TEST_CASE("callback: what cannot be called so is no callback") {
    STATIC_REQUIRE(!std::is_constructible_v<predicate, bool (*)(std::string)>);
    STATIC_REQUIRE(!std::is_constructible_v<predicate, int>);
    STATIC_REQUIRE(
        !std::is_constructible_v<predicate, decltype([](int) { return std::string{}; })>);
    STATIC_REQUIRE(!std::is_constructible_v<predicate, decltype([] { return true; })>);
    STATIC_REQUIRE(std::is_trivially_copyable_v<predicate>);
    STATIC_REQUIRE(sizeof(predicate) == 2 * sizeof(void*));
}
