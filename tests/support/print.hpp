// SPDX-License-Identifier: BSL-1.0
//
// How a failed check shows the language of the library: "call work by 250 ms", not "{?}".
#ifndef OUTLAST_TESTS_SUPPORT_PRINT_HPP
#define OUTLAST_TESTS_SUPPORT_PRINT_HPP

#include <outlast/freshness.hpp>
#include <outlast/names.hpp>
#include <outlast/step.hpp>
#include <outlast/window.hpp>
#include <outlast/world.hpp>

#include "support/catch.hpp"
#include "support/told.hpp"

#include <cstdint>
#include <string>

namespace outlast_tests {

// Exact, in the largest unit that divides it.
inline std::string words(outlast::duration d) {
    if (d == outlast::forever)
        return "for ever";
    if (d == outlast::verdict::no_hint)
        return "none";
    struct unit {
        std::int64_t size;
        const char* name;
    };
    for (const unit& u : {unit{1'000'000'000, " s"}, {1'000'000, " ms"}, {1'000, " us"}})
        if (d.count() % u.size == 0)
            return std::to_string(d.count() / u.size) + u.name;
    return std::to_string(d.count()) + " ns";
}
inline std::string words(outlast::instant at) {
    return at == outlast::never ? "never" : words(at.time_since_epoch());
}

// The name of a value of an enumeration that has no names of its own, by its place.
template <class E, std::size_t N>
std::string word(E e, const char* const (&names)[N]) {
    const auto i = static_cast<std::size_t>(e);
    return i < N ? names[i] : "?" + std::to_string(i);
}
inline std::string words(outlast::grade g) { return word(g, {"fresh", "stale", "gone"}); }
template <class E>
    requires requires(E e) { outlast::to_string(e); }
std::string words(E e) {
    return std::string(outlast::to_string(e));
}
inline std::string words(const outlast::tally& t) {
    return std::to_string(t.failed) + " of " + std::to_string(t.recorded) + " failed, " +
           std::to_string(t.slow) + " slow";
}
inline std::string words(const outlast::circuit_event& e) {
    return words(e.from) + " -> " + words(e.to) + ", " + words(e.mode) + ", " + words(e.why) +
           ": " + words(e.counts) + ", until " + words(e.open_until);
}
inline std::string words(const outlast::verdict& v) {
    std::string s = words(v.kind);
    if (v.why != outlast::refusal::none)
        s += " (" + words(v.why) + ")";
    if (v.late)
        s += ", late";
    if (v.hurried)
        s += ", hurried";
    if (v.spent)
        s += ", spent";
    if (v.error())
        s += ", " + v.error().message();
    if (v.has_hint())
        s += ", hint " + words(v.hint);
    return s;
}
inline std::string words(const outlast::step& s) {
    std::string text = word(s.what, {"call ", "wait", "park", "finish"});
    if (s.what == outlast::action::call)
        text += s.callee == outlast::work ? "work" : std::to_string(s.callee);
    return text + (s.at == outlast::never ? "" : " by " + words(s.at));
}
inline std::string words(const outlast::traced& t) {
    return words(t.at) + ": " + words(t.what) +
           (t.what.what == outlast::action::finish ? ": " + words(t.outcome) : "");
}
inline std::string words(const answer& a) {
    return words(static_cast<const outlast::step&>(a)) +
           (a.what == outlast::action::finish ? ": " + words(a.outcome) : "");
}

} // namespace outlast_tests

namespace Catch {

template <class T>
    requires requires(const T& x) { outlast_tests::words(x); }
struct StringMaker<T> {
    static std::string convert(const T& x) { return outlast_tests::words(x); }
};
// More special than what Catch2 has for durations and instants.
template <>
struct StringMaker<outlast::duration> {
    static std::string convert(outlast::duration d) { return outlast_tests::words(d); }
};
template <>
struct StringMaker<outlast::instant> {
    static std::string convert(outlast::instant at) { return outlast_tests::words(at); }
};

} // namespace Catch

#endif
