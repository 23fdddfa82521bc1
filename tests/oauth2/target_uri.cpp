// SPDX-License-Identifier: BSL-1.0
#include <outlast/oauth2/target_uri.hpp>

#include "support/catch.hpp"

#include <string_view>
#include <utility>

using outlast::oauth2::is_same_target;

TEST_CASE("target_uri: the same however it is written, without query and fragment") {
    for (const auto& [a, b] :
         {std::pair<std::string_view, std::string_view>{"https://api.example/a",
                                                        "https://api.example/a"},
          {"https://api.example/a?x=1#y", "https://api.example/a?z"},
          {"HTTPS://API.example:443/a", "https://api.example/a"},
          {"https://api.example", "https://api.example/"},
          {"https://api.example?x", "https://api.example/"},
          {"https://api.example/%7euser/%c3%a9", "https://api.example/~user/%C3%A9"},
          {"http://api.example:80/a", "http://api.example/a"}}) {
        INFO(a << ' ' << b);
        CHECK(is_same_target(a, b));
        CHECK(is_same_target(b, a));
    }
}

TEST_CASE("target_uri: others are others") {
    for (const auto& [a, b] : {std::pair<std::string_view, std::string_view>{
                                   "https://api.example/a", "https://api.example/A"},
                               {"https://api.example/a", "https://api.example/a/"},
                               {"https://api.example/a", "http://api.example/a"},
                               {"https://api.example/a", "https://api.example:8443/a"},
                               {"https://api.example/a", "https://evil.example/a"},
                               {"https://api.example/a", "https://api.example@evil.example/a"},
                               {"https://api.example/a%2Fb", "https://api.example/a/b"},
                               {"https://api.example/%", "https://api.example/%25"},
                               {"https://api.example/a", "/a"},
                               {"", ""}}) {
        INFO(a << ' ' << b);
        CHECK_FALSE(is_same_target(a, b));
        CHECK_FALSE(is_same_target(b, a));
    }
}
