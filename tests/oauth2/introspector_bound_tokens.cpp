// SPDX-License-Identifier: BSL-1.0
//
// Tokens that are bound to a key of their sender (RFC 8705, RFC 9449), fresh, stale and while nothing is known.
#include "support/catch.hpp"
#include "support/story.hpp"

#include <chrono>
#include <string>
#include <string_view>
#include <utility>

using namespace outlast::oauth2;
using namespace outlast_tests;
using namespace std::chrono_literals;

namespace {

constexpr std::string_view key_a = "47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU";
constexpr std::string_view key_b = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

held_keys by_proof(std::string_view text) { return {.dpop = thumbprint::from_text(text).value()}; }
held_keys by_tls(std::string_view text) {
    return {.certificate = thumbprint::from_text(text).value()};
}

std::string bound(std::string_view member) {
    return R"({"active":true,"exp":1700003600,"aud":"api","cnf":{)" + std::string{member} + "}}";
}
const std::string to_key_a = bound(R"("jkt":"47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU")");
const std::string to_certificate_a =
    bound(R"("x5t#S256":"47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU")");

/// One API that takes both schemes, asked in real time: "401 DPoP invalid_token", "200 cached".
struct api_of_keys {
    scripted_server server{};
    outlast::duration wall_at{};
    direct_api api;

    explicit api_of_keys(std::string_view body) : api(options(), server) {
        server.otherwise = says(body);
    }
    introspector_options options() {
        introspector_options o = profile_d();
        o.bearer.dpop_algorithms = "ES256";
        o.wall = [this] {
            return at(0) + std::chrono::duration_cast<std::chrono::system_clock::duration>(wall_at);
        };
        return o;
    }
    std::string request(std::string_view authorization,
                        const held_keys& keys = {},
                        const requirements& wanted = {.audience = "api"}) {
        const decision d = api(authorization, wanted, outlast::forever, {}, keys);
        std::string said = std::to_string(d.status);
        for (const auto& [name, value] : d.reply.headers) {
            if (name != "WWW-Authenticate")
                continue;
            const std::size_t error = value.find("error=\"");
            said += " " + value.substr(0, value.find(' '));
            if (error != value.npos)
                said += " " + value.substr(error + 7, value.find('"', error + 7) - error - 7);
        }
        return said;
    }
};

} // namespace

TEST_CASE(
    "S24 a token that is bound to a proof's key is good with that proof, and with nothing else") {
    api_of_keys a{to_key_a};
    CHECK(a.request("DPoP tokA", by_proof(key_a)) == "200");
    CHECK(a.request("dpop tokA", by_proof(key_a)) == "200");
    CHECK(a.request("DPoP tokA", by_proof(key_b)) == "401 DPoP invalid_token Bearer");
    CHECK(a.request("DPoP tokA", by_tls(key_a)) == "401 DPoP invalid_dpop_proof Bearer");
    CHECK(a.request("DPoP tokA") == "401 DPoP invalid_dpop_proof Bearer");
    CHECK(a.request("Bearer tokA") == "401 Bearer invalid_token DPoP");
    // A proof beside it does not make a bearer token of it (RFC 9449 §7.2).
    CHECK(a.request("Bearer tokA", by_proof(key_a)) == "401 Bearer invalid_token DPoP");
    CHECK(a.request("DPoP tokA", by_proof(key_a)) == "200");
    CHECK(a.server.calls() == 1); // and what was refused has cost the good ones nothing
}

TEST_CASE("S24 without a proof the server is not asked") {
    api_of_keys a{to_key_a};
    CHECK(a.request("DPoP tokA") == "401 DPoP invalid_dpop_proof Bearer");
    CHECK(a.server.calls() == 0);
}

TEST_CASE(
    "S24 a token that is bound to a certificate is good over TLS with that, and nowhere else") {
    api_of_keys a{to_certificate_a};
    CHECK(a.request("Bearer tokA", by_tls(key_a)) == "200");
    CHECK(a.request("Bearer tokA", by_tls(key_b)) == "401 Bearer invalid_token DPoP");
    CHECK(a.request("Bearer tokA", by_proof(key_a)) == "401 Bearer invalid_token DPoP");
    CHECK(a.request("Bearer tokA") == "401 Bearer invalid_token DPoP");
    CHECK(a.request("DPoP tokA",
                    {.certificate = by_tls(key_a).certificate, .dpop = by_proof(key_a).dpop}) ==
          "401 DPoP invalid_token Bearer");
    CHECK(a.server.calls() == 1);
}

TEST_CASE("S24 a token with two bindings needs both") {
    api_of_keys a{bound(R"("jkt":"47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU",
                           "x5t#S256":"E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM")")};
    const auto both = [](std::string_view certificate, std::string_view proof) {
        return held_keys{.certificate = by_tls(certificate).certificate,
                         .dpop = by_proof(proof).dpop};
    };
    CHECK(a.request("DPoP tokA", both(key_b, key_a)) == "200");
    CHECK(a.request("DPoP tokA", by_proof(key_a)) == "401 DPoP invalid_token Bearer");
    CHECK(a.request("DPoP tokA", both(key_a, key_a)) == "401 DPoP invalid_token Bearer");
    CHECK(a.request("Bearer tokA", both(key_b, key_a)) == "401 Bearer invalid_token DPoP");
}

TEST_CASE("S24 a binding that is not known here is not satisfied by any key") {
    for (const std::string_view cnf : {"", R"("kid":"x")", R"("jwk":{})", R"("jkt":"")"}) {
        INFO(cnf);
        api_of_keys a{bound(cnf)};
        CHECK(a.request("DPoP tokA", by_proof(key_a)) == "401 DPoP invalid_token Bearer");
        CHECK(a.request("Bearer tokA", by_tls(key_a)) == "401 Bearer invalid_token DPoP");
    }
}

TEST_CASE("bound tokens: one that is not is no token for the scheme DPoP, nor for a route that "
          "wants them") {
    api_of_keys a{r_plus(3600)};
    const requirements strict{.audience = "api", .sender_constrained = true};
    CHECK(a.request("Bearer tokA") == "200");
    CHECK(a.request("DPoP tokA", by_proof(key_a)) == "401 DPoP invalid_token Bearer");
    CHECK(a.request("Bearer tokA", by_tls(key_a), strict) == "401 Bearer invalid_token DPoP");
    api_of_keys b{to_certificate_a};
    CHECK(b.request("Bearer tokA", by_tls(key_a), strict) == "200");
}

TEST_CASE("bound tokens: without being asked for, DPoP is another scheme") {
    scripted_server never_asked;
    direct_api api{profile_d(), never_asked};
    const decision d = api("DPoP tokA", {}, outlast::forever, {}, by_proof(key_a));
    CHECK(words_of(d) == "401 bare");
    CHECK(never_asked.calls() == 0);
}

TEST_CASE("S24 a stale verdict is bound as a fresh one") {
    story s;
    s.server.otherwise = says(to_key_a);
    CHECK(s.at(0s).request("tokA") == "401-IT, calls 1"); // the stories come as bearers
    s.server.otherwise = refuses();
    CHECK(s.at(100s).request("tokA").words == "401-IT");
    CHECK(s.entry("tokA").starts_with("P ")); // it is as good as ever, for who has the key
}
