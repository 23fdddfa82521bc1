// SPDX-License-Identifier: BSL-1.0
//
// A JSON Web Key as data: what its members say, decoded, before anything is made of it.
#ifndef OUTLAST_OAUTH2_JOSE_JWK_HPP
#define OUTLAST_OAUTH2_JOSE_JWK_HPP

#include <outlast/oauth2/jose/base64url.hpp>
#include <outlast/oauth2/jose/error.hpp>
#include <outlast/oauth2/secret.hpp> // wipe
#include <outlast/oauth2/strict_json.hpp>

#include <algorithm> // std::find
#include <array>
#include <cstddef>
#include <memory> // std::construct_at
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace outlast::oauth2::jose {

/// One JWK of kind RSA or EC (RFC 7517 §4, RFC 7518 §6): texts, and numbers as big-endian bytes. Move-only: it
/// may hold a private key, which it wipes. No stream output.
struct jwk {
    std::string kty{};
    std::optional<std::string> kid{};
    std::optional<std::string> use{};
    std::optional<std::string> alg{};
    std::optional<std::vector<std::string>> key_ops{};

    std::string n{}, e{};                   ///< RSA
    std::string crv{}, x{}, y{};            ///< EC
    std::string d{};                        ///< private
    std::string p{}, q{}, dp{}, dq{}, qi{}; ///< private, RSA
    bool has_private =
        false; ///< any private member, also of kinds that are not known here (`k`, `oth`)
    bool well_formed = true; ///< false: a member of another type than it has to have

    jwk() = default;
    jwk(jwk&&) noexcept = default;
    jwk& operator=(jwk&& other) noexcept {
        if (this != &other) {
            std::destroy_at(this); // wipes
            std::construct_at(this, std::move(other));
        }
        return *this;
    }
    ~jwk() {
        for (std::string* one : {&d, &p, &q, &dp, &dq, &qi})
            oauth2::detail::wipe(*one);
    }

    /// Whether `use` and `key_ops`, where they are there, allow this operation: "sign" or "verify".
    [[nodiscard]] bool is_for(std::string_view operation) const noexcept {
        if (use && *use != "sig")
            return false;
        return !key_ops || std::find(key_ops->begin(), key_ops->end(), operation) != key_ops->end();
    }
};

namespace detail {

/// Hears the members of one JWK, which is the object at depth `base`: 0 for a JWK by itself, 2 in a set.
class jwk_sink {
public:
    explicit jwk_sink(std::size_t base) noexcept : base_(base) {}

    [[nodiscard]] jwk taken() { return std::exchange(made_, {}); }

    void open_object(std::size_t depth) noexcept { other(depth); }
    void open_array(std::size_t depth) {
        if (depth == base_ + 1 && member_ == "key_ops")
            made_.key_ops.emplace();
        else
            other(depth);
    }
    void key(std::size_t depth, std::string_view name) {
        if (depth != base_ + 1)
            return;
        member_.assign(name);
        constexpr std::array<std::string_view, 8> private_names = {"d",  "p",  "q",   "dp",
                                                                   "dq", "qi", "oth", "k"};
        made_.has_private =
            made_.has_private ||
            std::find(private_names.begin(), private_names.end(), name) != private_names.end();
    }
    void string(std::size_t depth, std::string_view text) {
        if (depth == base_ + 2 && member_ == "key_ops" && made_.key_ops)
            made_.key_ops->emplace_back(text);
        if (depth != base_ + 1)
            return;
        if (member_ == "kty")
            made_.kty = text;
        else if (member_ == "crv")
            made_.crv = text;
        else if (auto* const optional = optional_text())
            optional->emplace(text);
        else if (std::string* const bytes = number_bytes())
            decode(*bytes, text);
        else if (member_ == "key_ops")
            made_.well_formed = false;
    }
    void number(std::size_t depth, std::string_view) noexcept { other(depth); }
    void boolean(std::size_t depth, bool) noexcept { other(depth); }
    void null(std::size_t depth) noexcept { other(depth); }

private:
    std::optional<std::string>* optional_text() noexcept {
        return member_ == "kid"   ? &made_.kid
               : member_ == "use" ? &made_.use
               : member_ == "alg" ? &made_.alg
                                  : nullptr;
    }
    std::string* number_bytes() noexcept {
        const std::pair<std::string_view, std::string*> all[] = {
            {"n", &made_.n},   {"e", &made_.e},  {"x", &made_.x}, {"y", &made_.y},
            {"d", &made_.d},   {"p", &made_.p},  {"q", &made_.q}, {"dp", &made_.dp},
            {"dq", &made_.dq}, {"qi", &made_.qi}};
        for (const auto& [name, bytes] : all) {
            if (member_ == name)
                return bytes;
        }
        return nullptr;
    }
    void decode(std::string& bytes, std::string_view text) {
        if (auto decoded = decode_base64url(text))
            bytes = *std::move(decoded);
        else
            made_.well_formed = false;
    }
    // What has another type than a string: matters where the member is one that is known.
    void other(std::size_t depth) noexcept {
        if (depth == base_ + 1 && (member_ == "kty" || member_ == "crv" || member_ == "key_ops" ||
                                   optional_text() != nullptr || number_bytes() != nullptr))
            made_.well_formed = false;
        if (depth == base_ + 2 && member_ == "key_ops")
            made_.well_formed = false;
    }

    std::size_t base_;
    jwk made_{};
    std::string member_{};
};

/// A document that is one JWK.
class jwk_document : public jwk_sink {
public:
    jwk_document() noexcept : jwk_sink(0) {}
    [[nodiscard]] bool is_object() const noexcept { return is_object_; }
    void open_object(std::size_t depth) noexcept {
        is_object_ = is_object_ || depth == 0;
        jwk_sink::open_object(depth);
    }

private:
    bool is_object_ = false;
};

} // namespace detail

/// Reads one JWK, strictly: no duplicate members, within the bounds of strict_json.hpp.
/// \return the key as it was written; or `malformed`. \throws std::bad_alloc
[[nodiscard]] inline result<jwk> read_jwk(std::string_view json) {
    detail::jwk_document sink;
    if (read_strict_json(json, sink) || !sink.is_object())
        return errc::malformed;
    jwk made = sink.taken();
    if (!made.well_formed)
        return errc::malformed;
    return made;
}

} // namespace outlast::oauth2::jose

#endif // OUTLAST_OAUTH2_JOSE_JWK_HPP
