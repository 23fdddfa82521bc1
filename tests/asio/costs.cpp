// SPDX-License-Identifier: BSL-1.0
//
// What a call under Asio costs in memory: pieces, counted by a replaced operator new and
// aligned_alloc, which Asio calls. A program of its own, for their sake.
#include <outlast/asio.hpp>
#include <outlast/cache/memory.hpp>
#include <outlast/outlast.hpp>

#include "support/catch.hpp"

#include <boost/asio.hpp>

#include <cstddef>
#include <cstdlib>
#include <functional>
#include <new>
#include <utility>

namespace {
long allocations = 0;
} // namespace

void* operator new(std::size_t n) {
    ++allocations;
    if (void* const p = std::malloc(n == 0 ? 1 : n))
        return p;
    throw std::bad_alloc{};
}
void* operator new[](std::size_t n) { return ::operator new(n); }
void* operator new(std::size_t n, const std::nothrow_t&) noexcept {
    ++allocations;
    return std::malloc(n == 0 ? 1 : n);
}
void* operator new[](std::size_t n, const std::nothrow_t& no) noexcept {
    return ::operator new(n, no);
}
void operator delete(void* p) noexcept { std::free(p); }
void operator delete[](void* p) noexcept { std::free(p); }
void operator delete(void* p, std::size_t) noexcept { std::free(p); }
void operator delete[](void* p, std::size_t) noexcept { std::free(p); }
void operator delete(void* p, const std::nothrow_t&) noexcept { std::free(p); }
void operator delete[](void* p, const std::nothrow_t&) noexcept { std::free(p); }

extern "C" void* aligned_alloc(std::size_t alignment, std::size_t n) {
    ++allocations;
    void* p = nullptr;
    return ::posix_memalign(&p, alignment, n) == 0 ? p : nullptr;
}

using namespace std::chrono_literals;
namespace asio = boost::asio;
using boost::system::error_code;
using outlast::result;

namespace {

/// Allocations of the last of many calls in a loop, each started by the end of the one before it.
template <class Start>
long each(Start start) {
    asio::io_context context;
    long before = 0;
    long most = 0;
    int left = 50;
    std::function<void()> next = [&] {
        if (left < 40) // the first fill what is used again
            most = std::max(most, allocations - before);
        before = allocations;
        if (left-- > 0)
            start(context, [&](const auto&) { next(); });
    };
    asio::post(context, [&] { next(); });
    context.run();
    CHECK(left == -1);
    return most;
}

const auto in_line = [](auto token) {
    return asio::async_initiate<decltype(token), void(int)>([](auto h) { std::move(h)(1); }, token);
};
const auto posted = [](auto token) {
    return asio::async_initiate<decltype(token), void(int)>(
        [](auto h) {
            const auto executor = asio::get_associated_executor(h);
            asio::post(executor, asio::append(std::move(h), 1));
        },
        token);
};
const auto failing = [](auto token) {
    return asio::async_initiate<decltype(token), void(error_code)>(
        [](auto h) {
            const auto executor = asio::get_associated_executor(h);
            asio::post(executor, asio::append(std::move(h),
                                              make_error_code(asio::error::connection_refused)));
        },
        token);
};

template <class Pipeline, class Work>
long each_call(Pipeline& p, Work work) {
    return each([&](asio::io_context& context, auto next) {
        outlast::async_run(context.get_executor(), p, work, next);
    });
}

} // namespace

TEST_CASE("costs: a call in a loop allocates nothing, once others went before it") {
    outlast::circuit_breaker breaker{{.window = outlast::consecutive(100'000)}};
    outlast::pipeline p{outlast::timeout{3s}, outlast::retry{{.backoff = outlast::constant(0ms)}},
                        std::ref(breaker), outlast::timeout{250ms}};
    CHECK(each_call(p, in_line) == 0);
    CHECK(each_call(p, posted) == 0);
    CHECK(each_call(p, failing) == 0); // with waits
    breaker.set_mode(outlast::circuit_mode::isolated);
    CHECK(each_call(p, posted) == 0);
}

TEST_CASE("costs: nor does one through a cache, hit or miss, with all policies around it") {
    outlast::circuit_breaker breaker{{.window = 100}};
    outlast::memory<int, int> store;
    bool keep = true;
    outlast::cache_aside cache{store, [] { return 0; },
                               [&](int) { return outlast::lifetime{.fresh_for = keep ? 1h : 0h}; }};
    outlast::pipeline p{outlast::fallback{0}, std::ref(cache),   outlast::timeout{3s},
                        outlast::retry{},     std::ref(breaker), outlast::timeout{250ms}};
    CHECK(each_call(p, posted) == 0);
    store.clear();
    keep = false;
    CHECK(each_call(p, posted) == 0);
}
