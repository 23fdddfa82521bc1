// SPDX-License-Identifier: BSL-1.0
#include "outlast/http/network_errors.hpp"

#include "support/catch.hpp"

#include <openssl/x509_vfy.h>

using namespace outlast::http;

TEST_CASE("network errors: why there is no connection") {
    CHECK(connect_error(ECONNREFUSED) == errc::connection_refused);
    CHECK(connect_error(ETIMEDOUT) == errc::connect_timeout);
    for (const int each : {EMFILE, ENFILE, ENOBUFS, ENOMEM, EADDRNOTAVAIL, EADDRINUSE, EAGAIN})
        CHECK(connect_error(each) == errc::local_resources);
    for (const int each :
         {ENETUNREACH, EHOSTUNREACH, ENETDOWN, EHOSTDOWN, EACCES, EPERM, EAFNOSUPPORT})
        CHECK(connect_error(each) == errc::unreachable);
    for (const int each : {0, ECONNREFUSED, ECONNRESET, 12345})
        CHECK(sent_nothing(connect_error(each)));
}

TEST_CASE("network errors: what is wrong with a certificate, by the names of OpenSSL") {
    CHECK(certificate_error(X509_V_ERR_CERT_HAS_EXPIRED) == errc::certificate_expired);
    CHECK(certificate_error(X509_V_ERR_CERT_NOT_YET_VALID) == errc::certificate_expired);
    CHECK(certificate_error(X509_V_ERR_HOSTNAME_MISMATCH) == errc::certificate_wrong_host);
    CHECK(certificate_error(X509_V_ERR_IP_ADDRESS_MISMATCH) == errc::certificate_wrong_host);
    for (const long each :
         {X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT, X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN,
          X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY, X509_V_ERR_CERT_REVOKED,
          X509_V_ERR_INVALID_CA, X509_V_ERR_INVALID_PURPOSE})
        CHECK(certificate_error(each) == errc::certificate_untrusted);
}
