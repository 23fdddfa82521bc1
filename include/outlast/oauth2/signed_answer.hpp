// SPDX-License-Identifier: BSL-1.0
//
// Signed answers of an introspection endpoint (RFC 9701).
#ifndef OUTLAST_OAUTH2_SIGNED_ANSWER_HPP
#define OUTLAST_OAUTH2_SIGNED_ANSWER_HPP

#include <outlast/oauth2/detail/ascii.hpp>
#include <outlast/oauth2/document.hpp>
#include <outlast/oauth2/reason.hpp>
#include <outlast/oauth2/response.hpp>
#include <outlast/oauth2/strict_json.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace outlast::oauth2 {

/// What a signed answer is asked for and sent as.
inline constexpr std::string_view signed_answer_type = "application/token-introspection+jwt";

/// What a verifier makes of a JWT.
struct verified_claims {
    std::optional<std::string> json{};      ///< what was signed; none if not by whom it should be
    reason why = reason::bad_signed_answer; ///< then: this, or `unknown_key`
};

/// Whose signed answers are believed. Without a verifier none are asked for.
struct signed_answers {
    std::string issuer{};   ///< must be `iss`, byte for byte
    std::string audience{}; ///< our client id: must be one of `aud`
    /// Looks at type (`token-introspection+jwt`), algorithm and signature of a JWT. Called by whoever reads the
    /// answer, from several threads at once; does not wait.
    std::function<verified_claims(std::string_view jwt)> verify{};
    /// How far `iat` may be from our clock, to either side: an answer of yesterday is none, whoever repeats it
    /// (nothing in a signed answer names the question). Default 60 s.
    std::chrono::seconds clocks_within{60};
};

namespace detail {

/// The sink of `read_strict_json` for the claims of RFC 9701 §5. What stands in `token_introspection` is handed on to
/// a `document` as if it stood alone; of a claim beside it that has the name of a fact nothing gets there.
class signed_claims {
public:
    /// Both outlive it.
    signed_claims(const signed_answers& wanted,
                  const document_options& options,
                  std::chrono::system_clock::time_point now) noexcept
        : wanted_(&wanted), introspection_(options), now_(now) {}

    /// Whether the claims are whole, and those that were wanted.
    [[nodiscard]] bool are_good() const noexcept {
        return well_formed_ && from_issuer_ && for_us_ && is_of_now_ && has_introspection_;
    }
    [[nodiscard]] document& introspection() noexcept { return introspection_; }

    void open_object(std::size_t depth) {
        if (depth == 0)
            return;
        if (depth == 1 && member_ == member::introspection)
            has_introspection_ = true;
        else if (depth == 1)
            return other();
        if (member_ == member::introspection)
            introspection_.open_object(depth - 1);
    }
    void open_array(std::size_t depth) {
        if (depth == 0)
            well_formed_ = false;
        else if (depth == 1 && member_ != member::aud)
            other();
        else if (inside(depth))
            introspection_.open_array(depth - 1);
    }
    void key(std::size_t depth, std::string_view name) {
        if (inside(depth))
            return introspection_.key(depth - 1, name);
        if (depth == 1)
            member_ = name == "iss"                   ? member::iss
                      : name == "aud"                 ? member::aud
                      : name == "iat"                 ? member::iat
                      : name == "token_introspection" ? member::introspection
                                                      : member::other;
    }
    void string(std::size_t depth, std::string_view text) {
        if (inside(depth))
            introspection_.string(depth - 1, text);
        else if (depth == 1 && member_ == member::iss)
            from_issuer_ = text == wanted_->issuer;
        else if (depth != 0 && member_ == member::aud)
            for_us_ = for_us_ || (depth <= 2 && text == wanted_->audience);
        else if (depth <= 1)
            other();
    }
    void number(std::size_t depth, std::string_view text) {
        if (inside(depth))
            introspection_.number(depth - 1, text);
        else if (depth == 1 && member_ == member::iat)
            is_of_now_ = is_near(read_numeric_date(text, fraction::down));
        else if (depth <= 1)
            other();
    }
    void boolean(std::size_t depth, bool value) {
        if (inside(depth))
            introspection_.boolean(depth - 1, value);
        else if (depth <= 1)
            other();
    }
    void null(std::size_t depth) {
        if (inside(depth))
            introspection_.null(depth - 1);
        else if (depth <= 1)
            other();
    }

private:
    enum class member : std::uint8_t { none, other, iss, aud, iat, introspection };

    [[nodiscard]] bool inside(std::size_t depth) const noexcept {
        return depth >= 2 && member_ == member::introspection;
    }
    // In whole seconds: in the clock's nanoseconds the year 9999 does not fit 64 bits.
    [[nodiscard]] bool is_near(std::optional<std::chrono::sys_seconds> iat) const noexcept {
        const auto now = std::chrono::floor<std::chrono::seconds>(now_);
        return iat && *iat >= now - wanted_->clocks_within && *iat <= now + wanted_->clocks_within;
    }
    // A value of a type that the member may not have; what other claims are does not matter.
    void other() noexcept { well_formed_ = well_formed_ && member_ == member::other; }

    const signed_answers* wanted_;
    document introspection_;
    std::chrono::system_clock::time_point now_;
    member member_ = member::none;
    bool well_formed_ = true;
    bool from_issuer_ = false;
    bool for_us_ = false;
    bool is_of_now_ = false;
    bool has_introspection_ = false;
};

[[nodiscard]] inline bool is_signed_answer(std::string_view content_type) noexcept {
    std::string_view rest = trimmed(content_type);
    const std::string_view type = rest.substr(0, signed_answer_type.size());
    rest.remove_prefix(type.size());
    return equal_ignoring_case(type, signed_answer_type) && are_parameters(rest);
}

/// The verdict of the claims of a verified answer; the facts are put into `made`.
[[nodiscard]] inline reason read_signed_claims(std::string_view json,
                                               const signed_answers& wanted,
                                               const document_options& options,
                                               std::chrono::system_clock::time_point now,
                                               facts_ptr& said) {
    signed_claims claims{wanted, options, now};
    if (const auto problem = read_strict_json(json, claims))
        return *problem;
    if (!claims.are_good())
        return reason::bad_signed_answer;
    const reason verdict = claims.introspection().verdict();
    if (verdict == reason::active)
        said = std::make_shared<facts const>(claims.introspection().take_facts());
    return verdict;
}

} // namespace detail

/// `classify` where a signed answer was demanded: of a 200 only `application/token-introspection+jwt` is believed, only
/// if its issuer signed it for us as an answer to introspection, and only what `token_introspection` says. A plain
/// answer is BAD: whoever could replace a signed one by it would decide about tokens. A 400 that says no is ODD.
///
/// \throws std::bad_alloc, and what the verifier throws
[[nodiscard]] inline finding classify_signed(response_view const& answer,
                                             std::chrono::system_clock::time_point now,
                                             const signed_answers& wanted,
                                             document_options const& options = {}) {
    finding made;
    if (answer.status != 200) {
        made = classify(answer, now, options);
        if (made.outcome() == outcome_class::inactive)
            made.why = reason::bad_request; // a "no" that nobody signed
        return made;
    }
    if (!answer.date.empty())
        made.date = read_http_date(answer.date, std::chrono::floor<std::chrono::seconds>(now));
    const std::string_view coding = detail::trimmed(answer.content_encoding);
    if (answer.body_cut || answer.body.size() > max_body_size)
        made.why = reason::body_too_large;
    else if (!detail::is_signed_answer(answer.content_type))
        made.why = reason::not_signed;
    else if (!coding.empty() && !detail::equal_ignoring_case(coding, "identity"))
        made.why = reason::content_encoding;
    else if (const verified_claims claims = wanted.verify(answer.body); !claims.json)
        made.why = claims.why;
    else
        made.why = detail::read_signed_claims(*claims.json, wanted, options, now, made.said);
    return made;
}

} // namespace outlast::oauth2

#endif // OUTLAST_OAUTH2_SIGNED_ANSWER_HPP
