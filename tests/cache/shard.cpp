// SPDX-License-Identifier: BSL-1.0
#include <outlast/cache/shard.hpp>

#include "support/catch.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

using outlast::hazard;

namespace {

using shared = std::shared_ptr<int>;
using shard = outlast::detail::cache_shard<int, shared, std::mutex>;

void put(shard& s, int key, shared value) {
    s.put(static_cast<std::uint32_t>(key), key, {std::move(value), {}, false}, 0, {});
}

const shard::node* find(shard& s, int key, hazard<>& reading) {
    return s.find(static_cast<std::uint32_t>(key), key, reading);
}

} // namespace

TEST_CASE("cache_shard: what is being read outlives its removal, and goes with a later one") {
    shard s{4, 4, 0};
    const auto value = std::make_shared<int>(1);
    put(s, 1, value);
    {
        hazard<> reading;
        const auto* const n = find(s, 1, reading);
        REQUIRE(n != nullptr);
        s.erase(1, 1);
        {
            hazard<> another;
            CHECK(find(s, 1, another) == nullptr);
        }
        CHECK(n->value == value);
        CHECK(value.use_count() == 2);
        put(s, 2, nullptr), s.erase(2, 2);
        CHECK(value.use_count() == 2); // still read
    }
    CHECK(value.use_count() == 2); // nobody has come by
    put(s, 2, nullptr), s.erase(2, 2);
    CHECK(value.use_count() == 1);
}

TEST_CASE("cache_shard: readers that never go cost so many nodes, then nothing more is kept") {
    const auto value = std::make_shared<int>(1);
    {
        shard s{1, 1, 0};
        std::vector<shared> held;
        int kept = 0;
        // Each value is held by a reader of its own while it is displaced: the deepest nesting.
        const std::function<void(int)> nest = [&](int key) {
            put(s, key, value);
            hazard<> reading;
            if (find(s, key, reading) == nullptr)
                return;
            ++kept;
            nest(key + 1);
        };
        nest(1);
        CHECK(kept == static_cast<int>(hazard<>::depth)); // deeper reads find nothing
        CHECK(s.size() == 1);
        CHECK(s.counts().refused == 0);
        put(s, 100, value);
        CHECK(value.use_count() == 2); // all others are gone
    }
    CHECK(value.use_count() == 1);
}

TEST_CASE("cache_shard: two keys of one tag are two keys") {
    shard s{4, 4, 0};
    s.put(7, 1, {std::make_shared<int>(10), {}, false}, 0, {});
    s.put(7, 2, {std::make_shared<int>(20), {}, false}, 0, {});
    hazard<> reading;
    REQUIRE(s.find(7, 1, reading) != nullptr);
    CHECK(*s.find(7, 1, reading)->value == 10);
    CHECK(*s.find(7, 2, reading)->value == 20);
    CHECK(s.find(7, 3, reading) == nullptr);
    s.erase(7, 1);
    CHECK(s.find(7, 1, reading) == nullptr);
    CHECK(s.find(7, 2, reading) != nullptr);
}
