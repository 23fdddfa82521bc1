// SPDX-License-Identifier: BSL-1.0
//
// What it makes of answers is tested through the stories, in both forms of the introspector.
#include <outlast/oauth2/async_ask.hpp>

#include <outlast/http/beast.hpp>

#include "bodies.hpp"
#include "support/catch.hpp"
#include "support/server.hpp"

#include <boost/asio.hpp>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace asio = boost::asio;
namespace http = outlast::http;
using namespace outlast::oauth2;
using namespace outlast_tests;
using namespace std::chrono_literals;

namespace {

/// Completes as Asio's own operations do, and keeps what it was given.
struct plain_transport {
    asio::io_context& context;
    boost::system::error_code error{};
    http::response answer{};
    std::optional<http::request> asked{};
    std::chrono::steady_clock::time_point by{};
    asio::cancellation_slot slot{};

    auto get_executor() const { return context.get_executor(); }

    template <class Token>
    auto
    async_ask(http::request request, std::chrono::steady_clock::time_point until, Token&& token) {
        return asio::async_initiate<Token, void(boost::system::error_code, http::response)>(
            [this, until](auto handler, http::request what) {
                asked = std::move(what);
                by = until;
                slot = asio::get_associated_cancellation_slot(handler);
                asio::post(context, [this, h = std::move(handler)]() mutable {
                    std::move(h)(error, answer);
                });
            },
            token, std::move(request));
    }
};

struct no_transport {
    template <class Token>
    auto async_ask(http::request, std::chrono::steady_clock::time_point, Token&& token) {
        return asio::async_initiate<Token, void(int)>([](auto) {}, token);
    }
};

outlast::result<knowledge> outcome_of(plain_transport& t, client_auth auth = no_client_auth{}) {
    auto what = std::make_shared<introspection>(introspector_options{
        .endpoints = {"https://as.example/introspect"}, .auth = std::move(auth), .wall = [] {
            return at(0);
        }});
    const async_ask work{t, std::move(what)};
    outlast::call context{1, outlast::instant{102s}, outlast::reading{outlast::instant{100s}}, {}};
    const std::string token = "tokA";
    std::optional<outlast::result<knowledge>> got;
    asio::cancellation_signal stop;
    std::size_t endpoint = 0;
    work(context, query{.token = token, .endpoint = &endpoint},
         asio::bind_cancellation_slot(
             stop.slot(), [&](outlast::result<knowledge> r) { got.emplace(std::move(r)); }));
    t.context.restart();
    t.context.run();
    REQUIRE(got);
    CHECK((!t.asked || t.slot == stop.slot()));
    return *std::move(got);
}

} // namespace

TEST_CASE("async_ask: which transports will do") {
    static_assert(async_transport<http::beast_transport>);
    static_assert(async_transport<plain_transport>);
    static_assert(!async_transport<no_transport>);
    static_assert(!async_transport<scripted_server>);
    SUCCEED();
}

TEST_CASE("async_ask: the answer to a request by (error_code, response), and its error") {
    asio::io_context context;
    plain_transport t{context};
    t.answer = says(r_plus(30)).answer;
    const auto known = outcome_of(t);
    REQUIRE(known);
    CHECK(known.value().what == knowledge::verdict::active);
    CHECK(known.value().lives_for == 30s);
    CHECK(t.asked->body == "token=tokA&token_type_hint=access_token");
    CHECK(t.by == std::chrono::steady_clock::time_point{101'990ms});
    t.error = asio::error::connection_refused;
    const auto lost = outcome_of(t);
    REQUIRE_FALSE(lost);
    CHECK(reason_in(lost.error().cause()) == reason::connection_refused);
}

TEST_CASE("async_ask: without credentials it completes at once, and nothing is sent") {
    asio::io_context context;
    plain_transport t{context};
    const auto r = outcome_of(t, client_bearer{"rs", secret{}});
    REQUIRE_FALSE(r);
    CHECK(reason_in(r.error().cause()) == reason::no_credentials);
    CHECK_FALSE(t.asked);
}

TEST_CASE("async_ask: an answer that nobody waits for any more needs no introspector") {
    asio::io_context context;
    plain_transport t{context};
    t.answer = says(r_minus).answer;
    int read = 0;
    {
        auto what = std::make_shared<introspection>(introspector_options{
            .endpoints = {"https://as.example/introspect"}, .wall = [&] { return ++read, at(0); }});
        const async_ask work{t, std::move(what)};
        outlast::call about{1, outlast::never, outlast::reading{outlast::instant{}}, {}};
        std::size_t endpoint = 0;
        work(about, query{.token = "tokA", .endpoint = &endpoint}, asio::detached);
    }
    context.run();
    CHECK(read == 1);
}
