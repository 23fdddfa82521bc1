// SPDX-License-Identifier: BSL-1.0
//
// DPoP proofs as clients make them, good ones and others.
#ifndef OUTLAST_TESTS_OAUTH2_SUPPORT_DPOP_PROOFS_HPP
#define OUTLAST_TESTS_OAUTH2_SUPPORT_DPOP_PROOFS_HPP

#include "oauth2/support/jose_keys.hpp"
#include "oauth2/support/jose_texts.hpp"
#include "support/catch.hpp"

extern "C" {
#include <cjose/cjose.h>
}

#include <cstdint>
#include <string>
#include <string_view>

namespace outlast_tests {

/// RFC 9449 §7.1.
inline constexpr std::string_view rfc_token = "Kz~8mXK1EalYznwH-LC-1fBAo.4Ljp~zsPE_NeO.gxU";
inline constexpr std::string_view rfc_ath = "fUHyO2r2Z3DZ53EsNrWBb0xWXoaNy59IiKCAqksmQEo";
inline constexpr std::string_view rfc_jkt = "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I";
inline constexpr std::string_view rfc_proof =
    "eyJ0eXAiOiJkcG9wK2p3dCIsImFsZyI6IkVTMjU2IiwiandrIjp7Imt0eSI6IkVDIiwieCI6Imw4dEZyaHgtMzR0VjNoUk"
    "lDUkRZ"
    "OXpDa0RscEJoRjQyVVFVZldWQVdCRnMiLCJ5IjoiOVZFNGpmX09rX282NHpiVFRsY3VOSmFqSG10NnY5VERWclUwQ2R2R1"
    "JEQSIs"
    "ImNydiI6IlAtMjU2In19."
    "eyJqdGkiOiJlMWozVl9iS2ljOC1MQUVCIiwiaHRtIjoiR0VUIiwiaHR1IjoiaHR0cHM6Ly9yZXNvdXJj"
    "ZS5leGFtcGxlLm9yZy9wcm90ZWN0ZWRyZXNvdXJjZSIsImlhdCI6MTU2MjI2MjYxOCwiYXRoIjoiZlVIeU8ycjJaM0RaNT"
    "NFc05y"
    "V0JiMHhXWG9hTnk1OUlpS0NBcWtzbVFFbyJ9.2oW9RP35yRqzhrtNP86L-Ey71EOptxRimPPToA1plemAgR6pxHF8y6-"
    "yqyVnmcw6"
    "Fy1dqd-jfxSYoMxhAJpLjA";

/// What a proof is made of; each part can be another than it should be.
struct proof_parts {
    std::string_view key = jose_keys::p256;        ///< that signs
    std::string jwk = public_jwk(jose_keys::p256); ///< that is shown; empty: none
    std::string alg = "ES256";
    std::string typ = "dpop+jwt";
    std::string claims{};
};

/// Signed by libcjose.
inline std::string made(const proof_parts& parts) {
    cjose_err error{};
    cjose_jwk_t* const key = cjose_jwk_import(parts.key.data(), parts.key.size(), &error);
    cjose_header_t* const header = cjose_header_new(&error);
    REQUIRE((key != nullptr && header != nullptr));
    REQUIRE(cjose_header_set(header, "alg", parts.alg.c_str(), &error));
    REQUIRE(cjose_header_set(header, "typ", parts.typ.c_str(), &error));
    if (!parts.jwk.empty())
        REQUIRE(cjose_header_set_raw(header, "jwk", parts.jwk.c_str(), &error));
    cjose_jws_t* const jws =
        cjose_jws_sign(key, header, reinterpret_cast<const std::uint8_t*>(parts.claims.data()),
                       parts.claims.size(), &error);
    const char* text = nullptr;
    REQUIRE((jws != nullptr && cjose_jws_export(jws, &text, &error)));
    const std::string copy = text;
    cjose_jws_release(jws);
    cjose_header_release(header);
    cjose_jwk_release(key);
    return copy;
}

} // namespace outlast_tests

#endif // OUTLAST_TESTS_OAUTH2_SUPPORT_DPOP_PROOFS_HPP
