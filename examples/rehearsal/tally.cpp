// SPDX-License-Identifier: BSL-1.0
#include "tally.hpp"

#include <algorithm>
#include <utility>

namespace rehearsal {

namespace {

using milliseconds = std::chrono::duration<double, std::milli>;
using seconds = std::chrono::duration<double>;

/// When an API first came to know something about a token.
struct token_history {
    std::optional<steady::time_point> first_served;
    std::optional<steady::time_point> first_live_after_revocation;
};

using history = std::map<std::size_t, token_history>;

void keep_earlier(std::optional<steady::time_point>& kept, steady::time_point candidate) {
    kept = kept ? std::min(*kept, candidate) : candidate;
}

history history_of(const std::vector<observation>& seen, const token_book& tokens) {
    history out;
    for (const observation& o : seen) {
        if (o.status == 200) {
            keep_earlier(out[o.token].first_served, o.answered);
        }
        if (o.live && tokens.judge(o.token, o.sent, o.answered) == truth::revoked) {
            keep_earlier(out[o.token].first_live_after_revocation, o.answered);
        }
    }
    return out;
}

bool before(const std::optional<steady::time_point>& moment, steady::time_point sent) {
    return moment && *moment < sent;
}

/// The first moments of an outage: until the breaker has seen enough.
bool in_first_moments(const observation& o, const record& happened) {
    for (const scene& s : happened.scenes) {
        if (s.outage && o.sent >= s.begin && o.sent < s.end) {
            return o.sent < s.begin + happened.attempt_timeout + std::chrono::seconds{1};
        }
    }
    return false;
}

/// Counts one API's answers, request by request.
class counter {
public:
    counter(const record& happened, const token_book& tokens, const history& past)
        : happened_{happened}, tokens_{tokens}, past_{past} {}

    void add(const observation& o) {
        ++out_.requests;
        ++out_.answers[o.status];
        out_.retry_after_missing += o.status == 503 && !o.retry_after;
        const auto found = past_.find(o.token);
        const token_history none;
        const token_history& past = found == past_.end() ? none : found->second;
        switch (tokens_.judge(o.token, o.sent, o.answered)) {
        case truth::valid:
            add_valid(o, before(past.first_served, o.sent));
            break;
        case truth::revoked:
            out_.revoked_accepted += o.status == 200;
            out_.revoked_accepted_after_live +=
                o.status == 200 && before(past.first_live_after_revocation, o.sent);
            break;
        case truth::expired:
            out_.expired_accepted += o.status == 200;
            break;
        case truth::never_issued:
        case truth::unclear:
            break;
        }
    }

    tally result() {
        if (!late_.empty()) {
            std::ranges::sort(late_);
            const auto rank = (late_.size() * 99 + 99) / 100; // nearest rank, from 1
            out_.unknown_p99_ms = late_[rank - 1];
        }
        return out_;
    }

private:
    void add_valid(const observation& o, bool known) {
        out_.false_401 += o.status == 401;
        if (known) {
            ++out_.known_requests;
            out_.valid_refused += o.status != 200;
            return;
        }
        ++out_.unknown_requests;
        out_.unknown_refused += o.status != 200;
        const double took = milliseconds{o.answered - o.sent}.count();
        if (!first_ || o.sent < *first_) {
            first_ = o.sent;
            out_.unknown_first_ms = took;
        }
        if (!in_first_moments(o, happened_)) {
            late_.push_back(took);
        }
    }

    const record& happened_;
    const token_book& tokens_;
    const history& past_;
    tally out_;
    std::optional<steady::time_point> first_;
    std::vector<double> late_;
};

/// The figures of the scenes that `wanted` picks.
template <class Wanted>
phase_figures count_scenes(const record& happened,
                           const token_book& tokens,
                           const both<history>& past,
                           std::string name,
                           Wanted wanted) {
    phase_figures out{.name = std::move(name), .seconds = 0, .sides = {}};
    for (const std::size_t side : {bare_side, outlast_side}) {
        counter counted{happened, tokens, past[side]};
        tally calls;
        for (const scene& s : happened.scenes) {
            if (!wanted(s)) {
                continue;
            }
            for (const observation& o : happened.seen[side]) {
                if (o.sent >= s.begin && o.sent < s.end) {
                    counted.add(o);
                }
            }
            calls.server_calls += s.calls[side];
            if (s.server_counted) {
                calls.server_counted = calls.server_counted.value_or(0) + (*s.server_counted)[side];
            }
            out.seconds += side == bare_side ? seconds{s.end - s.begin}.count() : 0;
        }
        out.sides[side] = counted.result();
        out.sides[side].server_calls = calls.server_calls;
        out.sides[side].server_counted = calls.server_counted;
    }
    return out;
}

void count_seconds(const record& happened, const token_book& tokens, figures& out) {
    const auto length = happened.moments.size();
    for (const std::size_t side : {bare_side, outlast_side}) {
        out.bars[side].resize(length);
        for (const observation& o : happened.seen[side]) {
            const auto second = static_cast<std::size_t>(seconds{o.sent - happened.begin}.count());
            if (second < length) {
                add_to(out.bars[side][second], o, tokens);
            }
            out.lag_ms = std::max(out.lag_ms, milliseconds{o.sent - o.due}.count());
        }
        std::uint64_t earlier = 0;
        for (const moment& m : happened.moments) {
            out.call_bars[side].push_back(m.calls[side] - earlier);
            earlier = m.calls[side];
        }
    }
}

} // namespace

void add_to(bar& second, const observation& seen, const token_book& tokens) {
    const truth right = tokens.judge(seen.token, seen.sent, seen.answered);
    if (seen.status == 200) {
        const bool wrong = right != truth::valid && right != truth::unclear;
        ++(wrong ? second.served_wrongly : second.served);
    } else if (seen.status == 401) {
        ++(right == truth::valid ? second.denied_wrongly : second.denied);
    } else {
        ++(seen.status == 503 ? second.unavailable : second.other);
    }
}

figures count(const record& happened, const token_book& tokens) {
    const both<history> past{history_of(happened.seen[bare_side], tokens),
                             history_of(happened.seen[outlast_side], tokens)};
    const auto scenes = [&](std::string name, auto wanted) {
        return count_scenes(happened, tokens, past, std::move(name), wanted);
    };
    figures out;
    for (const scene& s : happened.scenes) {
        if (s.phase) {
            out.phases.push_back(scenes(s.name, [&](const scene& other) { return &other == &s; }));
        }
    }
    out.outages = scenes("outages", [](const scene& s) { return s.outage; });
    out.totals = scenes("totals", [](const scene&) { return true; });
    out.seconds = out.totals.seconds;
    out.outage_seconds = out.outages.seconds;
    out.settling_seconds = scenes("settling", [](const scene& s) { return !s.phase; }).seconds;
    count_seconds(happened, tokens, out);
    return out;
}

} // namespace rehearsal
