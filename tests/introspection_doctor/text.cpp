// SPDX-License-Identifier: BSL-1.0
#include "text.hpp"

#include "support/catch.hpp"

#include <string>

using doctor::fit;

TEST_CASE("doctor text: what a server says can't steer a terminal") {
    CHECK(fit("CN=idp.example, O=Example") == "CN=idp.example, O=Example");
    CHECK(fit("\x1b[2Jall is well\r\n") == "?[2Jall is well??");
    CHECK(fit("\xc2\x9b"
              "1m") == "??1m");
    CHECK(fit("") == "");
}

TEST_CASE("doctor text: it is cut") {
    CHECK(fit(std::string(200, 'a')) == std::string(200, 'a'));
    CHECK(fit(std::string(5000, 'a')) == std::string(200, 'a') + "...");
}

TEST_CASE("doctor text: what is secret is hidden, in whatever case, however often") {
    CHECK(fit("https://T0ken.example/t0ken", {"T0kEN"}) == "https://[hidden].example/[hidden]");
    CHECK(fit("a-b", {"", "a", "b"}) == "[hidden]-[hidden]");
    CHECK(fit("T0ke", {"T0ken"}) == "T0ke");
}
