// SPDX-License-Identifier: BSL-1.0
#include "page.hpp"

#include "text.hpp"

#include <utility>

namespace rehearsal {

namespace {

constexpr const char* style = R"(
:root { color-scheme: light dark;
  --ground: #fbfbf9; --card: #ffffff; --ink: #1c2024; --quiet: #5d666f; --rule: #dcdfe2;
  --outage: #f1e4e1; --served: #2e9e6b; --lenient: #a4d65e; --denied: #9aa4ae; --wrong: #d6293e;
  --away: #f0a92e; --other: #8256c8; --calls: #3f78c4; --bad: #a81f31; --open: #4d5199; }
@media (prefers-color-scheme: dark) { :root {
  --ground: #14171a; --card: #1c2024; --ink: #e9ecef; --quiet: #a0a9b2; --rule: #353b41;
  --outage: #3a2526; --served: #3bb47d; --lenient: #b7e072; --denied: #6f7a85; --wrong: #f0475c;
  --away: #f2b443; --other: #a27fe0; --calls: #6ba0e6; --bad: #ff8a96; --open: #8d93e6; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--ground); color: var(--ink);
  font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans", sans-serif; }
main { max-width: 1120px; margin: 0 auto; padding: 28px 16px 48px; }
h1 { font-size: 1.6rem; line-height: 1.25; margin: 0 0 4px; }
h2 { font-size: 1.05rem; margin: 0 0 8px; }
p { margin: 0 0 8px; max-width: 76ch; }
.quiet { color: var(--quiet); }
.verdict { border-left: 5px solid var(--served); padding: 4px 0 4px 16px; margin: 20px 0 24px; }
.verdict.broken { border-color: var(--wrong); }
.verdict strong { font-size: 1.15rem; }
.pair { display: grid; gap: 16px;
  grid-template-columns: repeat(auto-fit, minmax(min(100%, 340px), 1fr)); }
.card { background: var(--card); border: 1px solid var(--rule); border-radius: 8px;
  padding: 14px 14px 8px; }
svg { display: block; width: 100%; height: auto; }
svg text { font-size: 11.5px; fill: var(--quiet); }
.phase, .tick { text-anchor: middle; }
.tick, .scale { font-variant-numeric: tabular-nums; }
.scale { text-anchor: end; }
svg .phase { fill: var(--ink); }
svg .bad { fill: var(--bad); font-weight: 600; }
.outage { fill: var(--outage); } .line { fill: var(--quiet); }
.served { fill: var(--served); background: var(--served); }
.lenient { fill: var(--lenient); background: var(--lenient); }
.denied { fill: var(--denied); background: var(--denied); }
.wrong { fill: var(--wrong); background: var(--wrong); }
.away { fill: var(--away); background: var(--away); }
.other { fill: var(--other); background: var(--other); }
.calls { fill: var(--calls); background: var(--calls); }
.closed { fill: var(--served); background: var(--served); opacity: .55; }
.half { fill: var(--away); background: var(--away); }
.open { fill: var(--open); background: var(--open); }
ul.legend { list-style: none; display: flex; flex-wrap: wrap; gap: 4px 18px; padding: 0;
  margin: 12px 0 24px;
  font-size: .88rem; color: var(--quiet); }
.legend i { display: inline-block; width: 12px; height: 12px; border-radius: 2px; margin-right: 6px;
  vertical-align: -1px; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: .9rem;
  font-variant-numeric: tabular-nums; }
th, td { padding: 4px 8px; text-align: right; white-space: nowrap; }
thead th { font-weight: 600; color: var(--quiet); vertical-align: bottom;
  border-bottom: 1px solid var(--rule); }
th:first-child, .name { text-align: left; }
tbody + tbody tr:first-child > * { border-top: 1px solid var(--rule); }
tbody:last-child { font-weight: 600; }
.alarm { color: var(--bad); font-weight: 600; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 2px 14px; font-size: .88rem;
  color: var(--quiet); }
dt { font-weight: 600; } dd { margin: 0; }
@media (max-width: 480px) { svg text { font-size: 14px; } dl { display: block;
  } dd { margin: 0 0 6px; } }
)";

constexpr const char* legend = R"(<ul class="legend">
<li><i class="served"></i>200</li>
<li><i class="lenient"></i>200 to a token revoked meanwhile</li>
<li><i class="denied"></i>401, and rightly: bad, revoked or expired token</li>
<li><i class="wrong"></i>401 to a valid token</li>
<li><i class="away"></i>503 with Retry-After</li>
<li><i class="other"></i>other, or no answer</li>
<li><i class="calls"></i>calls to the authorization server</li>
<li>Breaker: <i class="closed"></i>closed</li>
<li><i class="half"></i>half-open</li><li><i class="open"></i>open</li>
</ul>)";

std::string chart_card(const record& happened,
                       const figures& counted,
                       std::size_t side,
                       const char* title,
                       const char* explanation) {
    return std::string{"<section class=\"card\"><h2>"} + title + "</h2><p class=\"quiet\">" +
           explanation + "</p>" + chart(happened, counted, side) + "</section>\n";
}

/// Figures that should be 0 and are not.
bool alarming(const table::column& column, const std::string& cell) {
    return (column.over == "known" || column.over == "false") && cell != "0";
}

std::string table_html(const table& figures) {
    std::string out = "<div class=\"scroll\"><table><thead><tr><th>phase</th><th>seconds</th>"
                      "<th class=\"name\">API</th>";
    for (const table::column& column : figures.columns) {
        out += "<th>" + escaped(column.over) + (column.over.empty() ? "" : "<br>") +
               escaped(column.head) + "</th>";
    }
    out += "</tr></thead>\n";
    for (const table::row& row : figures.rows) {
        out += "<tbody>";
        for (const std::size_t side : {bare_side, outlast_side}) {
            out += "<tr>";
            if (side == bare_side) {
                out += "<th class=\"name\" rowspan=\"2\">" + escaped(row.phase) +
                       "</th><td rowspan=\"2\">" + row.seconds + "</td>";
            }
            out += std::string{"<td class=\"name\">"} + side_names[side] + "</td>";
            for (std::size_t i = 0; i < row.cells[side].size(); ++i) {
                const std::string& cell = row.cells[side][i];
                out += (alarming(figures.columns[i], cell) ? "<td class=\"alarm\">" : "<td>") +
                       cell + "</td>";
            }
            out += "</tr>";
        }
        out += "</tbody>\n";
    }
    return out + "</table></div>\n";
}

std::string scenes_html(const record& happened) {
    std::string out = "<dl>";
    for (const scene& s : happened.scenes) {
        if (s.phase) {
            out += "<dt>" + escaped(s.name) + "</dt><dd>" + escaped(s.cause) + "</dd>";
        }
    }
    return out + "</dl>\n";
}

std::string meanings_html(const table& figures) {
    std::string out = "<dl>";
    for (const table::column& column : figures.columns) {
        if (!column.over.empty()) {
            out += "<dt>" + escaped(column.over + ' ' + column.head) + "</dt><dd>" +
                   escaped(column.meaning) + "</dd>";
        }
    }
    return out + "</dl>\n";
}

} // namespace

std::string escaped(const std::string& text) {
    std::string out;
    for (const char c : text) {
        switch (c) {
        case '&':
            out += "&amp;";
            break;
        case '<':
            out += "&lt;";
            break;
        case '>':
            out += "&gt;";
            break;
        case '"':
            out += "&quot;";
            break;
        default:
            out += c;
        }
    }
    return out;
}

std::string
page(const record& happened, const figures& counted, const verdict& said, const table& figures) {
    const bool observed = happened.mode == "observed";
    std::string out = "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
                      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">"
                      "<title>outlast: an outage rehearsed</title><style>";
    out += style;
    out += "</style></head><body><main>\n<h1>";
    out += observed ? "An authorization server observed" : "An outage rehearsed";
    out += "</h1>\n<p class=\"quiet\">The same API twice, the same " +
           text(happened.per_second, 0) + " requests per second to each, for " +
           text(counted.seconds, 0) + " s. " +
           (observed ? "Nothing was done to the server."
                     : "Meanwhile the authorization server was killed, frozen and overloaded. "
                       "Everything here is counted from the answers.") +
           "</p>\n<div class=\"verdict" + (said.kept ? "" : " broken") + "\"><p><strong>" +
           escaped(said.headline) + "</strong></p>";
    for (const std::string& sentence : said.sentences) {
        out += "<p>" + escaped(sentence) + "</p>\n";
    }
    out += "</div>\n<div class=\"pair\">\n";
    out += chart_card(happened, counted, bare_side, "bare",
                      "asks for each request; no good answer is a 401");
    out += chart_card(happened, counted, outlast_side, "outlast",
                      "remembers, gives up early, says 503 when it cannot tell");
    out += "</div>\n";
    out += legend;
    out += "<section class=\"card\"><h2>Figures</h2>";
    out += table_html(figures);
    out += scenes_html(happened);
    out += meanings_html(figures);
    out += "<p class=\"quiet\">Attempt timeout " +
           std::to_string(happened.attempt_timeout.count()) +
           " ms for both; outlast takes a verdict as fresh for " +
           text(std::chrono::duration<double>{happened.fresh_for}.count(), 0) +
           " s, which is short, so that one sees it grow stale. Totals include " +
           text(counted.settling_seconds, 1) +
           " s after outages in which the server had just been brought back.</p></section>\n";
    return out + "</main></body></html>\n";
}

} // namespace rehearsal
