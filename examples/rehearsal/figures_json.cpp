// SPDX-License-Identifier: BSL-1.0
#include "figures_json.hpp"

#include <boost/json.hpp>

#include <cmath>

namespace rehearsal {

namespace json = boost::json;

namespace {

double rounded(double number) { return std::round(number * 1000) / 1000; }

json::value number_or_null(const std::optional<double>& number) {
    return number ? json::value(rounded(*number)) : json::value(nullptr);
}

json::object side_json(const tally& counted) {
    json::object answers;
    for (const auto& [status, count] : counted.answers) {
        answers[status == 0 ? "none" : std::to_string(status)] = count;
    }
    json::object out{
        {"requests", counted.requests},
        {"answers", answers},
        {"known_requests", counted.known_requests},
        {"valid_refused", counted.valid_refused},
        {"unknown_requests", counted.unknown_requests},
        {"unknown_refused", counted.unknown_refused},
        {"false_401", counted.false_401},
        {"unknown_first_ms", number_or_null(counted.unknown_first_ms)},
        {"unknown_p99_ms", number_or_null(counted.unknown_p99_ms)},
        {"server_calls", counted.server_calls},
        {"revoked_accepted", counted.revoked_accepted},
        {"revoked_accepted_after_live", counted.revoked_accepted_after_live},
        {"expired_accepted", counted.expired_accepted},
        {"retry_after_missing", counted.retry_after_missing},
    };
    return out;
}

json::object phase_json(const phase_figures& phase) {
    json::object out{{"name", phase.name}, {"seconds", rounded(phase.seconds)}};
    for (const std::size_t side : {bare_side, outlast_side}) {
        json::object members = side_json(phase.sides[side]);
        if (phase.name != "totals") { // the server's own counter dies with it
            const auto& counted = phase.sides[side].server_counted;
            members["server_counted"] = counted ? json::value(*counted) : json::value(nullptr);
        }
        out[side_names[side]] = std::move(members);
    }
    return out;
}

} // namespace

std::string figures_json(const record& happened, const figures& counted, const verdict& said) {
    json::array phases;
    for (const phase_figures& phase : counted.phases) {
        phases.push_back(phase_json(phase));
    }
    json::object totals = phase_json(counted.totals);
    totals.stable_erase(totals.find("name"));
    totals["settling_seconds"] = rounded(counted.settling_seconds);
    const json::object document{
        {"mode", happened.mode},
        {"quick", happened.quick},
        {"async", happened.async},
        {"requests_per_second", happened.per_second},
        {"attempt_timeout_ms", happened.attempt_timeout.count()},
        {"fresh_for_ms", happened.fresh_for.count()},
        {"latest_request_ms", rounded(counted.lag_ms)},
        {"phases", std::move(phases)},
        {"totals", std::move(totals)},
        {"verdict",
         {{"kept", said.kept},
          {"headline", said.headline},
          {"sentences", json::value_from(said.sentences)}}},
    };
    return json::serialize(document) + '\n';
}

} // namespace rehearsal
