// SPDX-License-Identifier: BSL-1.0
#include <outlast/oauth2/media_type.hpp>

#include "support/catch.hpp"

#include <string_view>

using outlast::oauth2::is_json;

TEST_CASE("O-45 JSON media types") {
    for (const std::string_view type :
         {"application/json", "Application/JSON", "application/json; charset=utf-8",
          "application/json;charset=\"utf-8\"", "application/vnd.x+json; charset=utf-8",
          " application/json\t;  a=b ;c=\"d\\\"; e\" ", "application/json;",
          "application/json;;a=b", "application/problem+json"}) {
        INFO(type);
        CHECK(is_json(type));
    }
}

TEST_CASE("O-45 other media types, and what is none") {
    for (const std::string_view type : {"",
                                        "text/plain",
                                        "text/html",
                                        "text/json",
                                        "application/+json",
                                        "application/jsonx",
                                        "application/xjson",
                                        "application/json-seq",
                                        "application/x-json",
                                        "json",
                                        "application/",
                                        "application",
                                        "/json",
                                        "application /json",
                                        "application/ json",
                                        "application/json, text/html",
                                        "application/json text/html",
                                        "application/json; a",
                                        "application/json; =b",
                                        "application/json; a=",
                                        "application/json; a=\"b",
                                        "application/json; a=\"b\\\"",
                                        "application/json; a=\"b\"c",
                                        "application/json\r\n",
                                        "application/token-introspection+jwt",
                                        "application/json; a=b, application/json"}) {
        INFO(type);
        CHECK_FALSE(is_json(type));
    }
}
