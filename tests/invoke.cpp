// SPDX-License-Identifier: BSL-1.0
#include <outlast/invoke.hpp>

#include "support/catch.hpp"
#include "support/zoo.hpp"

#include <functional>
#include <memory>
#include <utility>

using outlast::detail::invoke;

namespace {

struct counter {
    int n = 3;
    int plus(int more) const { return n + more; }
    int& add(int more) { return n += more; }
};

int twice(int n) { return 2 * n; }

} // namespace

TEST_CASE("invoke: functions, function objects, and what they return") {
    CHECK(invoke(twice, 4) == 8);
    CHECK(invoke([](int a, int b) { return a - b; }, 7, 2) == 5);
    int n = 1;
    invoke([&]() -> int& { return n; }) = 9;
    CHECK(n == 9);
    const auto moved =
        invoke([](outlast_tests::move_only m) { return m; }, outlast_tests::move_only{5});
    CHECK(*moved.value == 5);
}

TEST_CASE("invoke: pointers to members, of an object, a pointer to one, a reference to one") {
    counter c;
    const counter fixed{10};
    CHECK(invoke(&counter::n, c) == 3);
    CHECK(invoke(&counter::plus, fixed, 1) == 11);
    CHECK(invoke(&counter::plus, &c, 1) == 4);
    CHECK(invoke(&counter::plus, std::ref(c), 2) == 5);
    const auto kept = std::ref(c); // as arguments are: const
    CHECK(invoke(&counter::plus, kept, 2) == 5);
    const auto owned = std::make_shared<counter>();
    CHECK(invoke(&counter::plus, owned, 4) == 7);
    counter* const at = &c;
    CHECK(invoke(&counter::n, at) == 3);
    invoke(&counter::add, c, 5);
    CHECK(c.n == 8);
}
