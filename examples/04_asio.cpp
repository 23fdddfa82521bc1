// SPDX-License-Identifier: BSL-1.0
//
// Asynchronous operations behind a pipeline: any of them, with any completion token.
#include <outlast/asio.hpp>
#include <outlast/outlast.hpp>

#include <boost/asio.hpp>

#include <iostream>

using namespace std::chrono_literals;
namespace asio = boost::asio;

int main() {
    asio::io_context context;
    outlast::pipeline guarded{
        outlast::timeout{3s}, // the whole call
        outlast::retry{{.max_attempts = 3, .backoff = outlast::constant(5ms)}},
        outlast::timeout{50ms}}; // each attempt

    // A coroutine. It runs on the executor of whoever calls it.
    auto lookup = [](outlast::call& c, int id) -> asio::awaitable<int> {
        asio::steady_timer slow{co_await asio::this_coro::executor, c.attempt() < 3 ? 1s : 1ms};
        co_await slow.async_wait(asio::use_awaitable);
        co_return 100 * id + static_cast<int>(c.attempt());
    };
    // An initiating function of Asio's.
    asio::steady_timer never{context, 1h};
    auto wait = [&](auto token) { return never.async_wait(std::move(token)); };

    asio::co_spawn(
        context,
        [&]() -> asio::awaitable<void> {
            outlast::result<int> r =
                co_await outlast::async_run(guarded, lookup, asio::use_awaitable, 7);
            std::cout << "coroutine: " << r.value() << '\n';
        },
        asio::detached);
    context.run();

    context.restart();
    outlast::async_run(context, guarded, outlast::within(10s), wait,
                       [](const outlast::result<void>& r) {
                           std::cout << "callback: " << r.error().message() << '\n';
                       });
    context.run();
}

// coroutine: 703
// callback: timed out after 50 ms (timeout) (after 3 attempts)
