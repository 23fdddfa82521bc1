// SPDX-License-Identifier: BSL-1.0
#include <outlast/oauth2/used_proofs.hpp>

#include "bodies.hpp"
#include "support/catch.hpp"

#include <atomic>
#include <thread>
#include <vector>

using namespace outlast::oauth2;
using namespace outlast_tests;
using namespace std::chrono_literals;

namespace {

token_digest proof(unsigned n) {
    token_digest d;
    d.bytes[0] = static_cast<unsigned char>(n);
    d.bytes[1] = static_cast<unsigned char>(n >> 8U);
    return d;
}

} // namespace

TEST_CASE("used_proofs: none is good twice, as long as it is in its time") {
    used_proofs all{10, 65s};
    CHECK(all.use(proof(1), second(0), second(0)));
    CHECK_FALSE(all.use(proof(1), second(0), second(0)));
    CHECK(all.use(proof(2), second(0), second(0)));
    CHECK_FALSE(all.use(proof(1), second(0), second(65)));
    CHECK(all.size() == 2);
    CHECK(all.use(proof(3), second(66), second(66)));
    CHECK(all.size() == 1); // the others are out of their time, which whoever asks has looked at
}

TEST_CASE("used_proofs: one that was forgotten for want of room is not taken for new") {
    used_proofs all{2, 65s};
    CHECK(all.use(proof(1), second(0), second(1)));
    CHECK(all.use(proof(2), second(1), second(2)));
    CHECK(all.use(proof(3), second(2), second(3)));
    CHECK(all.size() == 2);
    CHECK_FALSE(all.use(proof(1), second(0), second(3)));
    CHECK_FALSE(all.use(proof(4), second(0), second(3))); // as old: cannot be told
    CHECK(all.use(proof(5), second(3), second(3)));
}

TEST_CASE("used_proofs: one that was ahead of our clock is no good twice either") {
    used_proofs all{1, 65s};
    CHECK(all.use(proof(1), second(5), second(0)));
    CHECK(all.use(proof(2), second(6), second(1)));
    CHECK_FALSE(all.use(proof(1), second(5), second(1)));
    CHECK_FALSE(all.use(proof(1), second(5), second(5)));
    CHECK(all.use(proof(3), second(7), second(7)));
}

TEST_CASE("used_proofs: of several who use one at once, one has used it") {
    used_proofs all{1000, 65s};
    std::atomic<int> good{0};
    std::vector<std::jthread> threads;
    for (int t = 0; t != 4; ++t)
        threads.emplace_back([&] {
            for (unsigned n = 0; n != 500; ++n)
                good += all.use(proof(n), second(0), second(0)) ? 1 : 0;
        });
    threads.clear();
    CHECK(good == 500);
}
