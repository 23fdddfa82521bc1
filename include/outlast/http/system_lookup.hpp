// SPDX-License-Identifier: BSL-1.0
//
// From a name to addresses, by the system's resolver, for as long as it takes.
#ifndef OUTLAST_HTTP_SYSTEM_LOOKUP_HPP
#define OUTLAST_HTTP_SYSTEM_LOOKUP_HPP

#include "outlast/http/error.hpp"
#include "outlast/http/name_lookup.hpp" // lookup_error
#include "outlast/http/result.hpp"

#include <boost/asio/ip/address.hpp>

#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm> // std::copy_n
#include <cerrno>
#include <cstring> // std::memcpy
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace outlast::http {

/// In the order in which they are to be tried.
using address_list = std::vector<boost::asio::ip::address>;

/// Looks a name up, on the calling thread. At least one address, or why there is none:
/// `name_not_found`, `name_lookup_failed` or `local_resources`.
using lookup_function = std::function<detail::result<address_list>(const std::string& host)>;

namespace detail {

[[nodiscard]] inline boost::asio::ip::address address_of(const sockaddr& from) {
    namespace ip = boost::asio::ip;
    if (from.sa_family == AF_INET6) {
        sockaddr_in6 six{};
        std::memcpy(&six, &from, sizeof six);
        ip::address_v6::bytes_type bytes{};
        std::copy_n(six.sin6_addr.s6_addr, bytes.size(), bytes.begin());
        return ip::address_v6{bytes, six.sin6_scope_id};
    }
    sockaddr_in four{};
    std::memcpy(&four, &from, sizeof four);
    return ip::address_v4{ntohl(four.sin_addr.s_addr)};
}

} // namespace detail

/// `getaddrinfo`. It cannot be stopped: with a silent name server and glibc's defaults it takes
/// some 10 s or more.
[[nodiscard]] inline detail::result<address_list> system_lookup(const std::string& host) {
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* list = nullptr;
    const int eai = ::getaddrinfo(host.c_str(), nullptr, &hints, &list);
    if (eai != 0)
        return lookup_error(eai, errno);
    const std::unique_ptr<addrinfo, void (*)(addrinfo*)> owner{list, &::freeaddrinfo};
    address_list found;
    for (const addrinfo* at = list; at != nullptr; at = at->ai_next) {
        if (at->ai_family == AF_INET || at->ai_family == AF_INET6)
            found.push_back(detail::address_of(*at->ai_addr));
    }
    if (found.empty())
        return errc::name_not_found;
    return found;
}

} // namespace outlast::http

#endif // OUTLAST_HTTP_SYSTEM_LOOKUP_HPP
