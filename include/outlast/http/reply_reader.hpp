// SPDX-License-Identifier: BSL-1.0
//
// Builds a response from the lines and bytes of an answer, and stops at the first thing wrong.
#ifndef OUTLAST_HTTP_REPLY_READER_HPP
#define OUTLAST_HTTP_REPLY_READER_HPP

#include "outlast/http/error.hpp"
#include "outlast/http/message.hpp"
#include "outlast/http/request_check.hpp" // is_token

#include <charconv> // std::from_chars
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility> // std::move

namespace outlast::http {

/// Takes an answer piece by piece: every header line, then the bytes of the body. It undoes no
/// transfer coding; whoever feeds it has done that.
///
/// Bounds count bytes as they arrive. All header lines count (1xx answers, trailers and line ends
/// too), so that a server that sends headers for ever is stopped. A Content-Length over the bound
/// is refused when the headers end, before the body is read.
///
/// Not thread-safe. Throws `std::bad_alloc` only.
class reply_reader {
public:
    /// \param without_body the answer has none whatever its headers say, as after HEAD
    reply_reader(std::size_t max_headers, std::size_t max_body, bool without_body) noexcept
        : max_headers_(max_headers), max_body_(max_body), without_body_(without_body) {}

    /// One header line, with or without its line end; an empty one ends the headers.
    /// \return false: stop, see `failure()`.
    [[nodiscard]] bool line(std::string_view text) {
        header_bytes_ += text.size();
        if (header_bytes_ > max_headers_)
            return fail(errc::too_large);
        while (!text.empty() && (text.back() == '\n' || text.back() == '\r'))
            text.remove_suffix(1);
        switch (at_) {
        case place::status_line:
            return status_line(text);
        case place::headers:
            return text.empty() ? end_of_headers() : header_line(text);
        case place::body:
            return true; // a trailer: counted, not believed
        }
        return true;
    }

    /// The next bytes of the body. \return false: stop, see `failure()`.
    [[nodiscard]] bool body(std::string_view piece) {
        if (at_ != place::body)
            return fail(errc::malformed);
        if (piece.size() > max_body_ - reply_.body.size())
            return fail(errc::too_large);
        reply_.body.append(piece);
        return true;
    }

    /// What is wrong with the answer, if something is.
    [[nodiscard]] std::optional<errc> failure() const noexcept { return failure_; }

    /// Whether a byte of an answer has come.
    [[nodiscard]] bool started() const noexcept { return header_bytes_ != 0; }

    /// Whether the headers of the final answer have come.
    [[nodiscard]] bool has_headers() const noexcept { return at_ == place::body; }

    /// The response. Whether the body is complete is known to whoever feeds this.
    [[nodiscard]] response take() && { return std::move(reply_); }

private:
    enum class place { status_line, headers, body };

    bool fail(errc e) noexcept {
        failure_ = e;
        return false;
    }

    bool status_line(std::string_view text) {
        // "HTTP/1.1 200 OK", and no other version: this reader has no other framing.
        const bool good = text.size() >= 12 && text.starts_with("HTTP/1.") &&
                          (text[7] == '0' || text[7] == '1') && text[8] == ' ' &&
                          (text.size() == 12 || text[12] == ' ');
        const std::optional<std::uint64_t> status = number(text.substr(good ? 9 : 0, 3));
        if (!good || !status || *status < 100)
            return fail(errc::malformed);
        reply_.status = static_cast<int>(*status);
        at_ = place::headers;
        return true;
    }

    bool header_line(std::string_view text) {
        if (text.front() == ' ' || text.front() == '\t') {
            // An old way to continue the line above (RFC 9112 §5.2): it stands for one blank.
            if (reply_.headers.empty())
                return fail(errc::malformed);
            std::string& value = (reply_.headers.end() - 1)->value;
            value.append(value.empty() ? "" : " ").append(trimmed(text));
            return true;
        }
        const std::size_t colon = text.find(':');
        if (colon == text.npos || !is_token(text.substr(0, colon)))
            return fail(errc::malformed);
        reply_.headers.add(std::string{text.substr(0, colon)},
                           std::string{trimmed(text.substr(colon + 1))});
        return true;
    }

    bool end_of_headers() {
        if (reply_.status < 200) { // 1xx: the answer is still to come
            // Nobody asked for 101; what follows it is not HTTP.
            if (reply_.status == 101)
                return fail(errc::malformed);
            reply_ = {};
            at_ = place::status_line;
            return true;
        }
        at_ = place::body;
        // A coding that was not asked for hides what the bound on the body is there to bound.
        for (const header& line : reply_.headers) {
            const bool content = same_name(line.name, "Content-Encoding");
            const bool transfer = same_name(line.name, "Transfer-Encoding");
            if (content && !same_name(line.value, "identity"))
                return fail(errc::malformed);
            if (transfer && !same_name(line.value, "chunked"))
                return fail(errc::malformed);
        }
        return check_length();
    }

    bool check_length() {
        std::optional<std::string_view> seen;
        for (const std::string_view value : reply_.headers.all("Content-Length")) {
            if (seen && *seen != value)
                return fail(errc::malformed);
            seen = value;
        }
        if (!seen)
            return true;
        if (seen->empty() || seen->find_first_not_of("0123456789") != seen->npos) {
            return fail(errc::malformed);
        }
        if (without_body_ || reply_.status == 304 || reply_.headers.count("Transfer-Encoding") != 0)
            return true; // announces no bytes that will come
        const std::optional<std::uint64_t> length = number(*seen);
        if (!length || *length > max_body_)
            return fail(errc::too_large); // or over 64 bits
        reply_.body.reserve(static_cast<std::size_t>(*length));
        return true;
    }

    static std::string_view trimmed(std::string_view text) noexcept {
        const std::size_t from = text.find_first_not_of(" \t");
        if (from == text.npos)
            return {};
        return text.substr(from, text.find_last_not_of(" \t") - from + 1);
    }

    static std::optional<std::uint64_t> number(std::string_view digits) noexcept {
        std::uint64_t value = 0;
        const char* const end = digits.data() + digits.size();
        const auto [rest, error] = std::from_chars(digits.data(), end, value);
        if (error != std::errc{} || rest != end)
            return std::nullopt;
        return value;
    }

    response reply_;
    std::size_t max_headers_;
    std::size_t max_body_;
    std::size_t header_bytes_ = 0;
    std::optional<errc> failure_;
    place at_ = place::status_line;
    bool without_body_;
};

} // namespace outlast::http

#endif // OUTLAST_HTTP_REPLY_READER_HPP
