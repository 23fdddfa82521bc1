// SPDX-License-Identifier: BSL-1.0
#include <outlast/shared_word.hpp>

#include "support/catch.hpp"

#include <cstdint>
#include <mutex>
#include <thread>

using outlast::no_lock;
using outlast::shared_word;

TEST_CASE("shared_word: keeps what was stored, under either kind of lock") {
    shared_word<std::uint64_t, no_lock> plain{7};
    CHECK(plain.load() == 7);
    plain.store(9);
    CHECK(plain.load() == 9);
    shared_word<std::uint64_t, std::mutex> shared{7};
    CHECK(shared.load() == 7);
    shared.store(9);
    CHECK(shared.load() == 9);
    shared_word<int*, std::mutex> empty;
    CHECK(empty.load() == nullptr);
}

TEST_CASE("shared_word: who sees a value sees what was written before it") {
    int behind = 0;
    shared_word<bool, std::mutex> ready{false};
    std::jthread writer{[&] {
        behind = 42;
        ready.store(true);
    }};
    while (!ready.load())
        std::this_thread::yield();
    CHECK(behind == 42);
}

namespace {
constexpr bool works_in_a_constant() {
    shared_word<int, no_lock> w{1};
    w.store(w.load() + 1);
    return w.load() == 2;
}
static_assert(works_in_a_constant());
} // namespace
