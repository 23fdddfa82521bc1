// SPDX-License-Identifier: BSL-1.0
#include <outlast/asio/operation.hpp>

#include "support/catch.hpp"

#include <boost/asio/deferred.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include <string>
#include <type_traits>
#include <utility>

namespace asio = boost::asio;
using boost::system::error_code;
using outlast::call;
using outlast::detail::asynchronous;
using outlast::detail::started_with;
using outlast::detail::takes_call_first;

namespace {

template <class Signature>
struct completes {
    template <class Token>
    auto operator()(Token&& token) const {
        return asio::async_initiate<Token, Signature>(
            [](auto handler) { std::move(handler)(error_code{}, 1); }, token);
    }
};

using with_token = decltype([](auto token) { return completes<void(error_code, int)>{}(token); });
using with_call = decltype([](call&, auto token) {
    return completes<void(error_code, int)>{}(std::move(token));
});
using with_argument = decltype([](const std::string&, auto token) {
    return completes<void(error_code, long)>{}(std::move(token));
});
using awaiting = decltype([](call&) -> asio::awaitable<int> { co_return 1; });
using awaiting_result =
    decltype([]() -> asio::awaitable<outlast::result<std::string>> { co_return std::string{}; });
using deferring = decltype([] { return completes<void(error_code, int)>{}(asio::deferred); });
using waiting =
    decltype([](asio::steady_timer& t, auto token) { return t.async_wait(std::move(token)); });

template <class F, class... A>
using value = typename asynchronous<F, const A&...>::value_type;

} // namespace

TEST_CASE("operation: its value is known before it runs") {
    STATIC_REQUIRE(std::is_same_v<value<with_token>, int>);
    STATIC_REQUIRE(std::is_same_v<value<with_call>, int>);
    STATIC_REQUIRE(std::is_same_v<value<with_argument, std::string>, long>);
    STATIC_REQUIRE(std::is_same_v<value<awaiting>, int>);
    STATIC_REQUIRE(std::is_same_v<value<awaiting_result>, std::string>);
    STATIC_REQUIRE(std::is_same_v<value<deferring>, int>);
    STATIC_REQUIRE(
        std::is_same_v<typename asynchronous<waiting, asio::steady_timer&>::value_type, void>);
}

TEST_CASE("operation: the context of the call goes to who takes it") {
    STATIC_REQUIRE(!takes_call_first<with_token>);
    STATIC_REQUIRE(takes_call_first<with_call>);
    STATIC_REQUIRE(!takes_call_first<with_argument, const std::string&>);
    STATIC_REQUIRE(takes_call_first<awaiting>);
    STATIC_REQUIRE(!takes_call_first<awaiting_result>);
}

TEST_CASE("operation: what is none fits nothing") {
    STATIC_REQUIRE(!started_with<decltype([] { return 1; })>::fits);
    STATIC_REQUIRE(!started_with<decltype([](int) {})>::fits);
    STATIC_REQUIRE(!started_with<with_argument, call&>::fits);
}

TEST_CASE("operation: it is begun with a handler") {
    with_call f;
    call c{1, outlast::never, outlast::reading{outlast::instant{}}, {}};
    int got = 0;
    asynchronous<with_call>::begin(f, c, [&](error_code, int n) { got = n; });
    CHECK(got == 1);
    deferring d;
    asynchronous<deferring>::begin(d, c, [&](error_code, int n) { got = n + 1; });
    CHECK(got == 2);
}
