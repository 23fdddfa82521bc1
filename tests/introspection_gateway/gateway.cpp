// SPDX-License-Identifier: BSL-1.0
//
// Its answers are told by tests/interop/gateway.py, with everything around it.
#include "gateway.hpp"

#include "support/catch.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <exception>
#include <string>
#include <utility>
#include <vector>

namespace {

std::vector<gateway::route> routes() {
    std::vector<gateway::route> all(3);
    all[0].path = "/auth/orders/archive";
    all[1].path = "/auth/orders";
    all[2].path = "/public";
    return all;
}

std::string chosen(std::string_view target, const std::vector<gateway::route>& all) {
    const auto* const r = gateway::route_for(all, target);
    return r == nullptr ? "none" : r->path;
}

/// One that has nobody to ask.
struct lonely {
    boost::asio::io_context context{1};
    gateway::log log{-1};
    gateway::introspection_gateway answers{configuration(), context, log};

    static gateway::configuration configuration() {
        gateway::configuration c;
        c.introspector.endpoints = {"https://idp.example/introspect"};
        c.introspector.auth = outlast::oauth2::no_client_auth{"gw"};
        c.routes = routes();
        return c;
    }
    gateway::response told(boost::asio::awaitable<gateway::response> asking) {
        gateway::response got;
        boost::asio::co_spawn(context, std::move(asking),
                              [&](std::exception_ptr failed, gateway::response r) {
                                  REQUIRE(failed == nullptr);
                                  got = std::move(r);
                              });
        context.restart();
        context.run();
        return got;
    }
    unsigned status(const char* target, const std::vector<const char*>& authorization = {}) {
        namespace http = boost::beast::http;
        gateway::request asked{http::verb::get, target, 11};
        for (const char* one : authorization)
            asked.insert(http::field::authorization, one);
        return told(answers.answer(asked)).result_int();
    }
    std::string metrics() {
        const gateway::request asked{boost::beast::http::verb::get, "/metrics", 11};
        return told(answers.show(asked)).body();
    }
};

} // namespace

TEST_CASE("gateway: what may not pass is counted by its reason") {
    lonely g;
    CHECK(g.status("/other") == 404);
    CHECK(g.status("/public/../x") == 404);
    CHECK(g.status("/public//x?y") == 404);
    CHECK(g.status("/public", {"Bearer a", "Bearer b"}) == 400);
    CHECK(g.status("/public", {"Bearer \"a\""}) == 401);
    CHECK(g.status("/public") == 401);
    const std::string text = g.metrics();
    for (const char* line : {"{reason=\"no_route\"} 1\n", "{reason=\"ambiguous_path\"} 2\n",
                             "{reason=\"several_tokens\"} 1\n", "{reason=\"malformed_token\"} 1\n",
                             "{reason=\"no_token\"} 1\n", "{reason=\"inactive\"} 0\n"}) {
        CAPTURE(line);
        CHECK(text.find("introspection_gateway_refusals_total" + std::string{line}) != text.npos);
    }
}

TEST_CASE(
    "gateway: a token that is revoked here is refused from then on, whoever else calls it active") {
    namespace http = boost::beast::http;
    lonely g;
    const auto revoke = [&](http::verb method, std::string body, bool by_page = false) {
        gateway::request asked{method, "/revoke", 11};
        asked.body() = std::move(body);
        if (by_page)
            asked.set(http::field::origin, "https://evil.example");
        return g.told(g.answers.show(asked)).result_int();
    };
    CHECK(revoke(http::verb::post, "token_type_hint=access_token&token=st0len%2Btoken") == 200);
    CHECK(revoke(http::verb::post, "token=st0len%2Btoken") == 200); // RFC 7009: also if it was
    CHECK(revoke(http::verb::get, "token=other") == 405);
    CHECK(revoke(http::verb::post, "token=other", true) == 403);
    CHECK(revoke(http::verb::post, "") == 400);
    CHECK(revoke(http::verb::post, "token=Bearer+other") == 400);
    CHECK(revoke(http::verb::post, "token=" + std::string(5000, 'x')) == 400);
    CHECK(g.status("/public", {"Bearer st0len+token"}) == 401); // nobody is there to be asked
    const std::string text = g.metrics();
    CHECK(text.find("introspection_gateway_refusals_total{reason=\"inactive\"} 1\n") != text.npos);
    CHECK(text.find("introspection_gateway_revocations_total 2\n") != text.npos);
    CHECK(text.find("st0len") == text.npos);
}

TEST_CASE("gateway routes: the longest path that fits, in whole parts") {
    const auto all = routes();
    CHECK(chosen("/auth/orders", all) == "/auth/orders");
    CHECK(chosen("/auth/orders/", all) == "/auth/orders");
    CHECK(chosen("/auth/orders/17?x=/../y", all) == "/auth/orders");
    CHECK(chosen("/auth/orders/archive/3", all) == "/auth/orders/archive");
    CHECK(chosen("/auth/orders/archives", all) == "/auth/orders");
    CHECK(chosen("/auth/orders2", all) == "none");
    CHECK(chosen("/auth", all) == "none");
    CHECK(chosen("", all) == "none");
    std::vector<gateway::route> everything(1);
    everything[0].path = "/";
    CHECK(chosen("/whatever", everything) == "/");
}

TEST_CASE("gateway routes: a path that two programs may read differently has none") {
    const auto all = routes();
    const auto path = GENERATE(values<std::string>({
        "/public/../auth/orders",
        "/public/./x",
        "/public/..",
        "/public/.",
        "/public//auth",
        "/public/%2e%2e/auth/orders",
        "/public/..%2Fauth",
        "/public\\..\\auth",
        "/public/..;/auth/orders",
        "/public#x",
        "http://other/public",
    }));
    CAPTURE(path);
    CHECK(chosen(path, all) == "none");
}
