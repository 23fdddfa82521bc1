// SPDX-License-Identifier: BSL-1.0
#include <outlast/asio/deadline_heap.hpp>

#include "support/catch.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <random>
#include <set>
#include <utility>
#include <vector>

using namespace std::chrono_literals;
using outlast::instant;
using outlast::detail::deadline_heap;

namespace {

struct waiting : deadline_heap::node {};

instant at(std::uint64_t ns) { return instant{outlast::duration{static_cast<std::int64_t>(ns)}}; }

} // namespace

TEST_CASE("deadline heap: the first one comes first") {
    deadline_heap h;
    CHECK(h.empty());
    CHECK(h.first() == outlast::never);
    waiting a, b, c;
    h.insert(b, at(20));
    h.insert(a, at(10));
    h.insert(c, outlast::never);
    CHECK(h.first() == at(10));
    CHECK(&h.pop() == &a);
    CHECK(!a.linked());
    CHECK(b.linked());
    h.erase(b);
    CHECK(!b.linked());
    CHECK(!h.empty());
    CHECK(h.first() == outlast::never);
    h.insert(a, at(5));
    CHECK(&h.pop() == &a);
    CHECK(&h.pop() == &c);
    CHECK(h.empty());
}

TEST_CASE("deadline heap: any order of coming, leaving and being due") {
    std::mt19937_64 chance{11};
    const auto below = [&](std::uint64_t n) { return chance() % n; };
    std::vector<waiting> all(200);
    deadline_heap h;
    std::multiset<instant> model;
    for (int i = 0; i != 20'000; ++i) {
        waiting& w = all[below(all.size())];
        if (w.linked()) {
            model.erase(model.find(w.at()));
            h.erase(w);
        } else if (below(8) == 0 && !h.empty()) {
            const instant first = h.first();
            deadline_heap::node& n = h.pop();
            CHECK(n.at() == first);
            model.erase(model.find(first));
        } else {
            const instant when = at(below(100));
            h.insert(w, when);
            model.insert(when);
        }
        CHECK(h.first() == (model.empty() ? outlast::never : *model.begin()));
    }
    instant before = instant::min();
    while (!h.empty()) {
        const instant next = h.pop().at();
        CHECK(before <= next);
        before = next;
    }
}

TEST_CASE("deadline heap: ten thousand of them, taken back in the order in which they came") {
    std::vector<waiting> all(10'000);
    deadline_heap h;
    for (std::size_t i = 0; i != all.size(); ++i)
        h.insert(all[i], at(i));
    for (std::size_t i = 0; i != all.size(); ++i) {
        CHECK(h.first() == at(i));
        h.erase(all[i]);
    }
    CHECK(h.empty());
}
