// SPDX-License-Identifier: BSL-1.0
//
// Builds a response from the bytes of a connection, and stops at the first thing wrong.
#ifndef OUTLAST_HTTP_BEAST_REPLY_HPP
#define OUTLAST_HTTP_BEAST_REPLY_HPP

#include "outlast/http/error.hpp"
#include "outlast/http/message.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/error.hpp>

#include <algorithm> // std::min
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility> // std::move

namespace outlast::http {

struct reply_bounds {
    std::size_t max_headers = 0;      ///< bytes of all header lines
    std::size_t max_header_lines = 0; ///< those of 1xx answers and trailers too
    std::size_t max_body = 0;         ///< bytes
};

namespace detail {

// What all messages of one answer use up together.
struct reply_counts {
    std::size_t header_bytes = 0;
    std::size_t header_lines = 0;
};

// One message, 1xx or final, as Beast's parser tells it.
class reply_parser final : public boost::beast::http::basic_parser<false> {
public:
    reply_parser(const reply_bounds& bounds, reply_counts& counts, bool without_body)
        : bounds_(bounds), counts_(counts) {
        eager(true);
        skip(without_body);
        body_limit(bounds.max_body);
        header_limit(static_cast<std::uint32_t>(
            std::min<std::size_t>(bounds.max_headers + 16, UINT32_MAX))); // counted below
    }

    response reply;
    std::optional<errc> failure;

private:
    using error_code = boost::beast::error_code;
    using text = boost::beast::string_view;

    void refuse(errc why, error_code& error) {
        failure = why;
        error = boost::beast::http::error::bad_value; // any: the parser stops
    }

    void count(std::size_t bytes, error_code& error) {
        counts_.header_bytes += bytes;
        if (counts_.header_bytes > bounds_.max_headers)
            refuse(errc::too_large, error);
    }

    void on_request_impl(boost::beast::http::verb, text, text, int, error_code&) override {}

    void on_response_impl(int status, text reason, int, error_code& error) override {
        reply.status = status;
        if (status < 100 || status == 101) // nobody asked for 101; what follows it is not HTTP
            return refuse(errc::malformed, error);
        count(reason.size() + 15, error); // "HTTP/1.1 200 " and the line end
    }

    void
    on_field_impl(boost::beast::http::field, text name, text value, error_code& error) override {
        if (++counts_.header_lines > bounds_.max_header_lines)
            return refuse(errc::too_large, error);
        count(name.size() + value.size() + 4, error);
        if (!error && !is_header_done()) // a trailer is counted, not believed
            reply.headers.add(std::string{name}, std::string{value});
    }

    void on_header_impl(error_code& error) override {
        // A coding that was not asked for hides what the bound on the body is there to bound.
        for (const header& line : reply.headers) {
            const bool content = same_name(line.name, "Content-Encoding");
            const bool transfer = same_name(line.name, "Transfer-Encoding");
            if ((content && !same_name(line.value, "identity")) ||
                (transfer && !same_name(line.value, "chunked"))) {
                return refuse(errc::malformed, error);
            }
        }
    }

    void on_body_init_impl(const boost::optional<std::uint64_t>& length, error_code&) override {
        if (length) // inside the limit
            reply.body.reserve(static_cast<std::size_t>(*length));
    }

    std::size_t on_body_impl(text piece, error_code&) override {
        reply.body.append(piece.data(), piece.size());
        return piece.size();
    }

    void on_chunk_header_impl(std::uint64_t, text, error_code&) override {}

    std::size_t on_chunk_body_impl(std::uint64_t, text piece, error_code& error) override {
        return on_body_impl(piece, error);
    }

    void on_finish_impl(error_code&) override {}

    const reply_bounds& bounds_;
    reply_counts& counts_;
};

} // namespace detail

/// One answer. Ask for `room`, read into it, `take` what was read; until it is complete or wrong.
///
/// All header lines count against the bounds, so that a server that sends headers for ever is
/// stopped; a length over the bound is refused before the body is read. What waits to be understood
/// is bounded too, by the bytes that headers may have.
///
/// Not thread-safe. Throws `std::bad_alloc` only.
class beast_reply {
public:
    enum class state {
        headers,  ///< more is to come
        body,     ///< the headers are complete
        complete, ///< see `result`
        wrong,    ///< see `failure`
    };

    /// \param without_body the answer has none whatever its headers say, as after HEAD
    beast_reply(const reply_bounds& bounds, bool without_body)
        : bounds_(bounds), without_body_(without_body), unread_(bounds.max_headers + piece) {
        parser_.emplace(bounds_, counts_, without_body_);
    }
    beast_reply(const beast_reply&) = delete;
    beast_reply& operator=(const beast_reply&) = delete;

    /// Where the next bytes go.
    [[nodiscard]] boost::asio::mutable_buffer room() {
        return unread_.prepare(std::min(piece, unread_.max_size() - unread_.size()));
    }

    /// So many bytes were read into `room`.
    [[nodiscard]] state take(std::size_t size) {
        unread_.commit(size);
        has_started_ = has_started_ || size != 0;
        for (;;) {
            if (waits_for_last_chunk())
                return state::body;
            boost::beast::error_code error;
            unread_.consume(parser_->put(unread_.data(), error));
            if (error == boost::beast::http::error::need_more) {
                if (unread_.size() == unread_.max_size())
                    return fail(errc::too_large);
                return parser_->is_header_done() ? state::body : state::headers;
            }
            if (error)
                return fail(parser_->failure.value_or(meaning(error)));
            if (!parser_->is_done())
                return parser_->is_header_done() ? state::body : state::headers;
            if (parser_->reply.status >= 200)
                return state::complete;
            parser_.emplace(bounds_, counts_, without_body_); // the answer is still to come
            if (unread_.size() == 0)
                return state::headers;
        }
    }

    /// The connection has ended in good order.
    [[nodiscard]] state end() {
        if (parser_->reply.status == 0) { // perhaps too little to see that it is not HTTP
            const std::string_view seen{static_cast<const char*>(unread_.data().data()),
                                        unread_.size()};
            const bool could_be = std::string_view{"HTTP/1."}.starts_with(seen.substr(0, 7));
            return fail(could_be ? errc::closed_early : errc::malformed);
        }
        boost::beast::error_code error;
        parser_->put_eof(error);
        return error ? fail(errc::closed_early) : state::complete;
    }

    [[nodiscard]] errc failure() const noexcept { return failure_; }

    /// Whether a byte of an answer has come.
    [[nodiscard]] bool has_started() const noexcept { return has_started_; }

    /// Whether the connection can be used again. \pre complete
    [[nodiscard]] bool may_keep() const { return parser_->keep_alive() && unread_.size() == 0; }

    /// \pre complete
    [[nodiscard]] response result() && { return std::move(parser_->reply); }

private:
    static constexpr std::size_t piece = 8192;

    state fail(errc why) noexcept {
        failure_ = why;
        return state::wrong;
    }

    // Before Boost 1.86 the parser asserts that it is not given less than "0\r\n\r\n" once it has seen that a
    // chunk is the last. No chunked body ends in less, so nothing is kept waiting.
    [[nodiscard]] bool waits_for_last_chunk() const {
        return parser_->is_header_done() && parser_->chunked() && unread_.size() != 0 &&
               unread_.size() < 5 && *static_cast<const char*>(unread_.data().data()) == '0';
    }

    static errc meaning(const boost::beast::error_code& error) noexcept {
        using enum boost::beast::http::error;
        return error == header_limit || error == body_limit ? errc::too_large : errc::malformed;
    }

    const reply_bounds bounds_;
    const bool without_body_;
    detail::reply_counts counts_;
    boost::beast::flat_buffer unread_;
    std::optional<detail::reply_parser> parser_;
    errc failure_ = errc::malformed;
    bool has_started_ = false;
};

} // namespace outlast::http

#endif // OUTLAST_HTTP_BEAST_REPLY_HPP
