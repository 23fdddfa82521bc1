// SPDX-License-Identifier: BSL-1.0
//
// How often a call asks for memory, and how much an entry of the token cache takes. Prints JSON.
#include "subjects.hpp"
#include "tokens.hpp"

#include <malloc.h> // malloc_usable_size

#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <new>

namespace {

std::size_t allocations = 0;
std::size_t bytes = 0; // in use, with what the allocator keeps beside each block

std::size_t size_of_block(void* p) { return malloc_usable_size(p) + sizeof(std::size_t); }

void* counted_new(std::size_t n, std::size_t alignment = 0) {
    void* p = alignment == 0
                  ? std::malloc(n == 0 ? 1 : n)
                  : std::aligned_alloc(alignment, (n + alignment - 1) / alignment * alignment);
    if (p == nullptr)
        std::abort();
    ++allocations;
    bytes += size_of_block(p);
    return p;
}

void counted_delete(void* p) noexcept {
    if (p != nullptr)
        bytes -= size_of_block(p);
    std::free(p);
}

} // namespace

void* operator new(std::size_t n) { return counted_new(n); }
void* operator new[](std::size_t n) { return counted_new(n); }
void* operator new(std::size_t n, std::align_val_t a) {
    return counted_new(n, static_cast<std::size_t>(a));
}
void* operator new[](std::size_t n, std::align_val_t a) {
    return counted_new(n, static_cast<std::size_t>(a));
}
void operator delete(void* p) noexcept { counted_delete(p); }
void operator delete[](void* p) noexcept { counted_delete(p); }
void operator delete(void* p, std::size_t) noexcept { counted_delete(p); }
void operator delete[](void* p, std::size_t) noexcept { counted_delete(p); }
void operator delete(void* p, std::align_val_t) noexcept { counted_delete(p); }
void operator delete[](void* p, std::align_val_t) noexcept { counted_delete(p); }
void operator delete(void* p, std::size_t, std::align_val_t) noexcept { counted_delete(p); }
void operator delete[](void* p, std::size_t, std::align_val_t) noexcept { counted_delete(p); }

namespace {

constexpr int times = 1000;

/// Allocations a call, in a thousand calls after the first.
template <class F>
double allocations_of(F f) {
    f();
    const std::size_t before = allocations;
    for (int i = 0; i != times; ++i)
        f();
    return static_cast<double>(allocations - before) / times;
}

template <class Cache>
double bytes_per_entry(const bench::token_set& tokens) {
    const std::size_t before = bytes;
    const auto cache = std::make_unique<Cache>(tokens);
    return static_cast<double>(bytes - before) / static_cast<double>(tokens.size());
}

void print(const char* name, double value, const char* after = ",") {
    std::printf("  \"%s\": %.6g%s\n", name, value, after);
}

} // namespace

int main() {
    using namespace bench;
    open_the_breaker();
    std::puts("{");
    print("allocations_success", allocations_of([] {
              (void)composed(call_work, 7);
              (void)composed_window(call_work, 7);
              (void)outlast::run<coarse>(composed, call_work, 7);
          }));
    print("allocations_rejected", allocations_of([] {
              (void)refused(call_work, 7);
              (void)composed_refused(call_work, 7);
          }));
    print("allocations_failed_attempts", allocations_of([] {
              int failures = most_failures;
              (void)outlast::run(retry_at_once, [&] { return work_after(failures); });
          }));
    {
        const token_set few{100};
        remembered cache{few};
        noted by_hand{few};
        print("allocations_cache_hit",
              allocations_of([&] { (void)cache.check(introspect, few[5]); }));
        print("allocations_ordinary_cache_hit",
              allocations_of([&] { (void)by_hand.cache.find(few[5]); }));
    }
    const token_set many{1'000'000};
    print("ordinary_bytes_per_entry", bytes_per_entry<noted>(many));
    print("cache_bytes_per_entry", bytes_per_entry<remembered>(many), "");
    std::puts("}");
}
