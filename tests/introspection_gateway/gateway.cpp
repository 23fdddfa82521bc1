// SPDX-License-Identifier: BSL-1.0
//
// Its answers are told by tests/interop/gateway.py, with everything around it.
#include "gateway.hpp"

#include "support/catch.hpp"

#include <string>
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

} // namespace

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
