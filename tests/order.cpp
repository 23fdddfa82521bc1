// SPDX-License-Identifier: BSL-1.0
#include <outlast/order.hpp>

#include <outlast/cache/memory.hpp>
#include <outlast/cache_aside.hpp>
#include <outlast/circuit_breaker.hpp>
#include <outlast/fallback.hpp>
#include <outlast/pipeline.hpp>
#include <outlast/retry.hpp>
#include <outlast/threads.hpp>
#include <outlast/timeout.hpp>

#include "support/catch.hpp"

#include <chrono>
#include <functional>
#include <stdexcept>
#include <string>

using namespace std::chrono_literals;
using outlast::fallback;
using outlast::no_limit;
using outlast::pipeline;
using outlast::retry;
using outlast::timeout;

namespace {

template <class... P>
std::string problem(const P&... policies) {
    const char* said = outlast::order_problem(policies...);
    return said == nullptr ? "" : said;
}

struct own : retry {
    static constexpr outlast::duty does = outlast::duty::other;
    own() : retry(outlast::retry_options{}) {}
};

struct always {
    static constexpr outlast::duty does = outlast::duty::replaces;
    static constexpr bool hides_failures() { return true; }
};

const fallback hides{0};
const fallback chooses{0, {.when = [](const outlast::verdict& v) { return v.has_hint(); }}};

} // namespace

TEST_CASE("order: a retry has nothing to repeat outside a fallback that replaces every failure") {
    const std::string said = problem(retry{}, hides);
    CHECK(said ==
          "pipeline: a retry stands outside a fallback that replaces every failure, and has at "
          "most what that fails at itself to repeat: put the fallback outside the retry, or "
          "say by its `when` what it replaces");
    CHECK(problem(timeout{1s}, retry{}, timeout{1s}, hides) == said);
    CHECK(problem(hides, retry{}).empty());
    CHECK(problem(retry{}, chooses).empty());
    // A callable may fail; that this is to be repeated has to be said.
    CHECK(problem(retry{}, fallback{[] { return 0; }}) == said);
    CHECK(problem(retry{}, fallback{[] { return 0; },
                                    {.when = [](const outlast::verdict&) { return true; }}})
              .empty());
    CHECK(problem(retry{}, always{}) == said); // one of the user's that says so
    // In whatever pipelines they stand.
    pipeline inner{timeout{1s}, hides};
    CHECK(problem(retry{}, inner) == said);
    CHECK(problem(retry{}, std::ref(inner)) == said);
    CHECK(problem(pipeline{retry{}}, pipeline{std::ref(inner)}) == said);
    CHECK_THROWS_AS((pipeline{retry{}, hides}), std::invalid_argument);
}

TEST_CASE("order: a timeout outside a longer one is refused where both are of one pipeline") {
    const std::string said = problem(timeout{1s}, timeout{2s});
    CHECK(said ==
          "pipeline: a timeout stands outside a longer one, which never fires: put the longer "
          "one outside, or make the inner one shorter");
    CHECK(problem(timeout{1s}, retry{}, timeout{1s + 1ns}) == said);
    CHECK(problem(timeout{3s}, timeout{1s}, timeout{2s}) == said);
    CHECK(problem(timeout{1s}, timeout{1s}).empty());
    CHECK(problem(timeout{2s}, timeout{1s}).empty());
    CHECK(problem(timeout{no_limit}, timeout{1s}).empty());
    CHECK(problem(timeout{1s}, timeout{no_limit}).empty());
    CHECK(problem(timeout{1s}, pipeline{timeout{2s}}).empty());
    CHECK_THROWS_AS((pipeline{timeout{1s}, retry{}, timeout{2s}}), std::invalid_argument);
}

TEST_CASE("order: a computed limit may be shorter than the most that it can be, and is no longer") {
    const auto by = [](outlast::duration most) {
        return outlast::timeout_by{[] { return 10ms; }, {.limit = most}};
    };
    CHECK(problem(timeout{1s}, by(2s)).empty());
    CHECK(problem(by(1s), by(2s)).empty());
    CHECK(problem(by(1s), timeout{2s}) == problem(timeout{1s}, timeout{2s}));
    CHECK(problem(by(no_limit), timeout{2s}).empty());
}

TEST_CASE("order: the same policy stands in a pipeline once") {
    outlast::basic_circuit_breaker<> a;
    outlast::basic_circuit_breaker<> b;
    const std::string said = problem(std::ref(a), std::ref(a));
    CHECK(said ==
          "pipeline: the same policy stands in it twice, where a cache waits for itself and a "
          "breaker counts each call double: name it once");
    CHECK(problem(std::ref(a), retry{}, std::ref(a)) == said);
    CHECK(problem(std::ref(a), pipeline{std::ref(b), std::ref(a)}) == said);
    pipeline inner{timeout{1s}};
    CHECK(problem(std::ref(inner), std::ref(inner)) == said);
    CHECK(problem(std::ref(a), std::ref(b)).empty());
    CHECK(problem(retry{}, retry{}).empty());
    CHECK_THROWS_AS((pipeline{std::ref(a), std::ref(a)}), std::invalid_argument);
}

TEST_CASE("order: a policy that does not say what it does is let be") {
    struct nothing {};
    CHECK(problem(own{}, hides).empty());
    CHECK(problem(retry{}, nothing{}, timeout{1s}, nothing{}).empty());
    CHECK(problem().empty());
}

TEST_CASE("order: policy_of finds the policy behind a reference, constant or not") {
    retry r;
    const auto by_ref = std::ref(r);
    CHECK(&outlast::policy_of(by_ref) == &r);
    CHECK(&outlast::policy_of(r) == &r);
}

static_assert(outlast::order_problem(timeout{1s}, timeout{2s}) != nullptr);
static_assert(outlast::order_problem(timeout{2s}, retry{}, timeout{1s}) == nullptr);

TEST_CASE("order: a cache outside a fallback that is a value would remember the stand-in") {
    outlast::memory<int, int> store{{.capacity = 1}};
    const auto key = [](int id) { return id; };
    const auto life = [](int) { return outlast::lifetime{.fresh_for = 1s}; };
    outlast::cache_aside cache{store, key, life};
    CHECK(
        problem(cache, hides)
            .starts_with(
                "pipeline: a cache stands outside a fallback whose value replaces every failure"));
    CHECK(problem(cache, retry{}, pipeline{hides}) != "");
    CHECK(problem(hides, cache) == "");
    CHECK(problem(cache, chooses) == "");
    CHECK(problem(cache, fallback{[] { return 0; }}) == ""); // from elsewhere, it may be as good
}
