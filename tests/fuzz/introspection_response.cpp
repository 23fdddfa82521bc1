// SPDX-License-Identifier: BSL-1.0
//
// Answers to an introspection: status, content type, Retry-After and Date, one a line, and the body.
// Another reader of JSON has to agree before a token is called active or inactive.
#include <outlast/oauth2/media_type.hpp>
#include <outlast/oauth2/response.hpp>

#include "fuzz/support/input.hpp"

#include <boost/json/parse.hpp>

#include <chrono>
#include <string_view>

using namespace outlast::oauth2;
using outlast_fuzz::holds;
namespace json = boost::json;

namespace {

/// The member of that name, as the other reader has it; null when there is no such thing.
json::value member(std::string_view body, const char* name) {
    json::parse_options deep;
    deep.max_depth = 64;
    boost::system::error_code error;
    const json::value read =
        json::parse(json::string_view{body.data(), body.size()}, error, {}, deep);
    const json::object* const object = error ? nullptr : read.if_object();
    const json::value* const found = object != nullptr ? object->if_contains(name) : nullptr;
    return found != nullptr ? *found : json::value{};
}

} // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    outlast_fuzz::input in{data, size};
    response_view answer;
    answer.status = in.number();
    answer.content_type = in.line();
    answer.retry_after = in.line();
    answer.date = in.line();
    answer.body = in.rest();
    const std::chrono::system_clock::time_point now{std::chrono::seconds{1'700'000'000}};
    const document_options options{.lenient_numbers = size % 2 == 0, .keep = {"tenant", "exp"}};
    const finding f = classify(answer, now, options);

    holds(static_cast<std::uint8_t>(f.why) < reason_count);
    holds((f.outcome() == outcome_class::active) == (f.said != nullptr));
    if (f.outcome() == outcome_class::active) {
        holds(answer.status == 200 && is_json(answer.content_type));
        holds(answer.body.size() <= max_body_size);
        holds(member(answer.body, "active") == json::value(true));
    }
    if (f.why == reason::inactive)
        holds(answer.status == 200 && member(answer.body, "active") == json::value(false));
    if (f.why == reason::unsupported_token_type)
        holds(answer.status == 400 &&
              member(answer.body, "error") == json::value("unsupported_token_type"));
    if (f.retry_after)
        holds(f.outcome() == outcome_class::down && *f.retry_after >= std::chrono::seconds{1});
    if (f.said) {
        for (const auto& scope : f.said->scope)
            holds(!scope.empty() && scope.find(' ') == scope.npos);
        holds(footprint(*f.said) <= sizeof(facts) + 64 * max_body_size);
    }
    return 0;
}
