// SPDX-License-Identifier: BSL-1.0
//
// An event as a line for a log: a sentence, or fields.
#ifndef OUTLAST_EVENT_TEXT_HPP
#define OUTLAST_EVENT_TEXT_HPP

#include <outlast/event.hpp>
#include <outlast/names.hpp>
#include <outlast/text.hpp>

#include <string>
#include <string_view>
#include <system_error>
#include <utility>

namespace outlast {

namespace detail {

/// Whatever a name holds, an event stays one line (of ASCII: what else ends one for whom is not known).
[[nodiscard]] inline std::string in_one_line(std::string_view text) {
    std::string s{text};
    for (char& c : s)
        if (static_cast<unsigned char>(c) < ' ' || c == '\x7f')
            c = ' ';
    return s;
}

/// What was refused here says so, and what stands behind it.
[[nodiscard]] inline std::string outcome_in_words(const verdict& v) {
    const std::error_code e = v.error();
    const std::string said = e ? in_one_line(e.message()) : std::string{to_string(v.kind)};
    if (v.why == refusal::none || e == make_error_code(v.why))
        return said;
    return make_error_code(v.why).message() + " (last: " + said + ')';
}

[[nodiscard]] inline std::string counts_in_words(const event& e) {
    if (e.counts.recorded == 0)
        return {};
    const bool slow = e.why == "slow_calls" || e.why == "probes_slow";
    return ": " + std::to_string(slow ? e.counts.slow : e.counts.failed) + " of the last " +
           std::to_string(e.counts.recorded) + (slow ? " calls were slow" : " calls failed");
}

[[nodiscard]] inline std::string why_in_words(const event& e) {
    return e.why.empty() ? std::string{} : " (" + in_one_line(e.why) + ')';
}

/// " for 10 s", " of age 10 s"; nothing where it is not known.
[[nodiscard]] inline std::string span_in_words(const char* before, duration span) {
    return span < duration::zero() ? std::string{} : before + in_words(span);
}

[[nodiscard]] inline std::string what_happened(const event& e) {
    switch (e.what) {
    case event_kind::retrying:
        return "attempt " + std::to_string(e.attempt) + ": " + outcome_in_words(e.outcome) +
               (e.span > duration::zero() ? "; the next one in " + in_words(e.span)
                                          : "; the next one at once");
    case event_kind::gave_up:
        return (e.policy == label{"failover"} ? "gave up after target "
                                              : "gave up after attempt ") +
               std::to_string(e.attempt) + why_in_words(e) + ": " + outcome_in_words(e.outcome);
    case event_kind::timed_out:
        return span_in_words("timed out after ", e.span);
    case event_kind::late_value:
        return span_in_words("a good answer came later than ", e.span);
    case event_kind::refused:
        return "refused a call" + why_in_words(e) +
               span_in_words(e.outcome.why == refusal::bulkhead_full ? "; it had waited for "
                             : e.policy == label{"failure memo"}     ? "; next call in "
                                                                     : "; next probe in ",
                             e.span);
    case event_kind::waited:
        return span_in_words("let a call through that had waited for ", e.span);
    case event_kind::hedged:
        return "started a call beside the first" + why_in_words(e) +
               span_in_words(" after ", e.span);
    case event_kind::opened:
        if (e.span == forever)
            return "open until further notice" + why_in_words(e);
        return "open" + span_in_words(" for ", e.span) + why_in_words(e) + counts_in_words(e);
    case event_kind::half_opened:
        return "half-open" + why_in_words(e);
    case event_kind::closed:
        return "closed" + why_in_words(e);
    case event_kind::would_open:
        return "would open" + why_in_words(e) + counts_in_words(e);
    case event_kind::hit:
        return span_in_words("answered with an entry of age ", e.span);
    case event_kind::stale:
        return span_in_words("answered with a stale entry of age ", e.span);
    case event_kind::missed:
        return "had no answer; the work: " + outcome_in_words(e.outcome);
    case event_kind::refreshed:
        return "asked anew before the entry had its end";
    case event_kind::stored:
        return span_in_words("kept an answer, fresh for ", e.span);
    case event_kind::store_failed:
        return "the store failed";
    case event_kind::fell_back:
        return "stood in for: " + outcome_in_words(e.outcome);
    case event_kind::failed_over:
        return "target " + std::to_string(e.attempt) +
               " of the call: " + outcome_in_words(e.outcome) + "; the next one is asked";
    }
    return std::string{to_string(e.what)};
}

/// " key=value", in quotes where a value is not one word.
class fields {
public:
    void add(const char* key, std::string_view value) {
        if (value.empty())
            return;
        out_.append(out_.empty() ? "" : " ").append(key).append("=");
        const bool quoted = value.find_first_of(" =\"\\") != value.npos;
        out_.append(quoted ? "\"" : "");
        for (const char c : value) {
            if (c == '"' || c == '\\')
                out_ += '\\';
            out_ += c;
        }
        out_.append(quoted ? "\"" : "");
    }
    [[nodiscard]] std::string take() && { return std::move(out_); }

private:
    std::string out_;
};

} // namespace detail

/// A sentence for a person. As `failure::message` it holds the names given to policies, numbers, and
/// the words of error categories; never a value, an argument, or the text of an exception.
///
/// **Example**
///
///     auto log = [](const outlast::event& e) { std::cout << outlast::to_string(e) << '\n'; };
///     outlast::circuit_breaker breaker{
///         {.window = 2, .open_for = 10s, .name = "users", .events = log}};
///     outlast::pipeline p{std::ref(breaker)};
///     auto down = []() -> outlast::result<int> {
///         return std::make_error_code(std::errc::connection_refused);
///     };
///     (void)p(down), (void)p(down);
///     // circuit breaker users: open for 10 s (failures): 2 of the last 2 calls failed
[[nodiscard]] inline std::string to_string(const event& e) {
    std::string who = detail::in_one_line(e.policy.view());
    if (!e.name.empty() && e.name != e.policy)
        who += ' ' + detail::in_one_line(e.name.view());
    if (!e.tags.empty())
        who += " [" + detail::in_one_line(e.tags.view()) + ']';
    return who + ": " + detail::what_happened(e);
}

/// The same as fields (logfmt), for a machine; what an event does not have is left out:
/// `event=opened policy="circuit breaker" name=users why=failures span_ns=10000000000 recorded=20
/// failed=12 slow=0`.
[[nodiscard]] inline std::string to_fields(const event& e) {
    detail::fields f;
    f.add("event", to_string(e.what));
    f.add("policy", detail::in_one_line(e.policy.view()));
    f.add("name", detail::in_one_line(e.name.view()));
    f.add("tags", detail::in_one_line(e.tags.view()));
    f.add("why", detail::in_one_line(e.why));
    if (e.attempt != 0)
        f.add("attempt", std::to_string(e.attempt));
    if (e.span > duration::zero())
        f.add("span_ns", e.span == forever ? "inf" : std::to_string(e.span.count()));
    if (!e.outcome.ok()) {
        f.add("outcome", to_string(e.outcome.kind));
        if (e.outcome.why != refusal::none)
            f.add("refusal", to_string(e.outcome.why));
        if (const std::error_code code = e.outcome.error())
            f.add("error", detail::in_one_line(code.message()));
    }
    if (e.counts.recorded != 0) {
        f.add("recorded", std::to_string(e.counts.recorded));
        f.add("failed", std::to_string(e.counts.failed));
        f.add("slow", std::to_string(e.counts.slow));
    }
    return std::move(f).take();
}

} // namespace outlast

#endif // OUTLAST_EVENT_TEXT_HPP
