// SPDX-License-Identifier: BSL-1.0
//
// The least that gives the same answers: written by hand for one case each, with nothing to choose, to
// share or to tell.
#ifndef OUTLAST_BENCH_LEAST_HPP
#define OUTLAST_BENCH_LEAST_HPP

#include <outlast/outcome.hpp>
#include <outlast/result.hpp>
#include <outlast/threads.hpp>

#include <boost/outcome/std_result.hpp>

#include <benchmark/benchmark.h>

#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <functional>
#include <system_error>
#include <vector>

namespace bench::least {

/// An open circuit that refuses with all that a refusal says: until when, what was counted, the last
/// error, whose circuit; and counts it where no other thread writes.
class circuit {
public:
    void trip(std::error_code last, outlast::instant until) {
        code_ = last.value();
        domain_ = &last.category();
        until_ = until.time_since_epoch().count();
        open_.store(1, std::memory_order_release);
    }

    template <class Clock>
    [[gnu::noinline]] outlast::result<int> refuse() {
        // Only what is returned by name in every case is built where the caller wants it.
        if (open_.load(std::memory_order_acquire) == 0)
            std::abort();
        const outlast::instant now = Clock::now();
        const outlast::instant until{outlast::duration{until_.load(std::memory_order_relaxed)}};
        if (now >= until)
            std::abort();
        line& mine = lines_[outlast::thread_lock::line()];
        mine.refused.store(mine.refused.load(std::memory_order_relaxed) + 1,
                           std::memory_order_relaxed);
        outlast::verdict v = outlast::verdict::neutral(outlast::refusal::circuit_open);
        v.code = code_.load(std::memory_order_relaxed);
        v.domain = domain_.load(std::memory_order_relaxed);
        outlast::result<int> r{boost::outcome_v2::in_place_type<outlast::failure>, v.why, v};
        outlast::failure_facts& facts = r.assume_error().facts();
        facts.policy = "circuit breaker";
        facts.name = "least";
        facts.retry_after = until - now;
        facts.failed = failed_.load(std::memory_order_relaxed);
        facts.recorded = recorded_.load(std::memory_order_relaxed);
        return r;
    }

private:
    struct alignas(64) line {
        std::atomic<std::uint64_t> refused{0};
    };
    std::atomic<int> open_{0};
    std::atomic<std::int64_t> until_{0};
    std::atomic<int> code_{0};
    std::atomic<const std::error_category*> domain_{nullptr};
    std::atomic<std::uint32_t> failed_{5};
    std::atomic<std::uint32_t> recorded_{5};
    std::vector<line> lines_{outlast::thread_lock::lines() + 1};
};

/// Up to so many attempts, at once one after the other; what each came to becomes the library's
/// result, as the caller gets that of the last.
template <class F>
outlast::result<int> retry(int most, F f) {
    for (int made = 1;; ++made) {
        using traits = outlast::outcome_traits<decltype(f())>;
        outlast::result<int> r = traits::lift(f());
        benchmark::DoNotOptimize(r);
        if (r.has_value() || made == most)
            return r;
    }
}

/// What is known of keys, for one thread, which never changes: a row of numbers, and where they say so
/// an entry in a line of its own. A lookup reads one of each.
template <class Key, class Value>
class table {
public:
    explicit table(std::size_t n) : places_(std::bit_ceil(2 * n)) { entries_.reserve(n); }

    void put(const Key& key, const Value& value) {
        std::size_t i = first(key);
        while (places_[i] != 0)
            i = next(i);
        entries_.push_back({key, value});
        places_[i] = static_cast<std::uint32_t>(entries_.size());
    }
    [[nodiscard]] const Value* find(const Key& key) const {
        for (std::size_t i = first(key); places_[i] != 0; i = next(i))
            if (const entry& e = entries_[places_[i] - 1]; e.key == key)
                return &e.value;
        return nullptr;
    }

private:
    struct alignas(64) entry {
        Key key;
        Value value;
    };
    [[nodiscard]] std::size_t first(const Key& key) const {
        return std::hash<Key>{}(key) & (places_.size() - 1);
    }
    [[nodiscard]] std::size_t next(std::size_t i) const { return (i + 1) & (places_.size() - 1); }

    std::vector<std::uint32_t> places_; // the number of an entry, from 1; 0: none
    std::vector<entry> entries_{};
};

} // namespace bench::least

#endif // OUTLAST_BENCH_LEAST_HPP
