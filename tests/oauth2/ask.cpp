// SPDX-License-Identifier: BSL-1.0
#include <outlast/oauth2/ask.hpp>

#include <outlast/oauth2/token_key.hpp>

#include "bodies.hpp"
#include "support/catch.hpp"
#include "support/print.hpp"
#include "support/server.hpp"

#include <boost/outcome/result.hpp>

#include <chrono>
#include <optional>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <string_view>
#include <type_traits>

namespace http = outlast::http;
using namespace outlast::oauth2;
using namespace std::chrono_literals;
using outlast::forever;
using outlast::instant;
using outlast::never;
using outlast_tests::answers;
using outlast_tests::at;
using outlast_tests::fails;
using outlast_tests::r_minus;
using outlast_tests::r_plus;
using outlast_tests::reply;
using outlast_tests::says;
using outlast_tests::scripted_server;

namespace {

/// One attempt of one `ask` with nothing around it.
template <class Server = scripted_server>
struct asking {
    Server server{};
    client_auth auth = client_secret_basic{"rs", secret{"s3cr3t"}};
    double now = 0;
    std::optional<introspection> what{}; ///< made for the first attempt
    master_key key = master_key::random().value();

    auto about(std::string_view token, instant by = never, std::stop_token stop = {}) {
        if (!what)
            what.emplace(introspector_options{.endpoints = {"https://as.example/introspect"},
                                              .auth = std::move(auth),
                                              .wall = [this] { return at(now); }});
        const ask<Server> work{server, *what};
        outlast::call context{1, by, outlast::reading{instant{}}, std::move(stop)};
        const token_keyer keyer{key, {}};
        std::size_t endpoint = 0;
        return work(context, query{.token = token, .key = *keyer(token), .endpoint = &endpoint});
    }
    auto told(const reply& r) {
        server.otherwise = r;
        return about("tokA");
    }
    std::string header(std::string_view name) const {
        return std::string{server.asked.back().headers.first(name).value_or("(none)")};
    }
};

std::optional<reason> why(const outlast::result<knowledge>& r) {
    return r ? std::nullopt : reason_in(r.error().cause());
}

} // namespace

TEST_CASE("O-07 the request: one POST of a form, the token in the body only") {
    asking a;
    a.auth = client_secret_basic{"a:b c", secret{"p%&+\xc3\xa9"}};
    a.server.otherwise = says(r_plus(3600));
    REQUIRE(a.about("x.y-z_~+/=="));
    REQUIRE(a.server.calls() == 1);
    const http::request& sent = a.server.asked.front();
    CHECK(sent.method == "POST");
    CHECK(sent.url == "https://as.example/introspect");
    CHECK((sent.body == "token=x.y-z_~%2B%2F%3D%3D&token_type_hint=access_token" ||
           sent.body == "token=x.y-z_%7E%2B%2F%3D%3D&token_type_hint=access_token"));
    CHECK(a.header("Content-Type") == "application/x-www-form-urlencoded");
    CHECK(a.header("Accept") == "application/json");
    CHECK(a.header("Accept-Encoding") == "identity");
    CHECK((a.header("Authorization") == "Basic YSUzQWIrYzpwJTI1JTI2JTJCJUMzJUE5" ||
           a.header("Authorization") == "Basic YSUzQWIlMjBjOnAlMjUlMjYlMkIlQzMlQTk="));
    CHECK(sent.headers.size() == 4);
}

TEST_CASE("ask: an active answer, with the time to its exp") {
    asking a;
    a.now = 0.25;
    const auto r = a.told(says(r_plus(30)));
    REQUIRE(r);
    CHECK(r.value().what == knowledge::verdict::active);
    REQUIRE(r.value().said);
    CHECK(r.value().said->sub == "u1");
    CHECK(r.value().lives_for == 29750ms);
}

TEST_CASE("ask: without exp it lives for ever; with an exp that has passed, less than nothing") {
    asking a;
    CHECK(a.told(says(R"({"active":true,"aud":"api"})")).value().lives_for == forever);
    CHECK(a.told(says(r_plus(-5))).value().lives_for == -5s);
    CHECK(a.told(says(R"({"active":true,"exp":253402300799})")).value().lives_for == forever);
}

TEST_CASE("S3 the life of a token is measured by the earlier of two clocks") {
    asking a;
    const auto lives = [&](const char* date) {
        return a.told(says(r_plus(100)).with("Date", date)).value().lives_for;
    };
    CHECK(lives("Tue, 14 Nov 2023 22:13:20 GMT") == 100s); // T0
    CHECK(lives("Tue, 14 Nov 2023 22:13:50 GMT") == 70s);  // its clock is ahead
    CHECK(lives("Tue, 14 Nov 2023 22:12:50 GMT") == 100s); // behind
    CHECK(lives("Thu, 01 Jan 1970 00:00:00 GMT") == 100s);
    CHECK(lives("Fri, 31 Dec 9999 23:59:59 GMT") == -forever); // so it is not kept
    CHECK(lives("yesterday") == 100s);
    CHECK(lives("") == 100s);
}

TEST_CASE("O-31 of an inactive answer nothing is kept") {
    asking a;
    const auto r = a.told(says(R"({"active":false,"exp":1700099999,"sub":"u1","scope":"read"})"));
    REQUIRE(r);
    CHECK(r.value().what == knowledge::verdict::inactive);
    CHECK_FALSE(r.value().said);
    const auto unknown = a.told(answers(400, R"({"error":"unsupported_token_type"})"));
    REQUIRE(unknown);
    CHECK(unknown.value().what == knowledge::verdict::inactive);
}

TEST_CASE("ask: everything else is a failure with its reason") {
    asking a;
    CHECK(why(a.told(answers(401, R"({"error":"invalid_client"})"))) == reason::client_refused);
    CHECK(why(a.told(answers(403))) == reason::forbidden);
    CHECK(why(a.told(answers(400, R"({"error":"invalid_request"})"))) == reason::bad_request);
    CHECK(why(a.told(answers(422))) == reason::refused);
    CHECK(why(a.told(answers(500))) == reason::server_error);
    CHECK(why(a.told(answers(302).with("Location", "https://evil.example"))) == reason::redirect);
    CHECK(why(a.told(says("{}"))) == reason::active_missing);
    CHECK(why(a.told(fails(http::errc::certificate_expired))) == reason::tls_failed);
    CHECK(why(a.told(fails(http::errc::too_large))) == reason::body_too_large);
    for (const int status : {-1, 0, 100, 199, 201, 204, 600, 999})
        CHECK(why(a.told(answers(status, r_plus(3600)))) == reason::unexpected_status);
}

TEST_CASE("ask: Retry-After travels with the failure, for at most 120 s") {
    asking a;
    const auto hint = [&](int status, const char* value) {
        return a.told(answers(status).with("Retry-After", value)).error().retry_after();
    };
    CHECK(hint(429, "17") == 17s);
    CHECK(hint(503, "120") == 120s);
    CHECK(hint(503, "121") == 120s);
    CHECK(hint(500, "99999999999999999999999999") == 120s);
    CHECK(hint(503, "Fri, 31 Dec 9999 23:59:59 GMT") == 120s);
    for (const char* useless :
         {"0", "-1", "1.5", "soon", "", "17, 18", "Thu, 01 Jan 1970 00:00:00 GMT"})
        CHECK_FALSE(hint(503, useless));
    CHECK_FALSE(hint(401, "17"));
    CHECK_FALSE(hint(408, "17"));
}

TEST_CASE("ask: a header that came twice is not believed") {
    asking a;
    const reply twice = says(r_plus(3600)).with("content-type", "application/json");
    CHECK(why(a.told(twice)) == reason::not_json);
    const reply coded = says(r_plus(3600)).with("Content-Encoding", "identity");
    CHECK(a.told(coded));
    CHECK(why(a.told(coded.with("Content-Encoding", "gzip"))) == reason::content_encoding);
    const auto two_hints = a.told(answers(503).with("Retry-After", "17").with("Retry-After", "18"));
    CHECK_FALSE(two_hints.error().retry_after());
    const auto two_dates = a.told(says(r_plus(100))
                                      .with("Date", "Tue, 14 Nov 2023 22:13:50 GMT")
                                      .with("Date", "Tue, 14 Nov 2023 22:13:50 GMT"));
    CHECK(two_dates.value().lives_for == 100s);
}

TEST_CASE("ask: without credentials there is no request") {
    const auto asked_as = [](client_auth auth) {
        asking a;
        a.auth = std::move(auth);
        const auto r = a.told(says(r_plus(3600)));
        CHECK(a.server.calls() == 0);
        return why(r);
    };
    using maybe = std::optional<fresh_credentials>;
    CHECK(asked_as(client_credentials_maker{"rs", [] { return maybe{}; }}) ==
          reason::no_credentials);
    CHECK(asked_as(client_credentials_maker{"rs", []() -> maybe {
                                                throw std::runtime_error{"s3cr3t"};
                                            }}) == reason::no_credentials);
    CHECK(asked_as(client_credentials_maker{"rs", {}}) == reason::no_credentials);
    // A token of our own that would end the header.
    CHECK(asked_as(client_bearer{"rs", secret{"x\r\nHost: evil.example"}}) ==
          reason::no_credentials);
}

TEST_CASE("S22 each attempt asks the maker of credentials anew") {
    asking a;
    int made = 0;
    a.auth = client_credentials_maker{
        "rs", [&]() -> std::optional<fresh_credentials> {
            fresh_credentials c;
            c.parameters.push_back({"client_assertion", secret{"jwt" + std::to_string(++made)}});
            return c;
        }};
    CHECK_FALSE(a.told(fails(http::errc::connection_reset)));
    CHECK(a.told(says(r_minus)));
    REQUIRE(a.server.calls() == 2);
    CHECK(a.server.asked[0].body.ends_with("&client_assertion=jwt1"));
    CHECK(a.server.asked[1].body.ends_with("&client_assertion=jwt2"));
}

namespace {

/// Keeps the limits it was given.
struct limited_server {
    http::response answer{};
    http::limits until{};

    outlast::result<http::response> operator()(const http::request&, const http::limits& limits) {
        until = limits;
        return answer;
    }
};

} // namespace

TEST_CASE("ask: the transport is told the deadline and the stop token") {
    asking<limited_server> a;
    a.server.answer = says(r_minus).answer;
    std::stop_source stop;
    (void)a.about("tokA", instant{1500ms}, stop.get_token());
    CHECK(a.server.until.by == std::chrono::steady_clock::time_point{1500ms});
    CHECK_FALSE(a.server.until.stop.stop_requested());
    stop.request_stop();
    CHECK(a.server.until.stop.stop_requested());
    (void)a.about("tokA");
    CHECK(a.server.until.by == std::chrono::steady_clock::time_point::max());
}

namespace {

/// Answers with other result types than the library's.
template <class Result>
struct foreign_server {
    Result answer;
    Result operator()(const http::request&, const http::limits&) { return answer; }
};

template <class Result>
std::optional<reason> foreign(Result answer) {
    asking<foreign_server<Result>> a{.server = {std::move(answer)}};
    return why(a.about("tokA"));
}

/// A result of a home-made kind.
struct plain_result {
    http::response answer{};
    std::errc problem{};
    bool has_value() const { return problem == std::errc{}; }
    http::response& value() { return answer; }
    std::errc error() const { return problem; }
};

struct not_a_transport {
    int operator()(const http::request&, const http::limits&);
};

} // namespace

TEST_CASE("ask: any transport whose result can be read will do") {
    static_assert(transport<scripted_server>);
    static_assert(!transport<not_a_transport>);
    using outcome = boost::outcome_v2::result<http::response, std::error_code>;
    CHECK_FALSE(foreign(outcome{says(r_minus).answer}));
    CHECK(foreign(outcome{make_error_code(http::errc::tls_failed)}) == reason::tls_failed);
    CHECK(foreign(outcome{std::make_error_code(std::errc::timed_out)}) == reason::timed_out);
    CHECK_FALSE(foreign(plain_result{.answer = says(r_minus).answer}));
    CHECK(foreign(plain_result{.problem = std::errc::connection_refused}) ==
          reason::connection_refused);
    // A pipeline as a transport: what it refused was not sent; what it gave up has its reason.
    using own = outlast::result<http::response>;
    CHECK(foreign(own{outlast::failure{outlast::refusal::circuit_open}.with_cause(
              http::errc::name_not_found)}) == reason::shed);
    CHECK(foreign(own{outlast::failure{outlast::refusal::timed_out}}) == reason::timed_out);
    CHECK(foreign(own{outlast::failure{outlast::refusal::timed_out}.with_cause(
              http::errc::connect_timeout)}) == reason::connect_timed_out);
}

TEST_CASE("S8 a failure after sending is marked when its token has failed just now") {
    asking a;
    const auto repeated_by = [&](const reply& r, std::string_view token) {
        a.server.otherwise = r;
        return is_repeated(a.about(token).error().cause());
    };
    CHECK_FALSE(repeated_by(answers(500), "tokA"));
    CHECK(repeated_by(answers(500), "tokA"));
    CHECK(repeated_by(says("{}"), "tokA")); // of whatever kind
    CHECK(repeated_by(fails(http::errc::answer_timeout), "tokA"));
    CHECK_FALSE(repeated_by(answers(500), "tokB"));
    for (const http::errc before_sending :
         {http::errc::name_not_found, http::errc::connection_refused, http::errc::connect_timeout,
          http::errc::certificate_expired, http::errc::no_free_connection})
        CHECK_FALSE(repeated_by(fails(before_sending), "tokA"));
    for (const int no_outage : {400, 401, 403, 422})
        CHECK_FALSE(repeated_by(answers(no_outage), "tokA"));
    // Refusals count nowhere, and so they do not make the next failure a repeated one.
    CHECK_FALSE(repeated_by(answers(400), "tokC"));
    CHECK_FALSE(repeated_by(fails(http::errc::connection_refused), "tokC"));
    CHECK_FALSE(repeated_by(answers(500), "tokC"));
}
