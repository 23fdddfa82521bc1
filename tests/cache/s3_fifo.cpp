// SPDX-License-Identifier: BSL-1.0
#include <outlast/cache/s3_fifo.hpp>

#include "support/catch.hpp"

#include <cstddef>
#include <cstdint>
#include <random>
#include <set>
#include <vector>

using outlast::s3_fifo;

namespace {

/// Entries whose number is their key, as `memory` would use it.
struct shelf {
    std::size_t capacity;
    std::size_t max_weight;
    std::vector<s3_fifo::link> links = std::vector<s3_fifo::link>(100'000);
    std::vector<bool> used = std::vector<bool>(100'000);
    s3_fifo order{links.data(), capacity, max_weight};
    std::vector<std::uint32_t> gone{};
    std::set<std::uint32_t> here{};

    void put(std::uint32_t e, std::size_t weight = 0, bool proven = false) {
        while (!order.has_room(weight)) {
            const auto v = order.victim([&](std::uint32_t p) {
                const bool was = used[p];
                used[p] = false;
                return was;
            });
            order.remove(v);
            gone.push_back(v);
            here.erase(v);
        }
        links[e].tag = e;
        links[e].weight = weight;
        order.add(e, proven);
        here.insert(e);
    }
};

using entries = std::vector<std::uint32_t>;

} // namespace

TEST_CASE("s3_fifo: what is not used leaves in the order in which it came") {
    shelf s{.capacity = 3, .max_weight = 0};
    for (std::uint32_t e = 1; e <= 6; ++e)
        s.put(e);
    CHECK(s.gone == entries{1, 2, 3});
    CHECK(s.order.size() == 3);
}

TEST_CASE("s3_fifo: a mark gives one more round") {
    shelf s{.capacity = 3, .max_weight = 0};
    for (std::uint32_t e : {1u, 2u, 3u})
        s.put(e);
    s.used[1] = true;
    s.put(4);
    CHECK(s.gone == entries{2});
    CHECK_FALSE(s.used[1]);
    for (std::uint32_t e = 5; e != 20; ++e)
        s.put(e);
    CHECK(s.here.contains(1)); // in the main queue: the small one drains first
}

TEST_CASE("s3_fifo: a scan passes through, and flushes nothing that was used") {
    shelf s{.capacity = 100, .max_weight = 0};
    for (std::uint32_t e = 1; e <= 80; ++e)
        s.put(e), s.used[e] = true;
    for (std::uint32_t e = 1000; e != 11'000; ++e)
        s.put(e);
    std::size_t survived = 0;
    for (std::uint32_t e = 1; e <= 80; ++e)
        survived += s.here.contains(e);
    CHECK(survived >= 80 - 80 / 32); // one goes when a choice has looked at 32 that were used
    CHECK(s.order.size() == 100);
}

TEST_CASE("s3_fifo: what left unused and comes again is taken seriously") {
    shelf s{.capacity = 10, .max_weight = 0};
    for (std::uint32_t e = 1; e <= 12; ++e)
        s.put(e); // 1 and 2 have left
    s.put(1);
    CHECK(s.links[1].in_main);
    for (std::uint32_t e = 100; e != 120; ++e)
        s.put(e);
    CHECK(s.here.contains(1));
    s.put(50);
    CHECK_FALSE(s.links[50].in_main);
    s.put(51, 0, true);
    CHECK(s.links[51].in_main);
}

TEST_CASE("s3_fifo: the choice is bounded even when everything was used") {
    shelf s{.capacity = 1000, .max_weight = 0};
    for (std::uint32_t e = 1; e <= 1000; ++e)
        s.put(e), s.used[e] = true;
    int looks = 0;
    const auto v = s.order.victim([&](std::uint32_t) { return ++looks, true; });
    CHECK(looks == 32);
    CHECK(v != 0);
}

TEST_CASE("s3_fifo: weights are bounded, one that is too heavy is not taken") {
    shelf s{.capacity = 10, .max_weight = 100};
    CHECK(s.order.takes(100));
    CHECK_FALSE(s.order.takes(101));
    s.put(1, 60), s.put(2, 40);
    CHECK_FALSE(s.order.has_room(1));
    s.put(3, 1);
    CHECK(s.gone == entries{1});
    s.put(4, 100);
    CHECK(s.here == std::set<std::uint32_t>{4});
    s.order.remove(4);
    CHECK(s.order.has_room(100));
    CHECK(s.order.any() == 0);
}

TEST_CASE("s3_fifo: random changes never break a bound or lose an entry") {
    std::mt19937_64 chance{11};
    for (std::size_t capacity : {1u, 2u, 9u, 10u, 37u}) {
        shelf s{.capacity = capacity, .max_weight = 50};
        std::uint32_t next = 1;
        for (int i = 0; i != 3000; ++i) {
            switch (chance() % 4) {
            case 0:
                if (!s.here.empty()) {
                    const auto e = *s.here.begin();
                    s.order.remove(e);
                    s.here.erase(e);
                }
                break;
            case 1:
                if (!s.here.empty())
                    s.used[*s.here.rbegin()] = true;
                break;
            default:
                s.put(next++, chance() % 20, chance() % 5 == 0);
            }
            std::size_t weight = 0;
            for (const auto e : s.here)
                weight += s.links[e].weight;
            if (s.order.size() != s.here.size() || s.here.size() > capacity || weight > 50)
                FAIL("capacity " << capacity << ", round " << i);
        }
        CHECK(s.gone.size() > 100);
    }
}
