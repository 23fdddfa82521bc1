// SPDX-License-Identifier: BSL-1.0
//
// The thumbprint of a TLS client certificate, to which tokens may be bound (RFC 8705).
#ifndef OUTLAST_OAUTH2_CERTIFICATE_THUMBPRINT_HPP
#define OUTLAST_OAUTH2_CERTIFICATE_THUMBPRINT_HPP

#include <outlast/oauth2/held_keys.hpp>
#include <outlast/oauth2/sha256.hpp>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <limits>
#include <memory>
#include <span>
#include <string_view>

namespace outlast::oauth2 {

namespace detail {

/// Of a certificate as OpenSSL holds it, whose DER it keeps as it came.
[[nodiscard]] inline thumbprint thumbprint_of(X509* certificate) {
    unsigned char* der = nullptr;
    const int size = certificate == nullptr ? -1 : i2d_X509(certificate, &der);
    const std::unique_ptr<unsigned char, void (*)(void*)> held{
        der, [](void* memory) { OPENSSL_free(memory); }};
    if (size <= 0)
        return {};
    return sha256_thumbprint({reinterpret_cast<const char*>(der), static_cast<std::size_t>(size)});
}

using certificate_ptr = std::unique_ptr<X509, decltype(&X509_free)>;

} // namespace detail

/// `x5t#S256` (RFC 8705 §3.1) of the certificate that a client showed in the handshake, and that TLS has
/// verified its key for: `SSL_get_peer_certificate`, or what a proxy passes on. Whether it is in force and
/// whose it is, is looked at by whoever ends TLS; the token says that it is the right one.
///
/// \param der all of it
/// \return none when it is no certificate. \throws std::bad_alloc
[[nodiscard]] inline thumbprint certificate_thumbprint(std::span<const unsigned char> der) {
    if (der.size() > std::numeric_limits<long>::max())
        return {};
    ERR_set_mark();
    const unsigned char* at = der.data();
    const detail::certificate_ptr read{d2i_X509(nullptr, &at, static_cast<long>(der.size())),
                                       &X509_free};
    ERR_pop_to_mark();
    return read && at == der.data() + der.size() ? detail::thumbprint_of(read.get()) : thumbprint{};
}

/// The same of the first certificate in a text in PEM, as proxies pass it on once it is unescaped.
[[nodiscard]] inline thumbprint certificate_thumbprint_pem(std::string_view pem) {
    if (pem.size() > std::numeric_limits<int>::max())
        return {};
    ERR_set_mark();
    const std::unique_ptr<BIO, decltype(&BIO_free)> text{
        BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())), &BIO_free};
    const detail::certificate_ptr read{
        text ? PEM_read_bio_X509(text.get(), nullptr, nullptr, nullptr) : nullptr, &X509_free};
    ERR_pop_to_mark();
    return detail::thumbprint_of(read.get());
}

} // namespace outlast::oauth2

#endif // OUTLAST_OAUTH2_CERTIFICATE_THUMBPRINT_HPP
