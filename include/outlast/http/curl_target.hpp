// SPDX-License-Identifier: BSL-1.0
//
// Where a request goes: its URL read by libcurl's own parser, and whether it may be sent there.
#ifndef OUTLAST_HTTP_CURL_TARGET_HPP
#define OUTLAST_HTTP_CURL_TARGET_HPP

#include "outlast/http/message.hpp" // same_name

#include <arpa/inet.h>
#include <curl/curl.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cstddef>
#include <memory>
#include <new> // std::bad_alloc
#include <optional>
#include <string>
#include <string_view>

namespace outlast::http {

/// Whether an address belongs to this machine itself: 127.0.0.0/8 or ::1.
[[nodiscard]] inline bool is_loopback(const sockaddr& address) noexcept {
    if (address.sa_family == AF_INET) {
        const auto& four = reinterpret_cast<const sockaddr_in&>(address);
        return (ntohl(four.sin_addr.s_addr) >> 24) == 127;
    }
    if (address.sa_family == AF_INET6) {
        const auto& six = reinterpret_cast<const sockaddr_in6&>(address);
        return IN6_IS_ADDR_LOOPBACK(&six.sin6_addr) != 0;
    }
    return false;
}

/// A URL that was taken apart. The parse that is checked here is the one that libcurl connects to:
/// two parsers that disagree would be a hole.
struct curl_target {
    struct deleter {
        void operator()(CURLU* parsed) const noexcept { curl_url_cleanup(parsed); }
    };
    std::unique_ptr<CURLU, deleter> url;
    std::string origin;      ///< `https://auth.example.com:443`: what connections are kept by
    std::string host;        ///< as it is looked up; an IPv6 address without brackets
    bool is_tls = false;     ///< https
    bool is_literal = false; ///< the host is an address, so no name is looked up
    bool is_local = false;   ///< `localhost`, 127.0.0.0/8 or ::1
};

/// Reads a URL. \return nothing when it is not absolute, not http or https, has a user or a
/// password in it, or is plain http to another host than loopback without permission for that.
[[nodiscard]] inline std::optional<curl_target> read_target(const std::string& text,
                                                            bool allow_plain_http) {
    // libcurl reads one to three slashes as two; here a URL has its two and then a host.
    const std::size_t colon = text.find(':');
    if (colon == text.npos || text.compare(colon, 3, "://") != 0 ||
        text.compare(colon, 4, ":///") == 0) {
        return std::nullopt;
    }
    curl_target target;
    target.url.reset(curl_url());
    if (!target.url)
        throw std::bad_alloc{};
    if (curl_url_set(target.url.get(), CURLUPART_URL, text.c_str(), 0) != CURLUE_OK) {
        return std::nullopt;
    }
    const auto part = [&](CURLUPart which, unsigned flags) -> std::optional<std::string> {
        char* value = nullptr;
        if (curl_url_get(target.url.get(), which, &value, flags) != CURLUE_OK)
            return std::nullopt;
        const std::unique_ptr<char, void (*)(void*)> owner{value, &curl_free};
        return std::string{value};
    };
    const auto scheme = part(CURLUPART_SCHEME, 0);
    const auto host = part(CURLUPART_HOST, 0);
    const auto port = part(CURLUPART_PORT, CURLU_DEFAULT_PORT);
    if (!scheme || !host || host->empty() || !port || *port == "0")
        return std::nullopt;
    if (part(CURLUPART_USER, 0) || part(CURLUPART_PASSWORD, 0))
        return std::nullopt;
    if (*scheme != "http" && *scheme != "https")
        return std::nullopt;

    target.is_tls = *scheme == "https";
    target.origin = *scheme + "://" + *host + ":" + *port;
    target.host = host->front() == '[' ? host->substr(1, host->size() - 2) : *host;
    sockaddr_in four{};
    sockaddr_in6 six{};
    if (::inet_pton(AF_INET, target.host.c_str(), &four.sin_addr) == 1) {
        four.sin_family = AF_INET;
        target.is_literal = true;
        target.is_local = is_loopback(reinterpret_cast<const sockaddr&>(four));
    } else if (host->front() == '[') {
        six.sin6_family = AF_INET6;
        target.is_literal = true;
        target.is_local = ::inet_pton(AF_INET6, target.host.c_str(), &six.sin6_addr) == 1 &&
                          is_loopback(reinterpret_cast<const sockaddr&>(six));
    } else {
        target.is_local = same_name(target.host, "localhost");
    }
    if (!target.is_tls && !target.is_local && !allow_plain_http)
        return std::nullopt;
    return target;
}

} // namespace outlast::http

#endif // OUTLAST_HTTP_CURL_TARGET_HPP
