// SPDX-License-Identifier: BSL-1.0
#include "outlast/http/curl_errors.hpp"

#include "support/catch.hpp"

#include <cerrno>

using namespace outlast::http;

TEST_CASE("curl errors: which time ran out") {
    const auto at = [](curl_stage stage) {
        return classify({.code = CURLE_OPERATION_TIMEDOUT, .stage = stage});
    };
    CHECK(at(curl_stage::resolving) == errc::name_lookup_timeout);
    CHECK(at(curl_stage::connecting) == errc::connect_timeout);
    CHECK(at(curl_stage::handshaking) == errc::tls_timeout);
    CHECK(at(curl_stage::asked) == errc::answer_timeout);
}

TEST_CASE("curl errors: why there is no connection") {
    const auto because = [](long os_errno) {
        return classify(
            {.code = CURLE_COULDNT_CONNECT, .stage = curl_stage::connecting, .os_errno = os_errno});
    };
    CHECK(because(ECONNREFUSED) == errc::connection_refused);
    CHECK(because(EHOSTUNREACH) == errc::unreachable);
    CHECK(because(ENETUNREACH) == errc::unreachable);
    CHECK(because(EACCES) == errc::unreachable);
    CHECK(because(ETIMEDOUT) == errc::connect_timeout);
    CHECK(because(EADDRNOTAVAIL) == errc::local_resources);
    CHECK(because(EMFILE) == errc::local_resources);
}

TEST_CASE("curl errors: what is wrong with the certificate") {
    const auto because = [](long verify_result) {
        return classify({.code = CURLE_PEER_FAILED_VERIFICATION,
                         .stage = curl_stage::handshaking,
                         .verify_result = verify_result});
    };
    CHECK(because(9) == errc::certificate_expired);
    CHECK(because(10) == errc::certificate_expired);
    CHECK(because(62) == errc::certificate_wrong_host);
    CHECK(because(64) == errc::certificate_wrong_host);
    CHECK(because(0) == errc::certificate_wrong_host);
    CHECK(because(18) == errc::certificate_untrusted);
    CHECK(because(19) == errc::certificate_untrusted);
    CHECK(because(20) == errc::certificate_untrusted);
    CHECK(because(21) == errc::certificate_untrusted);
}

TEST_CASE("curl errors: why the answer is not complete") {
    const auto because = [](long os_errno, const char* text) {
        return classify({.code = CURLE_RECV_ERROR,
                         .stage = curl_stage::asked,
                         .os_errno = os_errno,
                         .text = text});
    };
    CHECK(because(ECONNRESET, "Recv failure: Connection reset by peer") == errc::connection_reset);
    CHECK(because(0, "Illegal or missing hexadecimal sequence in chunked-encoding") ==
          errc::malformed);
    CHECK(because(0, "OpenSSL SSL_read: error:0A000126:SSL routines::unexpected eof while reading, "
                     "errno 0") == errc::closed_early);
    CHECK(because(0, "OpenSSL SSL_read: error:0A00045C:SSL routines::tlsv13 alert certificate "
                     "required, errno 0") == errc::tls_broken);
    CHECK(because(ETIMEDOUT, "") == errc::answer_timeout);
}

TEST_CASE("curl errors: the promise of sent_nothing holds for every code at every stage") {
    for (int code = 1; code < CURL_LAST; ++code) {
        const auto at = [&](curl_stage stage) {
            return classify({.code = static_cast<CURLcode>(code), .stage = stage});
        };
        CAPTURE(code);
        CHECK(sent_nothing(at(curl_stage::resolving)));
        CHECK(sent_nothing(at(curl_stage::connecting)));
        CHECK(sent_nothing(at(curl_stage::handshaking)));
        CHECK_FALSE(sent_nothing(at(curl_stage::asked)));
    }
}
