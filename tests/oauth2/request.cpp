// SPDX-License-Identifier: BSL-1.0
#include <outlast/oauth2/request.hpp>

#include "support/catch.hpp"

#include <new>
#include <optional>
#include <ostream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

using namespace outlast::oauth2;

namespace {

constexpr std::string_view url = "https://as.example/introspect";

std::optional<std::string> header(request const& made, std::string_view name) {
    std::optional<std::string> found;
    for (auto const& [key, value] : made.headers) {
        if (key == name) {
            CHECK_FALSE(found); // at most once
            found = value;
        }
    }
    return found;
}

template <class T>
concept streamable = requires(std::ostream& out, T const& value) { out << value; };

} // namespace

TEST_CASE("O-07 form of the introspection request") {
    const client_auth auth = client_secret_basic{"a:b c", secret{"p%&+\xc3\xa9"}};
    const auto made = introspection_request(url, auth, "x.y-z_~+/==");
    REQUIRE(made);
    CHECK(request::method == "POST");
    CHECK(made->url == url); // no token in it
    CHECK(made->body == "token=x.y-z_~%2B%2F%3D%3D&token_type_hint=access_token");
    CHECK(header(*made, "Content-Type") == "application/x-www-form-urlencoded");
    CHECK(header(*made, "Accept") == "application/json");
    CHECK(header(*made, "Accept-Encoding") == "identity");
    CHECK(header(*made, "Authorization") == "Basic YSUzQWIrYzpwJTI1JTI2JTJCJUMzJUE5");
    CHECK(made->headers.size() == 4);
}

TEST_CASE("O-07 client_secret_post puts id and secret into the body, and nowhere else") {
    const client_auth auth = client_secret_post{"r&s", secret{"s=t"}};
    const auto made = introspection_request(url, auth, "tokA");
    REQUIRE(made);
    CHECK(made->body ==
          "token=tokA&token_type_hint=access_token&client_id=r%26s&client_secret=s%3Dt");
    CHECK_FALSE(header(*made, "Authorization"));
}

TEST_CASE("O-07 a bearer token of our own goes into the header only") {
    const client_auth auth = client_bearer{"rs", secret{"own.token"}};
    const auto made = introspection_request(url, auth, "tokA");
    REQUIRE(made);
    CHECK(made->body == "token=tokA&token_type_hint=access_token");
    CHECK(header(*made, "Authorization") == "Bearer own.token");
}

TEST_CASE("request: a bearer token that would break out of its header line is refused") {
    for (const std::string_view token : {"own\r\nX-Evil: 1", "own token", "", "own\n"}) {
        CHECK_FALSE(introspection_request(url, client_bearer{"rs", secret{token}}, "tokA"));
    }
}

TEST_CASE("O-07 without client authentication the id is sent, if there is one") {
    const auto nameless = introspection_request(url, no_client_auth{}, "tokA");
    REQUIRE(nameless);
    CHECK(nameless->body == "token=tokA&token_type_hint=access_token");
    CHECK_FALSE(header(*nameless, "Authorization"));
    const auto named = introspection_request(url, no_client_auth{"rs"}, "tokA");
    REQUIRE(named);
    CHECK(named->body == "token=tokA&token_type_hint=access_token&client_id=rs");
}

TEST_CASE("S22 credentials are made anew for each attempt") {
    int made_so_far = 0;
    const client_auth auth = client_credentials_maker{
        "rs", [&]() -> std::optional<fresh_credentials> {
            fresh_credentials fresh;
            fresh.parameters.push_back({"client_assertion_type", secret{"urn:x:jwt-bearer"}});
            fresh.parameters.push_back(
                {"client_assertion", secret{"jwt" + std::to_string(++made_so_far)}});
            return fresh;
        }};
    const auto first = introspection_request(url, auth, "tokA");
    const auto second = introspection_request(url, auth, "tokA");
    REQUIRE((first && second));
    CHECK(first->body == "token=tokA&token_type_hint=access_token"
                         "&client_assertion_type=urn%3Ax%3Ajwt-bearer&client_assertion=jwt1");
    CHECK(second->body.ends_with("&client_assertion=jwt2"));
    CHECK_FALSE(header(*first, "Authorization"));
}

TEST_CASE("request: a maker may give a bearer token, or nothing") {
    const auto with = [](std::optional<std::string> token) {
        return introspection_request(
            url,
            client_credentials_maker{"rs",
                                     [token]() -> std::optional<fresh_credentials> {
                                         if (!token)
                                             return std::nullopt;
                                         fresh_credentials fresh;
                                         fresh.bearer = secret{*token};
                                         return fresh;
                                     }},
            "tokA");
    };
    const auto made = with("renewed");
    REQUIRE(made);
    CHECK(header(*made, "Authorization") == "Bearer renewed");
    CHECK_FALSE(with(std::nullopt));
    CHECK_FALSE(with("bad token"));
    CHECK_FALSE(introspection_request(url, client_credentials_maker{}, "tokA"));
}

TEST_CASE("O-75 an exception of the maker ends at the door, want of memory does not") {
    const client_auth failing = client_credentials_maker{
        "rs", []() -> std::optional<fresh_credentials> { throw std::runtime_error{"s3cr3t"}; }};
    std::optional<request> made;
    CHECK_NOTHROW(made = introspection_request(url, failing, "tokA"));
    CHECK_FALSE(made);

    const client_auth exhausted = client_credentials_maker{
        "rs", []() -> std::optional<fresh_credentials> { throw std::bad_alloc{}; }};
    CHECK_THROWS_AS(introspection_request(url, exhausted, "tokA"), std::bad_alloc);
}

TEST_CASE("request: the body is allocated once, at its final size") {
    const client_auth auth = client_secret_post{"rs", secret{std::string(500, '%')}};
    const auto made = introspection_request(url, auth, std::string(4096, '+'));
    REQUIRE(made);
    CHECK(made->body.size() > 3 * 4096);
    // A grown string doubles its capacity; one that was reserved has hardly more than it needs.
    CHECK(made->body.capacity() < made->body.size() + 16);
}

TEST_CASE("request: any bytes of a token are encoded") {
    const auto made = introspection_request(url, no_client_auth{}, "a&token=b\r\n\xff");
    REQUIRE(made);
    CHECK(made->body == "token=a%26token%3Db%0D%0A%FF&token_type_hint=access_token");
}

TEST_CASE("O-75 a request is moved, not copied, and has no stream output") {
    STATIC_REQUIRE_FALSE(std::is_copy_constructible_v<request>);
    STATIC_REQUIRE(std::is_nothrow_move_constructible_v<request>);
    STATIC_REQUIRE(std::is_nothrow_move_assignable_v<request>);
    STATIC_REQUIRE_FALSE(streamable<request>);
}

TEST_CASE("request: assigning over one keeps the new one whole") {
    auto one = introspection_request(url, client_secret_basic{"rs", secret{"x"}}, "tokA");
    auto two = introspection_request(url, no_client_auth{}, "tokB");
    REQUIRE((one && two));
    *one = std::move(*two);
    CHECK(one->body == "token=tokB&token_type_hint=access_token");
    CHECK_FALSE(header(*one, "Authorization"));
    auto& same = *one;
    *one = std::move(same);
    CHECK(one->body == "token=tokB&token_type_hint=access_token");
}

TEST_CASE("request: accepts what it is told to") {
    const auto made = introspection_request("https://as.example/introspect", no_client_auth{},
                                            "tokA", "application/token-introspection+jwt");
    REQUIRE(made);
    bool found = false;
    for (const auto& [name, value] : made->headers)
        found = found || (name == "Accept" && value == "application/token-introspection+jwt");
    CHECK(found);
}
