// SPDX-License-Identifier: BSL-1.0
#include "outlast/http/beast_errors.hpp"

#include "support/catch.hpp"

#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>

using namespace outlast::http;
namespace error = boost::asio::error;
namespace ssl = boost::asio::ssl;

namespace {

boost::system::error_code tls(int reason) {
    return {static_cast<int>(ERR_PACK(ERR_LIB_SSL, 0, reason)), error::get_ssl_category()};
}

} // namespace

TEST_CASE("beast errors: connecting") {
    CHECK(connect_failure(error::connection_refused) == errc::connection_refused);
    CHECK(connect_failure(error::host_unreachable) == errc::unreachable);
    CHECK(connect_failure(error::network_unreachable) == errc::unreachable);
    CHECK(connect_failure(error::timed_out) == errc::connect_timeout);
    CHECK(connect_failure(error::no_descriptors) == errc::local_resources);
}

TEST_CASE("beast errors: the handshake") {
    const auto refused = tls(SSL_R_CERTIFICATE_VERIFY_FAILED);
    CHECK(handshake_failure(refused, X509_V_ERR_CERT_HAS_EXPIRED) == errc::certificate_expired);
    CHECK(handshake_failure(refused, X509_V_ERR_HOSTNAME_MISMATCH) == errc::certificate_wrong_host);
    CHECK(handshake_failure(refused, X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY) ==
          errc::certificate_untrusted);
    CHECK(handshake_failure(tls(SSL_R_WRONG_VERSION_NUMBER), X509_V_OK) == errc::tls_failed);
    CHECK(handshake_failure(error::connection_reset, X509_V_OK) == errc::tls_failed);
    CHECK(handshake_failure(ssl::error::stream_truncated, X509_V_OK) == errc::tls_failed);
}

TEST_CASE("beast errors: the transfer, after which nothing is called unsent") {
    CHECK(transfer_failure(error::eof) == errc::closed_early);
    CHECK(transfer_failure(ssl::error::stream_truncated) == errc::closed_early);
    CHECK(transfer_failure(tls(SSL_R_TLSV13_ALERT_CERTIFICATE_REQUIRED)) == errc::tls_broken);
    CHECK(transfer_failure(error::connection_reset) == errc::connection_reset);
    CHECK(transfer_failure(error::broken_pipe) == errc::connection_reset);
    CHECK(transfer_failure(error::connection_aborted) == errc::connection_reset);
    CHECK(transfer_failure(error::timed_out) == errc::answer_timeout);
    for (int os = 1; os < 133; ++os) {
        CHECK_FALSE(sent_nothing(transfer_failure({os, boost::system::system_category()})));
    }
}
