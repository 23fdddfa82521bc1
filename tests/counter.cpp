// SPDX-License-Identifier: BSL-1.0
#include <outlast/counter.hpp>

#include "support/catch.hpp"
#include "support/together.hpp"

#include <cstdint>
#include <type_traits>

using outlast::counter;

static_assert(!std::is_copy_constructible_v<counter> && !std::is_copy_assignable_v<counter>);

namespace {

constexpr std::uint64_t counted() {
    counter c;
    c.add();
    c.add();
    return c;
}
static_assert(counted() == 2);

} // namespace

TEST_CASE("counter: it is what was added") {
    counter c;
    CHECK(c == 0);
    c.add();
    c.add_alone();
    CHECK(c == 2);
    CHECK(c.value() == 2);
}

TEST_CASE("counter: what threads add at once is all there") {
    counter c;
    outlast_tests::together([&](int) {
        for (int i = 0; i != 10'000; ++i)
            c.add();
    });
    CHECK(c == 40'000);
}
