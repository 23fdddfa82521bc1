// SPDX-License-Identifier: BSL-1.0
//
// An API that checks opaque bearer tokens with its OAuth2 server (RFC 7662), before, during and
// after an outage. The transport here is scripted; `outlast::http::curl_transport` is a real one.
#include <outlast/http/error.hpp>
#include <outlast/oauth2/introspector.hpp>

#include <iostream>
#include <string>
#include <thread>

namespace http = outlast::http;
namespace oauth2 = outlast::oauth2;
using namespace std::chrono_literals;

struct scripted_server {
    bool away = false;

    outlast::result<http::response> operator()(const http::request& asked, const http::limits&) {
        if (away)
            return failure_of(http::errc::connection_refused);
        const bool known = asked.body.find("token=good") != std::string::npos;
        return http::response{
            .status = 200,
            .headers = {{"Content-Type", "application/json"}},
            .body = known ? R"({"active":true,"exp":1700003600,"aud":"orders","scope":"read"})"
                          : R"({"active":false})"};
    }

    static outlast::failure failure_of(http::errc e) { return make_error_code(e); }
};

int main() {
    auto wall =
        std::chrono::sys_seconds{1700000000s}; // 2023-11-14, so that the story is always new
    scripted_server server;
    oauth2::introspector check{
        {.endpoints = {"https://auth.example.com/introspect"},
         .auth = oauth2::client_secret_basic{"orders-api", oauth2::secret{"s3cr3t"}},
         .realm = "orders",
         .lifetimes = {.fresh_for = 1s, .stale_for = 300s}, // a minute in real life
         .retry = {.max_attempts = 2, .backoff = outlast::constant(1ms)},
         .wall = [&] { return wall; }},
        server};
    const oauth2::requirements route{.audience = "orders", .scopes = {"read"}};

    auto request = [&](const char* what, std::string_view authorization) {
        const oauth2::decision d = check(authorization, route);
        std::cout << what << ": " << d.status << ' ' << oauth2::to_string(d.how);
        for (const auto& [name, value] : d.reply.headers)
            if (name == "Retry-After" || name == "WWW-Authenticate")
                std::cout << ", " << value;
        std::cout << '\n';
    };

    request("a good token", "Bearer good-1");
    request("the same again", "Bearer good-1");
    request("an unknown one", "Bearer who-knows");

    server.away = true;
    std::this_thread::sleep_for(1100ms); // what is remembered is not fresh any more
    request("server away, a token seen before", "Bearer good-1");
    request("server away, one never seen", "Bearer good-2");
    wall += 1h; // the token's own end
    request("server away, and the token has expired", "Bearer good-1");

    server.away = false;
    wall -= 1h;
    std::this_thread::sleep_for(1100ms); // for a second a token's failure is the answer again
    request("server back", "Bearer good-2");
}

// a good token: 200 live
// the same again: 200 cached
// an unknown one: 401 live, Bearer realm="orders", error="invalid_token", error_description="The access token is not active"
// server away, a token seen before: 200 stale
// server away, one never seen: 503 none, 5
// server away, and the token has expired: 401 cached, Bearer realm="orders", error="invalid_token", error_description="The access token is not active"
// server back: 200 live
