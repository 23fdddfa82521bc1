// SPDX-License-Identifier: BSL-1.0
#include <outlast/oauth2/introspector.hpp>
#include <outlast/oauth2/issuers.hpp>

#include "support/catch.hpp"
#include "support/story.hpp"

#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

using namespace outlast::oauth2;
using namespace outlast_tests;

TEST_CASE("issuers: each has a name of its own") {
    using api = introspector<scripted_server>;
    scripted_server server;
    api one{profile_d(), server};
    api two{profile_d(), server};
    using entries = std::vector<issuer_entry<api>>;
    const auto made = [](entries all) { issuers<api>{std::move(all)}; };
    CHECK_THROWS_AS(made({}), std::invalid_argument);
    CHECK_THROWS_AS(made({{"", one}}), std::invalid_argument);
    CHECK_THROWS_AS(made({{"a", one}, {"a", two}}), std::invalid_argument);
    introspector_options longer = profile_d();
    longer.bearer.max_length = 8192;
    api other{std::move(longer), server};
    CHECK_THROWS_AS(made({{"a", one}, {"b", other}}), std::invalid_argument);
    const issuers<api> both{entries{{"a", one}, {"b", two}}};
    CHECK(both.find("a") == &one);
    CHECK(both.find("b") == &two);
    CHECK(both.find("A") == nullptr);
    CHECK(both.find("") == nullptr);
}
