// SPDX-License-Identifier: BSL-1.0
#include "certificate.hpp"

#include <outlast/http/error.hpp>
#include <outlast/http/network_errors.hpp>

#include "text.hpp"

#include <boost/asio/ip/address.hpp>
#include <boost/asio/ssl/verify_context.hpp>

#include <openssl/asn1.h>
#include <openssl/bio.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <ctime>
#include <string>
#include <string_view>

namespace doctor {

namespace {

// "CN=idp.example,O=Example": what is not ASCII comes escaped.
std::string text_of(const X509_NAME* name) {
    const std::unique_ptr<BIO, int (*)(BIO*)> out{BIO_new(BIO_s_mem()), &BIO_free};
    if (!out || X509_NAME_print_ex(out.get(), name, 0, XN_FLAG_RFC2253) < 0)
        return {};
    char* text = nullptr;
    const long size = BIO_get_mem_data(out.get(), &text);
    return fit({text, static_cast<std::size_t>(size)});
}

std::chrono::sys_seconds moment_of(const ASN1_TIME* time) {
    std::tm read{};
    if (ASN1_TIME_to_tm(time, &read) != 1)
        return {};
    using namespace std::chrono;
    const year_month_day day{year{read.tm_year + 1900},
                             month{static_cast<unsigned>(read.tm_mon + 1)},
                             std::chrono::day{static_cast<unsigned>(read.tm_mday)}};
    return sys_days{day} + hours{read.tm_hour} + minutes{read.tm_min} + seconds{read.tm_sec};
}

std::string address_in(std::string_view bytes) {
    namespace ip = boost::asio::ip;
    if (ip::address_v4::bytes_type four; bytes.size() == four.size()) {
        std::ranges::copy(bytes, four.begin());
        return ip::address_v4{four}.to_string();
    }
    if (ip::address_v6::bytes_type six; bytes.size() == six.size()) {
        std::ranges::copy(bytes, six.begin());
        return ip::address_v6{six}.to_string();
    }
    return {};
}

std::vector<std::string> hosts_of(const X509* from) {
    std::vector<std::string> hosts;
    const std::unique_ptr<GENERAL_NAMES, void (*)(GENERAL_NAMES*)> names{
        static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(from, NID_subject_alt_name, nullptr, nullptr)),
        &GENERAL_NAMES_free};
    for (int i = 0; i < sk_GENERAL_NAME_num(names.get()); ++i) { // -1 of none
        int kind = 0;
        const void* const value =
            GENERAL_NAME_get0_value(sk_GENERAL_NAME_value(names.get(), i), &kind);
        if (kind != GEN_DNS && kind != GEN_IPADD)
            continue;
        const auto* const text = static_cast<const ASN1_STRING*>(value);
        const std::string_view bytes{reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)),
                                     static_cast<std::size_t>(ASN1_STRING_length(text))};
        hosts.push_back(kind == GEN_DNS ? fit(bytes) : address_in(bytes));
    }
    return hosts;
}

} // namespace

certificate read_certificate(X509* from, int depth) {
    return {.subject = text_of(X509_get_subject_name(from)),
            .issuer = text_of(X509_get_issuer_name(from)),
            .not_before = moment_of(X509_get0_notBefore(from)),
            .not_after = moment_of(X509_get0_notAfter(from)),
            .hosts = hosts_of(from),
            .depth = depth};
}

std::shared_ptr<handshake_seen> watch_handshakes(boost::asio::ssl::context& context) {
    auto seen = std::make_shared<handshake_seen>();
    context.set_verify_callback([seen](bool good, boost::asio::ssl::verify_context& at) {
        using outlast::http::errc;
        X509_STORE_CTX* const native = at.native_handle();
        const int depth = X509_STORE_CTX_get_error_depth(native);
        // An authority's certificate is to blame where it has expired; for all else the server's own is what tells.
        const bool of_authority =
            !good && outlast::http::certificate_error(X509_STORE_CTX_get_error(native)) ==
                         errc::certificate_expired;
        X509* const told = of_authority ? X509_STORE_CTX_get_current_cert(native)
                                        : X509_STORE_CTX_get0_cert(native);
        if (told != nullptr)
            seen->shown = read_certificate(told, of_authority ? depth : 0);
        return good;
    });
    const auto is_asked = [](SSL* connection, void* of) {
        static_cast<handshake_seen*>(of)->misses_ours = SSL_get_certificate(connection) == nullptr;
        return 1; // go on
    };
    SSL_CTX_set_cert_cb(context.native_handle(), is_asked, seen.get());
    return seen;
}

} // namespace doctor
