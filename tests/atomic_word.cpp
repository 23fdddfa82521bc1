// SPDX-License-Identifier: BSL-1.0
#include <outlast/atomic_word.hpp>

#include "support/catch.hpp"
#include "support/watched_lock.hpp"

#include <cstdint>
#include <thread>
#include <vector>

using outlast::atomic_word;
using outlast::no_lock;
using outlast_tests::watched_lock;

namespace {

constexpr auto one_more = [](std::uint64_t& n) { return ++n, true; };

constexpr bool in_a_constant() {
    atomic_word<int, no_lock> w{3};
    const bool changed = w.change([](int& n) { return n *= 2, true; });
    const bool refused = !w.change([](int& n) { return n *= 2, n < 10; });
    return changed && refused && w.load() == 6;
}

} // namespace

TEST_CASE("atomic_word: it is changed, or as it was where the change says no") {
    STATIC_REQUIRE(in_a_constant());
    atomic_word<int, watched_lock> w{3};
    CHECK(w.change([](int& n) { return n *= 2, true; }));
    CHECK(!w.change([](int& n) { return n *= 2, n < 10; }));
    CHECK(w.load() == 6);
}

TEST_CASE("atomic_word: no change by threads is lost, and none takes a lock") {
    atomic_word<std::uint64_t, watched_lock> w;
    watched_lock::taken = 0;
    {
        std::vector<std::jthread> threads;
        for (int t = 0; t != 4; ++t)
            threads.emplace_back([&] {
                for (int i = 0; i != 5000; ++i)
                    w.change(one_more);
            });
    }
    CHECK(w.load() == 20'000);
    CHECK(watched_lock::taken == 0);
}
