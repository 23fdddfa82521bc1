// SPDX-License-Identifier: BSL-1.0
#include <outlast/oauth2/response.hpp>

#include "bodies.hpp"
#include "support/catch.hpp"

#include <chrono>
#include <string>
#include <string_view>

using namespace outlast::oauth2;
using namespace std::chrono_literals;
using outlast_tests::at;
using outlast_tests::found;
using outlast_tests::json;
using outlast_tests::r_minus;
using outlast_tests::r_plus;
using outlast_tests::second;

namespace {

finding answered(int status, std::string_view body = R"({"error":"invalid_client"})") {
    return classify(json(body, status), at(0));
}

} // namespace

TEST_CASE("O-01 R+ is active") {
    const finding made = found(r_plus(3600));
    CHECK(made.outcome() == outcome_class::active);
    REQUIRE(made.said);
    CHECK(made.said->exp == second(3600));
    CHECK(made.said->has_audience("api"));
    CHECK(made.said->has_scope("read"));
    CHECK_FALSE(made.retry_after);
    CHECK_FALSE(made.date);
}

TEST_CASE("O-06 R- is inactive") {
    CHECK(found(r_minus).outcome() == outcome_class::inactive);
    CHECK_FALSE(found(r_minus).said);
}

TEST_CASE("O-15 exp long past is still a fact: the check refuses it, not the parser") {
    const finding made = found(r_plus(-60));
    REQUIRE(made.said);
    CHECK(made.said->exp == second(-60));
}

TEST_CASE("O-32 HTML with status 200: bad") {
    response_view html = json("<html>maintenance</html>");
    html.content_type = "text/html";
    CHECK(classify(html, at(0)).why == reason::not_json);
}

TEST_CASE("O-33 broken JSON: bad") {
    CHECK(found(R"({"active":true)").why == reason::malformed_json);
    CHECK(found("").why == reason::malformed_json);
}

TEST_CASE("O-41 a duplicate active: bad in either order") {
    CHECK(found(R"({"active":false,"active":true,"exp":1700003600,"aud":"api"})").why ==
          reason::duplicate_member);
    CHECK(found(R"({"active":true,"active":false,"exp":1700003600,"aud":"api"})").why ==
          reason::duplicate_member);
}

TEST_CASE("O-42 total depth 16 is active, 17 and 30 000 are bad") {
    const auto deep = [](std::size_t total) {
        const std::string inner = std::string(total - 1, '[') + std::string(total - 1, ']');
        return found(R"({"active":true,"exp":1700003600,"aud":"api","x":)" + inner + "}");
    };
    CHECK(deep(16).why == reason::active);
    CHECK(deep(17).why == reason::too_deep);
    CHECK(deep(30'000).why == reason::too_deep);
    CHECK_FALSE(deep(17).said);
}

TEST_CASE("O-43 65536 bytes are read; one more, or a body that was cut: bad") {
    std::string body = r_plus(3600);
    body.resize(max_body_size, ' ');
    CHECK(found(body).why == reason::active);
    CHECK(found(body + " ").why == reason::body_too_large);
    response_view cut = json(body);
    cut.body_cut = true;
    CHECK(classify(cut, at(0)).why == reason::body_too_large);
}

TEST_CASE("O-45 wrong or no content type: bad; +json with parameters is read") {
    const std::string body = r_plus(3600);
    response_view answer = json(body);
    answer.content_type = "text/plain";
    CHECK(classify(answer, at(0)).why == reason::not_json);
    answer.content_type = {};
    CHECK(classify(answer, at(0)).why == reason::not_json);
    answer.content_type = "application/vnd.x+json; charset=utf-8";
    CHECK(classify(answer, at(0)).why == reason::active);
}

TEST_CASE("S16 a content coding that nobody asked for: bad") {
    const std::string body = r_plus(3600);
    response_view answer = json(body);
    answer.content_encoding = "gzip";
    CHECK(classify(answer, at(0)).why == reason::content_encoding);
    answer.content_encoding = "identity, gzip";
    CHECK(classify(answer, at(0)).why == reason::content_encoding);
    answer.content_encoding = " Identity ";
    CHECK(classify(answer, at(0)).why == reason::active);
}

TEST_CASE("O-46 redirects: bad, whatever the body says") {
    for (const int status : {300, 301, 302, 303, 304, 307, 308, 399})
        CHECK(answered(status, r_plus(3600)).why == reason::redirect);
}

TEST_CASE("O-48 400: inactive when JSON says unsupported_token_type, else odd") {
    CHECK(answered(400, R"({"error":"unsupported_token_type"})").why ==
          reason::unsupported_token_type);
    CHECK(answered(400, R"({"error":"unsupported_token_type"})").outcome() ==
          outcome_class::inactive);
    for (const std::string_view body :
         {R"({"error":"invalid_request"})", "", "unsupported_token_type",
          R"("unsupported_token_type")", R"(["unsupported_token_type"])",
          R"({"error":["unsupported_token_type"]})", R"({"x":{"error":"unsupported_token_type"}})",
          R"({"error":"unsupported_token_type","error":"unsupported_token_type"})",
          R"({"error":"unsupported_token_type"} x)", R"({"error":"Unsupported_Token_Type"})",
          R"({"active":true})", R"({"active":false})", R"({"error":null})", R"({"error":7})"}) {
        INFO(body);
        CHECK(answered(400, body).why == reason::bad_request);
        CHECK(answered(400, body).outcome() == outcome_class::odd);
    }
    response_view text = json(R"({"error":"unsupported_token_type"})", 400);
    text.content_type = "text/html";
    CHECK(classify(text, at(0)).why == reason::bad_request);
    text.content_type = "application/json";
    text.body_cut = true;
    CHECK(classify(text, at(0)).why == reason::bad_request);
}

TEST_CASE("O-48 unsupported_token_type means a no with status 400 only") {
    CHECK(answered(200, R"({"error":"unsupported_token_type"})").why == reason::active_missing);
    CHECK(answered(401, R"({"error":"unsupported_token_type"})").why == reason::client_refused);
    CHECK(answered(503, R"({"error":"unsupported_token_type"})").why == reason::server_unavailable);
}

TEST_CASE("O-49 401 is our fault, never a no") {
    CHECK(answered(401).why == reason::client_refused);
    CHECK(answered(401).outcome() == outcome_class::fault);
    CHECK(answered(401, R"({"active":false})").outcome() == outcome_class::fault);
}

TEST_CASE("O-50 403 is our fault") {
    CHECK(answered(403).why == reason::forbidden);
    CHECK(answered(403).outcome() == outcome_class::fault);
}

TEST_CASE("O-51 429 with Retry-After 17: down for 17 s") {
    response_view answer = json("{}", 429);
    answer.retry_after = "17";
    const finding made = classify(answer, at(0));
    CHECK(made.why == reason::too_many_requests);
    CHECK(made.outcome() == outcome_class::down);
    CHECK(made.retry_after == 17s);
}

TEST_CASE("O-52 O-53 O-54 5xx are down, with Retry-After if it is usable") {
    for (const int status : {500, 501, 505, 599})
        CHECK(answered(status, r_plus(3600)).why == reason::server_error);
    for (const int status : {502, 503, 504}) // away rather than ailing: worth another try
        CHECK(answered(status, r_plus(3600)).why == reason::server_unavailable);
    response_view answer = json("{}", 503);
    answer.retry_after = "30";
    CHECK(classify(answer, at(0)).retry_after == 30s);
    answer.retry_after = "Tue, 14 Nov 2023 22:13:50 GMT"; // T0+30
    CHECK(classify(answer, at(0)).retry_after == 30s);
    CHECK(classify(answer, at(0.4)).retry_after == 30s); // 29.6 s, rounded up
    CHECK(classify(answer, at(29.9)).retry_after == 1s);
    CHECK_FALSE(classify(answer, at(30)).retry_after);
    answer.retry_after = "0";
    CHECK_FALSE(classify(answer, at(0)).retry_after);
}

TEST_CASE("O-54 Retry-After counts with 429 and 5xx only") {
    for (const int status : {199, 200, 302, 400, 401, 403, 404, 408, 413, 600}) {
        response_view answer = json(r_minus, status);
        answer.retry_after = "30";
        CHECK_FALSE(classify(answer, at(0)).retry_after);
    }
}

TEST_CASE("O-55 404, 405 and 415 are our fault") {
    CHECK(answered(404).why == reason::not_found);
    CHECK(answered(405).why == reason::method_refused);
    CHECK(answered(415).why == reason::media_refused);
    for (const int status : {404, 405, 415})
        CHECK(answered(status).outcome() == outcome_class::fault);
}

TEST_CASE("response: the class of every status") {
    for (int status = -1; status <= 1000; ++status) {
        const outcome_class outcome = answered(status, r_minus).outcome();
        INFO(status);
        switch (status) {
        case 200:
            CHECK(outcome == outcome_class::inactive);
            break;
        case 401:
        case 403:
        case 404:
        case 405:
        case 415:
            CHECK(outcome == outcome_class::fault);
            break;
        case 408:
        case 429:
            CHECK(outcome == outcome_class::down);
            break;
        default:
            if (status >= 400 && status < 500) {
                CHECK(outcome == outcome_class::odd);
            } else if (status >= 500 && status < 600) {
                CHECK(outcome == outcome_class::down);
            } else {
                CHECK(outcome == outcome_class::bad);
            }
        }
    }
}

TEST_CASE("S3 the server's Date is told when it is one") {
    const std::string body = r_plus(3600);
    response_view answer = json(body);
    answer.date = "Tue, 14 Nov 2023 22:13:20 GMT";
    CHECK(classify(answer, at(5)).date == second(0));
    answer.date = "yesterday";
    CHECK_FALSE(classify(answer, at(5)).date);
    CHECK(classify(answer, at(5)).why == reason::active);
}
