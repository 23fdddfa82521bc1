// SPDX-License-Identifier: BSL-1.0
#include <outlast/fallback_answer.hpp>

#include "support/catch.hpp"
#include "support/zoo.hpp"

#include <string>
#include <system_error>

using outlast::call;
using outlast::failure;
using outlast::result;

namespace {

const failure down{std::make_error_code(std::errc::host_unreachable)};

call context() { return {3, outlast::never, outlast::reading{outlast::instant{}}, {}}; }

template <class T, class... A, class Answer>
result<T> ask(Answer answer, const T* bad, const A&... a) {
    return outlast::detail::fallback_answer<T, A...>::ask(answer, context, down, bad, a...);
}

template <class T, class... A, class Answer>
constexpr bool sees(const Answer&) {
    return outlast::detail::fallback_answer<T, A...>::template sees_value<Answer>;
}

} // namespace

TEST_CASE("fallback answer: what it replaces is shown to who asks for it, or that there is none") {
    const auto words = [](const failure& f, const std::string* bad) {
        return f.code().message() + (bad != nullptr ? ", not " + *bad : "");
    };
    const std::string bad = "bad";
    CHECK(ask<std::string>(words, &bad).value() == down.code().message() + ", not bad");
    CHECK(ask<std::string>(words, nullptr).value() == down.code().message());
    // Whatever the arguments are, and with them.
    CHECK(ask<std::string>(words, nullptr, 7, 'x').value() == down.code().message());
    const auto all = [](const failure&, const std::string* b, int n) {
        return *b + std::to_string(n);
    };
    CHECK(ask<std::string>(all, &bad, 7).value() == "bad7");
}

TEST_CASE("fallback answer: a call& before them") {
    const int bad = 4;
    CHECK(ask<int>([](call& c, const failure&,
                      const int* b) { return *b + static_cast<int>(c.attempt()); },
                   &bad)
              .value() == 7);
    CHECK(ask<int>([](call& c, const failure&, const int* b,
                      int n) { return *b + static_cast<int>(c.attempt()) + n; },
                   &bad, 10)
              .value() == 17);
}

TEST_CASE("fallback answer: what can do without the value is asked without it") {
    const int bad = 4;
    CHECK(ask<int>([](const auto&... all) { return static_cast<int>(sizeof...(all)); }, &bad, 1)
              .value() == 2);
    // A pointer that is an argument is that argument.
    CHECK(ask<int>([](const failure&, const int* p) { return p == nullptr ? 1 : 2; }, &bad,
                   static_cast<const int*>(nullptr))
              .value() == 1);
    CHECK_FALSE(sees<int>([] { return 0; }));
    CHECK_FALSE(sees<int, int>([](const failure&, int) { return 0; }));
    CHECK_FALSE(sees<int>([](call&, const failure&) { return 0; }));
    CHECK_FALSE(sees<int>(7));
    CHECK(sees<int>([](const failure&, const int*) { return 0; }));
    CHECK(sees<int, char>([](call&, const failure&, const int*, char) { return 0; }));
}

TEST_CASE("fallback answer: a value that is only moved is shown where it is") {
    const outlast_tests::move_only bad{4};
    const auto r = ask<outlast_tests::move_only>(
        [](const failure&, const outlast_tests::move_only* b) {
            return outlast_tests::move_only{*b->value + 1};
        },
        &bad);
    CHECK(*r.value().value == 5);
}

TEST_CASE("fallback answer: where the callable gives nothing there is no value to see") {
    auto answer = [] {};
    using answering = outlast::detail::fallback_answer<void>;
    CHECK(answering::ask(answer, context, down, nullptr).has_value());
    CHECK_FALSE(answering::sees_value<decltype(answer)>);
}
