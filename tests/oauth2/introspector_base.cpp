// SPDX-License-Identifier: BSL-1.0
#include <outlast/oauth2/introspector_base.hpp>

#include "support/catch.hpp"
#include "support/story.hpp"

#include <string>
#include <utility>

using namespace outlast::oauth2;
using namespace outlast_tests;
using namespace std::chrono_literals;
using Catch::Matchers::ContainsSubstring;

TEST_CASE("S11 another server, or another client of it, is another key") {
    scripted_server server;
    const auto key = [&](std::string endpoint, std::string client) {
        introspector_options o = profile_d();
        o.endpoints = {std::move(endpoint)};
        o.auth = client_secret_basic{std::move(client), secret{"s3cr3t"}};
        return direct_api{std::move(o), server}.key_of("tokA");
    };
    CHECK(key("https://a/i", "rs") == key("https://a/i", "rs"));
    CHECK(key("https://a/i", "rs") != key("https://b/i", "rs"));
    CHECK(key("https://a/i", "rs") != key("https://a/i", "rt"));
    CHECK(key("https://a/i", "rs") != key("https://a/ir", "s"));
}

TEST_CASE("hostile: names show nothing of an endpoint that could be secret") {
    scripted_server server;
    introspector_options o = profile_d();
    o.endpoints = {"https://as.example/introspect?key=hunter2#hunter2"};
    direct_api api{std::move(o), server};
    for (const outlast::label name : {api.breaker().options().name, api.latch().options().name}) {
        CHECK(std::string{name.view()}.find("hunter2") == std::string::npos);
        CHECK_THAT(std::string{name.view()}, ContainsSubstring("https://as.example/introspect"));
    }
}
