// SPDX-License-Identifier: BSL-1.0
#include "outlast/http/tls_context.hpp"

#include "support/catch.hpp"
#include "support/certificates.hpp"

#include <fstream>

using namespace outlast::http;
using namespace outlast_tests;

namespace {

struct files {
    temporary_file empty;
    temporary_file certificate;
    temporary_file key;
    files() {
        const identity made = make_identity({});
        made.write_certificate(certificate.path());
        made.write_key(key.path());
    }
};

} // namespace

TEST_CASE("tls context: verification is on, and TLS is 1.2 or later") {
    auto made = make_tls_context({});
    REQUIRE(made);
    SSL_CTX* const native = made.value().native_handle();
    CHECK(SSL_CTX_get_verify_mode(native) == SSL_VERIFY_PEER);
    CHECK(SSL_CTX_get_min_proto_version(native) == TLS1_2_VERSION);
    CHECK(SSL_CTX_get_session_cache_mode(native) == SSL_SESS_CACHE_OFF);
    CHECK((SSL_CTX_get_options(native) & SSL_OP_IGNORE_UNEXPECTED_EOF) == 0);
}

TEST_CASE("tls context: a file that cannot be used is bad setup") {
    const files f;
    const std::string none = "/nonexistent/outlast.pem";
    for (const tls_options& bad : {
             tls_options{.ca_file = none},
             tls_options{.ca_file = f.empty.path()},
             tls_options{.ca_file = f.key.path()},
             tls_options{.client_certificate = f.certificate.path()},
             tls_options{.client_key = f.key.path()},
             tls_options{.client_certificate = none, .client_key = f.key.path()},
             tls_options{.client_certificate = f.certificate.path(), .client_key = none},
             tls_options{.client_certificate = f.certificate.path(), .client_key = f.empty.path()},
         }) {
        const auto made = make_tls_context(bad);
        REQUIRE_FALSE(made);
        CHECK(made.error() == errc::bad_setup);
    }
    CHECK(make_tls_context({.ca_file = f.certificate.path(),
                            .client_certificate = f.certificate.path(),
                            .client_key = f.key.path()}));
}

TEST_CASE("tls context: a key that is not the certificate's is bad setup") {
    const files one;
    const files other;
    CHECK_FALSE(make_tls_context(
        {.client_certificate = one.certificate.path(), .client_key = other.key.path()}));
}

TEST_CASE("tls context: a key with a password") {
    const files f;
    const identity made = make_identity({});
    made.write_certificate(f.certificate.path());
    {
        const std::unique_ptr<std::FILE, int (*)(std::FILE*)> out{
            std::fopen(f.key.path().c_str(), "w"), &std::fclose};
        const unsigned char password[] = {'p', 'w'};
        REQUIRE(PEM_write_PrivateKey(out.get(), made.key.get(), EVP_aes_128_cbc(), password, 2,
                                     nullptr, nullptr) == 1);
    }
    tls_options options{.client_certificate = f.certificate.path(), .client_key = f.key.path()};
    CHECK_FALSE(make_tls_context(options)); // and nobody was asked at a terminal
    options.client_key_password = "no";
    CHECK_FALSE(make_tls_context(options));
    options.client_key_password = "pw";
    CHECK(make_tls_context(options));
}

TEST_CASE("tls context: which host is expected, and told to the server") {
    auto made = make_tls_context({});
    REQUIRE(made);
    struct one {
        SSL* ssl;
        ~one() { SSL_free(ssl); }
    };
    const one named{SSL_new(made.value().native_handle())};
    REQUIRE(expect_host(named.ssl, "auth.example.com", false));
    CHECK(SSL_get_servername(named.ssl, TLSEXT_NAMETYPE_host_name) ==
          std::string{"auth.example.com"});
    const one literal{SSL_new(made.value().native_handle())};
    REQUIRE(expect_host(literal.ssl, "127.0.0.1", true));
    CHECK(SSL_get_servername(literal.ssl, TLSEXT_NAMETYPE_host_name) == nullptr);
    const one six{SSL_new(made.value().native_handle())};
    CHECK(expect_host(six.ssl, "::1", true));
    CHECK_FALSE(expect_host(six.ssl, "no address", true));
}
