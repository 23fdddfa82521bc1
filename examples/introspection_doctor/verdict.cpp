// SPDX-License-Identifier: BSL-1.0
#include "verdict.hpp"

#include <algorithm>

namespace doctor {

namespace {

using outlast::http::errc;

constexpr std::string_view until_then =
    "; until then the API's clients get 503, but with tokens that it remembers.";

bool is_question(const sight& s) {
    return s.what == step::discovery || s.what == step::introspection;
}

bool is_discovery(const examination& e) {
    return std::ranges::any_of(e.sights, [](const sight& s) { return s.what == step::discovery; });
}

/// Whether an address was good enough to be asked.
bool some_work(const examination& e) { return std::ranges::any_of(e.sights, is_question); }

/// The step that decides; null when all is well.
const sight* worst(const examination& e) {
    const auto question = std::ranges::find_if(e.sights, is_question);
    if (question != e.sights.end() && !question->good())
        return &*question;
    const problem no_route = errc::unreachable;
    const sight* found = nullptr;
    for (const sight& s : e.sights) {
        if (s.good() || goes_unnoticed(s, e))
            continue;
        // What came furthest says most; that there is no route may be said of each address of a kind.
        const bool says_more = found == nullptr || s.what > found->what ||
                               (found->wrong == no_route && s.wrong != no_route);
        if (says_more)
            found = &s;
    }
    return found;
}

std::string remarks_on(const examination& e, const asker& who) {
    std::string made;
    for (const sight& s : e.sights) {
        using namespace std::chrono_literals;
        if (s.shown && made.empty() && s.shown->not_after - who.now < std::chrono::days{14})
            made += "; but its certificate expires on " + date_of(s.shown->not_after) +
                    ": renew it in time";
        if (s.clock_ahead && std::chrono::abs(*s.clock_ahead) > 30s)
            made += std::string{"; but its clock is "} + span_of(std::chrono::abs(*s.clock_ahead)) +
                    (*s.clock_ahead > 0s ? " ahead of" : " behind") +
                    " ours, so that good tokens may seem expired: set the clocks";
    }
    return made;
}

std::string all_is_well(const examination& e, const asker& who) {
    const auto question = std::ranges::find_if(e.sights, is_question);
    std::string made = e.url + " answers well in " + span_of(question->took);
    if (question->what == step::discovery)
        made += " and names the endpoint " + question->named;
    else if (who.random_token)
        made += ", and knows nothing of a random token";
    else if (question->active.value_or(false))
        made += ", and the token is active";
    else
        made += ", and the token is not active there: expired, revoked, from another server, or "
                "not for this client to ask about; its bearer rightly gets 401";
    return made + remarks_on(e, who);
}

} // namespace

bool goes_unnoticed(const sight& s, const examination& of) {
    const bool refused_here = of.target.is_local && s.wrong == problem{errc::connection_refused};
    return some_work(of) && (s.wrong == problem{errc::unreachable} || refused_here);
}

verdict judge(const examination& e, const asker& who) {
    const sight* const s = worst(e);
    if (s == nullptr)
        return {condition::well, "All is well: " + all_is_well(e, who) + '.'};
    const bool for_all = is_question(*s) || !some_work(e);
    std::string made = sentence_on(*s, e, who);
    if (s->wrong == problem{surprise::random_token_active})
        made += '.';
    else if (s->wrong == problem{surprise::slow})
        made += "; the API's clients wait, or get 503, until then.";
    else if (for_all)
        made += until_then;
    else
        made += "; other addresses work, so that only some calls are slow or fail.";
    return {condition_of(s->wrong), std::move(made)};
}

verdict judge(const std::vector<examination>& all, const asker& who) {
    std::vector<verdict> each;
    for (const examination& e : all)
        each.push_back(judge(e, who));
    const auto is_well = [](const verdict& v) { return v.state == condition::well; };
    const auto bad = std::ranges::find_if_not(each, is_well);
    if (bad == each.end()) {
        const auto remarked = std::ranges::find_if(
            each, [](const verdict& v) { return v.sentence.find("; but ") != v.sentence.npos; });
        return remarked != each.end() ? *remarked : each.back(); // after discovery the endpoint
    }
    verdict made = *bad;
    bool other_endpoint = false;
    for (std::size_t i = 0; i != all.size(); ++i)
        other_endpoint = other_endpoint || (is_well(each[i]) && !is_discovery(all[i]));
    if (other_endpoint && made.sentence.ends_with(until_then)) {
        made.sentence.erase(made.sentence.size() - until_then.size());
        made.sentence += is_discovery(all[static_cast<std::size_t>(bad - each.begin())])
                             ? "; the endpoint itself works."
                             : "; until then the API lives on the other endpoint.";
    }
    return made;
}

} // namespace doctor
