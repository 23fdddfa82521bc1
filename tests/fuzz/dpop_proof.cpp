// SPDX-License-Identifier: BSL-1.0
//
// DPoP proofs: what a client sent, and, as no mutation signs, the same bytes as the claims of a proof that is signed
// well. None is good unless its claims are.
#include <outlast/oauth2/jose/dpop_proof.hpp>

#include "fuzz/support/input.hpp"
#include "oauth2/support/jose_keys.hpp"
#include "oauth2/support/jose_texts.hpp"

extern "C" {
#include <cjose/cjose.h>
}

#include <string>
#include <string_view>

using namespace outlast::oauth2::jose;
using namespace outlast_tests;
using outlast_fuzz::holds;

namespace {

std::string signed_well(std::string_view claims) {
    static cjose_err error{};
    static const cjose_jwk_t* const key =
        cjose_jwk_import(jose_keys::p256.data(), jose_keys::p256.size(), &error);
    static cjose_header_t* const header = [] {
        cjose_header_t* const made = cjose_header_new(&error);
        holds(cjose_header_set(made, "alg", "ES256", &error) &&
              cjose_header_set(made, "typ", "dpop+jwt", &error) &&
              cjose_header_set_raw(made, "jwk", public_jwk(jose_keys::p256).c_str(), &error));
        return made;
    }();
    cjose_jws_t* const jws = cjose_jws_sign(
        key, header, reinterpret_cast<const std::uint8_t*>(claims.data()), claims.size(), &error);
    const char* text = nullptr;
    holds(jws != nullptr && cjose_jws_export(jws, &text, &error));
    std::string copy = text;
    cjose_jws_release(jws);
    return copy;
}

bool is_good(std::string_view proof) {
    const auto read = read_dpop_proof(proof, algorithms::all());
    if (!read)
        return false;
    const dpop_proof& p = read.value();
    holds(!p.key.empty() && !p.jti.empty() && !p.htm.empty() && !p.htu.empty());
    holds(p.iat.time_since_epoch().count() >= 0);
    return true;
}

} // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view bytes{reinterpret_cast<const char*>(data), size};
    (void)is_good(bytes);
    if (size == 0 || size > 2048)
        return 0;
    if (is_good(signed_well(bytes)))
        holds(bytes.find("jti") != bytes.npos || bytes.find('\\') != bytes.npos);
    return 0;
}
