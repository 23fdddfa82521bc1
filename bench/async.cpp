// SPDX-License-Identifier: BSL-1.0
//
// What a guarded asynchronous call costs, beside what Asio does for less. Everything runs inside the
// loop, where memory is used again; a batch of calls is a chain, each of which starts the next one.
#include <outlast/asio.hpp>

#include "async_work.hpp"
#include "harness.hpp"
#include "least_async.hpp"

#include <boost/asio.hpp>

#include <atomic>
#include <cstddef>
#include <cstdlib>
#include <new>
#include <optional>

namespace {
std::atomic<long> allocations{0};
} // namespace

void* operator new(std::size_t n) {
    allocations.fetch_add(1, std::memory_order_relaxed);
    if (void* const p = std::malloc(n == 0 ? 1 : n))
        return p;
    throw std::bad_alloc{};
}
void* operator new(std::size_t n, std::align_val_t a) {
    allocations.fetch_add(1, std::memory_order_relaxed);
    const auto alignment = static_cast<std::size_t>(a);
    if (void* const p = std::aligned_alloc(alignment, (n + alignment - 1) / alignment * alignment))
        return p;
    throw std::bad_alloc{};
}
void operator delete(void* p) noexcept { std::free(p); }
void operator delete(void* p, std::size_t) noexcept { std::free(p); }
void operator delete(void* p, std::align_val_t) noexcept { std::free(p); }
void operator delete(void* p, std::size_t, std::align_val_t) noexcept { std::free(p); }

namespace bench {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;

/// Calls in a loop, one after the other: the end of each starts the next one. The first hundred are
/// not counted, nor is what they allocate: memory is used again after them.
template <class Start>
struct chain {
    using clock = std::chrono::steady_clock;
    static constexpr benchmark::IterationCount warming = 100;

    Start start;
    asio::io_context context{};
    benchmark::IterationCount left = 0;
    benchmark::IterationCount counted = 0;
    clock::time_point begun{};
    clock::time_point ended{};
    long before = 0;
    long after = 0;

    void next() {
        if (left == counted) {
            before = allocations.load(std::memory_order_relaxed);
            begun = clock::now();
        }
        if (left-- > 0)
            return start(context, [this](const auto&...) { next(); });
        ended = clock::now();
        after = allocations.load(std::memory_order_relaxed);
    }

    void run(benchmark::IterationCount n) {
        counted = n;
        left = n + warming;
        asio::post(context, [this] { next(); });
        context.restart();
        context.run();
    }
};

/// \param reactor whether the loop has one, as with any timer or socket
template <class Start>
void add_chain(const char* name, Start start, bool reactor) {
    benchmark::RegisterBenchmark(name, [=](benchmark::State& state) {
        chain<Start> c{start};
        std::optional<asio::steady_timer> timer;
        if (reactor)
            timer.emplace(c.context);
        const long before = preemptions();
        while (state.KeepRunningBatch(state.max_iterations)) {
            c.run(state.max_iterations);
            state.SetIterationTime(std::chrono::duration<double>(c.ended - c.begun).count());
        }
        state.counters["ns"] = std::chrono::duration<double, std::nano>(c.ended - c.begun).count() /
                               static_cast<double>(c.counted);
        state.counters["allocations"] =
            static_cast<double>(c.after - c.before) / static_cast<double>(c.counted);
        state.counters["preempted"] = static_cast<double>(preemptions() - before);
    })->UseManualTime();
}

template <class Pipeline, class Work>
auto through(Pipeline& p, Work work) {
    return [&p, work](asio::io_context& context, auto next) {
        outlast::async_run(context.get_executor(), p, work, next);
    };
}

} // namespace

void add_benchmarks() {
    // What `async_inline` is compared with, although no call may do so: it calls its handler inside the
    // initiation. A turn of the loop is on top of it, as for anything that answers.
    add("async_initiate",
        [] { inline_work([](error_code, int n) { benchmark::DoNotOptimize(n); }); });
    const auto post = [](asio::io_context& context, auto next) {
        posting_work(asio::bind_executor(context.get_executor(), next));
    };
    add_chain("async_inline", through(guarded, inline_work), false);
    add_chain(
        "least_async_inline",
        [](asio::io_context& context, auto next) {
            least::async_call<decltype(next)>::start_inline(context, next);
        },
        false);
    // The same handler and operation as through a pipeline.
    add_chain("async_post_plain", post, true);
    add_chain("async_post", through(guarded, posting_work), true);
    add_chain(
        "least_async_post",
        [](asio::io_context& context, auto next) {
            least::async_call<decltype(next)>::start_posting(context, next);
        },
        true);
    add_chain(
        "least_async_post_threads",
        [](asio::io_context& context, auto next) {
            least::async_call<decltype(next), true>::start_posting(context, next);
        },
        true);
    add_chain("async_post_timeout", through(timed, posting_work), true);
    add_chain(
        "asio_timer",
        [](asio::io_context& context, auto next) {
            asio::steady_timer timer{context, 250ms};
            timer.async_wait(next); // called when the timer is gone, in the next turn
        },
        true);
}

} // namespace bench
