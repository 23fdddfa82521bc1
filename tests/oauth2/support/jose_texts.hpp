// SPDX-License-Identifier: BSL-1.0
//
// Compact texts and JWKs, made and changed at will.
#ifndef OUTLAST_TESTS_OAUTH2_SUPPORT_JOSE_TEXTS_HPP
#define OUTLAST_TESTS_OAUTH2_SUPPORT_JOSE_TEXTS_HPP

#include <outlast/oauth2/jose/base64url.hpp>

#include <cstddef>
#include <string>
#include <string_view>

namespace outlast_tests {

inline std::string b64u(std::string_view bytes) {
    std::string text;
    outlast::oauth2::jose::append_base64url(text, bytes);
    return text;
}

/// `header.payload.signature`; the first two are given as they are before base64url.
inline std::string compact(std::string_view header,
                           std::string_view payload = "{}",
                           std::string_view signature = "c2ln") {
    return b64u(header) + '.' + b64u(payload) + '.' + std::string{signature};
}

/// `text` with the first `from` in it replaced.
inline std::string with(std::string_view text, std::string_view from, std::string_view to) {
    std::string changed{text};
    const std::size_t at = changed.find(from);
    return at == changed.npos ? "nothing to replace" : changed.replace(at, from.size(), to);
}

/// A JWK without its private members, by another way than the library's.
inline std::string public_jwk(std::string_view jwk) {
    std::string made;
    std::size_t begin = 1;
    while (begin < jwk.size()) { // {"name":"text","name":"text"}
        std::size_t end = jwk.find("\",\"", begin);
        end = end == jwk.npos ? jwk.size() - 1 : end + 1;
        const std::string_view member = jwk.substr(begin, end - begin);
        const std::string_view name = member.substr(1, member.find('"', 1) - 1);
        if (name != "d" && name != "p" && name != "q" && name != "dp" && name != "dq" &&
            name != "qi")
            made.append(made.empty() ? "{" : ",").append(member);
        begin = end + 1;
    }
    return made + '}';
}

} // namespace outlast_tests

#endif // OUTLAST_TESTS_OAUTH2_SUPPORT_JOSE_TEXTS_HPP
