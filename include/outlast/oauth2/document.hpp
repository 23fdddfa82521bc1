// SPDX-License-Identifier: BSL-1.0
//
// The members of an introspection answer, sorted while they are read.
#ifndef OUTLAST_OAUTH2_DOCUMENT_HPP
#define OUTLAST_OAUTH2_DOCUMENT_HPP

#include <outlast/oauth2/facts.hpp>
#include <outlast/oauth2/numeric_date.hpp>
#include <outlast/oauth2/reason.hpp>
#include <outlast/oauth2/strict_json.hpp>

#include <algorithm> // std::find, std::min
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace outlast::oauth2 {

struct document_options {
    /// Takes exp, nbf and iat as strings too, if they hold exactly a JSON number.
    bool lenient_numbers = false;

    /// Names of further claims to keep. Their strings, numbers and booleans are kept as text, an
    /// array of these as a list; a claim that holds an object or an array within is not kept. Names
    /// of `facts` itself have no effect.
    std::vector<std::string> keep;
};

/// The sink of `read_strict_json` for RFC 7662 §2.2 (and for the error of RFC 6749 §5.2). Knows
/// what each member must be; null is absent, except for `active`.
///
/// A member of the wrong type does not end the reading: whether it matters is known only at the
/// end, as an inactive answer is inactive whatever else is in it.
class document {
public:
    explicit document(document_options const& options) noexcept : options_{options} {}

    /// The verdict of a document that was read to its end.
    [[nodiscard]] reason verdict() const noexcept {
        if (!is_object_)
            return reason::not_an_object;
        if (active_ == activity::missing)
            return reason::active_missing;
        if (active_ == activity::wrong)
            return reason::active_not_boolean;
        if (active_ == activity::no)
            return reason::inactive;
        return problem_.value_or(reason::active);
    }

    /// What is wrong with the facts, for a document that has no `active` (the claims of a JWT): none, or the first
    /// thing.
    [[nodiscard]] std::optional<reason> problem_of_facts() const noexcept {
        return is_object_ ? problem_ : std::optional{reason::not_an_object};
    }

    /// True when the document is an object whose `error` is `unsupported_token_type`.
    [[nodiscard]] bool is_unsupported_token_type() const noexcept { return unsupported_; }

    /// The facts; of use only when the verdict is `active`.
    [[nodiscard]] facts take_facts() noexcept { return std::move(facts_); }

    void open_object(std::size_t depth) {
        if (depth == 0) {
            is_object_ = true;
        } else if (depth == 1 && field_ == field::cnf) {
            facts_.cnf.emplace();
        } else {
            open_container(depth);
        }
    }

    void open_array(std::size_t depth) {
        const bool is_list = depth == 1 && (field_ == field::aud || field_ == field::further);
        if (depth != 0 && !is_list)
            open_container(depth);
    }

    void key(std::size_t depth, std::string_view name) {
        if (depth == 1) {
            field_ = field_of(name);
            if (field_ == field::further)
                facts_.further.push_back({std::string{name}, {}});
        } else if (depth == 2 && field_ == field::cnf) {
            method_ = name == "jkt"        ? method::jkt
                      : name == "x5t#S256" ? method::x5t_s256
                                           : method::other;
        }
    }

    void string(std::size_t depth, std::string_view text) {
        if (depth == 0 || depth > 2)
            return;
        if (auto* const member = text_member()) {
            member->emplace(text);
            return;
        }
        switch (field_) {
        case field::exp:
        case field::nbf:
        case field::iat:
            if (!options_.lenient_numbers)
                return fail(reason::bad_time);
            return time(text);
        case field::scope:
            return add_scopes(text);
        case field::aud:
            facts_.aud.emplace_back(text);
            return;
        case field::error:
            unsupported_ = text == "unsupported_token_type";
            return;
        case field::further:
            facts_.further.back().values.emplace_back(text);
            return;
        case field::cnf:
            if (depth == 1)
                return wrong_type();
            if (method_ == method::jkt)
                facts_.cnf->jkt = text;
            if (method_ == method::x5t_s256)
                facts_.cnf->x5t_s256 = text;
            return;
        default:
            return wrong_type();
        }
    }

    void number(std::size_t depth, std::string_view text) {
        if (depth == 0 || depth > 2)
            return;
        switch (field_) {
        case field::exp:
        case field::nbf:
        case field::iat:
            return time(text);
        case field::further:
            facts_.further.back().values.emplace_back(text);
            return;
        default:
            return wrong_type();
        }
    }

    void boolean(std::size_t depth, bool value) {
        if (depth == 0 || depth > 2)
            return;
        if (field_ == field::active) {
            active_ = value ? activity::yes : activity::no;
        } else if (field_ == field::further) {
            facts_.further.back().values.emplace_back(value ? "true" : "false");
        } else {
            wrong_type();
        }
    }

    void null(std::size_t depth) {
        if (depth == 0 || depth > 2)
            return;
        const bool wrong = field_ == field::active || (field_ == field::aud && depth == 2);
        if (wrong)
            return wrong_type();
        if (field_ == field::further && depth == 1)
            drop_further();
    }

private:
    enum class activity : std::uint8_t { missing, wrong, no, yes };
    enum class method : std::uint8_t { other, jkt, x5t_s256 };

    /// The member of the root that is being read. Values at depth 2 belong to it as well: only
    /// lists and `cnf` stay here when a container opens, all else goes on as `other`.
    enum class field : std::uint8_t {
        other,
        active,
        exp,
        nbf,
        iat,
        scope,
        aud,
        iss,
        sub,
        client_id,
        username,
        token_type,
        jti,
        cnf,
        error,
        further,
    };

    [[nodiscard]] field field_of(std::string_view name) const noexcept {
        constexpr std::pair<std::string_view, field> known[] = {
            {"active", field::active},
            {"exp", field::exp},
            {"nbf", field::nbf},
            {"iat", field::iat},
            {"scope", field::scope},
            {"aud", field::aud},
            {"iss", field::iss},
            {"sub", field::sub},
            {"client_id", field::client_id},
            {"username", field::username},
            {"token_type", field::token_type},
            {"jti", field::jti},
            {"cnf", field::cnf},
            {"error", field::error},
        };
        for (auto const& [known_name, which] : known) {
            if (name == known_name)
                return which;
        }
        auto const& keep = options_.keep;
        return std::find(keep.begin(), keep.end(), name) != keep.end() ? field::further
                                                                       : field::other;
    }

    /// The fact that is one text, when the member is such a one.
    [[nodiscard]] std::optional<std::string>* text_member() noexcept {
        switch (field_) {
        case field::iss:
            return &facts_.iss;
        case field::sub:
            return &facts_.sub;
        case field::client_id:
            return &facts_.client_id;
        case field::username:
            return &facts_.username;
        case field::token_type:
            return &facts_.token_type;
        case field::jti:
            return &facts_.jti;
        default:
            return nullptr;
        }
    }

    /// A container that its member may not have.
    void open_container(std::size_t depth) noexcept {
        if (depth == 0 || depth > 2)
            return;
        if (field_ == field::further) {
            drop_further();
        } else {
            wrong_type();
        }
    }

    /// A value of a type that its member may not have. `cnf` may have methods of any type that are
    /// not known here: they count as a binding all the same.
    void wrong_type() noexcept {
        switch (field_) {
        case field::other:
            return;
        case field::error:
            break; // an answer with `active` has no use for it
        case field::active:
            active_ = activity::wrong;
            break;
        case field::exp:
        case field::nbf:
        case field::iat:
            return fail(reason::bad_time);
        case field::cnf:
            if (facts_.cnf && method_ == method::other)
                return;
            return fail(reason::bad_claim_type);
        default:
            return fail(reason::bad_claim_type);
        }
        field_ = field::other;
    }

    void fail(reason why) noexcept {
        if (!problem_)
            problem_ = why;
        field_ = field::other;
    }

    void drop_further() noexcept {
        facts_.further.pop_back();
        field_ = field::other;
    }

    void time(std::string_view text) noexcept {
        // exp and iat are rounded down, nbf up: never a moment more than was granted.
        const bool up = field_ == field::nbf;
        const auto moment = read_numeric_date(text, up ? fraction::up : fraction::down);
        if (!moment)
            return fail(reason::bad_time);
        (field_ == field::exp ? facts_.exp : up ? facts_.nbf : facts_.iat) = moment;
    }

    /// Scope names are parted by blanks (RFC 6749 §3.3).
    void add_scopes(std::string_view text) {
        while (!text.empty()) {
            const std::size_t end = std::min(text.find(' '), text.size());
            if (end != 0)
                facts_.scope.emplace_back(text.substr(0, end));
            text.remove_prefix(std::min(end + 1, text.size()));
        }
    }

    document_options const& options_;
    facts facts_;
    std::optional<reason> problem_;
    field field_ = field::other;
    method method_ = method::other;
    activity active_ = activity::missing;
    bool is_object_ = false;
    bool unsupported_ = false;
};

} // namespace outlast::oauth2

#endif // OUTLAST_OAUTH2_DOCUMENT_HPP
