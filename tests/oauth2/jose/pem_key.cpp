// SPDX-License-Identifier: BSL-1.0
#include <outlast/oauth2/jose/pem_key.hpp>

#include <outlast/oauth2/jose/sign.hpp>
#include <outlast/oauth2/jose/verify.hpp>

#include "support/catch.hpp"

#include <openssl/err.h>

#include <string>
#include <string_view>

using namespace outlast::oauth2::jose;

namespace {

// Made for these tests by OpenSSL's program.
constexpr std::string_view p256 = R"(-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgd0HgPoSSWiQBmPpG
9A+hSzfd3HBR9lb7EnuwnBqJ/HyhRANCAARWDuywpBvm7L/0ZihmcExR8886Xqwu
q3ag2WbxwOCbJuvG1LrIG596+lVh0PNJyURrTVWDbkEKCinBkYSShhPD
-----END PRIVATE KEY-----
)";
constexpr std::string_view p521 = R"(-----BEGIN EC PRIVATE KEY-----
MIHcAgEBBEIAI5Qcxo8T8eMK+mRqFG3DNaqDP44H7PSqNQomG6x2/KtMWDnznrFk
vAO1Qt6yVOAynnny8YuV/J4d8+PoIXo3SyGgBwYFK4EEACOhgYkDgYYABADEKLLg
EqI8CcYuvwB7Gc7rfnI4IJwhncvCouH6CRKLSHvSByJw76sbyPTR9/3mFmMJBB5p
JxGRp8y9TJnXpfu+hQEgz2raD72S5GDGFR6mmhUIxUk6ukJPDQaT9L6QOvBZB1hT
aeUttxRNv6i7qlurfVGkq0ALaILKAlV0TCck0kNSBg==
-----END EC PRIVATE KEY-----
)"; // SEC1
constexpr std::string_view rsa = R"(-----BEGIN PRIVATE KEY-----
MIIEvgIBADANBgkqhkiG9w0BAQEFAASCBKgwggSkAgEAAoIBAQDlzRwxlxAod9SE
uewEKuIg5B1z8FdOGc9JKpFlW8cZCUhCvYcz7f3IG3yod+J5Ouu4kenGjfQN4AZr
9pNgE8JzvjOVANQinmgrDgeV9VgG0XnQUjXenPukdI2mSFw2566ed2r4l6ho7MT+
FwzPTBH8aYAom4Q1brlalsTRPBoHdCMCu6IDnLS/qBnq5ds9Bkh6Hf+fHjjoZ6gQ
EvABym4vjW4+XzSydurScnrk/DymHSipHVftTtKLa6tNgDStrns28D6HxEiYp6LJ
4CK9Ky2qwErsLNAkqCvhqSdj6hdnns+SN1Ot+FD/i9KLjKe6n12f9VFDhcwPPjWj
rig2ke1NAgMBAAECggEADQfOkktKvxizDsb3c0cL5Snk4lGdtGUx7qgAxZq+KpUZ
qVso4vtwRAa2+1s3ltXjTucgi+yPCwhfJNkUWJgrkwzqd4er/73evJjs5NvGyYra
7u1Hy7SNb7ECOoxo2jN/SydiA/BJkZA3crb+OB+hTMrzWZoelY8Ok0HwWB2h1jaW
odj8U6mrV1vt8YXVZ4VKQEgAdVlj7qO6qtDuVfWVnx8OPT6KnRRzQt6BXws4BeOf
Ga2aDUuCSTPtSxboFf6BueRlkCLheSfigUdppgVwJ1V3oB8aoMTm+LFPW+y6TnuJ
xtwFsobQWRCEQ6eik5zuNOglTLJh6FXR1+uIAuuGiwKBgQD8MmZA5Xv+SzwaydT7
tST7A1dLz4+X3RXkmqY6FJxab9KWQnBieKgxgyrAHAoiolkRzXUHpROc5vBCmsv2
eGFVqwZDUFupNXN59dJyMa9d9qjtojmsgEEHtv0khHiOyZgk+sZIM2ZJusQigZbt
8s+8OF4S5pBVL5Q9AiTlx3MPfwKBgQDpRECzbckn0d99Yazo8a3QGwLcFhAqWQmA
anbz+rXlaE9dYH2FeduPOz/zoDQgWFD3Y9LzdmHWuROSX9Fb8Ld+ru9nUpymC0/r
/SDD4k+tKQg5KZFndbqj4Pzzh27O4Vcq1YAvUfundB2UfqnUVNAuun8VhfUufdyL
uafZwBWpMwKBgQDNsR2NGJ6EzT/8aVl44kmDITp17pgjOIK+rROek2jiqgmL3Cxl
ZBtqJp0bisMJdHhI+NXWomDYu9KBwFdScuSQRqkZBdV8sMe6VTCLStLJRICLMKDx
fLmNXUYiHpllfC7HGnHWOXXX9Kg7rI45DK05yo+PwtU9ZUz2ZWVKs924aQKBgEwE
JwWR+GSWmzsz0nJTF+5ibwsj0X7LZzJG/57Ai/hHht2KLT2LGYbSqyOMiJAl17TW
/g7C/F1KENu5h/NrPZD2FyRXop7lvtTLt5q+LHLklT5zkmPh1MHE9wmxj+WxP4PA
8bX6BIVsbJtQr613OiSQOAvejKjq8S1DgjSOyUBLAoGBANO5GjTLIAilcJ+HPvN9
HSMMBQYKDphSrc5QxnvlNWLmT/KoGyQzDKLc+Ze7CMiLp1Ovxd5MeUmQld9gzAWh
Rc8yaT9syfF4OZEJGKx6FcPWFVwoeYLGDZxDOuFelrfAGMYiVu9/rK5inQAWHlL3
WP++nZQDCqZwz/OTvGIlL9Gv
-----END PRIVATE KEY-----
)";
constexpr std::string_view ed25519 = R"(-----BEGIN PRIVATE KEY-----
MC4CAQAwBQYDK2VwBCIEIM8Y43wvZcShXvD/jLKI3OzyJLYtb8n04Yh90fNrsLnP
-----END PRIVATE KEY-----
)";
constexpr std::string_view with_password = R"(-----BEGIN EC PRIVATE KEY-----
Proc-Type: 4,ENCRYPTED
DEK-Info: AES-128-CBC,8FB466CE5277404828CFC2350D264A87

DXQIaHMqYHnJa/EGgPRMXOvhpMy2dD1w5wboMwQA2mkAj4utmAFzqryo0ua3hL8s
TmTIxnPwpraOavdRdh78Gs9Y5bnaPPtO4ZC/ER1WsstDD6yhnBaGEAmzg+dMzr5a
Oqb+eBN7S3KoH/GpUmIsAgT+Mc/TZyE3L+QWC6sFk7U=
-----END EC PRIVATE KEY-----
)";

std::error_code why(std::string_view pem, std::string_view kid = {}) {
    const auto made = jwk_of_pem(pem, kid);
    return made ? std::error_code{} : made.error();
}

} // namespace

TEST_CASE("pem_key: a key in PEM is one to sign with") {
    for (const auto& [pem, alg] :
         {std::pair{p256, algorithm::es256}, {p521, algorithm::es512}, {rsa, algorithm::rs256}}) {
        const auto jwk = jwk_of_pem(pem, "k1");
        REQUIRE(jwk);
        // Signs, and verifies that by the public members.
        const auto key = signing_key::from_json(jwk.value().expose());
        REQUIRE(key);
        CHECK(key.value().alg() == alg);
        CHECK(key.value().kid() == "k1");
    }
    CHECK(jwk_of_pem(p256).value().expose().find("kid") == std::string_view::npos);
}

TEST_CASE("pem_key: what is no such key is refused, and nobody is asked for a password") {
    CHECK(why("") == errc::malformed);
    CHECK(why("-----BEGIN PRIVATE KEY-----") == errc::malformed);
    CHECK(why(p256.substr(0, 100)) == errc::malformed);
    CHECK(why(with_password) == errc::malformed);
    CHECK(why(ed25519) == errc::unusable_key);
    CHECK(why(p256, "a\"b") == errc::malformed);
    CHECK(ERR_peek_error() == 0); // the queue, which others read, is as it was
}
