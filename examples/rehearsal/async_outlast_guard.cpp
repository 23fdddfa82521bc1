// SPDX-License-Identifier: BSL-1.0
//
// The guarded API on coroutines: an asynchronous introspector over the library's own transport.
#include <outlast/http/beast.hpp>
#include <outlast/oauth2/async_introspector.hpp>

#include "guard.hpp"
#include "outlast_settings.hpp"

#include <boost/asio/use_awaitable.hpp>

#include <atomic>
#include <chrono>
#include <memory>
#include <utility>

namespace rehearsal {

namespace {

namespace asio = boost::asio;
namespace oauth2 = outlast::oauth2;
namespace http = outlast::http;

// Counts the requests on their way out, for the display.
struct counted_transport {
    http::beast_transport send;
    std::atomic<std::uint64_t> calls{0};

    [[nodiscard]] auto get_executor() const { return send.get_executor(); }

    template <class Token>
    auto async_ask(http::request asked, std::chrono::steady_clock::time_point by, Token&& token) {
        ++calls;
        return send.async_ask(std::move(asked), by, std::forward<Token>(token));
    }
};

http::beast_options transport_options() {
    http::beast_options o;
    o.connect_timeout = std::chrono::milliseconds{500};
    return o;
}

struct async_outlast_side {
    explicit async_outlast_side(const guard_settings& s)
        : send{http::beast_transport{context->get_executor(), transport_options()}},
          check{options_from(s), send},
          wanted{requirements_from(s)} {}

    asio::awaitable<reply> answer(std::string header) {
        co_return reply_from(co_await check.async_check(header, wanted, asio::use_awaitable));
    }

    std::shared_ptr<asio::io_context> context = std::make_shared<asio::io_context>(1);
    counted_transport send;
    oauth2::async_introspector<counted_transport> check;
    oauth2::requirements wanted;
};

} // namespace

guarded async_outlast_guard(const guard_settings& settings) {
    const auto made = std::make_shared<async_outlast_side>(settings);
    return {.answer = {},
            .answer_later = [made](std::string header) { return made->answer(std::move(header)); },
            .where = made->context,
            .breaker = [made] { return breaker_of(made->check.breaker()); },
            .server_calls = [made] { return made->send.calls.load(); }};
}

} // namespace rehearsal
