// SPDX-License-Identifier: BSL-1.0
//
// The introspection request, as data.
#ifndef OUTLAST_OAUTH2_REQUEST_HPP
#define OUTLAST_OAUTH2_REQUEST_HPP

#include <outlast/config.hpp>
#include <outlast/oauth2/bearer.hpp> // is_b64token
#include <outlast/oauth2/client_auth.hpp>
#include <outlast/oauth2/form.hpp>
#include <outlast/oauth2/secret.hpp>

#include <new> // std::bad_alloc
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace outlast::oauth2 {

/// One HTTP request, ready for a transport. It holds a token and credentials in its body and
/// headers, and wipes both when it ends or is overwritten. Move-only; no stream output.
struct request {
    static constexpr std::string_view method = "POST";

    std::string url;
    std::vector<std::pair<std::string, std::string>> headers;
    std::string body;

    request() = default;
    request(request&&) noexcept = default;
    request& operator=(request&& other) noexcept {
        if (this != &other) {
            wipe();
            url = std::move(other.url);
            headers = std::move(other.headers);
            body = std::move(other.body);
        }
        return *this;
    }
    ~request() { wipe(); }

private:
    void wipe() noexcept {
        detail::wipe(body);
        for (auto& [name, value] : headers)
            detail::wipe(value);
    }
};

namespace detail {

/// Adds `name=value` to a form. The caller has reserved: see `form_parameter_size`.
inline void append_parameter(std::string& body, std::string_view name, std::string_view value) {
    if (!body.empty())
        body.push_back('&');
    append_form_encoded(body, name);
    body.push_back('=');
    append_form_encoded(body, value);
}

[[nodiscard]] inline std::size_t form_parameter_size(std::string_view name,
                                                     std::string_view value) noexcept {
    return form_encoded_size(name) + form_encoded_size(value) + 2;
}

/// `Basic` and the base64 of the form-encoded id, a colon, the form-encoded password: the encoding
/// keeps a colon in the id, and whatever is not ASCII, apart from the grammar of Basic.
inline void append_basic(std::string& value, std::string_view id, std::string_view password) {
    std::string plain;
    const wiped_on_exit wiped{plain};
    plain.reserve(form_encoded_size(id) + 1 + form_encoded_size(password));
    append_form_encoded(plain, id);
    plain.push_back(':');
    append_form_encoded(plain, password);

    value.reserve(6 + base64_size(plain.size()));
    value.append("Basic ");
    append_base64(value, plain);
}

inline void append_bearer(std::string& value, std::string_view token) {
    value.reserve(7 + token.size());
    value.append("Bearer ");
    value.append(token);
}

/// Asks the maker. An exception of its own ends here: it may carry anything in its text.
[[nodiscard]] inline std::optional<fresh_credentials>
fresh_from(client_credentials_maker const& maker) {
    if (!maker.make)
        return std::nullopt;
#if OUTLAST_EXCEPTIONS
    try {
        return maker.make();
    } catch (std::bad_alloc const&) {
        throw;
    } catch (...) {
        return std::nullopt;
    }
#else
    return maker.make();
#endif
}

} // namespace detail

/// Builds the request of RFC 7662 §2.1 for one attempt: a POST of a form with `token` and
/// `token_type_hint=access_token`, that accepts JSON (or what `accept` says) and no content coding. The token is in the
/// body only, never in the URL. Credentials that are made anew are made here, so call it for each
/// attempt (and each hedge), never once for several.
///
/// \param url    of the introspection endpoint, used as it is
/// \param token  of the client; any bytes, they are encoded
/// \return the request; none when the credentials cannot be had now, or when the resource server's
///         own bearer token is not a b64token, as it would end the header line
/// \throws std::bad_alloc only
///
/// Cost: allocates each string once, at its final size. Pure but for the maker.
[[nodiscard]] inline std::optional<request>
introspection_request(std::string_view url,
                      client_auth const& auth,
                      std::string_view token,
                      std::string_view accept = "application/json") {
    constexpr std::string_view hint = "token_type_hint";
    constexpr std::string_view access_token = "access_token";

    std::optional<fresh_credentials> fresh;
    if (auto const* as = std::get_if<client_credentials_maker>(&auth)) {
        fresh = detail::fresh_from(*as);
        if (!fresh)
            return std::nullopt;
    }

    // What the body gets besides token and hint, as views: sized first, so that it never grows.
    std::vector<std::pair<std::string_view, std::string_view>> further;
    std::string_view own_token;
    if (auto const* as = std::get_if<no_client_auth>(&auth); as != nullptr && !as->id.empty()) {
        further.emplace_back("client_id", as->id);
    } else if (auto const* post = std::get_if<client_secret_post>(&auth)) {
        further.emplace_back("client_id", post->id);
        further.emplace_back("client_secret", post->password.expose());
    } else if (auto const* bearer = std::get_if<client_bearer>(&auth)) {
        own_token = bearer->token.expose();
        if (own_token.empty())
            return std::nullopt;
    } else if (fresh) {
        for (auto const& [name, value] : fresh->parameters) {
            further.emplace_back(name, value.expose());
        }
        own_token = fresh->bearer.expose();
    }
    if (!own_token.empty() && !is_b64token(own_token))
        return std::nullopt;

    std::size_t size = detail::form_parameter_size("token", token) +
                       detail::form_parameter_size(hint, access_token);
    for (auto const& [name, value] : further)
        size += detail::form_parameter_size(name, value);

    request made;
    made.url = url;
    made.body.reserve(size);
    detail::append_parameter(made.body, "token", token);
    detail::append_parameter(made.body, hint, access_token);
    for (auto const& [name, value] : further)
        detail::append_parameter(made.body, name, value);

    made.headers.reserve(4);
    made.headers.emplace_back("Content-Type", "application/x-www-form-urlencoded");
    made.headers.emplace_back("Accept", accept);
    made.headers.emplace_back("Accept-Encoding", "identity"); // a bound on the body must be a bound
    // Written where they stay: a string handed over may leave its characters behind.
    if (auto const* basic = std::get_if<client_secret_basic>(&auth)) {
        detail::append_basic(made.headers.emplace_back("Authorization", "").second, basic->id,
                             basic->password.expose());
    } else if (!own_token.empty()) {
        detail::append_bearer(made.headers.emplace_back("Authorization", "").second, own_token);
    }
    return made;
}

} // namespace outlast::oauth2

#endif // OUTLAST_OAUTH2_REQUEST_HPP
