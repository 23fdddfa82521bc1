// SPDX-License-Identifier: BSL-1.0
//
// JSON for a security decision: one meaning or none.
#ifndef OUTLAST_OAUTH2_STRICT_JSON_HPP
#define OUTLAST_OAUTH2_STRICT_JSON_HPP

#include <outlast/oauth2/reason.hpp>

#include <boost/json/basic_parser_impl.hpp>

#include <array>
#include <cmath> // std::isfinite
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace outlast::oauth2 {

/// Bounds of one document; they are not options, as no honest answer comes near them.
inline constexpr std::size_t max_body_size = 65'536; ///< bytes
inline constexpr std::size_t max_json_depth = 16;    ///< objects and arrays; the root is 1
inline constexpr std::size_t max_json_members = 256; ///< of all objects together

namespace detail {

/// The handler of boost::json::basic_parser that refuses what two parsers may read in two ways
/// (RFC 8259 §4, §9, RFC 7493), joins texts that come in parts, and hands the rest to a sink:
///
///     sink.open_object(depth)  sink.open_array(depth)   depth: containers already open, root has 0
///     sink.key(depth, name)                             of the object that is open at this depth
///     sink.string(depth, text) sink.number(depth, text) sink.boolean(depth, b) sink.null(depth)
///
/// Views are good for the call only. The memory for names is that of the objects now open, which is
/// less than the body.
template <class Sink>
class strict_handler {
    using view = boost::json::string_view;
    using error_code = boost::json::error_code;

public:
    static constexpr auto max_object_size = static_cast<std::size_t>(-1);
    static constexpr auto max_array_size = static_cast<std::size_t>(-1);
    static constexpr auto max_key_size = static_cast<std::size_t>(-1);
    static constexpr auto max_string_size = static_cast<std::size_t>(-1);

    explicit strict_handler(Sink& sink) noexcept : sink_{sink} {}

    /// What this handler refused; none if it was the parser.
    [[nodiscard]] std::optional<reason> problem() const noexcept { return problem_; }

    bool on_document_begin(error_code&) { return true; }
    bool on_document_end(error_code&) { return true; }

    bool on_object_begin(error_code& ec) {
        if (depth_ == max_json_depth)
            return refuse(reason::too_deep, ec);
        sink_.open_object(depth_);
        first_name_[depth_++] = name_ends_.size();
        return true;
    }

    bool on_object_end(std::size_t, error_code&) {
        name_ends_.resize(first_name_[--depth_]);
        names_.resize(name_ends_.empty() ? 0 : name_ends_.back());
        return true;
    }

    bool on_array_begin(error_code& ec) {
        if (depth_ == max_json_depth)
            return refuse(reason::too_deep, ec);
        sink_.open_array(depth_);
        first_name_[depth_++] = name_ends_.size();
        return true;
    }

    bool on_array_end(std::size_t, error_code&) {
        --depth_;
        return true;
    }

    bool on_key_part(view part, std::size_t, error_code&) {
        names_.append(part.data(), part.size());
        return true;
    }

    bool on_key(view last, std::size_t, error_code& ec) {
        if (++members_ > max_json_members)
            return refuse(reason::too_many_members, ec);
        names_.append(last.data(), last.size());
        const std::size_t begin = name_ends_.empty() ? 0 : name_ends_.back();
        const std::string_view name = std::string_view{names_}.substr(begin);
        if (is_taken(name))
            return refuse(reason::duplicate_member, ec);
        name_ends_.push_back(names_.size());
        sink_.key(depth_, name);
        return true;
    }

    bool on_string_part(view part, std::size_t, error_code&) { return append(part); }

    bool on_string(view last, std::size_t, error_code&) {
        sink_.string(depth_, joined(last));
        text_.clear();
        return true;
    }

    bool on_number_part(view part, error_code&) { return append(part); }
    bool on_int64(std::int64_t, view last, error_code&) { return on_number(last); }
    bool on_uint64(std::uint64_t, view last, error_code&) { return on_number(last); }
    bool on_double(double value, view last, error_code& ec) {
        // 1e400 is good JSON, and infinity to one reader and an error to the next.
        if (!std::isfinite(value))
            return refuse(reason::malformed_json, ec);
        return on_number(last);
    }

    bool on_bool(bool value, error_code&) {
        sink_.boolean(depth_, value);
        return true;
    }

    bool on_null(error_code&) {
        sink_.null(depth_);
        return true;
    }

    bool on_comment_part(view, error_code&) { return true; } // comments are off
    bool on_comment(view, error_code&) { return true; }

private:
    bool refuse(reason why, error_code& ec) {
        problem_ = why;
        ec = boost::json::error::syntax; // only that there is one matters
        return false;
    }

    bool append(view part) {
        text_.append(part.data(), part.size());
        return true;
    }

    /// The whole text of which `last` is the end, without a copy where it is all.
    std::string_view joined(view last) {
        if (text_.empty())
            return {last.data(), last.size()};
        append(last);
        return text_;
    }

    bool on_number(view last) {
        sink_.number(depth_, joined(last));
        text_.clear();
        return true;
    }

    /// Is there such a name in the object that is open? Names come unescaped, so "\u0061ctive" is
    /// "active". Quadratic in at most 256 members.
    [[nodiscard]] bool is_taken(std::string_view name) const noexcept {
        const std::size_t first = first_name_[depth_ - 1];
        std::size_t begin = first == 0 ? 0 : name_ends_[first - 1];
        for (std::size_t i = first; i != name_ends_.size(); ++i) {
            if (std::string_view{names_}.substr(begin, name_ends_[i] - begin) == name)
                return true;
            begin = name_ends_[i];
        }
        return false;
    }

    Sink& sink_;
    std::optional<reason> problem_;
    std::size_t depth_ = 0;
    std::size_t members_ = 0;
    std::array<std::size_t, max_json_depth> first_name_{}; // per open container, into name_ends_
    std::vector<std::size_t> name_ends_;                   // of each name in names_
    std::string names_;                                    // of the open objects, one after another
    std::string text_;                                     // of a value that comes in parts
};

} // namespace detail

/// Reads `body` as one JSON document (RFC 8259) and reports it to `sink` while it is read: see
/// `strict_handler`. Refused besides bad syntax: bytes after the document, bad UTF-8 and lone
/// surrogates, a member twice in one object (escapes resolved), numbers beyond a double, and what
/// is larger than the bounds above.
///
/// \return none, or why the document means nothing; what the sink has heard is then void
/// \throws std::bad_alloc, and what the sink throws
///
/// Needs Boost.JSON to be linked, or one file of the program to include <boost/json/src.hpp>.
template <class Sink>
[[nodiscard]] std::optional<reason> read_strict_json(std::string_view body, Sink& sink) {
    if (body.size() > max_body_size)
        return reason::body_too_large;
    boost::json::parse_options options;
    options.max_depth = max_json_depth + 1; // the handler refuses first, and says why
    boost::json::basic_parser<detail::strict_handler<Sink>> parser{options, sink};
    boost::json::error_code ec;
    const std::size_t read = parser.write_some(false, body.data(), body.size(), ec);
    if (ec)
        return parser.handler().problem().value_or(reason::malformed_json);
    if (read != body.size())
        return reason::malformed_json;
    return std::nullopt;
}

} // namespace outlast::oauth2

#endif // OUTLAST_OAUTH2_STRICT_JSON_HPP
