// SPDX-License-Identifier: BSL-1.0
#include <outlast/circuit_control.hpp>

#include "support/catch.hpp"

#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

using outlast::circuit_control;

TEST_CASE("BM-05 isolation is counted by handles") {
    std::string told;
    auto tell = [&](bool isolated) { told += isolated ? "opened " : "closed "; };
    circuit_control control{tell};
    CHECK_FALSE(control.isolated());
    std::optional first = control.isolate();
    std::optional second = control.isolate();
    CHECK(told == "opened ");
    first.reset();
    CHECK(control.isolated());
    CHECK(told == "opened ");
    second.reset();
    CHECK_FALSE(control.isolated());
    CHECK(told == "opened closed ");
}

TEST_CASE("circuit control: a hold moves, and is dropped once") {
    circuit_control a;
    circuit_control b;
    circuit_control::hold hold;
    CHECK_FALSE(hold);
    hold = a.isolate();
    CHECK(hold);
    circuit_control::hold other{std::move(hold)};
    CHECK(a.isolated());
    other = b.isolate();
    CHECK_FALSE(a.isolated());
    CHECK(b.isolated());
    auto& itself = other;
    other = std::move(itself);
    CHECK(b.isolated());
    other.drop();
    other.drop();
    CHECK_FALSE(b.isolated());
}

TEST_CASE("circuit control: from many threads") {
    circuit_control control;
    std::vector<std::thread> threads;
    for (int t = 0; t != 4; ++t)
        threads.emplace_back([&] {
            for (int i = 0; i != 1000; ++i) {
                const auto hold = control.isolate();
                if (!control.isolated())
                    std::terminate();
            }
        });
    for (std::thread& t : threads)
        t.join();
    CHECK_FALSE(control.isolated());
}

namespace {

constexpr bool holds() {
    circuit_control control;
    {
        const auto hold = control.isolate();
        if (!control.isolated())
            return false;
    }
    return !control.isolated();
}
static_assert(holds());

} // namespace
