// SPDX-License-Identifier: BSL-1.0
#include <outlast/cache_asking.hpp>

#include <outlast/outcome.hpp>

#include "support/catch.hpp"

#include <chrono>
#include <system_error>

using namespace std::chrono_literals;
using outlast::instant;
using outlast::reading;
using outlast::verdict;

namespace {

struct seat {};
using asking = outlast::detail::asking<seat>;

instant at(outlast::duration t) { return instant{t}; }

asking until(outlast::duration by) {
    asking a;
    a.work_until = at(by);
    return a;
}

verdict timed_out_by_itself() {
    return outlast::detail::judge(outlast::failure{std::make_error_code(std::errc::timed_out)});
}

} // namespace

TEST_CASE("asking: without a deadline nothing fails for want of time") {
    reading now{at(1h)};
    CHECK_FALSE(asking{}.for_want_of_time(now, verdict::expired(), at(0s)));
}

TEST_CASE("asking: what fails at its deadline, or was not begun for it, may do better later") {
    const asking a = until(10s);
    for (const auto& [time, v, expected] :
         {std::tuple{10s, verdict::failure(), true}, std::tuple{9s, verdict::failure(), false},
          std::tuple{1s, verdict::neutral(outlast::refusal::timed_out), true},
          std::tuple{1s, verdict::neutral(outlast::refusal::circuit_open), false}}) {
        reading now{at(time)};
        CHECK(a.for_want_of_time(now, v, at(0s)) == expected);
    }
}

TEST_CASE("asking: a callable that keeps its deadline times out some time before it") {
    const asking a = until(10s);
    reading just_before{at(9'500ms)};
    CHECK(a.for_want_of_time(just_before, timed_out_by_itself(), at(0s)));
    CHECK_FALSE(a.for_want_of_time(just_before, verdict::failure(), at(0s)));
    reading long_before{at(5s)};
    CHECK_FALSE(a.for_want_of_time(long_before, timed_out_by_itself(), at(0s)));
}

TEST_CASE("asking: a failure in a hurry is shared by those with less than twice its time") {
    const asking a = until(10s);
    reading now{at(8s)};
    verdict v = verdict::failure();
    CHECK(a.shared_by(now, v) == outlast::never);
    v.hurried = true;
    CHECK(a.shared_by(now, v) == at(12s));
    v.hint = 30s; // nobody is to ask before that
    CHECK(a.shared_by(now, v) == outlast::never);
    CHECK_FALSE(outlast::detail::as_news(v).hurried);
    CHECK(outlast::detail::as_news(v).hint == 30s);
}
