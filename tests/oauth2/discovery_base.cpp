// SPDX-License-Identifier: BSL-1.0
//
// What its policies do together is told in discovery.cpp.
#include <outlast/oauth2/discovery.hpp>

#include "support/catch.hpp"
#include "support/server.hpp"

#include <stdexcept>
#include <string>

using namespace outlast::oauth2;
using namespace outlast_tests;
using Catch::Matchers::ContainsSubstring;

TEST_CASE("discovery: bad options are refused when it is built") {
    scripted_server server;
    CHECK_THROWS_AS(discovery(discovery_options{.issuer = "idp.example"}, server),
                    std::invalid_argument);
}

TEST_CASE("discovery: the breaker has the name of the issuer") {
    scripted_server server;
    discovery where{{.issuer = "https://idp.example/a"}, server};
    CHECK_THAT(std::string{where.breaker().options().name.view()},
               ContainsSubstring("https://idp.example/a"));
}
