// SPDX-License-Identifier: BSL-1.0
#include "recorder.hpp"
#include "story.hpp"
#include "timetable.hpp"
#include "token_source.hpp"

#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace rehearsal {

namespace {

using std::chrono::duration;

/// The tokens that were handed in, or a few from the issuer.
std::vector<std::size_t>
tokens_to_use(const options& wanted, const endpoints& where, token_book& tokens, live_view& view) {
    std::vector<std::size_t> out;
    for (const std::string& token : wanted.tokens) {
        out.push_back(tokens.add({.value = token, .expires = std::nullopt, .known_truth = false}));
    }
    if (!out.empty()) {
        view.say("Whether the tokens that were handed in are valid is not known here: what is "
                 "counted is the answers.");
        return out;
    }
    if (where.token.empty()) {
        throw std::runtime_error{"the issuer's metadata name no token endpoint (name --token)"};
    }
    token_source source{where.token, wanted.client_ids.front(), wanted.client_secret};
    for (int i = 0; i < 4; ++i) {
        const auto asked = steady::now();
        auto token = source.issue();
        std::optional<steady::time_point> expires;
        if (token.lives) {
            expires = asked + *token.lives;
        }
        out.push_back(tokens.add({.value = std::move(token.value), .expires = expires}));
    }
    return out;
}

} // namespace

record observe(const options& wanted, token_book& tokens, live_view& view) {
    endpoints where;
    if (!wanted.issuer.empty() &&
        (wanted.introspection_endpoint.empty() || wanted.tokens.empty())) {
        where = discover(wanted.issuer);
    }
    if (!wanted.introspection_endpoint.empty()) {
        where.introspection = wanted.introspection_endpoint;
    }
    if (where.introspection.empty()) {
        throw std::runtime_error{
            "the issuer's metadata name no introspection endpoint (name --introspection-endpoint)"};
    }
    view.say("Observing " + where.introspection + ".");
    view.say("Nothing there is killed, frozen, overloaded or revoked: both APIs only ask it, and "
             "their answers are counted.");

    const int length = wanted.seconds.value_or(30);
    record out{.mode = "observed", .async = wanted.async};
    out.per_second = wanted.per_second.value_or(8);
    const request_stream stream =
        make_stream(out.per_second, duration<double>{length + 5},
                    {.steady = tokens_to_use(wanted, where, tokens, view)});
    const guard_settings settings{.introspection_endpoint = where.introspection,
                                  .client_id = wanted.client_ids.front(),
                                  .client_secret = wanted.client_secret,
                                  .issuer = {},
                                  .audience = {},
                                  .attempt_timeout = std::chrono::seconds{2},
                                  .fresh_for = std::chrono::seconds{60},
                                  .open_for = std::chrono::seconds{10}};
    stage played{{bare_guard(settings),
                  wanted.async ? async_outlast_guard(settings) : outlast_guard(settings)},
                 tokens,
                 stream,
                 threads_for(out.per_second, settings)};
    out.attempt_timeout = settings.attempt_timeout;
    out.fresh_for = settings.fresh_for;

    recorder notes{out, played, tokens, view};
    timetable directions;
    directions.at(duration<double>{0}, [&] {
        notes.begin({.name = "observed", .cause = "whatever the server does, it does by itself"});
    });
    for (int second = 1; second <= length; ++second) {
        directions.at(duration<double>{second}, [&] { notes.second(); });
    }
    directions.at(duration<double>{length}, [&] { notes.end(); });
    out.begin = steady::now();
    played.open(out.begin);
    directions.run(out.begin);
    return out;
}

} // namespace rehearsal
