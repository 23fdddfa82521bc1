// SPDX-License-Identifier: BSL-1.0
#include <outlast/oauth2/certificate_thumbprint.hpp>

#include "support/catch.hpp"

#include <openssl/err.h>

#include <span>
#include <string>
#include <string_view>

using namespace outlast::oauth2;

namespace {

// Made for this test; its thumbprint by `openssl dgst -sha256 -binary | basenc --base64url`.
constexpr std::string_view pem = R"(-----BEGIN CERTIFICATE-----
MIIBZjCCAQygAwIBAgIBATAKBggqhkjOPQQDAjARMQ8wDQYDVQQDDAZjbGllbnQw
IBcNMjYxMTI5MTkwMTIxWhgPMjEyNjExMDUxOTAxMjFaMBExDzANBgNVBAMMBmNs
aWVudDBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABGsPHALRGQBAs4cnbRThZqMz
Ve//zoJa1hxjRO0qf8TmPtGClKEd7vFnYRDuc4sjuIkizxSeBsmiRPnAT2lmvjij
UzBRMB0GA1UdDgQWBBQ35BDSoEOfVaT7QMSzYjZrEL0i2TAfBgNVHSMEGDAWgBQ3
5BDSoEOfVaT7QMSzYjZrEL0i2TAPBgNVHRMBAf8EBTADAQH/MAoGCCqGSM49BAMC
A0gAMEUCIQDzt8W7JI1s0CUDvJ0efYo9kJ91Lv5nTFYmWKtjOW03LgIgIcVQkX++
vriL2ckz2BZe+J+Pbb6eG5CMHORMZ7c5r2w=
-----END CERTIFICATE-----
)";
constexpr std::string_view expected = "6U_-xsaXnMiqJOT1At6V_lan7a5P-uPvx0K7iJpIw1U";

std::string der_of(std::string_view text) {
    const std::size_t begin = text.find('\n') + 1;
    std::string base64{text.substr(begin, text.find("-----END") - begin)};
    std::erase(base64, '\n');
    std::string bytes(base64.size(), '\0');
    const int size = EVP_DecodeBlock(reinterpret_cast<unsigned char*>(bytes.data()),
                                     reinterpret_cast<const unsigned char*>(base64.data()),
                                     static_cast<int>(base64.size()));
    bytes.resize(static_cast<std::size_t>(size) - (base64.ends_with("==")  ? 2
                                                   : base64.ends_with('=') ? 1
                                                                           : 0));
    return bytes;
}

thumbprint of(std::string_view der) {
    return certificate_thumbprint(
        std::span{reinterpret_cast<const unsigned char*>(der.data()), der.size()});
}

} // namespace

TEST_CASE("certificate_thumbprint: of DER, and of PEM") {
    CHECK(of(der_of(pem)).text() == expected);
    CHECK(certificate_thumbprint_pem(pem).text() == expected);
}

TEST_CASE("certificate_thumbprint: what is no certificate, or more than one, has none") {
    const std::string der = der_of(pem);
    CHECK(of("").empty());
    CHECK(of("x").empty());
    CHECK(of(der.substr(1)).empty());
    CHECK(of(der.substr(0, der.size() - 1)).empty());
    CHECK(of(der + der).empty());
    CHECK(certificate_thumbprint_pem("").empty());
    CHECK(certificate_thumbprint_pem("-----BEGIN CERTIFICATE-----").empty());
    CHECK(ERR_peek_error() == 0); // the queue, which others read, is as it was
}
