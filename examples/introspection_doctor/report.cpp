// SPDX-License-Identifier: BSL-1.0
#include "report.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include <algorithm>
#include <cstdio>
#include <string_view>

namespace doctor {

namespace {

std::string joined(const std::vector<std::string>& texts) {
    std::string made;
    for (const std::string& one : texts)
        made += (made.empty() ? "" : ", ") + one;
    return made;
}

/// "certificate expired", "401 client refused", "200 active".
std::string what_happened(const sight& s) {
    std::string made = s.status != 0 ? std::to_string(s.status) : "";
    const auto add = [&](std::string_view more) {
        made.append(made.empty() ? "" : " ").append(more);
    };
    if (!s.good()) {
        std::string words{to_string(s.wrong)};
        std::ranges::replace(words, '_', ' ');
        add(words);
    } else if (s.active) {
        add(*s.active ? "active" : "inactive");
    }
    if (s.what == step::name)
        add(joined(s.addresses));
    if (s.wrong == problem{outlast::oauth2::reason::not_json})
        add(s.content_type);
    if (!s.location.empty())
        add("to " + s.location);
    if (!s.named.empty())
        add(s.named);
    if (s.what == step::tls && s.good() && s.shown)
        add("certificate until " + date_of(s.shown->not_after));
    return made;
}

std::string certificate_lines(const certificate& c) {
    const std::string indent(13, ' ');
    return indent + "subject  " + c.subject + '\n' + indent + "issuer   " + c.issuer + '\n' +
           indent + "hosts    " + (c.hosts.empty() ? "none" : joined(c.hosts)) + '\n' + indent +
           "valid    " + date_of(c.not_before) + " to " + date_of(c.not_after) + '\n';
}

std::string line(const sight& s, const examination& of, std::size_t width) {
    char head[32];
    std::snprintf(head, sizeof head, "  %-11s", std::string{to_string(s.what)}.c_str());
    std::string where = s.where;
    where.resize(std::max(width, where.size()), ' ');
    char middle[64];
    std::snprintf(middle, sizeof middle, "  %-4s %8s  ",
                  s.good()                ? "ok"
                  : goes_unnoticed(s, of) ? "-"
                                          : "FAIL",
                  span_of(s.took).c_str());
    std::string made = head + where + middle + what_happened(s);
    made.erase(made.find_last_not_of(' ') + 1);
    made += '\n';
    if (s.what == step::tls && !s.good() && s.shown)
        made += certificate_lines(*s.shown);
    return made;
}

boost::json::object object_of(const sight& s) {
    boost::json::object made{
        {"step", to_string(s.what)},
        {"where", s.where},
        {"code", to_string(s.wrong)},
        {"class", to_string(condition_of(s.wrong))},
        {"milliseconds", std::chrono::duration<double, std::milli>(s.took).count()}};
    if (s.what == step::name)
        made["addresses"] = boost::json::array(s.addresses.begin(), s.addresses.end());
    if (s.shown)
        made["certificate"] = {
            {"subject", s.shown->subject},
            {"issuer", s.shown->issuer},
            {"hosts", boost::json::array(s.shown->hosts.begin(), s.shown->hosts.end())},
            {"not_before", s.shown->not_before.time_since_epoch().count()},
            {"not_after", s.shown->not_after.time_since_epoch().count()},
            {"depth", s.shown->depth}};
    if (s.status != 0)
        made["status"] = s.status;
    for (const auto& [name, text] : {std::pair{"content_type", &s.content_type},
                                     {"location", &s.location},
                                     {"named", &s.named}})
        if (!text->empty())
            made[name] = *text;
    if (s.active)
        made["active"] = *s.active;
    if (s.retry_after)
        made["retry_after"] = s.retry_after->count();
    if (s.clock_ahead)
        made["clock_ahead"] = s.clock_ahead->count();
    return made;
}

boost::json::object object_of(const verdict& v) {
    return {{"exit_code", static_cast<int>(v.state)},
            {"class", to_string(v.state)},
            {"verdict", v.sentence}};
}

} // namespace

std::string table(const std::vector<examination>& all, const asker& who) {
    std::string made;
    for (const examination& e : all) {
        std::size_t width = 0;
        for (const sight& s : e.sights)
            width = std::max(width, s.where.size());
        made += e.url + '\n';
        for (const sight& s : e.sights)
            made += line(s, e, width);
        made += '\n';
    }
    return made + judge(all, who).sentence + '\n';
}

std::string json(const std::vector<examination>& all, const asker& who) {
    boost::json::object made = object_of(judge(all, who));
    boost::json::array urls;
    for (const examination& e : all) {
        boost::json::object one = object_of(judge(e, who));
        one["url"] = e.url;
        boost::json::array steps;
        for (const sight& s : e.sights)
            steps.push_back(object_of(s));
        one["steps"] = std::move(steps);
        urls.push_back(std::move(one));
    }
    made["examined"] = std::move(urls);
    return boost::json::serialize(made) + '\n';
}

} // namespace doctor
