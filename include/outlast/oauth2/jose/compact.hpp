// SPDX-License-Identifier: BSL-1.0
//
// A compact JWS taken apart, before anything of it is believed.
#ifndef OUTLAST_OAUTH2_JOSE_COMPACT_HPP
#define OUTLAST_OAUTH2_JOSE_COMPACT_HPP

#include <outlast/oauth2/detail/ascii.hpp>
#include <outlast/oauth2/jose/algorithm.hpp>
#include <outlast/oauth2/jose/base64url.hpp>
#include <outlast/oauth2/jose/error.hpp>
#include <outlast/oauth2/strict_json.hpp>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace outlast::oauth2::jose {

inline constexpr std::size_t max_jws_size = max_body_size; ///< characters
inline constexpr std::size_t max_jws_header_size = 4096;   ///< characters, of base64url
inline constexpr std::size_t max_signature_size = 1024;    ///< bytes: RSA of 8192 bits

/// The protected header (RFC 7515 §4.1). Keys and addresses that it names (`jwk`, `jku`, `x5c`, `x5u`) are
/// never looked at: whoever signs does not choose what verifies (RFC 8725 §3.10).
struct protected_header {
    algorithm alg{};
    std::optional<std::string> kid{};
    std::optional<std::string> typ{};
};

/// A compact JWS (RFC 7515 §7.1), as it came. Refers to the text.
struct compact_jws {
    std::string_view text;      ///< all of it
    std::string_view payload;   ///< in base64url, not verified
    std::string_view signature; ///< in base64url
    protected_header header;
};

namespace detail {

/// The sink of `read_strict_json` for a protected header.
class header_sink {
public:
    void open_object(std::size_t depth) noexcept { open(depth, true); }
    void open_array(std::size_t depth) noexcept { open(depth, false); }
    void key(std::size_t depth, std::string_view name) noexcept {
        if (depth != 1)
            return;
        field_ = name == "alg"   ? field::alg
                 : name == "kid" ? field::kid
                 : name == "typ" ? field::typ
                                 : field::other;
        critical_ = critical_ || name == "crit";
    }
    void string(std::size_t depth, std::string_view text) {
        if (depth != 1)
            return;
        if (field_ == field::alg)
            alg_.emplace(text);
        if (field_ == field::kid)
            made_.kid.emplace(text);
        if (field_ == field::typ)
            made_.typ.emplace(text);
    }
    void number(std::size_t depth, std::string_view) noexcept { other(depth); }
    void boolean(std::size_t depth, bool) noexcept { other(depth); }
    void null(std::size_t depth) noexcept { other(depth); }

    [[nodiscard]] result<protected_header> taken() {
        if (!is_object_ || malformed_ || !alg_)
            return errc::malformed;
        if (critical_)
            return errc::critical_header;
        const auto alg = algorithm_named(*alg_);
        if (!alg)
            return errc::algorithm_refused;
        made_.alg = *alg;
        return std::move(made_);
    }

private:
    enum class field : std::uint8_t { other, alg, kid, typ };

    void open(std::size_t depth, bool object) noexcept {
        if (depth == 0)
            is_object_ = object;
        else
            other(depth);
    }
    // alg, kid and typ are strings.
    void other(std::size_t depth) noexcept {
        malformed_ = malformed_ || (depth == 1 && field_ != field::other);
    }

    protected_header made_{};
    std::optional<std::string> alg_{};
    field field_ = field::other;
    bool is_object_ = false;
    bool malformed_ = false;
    bool critical_ = false;
};

} // namespace detail

/// Takes a compact JWS apart: three parts of strict base64url, a header that is one JSON object without
/// duplicate members (RFC 7515 §4), an algorithm that is known here, no `crit`. Nothing is verified.
///
/// \return the parts, which refer to `text`; or `too_large`, `malformed`, `critical_header`,
///         `algorithm_refused`. \throws std::bad_alloc
/// Cost: one pass, one allocation for the header and one for each of its texts. Pure.
[[nodiscard]] inline result<compact_jws> read_compact(std::string_view text,
                                                      std::size_t longest = max_jws_size) {
    if (text.size() > longest)
        return errc::too_large;
    const std::size_t first = text.find('.');
    const std::size_t second = first == text.npos ? first : text.find('.', first + 1);
    if (second == text.npos)
        return errc::malformed;
    compact_jws made{.text = text,
                     .payload = text.substr(first + 1, second - first - 1),
                     .signature = text.substr(second + 1),
                     .header = {}};
    if (first > max_jws_header_size ||
        base64url_decoded_size(made.signature.size()) > max_signature_size)
        return errc::too_large;
    // A further dot is no digit.
    if (made.signature.empty() || !is_base64url(made.payload) || !is_base64url(made.signature))
        return errc::malformed;
    const std::optional<std::string> json = decode_base64url(text.substr(0, first));
    detail::header_sink sink;
    if (!json || read_strict_json(*json, sink))
        return errc::malformed;
    auto header = sink.taken();
    if (!header)
        return header.error();
    made.header = std::move(header).assume_value();
    return made;
}

/// Whether `typ` names this media type, of which `application/` may be left out (RFC 7515 §4.1.9); letters
/// compare without case. \param name without `application/`
[[nodiscard]] inline bool is_type(const std::optional<std::string>& typ,
                                  std::string_view name) noexcept {
    if (!typ)
        return false;
    std::string_view said = *typ;
    constexpr std::string_view prefix = "application/";
    if (oauth2::detail::equal_ignoring_case(said.substr(0, prefix.size()), prefix))
        said.remove_prefix(prefix.size());
    return oauth2::detail::equal_ignoring_case(said, name);
}

/// Whether `text` looks like a compact JWS, at a glance: three parts, of which the first begins as a JSON
/// object does in base64url. An opaque token may: only `read_compact` tells.
[[nodiscard]] constexpr bool looks_like_jws(std::string_view text) noexcept {
    const std::size_t first = text.find('.');
    const std::size_t second = first == text.npos ? first : text.find('.', first + 1);
    return text.starts_with("ey") && second != text.npos && text.find('.', second + 1) == text.npos;
}

/// What of a text that looks like a compact JWS was signed: all but its last part. (One payload may have many good
/// signatures: of an elliptic one anybody can make a second.)
[[nodiscard]] constexpr std::optional<std::string_view>
signed_part(std::string_view text) noexcept {
    if (!looks_like_jws(text))
        return std::nullopt;
    return text.substr(0, text.rfind('.'));
}

/// What a token is revoked by, and whatever a lenient reader takes for the same one: of a JWT what was signed, since
/// the last character of any signature has bits that nobody reads, too; and no padding.
[[nodiscard]] constexpr std::string_view revoked_by(std::string_view token) noexcept {
    const std::string_view text = signed_part(token).value_or(token);
    return text.substr(0, text.find_last_not_of('=') + 1);
}

} // namespace outlast::oauth2::jose

#endif // OUTLAST_OAUTH2_JOSE_COMPACT_HPP
