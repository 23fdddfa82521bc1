// SPDX-License-Identifier: BSL-1.0
#include <outlast/oauth2/token_key.hpp>

#include "support/catch.hpp"

#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <system_error>
#include <thread>
#include <unordered_set>
#include <utility>
#include <vector>

using namespace outlast::oauth2;

namespace {

master_key configured(char fill) {
    return master_key::configured(secret{std::string(32, fill)}).value();
}

token_digest digest(key_binding const& binding, std::string_view token, char fill = 'k') {
    return token_keyer{configured(fill), binding}(token).value();
}

constexpr key_binding usual{
    .endpoint = "https://as.example/introspect", .client = "rs", .tenant = ""};

} // namespace

TEST_CASE("token_keyer: with a configured key the digest is the same in every process") {
    // HMAC-SHA-256 and SipHash-2-4-128 computed apart, by another program.
    const token_digest expected{{0xe0, 0x19, 0x2d, 0x59, 0xa4, 0xc5, 0xd9, 0xe8, 0x22, 0xd4, 0x4f,
                                 0x2e, 0x1e, 0x09, 0xe6, 0x82}};
    CHECK((digest(usual, "tokA") == expected));
}

TEST_CASE("token_keyer: the key of a token depends on everything it belongs to (S11)") {
    const token_digest first = digest(usual, "tokA");
    CHECK((digest(usual, "tokA") == first));
    CHECK_FALSE((digest(usual, "tokB") == first));
    CHECK_FALSE((digest(usual, "tokA", 'x') == first));
    CHECK_FALSE((digest({"https://as.example/introspect2", "rs", ""}, "tokA") == first));
    CHECK_FALSE((digest({usual.endpoint, "rs2", ""}, "tokA") == first));
    CHECK_FALSE((digest({usual.endpoint, "rs", "t"}, "tokA") == first));
}

TEST_CASE("token_keyer: parts that run together give other keys") {
    std::unordered_set<token_digest> seen;
    const key_binding bindings[] = {{"ab", "c", ""}, {"a", "bc", ""}, {"abc", "", ""},
                                    {"", "abc", ""}, {"ab", "", "c"}, {"", "", "abc"}};
    for (auto const& binding : bindings)
        seen.insert(digest(binding, "tokA"));
    CHECK(seen.size() == std::size(bindings));
}

TEST_CASE("token_keyer: introspectors of one process agree on a binding, random keys do not") {
    const token_keyer one{master_key::of_this_process().value(), usual};
    const token_keyer two{master_key::of_this_process().value(), usual};
    const token_keyer apart{master_key::random().value(), usual};
    CHECK((one("tokA") == two("tokA")));
    CHECK_FALSE((one("tokA") == apart("tokA")));
}

TEST_CASE("token_keyer: keyers that take turns on one thread do not mix") {
    const token_keyer one{configured('1'), usual};
    const token_keyer two{configured('2'), usual};
    const auto of_one = one("tokA");
    const auto of_two = two("tokA");
    for (int i = 0; i != 3; ++i) {
        CHECK((one("tokA") == of_one));
        CHECK((two("tokA") == of_two));
    }
}

TEST_CASE("token_keyer: is used by many threads at once") {
    const token_keyer keyer{configured('k'), usual};
    const auto expected = keyer("tokA");
    std::vector<int> wrong(4, -1);
    std::vector<std::thread> threads;
    for (int& mine : wrong) {
        threads.emplace_back([&keyer, &expected, &mine] {
            mine = 0;
            for (int i = 0; i != 2000; ++i)
                mine += keyer("tokA") == expected ? 0 : 1;
        });
    }
    for (auto& thread : threads)
        thread.join();
    CHECK(wrong == std::vector<int>(4, 0));
}

TEST_CASE("token_keyer: what was moved from makes no keys") {
    master_key master = configured('k');
    token_keyer keyer{master, usual};
    const token_keyer taken{std::move(keyer)};
    CHECK(taken("tokA").has_value());
    CHECK_FALSE(keyer("tokA").has_value());

    const master_key kept{std::move(master)};
    CHECK(token_keyer::make(kept, usual).has_value());
    const auto refused = token_keyer::make(master, usual);
    REQUIRE(refused.has_error());
    CHECK(refused.error() == key_error::key_too_short);
    CHECK_THROWS_AS((token_keyer{master, usual}), std::system_error);
}

TEST_CASE("token_keyer: takes tokens of any length and any bytes") {
    const token_keyer keyer{configured('k'), usual};
    std::set<std::array<unsigned char, 16>> seen;
    for (std::size_t size = 0; size <= 4096; size += 64)
        seen.insert(keyer(std::string(size, '\0')).value().bytes);
    CHECK(seen.size() == 65);
}
