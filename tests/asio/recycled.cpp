// SPDX-License-Identifier: BSL-1.0
#include <outlast/asio/recycled.hpp>

#include "support/catch.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <thread>
#include <type_traits>
#include <vector>

namespace {

template <class T>
struct own {
    using value_type = T;
};

} // namespace

using outlast::detail::allocator_for;
using outlast::detail::recycled;
using outlast::detail::spare_memory;

TEST_CASE("recycled: what was given back is taken again, if it is large enough") {
    void* const a = spare_memory::take(1000);
    spare_memory::give(a, 1000);
    void* const b = spare_memory::take(900); // of the same class
    CHECK(a == b);
    void* const c = spare_memory::take(2000);
    CHECK(c != b);
    spare_memory::give(b, 900);
    spare_memory::give(c, 2000);
    void* const huge = spare_memory::take(100'000);
    spare_memory::give(huge, 100'000);
}

TEST_CASE("recycled: from one thread to another, and more than is kept") {
    std::vector<void*> pieces;
    for (int i = 0; i != 100; ++i)
        pieces.push_back(spare_memory::take(300));
    std::thread{[&] {
        for (void* p : pieces)
            spare_memory::give(p, 300);
        void* const again = spare_memory::take(300);
        CHECK(again != nullptr);
        spare_memory::give(again, 300);
    }}.join();
}

TEST_CASE("recycled: takes the place of the allocator that is everybody's, and of no other") {
    STATIC_REQUIRE(std::is_same_v<allocator_for<std::allocator<void>, long>, recycled<long>>);
    STATIC_REQUIRE(std::is_same_v<allocator_for<own<int>, long>, own<long>>);
    std::vector<int, recycled<int>> v;
    v.assign(10, 7);
    CHECK(v.back() == 7);
    CHECK(recycled<int>{} == recycled<long>{});
    struct alignas(256) wide {
        char c;
    };
    recycled<wide> aligned;
    wide* const w = aligned.allocate(2);
    CHECK(reinterpret_cast<std::uintptr_t>(w) % 256 == 0);
    aligned.deallocate(w, 2);
}
