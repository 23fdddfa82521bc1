// SPDX-License-Identifier: BSL-1.0
//
// From what libcurl reports to the state of the world behind it.
#ifndef OUTLAST_HTTP_CURL_ERRORS_HPP
#define OUTLAST_HTTP_CURL_ERRORS_HPP

#include "outlast/http/error.hpp"
#include "outlast/http/network_errors.hpp"

#include <curl/curl.h>

#include <cerrno>
#include <string_view>

namespace outlast::http {

/// How far a call has come.
enum class curl_stage {
    resolving,   ///< waits for the name service
    connecting,  ///< has an address, waits for TCP
    handshaking, ///< has TCP, waits for TLS
    asked,       ///< the request was sent or begun; this remains when a dead connection is replaced
};

/// What is known about a transfer that failed.
struct curl_facts {
    CURLcode code = CURLE_OK;
    curl_stage stage = curl_stage::resolving;
    long os_errno = 0;          ///< CURLINFO_OS_ERRNO
    long verify_result = 0;     ///< CURLINFO_SSL_VERIFYRESULT, an X509_V_… of OpenSSL
    std::string_view text = {}; ///< the error buffer: never passed on, asked for a word or two
};

/// Which time ran out.
[[nodiscard]] constexpr errc timeout_at(curl_stage stage) noexcept {
    switch (stage) {
    case curl_stage::resolving:
        return errc::name_lookup_timeout;
    case curl_stage::connecting:
        return errc::connect_timeout;
    case curl_stage::handshaking:
        return errc::tls_timeout;
    case curl_stage::asked:
        break;
    }
    return errc::answer_timeout;
}

namespace detail {

// A failure while sending or receiving. libcurl has one code for all of them.
[[nodiscard]] constexpr errc transfer_error(const curl_facts& f) noexcept {
    const auto says = [&](std::string_view word) { return f.text.find(word) != f.text.npos; };
    if (says("chunk"))
        return errc::malformed;
    // Over TLS the end of a connection without the word for it.
    if (says("unexpected eof"))
        return errc::closed_early;
    if (says("SSL routines"))
        return errc::tls_broken;
    // ETIMEDOUT: the kernel gave up sending again.
    return f.os_errno == ETIMEDOUT ? errc::answer_timeout : errc::connection_reset;
}

[[nodiscard]] constexpr errc before_asking(const curl_facts& f) noexcept {
    switch (f.code) {
    case CURLE_OPERATION_TIMEDOUT:
        return timeout_at(f.stage);
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY:
        return errc::name_lookup_failed; // libcurl does not say which: see name_lookup.hpp
    case CURLE_COULDNT_CONNECT:
    case CURLE_INTERFACE_FAILED:
        return connect_error(f.os_errno);
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_ISSUER_ERROR:
        return certificate_error(f.verify_result);
    case CURLE_SSL_CERTPROBLEM: // our own certificate
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_CIPHER:
    case CURLE_SSL_ENGINE_NOTFOUND:
    case CURLE_SSL_ENGINE_SETFAILED:
    case CURLE_SSL_ENGINE_INITFAILED:
    case CURLE_SSL_CRL_BADFILE:
    case CURLE_UNKNOWN_OPTION:
    case CURLE_NOT_BUILT_IN:
        return errc::bad_setup;
    case CURLE_URL_MALFORMAT:
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_BAD_FUNCTION_ARGUMENT:
        return errc::bad_request;
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_SSL_INVALIDCERTSTATUS:
    case CURLE_SEND_ERROR:
    case CURLE_RECV_ERROR:
    case CURLE_GOT_NOTHING:
        return f.stage == curl_stage::handshaking ? errc::tls_failed : errc::connection_refused;
    default:
        return errc::local_resources;
    }
}

[[nodiscard]] constexpr errc after_asking(const curl_facts& f) noexcept {
    switch (f.code) {
    case CURLE_OPERATION_TIMEDOUT:
        return errc::answer_timeout;
    case CURLE_GOT_NOTHING:
    case CURLE_PARTIAL_FILE:
        return errc::closed_early;
    case CURLE_UNSUPPORTED_PROTOCOL: // an answer without a status line, or of another version
    case CURLE_WEIRD_SERVER_REPLY:
    case CURLE_BAD_CONTENT_ENCODING:
    case CURLE_HTTP2:
    case CURLE_HTTP2_STREAM:
        return errc::malformed;
    case CURLE_FILESIZE_EXCEEDED:
    case CURLE_OUT_OF_MEMORY: // so says libcurl before 8.6 of a header line over its own 100 KB
    case static_cast<CURLcode>(100): // CURLE_TOO_LARGE, and so since then
        return errc::too_large;
    case CURLE_SEND_ERROR:
    case CURLE_RECV_ERROR:
        return transfer_error(f);
    case CURLE_COULDNT_RESOLVE_HOST: // a connection died under the request, and there is no
    case CURLE_COULDNT_CONNECT:      // other: the first one is the failure to report
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CONNECT_ERROR:
        return errc::closed_early;
    default:
        return errc::connection_reset;
    }
}

} // namespace detail

/// The failure behind what libcurl reports. It keeps the promise of `sent_nothing`: after the
/// stage `asked` it answers none of the failures that come before it.
[[nodiscard]] constexpr errc classify(const curl_facts& facts) noexcept {
    return facts.stage == curl_stage::asked ? detail::after_asking(facts)
                                            : detail::before_asking(facts);
}

} // namespace outlast::http

#endif // OUTLAST_HTTP_CURL_ERRORS_HPP
