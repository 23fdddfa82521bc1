// SPDX-License-Identifier: BSL-1.0
//
// Metadata of a server: the configured issuer, the status and the content type, one a line, and the body.
// What is believed names that issuer, and leads nowhere else.
#include <outlast/oauth2/issuer.hpp>
#include <outlast/oauth2/server_metadata.hpp>

#include "fuzz/support/input.hpp"

#include <boost/json/parse.hpp>

#include <chrono>
#include <string>
#include <string_view>

using namespace outlast::oauth2;
using outlast_fuzz::holds;
namespace http = outlast::http;
namespace json = boost::json;

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    outlast_fuzz::input in{data, size};
    const std::string_view issuer = in.line();
    response_view answer;
    answer.status = in.number();
    answer.content_type = in.line();
    answer.body = in.rest();
    if (!is_issuer(issuer))
        return 0;
    const auto own = http::read_url(issuer, false);
    holds(own.has_value() && (own->is_tls || own->is_local));
    for (const std::string& url : metadata_urls(issuer)) {
        const auto there = http::read_url(url, false);
        holds(there.has_value() && there->origin() == own->origin());
        holds(url.find_first_of("?#") == url.npos);
    }

    const metadata_finding found =
        read_server_metadata(answer, std::chrono::system_clock::time_point{});
    if (found.wrong || problem_of(found.said, issuer))
        return 0;
    holds(answer.status == 200 && answer.body.size() <= max_body_size);
    const json::value read = json::parse(json::string_view{answer.body.data(), answer.body.size()});
    holds(read.as_object().at("issuer").as_string() ==
          json::string_view{issuer.data(), issuer.size()});
    for (const std::string& url :
         {found.said.introspection_endpoint, found.said.jwks_uri, found.said.token_endpoint})
        if (!url.empty())
            holds(http::read_url(url, false).value().origin() == own->origin());
    return 0;
}
