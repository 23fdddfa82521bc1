// SPDX-License-Identifier: BSL-1.0
#include <outlast/oauth2/jose/jwk.hpp>

#include "support/catch.hpp"

#include <string>
#include <utility>

using namespace outlast::oauth2::jose;

TEST_CASE("jwk: members as they are written, numbers decoded") {
    const auto read =
        read_jwk(R"({"kty":"EC","kid":"k","use":"sig","alg":"ES256","key_ops":["verify"],
        "crv":"P-256","x":"AQI","y":"AwQ","x5c":["AAAA"],"ext":true,"foo":{"d":"AA"}})");
    REQUIRE(read);
    const jwk& key = read.value();
    CHECK(key.kty == "EC");
    CHECK(key.kid == "k");
    CHECK(key.use == "sig");
    CHECK(key.alg == "ES256");
    CHECK(key.key_ops == std::vector<std::string>{"verify"});
    CHECK(key.crv == "P-256");
    CHECK(key.x == "\x01\x02");
    CHECK(key.y == "\x03\x04");
    CHECK_FALSE(key.has_private);
}

TEST_CASE("jwk: any private member makes it a private key, whatever its type") {
    const std::string member =
        GENERATE(as<std::string>{}, R"("d":"AQ")", R"("p":"AQ")", R"("q":"AQ")", R"("dp":"AQ")",
                 R"("dq":"AQ")", R"("qi":"AQ")", R"("k":"AQ")", R"("oth":[])");
    const auto read = read_jwk("{\"kty\":\"RSA\"," + member + "}");
    REQUIRE(read);
    CHECK(read.value().has_private);
}

TEST_CASE("jwk: a member of another type, or a number that is not base64url, is malformed") {
    const std::string text = GENERATE(
        as<std::string>{}, R"({"kty":1})", R"({"kty":"EC","x":5})", R"({"kty":"EC","kid":null})",
        R"({"kty":"EC","kid":{"a":"b"}})", R"({"kty":"EC","key_ops":"verify"})",
        R"({"kty":"EC","key_ops":[1]})", R"({"kty":"EC","key_ops":[["verify"]]})",
        R"({"kty":"EC","key_ops":{"a":"verify"}})", R"({"kty":"RSA","n":"AB"})",
        R"({"kty":"RSA","e":"AQAB="})", R"({"kty":"RSA","n":"+/8"})", R"({"kty":"EC","kty":"RSA"})",
        R"(["kty"])", R"("kty")", "", "{");
    const auto read = read_jwk(text);
    REQUIRE_FALSE(read.has_value());
    CHECK(read.error() == errc::malformed);
}

TEST_CASE("jwk: for what it may be used, RFC 7517 §4.2, §4.3") {
    const auto is_for = [](const std::string& members, std::string_view operation) {
        return read_jwk("{\"kty\":\"EC\"" + members + "}").value().is_for(operation);
    };
    CHECK(is_for("", "verify"));
    CHECK(is_for(R"(,"use":"sig")", "verify"));
    CHECK_FALSE(is_for(R"(,"use":"enc")", "verify"));
    CHECK_FALSE(is_for(R"(,"use":"")", "verify"));
    CHECK(is_for(R"(,"key_ops":["sign","verify"])", "verify"));
    CHECK_FALSE(is_for(R"(,"key_ops":["sign"])", "verify"));
    CHECK_FALSE(is_for(R"(,"key_ops":[])", "verify"));
    CHECK_FALSE(is_for(R"(,"use":"enc","key_ops":["verify"])", "verify"));
}

TEST_CASE("jwk: is moved") {
    jwk a = read_jwk(R"({"kty":"EC","d":"AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA"})").value();
    jwk b = read_jwk(R"({"kty":"RSA","d":"AQ"})").value();
    b = std::move(a);
    CHECK(b.kty == "EC");
    CHECK(b.d.size() == 32);
}
