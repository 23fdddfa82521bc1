// SPDX-License-Identifier: BSL-1.0
//
// An HTTP request and its response, as plain data.
#ifndef OUTLAST_HTTP_MESSAGE_HPP
#define OUTLAST_HTTP_MESSAGE_HPP

#include <algorithm> // std::equal
#include <cstddef>
#include <initializer_list>
#include <optional>
#include <ostream>
#include <string>
#include <string_view>
#include <utility> // std::move
#include <vector>

namespace outlast::http {

/// One header line: `name: value`, the value without surrounding blanks.
struct header {
    std::string name = {};
    std::string value = {};

    bool operator==(const header&) const = default;
};

/// Whether two header names are the same: letters of ASCII compare without case, in any locale.
[[nodiscard]] constexpr bool same_name(std::string_view a, std::string_view b) noexcept {
    constexpr auto lower = [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    };
    return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                      [=](char x, char y) { return lower(x) == lower(y); });
}

/// The headers of a message in the order in which they were written. A name may occur several
/// times, and the repetitions stay apart: whether two `Authorization` lines are one too many is
/// for the reader to say.
///
/// Cost: each look-up walks the list. Views live as long as the list is not changed.
class header_list {
public:
    header_list() = default;
    header_list(std::initializer_list<header> lines) : lines_(lines) {}

    /// Adds a line at the end; an earlier line of the same name stays.
    void add(std::string name, std::string value) {
        lines_.push_back({std::move(name), std::move(value)});
    }

    /// The value of the first line of this name, or nothing.
    [[nodiscard]] std::optional<std::string_view> first(std::string_view name) const noexcept {
        for (const header& line : lines_) {
            if (same_name(line.name, name))
                return line.value;
        }
        return std::nullopt;
    }

    /// How many lines have this name.
    [[nodiscard]] std::size_t count(std::string_view name) const noexcept {
        std::size_t n = 0;
        for (const header& line : lines_)
            n += same_name(line.name, name) ? 1 : 0;
        return n;
    }

    /// The values of all lines of this name, in order.
    [[nodiscard]] std::vector<std::string_view> all(std::string_view name) const {
        std::vector<std::string_view> values;
        for (const header& line : lines_) {
            if (same_name(line.name, name))
                values.push_back(line.value);
        }
        return values;
    }

    [[nodiscard]] auto begin() const noexcept { return lines_.begin(); }
    [[nodiscard]] auto end() const noexcept { return lines_.end(); }
    [[nodiscard]] auto begin() noexcept { return lines_.begin(); }
    [[nodiscard]] auto end() noexcept { return lines_.end(); }
    [[nodiscard]] std::size_t size() const noexcept { return lines_.size(); }
    [[nodiscard]] bool empty() const noexcept { return lines_.empty(); }
    void clear() noexcept { lines_.clear(); }

    bool operator==(const header_list&) const = default;

private:
    std::vector<header> lines_;
};

/// What is asked. Headers and body may hold secrets; whoever fills them in wipes them.
struct request {
    std::string method = "GET"; ///< as it is sent, so in capitals
    std::string url = {};       ///< absolute, http or https, ASCII, without `user:password@`
    header_list headers = {};
    std::string body = {}; ///< any bytes; its length is announced by the transport

    bool operator==(const request&) const = default;
};

/// What was answered: any status from 200, redirections and errors included.
struct response {
    int status = 0; ///< 200 … 999
    header_list headers =
        {};                ///< of the final answer; those of 1xx answers and trailers are dropped
    std::string body = {}; ///< as it was sent: no content coding has been undone

    bool operator==(const response&) const = default;
};

/// Names only: a value may be a credential.
inline std::ostream& operator<<(std::ostream& out, const header& line) {
    return out << line.name << ": …";
}

/// `[Host, Accept]`: names only.
inline std::ostream& operator<<(std::ostream& out, const header_list& headers) {
    const char* separator = "[";
    for (const header& line : headers) {
        out << separator << line.name;
        separator = ", ";
    }
    return out << (headers.empty() ? "[]" : "]");
}

/// The URL as it may be shown: what could carry a secret (user, query, fragment) is left out.
[[nodiscard]] inline std::string shown_url(std::string_view url) {
    const std::string_view head = url.substr(0, url.find_first_of("?#"));
    std::string shown{head};
    const std::size_t start = head.find("://");
    const std::size_t host = start == head.npos ? 0 : start + 3;
    const std::size_t path = head.find_first_of("/\\", host);
    const std::size_t at = head.substr(0, path).rfind('@');
    if (at != head.npos && at >= host)
        shown.erase(host, at + 1 - host);
    if (head.size() != url.size())
        shown += "?…";
    return shown;
}

/// `POST https://auth.example.com/introspect [Accept] 41 bytes`: no value, no query, no body.
inline std::ostream& operator<<(std::ostream& out, const request& asked) {
    return out << asked.method << ' ' << shown_url(asked.url) << ' ' << asked.headers << ' '
               << asked.body.size() << " bytes";
}

/// `200 [Content-Type] 17 bytes`: no value, no body.
inline std::ostream& operator<<(std::ostream& out, const response& answer) {
    return out << answer.status << ' ' << answer.headers << ' ' << answer.body.size() << " bytes";
}

} // namespace outlast::http

#endif // OUTLAST_HTTP_MESSAGE_HPP
