// SPDX-License-Identifier: BSL-1.0
//
// Certificates of all kinds, made inside the test.
#ifndef OUTLAST_TESTS_HTTP_SUPPORT_CERTIFICATES_HPP
#define OUTLAST_TESTS_HTTP_SUPPORT_CERTIFICATES_HPP

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdlib.h> // mkstemp
#include <unistd.h>

#include <cstdio>
#include <memory>
#include <stdexcept>
#include <string>

namespace outlast_tests {

inline void must(bool good) {
    if (!good)
        throw std::runtime_error{"OpenSSL: a certificate could not be made"};
}

/// A file in the folder for temporary files, removed at the end.
class temporary_file {
public:
    temporary_file() {
        const char* const folder = std::getenv("TMPDIR");
        path_ = std::string{folder != nullptr ? folder : "/tmp"} + "/outlast-XXXXXX";
        const int fd = ::mkstemp(path_.data());
        must(fd >= 0);
        ::close(fd);
    }
    temporary_file(const temporary_file&) = delete;
    temporary_file& operator=(const temporary_file&) = delete;
    ~temporary_file() { ::unlink(path_.c_str()); }
    [[nodiscard]] const std::string& path() const { return path_; }

private:
    std::string path_;
};

/// A certificate and its key.
struct identity {
    std::shared_ptr<X509> certificate;
    std::shared_ptr<EVP_PKEY> key;

    void write_certificate(const std::string& path) const {
        const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file{std::fopen(path.c_str(), "w"),
                                                                   &std::fclose};
        must(file && PEM_write_X509(file.get(), certificate.get()) == 1);
    }
    void write_key(const std::string& path) const {
        const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file{std::fopen(path.c_str(), "w"),
                                                                   &std::fclose};
        must(file && PEM_write_PrivateKey(file.get(), key.get(), nullptr, nullptr, 0, nullptr,
                                          nullptr) == 1);
    }
};

struct certificate_options {
    std::string name = "outlast test";
    std::string hosts = "IP:127.0.0.1,DNS:localhost"; ///< subjectAltName; empty: none
    long from_days = -2;
    long to_days = 30;
    bool is_authority = false;
};

/// Signed by `issuer`, or by itself when there is none.
inline identity make_identity(const certificate_options& o, const identity* issuer = nullptr) {
    static long serial = 1;
    identity made;
    made.key.reset(EVP_EC_gen("P-256"), EVP_PKEY_free);
    made.certificate.reset(X509_new(), X509_free);
    must(made.key && made.certificate);
    X509* const x = made.certificate.get();
    X509_set_version(x, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(x), serial++);
    X509_gmtime_adj(X509_getm_notBefore(x), o.from_days * 86400);
    X509_gmtime_adj(X509_getm_notAfter(x), o.to_days * 86400);
    X509_set_pubkey(x, made.key.get());
    X509_NAME* const subject = X509_get_subject_name(x);
    X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC,
                               reinterpret_cast<const unsigned char*>(o.name.c_str()), -1, -1, 0);
    const identity& signer = issuer != nullptr ? *issuer : made;
    X509_set_issuer_name(x, X509_get_subject_name(signer.certificate.get()));
    X509V3_CTX context;
    X509V3_set_ctx(&context, signer.certificate.get(), x, nullptr, nullptr, 0);
    const auto extend = [&](int what, const std::string& value) {
        X509_EXTENSION* const e = X509V3_EXT_conf_nid(nullptr, &context, what, value.c_str());
        must(e != nullptr && X509_add_ext(x, e, -1) == 1);
        X509_EXTENSION_free(e);
    };
    extend(NID_basic_constraints, o.is_authority ? "critical,CA:TRUE" : "critical,CA:FALSE");
    if (!o.hosts.empty())
        extend(NID_subject_alt_name, o.hosts);
    must(X509_sign(x, signer.key.get(), EVP_sha256()) != 0);
    return made;
}

/// What a TLS server shows, and what it wants.
inline std::shared_ptr<SSL_CTX> serving(const identity& shown,
                                        const identity* wants_client_of = nullptr) {
    std::shared_ptr<SSL_CTX> context{SSL_CTX_new(TLS_server_method()), SSL_CTX_free};
    must(context && SSL_CTX_use_certificate(context.get(), shown.certificate.get()) == 1 &&
         SSL_CTX_use_PrivateKey(context.get(), shown.key.get()) == 1);
    if (wants_client_of != nullptr) {
        SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT,
                           nullptr);
        must(X509_STORE_add_cert(SSL_CTX_get_cert_store(context.get()),
                                 wants_client_of->certificate.get()) == 1);
    }
    return context;
}

} // namespace outlast_tests

#endif // OUTLAST_TESTS_HTTP_SUPPORT_CERTIFICATES_HPP
