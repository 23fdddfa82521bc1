// SPDX-License-Identifier: BSL-1.0
//
// The members of a metadata document, sorted while they are read.
#ifndef OUTLAST_OAUTH2_METADATA_DOCUMENT_HPP
#define OUTLAST_OAUTH2_METADATA_DOCUMENT_HPP

#include <outlast/oauth2/reason.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace outlast::oauth2 {

/// What of an authorization server's metadata (RFC 8414 §2) is of use to a resource server. A text is
/// empty when the document has no such member.
struct server_metadata {
    std::string issuer{};
    std::string introspection_endpoint{};
    std::string jwks_uri{};
    std::string token_endpoint{};
    /// `introspection_endpoint_auth_methods_supported`; empty when it is not said.
    std::vector<std::string> introspection_auth_methods{};
};

/// The sink of `read_strict_json` for such a document. Null is absent; what is not known is passed over.
class metadata_document {
public:
    /// Why it means nothing, once it was read to its end; none when it does.
    [[nodiscard]] std::optional<reason> problem() const noexcept {
        if (!is_object_)
            return reason::not_an_object;
        return is_wrong_ ? std::optional{reason::bad_claim_type} : std::nullopt;
    }
    [[nodiscard]] server_metadata take() noexcept { return std::move(said_); }

    void open_object(std::size_t depth) noexcept {
        if (depth == 0)
            is_object_ = true;
        else
            open(depth);
    }
    void open_array(std::size_t depth) noexcept {
        const bool is_list = depth == 1 && field_ == field::auth_methods;
        if (depth != 0 && !is_list)
            open(depth);
    }
    void key(std::size_t depth, std::string_view name) noexcept {
        if (depth == 1)
            field_ = field_of(name);
    }
    void string(std::size_t depth, std::string_view text) {
        const bool is_member = depth == 1;
        switch (field_) {
        case field::issuer:
            return take(is_member, said_.issuer, text);
        case field::introspection_endpoint:
            return take(is_member, said_.introspection_endpoint, text);
        case field::jwks_uri:
            return take(is_member, said_.jwks_uri, text);
        case field::token_endpoint:
            return take(is_member, said_.token_endpoint, text);
        case field::auth_methods:
            if (depth != 2)
                return wrong();
            said_.introspection_auth_methods.emplace_back(text);
            return;
        case field::other:
            return;
        }
    }
    void number(std::size_t, std::string_view) noexcept { wrong(); }
    void boolean(std::size_t, bool) noexcept { wrong(); }
    void null(std::size_t depth) noexcept {
        if (depth == 2)
            wrong();
    }

private:
    /// The member of the root that is being read. What stands deeper belongs to it as well, if it is a
    /// list that is known; all else goes on as `other`.
    enum class field : std::uint8_t {
        other,
        issuer,
        introspection_endpoint,
        jwks_uri,
        token_endpoint,
        auth_methods,
    };

    static field field_of(std::string_view name) noexcept {
        constexpr std::pair<std::string_view, field> known[] = {
            {"issuer", field::issuer},
            {"introspection_endpoint", field::introspection_endpoint},
            {"jwks_uri", field::jwks_uri},
            {"token_endpoint", field::token_endpoint},
            {"introspection_endpoint_auth_methods_supported", field::auth_methods},
        };
        for (auto const& [known_name, which] : known) {
            if (name == known_name)
                return which;
        }
        return field::other;
    }

    void take(bool is_member, std::string& into, std::string_view text) {
        if (is_member && !text.empty())
            into = text;
        else
            wrong();
    }
    /// A container where a member that is known has none.
    void open(std::size_t depth) noexcept {
        if (depth <= 2)
            wrong();
    }
    void wrong() noexcept {
        is_wrong_ = is_wrong_ || field_ != field::other;
        field_ = field::other;
    }

    server_metadata said_;
    field field_ = field::other;
    bool is_object_ = false;
    bool is_wrong_ = false;
};

} // namespace outlast::oauth2

#endif // OUTLAST_OAUTH2_METADATA_DOCUMENT_HPP
