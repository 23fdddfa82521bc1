// SPDX-License-Identifier: BSL-1.0
#include <outlast/oauth2/jose/jwk_thumbprint.hpp>

#include "support/catch.hpp"

#include <string>
#include <string_view>

using namespace outlast::oauth2::jose;

namespace {
std::string of(std::string_view json) {
    return std::string{jwk_thumbprint(read_jwk(json).value()).text()};
}
} // namespace

TEST_CASE("jwk_thumbprint: the example of RFC 7638 §3.1") {
    CHECK(
        of(R"({"kty":"RSA","n":"0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw","e":"AQAB","alg":"RS256","kid":"2011-04-29"})") ==
        "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs");
}

TEST_CASE("jwk_thumbprint: the example of RFC 9449 §6.1, whatever else is in the key") {
    constexpr std::string_view members =
        R"("kty":"EC","x":"l8tFrhx-34tV3hRICRDY9zCkDlpBhF42UQUfWVAWBFs","y":"9VE4jf_Ok_o64zbTTlcuNJajHmt6v9TDVrU0CdvGRDA","crv":"P-256")";
    constexpr std::string_view expected = "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I";
    CHECK(of("{" + std::string{members} + "}") == expected);
    CHECK(of(R"({"kid":"a","use":"sig",)" + std::string{members} + "}") == expected);
}

TEST_CASE("jwk_thumbprint: other kinds have none") {
    CHECK(of(R"({"kty":"oct"})").empty());
    CHECK(of(R"({"kty":"OKP","crv":"Ed25519","x":"AA"})").empty());
    CHECK(of(R"({"kty":"EC","crv":"secp256k1\"","x":"AA","y":"AA"})").empty());
    CHECK(of("{}").empty());
}
