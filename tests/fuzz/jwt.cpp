// SPDX-License-Identifier: BSL-1.0
//
// Any bytes as a token. They are judged as a JWT access token as they are; and, as no fuzzer signs, once more as the
// payload of one that is signed well: then what is good has to be whole.
#include <outlast/oauth2/jose/sign.hpp>
#include <outlast/oauth2/jwt/access_token.hpp>
#include <outlast/oauth2/jwt/verify_answer.hpp>

#include "oauth2/support/jose_keys.hpp"
#include "oauth2/support/jose_texts.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdlib> // std::abort
#include <memory>
#include <string>
#include <string_view>

namespace jose = outlast::oauth2::jose;
namespace keys = outlast_tests::jose_keys;
using namespace outlast::oauth2;

namespace {

const access_token_options options{.issuer = "https://as.example", .audience = "api"};
const document_options reading{};
const std::chrono::system_clock::time_point now{std::chrono::seconds{1'700'000'000}};

const jose::signing_key& key() {
    static const auto made = jose::signing_key::from_json(keys::p256).value();
    return made;
}
const jose::key_set_ptr& all_keys() {
    static const auto made = std::make_shared<const jose::key_set>(
        jose::key_set::read("{\"keys\":[" + outlast_tests::public_jwk(keys::p256) + "]}").value());
    return made;
}

void demand(bool so) {
    if (!so)
        std::abort();
}

local_verdict judged(std::string_view token) {
    const auto read = read_access_token(token, options);
    if (!read)
        return local_verdict::cannot_tell;
    const auto found = judge(*read, *all_keys(), options, reading, now);
    demand((found.what == local_verdict::good) == (found.said != nullptr));
    if (found.said) {
        const facts& f = *found.said;
        demand(f.iss && f.exp && f.sub && f.client_id && f.iat && f.jti && !f.aud.empty());
    }
    return found.what;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text{reinterpret_cast<const char*>(data), size};
    if (const auto read = jose::read_compact(text)) {
        const auto& r = read.value();
        demand(r.text == text && jose::is_base64url(r.payload) && jose::is_base64url(r.signature));
    }
    (void)judged(text);
    (void)verify_answer(text, all_keys(), jose::algorithms::all());
    if (size > 4096)
        return 0;

    const auto token = key().sign("at+jwt", text).value();
    demand(judged(token.expose()) != local_verdict::unknown_key);
    // With any one bit of it changed it is another's. Which one, the input says.
    std::string changed{token.expose()};
    char& bit_of = changed[size * 131 % changed.size()];
    bit_of = static_cast<char>(bit_of ^ 1);
    demand(judged(changed) != local_verdict::good);

    const auto answer = key().sign("token-introspection+jwt", text).value();
    const signed_answers wanted{
        .issuer = "https://as.example", .audience = "rs", .verify = [](std::string_view jwt) {
            return verify_answer(jwt, all_keys(), jose::algorithms::all());
        }};
    response_view view;
    view.status = 200;
    view.content_type = signed_answer_type;
    view.body = answer.expose();
    const finding f = classify_signed(view, now, wanted);
    demand((f.why == reason::active) == (f.said != nullptr));
    return 0;
}
