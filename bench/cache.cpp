// SPDX-License-Identifier: BSL-1.0
//
// What it costs to know a token already, beside one digest of it, and beside the ordinary way.
#include "harness.hpp"
#include "least.hpp"
#include "tokens.hpp"

#include <openssl/evp.h>

#include <array>
#include <cstddef>
#include <memory>
#include <vector>

namespace bench {
namespace {

// Everything is made at its first use, and never destroyed: a million nodes take their time.
template <std::size_t N>
const token_set& tokens() {
    static const auto& made = *new token_set{N};
    return made;
}
template <std::size_t N, class Cache>
Cache& filled() {
    static auto& made = *new Cache{tokens<N>()};
    return made;
}
template <std::size_t N>
const std::vector<token_digest>& digests() {
    static const auto& made = *[] {
        auto* all = new std::vector<token_digest>;
        for (std::size_t i = 0; i != N; ++i)
            all->push_back(keyer()(tokens<N>()[i]).value());
        return all;
    }();
    return made;
}

/// One token after the other, going on where the last run of this thread stopped; the second
/// thread is half a round ahead.
template <std::size_t N, class F>
void add_round(const char* name, F f, int threads = 1) {
    const auto run = [f](benchmark::State& state) {
        static std::array<std::size_t, 2> next{0, N / 2};
        std::size_t& mine = next[static_cast<std::size_t>(state.thread_index())];
        std::size_t i = mine;
        measure(state, [&i, step = f()] {
            step(i);
            i = i + 1 == N ? 0 : i + 1;
        });
        mine = i;
    };
    benchmark::RegisterBenchmark(name, run)->Threads(threads)->UseManualTime();
}

auto sha256() {
    thread_local EVP_MD* const algorithm = EVP_MD_fetch(nullptr, "SHA256", nullptr);
    thread_local EVP_MD_CTX* const context = EVP_MD_CTX_new();
    return [](std::size_t i) {
        const std::string_view token = tokens<1000>()[i];
        std::array<unsigned char, 32> digest{};
        EVP_DigestInit_ex2(context, algorithm, nullptr);
        EVP_DigestUpdate(context, token.data(), token.size());
        EVP_DigestFinal_ex(context, digest.data(), nullptr);
        benchmark::DoNotOptimize(digest);
    };
}

auto siphash() {
    return [](std::size_t i) { benchmark::DoNotOptimize(keyer()(tokens<1000>()[i])); };
}

template <std::size_t N>
auto hit() {
    return [&cache = filled<N, remembered>(), &all = tokens<N>()](std::size_t i) {
        const auto r = cache.check(introspect, all[i]);
        bool active = r.has_value() && r.assume_value().active;
        benchmark::DoNotOptimize(active);
    };
}

/// Each thread in a cache of its own.
template <std::size_t N>
auto hit_apart() {
    const auto own = std::make_shared<remembered>(tokens<N>());
    return [own, &all = tokens<N>()](std::size_t i) {
        const auto r = own->check(introspect, all[i]);
        bool active = r.has_value() && r.assume_value().active;
        benchmark::DoNotOptimize(active);
    };
}

template <std::size_t N>
auto lookup() {
    return [&cache = filled<N, remembered>(), &all = digests<N>()](std::size_t i) {
        benchmark::DoNotOptimize(known(cache, all[i]));
    };
}

// The least: see least.hpp.
struct least_table : least::table<token_digest, verdict> {
    explicit least_table(const token_set& all) : table(all.size()) {
        all.in_any_order([this](std::string_view token) { put(keyer()(token).value(), {}); });
    }
};
template <std::size_t N>
auto least_lookup() {
    return [&cache = filled<N, least_table>(), &all = digests<N>()](std::size_t i) {
        bool found = cache.find(all[i]) != nullptr;
        benchmark::DoNotOptimize(found);
    };
}

template <std::size_t N>
auto ordinary_hit() {
    return [&cache = filled<N, noted>(), &all = tokens<N>()](std::size_t i) {
        bool active = cache.cache.find(all[i]).has_value();
        benchmark::DoNotOptimize(active);
    };
}

} // namespace

void add_benchmarks() {
    for (const int threads : {1, 2})
        add_round<1000>("sha256", sha256, threads);
    add_round<1000>("siphash", siphash);
    add_round<1'000>("lookup_1k", lookup<1'000>);
    add_round<100'000>("lookup_100k", lookup<100'000>);
    add_round<1'000'000>("lookup_1m", lookup<1'000'000>);
    add_round<1'000>("least_lookup_1k", least_lookup<1'000>);
    add_round<1'000'000>("least_lookup_1m", least_lookup<1'000'000>);
    for (const int threads : {1, 2}) {
        add_round<1'000>("hit_1k", hit<1'000>, threads);
        add_round<100'000>("hit_100k", hit<100'000>, threads);
        add_round<1'000>("ordinary_1k", ordinary_hit<1'000>, threads);
        add_round<100'000>("ordinary_100k", ordinary_hit<100'000>, threads);
    }
    add_round<1'000>("hit_1k_apart", hit_apart<1'000>, 2);
    add_round<1'000'000>("hit_1m", hit<1'000'000>);
}

} // namespace bench
