// SPDX-License-Identifier: BSL-1.0
#include <outlast/oauth2/answer.hpp>

#include "support/catch.hpp"

#include <chrono>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

using namespace outlast::oauth2;
using namespace std::chrono_literals;

namespace {

const quoted r = quoted::make("r").value();

using headers = std::vector<std::pair<std::string, std::string>>;

} // namespace

TEST_CASE("O-08 no token: 401 with a bare challenge") {
    const answer made = no_token(r);
    CHECK(made.status == 401);
    CHECK(made.headers == headers{{"WWW-Authenticate", "Bearer realm=\"r\""}});
    CHECK(made.body.empty());
}

TEST_CASE("O-06 O-10 401-IT") {
    const answer made = invalid_token(r);
    CHECK(made.status == 401);
    CHECK(made.headers ==
          headers{{"WWW-Authenticate", "Bearer realm=\"r\", error=\"invalid_token\""}});
    CHECK(invalid_token(r, description::not_active).headers ==
          headers{{"WWW-Authenticate", "Bearer realm=\"r\", error=\"invalid_token\", "
                                       "error_description=\"The access token is not active\""}});
}

TEST_CASE("O-12 403-IS(write)") {
    const answer made = insufficient_scope(r, quoted::make("write").value());
    CHECK(made.status == 403);
    CHECK(made.headers ==
          headers{{"WWW-Authenticate", "Bearer realm=\"r\", error=\"insufficient_scope\", "
                                       "scope=\"write\""}});
}

TEST_CASE("O-09 400-IR") {
    const answer made = invalid_request(r);
    CHECK(made.status == 400);
    CHECK(made.headers ==
          headers{{"WWW-Authenticate", "Bearer realm=\"r\", error=\"invalid_request\""}});
    CHECK(invalid_request(r, description::several).headers[0].second ==
          "Bearer realm=\"r\", error=\"invalid_request\", "
          "error_description=\"More than one Authorization header\"");
}

TEST_CASE("503(n) has Retry-After and a problem, no challenge, no cache") {
    const answer made = unavailable(17s);
    CHECK(made.status == 503);
    CHECK(made.headers == headers{{"Retry-After", "17"},
                                  {"Cache-Control", "no-store"},
                                  {"Content-Type", "application/problem+json"}});
    CHECK(made.body == R"({"title":"OAuth2 server temporarily unavailable","status":503})");
    CHECK(unavailable(0s).headers[0].second == "1");
    CHECK(unavailable(-5s).headers[0].second == "1");
}

TEST_CASE("quoted: quotes and backslashes are escaped") {
    CHECK(quoted::make("a \"b\" \\ c").value().text() == "a \\\"b\\\" \\\\ c");
    CHECK(no_token(quoted::make("a\", error=\"x").value()).headers[0].second ==
          "Bearer realm=\"a\\\", error=\\\"x\"");
    CHECK(quoted::make("").value().text().empty());
}

TEST_CASE("S15 quoted: what could end the header, and what is not ASCII, is refused") {
    int refused = 0;
    for (int code = 0; code != 256; ++code)
        refused += quoted::make(std::string{"a"} + static_cast<char>(code)) ? 0 : 1;
    CHECK(refused == 32 + 1 + 128);
    CHECK_FALSE(quoted::make("r\r\nSet-Cookie: x=1"));
    CHECK_FALSE(quoted::make(std::string_view{"r\0", 2}));
}

TEST_CASE("S15 descriptions are a closed list of texts that need no escaping") {
    for (const description what :
         {description::none, description::malformed, description::not_active,
          description::not_acceptable, description::several}) {
        const std::string_view text = to_string(what);
        CHECK(text.empty() == (what == description::none));
        CHECK(quoted::make(text).value().text() == text);
    }
}

TEST_CASE("O-24 O-49 O-51 O-54 O-67 the n of a 503") {
    CHECK(retry_after_for({}, {}) == 5s);
    CHECK(retry_after_for(30s, {}) == 30s);
    CHECK(retry_after_for(9500ms, {}) == 10s); // rounded up
    CHECK(retry_after_for({}, 17s) == 17s);
    CHECK(retry_after_for({}, 15'001ms) == 16s);
    CHECK(retry_after_for(10s, 17s) == 17s); // whichever is larger
    CHECK(retry_after_for(20s, 17s) == 20s);
    CHECK(retry_after_for({}, 3600s) == 120s); // the server's wish is capped
    CHECK(retry_after_for({}, std::chrono::nanoseconds::max()) == 120s);
    CHECK(retry_after_for(0s, {}) == 1s); // just over: not 0
    CHECK(retry_after_for(-1s, -1s) == 1s);
}
