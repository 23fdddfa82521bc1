// SPDX-License-Identifier: BSL-1.0
#include <outlast/hand.hpp>

#include <outlast/pipeline.hpp>
#include <outlast/retry.hpp>
#include <outlast/run.hpp>
#include <outlast/simulate.hpp>

#include "support/catch.hpp"
#include "support/print.hpp"
#include "support/script.hpp"
#include "support/zoo.hpp"

#include <chrono>
#include <functional>
#include <memory>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

using namespace std::chrono_literals;
using outlast::failure;
using outlast::hand;
using outlast::refusal;
using outlast::report;
using outlast::result;
using outlast::verdict;
using outlast_tests::at;
using outlast_tests::counted;
using outlast_tests::move_only;

namespace {

const auto server_error = std::make_error_code(std::errc::io_error);
const auto refused = std::make_error_code(std::errc::connection_refused);

struct silent final : outlast::waker {
    void wake() noexcept override {}
};

/// A machine that has nothing to tell, or a name.
struct teller : outlast::leaf {
    bool tells = false;
    constexpr void explain(outlast::failure_facts& facts) const noexcept {
        if (tells)
            facts.policy = "teller";
    }
};

/// Its only operation throws.
struct throwing : outlast::leaf {
    static constexpr outlast::operation operations = 1;
    int ran = 0;
    verdict act(outlast::operation, outlast::reading&, int&) {
        ++ran;
        throw std::runtime_error("store");
    }
};

template <class Hand>
verdict attempt(Hand& h) {
    return h.work(outlast::never, outlast::reading{at(0ms)}, {});
}

outlast::retry thrice() {
    return outlast::retry{{.max_attempts = 3, .backoff = outlast::constant(0ms)}};
}

} // namespace

TEST_CASE("hand: an attempt, its verdict, and the value moved to the caller") {
    silent wake;
    const auto f = [] { return std::make_unique<int>(4); };
    hand h{f, wake};
    CHECK(h.attempts() == 0);
    CHECK(attempt(h) == verdict::success());
    CHECK(h.attempts() == 1);
    CHECK(*h.value() == 4);
    CHECK(&h.waiter() == &wake);
    const auto r = h.conclude(verdict::success(), teller{}, 5ms, nullptr);
    CHECK(*r.value() == 4);
}

TEST_CASE("hand: the outcome of an attempt is destroyed before the next one begins") {
    silent wake;
    counted::counts counts;
    int alive_at_start = 0;
    const auto f = [&] {
        alive_at_start = counts.made - counts.released;
        return counted{counts};
    };
    hand h{f, wake};
    for (int i = 0; i != 3; ++i) {
        attempt(h);
        CHECK(alive_at_start == 0);
    }
    CHECK(counts.made == 3);
    CHECK(counts.released == 2);
    CHECK(counts.copied == 0);
    {
        const auto r = h.conclude(verdict::success(), teller{}, 0ms, nullptr);
        CHECK(counts.released == 2);
    }
    CHECK(counts.released == 3);
}

TEST_CASE("RT-08 discarded results are released, the last survives") {
    counted::counts counts;
    outlast::pipeline p{outlast::retry{{.max_attempts = 6, .backoff = outlast::constant(0ms)}}};
    outlast::judged all_bad{[&] { return counted{counts}; }, [](const counted&) { return false; }};
    {
        const auto r = p(all_bad);
        CHECK(r.has_value());
        CHECK(counts.made == 6);
        CHECK(counts.released == 5);
    }
    CHECK(counts.released == 6);
}

TEST_CASE("hand: an attempt that was cut off leaves nothing") {
    silent wake;
    const auto f = [] { return 4; };
    hand h{f, wake};
    attempt(h);
    h.drop();
    const auto r = h.conclude(verdict::expired(), teller{}, 0ms, nullptr);
    CHECK(r.error().why() == refusal::timed_out);
}

TEST_CASE("hand: the failure of the call tells the refusal and what lies underneath") {
    silent wake;
    const auto f = [] { return result<int>{server_error}; };
    SECTION("the callable's own failure is passed on") {
        hand h{f, wake};
        const verdict v = attempt(h);
        CHECK(v == verdict::failure(server_error));
        const auto r = h.conclude(v, teller{}, 7ms, nullptr);
        CHECK(r.error().code() == server_error);
        CHECK(r.error().attempts() == 1);
        CHECK(r.error().facts().elapsed == 7ms);
        CHECK(r.error().why() == refusal::none);
    }
    SECTION("a refusal carries the last failure as its cause") {
        hand h{f, wake};
        attempt(h);
        const auto r = h.conclude(verdict::neutral(refusal::cancelled, 3s), teller{}, 0ms, nullptr);
        CHECK(r.error().code() == refusal::cancelled);
        CHECK(r.error().cause() == server_error);
        CHECK(r.error().retry_after() == 3s);
    }
    SECTION("or what the verdict says, if no attempt failed here") {
        hand h{f, wake};
        verdict v = verdict::failure(refused);
        CHECK(h.conclude(v, teller{}, 0ms, nullptr).error().code() == refused);
        v = verdict::neutral(refusal::circuit_open);
        v.code = refused.value();
        v.domain = &refused.category();
        const auto r = h.conclude(v, teller{}, 0ms, nullptr);
        CHECK(r.error().code() == refusal::circuit_open);
        CHECK(r.error().cause() == refused);
    }
    SECTION("where nobody knows anything, it is unavailable") {
        hand h{f, wake};
        const auto r = h.conclude(verdict::failure(), teller{}, 0ms, nullptr);
        CHECK(r.error().why() == refusal::unavailable);
        CHECK(r.error().attempts() == 0);
    }
}

TEST_CASE("hand: a value that was late is not handed out; one that was judged bad is") {
    silent wake;
    const auto f = [] { return 4; };
    SECTION("late") {
        hand h{f, wake};
        verdict late = attempt(h);
        late.kind = outlast::verdict_kind::expired;
        late.why = refusal::timed_out;
        late.late = true;
        CHECK(h.value() == 4); // for a cache
        CHECK(h.conclude(late, teller{}, 0ms, nullptr).error().why() == refusal::timed_out);
    }
    SECTION("judged") {
        outlast::judged bad{f, [](int) { return false; }};
        hand h{bad, wake};
        const verdict v = attempt(h);
        CHECK(v.kind == outlast::verdict_kind::failure);
        CHECK(h.conclude(v, teller{}, 0ms, nullptr).value() == 4);
    }
}

TEST_CASE("hand: a nested pipeline has told its own story already") {
    silent wake;
    report told;
    told.policy = "inner";
    told.attempts = 5;
    const auto f = [&] { return result<int>{failure{refusal::circuit_open}.with_facts(told)}; };
    hand h{f, wake};
    const verdict v = attempt(h);
    CHECK(v.kind == outlast::verdict_kind::neutral);
    teller outer;
    const auto inner_story = h.conclude(v, outer, 0ms, nullptr);
    CHECK(inner_story.error().facts().policy.view() == "inner");
    CHECK(inner_story.error().attempts() == 5);
    attempt(h);
    outer.tells = true;
    const auto outer_story = h.conclude(v, outer, 0ms, nullptr);
    CHECK(outer_story.error().facts().policy.view() == "teller");
    CHECK(outer_story.error().attempts() == 2);
}

TEST_CASE("hand: the report that a caller asked for is written on success too") {
    silent wake;
    const auto f = [] { return 4; };
    hand h{f, wake};
    attempt(h);
    report facts;
    teller t;
    t.tells = true;
    CHECK(h.conclude(verdict::success(), t, 9ms, &facts).value() == 4);
    CHECK(facts.attempts == 1);
    CHECK(facts.elapsed == 9ms);
    CHECK(facts.policy.view() == "teller");
    CHECK(facts.retry_after == verdict::no_hint);
}

TEST_CASE("hand: an operation of a policy that throws has failed") {
    throwing machine;
    outlast::reading now{at(0ms)};
    int stand_in = 0;
    CHECK(outlast::detail::operate(machine, 1, now, stand_in) == verdict::failure());
    CHECK(machine.ran == 1);
    outlast::leaf none;
    CHECK(outlast::detail::operate(none, 1, now, stand_in) == verdict::failure());
}

// --- arguments ---

TEST_CASE("hand: with the context of the call and without, with arguments and without") {
    auto p = outlast::pipeline{thrice()};
    CHECK(p([] { return 1; }).value() == 1);
    CHECK(p([](outlast::call& c) { return static_cast<int>(c.attempt()); }).value() == 1);
    CHECK(p([](int a, int b) { return a + b; }, 2, 3).value() == 5);
    CHECK(p([](outlast::call&, int a, int b) { return a + b; }, 2, 3).value() == 5);
    // One that takes both ways is told.
    struct both {
        int operator()() { return 1; }
        int operator()(outlast::call&) { return 2; }
    };
    CHECK(p(both{}).value() == 2);
    // Constant, mutable, a function, a reference to one.
    const auto constant = [] { return 3; };
    CHECK(p(constant).value() == 3);
    int n = 0;
    CHECK(p([n]() mutable { return ++n; }).value() == 1);
    int (*function)(int) = [](int x) { return x; };
    CHECK(p(function, 4).value() == 4);
    CHECK(p(*function, 4).value() == 4);
    CHECK(p(std::function<int(outlast::call&)>{[](outlast::call&) { return 6; }}).value() == 6);
    CHECK(p(std::ref(constant)).value() == 3);
}

TEST_CASE("hand: pointers to members") {
    struct person {
        int age = 30;
        [[nodiscard]] int older(int by) const { return age + by; }
        int birthday() { return ++age; }
    };
    auto p = outlast::pipeline{thrice()};
    person ann;
    CHECK(p(&person::older, ann, 5).value() == 35);
    CHECK(p(&person::older, &ann, 5).value() == 35);
    CHECK(p(&person::older, std::ref(ann), 5).value() == 35);
    CHECK(p(&person::age, ann).value() == 30);
    CHECK(p(&person::birthday, &ann).value() == 31);
    CHECK(p(&person::birthday, std::ref(ann)).value() == 32);
    CHECK(ann.age == 32);
}

TEST_CASE("hand: no attempt finds its arguments moved from") {
    auto p = outlast::pipeline{thrice()};
    auto fails_twice = [n = 0](const auto& r) mutable -> result<int> {
        if (++n < 3)
            return server_error;
        return static_cast<int>(r.size());
    };
    SECTION("taken by value") {
        std::vector<std::string> seen;
        const std::string long_text(100, 'x');
        std::string given = long_text;
        const auto r = p(
            [&, fails_twice](std::string s) mutable {
                seen.push_back(std::move(s));
                return fails_twice(seen.back());
            },
            std::move(given));
        CHECK(r.value() == 100);
        CHECK(seen == std::vector<std::string>{long_text, long_text, long_text});
    }
    SECTION("by reference: the very object") {
        std::string given = "abc";
        std::vector<const std::string*> seen;
        const auto r = p(
            [&, fails_twice](const std::string& s) mutable {
                seen.push_back(&s);
                return fails_twice(s);
            },
            given);
        CHECK(r.value() == 3);
        CHECK(seen == std::vector<const std::string*>{&given, &given, &given});
    }
    SECTION("to be changed: by std::ref") {
        std::string given;
        const auto r = p(
            [fails_twice](std::string& s) mutable {
                s += 'x';
                return fails_twice(s);
            },
            std::ref(given));
        CHECK(r.value() == 3);
        CHECK(given == "xxx");
    }
    SECTION("what can only be moved, or not even that") {
        const outlast_tests::immovable rock{};
        CHECK(p([&](const outlast_tests::immovable& r) { return &r == &rock; }, rock).value());
        move_only given{7};
        CHECK(p([](const move_only& m) { return *m.value; }, given).value() == 7);
        CHECK(p([](const move_only& m) { return *m.value; }, move_only{8}).value() == 8);
        CHECK(*given.value == 7);
    }
    SECTION("a literal, an array") {
        CHECK(p([](const char* s) { return std::string{s}; }, "text").value() == "text");
        const int three[] = {1, 2, 3};
        CHECK(p([](const int(&a)[3]) { return a[2]; }, three).value() == 3);
    }
}

TEST_CASE("hand: in a simulation the arguments are kept for as long as the call goes on") {
    outlast::simulation sim;
    auto p =
        outlast::pipeline{outlast::retry{{.max_attempts = 3, .backoff = outlast::constant(100ms)}}};
    std::vector<std::string> seen;
    const auto start = [&](std::string text) -> auto& {
        return sim.call(
            p,
            [&](const std::string& s) -> result<std::string> {
                seen.push_back(s);
                if (seen.size() < 3)
                    return server_error;
                return s;
            },
            std::move(text));
    };
    auto& c = start(std::string(100, 'y'));
    sim.run();
    CHECK(c.result().value() == std::string(100, 'y'));
    CHECK(seen.size() == 3);
}

TEST_CASE("hand: several of one call count its attempts together") {
    struct no_bell final : outlast::waker {
        void wake() noexcept override {}
    } bell;
    std::vector<std::uint32_t> seen;
    auto work = [&](outlast::call& c) { return seen.push_back(c.attempt()), 1; };
    outlast::hand<decltype(work)> first{work, bell};
    outlast::hand<decltype(work)> second{work, bell};
    (void)first.work(outlast::never, outlast::reading{outlast::instant{}}, {});
    second.count_from(1);
    (void)second.work(outlast::never, outlast::reading{outlast::instant{}}, {});
    CHECK(seen == std::vector<std::uint32_t>{1, 2});
    CHECK(second.attempts() == 2);
}
