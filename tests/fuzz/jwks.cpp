// SPDX-License-Identifier: BSL-1.0
//
// Any bytes as a JWK Set and as a JWK: read to keys that keep what is promised of them, or refused.
#include <outlast/oauth2/jose/key_set.hpp>
#include <outlast/oauth2/jose/sign.hpp>

#include <openssl/err.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib> // std::abort
#include <string_view>

namespace jose = outlast::oauth2::jose;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text{reinterpret_cast<const char*>(data), size};
    const auto set = jose::key_set::read(text);
    if (set &&
        (set.value().size() == 0 || set.value().size() + set.value().skipped() > jose::max_keys))
        std::abort();
    if (const auto key = jose::verifying_key::from_json(text)) {
        const auto read = jose::read_jwk(text);
        if (!read || read.value().has_private || !read.value().is_for("verify"))
            std::abort();
    }
    // A key that signs has shown that its parts belong together.
    if (const auto key = jose::signing_key::from_json(text); key && !key.value().sign("t", "x"))
        std::abort();
    if (ERR_peek_error() != 0)
        std::abort();
    return 0;
}
