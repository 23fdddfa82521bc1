// SPDX-License-Identifier: BSL-1.0
#include <outlast/lru.hpp>

#include "support/catch.hpp"
#include "support/zoo.hpp"

#include <algorithm>
#include <cstddef>
#include <optional>
#include <random>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

using outlast::lru_map;

namespace {

struct unpromised {
    std::string text;
    bool operator==(const unpromised&) const = default;
};

// The plain list: newest first.
class model {
public:
    explicit model(std::size_t capacity) : capacity_(capacity) {}
    std::optional<int> find(int key) {
        const auto it = place(key);
        if (it == list_.end())
            return std::nullopt;
        std::rotate(list_.begin(), it, it + 1);
        return list_.front().second;
    }
    void put(int key, int value) {
        erase(key);
        if (list_.size() == capacity_)
            list_.pop_back();
        list_.insert(list_.begin(), {key, value});
    }
    bool erase(int key) {
        const auto it = place(key);
        if (it == list_.end())
            return false;
        list_.erase(it);
        return true;
    }
    std::size_t size() const { return list_.size(); }
    int oldest() const { return list_.back().second; }

private:
    std::vector<std::pair<int, int>>::iterator place(int key) {
        return std::ranges::find(list_, key, &std::pair<int, int>::first);
    }
    std::size_t capacity_;
    std::vector<std::pair<int, int>> list_;
};

} // namespace

TEST_CASE("lru: forgets what was used least recently") {
    lru_map<std::string, int> m{2};
    m.put("a", 1);
    m.put("b", 2);
    REQUIRE(m.find("a") != nullptr); // a is the newer one now
    CHECK(m.oldest() == 2);
    m.put("c", 3);
    CHECK(m.size() == 2);
    CHECK(m.find("b") == nullptr);
    CHECK(*m.find("a") == 1);
    CHECK(*m.find("c") == 3);
}

TEST_CASE("lru: putting a known key displaces nothing and makes it the newest") {
    lru_map<int, int> m{2};
    m.put(1, 10);
    m.put(2, 20);
    CHECK(m.put(1, 11) == 11);
    CHECK(m.size() == 2);
    m.put(3, 30);
    CHECK(m.find(2) == nullptr);
    CHECK(*m.find(1) == 11);
}

TEST_CASE("lru: erase") {
    lru_map<int, int> m{3};
    m.put(1, 10);
    CHECK(m.erase(1));
    CHECK_FALSE(m.erase(1));
    CHECK(m.size() == 0);
    CHECK(m.capacity() == 3);
}

TEST_CASE("lru: values are moved in, never copied") {
    outlast_tests::counted::counts counts;
    {
        lru_map<int, outlast_tests::counted> m{1};
        m.put(1, outlast_tests::counted{counts});
        m.put(2, outlast_tests::counted{counts});
        CHECK(counts.released == 1);
    }
    CHECK(counts.copied == 0);
    CHECK(counts.released == 2);
}

TEST_CASE("lru: keys are plain, or promised to be") {
    STATIC_REQUIRE(outlast::plain_key<std::string>);
    STATIC_REQUIRE(outlast::plain_key<int>);
    STATIC_REQUIRE(!outlast::plain_key<unpromised>);
    STATIC_REQUIRE(!std::is_copy_constructible_v<lru_map<int, int>>);
}

TEST_CASE("lru: against a plain list") {
    std::mt19937 chance{3};
    for (const std::size_t capacity : {std::size_t{1}, std::size_t{2}, std::size_t{8}}) {
        lru_map<int, int> m{capacity};
        model plain{capacity};
        for (int i = 0; i != 5000; ++i) {
            const int key = static_cast<int>(chance() % (2 * capacity + 1));
            switch (chance() % 4) {
            case 0:
            case 1:
                m.put(key, i);
                plain.put(key, i);
                break;
            case 2:
                REQUIRE(m.erase(key) == plain.erase(key));
                break;
            default: {
                const int* found = m.find(key);
                const auto expected = plain.find(key);
                REQUIRE((found != nullptr) == expected.has_value());
                if (found != nullptr)
                    REQUIRE(*found == *expected);
            }
            }
            REQUIRE(m.size() == plain.size());
            if (plain.size() != 0)
                REQUIRE(m.oldest() == plain.oldest());
        }
    }
}

TEST_CASE("lru: views, pointers and floating numbers are no keys") {
    STATIC_REQUIRE(outlast::plain_key<int>);
    STATIC_REQUIRE(outlast::plain_key<std::string>);
    STATIC_REQUIRE_FALSE(outlast::plain_key<std::string_view>);
    STATIC_REQUIRE_FALSE(outlast::plain_key<const char*>);
    STATIC_REQUIRE_FALSE(outlast::plain_key<double>);
}
