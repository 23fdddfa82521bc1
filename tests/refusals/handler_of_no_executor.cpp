// SPDX-License-Identifier: BSL-1.0
// refused: outlast::async_run: nothing can be posted to the executor of this handler
// refused: boost::asio::bind_executor\(executor, handler\)
#include <outlast/asio.hpp>
#include <outlast/outlast.hpp>

#include <boost/asio.hpp>

#include <utility>

int main() {
    namespace asio = boost::asio;
    asio::io_context context;
    outlast::pipeline p{outlast::retry{}};
    asio::any_completion_handler<void(outlast::result<int>)> handler{[](const auto&) {}};
    const auto work = []() -> asio::awaitable<int> { co_return 7; };
#ifdef OUTLAST_REFUSAL_FIXED
    outlast::async_run(context, p, work,
                       asio::bind_executor(context.get_executor(), std::move(handler)));
#else
    outlast::async_run(context, p, work, std::move(handler));
#endif
    context.run();
}
