// SPDX-License-Identifier: BSL-1.0
#include <outlast/slot.hpp>

#include "support/catch.hpp"
#include "support/zoo.hpp"

#include <stdexcept>

using outlast::slot;
using outlast_tests::counted;

TEST_CASE("slot: what is made in it is moved nowhere and destroyed once") {
    counted::counts counts;
    {
        slot<counted> s;
        CHECK(!s.filled());
        s.fill([&] { return counted{counts}; });
        CHECK(s.filled());
        CHECK(counts.moved == 0);
        CHECK(counts.released == 0);
        s.clear();
        CHECK(!s.filled());
        CHECK(counts.released == 1);
        s.clear();
        CHECK(counts.released == 1);
        s.fill([&] { return counted{counts}; });
    }
    CHECK(counts.made == 2);
    CHECK(counts.released == 2);
}

TEST_CASE("slot: what was in it is gone before the next is made, even if that fails") {
    counted::counts counts;
    slot<counted> s;
    s.fill([&] { return counted{counts}; });
    CHECK_THROWS_AS(s.fill([&]() -> counted {
        CHECK(counts.released == 1);
        throw std::runtime_error("no");
    }),
                    std::runtime_error);
    CHECK(!s.filled());
    CHECK(counts.released == 1);
}

TEST_CASE("slot: gives access to what it holds") {
    slot<outlast_tests::move_only> s;
    s.fill([] { return outlast_tests::move_only{7}; });
    CHECK(*s->value == 7);
    CHECK(*(*s).value == 7);
    const auto& seen = s;
    CHECK(*seen->value == 7);
    CHECK(*(*seen).value == 7);
}
