// SPDX-License-Identifier: BSL-1.0
#include "token_source.hpp"

#include <boost/json.hpp>

#include <stdexcept>
#include <utility>

namespace rehearsal {

namespace json = boost::json;

namespace {

constexpr std::chrono::milliseconds patience{5000};

/// Scheme, host and port of a URL.
std::string origin_of(const std::string& url) {
    const auto authority = url.find("://");
    return url.substr(0, authority == url.npos ? 0 : url.find('/', authority + 3));
}

/// The document's members; none if it is no JSON object.
json::object members_of(const std::string& document) {
    boost::system::error_code ec;
    json::value value = json::parse(document, ec);
    return !ec && value.is_object() ? value.get_object() : json::object{};
}

std::string text_in(const json::object& members, const char* name) {
    const json::value* found = members.if_contains(name);
    return found != nullptr && found->is_string() ? std::string{found->get_string()}
                                                  : std::string{};
}

std::string
own_endpoint(const json::object& metadata, const char* name, const std::string& origin) {
    std::string url = text_in(metadata, name);
    if (!url.empty() && origin_of(url) != origin) {
        throw std::runtime_error{std::string{"the "} + name +
                                 " in the issuer's metadata is not at the issuer's own origin"};
    }
    return url;
}

} // namespace

endpoints discover(const std::string& issuer) {
    const std::string origin = origin_of(issuer);
    std::string path = issuer.substr(origin.size());
    while (path.ends_with('/')) {
        path.pop_back();
    }
    http_client http;
    for (const std::string& url : {origin + "/.well-known/oauth-authorization-server" + path,
                                   origin + path + "/.well-known/openid-configuration"}) {
        const http_answer answer = http.get(url, {}, patience);
        const json::object metadata = members_of(answer.body);
        if (answer.status == 200 && text_in(metadata, "issuer") == issuer) {
            return {own_endpoint(metadata, "token_endpoint", origin),
                    own_endpoint(metadata, "introspection_endpoint", origin)};
        }
    }
    throw std::runtime_error{"no metadata of the issuer " + issuer +
                             " (name --introspection-endpoint and --token instead)"};
}

token_source::token_source(std::string token_endpoint,
                           std::string client_id,
                           std::string client_secret)
    : endpoint_{std::move(token_endpoint)},
      client_id_{std::move(client_id)},
      client_secret_{std::move(client_secret)} {}

token_source::issued token_source::issue(std::optional<std::chrono::seconds> lifetime) {
    std::string form = "grant_type=client_credentials";
    if (lifetime) {
        form += "&lifetime=" + std::to_string(lifetime->count());
    }
    const http_answer answer = http_.post(endpoint_, form, client_id_, client_secret_, patience);
    const json::object members = members_of(answer.body);
    issued out{text_in(members, "access_token"), std::nullopt};
    if (answer.status != 200 || out.value.empty()) {
        throw std::runtime_error{"no token from " + endpoint_ +
                                 (answer.status == 0
                                      ? std::string{": it does not answer"}
                                      : ": it answers " + std::to_string(answer.status))};
    }
    if (const json::value* lives = members.if_contains("expires_in"); lives && lives->is_int64()) {
        out.lives = std::chrono::seconds{lives->get_int64()};
    }
    return out;
}

} // namespace rehearsal
