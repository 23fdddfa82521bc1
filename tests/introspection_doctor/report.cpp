// SPDX-License-Identifier: BSL-1.0
#include "report.hpp"

#include "examinations.hpp"
#include "support/catch.hpp"

#include <boost/json/parse.hpp>

#include <vector>

using namespace doctor_tests;
using outlast::http::errc;
using outlast::oauth2::reason;

namespace {

std::vector<doctor::examination> an_expired_certificate() {
    doctor::sight found = name();
    found.addresses = {"192.0.2.7", "2001:db8::7"};
    doctor::certificate old = good_certificate();
    old.not_after = today - std::chrono::days{28};
    return {of({found, connection("192.0.2.7"), tls("192.0.2.7", errc::certificate_expired, old),
                connection("2001:db8::7", errc::unreachable)})};
}

} // namespace

TEST_CASE("doctor report: a line a step, the certificate, the verdict") {
    CHECK(doctor::table(an_expired_certificate(), orders()) ==
          R"(https://idp.example/introspect
  name       idp.example  ok     2.0 ms  192.0.2.7, 2001:db8::7
  connect    192.0.2.7    ok     1.0 ms
  tls        192.0.2.7    FAIL    12 ms  certificate expired
             subject  CN=idp.example
             issuer   CN=Example CA
             hosts    idp.example, login.example
             valid    2026-08-21 to 2026-11-01
  connect    2001:db8::7  FAIL   1.0 ms  unreachable

The certificate of idp.example (192.0.2.7) expired on 2026-11-01: renew it on the server; until then the API's clients get 503, but with tokens that it remembers.
)");
}

TEST_CASE("doctor report: what a server said") {
    doctor::sight html = introspection(reason::not_json, 200);
    html.content_type = "text/html";
    doctor::sight redirect = introspection(reason::redirect, 302);
    redirect.location = "https://login.example:443";
    const auto said = [](doctor::sight s) {
        return doctor::table({of({connection("192.0.2.7"), tls("192.0.2.7"), std::move(s)})},
                             orders());
    };
    using Catch::Matchers::ContainsSubstring;
    CHECK_THAT(said(introspection()), ContainsSubstring("ok      34 ms  200 inactive\n") &&
                                          ContainsSubstring("certificate until 2027-03-09\n"));
    CHECK_THAT(said(html), ContainsSubstring("FAIL    34 ms  200 not json text/html\n"));
    CHECK_THAT(said(redirect),
               ContainsSubstring("FAIL    34 ms  302 redirect to https://login.example:443\n"));
    CHECK_THAT(said(introspection(reason::client_refused, 401)),
               ContainsSubstring("401 client refused\n"));
}

TEST_CASE("doctor report: an address that nobody misses is no failure") {
    const auto said = doctor::table({of({connection("2001:db8::7", errc::unreachable),
                                         connection("192.0.2.7"), introspection()})},
                                    orders());
    CHECK_THAT(said,
               Catch::Matchers::ContainsSubstring("2001:db8::7  -      1.0 ms  unreachable\n"));
    CHECK(said.find("FAIL") == std::string::npos);
}

TEST_CASE("doctor report: the same for machines") {
    const auto said = boost::json::parse(doctor::json(an_expired_certificate(), orders()));
    CHECK(said.at("exit_code") == 5);
    CHECK(said.at("class") == "tls");
    CHECK(said.at("verdict").as_string().starts_with("The certificate of idp.example"));
    const auto& one = said.at("examined").at(0);
    CHECK(one.at("url") == "https://idp.example/introspect");
    REQUIRE(one.at("steps").as_array().size() == 4);
    CHECK(one.at("steps").at(0).at("addresses").at(1) == "2001:db8::7");
    const auto& step = one.at("steps").at(2);
    CHECK(step.at("step") == "tls");
    CHECK(step.at("where") == "192.0.2.7");
    CHECK(step.at("code") == "certificate_expired");
    CHECK(step.at("milliseconds") == 12.0);
    CHECK(step.at("certificate").at("issuer") == "CN=Example CA");
    CHECK(step.at("certificate").at("not_after") ==
          (today - std::chrono::days{28}).time_since_epoch() / std::chrono::seconds{1});
}
