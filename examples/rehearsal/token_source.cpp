// SPDX-License-Identifier: BSL-1.0
#include "token_source.hpp"

#include <outlast/oauth2/issuer.hpp>
#include <outlast/oauth2/server_metadata.hpp>

#include <boost/json.hpp>

#include <chrono>
#include <stdexcept>
#include <string_view>
#include <utility>

namespace rehearsal {

namespace json = boost::json;

namespace {

constexpr std::chrono::milliseconds patience{5000};

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

} // namespace

endpoints discover(const std::string& issuer) {
    using outlast::oauth2::reason;
    http_client http;
    std::string why;
    for (const std::string& url : outlast::oauth2::metadata_urls(issuer)) {
        const http_answer answer = http.get(url, {}, patience);
        const std::string* const type = answer.header("content-type");
        outlast::oauth2::response_view view;
        view.status = answer.status;
        view.content_type = type != nullptr ? std::string_view{*type} : std::string_view{};
        view.body = answer.body;
        const auto found =
            outlast::oauth2::read_server_metadata(view, std::chrono::system_clock::now());
        const auto wrong =
            found.wrong ? found.wrong : outlast::oauth2::problem_of(found.said, issuer);
        if (!wrong) {
            return {found.said.token_endpoint, found.said.introspection_endpoint};
        }
        why = to_string(*wrong);
        if (wrong != reason::not_found) {
            break;
        }
    }
    throw std::runtime_error{"no metadata of the issuer " + issuer + " (" + why +
                             "; name --introspection-endpoint and --token instead)"};
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
