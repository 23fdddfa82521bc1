// SPDX-License-Identifier: BSL-1.0
//
// What a TLS client trusts, and what it demands of every server.
#ifndef OUTLAST_HTTP_TLS_CONTEXT_HPP
#define OUTLAST_HTTP_TLS_CONTEXT_HPP

#include "outlast/http/error.hpp"
#include "outlast/http/result.hpp"

#include <boost/asio/ssl/context.hpp>
#include <boost/system/error_code.hpp>

#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>

#include <cstddef>
#include <string>

namespace outlast::http {

/// Files are read once, when the transport is built. None of them switches verification off.
struct tls_options {
    /// The authorities to trust: a file of PEM certificates, a folder as made by `c_rehash`, or
    /// both. As soon as one is named the system's own are not trusted. Both empty: the system's.
    std::string ca_file = {};
    std::string ca_path = {};

    /// A chain of certificates for the server to ask for, ours first, and its key, in PEM. Both or
    /// neither.
    std::string client_certificate = {};
    std::string client_key = {};
    std::string client_key_password = {}; ///< empty: the key is not encrypted
};

/// TLS 1.2 or later, the chain verified on every connection. \return `bad_setup` when a file cannot
/// be used
[[nodiscard]] inline detail::result<boost::asio::ssl::context>
make_tls_context(const tls_options& options) {
    namespace ssl = boost::asio::ssl;
    ssl::context made{ssl::context::tls_client};
    boost::system::error_code error;
    const auto use = [&](auto act) {
        if (!error)
            act();
    };
    use([&] { made.set_verify_mode(ssl::verify_peer, error); });
    if (options.ca_file.empty() && options.ca_path.empty())
        use([&] { made.set_default_verify_paths(error); });
    if (!options.ca_file.empty())
        use([&] { made.load_verify_file(options.ca_file, error); });
    if (!options.ca_path.empty())
        use([&] { made.add_verify_path(options.ca_path, error); });
    // Without this OpenSSL would ask at the terminal.
    use([&] {
        made.set_password_callback(
            [password = options.client_key_password](std::size_t, auto) { return password; },
            error);
    });
    if (options.client_certificate.empty() != options.client_key.empty())
        return errc::bad_setup;
    if (!options.client_certificate.empty()) {
        use([&] { made.use_certificate_chain_file(options.client_certificate, error); });
        use([&] { made.use_private_key_file(options.client_key, ssl::context::pem, error); });
    }
    SSL_CTX* const native = made.native_handle();
    // A resumed session is not verified again: each connection shows its certificate.
    SSL_CTX_set_session_cache_mode(native, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_options(native, SSL_OP_NO_RENEGOTIATION);
    if (error || SSL_CTX_set_min_proto_version(native, TLS1_2_VERSION) != 1)
        return errc::bad_setup;
    return made;
}

/// Makes one connection demand a certificate for this host, and say which host it wants.
/// \param host a name, or an address without brackets
[[nodiscard]] inline bool expect_host(SSL* connection, const std::string& host, bool is_literal) {
    X509_VERIFY_PARAM* const demands = SSL_get0_param(connection);
    if (is_literal)
        return X509_VERIFY_PARAM_set1_ip_asc(demands, host.c_str()) == 1;
    // Hosts are in subjectAltName; what the subject is called says nothing (RFC 9525).
    X509_VERIFY_PARAM_set_hostflags(demands, X509_CHECK_FLAG_NEVER_CHECK_SUBJECT |
                                                 X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    return X509_VERIFY_PARAM_set1_host(demands, host.c_str(), host.size()) == 1 &&
           SSL_set_tlsext_host_name(connection, host.c_str()) == 1;
}

} // namespace outlast::http

#endif // OUTLAST_HTTP_TLS_CONTEXT_HPP
