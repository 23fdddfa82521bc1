// SPDX-License-Identifier: BSL-1.0
#include "verdict.hpp"

#include "text.hpp"

#include <algorithm>
#include <utility>

namespace rehearsal {

namespace {

std::string requests(std::size_t count) {
    return text(count) + (count == 1 ? " request" : " requests");
}

std::string times(std::size_t count) { return count == 1 ? "once" : text(count) + " times"; }

bool kept_by(const tally& outlast) {
    return outlast.false_401 == 0 && outlast.valid_refused == 0 && outlast.expired_accepted == 0 &&
           outlast.revoked_accepted_after_live == 0 && outlast.retry_after_missing == 0;
}

std::string on_bare(const figures& counted) {
    const tally& bare = counted.outages.sides[bare_side];
    const std::string away =
        "While the server was away for " + text(counted.outage_seconds, 0) + " s, the bare API ";
    const std::size_t refused = bare.valid_refused + bare.unknown_refused;
    if (refused == 0) {
        return away + "refused no request with a valid token.";
    }
    return away + "refused " + text(refused) + " of " +
           text(bare.known_requests + bare.unknown_requests) + " requests with valid tokens, " +
           (bare.false_401 == refused ? "all" : text(bare.false_401)) +
           " of them with 401: it told these clients that their tokens were bad.";
}

std::string on_known(const tally& outlast) {
    if (outlast.known_requests == 0) {
        return "outlast was not asked about any token that it knew.";
    }
    return outlast.valid_refused == 0
               ? "outlast served all " + text(outlast.known_requests) +
                     " requests with valid tokens that it knew."
               : "outlast refused " + text(outlast.valid_refused) + " of " +
                     text(outlast.known_requests) +
                     " requests with valid tokens that it knew: it should have refused none.";
}

std::string on_unknown(const tally& outlast) {
    if (outlast.unknown_requests == 0) {
        return "No valid token that was new to outlast came in that time.";
    }
    const auto answered_503 =
        outlast.unknown_refused - std::min(outlast.unknown_refused, outlast.false_401);
    std::string out = "Valid tokens that it had never seen came " +
                      times(outlast.unknown_requests) + ": " +
                      (answered_503 == outlast.unknown_requests ? "all" : text(answered_503)) +
                      " were answered 503 with Retry-After";
    if (outlast.unknown_p99_ms) {
        out += " (" + text(*outlast.unknown_p99_ms, 1) +
               " ms or less for 99 of 100 once the first moments were over)";
    }
    return out + (outlast.false_401 == 0
                      ? ", and no valid token got a 401."
                      : ", but " + text(outlast.false_401) +
                            " requests with valid tokens got a 401: there should be none.");
}

std::string on_calls(const figures& counted) {
    const auto calls = [&](std::size_t side) {
        return text(counted.outages.sides[side].server_calls);
    };
    return "In that time the bare API sent the ailing server " + calls(bare_side) +
           " questions, outlast " + calls(outlast_side) + '.';
}

std::string on_revoked(const record& happened, const figures& counted) {
    const tally& away = counted.outages.sides[outlast_side];
    const tally& all = counted.totals.sides[outlast_side];
    std::string out =
        "The price: a token revoked shortly before an outage stayed good while nobody could be "
        "asked (" +
        requests(away.revoked_accepted) + "), and otherwise for up to " +
        text(std::chrono::duration<double>{happened.fresh_for}.count(), 0) + " s (" +
        requests(all.revoked_accepted - away.revoked_accepted) + ")";
    return out + (all.revoked_accepted_after_live == 0
                      ? "; after the first live verdict on it, never."
                      : "; and even after a live verdict on it " +
                            times(all.revoked_accepted_after_live) + ", which must not be.");
}

verdict on_observation(const figures& counted) {
    const tally& bare = counted.totals.sides[bare_side];
    const tally& outlast = counted.totals.sides[outlast_side];
    const auto share = [](const tally& side, int status) {
        const auto found = side.answers.find(status);
        return text(found == side.answers.end() ? 0 : found->second);
    };
    const auto line = [&](const char* name, const tally& side) {
        return std::string{name} + " answered " + share(side, 200) + " of " + text(side.requests) +
               " requests with 200, " + share(side, 401) + " with 401 and " + share(side, 503) +
               " with 503, and asked the server " + times(side.server_calls) + '.';
    };
    verdict out;
    out.headline =
        "Observed for " + text(counted.seconds, 0) + " s; nothing was done to the server.";
    out.sentences = {line("The bare API", bare), line("outlast", outlast)};
    if (outlast.valid_refused + outlast.false_401 > 0) {
        out.kept = false;
        out.sentences.push_back("outlast refused valid tokens that it knew " +
                                times(outlast.valid_refused) + " and answered valid tokens 401 " +
                                times(outlast.false_401) +
                                ", unless they were revoked meanwhile, which is not known here.");
    }
    return out;
}

} // namespace

verdict judge(const record& happened, const figures& counted) {
    if (happened.mode == "observed") {
        return on_observation(counted);
    }
    const tally& away = counted.outages.sides[outlast_side];
    const tally& all = counted.totals.sides[outlast_side];
    verdict out;
    out.kept = kept_by(all);
    const auto bare_refused = counted.outages.sides[bare_side].valid_refused;
    out.headline = !out.kept           ? "outlast broke a promise in this run."
                   : bare_refused == 0 ? "Both APIs kept serving."
                                       : "outlast kept serving; the bare API did not.";
    out.sentences = {on_bare(counted), on_known(away), on_unknown(away), on_calls(counted),
                     on_revoked(happened, counted)};
    if (const auto elsewhere =
            all.valid_refused + all.false_401 - away.valid_refused - away.false_401;
        elsewhere > 0) {
        out.sentences.push_back("While the server was well, outlast refused valid tokens " +
                                times(elsewhere) + ": it should have refused none.");
    }
    if (all.retry_after_missing > 0) {
        out.sentences.push_back(text(all.retry_after_missing) +
                                " answers with 503 had no Retry-After.");
    }
    if (all.expired_accepted > 0) {
        out.sentences.push_back("Expired tokens were accepted " + times(all.expired_accepted) +
                                ", which must not be.");
    }
    return out;
}

} // namespace rehearsal
