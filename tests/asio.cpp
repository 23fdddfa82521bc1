// SPDX-License-Identifier: BSL-1.0
//
// What a user of Asio includes, and nothing else.
#include <outlast/asio.hpp>

#include <outlast/outlast.hpp>

#include "support/catch.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <chrono>

using namespace std::chrono_literals;
namespace asio = boost::asio;

TEST_CASE("asio.hpp: a coroutine calls an operation through a pipeline") {
    asio::io_context context;
    outlast::pipeline guarded{outlast::timeout{1h}, outlast::retry{{.max_attempts = 3}}};
    int got = 0;
    const auto twice = [](outlast::call& c, int n) -> asio::awaitable<int> {
        CHECK(c.remaining() > 0s);
        co_return 2 * n;
    };
    asio::co_spawn(
        context,
        [&]() -> asio::awaitable<void> {
            outlast::result<int> r =
                co_await outlast::async_run(guarded, twice, asio::use_awaitable, 21);
            got = r.value();
        },
        [](std::exception_ptr e) { CHECK(!e); });
    context.run();
    CHECK(got == 42);
    CHECK(outlast::abandoned().running == 0);
}
