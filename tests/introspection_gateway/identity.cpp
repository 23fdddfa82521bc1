// SPDX-License-Identifier: BSL-1.0
#include "identity.hpp"

#include "support/catch.hpp"

#include <algorithm>
#include <memory>
#include <string>

using namespace std::chrono_literals;
namespace oauth2 = outlast::oauth2;

namespace {

std::string value_of(const auto& headers, std::string_view name) {
    const auto found =
        std::ranges::find(headers, name, [](const auto& h) { return std::string_view{h.first}; });
    return found == headers.end() ? "absent" : found->second;
}

} // namespace

TEST_CASE("gateway identity: what cannot stand in a header is percent-encoded") {
    CHECK(gateway::header_value("alice (admin)") == "alice (admin)");
    CHECK(gateway::header_value("a\r\nX-Auth-Scope: all") == "a%0D%0AX-Auth-Scope: all");
    CHECK(gateway::header_value("100%") == "100%25");
    CHECK(gateway::header_value("  admin ") == "%20%20admin%20"); // or it would arrive as "admin"
    CHECK(gateway::header_value("a  b") == "a %20b");
    CHECK(gateway::header_value("J\xC3\xBCrgen\x7F") == "J%C3%BCrgen%7F");
    CHECK(gateway::header_value(std::string_view{"\0", 1}) == "%00");
}

TEST_CASE("gateway identity: all headers, empty where nothing was said") {
    oauth2::decision d;
    d.status = 200;
    d.how = oauth2::decision::assurance::stale;
    d.age = 72s;
    auto said = std::make_shared<oauth2::facts>();
    said->sub = "alice";
    said->scope = {"a", "b"};
    said->aud = {"orders", "staff admin"};
    said->exp = std::chrono::sys_seconds{4102444800s};
    said->jti = "id 7";
    said->iat = std::chrono::sys_seconds{1700000000s};
    said->further = {{"tenant_id", {"7", "8"}}};
    d.who = said;
    const auto headers = gateway::identity_headers(
        d, {"tenant_id", "department", "jti", "iat", "nbf", "token_type"});
    CHECK(value_of(headers, "X-Auth-Subject") == "alice");
    CHECK(value_of(headers, "X-Auth-Client").empty());
    CHECK(value_of(headers, "X-Auth-Username").empty());
    CHECK(value_of(headers, "X-Auth-Issuer").empty());
    CHECK(value_of(headers, "X-Auth-Scope") == "a b");
    CHECK(value_of(headers, "X-Auth-Audience") == "orders staff%20admin");
    CHECK(value_of(headers, "X-Auth-Expires") == "4102444800");
    CHECK(value_of(headers, "X-Auth-How") == "stale");
    CHECK(value_of(headers, "X-Auth-Age") == "72");
    CHECK(value_of(headers, "X-Auth-Claim-Tenant-Id") == "7 8");
    CHECK(value_of(headers, "X-Auth-Claim-Department").empty());
    CHECK(value_of(headers, "X-Auth-Claim-Jti") == "id%207");
    CHECK(value_of(headers, "X-Auth-Claim-Iat") == "1700000000");
    CHECK(value_of(headers, "X-Auth-Claim-Nbf").empty());
    CHECK(value_of(headers, "X-Auth-Claim-Token_type") == "absent");
    CHECK(value_of(headers, "X-Auth-Claim-Token-Type").empty());
}
