// SPDX-License-Identifier: BSL-1.0
#include "discovery.hpp"

#include <outlast/http/url_target.hpp>
#include <outlast/oauth2/media_type.hpp>
#include <outlast/oauth2/response.hpp>

#include <boost/json/parse.hpp>

namespace doctor {

namespace json = boost::json;

std::array<std::string, 2> discovery_urls(std::string_view issuer) {
    while (issuer.ends_with('/'))
        issuer.remove_suffix(1);
    const std::size_t path = issuer.find('/', issuer.find("://") + 3);
    const std::string origin{issuer.substr(0, path)};
    const std::string rest{path == issuer.npos ? "" : issuer.substr(path)};
    return {origin + "/.well-known/oauth-authorization-server" + rest,
            origin + rest + "/.well-known/openid-configuration"};
}

discovered read_document(int status,
                         std::string_view content_type,
                         std::string_view body,
                         std::string_view issuer,
                         bool allow_plain_http) {
    using outlast::oauth2::reason;
    if (const auto by_status = outlast::oauth2::reason_of_status(status))
        return {.wrong = *by_status};
    if (status != 200)
        return {.wrong = reason::bad_request};
    if (!outlast::oauth2::is_json(content_type))
        return {.wrong = reason::not_json};
    json::error_code error;
    const json::value read = json::parse({body.data(), body.size()}, error);
    const json::object* const members = error ? nullptr : read.if_object();
    if (members == nullptr)
        return {.wrong = surprise::bad_document};
    const auto text = [&](std::string_view name) -> std::string {
        const json::value* const found = members->if_contains({name.data(), name.size()});
        const json::string* const value = found != nullptr ? found->if_string() : nullptr;
        return value != nullptr ? std::string{value->data(), value->size()} : "";
    };
    discovered made{.endpoint = text("introspection_endpoint"), .issuer = text("issuer")};
    if (made.issuer != issuer)
        made.wrong = surprise::wrong_issuer;
    else if (made.endpoint.empty())
        made.wrong = surprise::no_endpoint;
    else if (!outlast::http::read_url(made.endpoint, allow_plain_http))
        made.wrong = surprise::unusable_endpoint;
    return made;
}

} // namespace doctor
