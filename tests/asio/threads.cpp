// SPDX-License-Identifier: BSL-1.0
//
// Calls on a context that several threads run, without a strand anywhere: what belongs to one call
// never overlaps, and each is answered once. For ThreadSanitizer above all.
#include <outlast/asio.hpp>
#include <outlast/bulkhead.hpp>
#include <outlast/cache/memory.hpp>
#include <outlast/outlast.hpp>

#include "support/catch.hpp"

#include <boost/asio.hpp>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <thread>
#include <utility>
#include <vector>

using namespace std::chrono_literals;
namespace asio = boost::asio;
using boost::system::error_code;
using outlast::refusal;
using outlast::result;

namespace {

void run_by(int threads, asio::io_context& context) {
    std::vector<std::thread> all;
    for (int i = 0; i != threads; ++i)
        all.emplace_back([&] { context.run(); });
    for (auto& t : all)
        t.join();
}

std::atomic<int> overlaps = 0; // Catch2's checks are for one thread

/// Steps of a composed operation, which would race with the cancellation at its deadline if
/// anything of one call could overlap. Its own state is plain.
auto in_steps(asio::io_context& context, int steps, auto token) {
    struct state {
        asio::steady_timer timer;
        int left;
        bool inside = false;
    };
    return asio::async_compose<decltype(token), void(error_code, int)>(
        [s = std::make_unique<state>(state{asio::steady_timer{context}, steps})](
            auto& self, error_code e = {}) mutable {
            state& now = *s;
            overlaps += std::exchange(now.inside, true);
            if (e || now.left-- == 0)
                return self.complete(e, 1);
            now.inside = false;
            now.timer.expires_after(100us);
            now.timer.async_wait(std::move(self));
        },
        token);
}

struct counts {
    std::atomic<int> good = 0, timed_out = 0, cancelled = 0, other = 0;
    void operator()(const result<int>& r) {
        if (r)
            ++good;
        else if (r.error().why() == refusal::timed_out)
            ++timed_out;
        else if (r.error().why() == refusal::cancelled)
            ++cancelled;
        else
            ++other;
    }
    [[nodiscard]] int all() const { return good + timed_out + cancelled + other; }
};

} // namespace

TEST_CASE("threads: completions and deadlines at the same time") {
    asio::io_context context;
    outlast::circuit_breaker breaker{
        {.window = outlast::consecutive(100'000)}}; // counts, and stays closed
    outlast::pipeline p{outlast::timeout{200ms}, outlast::retry{{.max_attempts = 3}},
                        std::ref(breaker), outlast::timeout{3ms}};
    counts c;
    constexpr int calls = 400;
    for (int i = 0; i != calls; ++i)
        asio::post(context, [&, i] {
            outlast::async_run(
                context.get_executor(), p,
                [&context, i](auto token) { return in_steps(context, i % 30, std::move(token)); },
                [&](const result<int>& r) { c(r); });
        });
    run_by(4, context);
    CHECK(c.all() == calls);
    CHECK(c.good > 0);
    CHECK(c.timed_out > 0);
    CHECK(overlaps == 0);
    CHECK(outlast::abandoned().running == 0);
}

TEST_CASE("threads: operations that complete on threads of their own, late and early") {
    asio::io_context context;
    asio::thread_pool elsewhere{2};
    outlast::pipeline p{outlast::retry{{.max_attempts = 2, .backoff = outlast::constant(0ms)}},
                        outlast::timeout{1ms}};
    counts c;
    constexpr int calls = 300;
    for (int i = 0; i != calls; ++i)
        outlast::async_run(
            context.get_executor(), p,
            [&, i](auto token) {
                return asio::async_initiate<decltype(token), void(error_code, int)>(
                    [&, i](auto handler) { // not on the executor of its handler, which is wrong
                        asio::post(elsewhere, [i, h = std::move(handler)]() mutable {
                            if (i % 3 == 0)
                                std::this_thread::sleep_for(1ms);
                            std::move(h)(error_code{}, i);
                        });
                    },
                    token);
            },
            [&](const result<int>& r) { c(r); });
    run_by(2, context);
    elsewhere.join();
    CHECK(c.all() == calls);
    CHECK(outlast::abandoned().running == 0);
}

TEST_CASE("threads: calls that wait for one another") {
    asio::io_context context;
    outlast::memory<int, int> store;
    outlast::cache_aside cache{store, [](int key) { return key; },
                               [](int) { return outlast::lifetime{.fresh_for = 1ms}; }};
    outlast::pipeline p{std::ref(cache), outlast::timeout{1s}};
    counts c;
    constexpr int calls = 600;
    for (int i = 0; i != calls; ++i)
        asio::post(context, [&, i] {
            outlast::async_run(
                context.get_executor(), p,
                [&context](int, auto token) { return in_steps(context, 3, std::move(token)); },
                [&](const result<int>& r) { c(r); }, i % 5);
        });
    run_by(4, context);
    CHECK(c.all() == calls);
    CHECK(c.good == calls);
    CHECK(overlaps == 0);
}

TEST_CASE(
    "threads: an executor that is kept goes on with its own context, whatever calls come later") {
    asio::io_context home;
    asio::thread_pool elsewhere{1};
    outlast::pipeline p{outlast::retry{}};
    const auto here = std::this_thread::get_id();
    int steps = 0, strayed = 0;
    const auto background = [&]() -> asio::awaitable<void> {
        asio::steady_timer timer{co_await asio::this_coro::executor};
        for (; steps != 100; ++steps) {
            timer.expires_after(1ms);
            co_await timer.async_wait(asio::use_awaitable);
            strayed += std::this_thread::get_id() != here;
        }
    };
    std::atomic<int> later{0};
    outlast::async_run(
        home, p,
        [&]() -> asio::awaitable<int> {
            asio::co_spawn(co_await asio::this_coro::executor, background, asio::detached);
            co_return 1;
        },
        [&](const result<int>&) {
            asio::post(home, [&] { // this call's queue may be used again now
                for (int i = 0; i != 3; ++i)
                    outlast::async_run(
                        elsewhere, p,
                        []() -> asio::awaitable<int> {
                            std::this_thread::sleep_for(20ms);
                            co_return 2;
                        },
                        [&](const result<int>&) { ++later; });
            });
        });
    home.run();
    elsewhere.join();
    CHECK(steps == 100);
    CHECK(strayed == 0);
    CHECK(later == 3);
}

TEST_CASE("threads: stop tokens from outside, coroutines inside") {
    asio::io_context context;
    std::stop_source stop;
    outlast::pipeline p{outlast::timeout{2s}, outlast::retry{}};
    counts c;
    constexpr int calls = 100;
    for (int i = 0; i != calls; ++i)
        outlast::async_run(
            context.get_executor(), p, outlast::limits{.stop = stop.get_token()},
            [i](outlast::call&) -> asio::awaitable<int> {
                asio::steady_timer timer{co_await asio::this_coro::executor};
                for (int n = 0; n != 5 || i % 2 == 0; ++n) {
                    timer.expires_after(100us);
                    co_await timer.async_wait(asio::use_awaitable);
                }
                co_return i;
            },
            [&](const result<int>& r) { c(r); });
    std::thread stopper{[&] {
        std::this_thread::sleep_for(20ms);
        stop.request_stop();
    }};
    run_by(3, context);
    stopper.join();
    CHECK(c.all() == calls);
    CHECK(c.good + c.cancelled + c.timed_out == calls);
}

TEST_CASE(
    "threads: cancelled at any moment, on strands and without, while others wait for the same") {
    asio::io_context context;
    outlast::memory<int, int> store;
    outlast::cache_aside cache{
        store,
        [](int key) { return key; },
        [](int) { return outlast::lifetime{.fresh_for = 3ms, .stale_for = 1ms}; },
        {.refresh_ahead = outlast::ratio::of(1.0), .refresh_limit = 2ms, .refresh_pause = 0ms}};
    outlast::circuit_breaker breaker{{.window = outlast::consecutive(100'000)}};
    outlast::bulkhead door{{.permits = 3, .queue = 900, .wait = 30s}}; // all, if they go alone
    outlast::pipeline p{
        std::ref(cache),   outlast::timeout{60s}, outlast::retry{{.max_attempts = 2}},
        std::ref(breaker), std::ref(door),        outlast::timeout{30s}};
    counts c;
    constexpr int calls = 900;
    const auto work = [&](int key, auto token) {
        return in_steps(context, key + 2, std::move(token));
    };
    std::vector<std::stop_source> stops(calls);
    std::vector<asio::cancellation_signal> signals(calls);
    const auto before = outlast::detached().ever;
    for (int i = 0; i != calls; ++i)
        asio::post(context, [&, i] {
            const auto n = static_cast<std::size_t>(i);
            const auto done = [&](const result<int>& r) { c(r); };
            if (i % 3 == 0) { // cancelled by its slot, which is for the strand of the call
                const auto strand = asio::make_strand(context);
                asio::dispatch(strand, [&, n, i, strand, done] {
                    outlast::async_run(p, work,
                                       asio::bind_cancellation_slot(
                                           signals[n].slot(), asio::bind_executor(strand, done)),
                                       i % 4);
                    asio::post(strand, [&, n, i] {
                        signals[n].emit(i % 2 == 0 ? asio::cancellation_type::terminal
                                                   : asio::cancellation_type::total);
                    });
                });
            } else if (i % 3 == 1) { // by a token, from another thread
                outlast::async_run(context, p, outlast::limits{.stop = stops[n].get_token()}, work,
                                   done, i % 4);
            } else {
                outlast::async_run(context, p, work, done, i % 4);
            }
        });
    std::thread stopper{[&] {
        for (auto& s : stops) {
            s.request_stop();
            std::this_thread::yield();
        }
    }};
    run_by(4, context);
    stopper.join();
    CHECK(c.all() == calls);
    CHECK(c.good >= calls / 3);
    CHECK(c.cancelled > 0);
    CHECK(overlaps == 0);
    CHECK(door.counts().running == 0);
    CHECK(door.counts().queued == 0);
    CHECK(outlast::detached().ever > before);
    CHECK(outlast::detached().running == 0);
    CHECK(outlast::abandoned().running == 0);
}

namespace {

/// A shared cache on threads of its own, where its operations end, too.
struct busy_store {
    using key_type = int;
    using value_type = int;
    using lock_type = std::mutex;
    using entry = outlast::entry<int>;

    asio::thread_pool& pool;
    std::mutex mutex{};
    std::map<int, entry> map{};

    template <class Signature, class Token, class Happens>
    auto begin(Token&& token, Happens happens) {
        return asio::async_initiate<Token, Signature>(
            [this, happens](auto handler) {
                asio::post(pool, [this, happens, h = std::move(handler)]() mutable {
                    happens(*this, std::move(h));
                });
            },
            token);
    }
    template <class Token>
    auto async_find(int key, Token&& token) {
        return begin<void(error_code, std::optional<entry>)>(
            std::forward<Token>(token), [key](busy_store& s, auto handler) {
                std::optional<entry> found;
                {
                    const std::lock_guard hold{s.mutex};
                    if (const auto it = s.map.find(key); it != s.map.end())
                        found = it->second;
                }
                std::move(handler)(error_code{}, found);
            });
    }
    template <class Token>
    auto async_put(int key, const entry& e, Token&& token) {
        return begin<void(error_code)>(std::forward<Token>(token),
                                       [key, e](busy_store& s, auto handler) {
                                           {
                                               const std::lock_guard hold{s.mutex};
                                               s.map.insert_or_assign(key, e);
                                           }
                                           std::move(handler)(error_code{});
                                       });
    }
    template <class Token>
    auto async_erase(int key, Token&& token) {
        return begin<void(error_code)>(std::forward<Token>(token),
                                       [key](busy_store& s, auto handler) {
                                           {
                                               const std::lock_guard hold{s.mutex};
                                               s.map.erase(key);
                                           }
                                           std::move(handler)(error_code{});
                                       });
    }
};

} // namespace

TEST_CASE("threads: an asynchronous store on threads of its own") {
    asio::thread_pool elsewhere{2};
    counts c;
    constexpr int calls = 400;
    std::vector<std::stop_source> stops(calls);
    {
        asio::io_context context;
        busy_store store{elsewhere};
        outlast::cache_aside cache{store,
                                   [](int key) { return key; },
                                   [](int) { return outlast::lifetime{.fresh_for = 2ms}; },
                                   {.store_limit = 30s}};
        outlast::pipeline p{std::ref(cache), outlast::timeout{60s}, outlast::retry{}};
        for (int i = 0; i != calls; ++i)
            asio::post(context, [&, i] {
                const auto n = static_cast<std::size_t>(i);
                outlast::async_run(
                    context, p,
                    i % 4 == 0 ? outlast::limits{.stop = stops[n].get_token()} : outlast::limits{},
                    [&](int, auto token) { return in_steps(context, 2, std::move(token)); },
                    [&](const result<int>& r) { c(r); }, i % 5);
                if (i % 4 == 0)
                    asio::post(elsewhere, [&, n] { stops[n].request_stop(); });
                if (i % 40 == 0)
                    cache.async_forget(i % 5, asio::detached);
            });
        run_by(3, context);
        elsewhere.join(); // what was abandoned is over
    }
    CHECK(c.all() == calls);
    CHECK(c.good >= calls * 3 / 4);
    CHECK(c.good + c.cancelled == calls);
    CHECK(overlaps == 0);
    CHECK(outlast::detached().running == 0);
    CHECK(outlast::abandoned().running == 0);
}
