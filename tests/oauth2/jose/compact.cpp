// SPDX-License-Identifier: BSL-1.0
#include <outlast/oauth2/jose/compact.hpp>

#include "oauth2/support/jose_texts.hpp"
#include "support/catch.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <system_error>

using namespace outlast::oauth2::jose;
using outlast_tests::b64u;
using outlast_tests::compact;

namespace {
std::error_code refusal(std::string_view text) {
    const auto read = read_compact(text);
    return read ? std::error_code{} : read.error();
}
} // namespace

TEST_CASE("compact JWS: the parts and the header, RFC 7515 §7.1") {
    const std::string text = compact(
        R"({"alg":"ES256","kid":"k1","typ":"at+jwt","jku":"https://evil.example"})", "{\"a\":1}");
    const auto read = read_compact(text);
    REQUIRE(read);
    CHECK(read.value().text == text);
    CHECK(read.value().payload == b64u("{\"a\":1}"));
    CHECK(read.value().signature == "c2ln");
    CHECK(read.value().header.alg == algorithm::es256);
    CHECK(read.value().header.kid == "k1");
    CHECK(read.value().header.typ == "at+jwt");
}

TEST_CASE("compact JWS: kid and typ may be absent") {
    const std::string text = compact(R"({"alg":"RS256"})");
    const auto read = read_compact(text);
    REQUIRE(read);
    CHECK_FALSE(read.value().header.kid.has_value());
    CHECK_FALSE(read.value().header.typ.has_value());
}

TEST_CASE("compact JWS: none, HMAC and unknown algorithms are refused, RFC 8725 §3.1") {
    const std::string alg = GENERATE(as<std::string>{}, "none", "NONE", "nOnE", "HS256", "HS512",
                                     "ES256K", "EdDSA", "");
    CHECK(refusal(compact("{\"alg\":\"" + alg + "\"}")) == errc::algorithm_refused);
}

TEST_CASE("compact JWS: an unsecured one has no signature, and is malformed") {
    CHECK(refusal(b64u(R"({"alg":"none"})") + "." + b64u("{}") + ".") == errc::malformed);
}

TEST_CASE("compact JWS: crit is refused, whatever is in it, RFC 7515 §4.1.11") {
    const std::string crit = GENERATE(as<std::string>{}, R"(["b64"])", "[]", R"("exp")", "null");
    CHECK(refusal(compact(R"({"alg":"ES256","b64":false,"crit":)" + crit + "}")) ==
          errc::critical_header);
}

TEST_CASE("compact JWS: a header that two readers may read in two ways is malformed") {
    const std::string header =
        GENERATE(as<std::string>{}, R"({"alg":"ES256","alg":"none"})",
                 R"({"alg":"ES256","\u0061lg":"ES256"})", R"({"alg":"ES256"} {})",
                 R"({"alg":["ES256"]})", R"({"alg":256})", R"({"alg":null})",
                 R"({"alg":"ES256","kid":7})", R"({"alg":"ES256","typ":{}})", R"({"kid":"k"})",
                 R"(["ES256"])", R"("ES256")", "{", "", "null");
    CHECK(refusal(compact(header)) == errc::malformed);
}

TEST_CASE("compact JWS: a member deep in another one is not the header's") {
    const std::string text = compact(R"({"x":{"alg":"none","crit":[]},"alg":"ES256"})");
    CHECK(read_compact(text).has_value());
}

TEST_CASE("compact JWS: three parts of strict base64url, or malformed") {
    const std::string good = compact(R"({"alg":"ES256"})");
    const std::string head = b64u(R"({"alg":"ES256"})");
    CHECK(refusal("") == errc::malformed);
    CHECK(refusal("abc") == errc::malformed);
    CHECK(refusal(head + ".e30") == errc::malformed);
    CHECK(refusal("." + good) == errc::malformed);
    CHECK(refusal(good + ".") == errc::malformed);
    CHECK(refusal(good + ".a.b") == errc::malformed); // a JWE has five
    CHECK(refusal(good + "=") == errc::malformed);
    CHECK(refusal(good + " ") == errc::malformed);
    CHECK(refusal(head + ".e31.c2ln") == errc::malformed); // bits left over
    CHECK(refusal(head + "=.e30.c2ln") == errc::malformed);
    CHECK(refusal("!" + good) == errc::malformed);
}

TEST_CASE("compact JWS: bounds of the whole, the header and the signature") {
    const std::string head = b64u(R"({"alg":"ES256"})");
    const std::string signature(base64url_decoded_size(0) + (max_signature_size * 4 + 2) / 3, 'A');
    CHECK(read_compact(head + ".e30." + signature).has_value());
    CHECK(refusal(head + ".e30." + signature + "AAAA") == errc::too_large);

    const auto padded = [](std::size_t blanks) {
        return compact(R"({"alg":"ES256")" + std::string(blanks, ' ') + "}");
    };
    CHECK(read_compact(padded(3 * 1024 - 15)).has_value());
    CHECK(refusal(padded(3 * 1024)) == errc::too_large);

    const std::string good = compact(R"({"alg":"ES256"})");
    CHECK(read_compact(good, good.size()).has_value());
    const auto longer = read_compact(good, good.size() - 1);
    REQUIRE_FALSE(longer.has_value());
    CHECK(longer.error() == errc::too_large);
}

TEST_CASE("compact JWS: a type with and without application/, in any case") {
    CHECK(is_type("at+jwt", "at+jwt"));
    CHECK(is_type("application/at+jwt", "at+jwt"));
    CHECK(is_type("Application/AT+JWT", "at+jwt"));
    CHECK_FALSE(is_type("JWT", "at+jwt"));
    CHECK_FALSE(is_type("at+jwt ", "at+jwt"));
    CHECK_FALSE(is_type("x/at+jwt", "at+jwt"));
    CHECK_FALSE(is_type("application/application/at+jwt", "at+jwt"));
    CHECK_FALSE(is_type("", "at+jwt"));
    CHECK_FALSE(is_type(std::nullopt, "at+jwt"));
}

TEST_CASE("compact JWS: at a glance") {
    CHECK(looks_like_jws("eyJhbGciOiJFUzI1NiJ9.e30.c2ln"));
    CHECK_FALSE(looks_like_jws("2YotnFZFEjr1zCsicMWpAA"));
    CHECK_FALSE(looks_like_jws("ey.e30"));
    CHECK_FALSE(looks_like_jws("ey.a.b.c.d"));
    CHECK_FALSE(looks_like_jws(""));
}

TEST_CASE("compact JWS: what was signed") {
    CHECK(signed_part("eyJhbGciOiJFUzI1NiJ9.e30.c2ln") == "eyJhbGciOiJFUzI1NiJ9.e30");
    CHECK_FALSE(signed_part("2YotnFZFEjr1zCsicMWpAA").has_value());
}

TEST_CASE("compact JWS: what a token is revoked by") {
    const std::string_view signed_text = "eyJhbGciOiJFUzI1NiJ9.e30";
    for (const char* token : {"eyJhbGciOiJFUzI1NiJ9.e30.c2ln", "eyJhbGciOiJFUzI1NiJ9.e30.c2lo",
                              "eyJhbGciOiJFUzI1NiJ9.e30."})
        CHECK(revoked_by(token) == signed_text);
    CHECK(revoked_by("b3BhcXVl") == "b3BhcXVl");
    CHECK(revoked_by("b3BhcXVl==") == "b3BhcXVl");
    CHECK(revoked_by("a=b") == "a=b");
    CHECK(revoked_by("==").empty());
}
