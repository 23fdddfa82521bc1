// SPDX-License-Identifier: BSL-1.0
//
// A private key in PEM as a JWK.
#ifndef OUTLAST_OAUTH2_JOSE_PEM_KEY_HPP
#define OUTLAST_OAUTH2_JOSE_PEM_KEY_HPP

#include <outlast/oauth2/jose/base64url.hpp>
#include <outlast/oauth2/jose/error.hpp>
#include <outlast/oauth2/jose/key.hpp> // openssl_errors_kept
#include <outlast/oauth2/secret.hpp>

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include <array>
#include <cstddef>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace outlast::oauth2::jose {

namespace detail {

/// The members of a JWK, one after another, of a key that OpenSSL holds.
class jwk_writer {
public:
    explicit jwk_writer(const EVP_PKEY* key) noexcept : key_(key) {}
    ~jwk_writer() { oauth2::detail::wipe(text_); }
    jwk_writer(const jwk_writer&) = delete;
    jwk_writer& operator=(const jwk_writer&) = delete;

    void text(std::string_view name, std::string_view value) {
        text_.append(text_.empty() ? "{\"" : ",\"").append(name).append("\":\"").append(value);
        text_.push_back('"');
    }
    /// \param size of the number in bytes; 0: as many as it has
    [[nodiscard]] bool number(std::string_view name, const char* parameter, std::size_t size = 0) {
        BIGNUM* read = nullptr;
        if (EVP_PKEY_get_bn_param(key_, parameter, &read) != 1)
            return false;
        const std::unique_ptr<BIGNUM, decltype(&BN_clear_free)> value{read, &BN_clear_free};
        if (size == 0)
            size = static_cast<std::size_t>(BN_num_bytes(value.get()));
        std::string bytes(size, '\0');
        const oauth2::detail::wiped_on_exit wiped_bytes{bytes};
        if (BN_bn2binpad(value.get(), reinterpret_cast<unsigned char*>(bytes.data()),
                         static_cast<int>(size)) < 0)
            return false;
        std::string digits;
        const oauth2::detail::wiped_on_exit wiped_digits{digits};
        digits.reserve(size * 4 / 3 + 4);
        append_base64url(digits, bytes);
        text(name, digits);
        return true;
    }
    [[nodiscard]] secret taken() {
        text_.push_back('}');
        return secret::take(text_);
    }
    /// Room for all of it, so that no copy is left in old memory.
    void reserve(std::size_t size) { text_.reserve(size); }

private:
    const EVP_PKEY* key_;
    std::string text_{};
};

[[nodiscard]] inline bool write_ec(jwk_writer& into, const EVP_PKEY* key) {
    std::array<char, 64> group{};
    if (EVP_PKEY_get_utf8_string_param(key, OSSL_PKEY_PARAM_GROUP_NAME, group.data(), group.size(),
                                       nullptr) != 1)
        return false;
    const std::string_view name{group.data()};
    const std::string_view crv = name == "prime256v1" || name == "P-256"  ? "P-256"
                                 : name == "secp384r1" || name == "P-384" ? "P-384"
                                 : name == "secp521r1" || name == "P-521" ? "P-521"
                                                                          : "";
    const std::size_t size = crv == "P-256" ? 32 : crv == "P-384" ? 48 : 66;
    into.text("kty", "EC");
    into.text("crv", crv);
    return !crv.empty() && into.number("x", OSSL_PKEY_PARAM_EC_PUB_X, size) &&
           into.number("y", OSSL_PKEY_PARAM_EC_PUB_Y, size) &&
           into.number("d", OSSL_PKEY_PARAM_PRIV_KEY, size);
}

[[nodiscard]] inline bool write_rsa(jwk_writer& into) {
    into.text("kty", "RSA");
    return into.number("n", OSSL_PKEY_PARAM_RSA_N) && into.number("e", OSSL_PKEY_PARAM_RSA_E) &&
           into.number("d", OSSL_PKEY_PARAM_RSA_D) &&
           into.number("p", OSSL_PKEY_PARAM_RSA_FACTOR1) &&
           into.number("q", OSSL_PKEY_PARAM_RSA_FACTOR2) &&
           into.number("dp", OSSL_PKEY_PARAM_RSA_EXPONENT1) &&
           into.number("dq", OSSL_PKEY_PARAM_RSA_EXPONENT2) &&
           into.number("qi", OSSL_PKEY_PARAM_RSA_COEFFICIENT1);
}

} // namespace detail

/// The JWK of an RSA or EC key in PEM (PKCS #8, or the older forms), without a password, for
/// `signing_key::from_json`.
/// \param pem stays the caller's to wipe
/// \param kid by which the server knows the key; empty: the JWK has none
/// \return the JWK; or `malformed`, `unusable_key`. \throws std::bad_alloc
[[nodiscard]] inline result<secret> jwk_of_pem(std::string_view pem, std::string_view kid = {}) {
    if (pem.size() > std::numeric_limits<int>::max() ||
        kid.find_first_of("\"\\") != kid.npos) // it goes into JSON as it is
        return errc::malformed;
    const detail::openssl_errors_kept kept;
    const std::unique_ptr<BIO, decltype(&BIO_free)> text{
        BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())), &BIO_free};
    // Asked for a password, OpenSSL would ask the terminal.
    const auto no_password = [](char*, int, int, void*) { return -1; };
    const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key{
        text ? PEM_read_bio_PrivateKey(text.get(), nullptr, no_password, nullptr) : nullptr,
        &EVP_PKEY_free};
    if (!key)
        return errc::malformed;
    detail::jwk_writer into{key.get()};
    into.reserve(16'384);
    const bool is_ec = EVP_PKEY_is_a(key.get(), "EC") == 1;
    const bool is_rsa = EVP_PKEY_is_a(key.get(), "RSA") == 1;
    if (!(is_ec && detail::write_ec(into, key.get())) && !(is_rsa && detail::write_rsa(into)))
        return errc::unusable_key;
    if (!kid.empty())
        into.text("kid", kid);
    return into.taken();
}

} // namespace outlast::oauth2::jose

#endif // OUTLAST_OAUTH2_JOSE_PEM_KEY_HPP
