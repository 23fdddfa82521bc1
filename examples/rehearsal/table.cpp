// SPDX-License-Identifier: BSL-1.0
#include "table.hpp"

#include "text.hpp"

#include <utility>

namespace rehearsal {

namespace {

constexpr std::size_t phase_width = 11;
constexpr std::size_t seconds_width = 7;
constexpr std::size_t api_width = 8;
constexpr std::size_t legend_width = 18;

std::size_t width_of(const table::column& column) { return column.over.empty() ? 6 : 8; }

std::string of_status(const tally& counted, int status) {
    const auto found = counted.answers.find(status);
    return text(found == counted.answers.end() ? 0 : found->second);
}

std::string of_other_statuses(const tally& counted) {
    std::size_t out = counted.requests;
    for (const int status : {200, 401, 503}) {
        const auto found = counted.answers.find(status);
        out -= found == counted.answers.end() ? 0 : found->second;
    }
    return text(out);
}

std::vector<std::string> cells(const tally& counted) {
    return {of_status(counted, 200),           of_status(counted, 401),
            of_status(counted, 503),           of_other_statuses(counted),
            text(counted.valid_refused),       text(counted.false_401),
            text(counted.unknown_first_ms, 1), text(counted.unknown_p99_ms, 1),
            text(counted.server_calls),        text(counted.revoked_accepted)};
}

} // namespace

table make_table(const figures& counted) {
    table out;
    out.columns = {
        {"", "200", "answers with status 200"},
        {"", "401", "answers with status 401, rightly or not"},
        {"", "503", "answers with status 503"},
        {"", "other", "other answers, or none"},
        {"known", "refused", "requests with a valid token, served before, not answered 200"},
        {"false", "401", "requests with a valid token, known or new, answered 401"},
        {"new, ms", "first", "how long the first request with a valid token new to it took"},
        {"new, ms", "p99",
         "99 of 100 of those took at most this (outages: once the breaker has seen enough)"},
        {"server", "calls", "introspection requests sent to the authorization server"},
        {"revoked", "let in", "requests with a revoked token answered 200"},
    };
    std::vector<phase_figures> all = counted.phases;
    if (all.size() > 1) {
        all.push_back(counted.totals);
    }
    for (const phase_figures& phase : all) {
        out.rows.push_back(
            {.phase = phase.name,
             .seconds = text(phase.seconds, 1),
             .cells = {cells(phase.sides[bare_side]), cells(phase.sides[outlast_side])}});
    }
    return out;
}

std::string lines_of(const table& figures) {
    std::string over(phase_width + seconds_width + 2 + api_width, ' ');
    std::string head = left("phase", phase_width) + right("seconds", seconds_width) + "  " +
                       left("API", api_width);
    for (const table::column& column : figures.columns) {
        over += right(column.over, width_of(column));
        head += right(column.head, width_of(column));
    }
    std::string out = over + '\n' + head + '\n';
    for (const table::row& row : figures.rows) {
        for (const std::size_t side : {bare_side, outlast_side}) {
            const bool first = side == bare_side;
            out += left(first ? row.phase : "", phase_width) +
                   right(first ? row.seconds : "", seconds_width) + "  " +
                   left(side_names[side], api_width);
            for (std::size_t i = 0; i < row.cells[side].size(); ++i) {
                out += right(row.cells[side][i], width_of(figures.columns[i]));
            }
            out += '\n';
        }
    }
    return out;
}

std::string legend_of(const table& figures, double settling_seconds) {
    std::string out = "Every request counts once in 200, 401, 503 or other. The rest says more:\n";
    for (const table::column& column : figures.columns) {
        if (!column.over.empty()) {
            out +=
                left("  " + column.over + ' ' + column.head, legend_width) + column.meaning + '\n';
        }
    }
    if (settling_seconds > 0) {
        out += left("  totals", legend_width) + "all phases, and the " + text(settling_seconds, 1) +
               " s in which the server had just been brought back\n";
    }
    return out;
}

} // namespace rehearsal
