// SPDX-License-Identifier: BSL-1.0
#include <outlast/oauth2/sha256.hpp>

#include "support/catch.hpp"

using namespace outlast::oauth2;

TEST_CASE("sha256: the examples of others") {
    CHECK(sha256_thumbprint("").text() == "47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU");
    // RFC 7636, appendix B.
    CHECK(sha256_thumbprint("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk").text() ==
          "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
}
