// SPDX-License-Identifier: BSL-1.0
#include <outlast/oauth2/revocations.hpp>

#include "support/catch.hpp"

#include <atomic>
#include <thread>
#include <vector>

using outlast::oauth2::revocations;
using outlast::oauth2::token_digest;

namespace {

token_digest token(unsigned char n) {
    token_digest d{};
    d.bytes[0] = static_cast<decltype(d.bytes)::value_type>(n);
    return d;
}

} // namespace

TEST_CASE("revocations: the last ones are remembered") {
    revocations all{3};
    CHECK(!all.holds(token(1)));
    for (unsigned char n = 1; n <= 3; ++n)
        all.add(token(n));
    all.add(token(1)); // the latest again
    CHECK(all.size() == 3);
    CHECK(all.holds(token(1)));
    CHECK(!all.holds(token(4)));
    all.add(token(4));
    CHECK(all.size() == 3);
    CHECK(!all.holds(token(2)));
    CHECK(all.holds(token(1)));
    CHECK(all.holds(token(4)));
}

TEST_CASE("revocations: seen by every thread once `add` has returned") {
    revocations all{1000};
    std::atomic<int> added{0};
    std::atomic<int> missed{0};
    std::vector<std::thread> readers;
    for (int t = 0; t != 3; ++t)
        readers.emplace_back([&] {
            for (int seen = 0; seen != 200;) {
                seen = added.load();
                for (int n = 0; n != seen; ++n)
                    missed += !all.holds(token(static_cast<unsigned char>(n)));
            }
        });
    for (int n = 0; n != 200; ++n) {
        all.add(token(static_cast<unsigned char>(n)));
        added = n + 1;
    }
    for (auto& r : readers)
        r.join();
    CHECK(missed == 0);
}
