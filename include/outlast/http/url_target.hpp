// SPDX-License-Identifier: BSL-1.0
//
// Where a request goes: a URL taken apart, and whether it may be sent there.
#ifndef OUTLAST_HTTP_URL_TARGET_HPP
#define OUTLAST_HTTP_URL_TARGET_HPP

#include "outlast/http/request_check.hpp" // is_url_text

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <charconv> // std::from_chars
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace outlast::http {

/// A URL that was taken apart. The parse that is checked is the one that is connected to and
/// written: there is no second parser that could disagree.
struct url_target {
    bool is_tls = false;     ///< https
    bool is_literal = false; ///< the host is an address, so no name is looked up
    bool is_local = false;   ///< `localhost`, 127.0.0.0/8 or ::1
    std::string host;        ///< in lower case; an IPv6 address without brackets
    std::uint16_t port = 0;
    std::string
        authority;    ///< as the header `Host` has it: the port only if it is not the usual one
    std::string path; ///< path and query as they were written, at least "/"; no fragment

    /// `https://auth.example.com:443`: what connections are kept by.
    [[nodiscard]] std::string origin() const {
        return (is_tls ? "https://" : "http://") + host + ":" + std::to_string(port);
    }
};

namespace detail {

// Whether the host is an address of this kind, and then whether it is loopback.
[[nodiscard]] inline bool read_ipv4(url_target& target) noexcept {
    in_addr four{};
    target.is_literal = ::inet_pton(AF_INET, target.host.c_str(), &four) == 1;
    target.is_local = target.is_literal && ntohl(four.s_addr) >> 24 == 127;
    return target.is_literal;
}

[[nodiscard]] inline bool read_ipv6(url_target& target) noexcept {
    in6_addr six{};
    target.is_literal = ::inet_pton(AF_INET6, target.host.c_str(), &six) == 1;
    target.is_local = target.is_literal && IN6_IS_ADDR_LOOPBACK(&six) != 0;
    return target.is_literal;
}

// Letters, digits, '-', '_' and single dots. What ends in a number and is no IPv4 address in its
// usual form is refused: resolvers read "127.1" and "0x7f000001" as addresses, others do not.
[[nodiscard]] inline bool is_name(std::string_view host) noexcept {
    const auto digit = [](char c) { return c >= '0' && c <= '9'; };
    const bool good = std::all_of(host.begin(), host.end(), [&](char c) {
        return (c >= 'a' && c <= 'z') || digit(c) || c == '-' || c == '_' || c == '.';
    });
    if (!good || host.empty() || host.size() > 253 || host.front() == '.' || host.back() == '.' ||
        host.find("..") != host.npos) {
        return false;
    }
    return !digit(host[host.rfind('.') + 1]); // npos + 1 is 0
}

// Host and port. \return false when they are not well formed
[[nodiscard]] inline bool read_authority(std::string_view text, url_target& into) {
    const bool has_brackets = text.starts_with('[');
    const std::size_t end = has_brackets ? text.find(']') : text.find(':');
    if (has_brackets && end == text.npos)
        return false;
    into.host = text.substr(has_brackets ? 1 : 0, has_brackets ? end - 1 : end);
    std::string_view rest = text.substr(std::min(text.size(), has_brackets ? end + 1 : end));
    for (char& c : into.host)
        c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;

    if (has_brackets ? !read_ipv6(into) : !read_ipv4(into) && !is_name(into.host))
        return false;
    if (!into.is_literal)
        into.is_local = into.host == "localhost";

    const std::uint16_t usual = into.is_tls ? 443 : 80;
    into.port = usual;
    if (!rest.empty() && rest.front() != ':')
        return false;
    if (rest.size() > 1) { // "host:" has the usual port
        rest.remove_prefix(1);
        const auto [at, error] = std::from_chars(rest.data(), rest.data() + rest.size(), into.port);
        if (error != std::errc{} || at != rest.data() + rest.size() || into.port == 0)
            return false;
    }
    into.authority = has_brackets ? "[" + into.host + "]" : into.host;
    if (into.port != usual)
        into.authority += ":" + std::to_string(into.port);
    return true;
}

} // namespace detail

/// Reads a URL. \return nothing when it is not absolute, not http or https, has a user or a
/// password in it, a host that is neither a name in ASCII nor an address, or is plain http to another
/// host than loopback without permission for that.
[[nodiscard]] inline std::optional<url_target> read_url(std::string_view url,
                                                        bool allow_plain_http) {
    if (!is_url_text(url))
        return std::nullopt;
    const std::size_t colon = url.find("://");
    url_target target;
    target.is_tls = same_name(url.substr(0, colon), "https");
    if (colon == url.npos || (!target.is_tls && !same_name(url.substr(0, colon), "http")))
        return std::nullopt;
    url = url.substr(colon + 3);
    url = url.substr(0, url.find('#'));
    const std::size_t slash = url.find_first_of("/?\\");
    if (!detail::read_authority(url.substr(0, slash), target))
        return std::nullopt;
    if (!target.is_tls && !target.is_local && !allow_plain_http)
        return std::nullopt;
    const std::string_view path = url.substr(std::min(slash, url.size()));
    if (path.starts_with('\\'))
        return std::nullopt; // some read it as a slash
    target.path = path.starts_with('/') ? std::string{path} : "/" + std::string{path};
    return target;
}

} // namespace outlast::http

#endif // OUTLAST_HTTP_URL_TARGET_HPP
