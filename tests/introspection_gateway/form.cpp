// SPDX-License-Identifier: BSL-1.0
#include "form.hpp"

#include "support/catch.hpp"

#include <string>
#include <string_view>

using gateway::form_value;

TEST_CASE("gateway form: one parameter is found by its name") {
    CHECK(form_value("token=abc", "token") == "abc");
    CHECK(form_value("token_type_hint=access_token&token=abc", "token") == "abc");
    CHECK(form_value("&&token=a%2Bb%2f%3D+c&x", "token") == "a+b/= c");
    CHECK(form_value("%74oken=abc", "token") == "abc");
    CHECK(form_value("token=", "token") == "");
    CHECK(form_value("token=a=b", "token") == "a=b");
    CHECK(form_value("other=%zz&token=abc", "token") == "abc");
}

TEST_CASE("gateway form: what is absent, twice there or badly escaped has no value") {
    const auto body = GENERATE(values<std::string_view>(
        {"", "token", "tokens=abc", "Token=abc", "x=token=abc", "token=a&token=a", "token=a&token",
         "token=%", "token=%4", "token=%zz", "token=%-1", "token=%4g", "token=% 4"}));
    CAPTURE(body);
    CHECK_FALSE(form_value(body, "token"));
}
