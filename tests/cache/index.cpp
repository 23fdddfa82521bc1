// SPDX-License-Identifier: BSL-1.0
#include <outlast/cache/index.hpp>

#include "support/catch.hpp"

#include <atomic>
#include <cstdint>
#include <random>
#include <set>
#include <thread>
#include <utility>
#include <vector>

using outlast::cache_index;

namespace {

template <bool Threads>
std::set<std::uint32_t> all_of(const cache_index<Threads>& index, std::uint32_t tag) {
    std::set<std::uint32_t> places;
    (void)index.find(tag, [&](std::uint32_t p, auto still) {
        CHECK(still());
        CHECK(places.insert(p).second);
        return false;
    });
    return places;
}

} // namespace

TEST_CASE("cache_index: the places of a tag are asked about until one is it") {
    cache_index<> index{4};
    const auto any = [](std::uint32_t, auto still) { return still(); };
    CHECK(index.find(7, any) == 0);
    index.insert(7, 1), index.insert(7, 2), index.insert(0, 3);
    CHECK(all_of(index, 7) == std::set<std::uint32_t>{1, 2});
    CHECK(index.find(7, [](std::uint32_t p, auto) { return p == 2; }) == 2);
    CHECK(index.find(0, any) == 3);
    CHECK(index.find(8, any) == 0);
    index.erase(7, 1);
    CHECK(index.find(7, any) == 2);
    index.erase(0, 3);
    CHECK(index.find(0, any) == 0);
}

TEST_CASE("cache_index: a version tells of changes") {
    cache_index<> index{4};
    const auto before = index.version();
    CHECK(before % 2 == 0);
    {
        const cache_index<>::change scope{index};
        CHECK(index.version() % 2 == 1);
    }
    CHECK(index.version() % 2 == 0);
    CHECK(index.version() != before);
}

TEST_CASE("cache_index: as a multimap, over random changes, full to the brim and crowded") {
    for (const std::uint32_t tags : {3u, 40u, 0xffffffffu}) {
        constexpr std::uint32_t most = 60;
        CAPTURE(tags);
        std::mt19937_64 chance{tags};
        cache_index<false> index{most};
        std::vector<std::pair<std::uint32_t, std::uint32_t>> model; // tag, place
        std::vector<std::uint32_t> free;
        for (std::uint32_t p = 1; p <= most; ++p)
            free.push_back(p);
        for (int i = 0; i != 4000; ++i) {
            if (!free.empty() && chance() % 100 < 55) {
                const auto tag = static_cast<std::uint32_t>(chance() % tags);
                model.emplace_back(tag, free.back());
                index.insert(tag, free.back());
                free.pop_back();
            } else if (!model.empty()) {
                std::swap(model[chance() % model.size()], model.back());
                index.erase(model.back().first, model.back().second);
                free.push_back(model.back().second);
                model.pop_back();
            }
            for (const auto& [tag, place] : model) {
                const std::uint32_t wanted = place;
                if (index.find(tag, [&](std::uint32_t p, auto) { return p == wanted; }) != wanted)
                    FAIL("lost a place in round " << i);
            }
        }
        CHECK(model.size() > 10);
    }
}

TEST_CASE("cache_index: threads: what stays is found, or the version says to look again") {
    cache_index<> index{64};
    for (std::uint32_t p = 1; p <= 8; ++p)
        index.insert(p * 8, p); // these stay
    std::atomic<bool> done = false;
    std::atomic<int> lost = 0;
    std::atomic<int> looks = 0;
    std::thread reader{[&] {
        for (std::uint32_t p = 1; !done; p = p % 8 + 1) {
            const auto version = index.version();
            const auto found =
                index.find(p * 8, [&](std::uint32_t q, auto still) { return q == p && still(); });
            lost += found == 0 && version % 2 == 0 && index.version() == version;
            ++looks;
        }
    }};
    while (looks == 0)
        std::this_thread::yield();
    std::mt19937_64 chance{5};
    for (int i = 0; i != 20'000; ++i) {
        const auto tag = static_cast<std::uint32_t>(chance() % 64);
        const cache_index<>::change scope{index};
        index.insert(tag, 100);
        index.insert(tag, 101);
        // One that was pushed behind these moves back when they go.
        const std::uint32_t p = static_cast<std::uint32_t>(i) % 8 + 1;
        index.erase(p * 8, p), index.insert(p * 8, p);
        index.erase(tag, 100);
        index.erase(tag, 101);
    }
    done = true;
    reader.join();
    CHECK(lost == 0);
}
